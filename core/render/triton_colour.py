"""The colour head on a GPU, fused with all that prepares its input: one program, one block of points.

Twin: `Field.mixtures`, given the latent. Views are gone through twice, since a view's logit depends on the mean and
variance of them all; what is small enough (visibility, weights, logits) is kept for all views at once, in tiles whose
second side is `VIEWS`, padded to a power of two. No bfloat16 here: which photo wins is decided by small differences.
`kernel_weights.colour_weights` and the order of reading here are one list.
"""

import triton
import triton.language as tl

from .triton_reading import (
    CAMERA,
    CHANGING,
    TINY,
    behind_surface,
    column_of,
    corner,
    is_contained,
    read_channels,
    read_value,
    sight,
    times,
    triple,
    vector,
)

OWN, LATENT, COMPRESSED = tl.constexpr(16), tl.constexpr(32), tl.constexpr(24)
"""Width of what a view says itself (rgb 3, texture, behind 3) and of the latent, as padded; what the latent holds."""
BASE, FEATURE, SMALL = tl.constexpr(64), tl.constexpr(32), tl.constexpr(16)
"""Widths of the layers, as padded."""


@triton.jit
def _elu(x):
    return tl.where(x > 0.0, x, tl.exp(tl.minimum(x, 0.0)) - 1.0)


@triton.jit
def _difference(camera, px, py, pz, dx, dy, dz):
    """Unit difference between a target's and a view's direction to points, and their dot product."""
    rx, ry, rz = px - tl.load(camera + 24), py - tl.load(camera + 25), pz - tl.load(camera + 26)
    length = tl.maximum(tl.sqrt(rx * rx + ry * ry + rz * rz), 1e-12)
    rx, ry, rz = rx / length, ry / length, rz / length
    gx, gy, gz = dx - rx, dy - ry, dz - rz
    length = tl.maximum(tl.sqrt(gx * gx + gy * gy + gz * gz), 1e-6)
    return gx / length, gy / length, gz / length, dx * rx + dy * ry + dz * rz


@triton.jit
def _features(
    camera, view, contained, px, py, pz, gx, gy, gz, dot, latent, images, texture, depth, matrices, vectors, real,
    height, width, fine_height, fine_width, TEXTURE: tl.constexpr,
):  # fmt: skip
    """What one view says of points, its direction added: its own channels (points, 16), the latent (points, 32)."""
    u, v, z, _ = sight(camera, contained, px, py, pz)
    column = tl.arange(0, OWN)
    index, fx, fy = corner(camera, u, v, height, width)
    own = read_channels(images + view * height * width * 3, index, fx, fy, width, column, real, 3)
    index, fx, fy = corner(camera, u, v, fine_height, fine_width)
    pixels = fine_height * fine_width
    own += read_channels(texture + view * pixels * TEXTURE, index, fx, fy, fine_width, column - 3, real, TEXTURE)
    surface = read_value(depth + view * pixels, index, fx, fy, fine_width, real)
    own += behind_surface(camera, z, surface, column - 3 - TEXTURE)
    b = vectors + SMALL
    hidden = gx[:, None] * vector(b, SMALL) + gy[:, None] * vector(b + SMALL, SMALL)
    hidden += gz[:, None] * vector(b + 2 * SMALL, SMALL) + dot[:, None] * vector(b + 3 * SMALL, SMALL)
    hidden = _elu(hidden + vector(b + 4 * SMALL, SMALL))
    b += 5 * SMALL
    own += _elu(times(hidden, matrices, SMALL, OWN) + vector(b, OWN))
    shared = latent + _elu(times(hidden, matrices + SMALL * OWN, SMALL, LATENT) + vector(b + OWN, LATENT))
    return own, shared


