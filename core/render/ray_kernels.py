"""The inner loops of rays through a density grid on a processor, compiled like those of `kernels`.

The twin of `march` is `march.march_in_torch`.
"""

import math
from functools import lru_cache

import numpy as np
from numba.extending import register_jitable

from ..compiled import compiled
from .kernels import Real, is_in_hull

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


ANYWHERE = 0
"""The spacing of pixels that lie anywhere between those that are known."""
BLOCK = 2
"""Side of the blocks that empty space is skipped by, in cells."""
FARTHEST = 12
"""Most blocks that are skipped at once."""
TABLE = 4096
"""Intervals of the table of what a step lets through."""


@lru_cache(maxsize=16)
def let_through(step: float, density_scale: float) -> tuple[np.ndarray, float, float]:
    """What a step lets through, tabulated over the raw density there; raw density of the first entry, entries per unit.

    Before the first entry it is everything, after the last one nothing. Twin: exp(-step * `KeypointNeRF.density`).
    """
    most = (BLACK + 3) / step
    lowest, highest = (math.log(1e-6 / (step * density_scale)), most / density_scale) if density_scale else (0.0, most)
    raw = np.linspace(lowest, highest, TABLE + 1)
    density = density_scale * np.logaddexp(0, raw) if density_scale else np.maximum(raw, 0)
    return np.exp(-step * density), lowest, TABLE / (highest - lowest)


