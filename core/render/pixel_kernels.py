"""The inner loops of pixels on a processor, compiled like those of `kernels`.

`blend` colours them (twin: `Field.blend`), `inherit` finds mixtures for them (see `painting`), `fade` gives a picture
soft edges.
"""

import math

import numpy as np
from numba.extending import register_jitable

from ..compiled import compiled
from .kernels import Real, bilinear, is_contained, project, sight
from .ray_kernels import ANYWHERE, MOST_MIXTURES

IN_BOX, IN_PHOTOS, BEYOND_PHOTOS = 0.03, 0.025, 0.015
"""Metres: how far inside the box's faces, and from how far inside the photos' borders to how far beyond, an avatar
fades: what goes on beyond them is made up, and hardly shows."""
_IN_BOX, _IN_PHOTOS, _BEYOND_PHOTOS = np.float32(IN_BOX), np.float32(IN_PHOTOS), np.float32(BEYOND_PHOTOS)
_ZERO, _HALF, _ONE, _THREE = (np.float32(c) for c in (0, 0.5, 1, 3))
_FAR, _FLAT = np.float32(1e9), np.float32(1e-9)


@compiled(
    "(i8, i8, f4[:, ::1], f4[:, :, :, ::1], f4[::1], f4[:, ::1], u1[::1], f4[::1], f4[:, ::1], f4[:, :, ::1], "
    "f4[:, ::1])"
)
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


@compiled(
    "(i8, i8, i8[::1], i8[::1], i8, u1[::1], f4[:, ::1], u1[:, ::1], f4[:, :, ::1], f4[:, :, :, ::1], f8, f8, "
    "f4[:, :, ::1], b1[::1])"
)
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


@register_jitable
def _crossed(low: Real, high: Real, origin: Real, along: Real) -> tuple[Real, Real]:
    """Where a ray enters and leaves what lies between two faces."""
    if -_FLAT < along < _FLAT:
        along = _FLAT
    a, b = (low - origin) / along, (high - origin) / along
    return min(a, b), max(a, b)


@register_jitable
def _deep(low: Real, high: Real, at: Real) -> Real:
    """How far it is to the nearer of two faces."""
    return min(at - low, high - at)


@register_jitable
def _eased(t: Real) -> Real:
    t = min(max(t, _ZERO), _ONE)
    return t * t * (_THREE - t - t)


@compiled("(i8, i8, f4[::1], f4[:, ::1], f4[:, ::1], f4[:, ::1], i8, i8, f4[:, :, ::1])")
def fade(
    begin: int,
    end: int,
    rays: np.ndarray,
    box: np.ndarray,
    photos: np.ndarray,
    distance: np.ndarray,
    first: int,
    last: int,
    shown: np.ndarray,
) -> None:
    """Make channels `first` to `last` of the rows `begin` to `end` of a picture (h, w, 4) less by soft edges.

    `rays` (16): rotation, position, focal lengths and principal point of the camera; `box` (2, 3): its corners;
    `photos`: rows of `ViewTables.cameras`. `distance` (h, w) to the surface, metres.

    A box cuts where rays miss it, whatever lies in it: what counts is how deep inside it a ray is half way through.
    """
    o0, o1, o2 = rays[9], rays[10], rays[11]
    for y in range(begin, end):
        for x in range(distance.shape[1]):
            if shown[y, x, first] <= 0:
                continue
            a, b = (np.float32(x) - rays[14]) / rays[12], (np.float32(y) - rays[15]) / rays[13]
            scale = _ONE / math.sqrt(a * a + b * b + _ONE)
            d0 = (rays[0] * a + rays[1] * b + rays[2]) * scale
            d1 = (rays[3] * a + rays[4] * b + rays[5]) * scale
            d2 = (rays[6] * a + rays[7] * b + rays[8]) * scale
            near0, far0 = _crossed(box[0, 0], box[1, 0], o0, d0)
            near1, far1 = _crossed(box[0, 1], box[1, 1], o1, d1)
            near2, far2 = _crossed(box[0, 2], box[1, 2], o2, d2)
            t = _HALF * (max(max(near0, near1), max(near2, _ZERO)) + min(min(far0, far1), far2))
            deep = min(_deep(box[0, 0], box[1, 0], o0 + t * d0), _deep(box[0, 1], box[1, 1], o1 + t * d1))
            deep = min(deep, _deep(box[0, 2], box[1, 2], o2 + t * d2))
            t = distance[y, x]
            p0, p1, p2 = o0 + t * d0, o1 + t * d1, o2 + t * d2
            away: Real = _FAR
            for view in range(len(photos)):
                photo = photos[view]
                u, v, depth = project(photo, p0, p1, p2)
                if depth <= 0:
                    continue
                across = max(photo[18] - u, u - photo[20]) / photo[12]
                down = max(photo[19] - v, v - photo[21]) / photo[13]
                beside, below = max(across, _ZERO), max(down, _ZERO)
                out = math.sqrt(beside * beside + below * below) + min(max(across, down), _ZERO)
                away = min(away, out * depth)
            kept = _eased(deep / _IN_BOX) * _eased((_BEYOND_PHOTOS - away) / (_IN_PHOTOS + _BEYOND_PHOTOS))
            for channel in range(first, last):
                shown[y, x, channel] *= kept
