"""What of the subject its photos show: what a picture of the avatar should be filled with."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .borders import Content, known_part
from .camera import Camera
from .geometry import Box, project

_SPACING = 0.015
"""Between the points that are asked for, metres."""
_BELOW = 0.02
"""How far the avatar goes on where all photos end, metres."""
_PERSON = 0.5


def shown_part(
    box: Box,
    cameras: Sequence[Camera],
    masks: Sequence[Float[np.ndarray, "h w"]],
    contents: Sequence[Content],
) -> Box:
    """The part of the subject's box that any photo shows and none shows to be empty; all of it where there is none.

    Of each photo its content counts.

    A face cut at the neck needs less room than a bust. Symmetric, since a mirror image may stand in for either side,
    and of the box's own depth, about which one photo tells nothing: so that turning goes on round the same axis.
    """
    lower, upper = np.asarray(box.lower, float), np.asarray(box.upper, float)
    axes = [np.linspace(a, b, max(2, round((b - a) / _SPACING) + 1)) for a, b in zip(lower, upper, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    seen, empty = np.zeros(len(points), bool), np.zeros(len(points), bool)
    for camera, mask, content in zip(cameras, masks, contents, strict=True):
        pixels, depth = project(camera, points)
        known = np.array(known_part(mask, content))
        inside = (depth > 0) & (pixels > known[:2] - 0.5).all(axis=-1) & (pixels < known[2:] + 0.5).all(axis=-1)
        columns, rows = np.round(pixels[inside]).astype(int).clip(content[:2], np.array(content[2:]) - 1).T
        seen |= inside
        empty[inside] |= mask[rows, columns] < _PERSON
    there = points[seen & ~empty]
    if len(there) == 0:
        return box
    half = np.abs(there[:, 0]).max()
    top, bottom = there[:, 1].min(), there[:, 1].max() + _BELOW
    return Box(
        np.array([max(lower[0], -half), top, lower[2]]),
        np.array([min(upper[0], half), min(bottom, upper[1]), upper[2]]),
    )
