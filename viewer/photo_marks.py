"""Everything that is drawn over a photo: its points, where they ought to be, lines of other photos, the loupe."""

import dearpygui.dearpygui as dpg
import numpy as np
from jaxtyping import Float, UInt8

from ..core.document import DocumentView
from ..core.epipolar import Line, lines_from_others
from ..core.geometry import project, transform
from ..core.keypoints import PointState
from .layout import Rect
from .loupe import MAGNIFICATION, cut, magnified, place_loupe
from .pen import NOTHING, At, Pen
from .photo_transform import PhotoTransform
from .session import Session
from .textures import PhotoTextures
from .theme import Palette, Rgba

RADIUS = 3.4
BEHIND_TEXT: Rgba = (12, 13, 15, 190)
TEXT: Rgba = (230, 232, 236, 255)
"""Over photos, in every theme."""
OUTLINE: Rgba = (10, 11, 13, 220)
CROSSHAIR: Rgba = (255, 255, 255, 210)
LINES: tuple[Rgba, ...] = (
    (255, 196, 86, 220),
    (104, 208, 255, 220),
    (255, 128, 190, 220),
    (150, 232, 140, 220),
    (198, 160, 255, 220),
    (255, 150, 104, 220),
    (120, 232, 214, 220),
    (236, 236, 140, 220),
)
"""Of lines by the photo they come from."""


