"""Labelled fields for panels; knows which of them are being typed in."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Literal

import dearpygui.dearpygui as dpg

from .command import Command
from .commands import COMMANDS
from .editor import Edit
from .session import Session
from .theme import Fonts, Palette, primary_button_theme

LABEL_WIDTH = 104
TIP_SECONDS = 0.5


class Form:
    """Makes fields that look alike, inside whatever container is open."""

    def __init__(self, palette: Palette, fonts: Fonts, scale: float, commands: Sequence[Command] = COMMANDS) -> None:
        """`commands`: what tooltips take keys from."""
        self._commands = {command.title: command for command in commands}
        self.palette = palette
        self.scale = scale
        self.fonts = fonts
        self._fields: list[int | str] = []
        self._primary = primary_button_theme(palette)

    @property
    def is_typing(self) -> bool:
        """Keys belong to a field now."""
        self._fields = [field for field in self._fields if dpg.does_item_exist(field)]
        return any(dpg.is_item_active(field) for field in self._fields)

    def watch(self, field: int | str) -> int | str:
        """Remember a field that can be typed in."""
        self._fields.append(field)
        return field

    def heading(self, text: str) -> int | str:
        """A title within a panel."""
        title = dpg.add_text(text)
        dpg.bind_item_font(title, self.fonts.strong)
        return title

    def hint(self, text: str) -> int | str:
        """A faint explanation."""
        return dpg.add_text(text, color=self.palette.faint, wrap=0)

    def tip(self, item: int | str, title: str) -> None:
        """Have an item say, while the pointer rests on it, which command it does and with which key."""
        command = self._commands.get(title)
        if command is not None and command.keys:
            with dpg.tooltip(item, delay=TIP_SECONDS, hide_on_activity=True):
                dpg.add_text(f"{command.title}   {', '.join(map(str, command.keys))}")

    @contextmanager
    def labelled(self, label: str) -> Iterator[None]:
        """A row: the label, and beside it what is added inside."""
        with dpg.group(horizontal=True, xoffset=LABEL_WIDTH * self.scale):
            dpg.add_text(label, color=self.palette.faint)
            yield

    def choice(self, label: str, choices: Sequence[str], chosen: Callable[[str], None]) -> int | str:
        """One of several words."""
        with self.labelled(label):
            return dpg.add_combo(list(choices), width=-1, callback=lambda sender, value: chosen(value))

    def number(self, label: str, value: int, lower: int, upper: int, changed: Callable[[int], None]) -> int | str:
        """A whole number to type or to step."""
        with self.labelled(label):
            field = dpg.add_input_int(
                default_value=value,
                min_value=lower,
                max_value=upper,
                min_clamped=True,
                max_clamped=True,
                width=-1,
                callback=lambda sender, typed: changed(typed),
            )
        return self.watch(field)

    def slider(
        self, label: str, lower: float, upper: float, changed: Callable[[float], None], pattern: str = "%.0f"
    ) -> int | str:
        """A number between two ends that is no part of the document."""
        with self.labelled(label):
            field = dpg.add_slider_float(
                min_value=lower,
                max_value=upper,
                format=pattern,
                clamped=True,
                width=-1,
                callback=lambda sender, value: changed(value),
            )
        return self.watch(field)

    def button(
        self, label: str, pressed: Callable[[], None], *, primary: bool = False, width: int = 0, does: str | None = None
    ) -> int | str:
        """A button; the primary one stands out. One that does a command, by its label or `does`, says its key."""
        button = dpg.add_button(label=label, width=width, callback=lambda: pressed())
        self.tip(button, label if does is None else does)
        if primary:
            dpg.bind_item_theme(button, self._primary)
        return button

    def arrow(self, direction: Literal["up", "down"], pressed: Callable[[], None], *, does: str) -> int | str:
        """A button with an arrow on it that does a command."""
        towards = dpg.mvDir_Up if direction == "up" else dpg.mvDir_Down
        button = dpg.add_button(label=does, arrow=True, direction=towards, callback=lambda: pressed())
        self.tip(button, does)
        return button


class DraggedNumber:
    """A number of the document: dragging or typing shows it at once, and is one entry of the history."""

    def __init__(
        self,
        form: Form,
        session: Session,
        label: str,
        *,
        title: Callable[[], str],
        edit: Callable[[float], Edit],
        lower: float,
        upper: float,
        speed: float,
        pattern: str,
        width: int = -1,
    ) -> None:
        """Without a `label` it stands in the row that is open, `width` pixels wide (-1: to the end of it)."""
        self._session = session
        self._title = title
        self._edit = edit
        self._is_dragging = False
        with form.labelled(label) if label else nullcontext():
            self._field = dpg.add_drag_float(
                min_value=lower,
                max_value=upper,
                speed=speed,
                format=pattern,
                clamped=True,
                width=width,
                callback=lambda sender, value: self._changed(value),
            )
        form.watch(self._field)
        with dpg.item_handler_registry() as handlers:
            dpg.add_item_deactivated_handler(callback=lambda: self._ended())
        dpg.bind_item_handler_registry(self._field, handlers)

    def show(self, value: float | None) -> None:
        """Follow the document, unless the hand is on the field; None: there is nothing to show."""
        dpg.configure_item(self._field, enabled=value is not None)
        if value is not None and not dpg.is_item_active(self._field):
            dpg.set_value(self._field, value)

    def _changed(self, value: float) -> None:
        editor = self._session.editor
        if not self._is_dragging:
            editor.begin(self._title())
            self._is_dragging = True
        editor.preview(self._edit(value))

    def _ended(self) -> None:
        if self._is_dragging:
            self._is_dragging = False
            self._session.editor.commit()
