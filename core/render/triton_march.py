"""Rays through a density grid on a GPU: one thread, one ray; twins: `ray_kernels.march`, `march.march_in_torch`.

A ray steps through what is not empty and leaps over blocks that are. Where along it a given part of what it sees lies
is known only at its end, so it is followed twice; that is cheaper than to remember it.
"""

import triton
import triton.language as tl

from .triton_points import is_in_hull
from .triton_reading import CHANGING

COLUMNS = tl.constexpr(16)
"""Quantiles looked for at once: those of 8, 4, 2 and 1 points a ray, side by side."""
NOTHING, BORDER = tl.constexpr(0), tl.constexpr(2)
"""See `DensityGrid`."""


@triton.jit
def _slab(origin, direction, lower, upper, enter, leave):
    a, b = (lower - origin) / direction, (upper - origin) / direction
    return tl.maximum(enter, tl.minimum(a, b)), tl.minimum(leave, tl.maximum(a, b))


@triton.jit
def _direction(directions, at, real, axis):
    d = tl.load(directions + 3 * at + axis, mask=real, other=1.0)
    return tl.where(tl.abs(d) < 1e-9, 1e-9, d)


@triton.jit
def _edge(t, block, side, position, towards):
    """Where a ray leaves a block along one axis."""
    return tl.minimum(t, ((block + (towards > 0).to(tl.int32)) * side - position) / towards)


@triton.jit
def _step(
    t, on, ox, oy, oz, dx, dy, dz, raw, blocks, lower, spacing, nodes_z, nodes_y, nodes_x, blocks_y, blocks_x,
    cameras, masks, views, height, width, step, scale, BLOCK: tl.constexpr,
):  # fmt: skip
    """Optical depth of the step of length `step` round distance t, and the distance of the next one."""
    sx, sy, sz = dx / spacing, dy / spacing, dz / spacing
    qx, qy, qz = (
        (ox - tl.load(lower)) / spacing,
        (oy - tl.load(lower + 1)) / spacing,
        (oz - tl.load(lower + 2)) / spacing,
    )
    gx = tl.minimum(tl.maximum(qx + t * sx, 0.0), nodes_x - 1.0)
    gy = tl.minimum(tl.maximum(qy + t * sy, 0.0), nodes_y - 1.0)
    gz = tl.minimum(tl.maximum(qz + t * sz, 0.0), nodes_z - 1.0)
    x = tl.minimum(gx.to(tl.int32), nodes_x - 2)
    y = tl.minimum(gy.to(tl.int32), nodes_y - 2)
    z = tl.minimum(gz.to(tl.int32), nodes_z - 2)
    bx, by, bz = x // BLOCK, y // BLOCK, z // BLOCK
    holds = tl.load(blocks + (bz * blocks_y + by) * blocks_x + bx, mask=on, other=0).to(tl.int32)
    # To where the ray leaves an empty block, and a hair further.
    edge = _edge(_edge(_edge(1e30, bx, BLOCK, qx, sx), by, BLOCK, qy, sy), bz, BLOCK, qz, sz)
    following = tl.where(holds == NOTHING, tl.maximum(edge, t) + 1e-5, t + step)

    full = on & (holds != NOTHING)
    at = raw + (z * nodes_y + y) * nodes_x + x
    fx, fy, fz = gx - x, gy - y, gz - z
    plane = nodes_y * nodes_x
    v00 = tl.load(at, mask=full, other=0.0) * (1 - fx) + tl.load(at + 1, mask=full, other=0.0) * fx
    at += nodes_x
    v01 = tl.load(at, mask=full, other=0.0) * (1 - fx) + tl.load(at + 1, mask=full, other=0.0) * fx
    at += plane
    v11 = tl.load(at, mask=full, other=0.0) * (1 - fx) + tl.load(at + 1, mask=full, other=0.0) * fx
    at -= nodes_x
    v10 = tl.load(at, mask=full, other=0.0) * (1 - fx) + tl.load(at + 1, mask=full, other=0.0) * fx
    value = (v00 * (1 - fy) + v01 * fy) * (1 - fz) + (v10 * (1 - fy) + v11 * fy) * fz
    soft = tl.where(value > 20.0, value, tl.log(1.0 + tl.exp(tl.minimum(value, 20.0))))
    density = tl.where(scale == 0.0, tl.maximum(value, 0.0), scale * soft)
    through = tl.where(full, step * density, 0.0)
    cut = (through > 1e-6) & (holds == BORDER)
    if tl.max(cut.to(tl.int32), axis=0) > 0:
        inside = is_in_hull(cameras, masks, views, height, width, ox + t * dx, oy + t * dy, oz + t * dz, cut)
        through = tl.where(cut & (inside == 0), 0.0, through)
    return tl.where(through > 1e-6, through, 0.0), tl.where(on, following, t)