class PhotoMarks:
    """Draws over one photo; positions are those of its canvas."""

    def __init__(self, session: Session, index: int, palette: Palette, scale: float) -> None:
        self._session = session
        self._index = index
        self._palette = palette
        self._scale = scale

    def draw(self, pen: Pen, view: DocumentView, lies: PhotoTransform, rect: Rect, *, hovered: bool) -> None:
        """All of it but the loupe; `hovered`: the pointer is over this photo."""
        at = lies.to_canvas(view.keypoints.xy_px)
        self._draw_lines(pen, lies, Rect(0, 0, rect.width, rect.height))
        self._draw_reprojections(pen, view, lies, at)
        for index in range(len(at)):
            self._draw_point(pen, view, index, (float(at[index, 0]), float(at[index, 1])))
        self._draw_label(pen, view, at, rect, hovered=hovered)

    def draw_loupe(
        self,
        pen: Pen,
        rgb: UInt8[np.ndarray, "h w 3"],
        textures: PhotoTextures,
        lies: PhotoTransform,
        rect: Rect,
        pointer: At,
    ) -> None:
        """The photo about the dragged point, enlarged, with the lines of the other photos and a crosshair."""
        session, name = self._session, self._session.editor.grabbed
        if name is None or session.editor.view != self._index:
            return
        keypoints = session.document.views[self._index].keypoints
        x, y = keypoints.xy_px[keypoints.schema.index(name)].tolist()
        at_x, at_y = lies.to_canvas(np.array([x, y])).tolist()
        loupe = place_loupe((rect.width, rect.height), [(at_x, at_y), pointer], self._scale)
        if loupe is None:
            return
        close = magnified(lies, (x, y), loupe)
        pen.box(loupe, fill=self._palette.canvas)
        corners = close.to_photo(np.array([[loupe.x, loupe.y], [loupe.x + loupe.width, loupe.y + loupe.height]]))
        for piece in textures.pieces(rgb, close.scale, tuple((corners + 0.5).ravel().tolist())):
            place = Rect(
                close.x + piece.x * close.scale,
                close.y + piece.y * close.scale,
                piece.width * close.scale,
                piece.height * close.scale,
            )
            shown = cut(place, piece.uv_min, piece.uv_max, loupe)
            if shown is not None:
                part, uv_min, uv_max = shown
                end = (part.x + part.width, part.y + part.height)
                dpg.draw_image(piece.texture, (part.x, part.y), end, uv_min=uv_min, uv_max=uv_max, parent=pen.layer)
        self._draw_lines(pen, close, loupe)
        middle = (loupe.x + 0.5 * loupe.width, loupe.y + 0.5 * loupe.height)
        inner, outer = 5 * self._scale, 0.5 * loupe.width
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            start = (middle[0] + inner * dx, middle[1] + inner * dy)
            pen.line(start, (middle[0] + outer * dx, middle[1] + outer * dy), CROSSHAIR, 1.0)
        pen.box(loupe, line=self._palette.accent, width=1.5, rounding=2)
        factor = close.scale / lies.scale
        text = f"{MAGNIFICATION if abs(factor - MAGNIFICATION) < 0.05 else factor:.3g}×"
        residual = self._residual(keypoints.schema.index(name))
        if np.isfinite(residual):
            text += f"  ·  {residual:.1f} px"
        height, bottom = 20 * self._scale, loupe.y + loupe.height
        pen.box(Rect(loupe.x, bottom - height, pen.text_width(text) + 12 * self._scale, height), fill=BEHIND_TEXT)
        pen.text((loupe.x + 6 * self._scale, bottom - height + 2 * self._scale), text, TEXT)

    def _draw_lines(self, pen: Pen, lies: PhotoTransform, window: Rect) -> None:
        """Where other photos say that the point in hand lies; beside the photo it moves in, the line of that one."""
        session, name = self._session, self._session.editor.in_hand
        if name is None or self._index >= len(session.document.views):
            return
        lines = lines_from_others(session.document, self._index, name)
        moving_in = session.editor.view
        if moving_in != self._index:
            lines = {index: line for index, line in lines.items() if index == moving_in}
        corners = lies.to_photo(np.array([[window.x, window.y], [window.x + window.width, window.y + window.height]]))
        for index, line in lines.items():
            ends = _seen(line, corners)
            if ends is not None:
                start, end = lies.to_canvas(np.array(ends)).tolist()
                pen.line(tuple(start), tuple(end), LINES[index % len(LINES)], 1.2)

    def _draw_reprojections(
        self, pen: Pen, view: DocumentView, lies: PhotoTransform, at: Float[np.ndarray, "k 2"]
    ) -> None:
        """From points to where they are seen in space: of those chosen or pointed at, and of those far off."""
        editor, calibration = self._session.editor, self._session.document.calibration
        if calibration is None or view.camera is None:
            return
        pixels, depth = project(view.camera, transform(calibration.world_from_head, calibration.keypoints.xyz))
        ends = lies.to_canvas(pixels)
        for index in np.nonzero(view.keypoints.usable & (depth > 0))[0]:
            name, residual = view.keypoints.schema.names[index], float(calibration.residuals_px[self._index, index])
            attended = name in editor.points or name == editor.hovered
            colour = self._palette.of_residual(residual)
            if not attended and colour == self._palette.faint:
                continue
            end = (float(ends[index, 0]), float(ends[index, 1]))
            pen.line((float(at[index, 0]), float(at[index, 1])), end, colour)
            if attended:
                pen.circle(end, 2.6, line=colour, width=1.4)

    def _draw_point(self, pen: Pen, view: DocumentView, index: int, at: At) -> None:
        session, editor, name = self._session, self._session.editor, view.keypoints.schema.names[index]
        state = PointState(int(view.keypoints.state[index]))
        known = state in (PointState.DETECTED, PointState.PLACED)
        filled = known and not view.keypoints.occluded[index]
        radius = RADIUS + (1.5 if name == editor.hovered else 0.0)
        if session.findings.doubt_about(name, self._index) is not None:
            pen.circle(at, radius + 6.5, line=self._palette.error, width=1.8)
        if name in editor.points:
            pen.circle(at, radius + 3.5, line=(255, 255, 255, 235), width=1.6)
        pen.circle(at, radius + 1.2, line=OUTLINE, fill=OUTLINE if filled else (0, 0, 0, 70))
        confidence, by_confidence = float(view.keypoints.confidence[index]), session.colouring == "confidence"
        colour = self._palette.of_point(state, confidence, by_confidence=by_confidence)
        pen.circle(at, radius, line=colour, fill=colour if filled else NOTHING, width=1.8)

    def _draw_label(
        self, pen: Pen, view: DocumentView, at: Float[np.ndarray, "k 2"], rect: Rect, *, hovered: bool
    ) -> None:
        """The name of the point under the pointer and how far off it is; in the other photos only the latter."""
        editor, names = self._session.editor, view.keypoints.schema.names
        name = editor.hovered
        if name not in names or (editor.grabbed is not None and editor.view == self._index):  # the loupe tells it
            return
        index, scale, told = names.index(name), self._scale, []
        residual = self._residual(index)
        if hovered:
            told.append(name + (" (occluded)" if view.keypoints.occluded[index] else ""))
        if hovered and self._session.colouring == "confidence":
            told.append(f"{100 * view.keypoints.confidence[index]:.0f} % sure")
        number = f"{residual:.1f} px" if np.isfinite(residual) else ""
        if not told and not number:
            return
        before = "  ·  ".join(told) + ("  ·  " if told and number else "")
        width, height = pen.text_width(before + number) + 12 * scale, 22 * scale
        x = float(np.clip(at[index, 0] + 12 * scale, 0, max(rect.width - width, 0)))
        y = float(np.clip(at[index, 1] - 28 * scale, 0, max(rect.height - height, 0)))
        pen.box(Rect(x, y, width, height), fill=BEHIND_TEXT, rounding=4)
        pen.text((x + 6 * scale, y + 3 * scale), before, TEXT)
        if number:
            colour = self._palette.of_residual(residual)
            number_x = x + 6 * scale + pen.text_width(before)
            pen.text((number_x, y + 3 * scale), number, TEXT if colour == self._palette.faint else colour)

    def _residual(self, index: int) -> float:
        """Of a keypoint in this photo, pixels; NaN where there is none."""
        calibration = self._session.document.calibration
        return np.nan if calibration is None else float(calibration.residuals_px[self._index, index])


def _seen(line: Line, corners: Float[np.ndarray, "2 2"]) -> tuple[At, At] | None:
    """The part of a line between two corners of what is seen."""
    (left, top), (right, bottom) = corners.tolist()
    return line.within(left, top, right, bottom)
