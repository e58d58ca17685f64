"""The line at the bottom: what is going on, in one sentence."""

import dearpygui.dearpygui as dpg

from .layout import Rect
from .session import Session, Status
from .surface import Surface
from .theme import Palette

BAR_WIDTH = 180


class StatusLine:
    """Draws the session's status; a bar beside it shows how far something is."""

    def __init__(self, parent: int | str, session: Session, palette: Palette, scale: float) -> None:
        self._session = session
        self._palette = palette
        self._scale = scale
        self._surface = Surface(parent, palette)
        self._drawn: tuple[Status, str, Rect] | None = None

    def update(self, rect: Rect) -> None:
        """Draw it anew where something has changed."""
        if not self._surface.place(rect):
            self._surface.hide()
            return
        status, hint = self._session.status(), "?  shortcuts"
        if (status, hint, rect) == self._drawn:
            return
        self._drawn = (status, hint, rect)
        layer, scale, palette = self._surface.clear("line"), self._scale, self._palette
        dpg.draw_rectangle((0, 0), (rect.width, rect.height), color=palette.window, fill=palette.window, parent=layer)
        colour = {"error": palette.error, "note": palette.text, "busy": palette.text}.get(status.kind, palette.faint)
        dot = {"error": palette.error, "busy": palette.accent, "note": palette.accent}.get(status.kind, palette.placed)
        middle, size = 0.5 * rect.height, 14 * scale
        dpg.draw_circle((16 * scale, middle), 3.5 * scale, color=dot, fill=dot, parent=layer)
        dpg.draw_text((28 * scale, middle - 0.58 * size), status.text, size=size, color=colour, parent=layer)
        if status.share is not None:
            width = (dpg.get_text_size(status.text) or (8 * len(status.text), 0))[0] * size / (15 * scale)
            left = max(28 * scale + width + 16 * scale, 230 * scale)
            right, top, bottom = left + BAR_WIDTH * scale, middle - 2 * scale, middle + 2 * scale
            dpg.draw_rectangle(
                (left, top), (right, bottom), color=palette.field, fill=palette.field, rounding=2, parent=layer
            )
            if status.share > 0:
                end = left + min(status.share, 1.0) * (right - left)
                dpg.draw_rectangle(
                    (left, top), (end, bottom), color=palette.accent, fill=palette.accent, rounding=2, parent=layer
                )
        hint_width = (dpg.get_text_size(hint) or (80, 0))[0] * size / (15 * scale)
        at = (rect.width - hint_width - 14 * scale, middle - 0.58 * size)
        dpg.draw_text(at, hint, size=size, color=palette.faint, parent=layer)
