"""Asking for one number."""

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from .dialogs import Dialogs


class NumberDialog:
    """A line to type a number into; Enter takes it."""

    def __init__(self, dialogs: Dialogs) -> None:
        self._dialogs = dialogs
        self._field: int | str = 0
        self._problem: int | str = 0

    def ask(self, title: str, value: float, answered: Callable[[float], None]) -> None:
        """Open the dialog with a number to begin with."""
        form = self._dialogs.form

        def accept() -> None:
            text = dpg.get_value(self._field).strip().replace(",", ".")
            try:
                number = float(text)
            except ValueError:
                dpg.set_value(self._problem, "Write a number like 0.095")
                return
            self._dialogs.close()
            answered(number)

        def fill() -> None:
            self._field = dpg.add_input_text(
                width=-1, default_value=f"{value:.4f}", on_enter=True, callback=lambda: accept()
            )
            form.watch(self._field)
            dpg.focus_item(self._field)
            with dpg.group(horizontal=True):
                form.button("Apply", accept, primary=True)
                form.button("Cancel", self._dialogs.close)
                self._problem = dpg.add_text("", color=form.palette.warning)

        self._dialogs.show(title, fill, int(460 * form.scale))
