"""Keys: from Dear PyGui's codes to commands."""

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from .commands import COMMANDS, Command, Key, command_for

_NAMED = {
    "Left": dpg.mvKey_Left,
    "Right": dpg.mvKey_Right,
    "Up": dpg.mvKey_Up,
    "Down": dpg.mvKey_Down,
    "Delete": dpg.mvKey_Delete,
    "Backspace": dpg.mvKey_Back,
    "Escape": dpg.mvKey_Escape,
    "Space": dpg.mvKey_Spacebar,
    "Tab": dpg.mvKey_Tab,
    "[": dpg.mvKey_Open_Brace,
    "]": dpg.mvKey_Close_Brace,
    "?": dpg.mvKey_Slash,
}
DIALOG_KEYS = ("Escape", "Return")
ARROWS = ("Left", "Right", "Up", "Down")


class Keyboard:
    """Listens to the keys that commands have, and to no others.

    `run` is called with a command; `is_typing` tells when keys belong to a field or a dialog instead; then only
    Esc and Enter have a meaning, which is `dialog_key`'s business.
    """

    def __init__(
        self, run: Callable[[Command], None], is_typing: Callable[[], bool], dialog_key: Callable[[str], None]
    ) -> None:
        self._run = run
        self._is_typing = is_typing
        self._dialog_key = dialog_key
        self._held: set[int] = set()
        names = {key.name for command in COMMANDS for key in command.keys} | set(DIALOG_KEYS)
        with dpg.handler_registry():
            for name in sorted(names):
                dpg.add_key_press_handler(_code(name), callback=self._pressed, user_data=name)

    @property
    def shift(self) -> bool:
        """A shift key is held."""
        return dpg.is_key_down(dpg.mvKey_LShift) or dpg.is_key_down(dpg.mvKey_RShift)

    @property
    def ctrl(self) -> bool:
        """A control key is held."""
        return dpg.is_key_down(dpg.mvKey_LControl) or dpg.is_key_down(dpg.mvKey_RControl)

    @property
    def alt(self) -> bool:
        """An alt key is held."""
        return dpg.is_key_down(dpg.mvKey_LAlt) or dpg.is_key_down(dpg.mvKey_RAlt)

    @property
    def space(self) -> bool:
        """The space bar is held."""
        return dpg.is_key_down(dpg.mvKey_Spacebar)

    @property
    def arrows(self) -> bool:
        """An arrow key is held."""
        return any(dpg.is_key_down(_NAMED[name]) for name in ARROWS)

    def end_frame(self) -> None:
        """Forget the keys that were let go."""
        self._held = {code for code in self._held if dpg.is_key_down(code)}

    def _pressed(self, sender: int, code: int, name: str) -> None:
        again = code in self._held
        self._held.add(code)
        if self._is_typing():
            if name in DIALOG_KEYS and not again:
                self._dialog_key(name)
            return
        key = Key("?") if name == "?" and self.shift else Key(name, ctrl=self.ctrl, shift=self.shift, alt=self.alt)
        command = command_for(key)
        if command is not None and (command.repeats or not again):
            self._run(command)


def _code(name: str) -> int:
    return _NAMED[name] if name in _NAMED else getattr(dpg, f"mvKey_{name}")
