"""The inner loops of a picture on a processor, compiled like those of `kernels`.

`march` walks rays through a density grid (twin: `march.march_in_torch`), `blend` colours pixels (twin: `Field.blend`),
`inherit` finds mixtures for them (see `painting`).
"""

import math

import numpy as np
from numba.extending import register_jitable

from .kernels import Real, bilinear, compiled, is_in_hull, project

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


@compiled
def march(
    begin: int,
    end: int,
    cameras: np.ndarray,
    masks: np.ndarray,
    window: np.ndarray,
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
    """Integrate density along rays that meet the window, from one block that holds anything to the next.

    `blocks` as in `DensityGrid`.

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
        enters, leaves = 0.0, 1e30
        for axis in range(3):
            d = float(directions[r, axis])
            if abs(d) < 1e-9:
                d = 1e-9
            inverse[axis] = 1 / d
            a = (lower[axis] - origin[axis]) * inverse[axis]
            b = (lower[axis] + cells[axis] * spacing - origin[axis]) * inverse[axis]
            near, far = max(near, min(a, b)), min(far, max(a, b))
            a = (window[0, axis] - origin[axis]) * inverse[axis]
            b = (window[1, axis] - origin[axis]) * inverse[axis]
            enters, leaves = max(enters, min(a, b)), min(leaves, max(a, b))
            towards[axis] = d / spacing
            position[axis] = (origin[axis] - lower[axis]) / spacing
        if leaves <= enters:
            continue
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
                or is_in_hull(
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


@compiled
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
                    u, v, _ = project(cameras[view], p0, p1, p2)
                    bilinear(images[view], u, v, 0, 3, pixel, 0)
                    red += share * pixel[0]
                    green += share * pixel[1]
                    blue += share * pixel[2]
        scale = alpha[r] / max(count, 1)
        rgb[r, 0] = red * scale
        rgb[r, 1] = green * scale
        rgb[r, 2] = blue * scale


@compiled
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
