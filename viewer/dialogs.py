"""Windows in front of the window: a message, a question, the shortcut sheet."""

from collections.abc import Callable, Sequence
from functools import partial

import dearpygui.dearpygui as dpg

from .command import Command
from .commands import COMMANDS, GESTURES
from .form import Form

Answer = tuple[str, Callable[[], None]]
"""What is written on a button, and what pressing it does once the dialog is closed."""
FRAMES_BETWEEN = 2
"""The toolkit closes a dialog that is opened in the frame in which another was deleted."""


Group = tuple[str, list[tuple[str, str]]]
"""A heading of the shortcut sheet, with keys and what they do."""
COLUMNS = 3


class Dialogs:
    """At most one dialog is open; messages and questions wait until it is closed."""

    def __init__(self, form: Form, commands: Sequence[Command] = COMMANDS) -> None:
        self._form = form
        self._commands = commands
        self._window: int | str | None = None
        self._default: Callable[[], None] | None = None
        self._otherwise: Callable[[], None] | None = None
        self._press: Callable[[str], bool] | None = None
        self._asked: set[str] = set()
        self._next: list[Callable[[], None]] = []
        self._frames_to_wait = 0

    @property
    def form(self) -> Form:
        """Makes the fields in dialogs."""
        return self._form

    @property
    def is_open(self) -> bool:
        """A dialog has the keys and the pointer."""
        return self._window is not None or bool(self._next)

    def message(self, what_happened: str, what_to_do: str) -> None:
        """Tell what happened and what to do about it."""
        self.question(what_happened, what_to_do, [("OK", lambda: None)])

    def question(
        self, text: str, detail: str, answers: Sequence[Answer], *, otherwise: Callable[[], None] | None = None
    ) -> None:
        """Ask; the first answer stands out, and Enter gives it. Esc gives none: then `otherwise` goes on."""
        if text not in self._asked:  # once is enough
            self._asked.add(text)
            self._next.append(lambda: self._ask(text, detail, answers, otherwise))

    def shortcuts(self) -> None:
        """What keys and movements do."""
        if self.is_open:
            return
        groups: dict[str, list[tuple[str, str]]] = {}
        for command in self._commands:
            if command.keys and not command.repeats or command.in_menu and command.keys:
                groups.setdefault(command.menu, []).append((", ".join(map(str, command.keys)), command.title))
        groups["Points"] += [("Arrow", "Move by 1 px"), ("Shift + arrow", "By 10 px"), ("Alt + arrow", "By 0.1 px")]
        for place, movement, meaning in GESTURES:
            groups.setdefault(place, []).append((movement, meaning))
        self.show("Shortcuts", lambda: self._fill_shortcuts(list(groups.items())))

    def show(
        self, title: str, fill: Callable[[], None], width: int = 0, press: Callable[[str], bool] | None = None
    ) -> None:
        """A dialog of another kind: `fill` adds what is in it; no `width`: as wide as that needs.

        `press` is told of Enter and arrows before anybody else, and whether it had a use for them.
        """

        def open() -> None:
            self._open(title, fill, width)
            self._press = press

        self._next.append(open)

    def press(self, name: str, *, is_typing: bool) -> None:
        """A key that dialogs have a use for: Esc closes, Enter gives the first answer."""
        if self._press is not None and self._press(name):
            return
        if name == "Escape":
            self.close()
        elif name == "Return" and not is_typing and self._default is not None:  # a field has its own use for Enter
            self._answered(self._default)

    def close(self) -> None:
        """Close what is open without an answer; then it is the next one's turn."""
        otherwise = self._otherwise
        self._end()
        if otherwise is not None:
            self._next.insert(0, otherwise)

    def _end(self) -> None:
        if self._window is not None:
            dpg.delete_item(self._window)
            self._frames_to_wait = FRAMES_BETWEEN
        self._window = self._default = self._otherwise = self._press = None

    def update(self, width: float, height: float) -> None:
        """Keep the dialog in the middle, and open the next one."""
        if self._window is None and self._frames_to_wait > 0:
            self._frames_to_wait -= 1
        elif self._window is None and self._next:
            self._next.pop(0)()
        if self._window is not None:
            own = dpg.get_item_rect_size(self._window)
            place = [max(0, int(0.5 * (width - own[0]))), max(0, int(0.42 * (height - own[1])))]
            if own[0] > 0 and dpg.get_item_pos(self._window) != place:
                dpg.set_item_pos(self._window, place)

    def _open(self, title: str, fill: Callable[[], None], width: int = 0) -> None:
        with dpg.window(
            label=title,
            modal=True,
            no_title_bar=not title,
            no_resize=True,
            no_move=True,
            no_collapse=True,
            no_saved_settings=True,
            autosize=not width,
            width=width,
            on_close=lambda sender: self._closed(sender),
        ) as self._window:
            fill()

    def _closed(self, window: int | str) -> None:
        """The ✕ was pressed, or the toolkit tells late of a dialog that was followed by another already."""
        if window == self._window:
            self.close()

    def _ask(self, text: str, detail: str, answers: Sequence[Answer], otherwise: Callable[[], None] | None) -> None:
        def fill() -> None:
            wrap = 420 * self._form.scale
            dpg.configure_item(self._form.heading(text), wrap=wrap)
            if detail:
                dpg.configure_item(self._form.hint(detail), wrap=wrap)
            dpg.add_spacer(height=int(4 * self._form.scale))
            with dpg.group(horizontal=True):
                for index, (label, run) in enumerate(answers):
                    self._form.button(label, partial(self._answered, run), primary=index == 0)

        self._asked.discard(text)
        self._default, self._otherwise = answers[0][1], otherwise
        self._open("", fill)

    def _answered(self, run: Callable[[], None]) -> None:
        self._end()
        self._next.insert(0, run)

    def _fill_shortcuts(self, groups: list[Group]) -> None:
        scale = self._form.scale
        with dpg.group(horizontal=True, horizontal_spacing=28 * scale):
            for column in in_columns(groups, COLUMNS):
                with dpg.group():
                    for heading, lines in column:
                        self._form.heading(heading)
                        for keys, meaning in lines:
                            with dpg.group(horizontal=True, xoffset=164 * scale):
                                dpg.add_text(keys, color=self._form.palette.faint)
                                dpg.add_text(meaning)
                        dpg.add_spacer(height=int(4 * scale))
        self._form.button("Close", self.close, primary=True)


def in_columns(groups: Sequence[Group], columns: int) -> list[list[Group]]:
    """Groups in their order, in columns that are about equally long."""
    heights = [len(lines) + 2 for _, lines in groups]
    filled: list[list[Group]] = [[] for _ in range(columns)]
    above = 0
    for group, height in zip(groups, heights, strict=True):
        middle = above + 0.5 * height
        filled[min(int(columns * middle / sum(heights)), columns - 1)].append(group)
        above += height
    return filled
