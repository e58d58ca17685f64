"""The loupe beside a point that is being dragged: where it lies, and what it shows. No window needed."""

from collections.abc import Sequence

import numpy as np

from .layout import Rect
from .photo_transform import LARGEST_PIXEL, PhotoTransform

MAGNIFICATION = 8.0
"""How much larger than in its canvas the photo is in the loupe."""
SIDE, SMALLEST = 176.0, 56.0
"""Of the loupe, screen pixels at scale 1; where there is not even room for the smallest there is none."""
SHARE = 0.5
"""Of the canvas's shorter side that the loupe may take: the rest of the face stays in sight."""
GAP = 18.0
"""Between the loupe and what it must not hide."""


def place_loupe(
    canvas: tuple[float, float], keep_free: Sequence[tuple[float, float]], scale: float = 1.0
) -> Rect | None:
    """A square inside the canvas beside some positions, the pointer and the point; None where there is no room.

    On their right where it fits, else on the first other side where it does, else smaller where most room is.
    """
    width, height = canvas
    inside = np.clip(np.array(keep_free, dtype=float), 0.0, [width, height])
    (left, top), (right, bottom) = inside.min(axis=0), inside.max(axis=0)
    gap = GAP * scale
    rooms = {"right": width - right - gap, "left": left - gap, "below": height - bottom - gap, "above": top - gap}
    most = min(max(min(SIDE * scale, SHARE * min(width, height)), SMALLEST * scale), width, height)
    where = next((side for side, room in rooms.items() if room >= most), max(rooms, key=lambda side: rooms[side]))
    size = float(np.floor(min(most, rooms[where])))
    if size < SMALLEST * scale:
        return None
    x, y = (0.5 * (low + high) - 0.5 * size for low, high in ((left, right), (top, bottom)))
    x = {"right": right + gap, "left": left - gap - size}.get(where, x)
    y = {"below": bottom + gap, "above": top - gap - size}.get(where, y)
    return Rect(float(np.clip(x, 0, width - size)), float(np.clip(y, 0, height - size)), size, size)


def magnified(lies: PhotoTransform, xy_px: tuple[float, float], loupe: Rect) -> PhotoTransform:
    """How the photo lies when its pixel `xy_px` is in the middle of the loupe; positions are the canvas's."""
    centred = lies.centred(xy_px, min(lies.scale * MAGNIFICATION, LARGEST_PIXEL), (loupe.width, loupe.height))
    return centred.panned(loupe.x, loupe.y)


def cut(
    rect: Rect, uv_min: tuple[float, float], uv_max: tuple[float, float], window: Rect
) -> tuple[Rect, tuple[float, float], tuple[float, float]] | None:
    """The part of a textured rectangle inside a window, with its texture coordinates; None where they are apart."""
    x0, x1 = max(rect.x, window.x), min(rect.x + rect.width, window.x + window.width)
    y0, y1 = max(rect.y, window.y), min(rect.y + rect.height, window.y + window.height)
    if x1 <= x0 or y1 <= y0:
        return None
    u_per, v_per = (uv_max[0] - uv_min[0]) / rect.width, (uv_max[1] - uv_min[1]) / rect.height
    u0, v0 = uv_min[0] + (x0 - rect.x) * u_per, uv_min[1] + (y0 - rect.y) * v_per
    uv_end = (u0 + (x1 - x0) * u_per, v0 + (y1 - y0) * v_per)
    return Rect(x0, y0, x1 - x0, y1 - y0), (u0, v0), uv_end
