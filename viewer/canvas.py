"""A photo with its keypoints, drawn; what the hand does over it is in `photo_gestures`."""

import dearpygui.dearpygui as dpg
import numpy as np
from jaxtyping import Float

from ..core.document import DocumentView
from ..core.geometry import project, transform
from ..core.keypoints import PointState
from .changes import Changes
from .gestures import GestureReader, Pointer
from .layout import Rect
from .pen import NOTHING, Pen
from .photo_gestures import REACH, PhotoGestures
from .session import Session
from .surface import Surface
from .textures import PhotoTextures
from .theme import Palette, Rgba

RADIUS = 3.4
BEHIND_TEXT: Rgba = (12, 13, 15, 190)
TEXT: Rgba = (230, 232, 236, 255)
FAINT_TEXT: Rgba = (160, 165, 174, 255)
"""Over photos, in every theme."""
OUTLINE: Rgba = (10, 11, 13, 220)


class PhotoCanvas:
    """One photo of the document, or of those that are arriving."""

    def __init__(
        self, parent: int | str, session: Session, index: int, textures: PhotoTextures, palette: Palette, scale: float
    ) -> None:
        self._session = session
        self._index = index
        self._textures = textures
        self._palette = palette
        self._scale = scale
        self.gestures = PhotoGestures(session, index)
        self._reader = GestureReader()
        self._surface = Surface(parent, palette, scale)
        self._photo_changes = Changes()
        self._point_changes = Changes()
        self._rgb: np.ndarray | None = None

    @property
    def is_hovered(self) -> bool:
        """The pointer is over it, and nothing lies between."""
        return self._surface.is_hovered

    def read(self, rect: Rect | None, pointer: Pointer) -> None:
        """Take in what the hand did; `rect` None: there is no such photo."""
        rgb = self._pixels()
        if rgb is not self._rgb:
            self._rgb, self.gestures.transform = rgb, None
        if rect is None or rgb is None or not rect.is_visible:
            return
        self.gestures.place((rgb.shape[1], rgb.shape[0]), (rect.width, rect.height))
        for gesture in self._reader.read(pointer, hovered=self._surface.is_hovered):
            self.gestures.handle(gesture, reach=REACH * self._scale)

    def draw(self, rect: Rect | None) -> None:
        """Draw what has changed."""
        rgb = self._pixels()
        shown = rect is not None and rgb is not None and rgb is self._rgb and self.gestures.transform is not None
        if rect is None or rgb is None or not shown or not self._surface.place(rect):
            self._surface.hide()
            if not self._photo_changes.seen():  # keep no texture that may be freed while nobody looks
                self._surface.clear("photo")
            return
        self._draw_photo(rgb)
        self._draw_points(rect)

    def _pixels(self) -> np.ndarray | None:
        views, arriving = self._session.document.views, self._session.arriving
        if arriving:
            return arriving[self._index].rgb if self._index < len(arriving) else None
        return views[self._index].photo.rgb if self._index < len(views) else None

    def _draw_photo(self, rgb: np.ndarray) -> None:
        lies = self.gestures.transform
        assert lies is not None
        corners = (np.array([[0.0, 0.0], self.gestures.canvas]) - [lies.x, lies.y]) / lies.scale
        pieces = self._textures.pieces(rgb, lies.scale, corners.ravel().tolist())
        if self._photo_changes.seen(lies, *pieces):
            return
        pen = self._surface.clear("photo")
        for piece in pieces:
            x, y = lies.x + piece.x * lies.scale, lies.y + piece.y * lies.scale
            end = (x + piece.width * lies.scale, y + piece.height * lies.scale)
            dpg.draw_image(piece.texture, (x, y), end, uv_min=piece.uv_min, uv_max=piece.uv_max, parent=pen.layer)

    def _draw_points(self, rect: Rect) -> None:
        session, editor = self._session, self._session.editor
        view = None if session.arriving else self.gestures.view
        chosen = view is not None and editor.view == self._index
        transform, box = self.gestures.transform, self.gestures.box
        calibration = session.document.calibration
        if self._point_changes.seen(view, calibration, transform, editor.points, editor.hovered, chosen, box, rect):
            return
        pen = self._surface.clear("points")
        if view is not None:
            at = self.gestures.points()
            self._draw_residuals(pen, view, at)
            for index in range(len(at)):
                self._draw_point(pen, view, index, (float(at[index, 0]), float(at[index, 1])))
            self._draw_name(pen, view, at, rect)
        if box is not None:
            (x0, y0), (x1, y1) = box
            accent = self._palette.accent
            pen.box(Rect(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)), accent, (*accent[:3], 40))
        self._draw_frame(pen, view, rect, chosen)

    def _draw_point(self, pen: Pen, view: DocumentView, index: int, at: tuple[float, float]) -> None:
        editor, name = self._session.editor, view.keypoints.schema.names[index]
        state = PointState(int(view.keypoints.state[index]))
        known = state in (PointState.DETECTED, PointState.PLACED)
        filled = known and not view.keypoints.occluded[index]
        radius = RADIUS + (1.5 if name == editor.hovered else 0.0)
        if name in editor.points:
            pen.circle(at, radius + 3.5, line=(255, 255, 255, 235), width=1.6)
        pen.circle(at, radius + 1.2, line=OUTLINE, fill=OUTLINE if filled else (0, 0, 0, 70))
        colour = self._palette.of_state(state)
        pen.circle(at, radius, line=colour, fill=colour if filled else NOTHING, width=1.8)

    def _draw_residuals(self, pen: Pen, view: DocumentView, at: Float[np.ndarray, "k 2"]) -> None:
        """Lines from where points were put to where the 3D keypoints are seen."""
        calibration, lies = self._session.document.calibration, self.gestures.transform
        if calibration is None or view.camera is None or lies is None:
            return
        pixels, depth = project(view.camera, transform(calibration.world_from_head, calibration.keypoints.xyz))
        ends = lies.to_canvas(pixels)
        apart = np.linalg.norm(pixels - view.keypoints.xy_px, axis=1)
        for index in np.nonzero(view.keypoints.usable & (depth > 0))[0]:
            pen.line(at[index].tolist(), ends[index].tolist(), self._palette.of_residual(float(apart[index])))

    def _draw_name(self, pen: Pen, view: DocumentView, at: Float[np.ndarray, "k 2"], rect: Rect) -> None:
        name, names = self._session.editor.hovered, view.keypoints.schema.names
        if name not in names or not self._surface.is_hovered:
            return
        index, scale = names.index(name), self._scale
        text = name + (" (occluded)" if view.keypoints.occluded[index] else "")
        width, height = pen.text_width(text) + 12 * scale, 22 * scale
        x = float(np.clip(at[index, 0] + 12 * scale, 0, max(rect.width - width, 0)))
        y = float(np.clip(at[index, 1] - 28 * scale, 0, max(rect.height - height, 0)))
        pen.box(Rect(x, y, width, height), fill=BEHIND_TEXT, rounding=4)
        pen.text((x + 6 * scale, y + 3 * scale), text, TEXT)

    def _draw_frame(self, pen: Pen, view: DocumentView | None, rect: Rect, chosen: bool) -> None:
        scale, palette, calibration = self._scale, self._palette, self._session.document.calibration
        photo = self._session.arriving[self._index] if view is None else view.photo
        residual = float(calibration.residual_px[self._index]) if view is not None and calibration else np.nan
        told = [photo.name]
        if np.isfinite(residual):
            told.append(f"{residual:.1f} px")
        text = "  ·  ".join(told)
        pen.box(Rect(6 * scale, 6 * scale, pen.text_width(text) + 14 * scale, 22 * scale), fill=BEHIND_TEXT, rounding=4)
        pen.text((13 * scale, 9 * scale), text, TEXT if chosen else FAINT_TEXT)
        edge = Rect(0.5, 0.5, rect.width - 1, rect.height - 1)
        pen.box(edge, palette.accent if chosen else palette.line, rounding=5, width=1.5 if chosen else 1.0)