@compiled("(u1[:, :, ::1], u1[:, :, ::1])")
def clearance(blocks: np.ndarray, clear: np.ndarray) -> None:
    """clear (bz, by, bx): how many blocks away the nearest one is that holds anything, diagonals counting as one.

    By one sweep from each end (Rosenfeld and Pfaltz, 1968), no farther than `FARTHEST`.
    """
    depth, height, width = blocks.shape
    for sweep in range(2):
        sign = 1 if sweep == 0 else -1
        for n in range(depth * height * width):
            at = n if sweep == 0 else depth * height * width - 1 - n
            z, y, x = at // (height * width), at // width % height, at % width
            if blocks[z, y, x] != 0:
                clear[z, y, x] = 0
                continue
            least = FARTHEST if sweep == 0 else int(clear[z, y, x])
            # The thirteen neighbours that the sweep has passed.
            for m in range(13):
                dz, dy, dx = (m // 9 - 1, m // 3 % 3 - 1, m % 3 - 1) if m < 9 else (0, (m - 9) // 3 - 1, m % 3 - 1)
                i, j, k = z + sign * dz, y + sign * dy, x + sign * dx
                if 0 <= i < depth and 0 <= j < height and 0 <= k < width:
                    least = min(least, int(clear[i, j, k]) + 1)
            clear[z, y, x] = least


@register_jitable
def _reached(cumulative: np.ndarray, begin: int, count: int, target: Real) -> int:
    """First index from `begin` on at which `target` of the weight is reached."""
    index = begin
    while index < count - 1 and cumulative[index] < target:
        index += 1
    return index


@register_jitable
def _quantile(cumulative: np.ndarray, distance: np.ndarray, index: int, target: Real, step: float) -> Real:
    """Distance before which `target` of the weight lies, interpolated within the step that reaches it.

    Unlike a mean, a quantile is never in the empty space between two surfaces.
    """
    before = cumulative[index - 1] if index > 0 else 0.0
    share = (target - before) / max(cumulative[index] - before, 1e-8)
    return distance[index] + (min(max(share, 0.0), 1.0) - 0.5) * step


@compiled(
    "(i8, i8, f4[:, ::1], f4[:, :, ::1], f8[:, ::1], f4[:, :, ::1], u1[:, :, ::1], u1[:, :, ::1], f8[::1], f8, "
    "f8[::1], f8, f8, f8[::1], f4[:, ::1], f8, f8, u1[::1], f4[::1], f4[::1], f4[:, ::1])"
)
def march(
    begin: int,
    end: int,
    cameras: np.ndarray,
    masks: np.ndarray,
    window: np.ndarray,
    raw: np.ndarray,
    blocks: np.ndarray,
    clear: np.ndarray,
    lower: np.ndarray,
    spacing: float,
    table: np.ndarray,
    lowest: float,
    per_unit: float,
    origin: np.ndarray,
    directions: np.ndarray,
    step: float,
    thin: float,
    samples: np.ndarray,
    alpha: np.ndarray,
    distance: np.ndarray,
    where: np.ndarray,
) -> None:
    """Integrate density along rays that meet the window, from one block that holds anything to the next.

    `blocks` as in `DensityGrid`, `clear` by `clearance`, `table`, `lowest` and `per_unit` by `let_through`.

    samples (r,): how many points of a ray want a colour, 0 where it sees nothing; alpha (r,); distance (r,): metres,
    mean over what is seen; where (r, 8): distances of those points, each of which stands for an equal part of alpha.
    A ray whose middle 80 % lie within `thin` metres is one surface and gets one point.
    """
    depth, height, width = raw.shape
    cumulative = np.empty(MOST_STEPS, np.float64)
    at = np.empty(MOST_STEPS, np.float64)
    position, towards, inverse = np.empty(3), np.empty(3), np.empty(3)
    cells = np.array((width - 1, height - 1, depth - 1))
    opaque, entries = math.exp(-BLACK), len(table) - 1
    for r in range(begin, end):
        samples[r] = 0
        alpha[r] = 0
        distance[r] = 0
        near, far = 0.0, 1e30
        enters, leaves = 0.0, 1e30
        for axis in range(3):
            d = float(directions[r, axis])
            if abs(d) < 1e-9:
                d = 1e-9
            within = 1 / d
            a = (lower[axis] - origin[axis]) * within
            b = (lower[axis] + cells[axis] * spacing - origin[axis]) * within
            near, far = max(near, min(a, b)), min(far, max(a, b))
            a = (window[0, axis] - origin[axis]) * within
            b = (window[1, axis] - origin[axis]) * within
            enters, leaves = max(enters, min(a, b)), min(leaves, max(a, b))
            towards[axis], inverse[axis] = d / spacing, within * spacing
            position[axis] = (origin[axis] - lower[axis]) / spacing
        if leaves <= enters:
            continue
        p0, p1, p2 = position[0], position[1], position[2]
        t0, t1, t2 = towards[0], towards[1], towards[2]
        i0, i1, i2 = inverse[0], inverse[1], inverse[2]
        t = near + 0.5 * step
        count = 0
        left: Real = 1.0
        mean: Real = 0.0
        while t < far and count < MOST_STEPS and left > opaque:
            gx = min(max(p0 + t * t0, 0.0), cells[0] - 1e-6)
            gy = min(max(p1 + t * t1, 0.0), cells[1] - 1e-6)
            gz = min(max(p2 + t * t2, 0.0), cells[2] - 1e-6)
            x, y, z = int(gx), int(gy), int(gz)
            bx, by, bz = x // BLOCK, y // BLOCK, z // BLOCK
            holds = blocks[bz, by, bx]
            if holds == 0:
                # To where the ray leaves the cube of blocks that hold nothing, and a hair further.
                away = int(clear[bz, by, bx])
                edge = ((bx + (away if t0 > 0 else 1 - away)) * BLOCK - p0) * i0
                edge = min(edge, ((by + (away if t1 > 0 else 1 - away)) * BLOCK - p1) * i1)
                edge = min(edge, ((bz + (away if t2 > 0 else 1 - away)) * BLOCK - p2) * i2)
                t = max(edge, t) + 1e-5
                continue
            fx, fy, fz = np.float32(gx - x), np.float32(gy - y), np.float32(gz - z)
            v00 = raw[z, y, x] + fx * (raw[z, y, x + 1] - raw[z, y, x])
            v01 = raw[z, y + 1, x] + fx * (raw[z, y + 1, x + 1] - raw[z, y + 1, x])
            v10 = raw[z + 1, y, x] + fx * (raw[z + 1, y, x + 1] - raw[z + 1, y, x])
            v11 = raw[z + 1, y + 1, x] + fx * (raw[z + 1, y + 1, x + 1] - raw[z + 1, y + 1, x])
            v0, v1 = v00 + fy * (v01 - v00), v10 + fy * (v11 - v10)
            entry = (float(v0 + fz * (v1 - v0)) - lowest) * per_unit
            if entry > 0 and (
                holds == 1
                or is_in_hull(
                    cameras,
                    masks,
                    np.float32(origin[0] + t * directions[r, 0]),
                    np.float32(origin[1] + t * directions[r, 1]),
                    np.float32(origin[2] + t * directions[r, 2]),
                )
            ):
                passed = 0.0
                if entry < entries:
                    below = int(entry)
                    passed = table[below] + (entry - below) * (table[below + 1] - table[below])
                mean += left * (1 - passed) * t
                left *= passed
                cumulative[count], at[count] = 1 - left, t
                count += 1
            t += step
        seen = 1 - left
        if seen <= VISIBLE:
            continue
        alpha[r] = min(seen, 1.0)
        distance[r] = mean / seen
        low = _reached(cumulative, 0, count, 0.1 * seen)
        high = _reached(cumulative, low, count, 0.9 * seen)
        spread = _quantile(cumulative, at, high, 0.9 * seen, step) - _quantile(cumulative, at, low, 0.1 * seen, step)
        points = 1 if spread <= thin else (2 if spread <= 2 * thin else (4 if spread <= 4 * thin else MOST_SAMPLES))
        samples[r] = points
        index = 0
        for i in range(points):
            target = (i + 0.5) / points * seen
            index = _reached(cumulative, index, count, target)
            where[r, i] = _quantile(cumulative, at, index, target, step)
