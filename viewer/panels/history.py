"""What was done, entry by entry: clicking one goes there."""

import dearpygui.dearpygui as dpg

from ..changes import Changes
from ..form import Form
from ..session import Session
from ..theme import table_theme

MOST_ROWS = 160
"""Of the list; those round the current entry."""


class HistoryPanel:
    """The newest entry is at the top; what redo leads to is above the current one, and faint."""

    def __init__(self, session: Session, form: Form) -> None:
        self._session = session
        self._form = form
        self._changes = Changes()
        self._summary = form.hint("0 edits")
        self._body = dpg.add_child_window(border=False, height=-1)
        dpg.bind_item_theme(self._body, table_theme(form.scale))
        with dpg.theme() as self._faint, dpg.theme_component(dpg.mvSelectable):
            dpg.add_theme_color(dpg.mvThemeCol_Text, form.palette.faint)

    def update(self) -> None:
        """Show the history as it is now."""
        history = self._session.editor.history
        if dpg.is_item_visible(self._summary) and not self._changes.seen(history, history.changes):
            self._fill()

    def _fill(self) -> None:
        history = self._session.editor.history
        entries, cursor = history.entries, history.cursor
        done = f"{cursor} edit{'' if cursor == 1 else 's'}"
        ahead = len(entries) - 1 - cursor
        dpg.set_value(self._summary, done + (f", {ahead} taken back" if ahead else ""))
        dpg.delete_item(self._body, children_only=True)
        newest = min(len(entries), cursor + MOST_ROWS // 2)
        oldest = max(newest - MOST_ROWS, 0)
        if newest < len(entries):
            dpg.add_text(f"{len(entries) - newest} more", parent=self._body, color=self._form.palette.faint)
        for index in range(newest - 1, oldest - 1, -1):
            row = dpg.add_selectable(
                label=f"{entries[index].label}##{index}",
                parent=self._body,
                default_value=index == cursor,
                height=int(22 * self._form.scale),
                user_data=index,
                callback=lambda sender, value, index: self._go_to(index),
            )
            if index > cursor:
                dpg.bind_item_theme(row, self._faint)
        if oldest > 0:
            dpg.add_text(f"{oldest} more", parent=self._body, color=self._form.palette.faint)

    def _go_to(self, index: int) -> None:
        self._session.go_to(index)
        self._changes.forget()
