"""Where the picture of the avatar gets better first: where a person looks, as far as the hand tells."""

from typing import TYPE_CHECKING

from ..core.geometry import project
from .picturing import render_size

if TYPE_CHECKING:
    from .session import Session


def focus_of(session: "Session") -> tuple[float, float] | None:
    """Under the pointer, or else the middle of the selected keypoints; shares of the picture's width and height.

    None where neither is in the picture.
    """
    if session.pointed_at is not None:
        return session.pointed_at
    calibration, selected = session.document.calibration, session.editor.selected
    if calibration is None or not selected:
        return None
    width, height = render_size(session)
    chosen = [calibration.keypoints.schema.index(name) for name in selected]
    pixels, depth = project(session.eye.view.camera(width, height), calibration.keypoints.xyz[chosen])
    if not (depth > 0).all():
        return None
    x, y = (pixels.mean(axis=0) + 0.5) / [width, height]
    return (float(x), float(y)) if 0 <= x <= 1 and 0 <= y <= 1 else None
