"""Frames round a photo and bars beside it: nothing of what the camera saw, and no background either."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Integer, UInt8

Content: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom of the part of a photo that is picture, pixels; the last two exclusive."""

_WIDEST = 0.4
"""Of a photo's side that one bar may take."""
_ALIKE, _UNLIKE = 24, 30
"""Levels of 255 within which a border is of one colour, and by which the picture differs from it right behind it."""
_ALL, _MOST = 0.97, 0.7
"""Of a line's pixels: of a border's that are alike, and of the picture's first that are unlike it."""
_BLURRED = 2
"""Lines between border and picture that have something of both, since photos are scaled and compressed."""
_NESTED = 3
"""Frames within each other that are looked for."""
_EMPTY = 0.1
"""Of a mask, where there is nobody."""


def content_of(rgb: UInt8[np.ndarray, "h w 3"]) -> Content:
    """What lies within frames and bars of one colour.

    A plain backdrop is no border: the picture does not begin behind it all along a straight line.
    """
    height, width = rgb.shape[:2]
    left, top, right, bottom = 0, 0, width, height
    for _ in range(_NESTED):
        before = left, top, right, bottom
        top += _border(rgb[top:bottom, left:right])
        bottom -= _border(rgb[top:bottom, left:right][::-1])
        left += _border(rgb[top:bottom, left:right].swapaxes(0, 1))
        right -= _border(rgb[top:bottom, left:right].swapaxes(0, 1)[::-1])
        if before == (left, top, right, bottom):
            break
    return left, top, right, bottom


def known_part(mask: Float[np.ndarray, "h w"], content: Content) -> tuple[float, float, float, float]:
    """Left, top, right, bottom, pixel centres, of what a photo of this content tells anything about.

    Infinite above it and beside it where its outermost line is empty: nobody goes on there out of sight. Below it
    shoulders may, beside a neck that is cut.
    """
    first_x, first_y, end_x, end_y = content
    inner = mask[first_y:end_y, first_x:end_x]
    somebody = inner.max() > 0.5
    left, top, right = (somebody and line.max() < _EMPTY for line in (inner[:, 0], inner[0], inner[:, -1]))
    return (
        -np.inf if left else float(first_x),
        -np.inf if top else float(first_y),
        np.inf if right else end_x - 1.0,
        end_y - 1.0,
    )


def _border(lines: UInt8[np.ndarray, "n m 3"]) -> int:
    """How many of the first lines are a border."""
    colour = np.median(lines[0], axis=0).astype(int)
    most = int(_WIDEST * len(lines))
    end = next((index for index in range(most) if np.mean(_distance(lines[index], colour) <= _ALIKE) < _ALL), most)
    if not 0 < end < most - _BLURRED:
        return 0
    behind = end + _BLURRED
    return behind if np.mean(_distance(lines[behind], colour) > _UNLIKE) >= _MOST else 0


def _distance(line: UInt8[np.ndarray, "m 3"], colour: Integer[np.ndarray, "3"]) -> Integer[np.ndarray, "m"]:
    return np.abs(line - colour).max(axis=-1)
