"""The inner loops of pixels on a processor, compiled like those of `kernels`.

`blend` colours them (twin: `Field.blend`), `inherit` finds mixtures for them (see `painting`).
"""

import numpy as np

from .kernels import Real, bilinear, compiled, is_contained, sight
from .ray_kernels import ANYWHERE, MOST_MIXTURES


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
            contained = is_contained(cameras, p0, p1, p2)
            for view in range(views):
                share = mixtures[r, j, view]
                if share > 1e-4:
                    u, v, _, _ = sight(cameras[view], contained, p0, p1, p2)
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

    Pixel (rows[r], columns[r]) lies between two or four pixels at distance `stride`, or `ANYWHERE` between four whose
    rows and columns are even. It inherits the mean of their mixtures (r, 4, v + 3) where all have as many as itself, at
    distances that differ from its own by less than `apart` metres, and that differ from each other by less than
    `unlike`. `known_*` (h / 2, w / 2, …) hold every other pixel of every other row: no finer lattice than that has
    anything to leave.
    """
    height, width = known_samples.shape
    width_of_row = mixtures.shape[2]
    for r in range(begin, end):
        inherited[r] = False
        wanted = min(int(samples[r]), MOST_MIXTURES)
        if wanted == 0:
            continue
        y, x = rows[r], columns[r]
        if stride == ANYWHERE:
            top, left = y >> 1, x >> 1
            bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
        else:
            dy = stride if (y // stride) % 2 == 1 else 0
            dx = stride if (x // stride) % 2 == 1 else 0
            # Halved rounding down: -1 stays outside.
            top, bottom, left, right = (y - dy) >> 1, (y + dy) >> 1, (x - dx) >> 1, (x + dx) >> 1
        agree, parents = top >= 0 and left >= 0 and bottom < height and right < width, 0
        for j in range(4):
            if not agree:
                break
            if (top == bottom and j & 1) or (left == right and j & 2):
                continue
            py, px = bottom if j & 1 else top, right if j & 2 else left
            if min(int(known_samples[py, px]), MOST_MIXTURES) != wanted:
                agree = False
                break
            for i in range(wanted):
                if abs(known_where[py, px, i] - where[r, i]) > apart:
                    agree = False
                for c in range(width_of_row):
                    value = known_mixtures[py, px, i, c]
                    mixtures[r, i, c] = value if parents == 0 else mixtures[r, i, c] + value
                    if parents > 0 and abs(value * parents - (mixtures[r, i, c] - value)) > unlike * parents:
                        agree = False
            parents += 1
        if agree and parents > 0:
            inherited[r] = True
            for i in range(wanted):
                for c in range(width_of_row):
                    mixtures[r, i, c] /= parents
