"""The inner loops of the interactive path on a processor: compiled by numba, without the interpreter's lock.

For items `begin` to `end`, each does in one pass and without temporary arrays what a chain of torch operations does
elsewhere. `gather_geometry` and `gather_colour` prepare what the network's layers take (twins: `KeypointNeRF.sight`,
`encode_position`, `read_maps`, `behind_surface`), `march` walks rays through a density grid (twin: `march_in_torch`),
`blend` and `inherit` colour pixels (see `painting`). All arrays are C-contiguous; indices are not checked.
"""

import math
from typing import Any, TypeAlias

import numba
import numpy as np
from numba.extending import register_jitable

Real: TypeAlias = float | np.floating[Any]
_compiled: Any = numba.njit(
    nogil=True, fastmath={"contract", "arcp", "nsz", "reassoc"}, cache=True, error_model="numpy"
)

MOST_SAMPLES, MOST_MIXTURES = 8, 4
"""Points of one ray where photos are read, and where the network is asked what to make of them, at most: where there
are eight of the former, two share an answer.
"""
MOST_STEPS = 512
"""Steps of one ray through what is not empty, at most."""
BLACK = 7.0
"""Optical depth behind which nothing shows: e^-7 is a quarter of a step of an 8-bit picture."""
VISIBLE = 4e-3
"""Alpha below which a ray is left empty: one step of an 8-bit picture."""


_S = [np.float32(c) for c in (-1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800)]
_S1, _S2, _S3, _S4, _S5 = _S
_C = [np.float32(c) for c in (-1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600)]
_C1, _C2, _C3, _C4, _C5, _C6 = _C
_ONE, _TWO, _PI = np.float32(1), np.float32(2), np.float32(math.pi)


@register_jitable(inline="always")
def _sine(x: Real) -> Real:
    """By Taylor series, in float32: to a millionth for arguments up to two, which distances in a head never leave."""
    y = x * x
    return x * (_ONE + y * (_S1 + y * (_S2 + y * (_S3 + y * (_S4 + y * _S5)))))


@register_jitable(inline="always")
def _cosine(x: Real) -> Real:
    y = x * x
    return _ONE + y * (_C1 + y * (_C2 + y * (_C3 + y * (_C4 + y * (_C5 + y * _C6)))))


@register_jitable
def _border(t: Real) -> Real:
    """Twin of `border_weight`."""
    return 1 / (1 + math.exp(5 - 50 * min(t, 1 - t)))


@register_jitable
def _corner(u: Real, size: int) -> tuple[int, Real]:
    """Lower neighbour and share of the upper one, for a position in pixels; the border is repeated."""
    u = min(max(u, np.float32(0)), np.float32(size - 1))
    low = min(int(u), size - 2)
    return low, u - np.float32(low)


@register_jitable
def _bilinear(table: np.ndarray, u: Real, v: Real, begin: int, end: int, out: np.ndarray, at: int) -> None:
    """Channels `begin` to `end` of a (h, w, c) table at pixel (u, v), written to out[at:]."""
    x, fx = _corner(u, table.shape[1])
    y, fy = _corner(v, table.shape[0])
    a, b, c, d = (_ONE - fy) * (_ONE - fx), (_ONE - fy) * fx, fy * (_ONE - fx), fy * fx
    for channel in range(end - begin):
        k = begin + channel
        out[at + channel] = (
            a * table[y, x, k] + b * table[y, x + 1, k] + c * table[y + 1, x, k] + d * table[y + 1, x + 1, k]
        )


@register_jitable
def _project(view: np.ndarray, p0: Real, p1: Real, p2: Real) -> tuple[Real, Real, Real]:
    """Pixel and depth of a point; `view` is a row of `ViewTables.cameras`."""
    x = view[0] * p0 + view[1] * p1 + view[2] * p2 + view[3]
    y = view[4] * p0 + view[5] * p1 + view[6] * p2 + view[7]
    z = view[8] * p0 + view[9] * p1 + view[10] * p2 + view[11]
    safe = max(z, np.float32(1e-6))
    return x / safe * view[12] + view[14], y / safe * view[13] + view[15], z


@register_jitable
def _is_visible(view: np.ndarray, u: Real, v: Real, z: Real) -> bool:
    return bool(view[18] <= u <= view[20] and view[19] <= v <= view[21] and z > 1e-3)


