"""Three short hints over the sample, the first time that it is seen.

Each goes away once it was followed, none ever comes back, and somebody's own photos stay free of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import dearpygui.dearpygui as dpg

from .changes import Changes
from .layout import Layout, Rect
from .pen import Pen
from .preferences import Memory
from .sample import is_sample
from .session import Session
from .theme import Palette

PADDING, LINE = 12, 20


@dataclass(frozen=True)
class _Hint:
    lines: tuple[str, str]
    place: Callable[[Layout], Rect]
    was_followed: Callable[[Session], bool]


class Hints:
    """Drawn over the window without being in the way of the pointer."""

    def __init__(self, session: Session, memory: Memory, palette: Palette, scale: float) -> None:
        self._session = session
        self._palette = palette
        self._scale = scale
        self._changes = Changes()
        self._left: list[_Hint] = []
        self._drawlist: int | None = None
        self._view: object = None
        self._is_over_sample = False
        if not memory.now.hints_seen:
            self._left = list(_HINTS)
            self._drawlist = dpg.add_viewport_drawlist(front=True)
        self._memory = memory

    @property
    def shown(self) -> Sequence[str]:
        """What is being told."""
        return [hint.lines[0] for hint in self._left] if self._view is not None and self._is_over_sample else []

    def keys_are_known(self) -> None:
        """Somebody found the commands or the sheet of keys."""
        self._left = [hint for hint in self._left if hint is not _KEYS]

    def dismiss(self) -> None:
        """All of them are known."""
        self._left = []

    def update(self, layout: Layout, *, hidden: bool) -> None:
        """Draw those that nobody has followed yet, from when there is something to try them on."""
        if self._drawlist is None:
            return
        session = self._session
        self._is_over_sample = is_sample(session.sources)
        if not self._is_over_sample or session.shown is None or session.task_lane.current is not None:
            hidden = True
        elif self._view is None:
            self._view = session.eye.view
            self._memory.change(hints_seen=True)
        if self._view is not None:
            self._left = [hint for hint in self._left if not hint.was_followed(session)]
            if session.eye.view is not self._view:
                self._left = [hint for hint in self._left if hint is not _ORBIT]
        drawn = () if hidden else tuple((hint.lines, hint.place(layout)) for hint in self._left)
        if self._changes.seen(drawn):
            return
        dpg.delete_item(self._drawlist, children_only=True)
        for lines, rect in drawn:
            self._draw(lines, rect)
        if not self._left:
            self.close()

    def close(self) -> None:
        """Take them off the screen for good."""
        if self._drawlist is not None:
            dpg.delete_item(self._drawlist)
        self._drawlist = None

    def _draw(self, lines: tuple[str, str], rect: Rect) -> None:
        assert self._drawlist is not None
        pen, scale = Pen(self._drawlist, self._scale), self._scale
        width = max(pen.text_width(line) for line in lines) + 2 * PADDING * scale
        height = (2 * LINE + 1.4 * PADDING) * scale
        x = rect.x + 0.5 * (rect.width - width)
        y = rect.y + rect.height - height - 14 * scale
        box = Rect(max(x, rect.x), y, width, height)
        pen.box(box, line=self._palette.accent, fill=self._palette.panel, rounding=6, width=1.5)
        for row, (line, colour) in enumerate(zip(lines, (self._palette.text, self._palette.faint), strict=True)):
            at = (box.x + PADDING * scale, box.y + (0.6 * PADDING + row * LINE) * scale)
            pen.text(at, line, colour)


def _photos(layout: Layout) -> Rect:
    return layout.photos[-1] if layout.photos else layout.photo_area


_MOVE = _Hint(
    ("Drag a point in a photo", "The avatar changes while you do"),
    _photos,
    lambda session: len(session.editor.history.entries) > 1 or session.editor.is_dragging,
)
_ORBIT = _Hint(
    ("Drag the avatar to turn it", "Wheel: nearer, farther; F: all of it"),
    lambda layout: layout.avatar,
    lambda session: False,  # seen by the eye having moved
)
_KEYS = _Hint(
    ("Ctrl+P finds every command", "? shows the keys; Esc hides these hints"),
    lambda layout: replace(layout.avatar, height=0.16 * layout.avatar.height),
    lambda session: False,  # told by the window
)
_HINTS = (_MOVE, _ORBIT, _KEYS)