@triton.jit(do_not_specialize=CHANGING)
def colour(
    points, directions, count, cameras, images, texture, depth, latent, matrices, vectors, mixtures,
    views, again, height, width, fine_height, fine_width,
    TEXTURE: tl.constexpr, PRIOR: tl.constexpr, VIEWS: tl.constexpr, POINTS: tl.constexpr,
):  # fmt: skip
    """mixtures (n, v + 3) of points (n, 3) seen along unit directions (n, 3), given latent (n, 24).

    cameras (v, 29), images (v, h, w, 3), texture (v, h, w, TEXTURE), depth (v, h, w); `again` is zero (see `geometry`).
    """
    at = tl.program_id(0) * POINTS + tl.arange(0, POINTS)
    real = at < count
    px, py, pz = triple(points, at, real)
    dx, dy, dz = triple(directions, at, real)
    channel = tl.arange(0, LATENT)
    wanted = real[:, None] & (channel < COMPRESSED)[None, :]
    known = tl.load(latent + at[:, None] * COMPRESSED + channel[None, :], mask=wanted, other=0.0)

    # All views at once: who sees a point, and how nearly in the target's direction.
    each = tl.arange(0, VIEWS)
    exists = (each < views)[None, :]
    rows = cameras + tl.minimum(each, views - 1)[None, :] * CAMERA
    contained = is_contained(cameras, views, px, py, pz)
    _, _, _, say = sight(rows, contained[:, None], px[:, None], py[:, None], pz[:, None])
    say = tl.where(exists, say, 0.0)
    say = say / tl.maximum(tl.max(say, axis=1), TINY)[:, None]
    _, _, _, dots = _difference(
        rows, px[:, None], py[:, None], pz[:, None], dx[:, None], dy[:, None], dz[:, None]
    )  # fmt: skip
    closeness = tl.exp(tl.load(vectors) * (dots - 1.0))
    farthest = tl.min(tl.where(exists, closeness, 2.0), axis=1)
    weights = (closeness - farthest[:, None]) * say
    weights = weights / (tl.sum(weights, axis=1) + 1e-8)[:, None]

    # Mean and variance over views, in Welford's way.
    mean_own, spread_own = tl.zeros([POINTS, OWN], tl.float32), tl.zeros([POINTS, OWN], tl.float32)
    mean_shared, spread_shared = tl.zeros([POINTS, LATENT], tl.float32), tl.zeros([POINTS, LATENT], tl.float32)
    total = tl.zeros([POINTS], tl.float32)
    for view in range(views):
        camera = cameras + view * CAMERA
        gx, gy, gz, dot = _difference(camera, px, py, pz, dx, dy, dz)
        own, shared = _features(
            camera, view, contained, px, py, pz, gx, gy, gz, dot, known, images, texture, depth,
            matrices + view * again, vectors + view * again, real,
            height, width, fine_height, fine_width, TEXTURE,
        )  # fmt: skip
        weight = column_of(weights, each, view)
        total += weight
        step = (weight / tl.maximum(total, 1e-30))[:, None]
        weight = weight[:, None]
        before = own - mean_own
        mean_own += step * before
        spread_own += weight * before * (own - mean_own)
        before = shared - mean_shared
        mean_shared += step * before
        spread_shared += weight * before * (shared - mean_shared)
    # The weights sum to a little less than one, or to nothing.
    rest = (total * (1.0 - total) * (1.0 - total))[:, None]
    spread_own += rest * mean_own * mean_own
    spread_shared += rest * mean_shared * mean_shared
    mean_own, mean_shared = mean_own * total[:, None], mean_shared * total[:, None]

    base = matrices + SMALL * (OWN + LATENT)
    base_bias = vectors + 6 * SMALL + OWN + LATENT
    pooled = vector(base_bias, BASE) + times(mean_own, base, OWN, BASE)
    base += OWN * BASE
    pooled += times(mean_shared, base, LATENT, BASE)
    base += LATENT * BASE
    pooled += times(spread_own, base, OWN, BASE)
    base += OWN * BASE
    pooled += times(spread_shared, base, LATENT, BASE)
    base += LATENT * BASE

    # A column that is no view has no part in anything.
    logits = tl.full([POINTS, VIEWS], float("-inf"), tl.float32)
    seen = tl.zeros([POINTS, FEATURE], tl.float32)
    for view in range(views):
        camera = cameras + view * CAMERA
        gx, gy, gz, dot = _difference(camera, px, py, pz, dx, dy, dz)
        own, shared = _features(
            camera, view, contained, px, py, pz, gx, gy, gz, dot, known, images, texture, depth,
            matrices + view * again, vectors + view * again, real,
            height, width, fine_height, fine_width, TEXTURE,
        )  # fmt: skip
        weight = column_of(weights, each, view)[:, None]
        shown = column_of(say, each, view)
        m, b = base + view * again, base_bias + BASE + view * again
        x = _elu(pooled + times(own, m, OWN, BASE) + times(shared, m + OWN * BASE, LATENT, BASE))
        m += (OWN + LATENT) * BASE
        x = _elu(times(x, m, BASE, FEATURE) + vector(b, FEATURE))
        m += BASE * FEATURE
        b += FEATURE
        weighted = x * weight
        hidden = _elu(times(weighted, m, FEATURE, FEATURE) + vector(b, FEATURE))
        m += FEATURE * FEATURE
        b += FEATURE
        residual = _elu(times(hidden, m, FEATURE, FEATURE) + vector(b, FEATURE))
        m += FEATURE * FEATURE
        b += FEATURE
        gate = _elu(tl.sum(hidden * vector(b, FEATURE), axis=1) + tl.load(b + FEATURE))
        b += FEATURE + SMALL
        x += residual
        gated = x * (tl.sigmoid(gate) * shown)[:, None]
        hidden = _elu(times(gated, m, FEATURE, FEATURE) + vector(b, FEATURE))
        m += FEATURE * FEATURE
        b += FEATURE
        visibility = shown * tl.sigmoid(tl.sum(hidden * vector(b, FEATURE), axis=1) + tl.load(b + FEATURE))
        b += FEATURE + SMALL
        y = times(x, m, FEATURE, SMALL) + visibility[:, None] * vector(b, SMALL)
        y += gx[:, None] * vector(b + SMALL, SMALL) + gy[:, None] * vector(b + 2 * SMALL, SMALL)
        y += gz[:, None] * vector(b + 3 * SMALL, SMALL) + dot[:, None] * vector(b + 4 * SMALL, SMALL)
        y = _elu(y + vector(b + 5 * SMALL, SMALL))
        m += FEATURE * SMALL
        b += 6 * SMALL
        y = _elu(times(y, m, SMALL, SMALL) + vector(b, SMALL))
        logit = tl.sum(y * vector(b + SMALL, SMALL), axis=1) + tl.load(b + 2 * SMALL)
        logits = tl.where((each == view)[None, :], (logit + tl.log(tl.maximum(shown, TINY)))[:, None], logits)
        seen += shown[:, None] * x

    into = mixtures + at[:, None] * (views + 3)
    top = tl.max(logits, axis=1)
    column = tl.arange(0, SMALL)
    if PRIOR:
        m = base + (OWN + LATENT) * BASE + BASE * FEATURE + 3 * FEATURE * FEATURE + FEATURE * SMALL + SMALL * SMALL
        b = base_bias + BASE + 6 * FEATURE + 11 * SMALL
        seen = seen / tl.maximum(tl.sum(say, axis=1), 1.0)[:, None]
        y = vector(b, BASE) + times(mean_own, m, OWN, BASE)
        m += OWN * BASE
        y += times(mean_shared, m, LATENT, BASE)
        m += LATENT * BASE
        y += times(spread_own, m, OWN, BASE)
        m += OWN * BASE
        y += times(spread_shared, m, LATENT, BASE)
        m += LATENT * BASE
        y = _elu(y + times(seen, m, FEATURE, BASE))
        answer = times(y, m + FEATURE * BASE, BASE, SMALL) + vector(b + BASE, SMALL)
        logit = column_of(answer, column, 3)
        top = tl.maximum(top, logit)
        own_part = tl.exp(logit - top)
        parts = tl.exp(logits - top[:, None])
        whole = tl.sum(parts, axis=1) + own_part
        added = tl.sigmoid(answer) * (own_part / whole)[:, None]
    else:
        parts = tl.exp(logits - top[:, None])
        whole = tl.sum(parts, axis=1)
        added = tl.zeros([POINTS, SMALL], tl.float32)
    tl.store(into + each[None, :], parts / whole[:, None], mask=real[:, None] & exists)
    tl.store(into + views + column[None, :], added, mask=real[:, None] & (column < 3)[None, :])
