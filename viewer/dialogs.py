"""Windows in front of the window: a message, a question, the shortcut sheet."""

from collections.abc import Callable, Sequence
from functools import partial

import dearpygui.dearpygui as dpg

from .commands import COMMANDS, GESTURES
from .form import Form


class Dialogs:
    """At most one dialog is open; the next waits until it is closed."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._window: int | str | None = None
        self._cancel: Callable[[], None] | None = None
        self._waiting: list[Callable[[], None]] = []

    @property
    def is_open(self) -> bool:
        """A dialog has the keys and the pointer."""
        return self._window is not None

    def message(self, what_happened: str, what_to_do: str) -> None:
        """Tell what happened and what to do about it."""
        self._ask(what_happened, what_to_do, [("OK", lambda: None)])

    def question(self, text: str, detail: str, answers: Sequence[tuple[str, Callable[[], None]]]) -> None:
        """Ask; the first answer stands out. A last answer “Cancel” is also what Esc means."""
        self._ask(text, detail, answers)

    def shortcuts(self) -> None:
        """What keys and movements do."""
        if self.is_open:
            return
        rows: dict[str, list[tuple[str, str]]] = {}
        for command in COMMANDS:
            if command.keys and not command.title.startswith("Move "):
                rows.setdefault(command.menu, []).append((", ".join(map(str, command.keys)), command.title))
        rows["Points"] += [
            ("← → ↑ ↓", "Move by 1 px"),
            ("Shift + arrow", "Move by 10 px"),
            ("Alt + arrow", "Move by 0.1 px"),
        ]
        for place, movement, meaning in GESTURES:
            rows.setdefault(place, []).append((movement, meaning))

        def fill() -> None:
            groups = list(rows.items())
            half = (len(groups) + 1) // 2
            with dpg.group(horizontal=True, horizontal_spacing=36 * self._form.scale):
                for column in (groups[:half], groups[half:]):
                    with dpg.group():
                        for heading, lines in column:
                            self._form.heading(heading)
                            for keys, meaning in lines:
                                with dpg.group(horizontal=True, xoffset=170 * self._form.scale):
                                    dpg.add_text(keys, color=self._form.palette.faint)
                                    dpg.add_text(meaning)
                            dpg.add_spacer(height=int(4 * self._form.scale))
            self._buttons([("Close", lambda: None)])

        self._open("Shortcuts", fill, None)

    def show(self, title: str, fill: Callable[[], None], cancelled: Callable[[], None] | None, width: int = 0) -> None:
        """A dialog of another kind: `fill` adds what is in it."""
        self._open(title, fill, cancelled, width)

    def cancel(self) -> None:
        """Esc."""
        cancel = self._cancel
        self.close()
        if cancel is not None:
            cancel()

    def close(self) -> None:
        """Close what is open; what waits is opened in one of the next frames."""
        if self._window is not None:
            dpg.delete_item(self._window)
        self._window = self._cancel = None

    def update(self, width: float, height: float) -> None:
        """Keep the dialog in the middle, and open the one that waits."""
        if self._window is None and self._waiting:
            self._waiting.pop(0)()
        if self._window is not None:
            own = dpg.get_item_rect_size(self._window)
            place = [max(0, int(0.5 * (width - own[0]))), max(0, int(0.42 * (height - own[1])))]
            if own[0] > 0 and dpg.get_item_pos(self._window) != place:
                dpg.set_item_pos(self._window, place)

    def _ask(self, text: str, detail: str, answers: Sequence[tuple[str, Callable[[], None]]]) -> None:
        if self.is_open:
            self._waiting.append(lambda: self._ask(text, detail, answers))
            return
        cancel = next((run for label, run in answers if label == "Cancel"), None)

        def fill() -> None:
            wrap = 420 * self._form.scale
            dpg.configure_item(self._form.heading(text), wrap=wrap)
            if detail:
                dpg.configure_item(self._form.hint(detail), wrap=wrap)
            dpg.add_spacer(height=int(4 * self._form.scale))
            self._buttons(answers)

        self._open("", fill, cancel)

    def _open(self, title: str, fill: Callable[[], None], cancelled: Callable[[], None] | None, width: int = 0) -> None:
        if self.is_open:
            self._waiting.append(lambda: self._open(title, fill, cancelled, width))
            return
        self._cancel = cancelled
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
            on_close=lambda: self.cancel(),
        ) as self._window:
            fill()

    def _buttons(self, answers: Sequence[tuple[str, Callable[[], None]]]) -> None:
        with dpg.group(horizontal=True):
            for index, (label, run) in enumerate(answers):
                self._form.button(label, partial(self._answered, run), primary=index == 0)

    def _answered(self, run: Callable[[], None]) -> None:
        self.close()
        run()
