"""The inner loops of the field on a processor: compiled by numba, without the interpreter's lock.

For items `begin` to `end`, each does in one pass and without temporary arrays what a chain of torch operations does
elsewhere: `in_hull`, `gather_geometry` and `gather_colour` prepare what the network's layers take (twins:
`KeypointNeRF.sight`, `encode_position`, `read_maps`, `behind_surface`). `ray_kernels` has those along rays. All arrays
are C-contiguous; indices are not checked.
"""

import math
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numba.extending import register_jitable

from ..compiled import compiled
from ..model.heads import TINY
from ..model.spatial import EDGE, FADING, FEATHER, LEAST

Real: TypeAlias = float | np.floating[Any]


def _forget_older_machine_code() -> None:
    """Remove compiled loops that are older than any of their sources.

    numba looks at the file of a loop, not at the files of the functions that it has drawn into it.
    """
    folder = Path(__file__).parent
    sources = *folder.glob("*kernels.py"), folder.parent / "compiled.py"
    newest = max(source.stat().st_mtime for source in sources)
    for index in (folder / "__pycache__").glob("*kernels.*.nbi"):
        try:
            if index.stat().st_mtime < newest:
                index.unlink(missing_ok=True)
        except OSError:  # another process was sooner, or the folder is not ours
            continue


_forget_older_machine_code()

_S = [np.float32(c) for c in (-1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800)]
_S1, _S2, _S3, _S4, _S5 = _S
_C = [np.float32(c) for c in (-1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600)]
_C1, _C2, _C3, _C4, _C5, _C6 = _C
_ONE, _TWO, _PI, _EDGE = np.float32(1), np.float32(2), np.float32(math.pi), np.float32(EDGE)
_FEATHER, _LEAST, _FADING = np.float32(FEATHER), np.float32(LEAST), np.float32(FADING)
_TINY = np.float32(TINY)


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
def bilinear(table: np.ndarray, u: Real, v: Real, begin: int, end: int, out: np.ndarray, at: int) -> None:
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
def project(view: np.ndarray, p0: Real, p1: Real, p2: Real) -> tuple[Real, Real, Real]:
    """Pixel and depth of a point; `view` is a row of `ViewTables.cameras`."""
    x = view[0] * p0 + view[1] * p1 + view[2] * p2 + view[3]
    y = view[4] * p0 + view[5] * p1 + view[6] * p2 + view[7]
    z = view[8] * p0 + view[9] * p1 + view[10] * p2 + view[11]
    safe = max(z, np.float32(1e-6))
    return x / safe * view[12] + view[14], y / safe * view[13] + view[15], z


@register_jitable
def is_contained(cameras: np.ndarray, p0: Real, p1: Real, p2: Real) -> bool:
    """Whether a point is inside some photo, and before its camera (twin: `inside`)."""
    for view in range(len(cameras)):
        camera = cameras[view]
        u, v, z = project(camera, p0, p1, p2)
        if camera[18] <= u <= camera[20] and camera[19] <= v <= camera[21] and z > 1e-3:
            return True
    return False


@register_jitable
def sight(view: np.ndarray, contained: bool, p0: Real, p1: Real, p2: Real) -> tuple[Real, Real, Real, Real]:
    """Pixel to read, depth, and how much of a say a view has about a point that is `contained` in some photo or in none
    (twins: `KeypointNeRF.sight`, `stand_in`).
    """
    u, v, z = project(view, p0, p1, p2)
    say: Real = np.float32(0)
    if view[18] <= u <= view[20] and z > 1e-3:
        if contained:
            if view[19] <= v <= view[21]:
                away = min(min(u - view[18], view[20] - u), min(v - view[19], view[21] - v))
                say = min(away / (_FEATHER * view[23]), _ONE) * (_ONE - _LEAST) + _LEAST
        elif view[21] < v <= view[28]:
            say = math.exp((view[21] - v) / (_FADING * view[23]))
    lowest = view[21] - _EDGE if contained else view[27]
    u, v = min(max(u, view[18] + _EDGE), view[20] - _EDGE), min(max(v, view[19] + _EDGE), lowest)
    return u, v, z, np.float32(say)


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
def is_in_hull(cameras: np.ndarray, masks: np.ndarray, p0: Real, p1: Real, p2: Real) -> bool:
    """Whether some view has a say about a point, and none that does has it off its mask."""
    seen, contained = False, is_contained(cameras, p0, p1, p2)
    for view in range(len(cameras)):
        camera = cameras[view]
        u, v, _, say = sight(camera, contained, p0, p1, p2)
        if say > 0:
            seen = True
            x, fx = _corner(u, masks.shape[2])
            y, fy = _corner(v, masks.shape[1])
            top = masks[view, y, x] + fx * (masks[view, y, x + 1] - masks[view, y, x])
            bottom = masks[view, y + 1, x] + fx * (masks[view, y + 1, x + 1] - masks[view, y + 1, x])
            if not (top + fy * (bottom - top) > 0.1):
                return False
    return seen


