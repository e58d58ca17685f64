"""The line at the bottom: what is going on, in one sentence."""

from dataclasses import replace

from .changes import Changes
from .layout import Rect
from .session import Session
from .surface import Surface
from .theme import Palette

BAR_WIDTH = 180
HINT_ROOM = 160
HINT = "?  shortcuts"


class StatusLine:
    """Draws the session's status; a bar beside it shows how far something is."""

    def __init__(self, parent: int | str, session: Session, palette: Palette, scale: float) -> None:
        self._session = session
        self._palette = palette
        self._scale = scale
        self._surface = Surface(parent, palette, scale, filled=False)
        self._changes = Changes()

    def update(self, rect: Rect) -> None:
        """Draw it anew where something has changed."""
        if not self._surface.place(rect):
            self._surface.hide()
            return
        status = self._session.status()
        if self._changes.seen(status, rect):
            return
        pen, scale, palette = self._surface.clear("line"), self._scale, self._palette
        dot = {"ready": palette.placed, "error": palette.error}.get(status.kind, palette.accent)
        colour = {"ready": palette.faint, "error": palette.error}.get(status.kind, palette.text)
        middle = 0.5 * rect.height
        pen.circle((16 * scale, middle), 3.5, fill=dot)
        room = rect.width - (HINT_ROOM + BAR_WIDTH * (status.share is not None)) * scale
        text = pen.shortened(status.text, room)
        pen.text((28 * scale, middle - 8 * scale), text, colour)
        if status.share is not None:
            left = max(44 * scale + pen.text_width(text), 230 * scale)
            bar = Rect(left, middle - 2 * scale, BAR_WIDTH * scale, 4 * scale)
            pen.box(bar, fill=palette.field, rounding=2)
            pen.box(replace(bar, width=bar.width * min(status.share, 1.0)), fill=palette.accent, rounding=2)
        pen.text((rect.width - pen.text_width(HINT) - 14 * scale, middle - 8 * scale), HINT, palette.faint)
