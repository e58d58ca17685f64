"""The avatar, drawn; what the hand does over it is in `avatar_gestures`."""

import dearpygui.dearpygui as dpg
import numpy as np

from ..core.geometry import project
from ..core.keypoints import Keypoints3D
from .avatar_gestures import handle_avatar_gesture
from .changes import Changes
from .comparing import REACH as DIVIDER_REACH
from .comparing import DividerGestures
from .gestures import GestureReader, Pointer
from .layout import Rect
from .overview_gestures import REACH as OVERVIEW_REACH
from .overview_gestures import OverviewGestures
from .overview_layer import OverviewPicture, draw_overview
from .pen import NOTHING, Pen
from .picturing import render_size
from .render_lane import Rendered
from .session import Session
from .surface import Surface
from .textures import PhotoTextures
from .theme import Palette

MESSAGE_SIZE = 17.0
NO_FACE = "No face was found. Drag the points to where they belong, then solve again."


class AvatarViewport:
    """The newest picture of the avatar, scaled into its region, with the 3D keypoints over it."""

    def __init__(
        self, parent: int | str, session: Session, photos: PhotoTextures, palette: Palette, scale: float
    ) -> None:
        self._session = session
        self._photos = photos
        self.overview = OverviewGestures(session, OVERVIEW_REACH * scale)
        self._divider = DividerGestures(session.comparing, DIVIDER_REACH * scale)
        self._palette = palette
        self._scale = scale
        self._texture = photos.avatar
        self._surface = Surface(parent, palette, scale, filled=False)
        self._reader = GestureReader()
        self._picture_changes = Changes()
        self._camera_changes = Changes()
        self._over_changes = Changes()

    @property
    def is_hovered(self) -> bool:
        """The pointer is over it, and nothing lies between."""
        return self._surface.is_hovered

    def take_focus(self) -> None:
        """Take the keys away from fields."""
        self._surface.take_focus()

    def read(self, rect: Rect, pointer: Pointer) -> None:
        """Take in what the hand did."""
        hovered = self._surface.is_hovered
        self._session.viewport_size = (rect.width, rect.height)
        self._session.pointed_at = (
            (pointer.x / max(rect.width, 1.0), pointer.y / max(rect.height, 1.0)) if hovered else None
        )
        for gesture in self._reader.read(pointer, hovered=hovered):
            if not (self.overview.handle(gesture) or self._divider.handle(gesture, rect.width)):
                handle_avatar_gesture(self._session, gesture)

    def draw(self, rect: Rect) -> None:
        """Draw what has changed."""
        if not self._surface.place(rect):
            self._surface.hide()
            return
        self._draw_picture(rect)
        self._draw_cameras(rect)
        self._draw_over(rect)

    def _draw_picture(self, rect: Rect) -> None:
        session, shown = self._session, self._session.shown
        compared = session.comparing.state(session.now)
        if self._picture_changes.seen(shown, rect, compared, session.document.views if compared[0] else None):
            return
        pen = self._surface.clear("picture")
        if shown is None:
            pen.box(Rect(0, 0, rect.width, rect.height), fill=self._palette.canvas, rounding=6)
            return
        texture, uv_max = self._texture.show(session.comparing.picture(session.document, shown, session.now))
        place = _fitted(shown.job.size, rect)
        end = (place.x + place.width, place.y + place.height)
        dpg.draw_image(texture, (place.x, place.y), end, uv_max=uv_max, parent=pen.layer)

    def _draw_cameras(self, rect: Rect) -> None:
        """Over the picture as it was drawn; the cameras themselves as they are now, so that a drag moves them."""
        session, shown = self._session, self._session.shown
        frustums = self.overview.frustums
        textures = {frustum.view: self._photo_texture(frustum.view) for frustum in frustums}
        eye = shown.job.camera if shown is not None else session.eye.view.camera(*render_size(session))
        chosen, hovered = session.editor.view, self.overview.hovered
        if self._camera_changes.seen(frustums, eye if frustums else None, chosen, hovered, rect, textures):
            return
        pen = self._surface.clear("cameras")
        if frustums:
            place = _fitted((eye.width, eye.height), rect)
            picture, box = OverviewPicture(pen, eye, place, self._palette), session.document.schema.box
            draw_overview(picture, frustums, box, textures.get, eye=eye, chosen=chosen, hovered=hovered)

    def _photo_texture(self, view: int) -> int | None:
        """Of a whole photo, small; None in the first frames, while it is being made."""
        rgb = self._session.document.views[view].photo.rgb
        pieces = self._photos.pieces(rgb, 0.0, (0.0, 0.0, 0.0, 0.0))
        return pieces[0].texture if pieces else None

    def _draw_over(self, rect: Rect) -> None:
        session, shown = self._session, self._session.shown
        calibration = session.document.calibration
        keypoints = calibration.keypoints if calibration is not None and session.overlays else None
        message = "" if shown is not None else session.status().text
        if shown is not None and session.document.shows_nobody:
            message = NO_FACE
        share = session.refined if shown is not None else None
        editor = session.editor
        divider = session.comparing.divider if self._is_wiping else None
        if self._over_changes.seen(shown, keypoints, editor.points, editor.hovered, rect, message, share, divider):
            return
        pen = self._surface.clear("over")
        if divider is not None:
            self._draw_divider(pen, round(divider * rect.width), rect.height)
        if shown is not None and keypoints is not None and not message:
            self._draw_keypoints(pen, shown, keypoints, rect)
        if message:
            lines = pen.wrapped(message, max(rect.width - 48 * self._scale, 1.0), MESSAGE_SIZE)
            for number, line in enumerate(lines):
                x = max(0.5 * (rect.width - pen.text_width(line, MESSAGE_SIZE)), 8.0)
                y = 0.5 * rect.height + (number - 0.5 * len(lines)) * 1.4 * MESSAGE_SIZE * self._scale
                pen.text((x, y), line, self._palette.faint, MESSAGE_SIZE)
        if share is not None and share < 1:
            thick = 3 * self._scale
            pen.box(Rect(0, rect.height - thick, share * rect.width, thick), fill=self._palette.accent)

    @property
    def _is_wiping(self) -> bool:
        session, shown = self._session, self._session.shown
        if session.comparing.kind != "wipe" or shown is None:
            return False
        return session.comparing.view_of(session.document, shown) is not None

    def _draw_divider(self, pen: Pen, x: float, height: float) -> None:
        pen.line((x, 0), (x, height), (12, 13, 15, 150), 3.5)
        pen.line((x, 0), (x, height), (240, 242, 246, 255), 1.5)
        pen.circle((x, 0.5 * height), 7.0, line=(12, 13, 15, 200), fill=(240, 242, 246, 255))

    def _draw_keypoints(self, pen: Pen, shown: Rendered, keypoints: Keypoints3D, rect: Rect) -> None:
        """Over the picture as it was drawn: by its own camera, so that points and pixels move together."""
        editor, place = self._session.editor, _fitted(shown.job.size, rect)
        pixels, depth = project(shown.job.camera, keypoints.xyz)
        at = (pixels + 0.5) / np.array(shown.job.size) * [place.width, place.height] + [place.x, place.y]
        for index, name in enumerate(keypoints.schema.names):
            if depth[index] <= 0:
                continue
            centre, chosen = (float(at[index, 0]), float(at[index, 1])), name in editor.points
            stands_out = chosen or name == editor.hovered
            radius = 4.5 if stands_out else 2.5
            pen.circle(centre, radius + 1, line=(0, 0, 0, 110), width=1)
            fill = self._palette.accent if chosen else NOTHING
            pen.circle(centre, radius, line=(255, 255, 255, 255 if stands_out else 150), fill=fill)


def _fitted(size: tuple[int, int], rect: Rect) -> Rect:
    """Where a picture lies in the region: whole, in the middle, in its own proportions."""
    if abs(size[0] * rect.height - size[1] * rect.width) < max(size) * max(rect.width, rect.height) * 0.02:
        return Rect(0, 0, rect.width, rect.height)  # rounding of the picture's size is no reason for a bar
    scale = min(rect.width / size[0], rect.height / size[1])
    width, height = scale * size[0], scale * size[1]
    return Rect(0.5 * (rect.width - width), 0.5 * (rect.height - height), width, height)
