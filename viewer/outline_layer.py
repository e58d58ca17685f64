"""The outline of a photo's foreground and the brush over it, drawn."""

import dearpygui.dearpygui as dpg
import numpy as np
from jaxtyping import Float

from .mask_brush import MaskGestures
from .pen import Pen
from .photo_transform import PhotoTransform
from .theme import Palette

SMALLEST_AREA = 6.0
"""Spots of fewer pixels are not outlined."""


class OutlineLayer:
    """Follows one photo's foreground; outlines are found anew only when it has changed."""

    def __init__(self, gestures: MaskGestures, palette: Palette) -> None:
        self._gestures = gestures
        self._palette = palette
        self._mask: np.ndarray | None = None
        self._outlines: list[Float[np.ndarray, "n 2"]] = []

    def draw(self, pen: Pen, lies: PhotoTransform, radius_px: float) -> None:
        """Outlines, and the brush (radius in photo pixels) where it is."""
        mask, gestures = self._gestures.mask, self._gestures
        if mask is None:
            return
        if mask is not self._mask:
            self._mask, self._outlines = mask, outlines(mask)
        for outline in self._outlines:
            points = lies.to_canvas(outline).tolist()
            for colour, width in (((10, 11, 13, 200), 3.5), (self._palette.accent, 1.6)):
                dpg.draw_polyline(points, closed=True, color=colour, thickness=width * pen.scale, parent=pen.layer)
        if gestures.at is not None:
            colour = self._palette.error if gestures.removes else self._palette.placed
            size = radius_px * lies.scale / pen.scale  # the brush is as large as what it paints, on every screen
            pen.circle(gestures.at, size + 1, line=(10, 11, 13, 160), width=1.0)
            pen.circle(gestures.at, size, line=colour, fill=(*colour[:3], 30), width=1.6)


def outlines(mask: Float[np.ndarray, "h w"]) -> list[Float[np.ndarray, "n 2"]]:
    """Closed lines round what is foreground (above one half), holes too, in photo pixels.

    They run along pixel borders, half a pixel outside the outermost foreground pixels, with the steps smoothed away.
    """
    import cv2

    # At twice the size a border pixel's centre is a quarter of a photo pixel inside: half of the way to its border.
    inside = (mask > 0.5).astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    found, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    large = [contour for contour in found if cv2.contourArea(contour) >= 4 * SMALLEST_AREA]
    smooth = [cv2.approxPolyDP(contour, 1.0, True)[:, 0].astype(np.float64) for contour in large]
    return [0.5 * (contour - 0.5) for contour in smooth]
