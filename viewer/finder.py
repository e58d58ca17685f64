"""Ctrl+P: every command, found by typing a few letters of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from .dialogs import Dialogs
from .matching import matches

MOST_SHOWN = 12
WIDTH, ROW = 520, 26


@dataclass(frozen=True)
class Choice:
    """Something that can be found and done."""

    title: str
    detail: str
    """What stands at its right: a key."""
    run: Callable[[], None]
    is_enabled: bool = True


class Finder:
    """A line to type into and what matches it; arrows choose, Enter does, a click too."""

    def __init__(self, dialogs: Dialogs) -> None:
        self._dialogs = dialogs
        self._choices: Sequence[Choice] = ()
        self._found: list[int] = []
        self._rows: list[int | str] = []
        self._marked = 0

    def open(self, choices: Sequence[Choice]) -> None:
        """Show them all; the ones that cannot be done now are faint."""
        if self._dialogs.is_open:
            return
        self._choices = choices
        form = self._dialogs.form
        self._dialogs.show("Find a command", self._fill, int(WIDTH * form.scale), self._press)

    def _fill(self) -> None:
        form = self._dialogs.form
        self._line = dpg.add_input_text(
            width=-1, hint="Type a few letters", callback=lambda sender, text: self._search(text)
        )
        form.watch(self._line)
        dpg.focus_item(self._line)
        height = int((MOST_SHOWN * ROW + 16) * form.scale)
        self._list = dpg.add_child_window(height=height, border=False, no_scrollbar=True)
        self._search("")

    def _search(self, text: str) -> None:
        found = matches(text, [choice.title for choice in self._choices])
        self._found = sorted(found, key=lambda index: not self._choices[index].is_enabled)[:MOST_SHOWN]
        self._marked = 0
        form = self._dialogs.form
        dpg.delete_item(self._list, children_only=True)
        self._rows = []
        for place, index in enumerate(self._found):
            choice = self._choices[index]
            with dpg.group(horizontal=True, parent=self._list, xoffset=380 * form.scale):
                row = dpg.add_selectable(
                    label=choice.title,
                    span_columns=True,
                    height=int((ROW - 7) * form.scale),
                    enabled=choice.is_enabled,
                    user_data=place,
                    callback=lambda sender, value, place: self._accept(place),
                )
                dpg.add_text(choice.detail, color=form.palette.faint)
            self._rows.append(row)
        if not self._found:
            dpg.add_text("No command is called like that", parent=self._list, color=form.palette.faint)
        self._mark(0)

    def _press(self, name: str) -> bool:
        if name in ("Up", "Down"):
            self._mark(self._marked + (1 if name == "Down" else -1))
        elif name == "Return":
            self._accept(self._marked)
        else:
            return False
        return True

    def _mark(self, place: int) -> None:
        if self._rows:
            self._marked = place % len(self._rows)
        for index, row in enumerate(self._rows):
            dpg.set_value(row, index == self._marked)

    def _accept(self, place: int) -> None:
        if place >= len(self._found):
            return
        choice = self._choices[self._found[place]]
        if choice.is_enabled:
            self._dialogs.close()
            choice.run()
        else:
            self._mark(self._marked)
