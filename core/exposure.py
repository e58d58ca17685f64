"""Photos of unlike exposure and white balance made alike, by the colours of the same skin in all of them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, UInt8

LARGEST = 0.5
"""A gain's logarithm is kept within this: beyond it something else differs than exposure."""
PATCH = 0.02
"""Radius over which skin is averaged at a landmark, in widths of the face."""
FEWEST = 20
"""Landmarks whose median a gain is, at least."""
_DARKEST, _BRIGHTEST = 8.0, 247.0
"""Channel values between which a gain can be read off; beyond them a sensor or a tone curve has cut."""


def skin_colours(
    rgb: UInt8[np.ndarray, "h w 3"], landmarks_px: Float[np.ndarray, "l 2"] | None, count: int
) -> Float[np.ndarray, "l 3"]:
    """Logarithm of the mean colour round each of a face's `count` landmarks; NaN where it cannot be told."""
    import cv2

    found = np.full((count, 3), np.nan)
    if landmarks_px is None or len(landmarks_px) != count:
        return found
    width = float(np.ptp(landmarks_px[:, 0]))
    radius = max(1.0, PATCH * width)
    low = np.maximum(np.floor(landmarks_px.min(axis=0) - 4 * radius), 0).astype(int)
    high = np.ceil(landmarks_px.max(axis=0) + 4 * radius).astype(int) + 1
    face = rgb[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    if 0 in face.shape:
        return found
    smooth = cv2.GaussianBlur(face, (0, 0), radius)
    column, row = np.round(landmarks_px - low).astype(int).T
    height, width_px = smooth.shape[:2]
    inside = (column >= 0) & (column < width_px) & (row >= 0) & (row < height)
    colour = smooth[row[inside], column[inside]].astype(np.float64)
    good = ((colour > _DARKEST) & (colour < _BRIGHTEST)).all(axis=1)
    found[np.flatnonzero(inside)[good]] = np.log(colour[good])
    return found


def matching_gains(
    photos: Sequence[UInt8[np.ndarray, "_ _ 3"]], landmarks_px: Sequence[Float[np.ndarray, "_ 2"] | None]
) -> Float[np.ndarray, "_ 3"]:
    """What to multiply each photo's red, green and blue by, so that skin has the same colour in all.

    Between two photos the median ratio over the face's landmarks counts: a cheek that only one of them sees, or a
    highlight that moved, does not. The gains' geometric mean over photos is one, so that none of them decides. A
    photo without a face, or alone, keeps its colours.
    """
    count = max((len(points) for points in landmarks_px if points is not None), default=0)
    views = len(photos)
    logs = [skin_colours(rgb, points, count) for rgb, points in zip(photos, landmarks_px, strict=True)]
    rows: list[np.ndarray] = []
    ratios: list[np.ndarray] = []
    for a in range(views):
        for b in range(a + 1, views):
            ratio = _usual(logs[b] - logs[a])
            if ratio is not None:
                row = np.zeros(views)
                row[a], row[b] = 1, -1
                rows.append(row)
                ratios.append(ratio)
    if not rows:
        return np.ones((views, 3))
    # lstsq's answer of least norm has mean zero over every group of photos that are tied together.
    gains, *_ = np.linalg.lstsq(np.stack(rows), np.stack(ratios), rcond=None)
    return np.exp(np.clip(gains, -LARGEST, LARGEST))


def gain_between(colours: Float[np.ndarray, "l 3"], pairs: Int[np.ndarray, "p 2"]) -> Float[np.ndarray, "3"]:
    """What to multiply red, green and blue of the second of each pair of landmarks by to have those of the first.

    `colours` as `skin_colours` gives them. The median over pairs counts; ones where too few pairs are known.
    """
    gain = _usual(colours[pairs[:, 0]] - colours[pairs[:, 1]])
    return np.ones(3) if gain is None else np.exp(np.clip(gain, -LARGEST, LARGEST))


def _usual(differences: Float[np.ndarray, "l 3"]) -> Float[np.ndarray, "3"] | None:
    """The median of those that are known; None where they are too few."""
    known = differences[np.isfinite(differences).all(axis=1)]
    return np.median(known, axis=0) if len(known) >= FEWEST else None
