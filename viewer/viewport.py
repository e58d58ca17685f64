"""The avatar, drawn; what the hand does over it is in `avatar_gestures`."""

import dearpygui.dearpygui as dpg
import numpy as np

from ..core.geometry import project
from .avatar_gestures import handle_avatar_gesture
from .gestures import GestureReader, Pointer
from .layout import Rect
from .render_lane import Rendered
from .session import Session
from .surface import Surface
from .textures import AvatarTexture
from .theme import Palette


class AvatarViewport:
    """The newest picture of the avatar, scaled into its region, with the 3D keypoints over it."""

    def __init__(self, parent: int | str, session: Session, palette: Palette, scale: float) -> None:
        self._session = session
        self._palette = palette
        self._scale = scale
        self._texture = AvatarTexture()
        self._surface = Surface(parent, palette)
        self.reader = GestureReader()
        self._drawn: Rendered | None = None
        self._drawn_rect: Rect | None = None
        self._drawn_over: tuple[object, ...] = ()

    @property
    def is_hovered(self) -> bool:
        """The pointer is over it, and nothing lies between."""
        return self._surface.is_hovered

    def update(self, rect: Rect, pointer: Pointer) -> None:
        """Take in what the hand did and draw what has changed."""
        self._session.viewport_size = (rect.width, rect.height)
        if not self._surface.place(rect):
            self._surface.hide()
            return
        for gesture in self.reader.read(pointer, hovered=self._surface.is_hovered):
            handle_avatar_gesture(self._session, gesture)
        self._draw_picture(rect)
        self._draw_over(rect)

    def _draw_picture(self, rect: Rect) -> None:
        shown = self._session.shown
        if shown is self._drawn and rect == self._drawn_rect:
            return
        self._drawn, self._drawn_rect = shown, rect
        layer = self._surface.clear("picture")
        if shown is None:
            return
        texture, uv_max = self._texture.show(shown.picture)
        place = _fitted(shown.job.size, rect)
        end = (place.x + place.width, place.y + place.height)
        dpg.draw_image(texture, (place.x, place.y), end, uv_max=uv_max, parent=layer)

    def _draw_over(self, rect: Rect) -> None:
        session, shown = self._session, self._session.shown
        calibration = session.document.calibration
        keypoints = calibration.keypoints if calibration is not None and session.overlays else None
        message = "" if shown is not None else session.status().text
        share = session.status().share if shown is not None and session.task_lane.current is None else None
        wanted = (shown, keypoints, session.editor.points, session.editor.hovered, rect, message, share, session.mode)
        if len(wanted) == len(self._drawn_over) and all(
            a is b or a == b for a, b in zip(wanted, self._drawn_over, strict=True)
        ):
            return
        self._drawn_over = wanted
        layer = self._surface.clear("over")
        if shown is not None and keypoints is not None:
            self._draw_keypoints(shown, keypoints.xyz, keypoints.schema.names, rect, layer)
        if message:
            self._draw_message(message, rect, layer)
        if share is not None and share < 1:
            bottom = rect.height - 3 * self._scale
            dpg.draw_rectangle((0, bottom), (share * rect.width, rect.height), color=(0, 0, 0, 0),
                               fill=self._palette.accent, parent=layer)  # fmt: skip

    def _draw_keypoints(self, shown: Rendered, xyz: np.ndarray, names: tuple[str, ...], rect: Rect, layer: int) -> None:
        """Over the picture as it was drawn: by its own camera, so that points and pixels move together."""
        editor, scale, place = self._session.editor, self._scale, _fitted(shown.job.size, rect)
        pixels, depth = project(shown.job.camera, xyz)
        at = (pixels + 0.5) / np.array(shown.job.size) * [place.width, place.height] + [place.x, place.y]
        for index, name in enumerate(names):
            if depth[index] <= 0:
                continue
            chosen, hovered = name in editor.points, name == editor.hovered
            colour = (255, 255, 255, 255) if chosen or hovered else (255, 255, 255, 150)
            radius = (4.5 if chosen or hovered else 2.5) * scale
            dpg.draw_circle(at[index].tolist(), radius + scale, color=(0, 0, 0, 110), thickness=scale, parent=layer)
            dpg.draw_circle(at[index].tolist(), radius, color=colour, fill=self._palette.accent if chosen else (0, 0, 0, 0),
                            thickness=1.4 * scale, parent=layer)  # fmt: skip

    def _draw_message(self, message: str, rect: Rect, layer: int) -> None:
        size = 17 * self._scale
        measured = dpg.get_text_size(message)
        width = (measured[0] if measured else 8 * len(message)) * size / (15 * self._scale)
        at = (max(0.5 * (rect.width - width), 8), 0.5 * rect.height - size)
        dpg.draw_text(at, message, size=size, color=self._palette.faint, parent=layer)


def _fitted(size: tuple[int, int], rect: Rect) -> Rect:
    """Where a picture lies in the region: whole, in the middle, in its own proportions."""
    if abs(size[0] * rect.height - size[1] * rect.width) < max(size) * max(rect.width, rect.height) * 0.02:
        return Rect(0, 0, rect.width, rect.height)  # rounding of the picture's size is no reason for a bar
    scale = min(rect.width / size[0], rect.height / size[1])
    width, height = scale * size[0], scale * size[1]
    return Rect(0.5 * (rect.width - width), 0.5 * (rect.height - height), width, height)
