"""A photo with its keypoints, drawn; what the hand does over it is in `photo_gestures`."""

import dearpygui.dearpygui as dpg
import numpy as np

from ..core.document import DocumentView
from ..core.photo import Photo
from .changes import Changes
from .gestures import GestureReader, Pointer
from .layout import Rect
from .mask_brush import MaskGestures
from .outline_layer import OutlineLayer
from .pen import At, Pen
from .photo_gestures import REACH, PhotoGestures
from .photo_marks import BEHIND_TEXT, TEXT, PhotoMarks
from .session import Session
from .surface import Surface
from .textures import PhotoTextures
from .theme import Palette, Rgba

FAINT_TEXT: Rgba = (160, 165, 174, 255)
"""Over photos, in every theme."""


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
        self._brush = MaskGestures(session, index)
        self._outline = OutlineLayer(self._brush, palette)
        self._outline_changes = Changes()
        self._reader = GestureReader()
        self._marks = PhotoMarks(session, index, palette, scale)
        self._pointer: At = (0.0, 0.0)
        self._attended = session.attention
        self._surface = Surface(parent, palette, scale)
        self._photo_changes = Changes()
        self._point_changes = Changes()
        self._loupe_changes = Changes()
        self._rgb: np.ndarray | None = None
        self._shown: Photo | None = None

    @property
    def is_hovered(self) -> bool:
        """The pointer is over it, and nothing lies between."""
        return self._surface.is_hovered

    def read(self, rect: Rect | None, pointer: Pointer) -> None:
        """Take in what the hand did; `rect` None: there is no such photo."""
        photo = self._photo()
        rgb = None if photo is None else photo.rgb
        if rgb is not self._rgb:
            if not _same_picture(photo, self._shown):
                self.gestures.transform = None
            self._rgb, self._shown = rgb, photo
        if rect is None or rgb is None or not rect.is_visible:
            return
        self.gestures.place((rgb.shape[1], rgb.shape[0]), (rect.width, rect.height))
        self._pointer = pointer.at
        if self._session.attention is not self._attended:
            self._attended = self._session.attention
            self.gestures.look_at(self._attended.name)
        for gesture in self._reader.read(pointer, hovered=self._surface.is_hovered):
            lies = self.gestures.transform
            if lies is None or not self._brush.handle(gesture, lies):
                self.gestures.handle(gesture, reach=REACH * self._scale)

    def draw(self, rect: Rect | None) -> None:
        """Draw what has changed."""
        photo = self._photo()
        rgb = None if photo is None else photo.rgb
        shown = rect is not None and rgb is not None and rgb is self._rgb and self.gestures.transform is not None
        if rect is None or rgb is None or not shown or not self._surface.place(rect):
            self._surface.hide()
            if not self._photo_changes.seen():  # keep no texture that may be freed while nobody looks
                self._surface.clear("photo")
            return
        self._draw_photo(rgb)
        self._draw_outline()
        self._draw_points(rect)
        self._draw_loupe(rgb, rect)

    def _photo(self) -> Photo | None:
        views, arriving = self._session.document.views, self._session.arriving
        if arriving:
            return arriving[self._index] if self._index < len(arriving) else None
        return views[self._index].photo if self._index < len(views) else None

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

    def _draw_outline(self) -> None:
        brush, lies = self._session.brush, self.gestures.transform
        shown = brush.is_on and not self._session.arriving and lies is not None
        mask = self._brush.mask if shown else None
        if self._outline_changes.seen(
            mask is not None and id(mask), lies, brush.radius, self._brush.at, self._brush.removes
        ):
            return
        pen = self._surface.clear("outline")
        if mask is not None and lies is not None:
            self._outline.draw(pen, lies, brush.radius)

    def _draw_points(self, rect: Rect) -> None:
        session, editor = self._session, self._session.editor
        view = None if session.arriving else self.gestures.view
        chosen = view is not None and editor.view == self._index
        lies, box = self.gestures.transform, self.gestures.box
        hovered = self._surface.is_hovered
        findings = session.findings
        attended = (editor.points, editor.hovered, editor.in_hand, chosen, hovered, session.colouring, findings)
        if self._point_changes.seen(session.document.views, session.document.calibration, lies, attended, box, rect):
            return
        pen = self._surface.clear("points")
        if view is not None and lies is not None:
            self._marks.draw(pen, view, lies, rect, hovered=hovered)
        if box is not None:
            (x0, y0), (x1, y1) = box
            accent = self._palette.accent
            pen.box(Rect(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)), accent, (*accent[:3], 40))
        self._draw_frame(pen, view, rect, chosen)

    def _draw_loupe(self, rgb: np.ndarray, rect: Rect) -> None:
        editor, lies = self._session.editor, self.gestures.transform
        shown = editor.grabbed is not None and editor.view == self._index and not self._session.arriving
        if not shown or lies is None:
            if not self._loupe_changes.seen(None):
                self._surface.clear("loupe")
            return
        self._loupe_changes.forget()
        self._marks.draw_loupe(self._surface.clear("loupe"), rgb, self._textures, lies, rect, self._pointer)

    def _draw_frame(self, pen: Pen, view: DocumentView | None, rect: Rect, chosen: bool) -> None:
        scale, palette, calibration = self._scale, self._palette, self._session.document.calibration
        photo = self._session.arriving[self._index] if view is None else view.photo
        residual = float(calibration.residual_px[self._index]) if view is not None and calibration else np.nan
        name = photo.name + ("  ·  " if np.isfinite(residual) else "")
        number = f"{residual:.1f} px" if np.isfinite(residual) else ""
        width = pen.text_width(name + number) + 14 * scale
        pen.box(Rect(6 * scale, 6 * scale, width, 22 * scale), fill=BEHIND_TEXT, rounding=4)
        calm = TEXT if chosen else FAINT_TEXT
        pen.text((13 * scale, 9 * scale), name, calm)
        colour = palette.of_residual(residual)
        number_x = 13 * scale + pen.text_width(name)
        pen.text((number_x, 9 * scale), number, calm if not number or colour == palette.faint else colour)
        edge = Rect(0.5, 0.5, rect.width - 1, rect.height - 1)
        pen.box(edge, palette.accent if chosen else palette.line, rounding=5, width=1.5 if chosen else 1.0)


def _same_picture(a: Photo | None, b: Photo | None) -> bool:
    """Whether what was zoomed in on is still there: a photo whose lens is straightened stays where it is."""
    return a is not None and b is not None and a.sha256 == b.sha256 and a.rgb.shape == b.rgb.shape