@triton.jit(do_not_specialize=CHANGING)
def march(
    origin, directions, count, window, raw, blocks, lower, cameras, masks, samples, alpha, distance, where,
    spacing, nodes_z, nodes_y, nodes_x, blocks_y, blocks_x, views, height, width, step, scale,
    thin, black, faint, steps,
    BLOCK: tl.constexpr, RAYS: tl.constexpr,
):  # fmt: skip
    """samples (r,), alpha (r,), distance (r,) and where (r, 8) of rays, as in `march.Seen`.

    origin (3,), directions (r, 3), window (2, 3), raw (z, y, x), blocks (bz, by, bx), lower (3,), cameras (v, 29),
    masks (v, h, w). `thin`: depth of one surface; `black`: optical depth behind which nothing shows; `faint`: alpha
    below which a ray is left empty; `steps`: at most so many through what is not empty.
    """
    ray = tl.program_id(0) * RAYS + tl.arange(0, RAYS)
    real = ray < count
    ox, oy, oz = tl.load(origin), tl.load(origin + 1), tl.load(origin + 2)
    dx = _direction(directions, ray, real, 0)
    dy = _direction(directions, ray, real, 1)
    dz = _direction(directions, ray, real, 2)
    near, far = _slab(ox, dx, tl.load(lower), tl.load(lower) + (nodes_x - 1) * spacing, 0.0, 1e30)
    near, far = _slab(oy, dy, tl.load(lower + 1), tl.load(lower + 1) + (nodes_y - 1) * spacing, near, far)
    near, far = _slab(oz, dz, tl.load(lower + 2), tl.load(lower + 2) + (nodes_z - 1) * spacing, near, far)
    enter, leave = _slab(ox, dx, tl.load(window), tl.load(window + 3), 0.0, 1e30)
    enter, leave = _slab(oy, dy, tl.load(window + 1), tl.load(window + 4), enter, leave)
    enter, leave = _slab(oz, dz, tl.load(window + 2), tl.load(window + 5), enter, leave)
    far = tl.where(real & (leave > enter), far, -1.0)

    t = near + 0.5 * step
    optical, mean, total = t * 0.0, t * 0.0, t * 0.0
    taken = ray * 0
    on = t < far
    while tl.max(on.to(tl.int32), axis=0) > 0:
        through, following = _step(
            t, on, ox, oy, oz, dx, dy, dz, raw, blocks, lower, spacing, nodes_z, nodes_y, nodes_x, blocks_y, blocks_x,
            cameras, masks, views, height, width, step, scale, BLOCK,
        )  # fmt: skip
        weight = tl.exp(-optical) * (1.0 - tl.exp(-through))
        optical += through
        total += weight
        mean += weight * t
        taken += (through > 0.0).to(tl.int32)
        t = following
        on = (t < far) & (optical < black) & (taken < steps)

    sees = total > faint
    # Once more, for where parts of what is seen lie.
    column = tl.arange(0, COLUMNS)
    of = tl.where(column < 8, 8, tl.where(column < 12, 4, tl.where(column < 14, 2, 1)))
    index = column - tl.where(column < 8, 0, tl.where(column < 12, 8, tl.where(column < 14, 12, 14)))
    target = total[:, None] * ((index + 0.5) / of)[None, :]
    found = target * 0.0
    first, last = total * 0.0, total * 0.0
    t = near + 0.5 * step
    optical, before = t * 0.0, t * 0.0
    taken = ray * 0
    on = sees & (t < far)
    while tl.max(on.to(tl.int32), axis=0) > 0:
        through, following = _step(
            t, on, ox, oy, oz, dx, dy, dz, raw, blocks, lower, spacing, nodes_z, nodes_y, nodes_x, blocks_y, blocks_x,
            cameras, masks, views, height, width, step, scale, BLOCK,
        )  # fmt: skip
        weight = tl.exp(-optical) * (1.0 - tl.exp(-through))
        after = before + weight
        each = tl.maximum(weight, 1e-8)
        at = t + ((0.1 * total - before) / each - 0.5) * step
        first = tl.where((before < 0.1 * total) & (after >= 0.1 * total), at, first)
        at = t + ((0.9 * total - before) / each - 0.5) * step
        last = tl.where((before < 0.9 * total) & (after >= 0.9 * total), at, last)
        share = (target - before[:, None]) / each[:, None]
        crossed = (before[:, None] < target) & (after[:, None] >= target)
        found = tl.where(crossed, t[:, None] + (share - 0.5) * step, found)
        optical += through
        before = after
        taken += (through > 0.0).to(tl.int32)
        t = following
        on = on & (t < far) & (optical < black) & (taken < steps)

    spread = last - first
    points = tl.where(spread <= thin, 1, tl.where(spread <= 2 * thin, 2, tl.where(spread <= 4 * thin, 4, 8)))
    points = tl.where(sees, points, 0)
    tl.store(samples + ray, points.to(tl.uint8), mask=real)
    tl.store(alpha + ray, tl.where(sees, tl.minimum(total, 1.0), 0.0), mask=real)
    tl.store(distance + ray, tl.where(sees, mean / tl.maximum(total, 1e-30), 0.0), mask=real)
    mine = real[:, None] & (of[None, :] == points[:, None]) & (column < 15)[None, :]
    tl.store(where + 8 * ray[:, None] + index[None, :], found, mask=mine)
