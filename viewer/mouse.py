"""The mouse, read once in a frame."""

import dearpygui.dearpygui as dpg

from .gestures import Button, Pointer
from .keyboard import Keyboard

_CODES = {
    Button.LEFT: dpg.mvMouseButton_Left,
    Button.RIGHT: dpg.mvMouseButton_Right,
    Button.MIDDLE: dpg.mvMouseButton_Middle,
}


class Mouse:
    """Collects wheel turns between frames; buttons and position are asked for."""

    def __init__(self, keyboard: Keyboard) -> None:
        self._keyboard = keyboard
        self._wheel = 0.0
        with dpg.handler_registry() as self._registry:
            dpg.add_mouse_wheel_handler(callback=lambda sender, notches: self._turned(notches))

    def read(self, now: float) -> Pointer:
        """What it is like now, in the window's pixels."""
        x, y = dpg.get_mouse_pos(local=False)
        wheel, self._wheel = self._wheel, 0.0
        keyboard = self._keyboard
        return Pointer(
            x,
            y,
            down=frozenset(button for button, code in _CODES.items() if dpg.is_mouse_button_down(code)),
            wheel=wheel,
            shift=keyboard.shift,
            ctrl=keyboard.ctrl,
            alt=keyboard.alt,
            space=keyboard.space,
            time=now,
        )

    def close(self) -> None:
        """Count no more turns: another takes over."""
        dpg.delete_item(self._registry)

    def _turned(self, notches: float) -> None:
        self._wheel += notches