@compiled("(i8, i8, f4[:, ::1], f4[:, :, ::1], f4[:, ::1], b1[::1])")
def in_hull(begin: int, end: int, cameras: np.ndarray, masks: np.ndarray, points: np.ndarray, hull: np.ndarray) -> None:
    """hull[n]: whether a point lies inside the visual hull."""
    for n in range(begin, end):
        hull[n] = is_in_hull(cameras, masks, points[n, 0], points[n, 1], points[n, 2])


@compiled(
    "(i8, i8, f4[:, ::1], f4[:, :, :, ::1], f4[:, :, :, ::1], i8, f4[:, ::1], f4[:, ::1], f4[:, ::1], f8, "
    "f4[:, :, ::1], f4[:, :, ::1], f4[:, ::1])"
)
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
        contained = is_contained(cameras, p0, p1, p2)
        for view in range(len(cameras)):
            camera = cameras[view]
            u, v, z, say = sight(camera, contained, p0, p1, p2)
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
            bilinear(
                low[view],
                tu * np.float32(low.shape[2] - 1),
                tv * np.float32(low.shape[1] - 1),
                0,
                channels,
                row,
                7 * count,
            )
            fu, fv = tu * np.float32(fine.shape[2] - 1), tv * np.float32(fine.shape[1] - 1)
            bilinear(fine[view], fu, fv, 0, high, skipped, 0)
            bilinear(fine[view], fu, fv, high, high + 1, surface, 0)
            gap = z - camera[11] - surface[0]
            row[7 * count + channels] = math.tanh(gap * np.float32(100))
            row[7 * count + channels + 1] = math.tanh(gap * np.float32(25))
            row[7 * count + channels + 2] = math.tanh(gap * np.float32(6.25))
            _store(row, encoded[view, n])
            _store(skipped, skip[view, n])
            weight: Real = np.float32(0)
            if say > 0:
                across = min(max((u - camera[18]) / max(camera[20] - camera[18], 1.0), 0.0), 1.0)
                down = min(max((v - camera[19]) / max(camera[21] - camera[19], 1.0), 0.0), 1.0)
                along = min(max((z - camera[16]) / (camera[17] - camera[16]), 0.0), 1.0)
                weight = _border(across) * _border(down) * _border(along)
            weights[view, n] = weight


@compiled(
    "(i8, i8, f4[:, ::1], f4[:, :, :, ::1], f4[:, :, :, ::1], i8, f4[:, ::1], f4[:, ::1], f4[:, :, ::1], "
    "f4[:, :, ::1], f4[:, :, ::1], f4[:, ::1])"
)
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
    say: np.ndarray,
) -> None:
    """What the colour head takes of each view and point: rgb (v, n, 3), features (v, n, texture + 3), difference of
    directions and their dot product (v, n, 4), say (v, n).
    """
    texture = fine.shape[3] - high - 1
    surface = np.empty(1, np.float32)
    for n in range(begin, end):
        p0, p1, p2 = points[n, 0], points[n, 1], points[n, 2]
        contained = is_contained(cameras, p0, p1, p2)
        for view in range(len(cameras)):
            camera = cameras[view]
            u, v, z, say[view, n] = sight(camera, contained, p0, p1, p2)
            bilinear(images[view], u, v, 0, 3, rgb[view, n], 0)
            fu = u / camera[22] * np.float32(fine.shape[2] - 1)
            fv = v / camera[23] * np.float32(fine.shape[1] - 1)
            bilinear(fine[view], fu, fv, high + 1, high + 1 + texture, features[view, n], 0)
            bilinear(fine[view], fu, fv, high, high + 1, surface, 0)
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
        most: Real = np.float32(0)
        for view in range(len(cameras)):
            most = max(most, say[view, n])
        for view in range(len(cameras)):
            say[view, n] /= max(most, _TINY)
