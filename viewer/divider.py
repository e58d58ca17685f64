"""The bar between photos and avatar."""

from .changes import Changes
from .gestures import Button, Dragged, GestureReader, Pointer
from .layout import Layout, Rect
from .preferences import PHOTO_SHARE
from .surface import Surface
from .theme import Palette

LEAST, MOST = 0.12, 0.8


class Divider:
    """Dragging it gives photos more room, or less."""

    def __init__(self, parent: int | str, palette: Palette) -> None:
        self.share = PHOTO_SHARE
        """The photos' part of the width."""
        self._surface = Surface(parent, palette, filled=False)
        self._reader = GestureReader()
        self._palette = palette
        self._changes = Changes()

    def update(self, layout: Layout, pointer: Pointer, *, blocked: bool) -> None:
        """Take in what the hand did."""
        rect = layout.divider
        if rect.width < 1 or rect.height < 8:
            self._surface.hide()
            return
        self._surface.place(rect)
        hovered = not blocked and rect.contains(pointer.x, pointer.y)
        for gesture in self._reader.read(pointer, hovered=hovered):
            if isinstance(gesture, Dragged) and gesture.button is Button.LEFT:
                room = layout.photo_area.width + rect.width + layout.avatar.width
                share = (gesture.pointer.x - layout.photo_area.x) / max(room, 1.0)
                self.share = min(max(share, LEAST), MOST)
        lit = hovered or self._reader.is_captured
        if not self._changes.seen(lit, rect):
            fill = self._palette.pressed if lit else self._palette.window
            self._surface.clear("bar").box(Rect(0, 0, rect.width, rect.height), fill=fill)
