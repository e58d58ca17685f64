"""A photo with its keypoints, drawn; what the hand does over it is in `photo_gestures`."""

import dearpygui.dearpygui as dpg
import numpy as np
from jaxtyping import Float

from ..core.document import DocumentView
from ..core.geometry import project, transform
from ..core.keypoints import PointState
from .gestures import GestureReader, Pointer
from .layout import Rect
from .photo_gestures import REACH, PhotoGestures
from .session import Session
from .surface import Surface
from .textures import PhotoTextures, Piece
from .theme import Palette, Rgba

RADIUS = 3.8
BEHIND_TEXT: Rgba = (12, 13, 15, 190)
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
        self.reader = GestureReader()
        self._surface = Surface(parent, palette)
        self._drawn_pieces: tuple[object, ...] = ()
        self._drawn_points: tuple[object, ...] = ()
        self._rgb: np.ndarray | None = None

    @property
    def is_hovered(self) -> bool:
        """The pointer is over it, and nothing lies between."""
        return self._surface.is_hovered

    def update(self, rect: Rect | None, pointer: Pointer) -> None:
        """Take in what the hand did and draw what has changed; `rect` None: there is no such photo."""
        rgb = self._pixels()
        if rect is None or rgb is None or not self._surface.place(rect):
            self._surface.hide()
            return
        if rgb is not self._rgb:
            self._rgb, self.gestures.transform = rgb, None
        photo = (rgb.shape[1], rgb.shape[0])
        self.gestures.place(photo, (rect.width, rect.height))
        hovered = self._surface.is_hovered
        for gesture in self.reader.read(pointer, hovered=hovered):
            self.gestures.handle(gesture, reach=REACH * self._scale)
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
        seen = (*corners[0].tolist(), *corners[1].tolist())
        pieces = self._textures.pieces(rgb, lies.scale, seen)
        wanted = (lies, *pieces)
        if wanted == self._drawn_pieces:
            return
        self._drawn_pieces = wanted
        layer = self._surface.clear("photo")
        for piece in pieces:
            self._draw_piece(piece, layer)

    def _draw_piece(self, piece: Piece, layer: int) -> None:
        lies = self.gestures.transform
        assert lies is not None
        x, y = lies.x + piece.x * lies.scale, lies.y + piece.y * lies.scale
        end = (x + piece.width * lies.scale, y + piece.height * lies.scale)
        dpg.draw_image(piece.texture, (x, y), end, uv_min=piece.uv_min, uv_max=piece.uv_max, parent=layer)

    def _draw_points(self, rect: Rect) -> None:
        session, editor, view = self._session, self._session.editor, self.gestures.view
        if session.arriving:
            view = None
        chosen = editor.view == self._index and not session.arriving
        calibration = session.document.calibration
        wanted = (
            view, calibration, self.gestures.transform, editor.points, editor.hovered, chosen, self.gestures.box, rect,
        )  # fmt: skip
        if len(wanted) == len(self._drawn_points) and all(
            a is b or a == b for a, b in zip(wanted, self._drawn_points, strict=True)
        ):
            return
        self._drawn_points = wanted
        layer = self._surface.clear("points")
        if view is not None:
            at = self.gestures.points()
            self._draw_residuals(view, at, layer)
            for index, name in enumerate(view.keypoints.schema.names):
                self._draw_point(view, index, name, at[index], layer)
            self._draw_name(view, at, rect, layer)
        if self.gestures.box is not None:
            corner, other = self.gestures.box
            accent = self._palette.accent
            dpg.draw_rectangle(corner, other, color=accent, fill=(*accent[:3], 40), parent=layer)
        self._draw_frame(view, rect, chosen, layer)

    def _draw_point(self, view: DocumentView, index: int, name: str, at: Float[np.ndarray, "2"], layer: int) -> None:
        editor, scale = self._session.editor, self._scale
        state = PointState(int(view.keypoints.state[index]))
        colour = self._palette.of_state(state)
        known = state in (PointState.DETECTED, PointState.PLACED)
        radius = (RADIUS if known else RADIUS - 0.5) * scale + (1.5 * scale if name == editor.hovered else 0.0)
        centre = (float(at[0]), float(at[1]))
        if name in editor.points:
            dpg.draw_circle(
                centre, radius + 3.5 * scale, color=(255, 255, 255, 235), thickness=1.6 * scale, parent=layer
            )
        filled = known and not view.keypoints.occluded[index]
        dpg.draw_circle(centre, radius + 1.2 * scale, color=OUTLINE, fill=OUTLINE if filled else (0, 0, 0, 70),
                        thickness=1.5 * scale, parent=layer)  # fmt: skip
        dpg.draw_circle(centre, radius, color=colour, fill=colour if filled else (0, 0, 0, 0),
                        thickness=1.8 * scale, parent=layer)  # fmt: skip

    def _draw_residuals(self, view: DocumentView, at: Float[np.ndarray, "k 2"], layer: int) -> None:
        """Lines from where points were put to where the 3D keypoints are seen."""
        calibration, lies = self._session.document.calibration, self.gestures.transform
        if calibration is None or view.camera is None or lies is None:
            return
        pixels, depth = project(view.camera, transform(calibration.world_from_head, calibration.keypoints.xyz))
        ends = lies.to_canvas(pixels)
        apart = np.linalg.norm(pixels - view.keypoints.xy_px, axis=1)
        for index in np.nonzero(view.keypoints.usable & (depth > 0))[0]:
            colour = self._palette.of_residual(float(apart[index]))
            dpg.draw_line(
                at[index].tolist(), ends[index].tolist(), color=colour, thickness=1.4 * self._scale, parent=layer
            )

    def _draw_name(self, view: DocumentView, at: Float[np.ndarray, "k 2"], rect: Rect, layer: int) -> None:
        name, names = self._session.editor.hovered, view.keypoints.schema.names
        if name not in names or not self._surface.is_hovered:
            return
        index = names.index(name)
        text = name + (" (occluded)" if view.keypoints.occluded[index] else "")
        width, height = dpg.get_text_size(text) or (8.0 * len(text), 15.0)
        pad = 5 * self._scale
        x = float(np.clip(at[index][0] + 12 * self._scale, 0, max(rect.width - width - 2 * pad, 0)))
        y = float(np.clip(at[index][1] - height - 14 * self._scale, 0, max(rect.height - height - 2 * pad, 0)))
        dpg.draw_rectangle(
            (x, y),
            (x + width + 2 * pad, y + height + pad),
            color=(0, 0, 0, 0),
            fill=BEHIND_TEXT,
            rounding=4,
            parent=layer,
        )
        dpg.draw_text((x + pad, y + 0.5 * pad), text, size=height, color=self._palette.text, parent=layer)

    def _draw_frame(self, view: DocumentView | None, rect: Rect, chosen: bool, layer: int) -> None:
        scale, palette = self._scale, self._palette
        photo = self._session.arriving[self._index] if view is None else view.photo
        size = 14 * scale
        calibration = self._session.document.calibration
        residual = float(calibration.residual_px[self._index]) if view is not None and calibration else float("nan")
        parts = [
            photo.name,
            f"{residual:.1f} px" if np.isfinite(residual) else "",
            "held out" if view and view.held_out else "",
        ]
        text = "  ·  ".join(part for part in parts if part)
        width = (dpg.get_text_size(text) or (7.0 * len(text), size))[0] * size / (15 * scale)
        dpg.draw_rectangle((6 * scale, 6 * scale), (14 * scale + width + 6 * scale, 12 * scale + size), color=(0, 0, 0, 0),
                           fill=BEHIND_TEXT, rounding=4 * scale, parent=layer)  # fmt: skip
        colour = palette.text if chosen else palette.faint
        dpg.draw_text((13 * scale, 8.5 * scale), text, size=size, color=colour, parent=layer)
        edge = palette.accent if chosen else palette.line
        dpg.draw_rectangle((0.5, 0.5), (rect.width - 0.5, rect.height - 0.5), color=edge, rounding=5 * scale,
                           thickness=1.5 * scale if chosen else 1.0, parent=layer)  # fmt: skip
