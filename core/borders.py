"""Frames round a photo and bars beside it: nothing of what the camera saw, and no background either."""

import numpy as np
from jaxtyping import Float, Integer, UInt8

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


def content_of(rgb: UInt8[np.ndarray, "h w 3"]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (the last two exclusive) of what lies within frames and bars of one colour.

    A plain backdrop is no border: the picture does not begin behind it all along a straight line.
    """
    height, width = rgb.shape[:2]
    left, top, right, bottom = 0, 0, width, height
    for _ in range(_NESTED):
        before = left, top, right, bottom
        for side in range(4):
            inner = rgb[top:bottom, left:right]
            lines = (inner, inner[::-1], inner.swapaxes(0, 1), inner.swapaxes(0, 1)[::-1])[side]
            found = _border(lines)
            top, bottom = top + found * (side == 0), bottom - found * (side == 1)
            left, right = left + found * (side == 2), right - found * (side == 3)
        if before == (left, top, right, bottom):
            break
    return left, top, right, bottom


def known_part(mask: Float[np.ndarray, "h w"], content: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom, pixel centres, of what a photo of this content tells anything about.

    Infinite above it and beside it where its outermost line is empty: nobody goes on there out of sight. Below it
    shoulders may, beside a neck that is cut.
    """
    first_x, first_y, end_x, end_y = content
    inner = mask[first_y:end_y, first_x:end_x]
    lines = inner[:, 0], inner[0], inner[:, -1]
    left, top, right = (bool(line.max() < _EMPTY and inner.max() > 0.5) for line in lines)
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
