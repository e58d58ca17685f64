"""Edits of the foreground: strokes of a round brush that add to it or take away, and back to what was detected."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from .agreement import check_view, with_view
from .document import Document
from .errors import UserError

THINNEST, THICKEST = 0.5, 1000.0
"""Radii of the brush, photo pixels."""


def paint_mask(
    document: Document, view: int, path_px: Sequence[tuple[float, float]], radius_px: float, *, add: bool = True
) -> Document:
    """With one stroke of the brush added to the foreground of a photo, or taken out of it.

    `path_px` are the photo pixels it passes in straight lines. The visual hull, and with it the avatar, is made of
    the foreground. Raises UserError for a path of no or impossible points, or a brush of no size.
    """
    before = check_view(document, view)
    if not path_px or not np.isfinite(path_px).all():
        raise UserError("That is no stroke.", "Give at least one place in the photo, in finite numbers of pixels.")
    if not THINNEST <= radius_px <= THICKEST:
        raise UserError(
            f"A brush of {radius_px:g} pixels cannot be.", f"Give a radius from {THINNEST:g} to {THICKEST:g} pixels."
        )
    mask = stroked(before.mask, path_px, radius_px, add=add)
    if np.array_equal(mask, before.mask):
        return document
    detected = before.mask if before.detected_mask is None else before.detected_mask
    return with_view(document, view, replace(before, mask=mask, detected_mask=detected))


def restore_mask(document: Document, view: int) -> Document:
    """With the foreground of a photo as it was detected, without any stroke."""
    before = check_view(document, view)
    if before.detected_mask is None:
        return document
    return with_view(document, view, replace(before, mask=before.detected_mask, detected_mask=None))


def stroked(
    mask: Float[np.ndarray, "h w"], path_px: Sequence[tuple[float, float]], radius_px: float, *, add: bool
) -> Float[np.ndarray, "h w"]:
    """A new mask with a stroke in it: its edge is soft over one pixel, its values are steps of 1/255 as in a file.

    Strokes only ever raise (or lower) values, so that one in pieces is the same as one in a whole.
    """
    height, width = mask.shape
    path = np.asarray(path_px, dtype=float).reshape(-1, 2)
    painted = mask.copy()
    for start, end in zip(path[[0, *range(len(path) - 1)]], path, strict=True):
        low = np.floor(np.minimum(start, end) - radius_px - 1).astype(int)
        high = np.ceil(np.maximum(start, end) + radius_px + 2).astype(int)
        x0, y0, x1, y1 = max(low[0], 0), max(low[1], 0), min(high[0], width), min(high[1], height)
        if x0 >= x1 or y0 >= y1:
            continue
        y, x = np.mgrid[y0:y1, x0:x1].astype(float)
        along = end - start
        share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / max(float(along @ along), 1e-12)
        share = np.clip(share, 0, 1)
        distance = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])
        covered = (np.round(np.clip(radius_px + 0.5 - distance, 0, 1) * 255) / 255).astype(mask.dtype)
        part = painted[y0:y1, x0:x1]
        painted[y0:y1, x0:x1] = np.maximum(part, covered) if add else np.minimum(part, 1 - covered)
    return painted