@register_jitable
def _store(row: np.ndarray, out: np.ndarray) -> None:
    """Copy a row of float32, rounding to nearest even where `out` holds the bits of bfloat16."""
    if out.itemsize == 2:
        bits = row.view(np.uint32)
        for channel in range(len(row)):
            b = bits[channel]
            out[channel] = np.uint16((b + np.uint32(0x7FFF) + ((b >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))
    else:
        for channel in range(len(row)):
            out[channel] = row[channel]


@register_jitable
def _in_hull(cameras: np.ndarray, masks: np.ndarray, p0: Real, p1: Real, p2: Real) -> bool:
    """Whether some view sees a point, and none that does has it off its mask."""
    seen = False
    for view in range(len(cameras)):
        camera = cameras[view]
        u, v, z = _project(camera, p0, p1, p2)
        if _is_visible(camera, u, v, z):
            seen = True
            x, fx = _corner(u, masks.shape[2])
            y, fy = _corner(v, masks.shape[1])
            top = masks[view, y, x] + fx * (masks[view, y, x + 1] - masks[view, y, x])
            bottom = masks[view, y + 1, x] + fx * (masks[view, y + 1, x + 1] - masks[view, y + 1, x])
            if not (top + fy * (bottom - top) > 0.1):
                return False
    return seen


@_compiled
def in_hull(begin: int, end: int, cameras: np.ndarray, masks: np.ndarray, points: np.ndarray, hull: np.ndarray) -> None:
    """hull[n]: whether a point lies inside the visual hull."""
    for n in range(begin, end):
        hull[n] = _in_hull(cameras, masks, points[n, 0], points[n, 1], points[n, 2])


@_compiled
def gather_geometry(
    begin: int,
    end: int,
    cameras: np.ndarray,
    low: np.ndarray,
    fine: np.ndarray,
    high: int,
    points: np.ndarray,
    keypoints: np.ndarray,
    keypoint_depth: np.ndarray,
    sigma: float,
    encoded: np.ndarray,
    skip: np.ndarray,
    weights: np.ndarray,
) -> None:
    """What the geometry head takes of each view and point.

    encoded (v, n, 7k + low + 3): encoding, low features, distance behind the surface; skip (v, n, high);
    weights (v, n). `fine` (v, h, w, high + 1 + texture) holds high features, depth, texture features.
    """
    count = len(keypoints)
    channels = low.shape[3]
    row = np.empty(7 * count + channels + 3, np.float32)
    skipped = np.empty(high, np.float32)
    surface = np.empty(1, np.float32)
    near = np.empty(count, np.float32)
    fall = np.float32(-0.5 / (sigma * sigma))
    for n in range(begin, end):
        p0, p1, p2 = points[n, 0], points[n, 1], points[n, 2]
        for k in range(count):
            d0, d1, d2 = p0 - keypoints[k, 0], p1 - keypoints[k, 1], p2 - keypoints[k, 2]
            near[k] = math.exp((d0 * d0 + d1 * d1 + d2 * d2) * fall)
        for view in range(len(cameras)):
            camera = cameras[view]
            u, v, z = _project(camera, p0, p1, p2)
            for k in range(count):
                w = near[k]
                x = z - keypoint_depth[view, k]
                # Beyond two thirds of a metre the weight is nothing: whatever the series gives there.
                angle = min(max(_PI * x, -_TWO), _TWO)
                s1, c1 = _sine(angle), _cosine(angle)
                s2, c2 = _TWO * s1 * c1, _ONE - _TWO * s1 * s1
                s4, c4 = _TWO * s2 * c2, _ONE - _TWO * s2 * s2
                row[k] = w * x
                row[count + k] = w * s1
                row[2 * count + k] = w * c1
                row[3 * count + k] = w * s2
                row[4 * count + k] = w * c2
                row[5 * count + k] = w * s4
                row[6 * count + k] = w * c4
            tu, tv = u / camera[22], v / camera[23]
            _bilinear(
                low[view],
                tu * np.float32(low.shape[2] - 1),
                tv * np.float32(low.shape[1] - 1),
                0,
                channels,
                row,
                7 * count,
            )
            fu, fv = tu * np.float32(fine.shape[2] - 1), tv * np.float32(fine.shape[1] - 1)
            _bilinear(fine[view], fu, fv, 0, high, skipped, 0)
            _bilinear(fine[view], fu, fv, high, high + 1, surface, 0)
            gap = z - camera[11] - surface[0]
            row[7 * count + channels] = math.tanh(gap * np.float32(100))
            row[7 * count + channels + 1] = math.tanh(gap * np.float32(25))
            row[7 * count + channels + 2] = math.tanh(gap * np.float32(6.25))
            _store(row, encoded[view, n])
            _store(skipped, skip[view, n])
            weight: Real = np.float32(0)
            if _is_visible(camera, u, v, z):
                across = min(max((u - camera[18]) / max(camera[20] - camera[18], 1.0), 0.0), 1.0)
                down = min(max((v - camera[19]) / max(camera[21] - camera[19], 1.0), 0.0), 1.0)
                along = min(max((z - camera[16]) / (camera[17] - camera[16]), 0.0), 1.0)
                weight = _border(across) * _border(down) * _border(along)
            weights[view, n] = weight


@_compiled
def gather_colour(
    begin: int,
    end: int,
    cameras: np.ndarray,
    images: np.ndarray,
    fine: np.ndarray,
    high: int,
    points: np.ndarray,
    directions: np.ndarray,
    rgb: np.ndarray,
    features: np.ndarray,
    difference: np.ndarray,
    visible: np.ndarray,
) -> None:
    """What the colour head takes of each view and point: rgb (v, n, 3), features (v, n, texture + 3), difference of
    directions and their dot product (v, n, 4), visible (v, n).
    """
    texture = fine.shape[3] - high - 1
    surface = np.empty(1, np.float32)
    for n in range(begin, end):
        p0, p1, p2 = points[n, 0], points[n, 1], points[n, 2]
        for view in range(len(cameras)):
            camera = cameras[view]
            u, v, z = _project(camera, p0, p1, p2)
            visible[view, n] = _is_visible(camera, u, v, z)
            _bilinear(images[view], u, v, 0, 3, rgb[view, n], 0)
            fu = u / camera[22] * np.float32(fine.shape[2] - 1)
            fv = v / camera[23] * np.float32(fine.shape[1] - 1)
            _bilinear(fine[view], fu, fv, high + 1, high + 1 + texture, features[view, n], 0)
            _bilinear(fine[view], fu, fv, high, high + 1, surface, 0)
            gap = z - camera[11] - surface[0]
            features[view, n, texture] = math.tanh(gap * np.float32(100))
            features[view, n, texture + 1] = math.tanh(gap * np.float32(25))
            features[view, n, texture + 2] = math.tanh(gap * np.float32(6.25))
            r0, r1, r2 = p0 - camera[24], p1 - camera[25], p2 - camera[26]
            length = max(math.sqrt(r0 * r0 + r1 * r1 + r2 * r2), 1e-12)
            r0, r1, r2 = r0 / length, r1 / length, r2 / length
            d0, d1, d2 = directions[n, 0], directions[n, 1], directions[n, 2]
            g0, g1, g2 = d0 - r0, d1 - r1, d2 - r2
            gap_length = max(math.sqrt(g0 * g0 + g1 * g1 + g2 * g2), 1e-6)
            difference[view, n, 0] = g0 / gap_length
            difference[view, n, 1] = g1 / gap_length
            difference[view, n, 2] = g2 / gap_length
            difference[view, n, 3] = d0 * r0 + d1 * r1 + d2 * r2


@register_jitable
def _density(raw: Real, scale: Real) -> Real:
    """Twin of `KeypointNeRF.density`."""
    if scale == 0.0:
        return max(raw, 0.0)
    return scale * (raw if raw > 20.0 else math.log1p(math.exp(raw)))


@register_jitable
def _quantile(cumulative: np.ndarray, distance: np.ndarray, count: int, target: Real, step: float) -> Real:
    """Distance before which `target` of the weight lies, interpolated within a step.

    Unlike a mean, a quantile is never in the empty space between two surfaces.
    """
    index = 0
    while index < count - 1 and cumulative[index] < target:
        index += 1
    before = cumulative[index - 1] if index > 0 else 0.0
    share = (target - before) / max(cumulative[index] - before, 1e-8)
    return distance[index] + (min(max(share, 0.0), 1.0) - 0.5) * step


@_compiled
def march(
    begin: int,
    end: int,
    cameras: np.ndarray,
    masks: np.ndarray,
    raw: np.ndarray,
    blocks: np.ndarray,
    block: int,
    lower: np.ndarray,
    spacing: float,
    density_scale: Real,
    origin: np.ndarray,
    directions: np.ndarray,
    step: float,
    thin: float,
    samples: np.ndarray,
    alpha: np.ndarray,
    distance: np.ndarray,
    where: np.ndarray,
) -> None:
    """Integrate density along rays, from one block that holds anything to the next; see `DensityGrid.blocks`.

    samples (r,): how many points of a ray want a colour, 0 where it sees nothing; alpha (r,); distance (r,): metres,
    mean over what is seen; where (r, 8): distances of those points, each of which stands for an equal part of alpha.
    A ray whose middle 80 % lie within `thin` metres is one surface and gets one point.
    """
    depth, height, width = raw.shape
    weight = np.empty(MOST_STEPS, np.float64)
    cumulative = np.empty(MOST_STEPS, np.float64)
    at = np.empty(MOST_STEPS, np.float64)
    position, towards, inverse = np.empty(3), np.empty(3), np.empty(3)
    cells = np.array((width - 1, height - 1, depth - 1))
    for r in range(begin, end):
        samples[r] = 0
        alpha[r] = 0
        distance[r] = 0
        near, far = 0.0, 1e30
        for axis in range(3):
            d = float(directions[r, axis])
            if abs(d) < 1e-9:
                d = 1e-9
            inverse[axis] = 1 / d
            a = (lower[axis] - origin[axis]) * inverse[axis]
            b = (lower[axis] + cells[axis] * spacing - origin[axis]) * inverse[axis]
            near, far = max(near, min(a, b)), min(far, max(a, b))
            towards[axis] = d / spacing
            position[axis] = (origin[axis] - lower[axis]) / spacing
        t = near + 0.5 * step
        count = 0
        optical: Real = 0.0
        seen: Real = 0.0
        while t < far and count < MOST_STEPS and optical < BLACK:
            gx = min(max(position[0] + t * towards[0], 0.0), cells[0] - 1e-6)
            gy = min(max(position[1] + t * towards[1], 0.0), cells[1] - 1e-6)
            gz = min(max(position[2] + t * towards[2], 0.0), cells[2] - 1e-6)
            x, y, z = int(gx), int(gy), int(gz)
            bx, by, bz = x // block, y // block, z // block
            holds = blocks[bz, by, bx]
            if holds == 0:
                # To where the ray leaves the block, and a hair further.
                edge = 1e30
                edge = min(edge, ((bx + (towards[0] > 0)) * block - position[0]) / towards[0])
                edge = min(edge, ((by + (towards[1] > 0)) * block - position[1]) / towards[1])
                edge = min(edge, ((bz + (towards[2] > 0)) * block - position[2]) / towards[2])
                t = max(edge, t) + 1e-5
                continue
            fx, fy, fz = gx - x, gy - y, gz - z
            v00 = raw[z, y, x] + fx * (raw[z, y, x + 1] - raw[z, y, x])
            v01 = raw[z, y + 1, x] + fx * (raw[z, y + 1, x + 1] - raw[z, y + 1, x])
            v10 = raw[z + 1, y, x] + fx * (raw[z + 1, y, x + 1] - raw[z + 1, y, x])
            v11 = raw[z + 1, y + 1, x] + fx * (raw[z + 1, y + 1, x + 1] - raw[z + 1, y + 1, x])
            v0, v1 = v00 + fy * (v01 - v00), v10 + fy * (v11 - v10)
            through = step * _density(v0 + fz * (v1 - v0), density_scale)
            if through > 1e-6 and (
                holds == 1
                or _in_hull(
                    cameras,
                    masks,
                    np.float32(origin[0] + t * directions[r, 0]),
                    np.float32(origin[1] + t * directions[r, 1]),
                    np.float32(origin[2] + t * directions[r, 2]),
                )
            ):
                w = math.exp(-optical) * -math.expm1(-through)
                optical += through
                seen += w
                weight[count], cumulative[count], at[count] = w, seen, t
                count += 1
            t += step
        if seen <= VISIBLE:
            continue
        mean = 0.0
        for i in range(count):
            mean += weight[i] * at[i]
        alpha[r] = min(seen, 1.0)
        distance[r] = mean / seen
        spread = _quantile(cumulative, at, count, 0.9 * seen, step) - _quantile(cumulative, at, count, 0.1 * seen, step)
        points = 1 if spread <= thin else (2 if spread <= 2 * thin else (4 if spread <= 4 * thin else MOST_SAMPLES))
        samples[r] = points
        for i in range(points):
            where[r, i] = _quantile(cumulative, at, count, (i + 0.5) / points * seen, step)


@_compiled
def blend(
    begin: int,
    end: int,
    cameras: np.ndarray,
    images: np.ndarray,
    origin: np.ndarray,
    directions: np.ndarray,
    samples: np.ndarray,
    alpha: np.ndarray,
    where: np.ndarray,
    mixtures: np.ndarray,
    rgb: np.ndarray,
) -> None:
    """rgb (r, 3), premultiplied, of rays whose mixtures (r, 4, v + 3) are known: what part of each photo's pixel
    shows, then the colour that the network adds itself.
    """
    views = len(cameras)
    pixel = np.empty(3, np.float32)
    for r in range(begin, end):
        red, green, blue = 0.0, 0.0, 0.0
        count = int(samples[r])
        for i in range(count):
            t = where[r, i]
            p0 = origin[0] + t * directions[r, 0]
            p1 = origin[1] + t * directions[r, 1]
            p2 = origin[2] + t * directions[r, 2]
            j = i if count <= MOST_MIXTURES else i >> 1
            red += mixtures[r, j, views]
            green += mixtures[r, j, views + 1]
            blue += mixtures[r, j, views + 2]
            for view in range(views):
                share = mixtures[r, j, view]
                if share > 1e-4:
                    u, v, _ = _project(cameras[view], p0, p1, p2)
                    _bilinear(images[view], u, v, 0, 3, pixel, 0)
                    red += share * pixel[0]
                    green += share * pixel[1]
                    blue += share * pixel[2]
        scale = alpha[r] / max(count, 1)
        rgb[r, 0] = red * scale
        rgb[r, 1] = green * scale
        rgb[r, 2] = blue * scale


@_compiled
def inherit(
    begin: int,
    end: int,
    rows: np.ndarray,
    columns: np.ndarray,
    stride: int,
    samples: np.ndarray,
    where: np.ndarray,
    known_samples: np.ndarray,
    known_where: np.ndarray,
    known_mixtures: np.ndarray,
    apart: Real,
    unlike: float,
    mixtures: np.ndarray,
    inherited: np.ndarray,
) -> None:
    """Mixtures of new pixels from their neighbours on the coarser lattice, where those agree.

    Pixel (rows[r], columns[r]) lies between two or four pixels at distance `stride`. It inherits the mean of their
    mixtures (r, 4, v + 3) where all have as many samples as itself, at distances that differ from its own by less
    than `apart` metres, and mixtures that differ from each other by less than `unlike`. `known_*` (h / 2, w / 2, …)
    hold every other pixel of every other row: no finer lattice than that has anything to leave.
    """
    height, width = known_samples.shape
    width_of_row = mixtures.shape[2]
    for r in range(begin, end):
        inherited[r] = False
        wanted = int(samples[r])
        if wanted == 0:
            continue
        y, x = rows[r], columns[r]
        odd_row, odd_column = (y // stride) % 2 == 1, (x // stride) % 2 == 1
        agree, parents = True, 0
        for j in range(4):
            dy = (stride if j & 1 else -stride) if odd_row else 0
            dx = (stride if j & 2 else -stride) if odd_column else 0
            if (not odd_row and j & 1) or (not odd_column and j & 2):
                continue
            # Halved rounding down: -1 stays outside.
            py, px = (y + dy) >> 1, (x + dx) >> 1
            if py < 0 or px < 0 or py >= height or px >= width or known_samples[py, px] != wanted:
                agree = False
                break
            for i in range(min(wanted, MOST_MIXTURES)):
                if abs(known_where[py, px, i] - where[r, i]) > apart:
                    agree = False
                for c in range(width_of_row):
                    value = known_mixtures[py, px, i, c]
                    mixtures[r, i, c] = value if parents == 0 else mixtures[r, i, c] + value
                    if parents > 0 and abs(value * parents - (mixtures[r, i, c] - value)) > unlike * parents:
                        agree = False
            if not agree:
                break
            parents += 1
        if agree and parents > 0:
            inherited[r] = True
            for i in range(min(wanted, MOST_MIXTURES)):
                for c in range(width_of_row):
                    mixtures[r, i, c] /= parents
