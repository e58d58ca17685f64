"""Keys: from Dear PyGui's codes to commands."""

from collections.abc import Callable, Sequence

import dearpygui.dearpygui as dpg

from .command import Command, Key
from .commands import COMMANDS

_NAMED = {
    "Left": dpg.mvKey_Left,
    "Right": dpg.mvKey_Right,
    "Up": dpg.mvKey_Up,
    "Down": dpg.mvKey_Down,
    "Delete": dpg.mvKey_Delete,
    "Backspace": dpg.mvKey_Back,
    "Escape": dpg.mvKey_Escape,
    "Return": dpg.mvKey_Return,
    "Space": dpg.mvKey_Spacebar,
    "Tab": dpg.mvKey_Tab,
    "[": dpg.mvKey_Open_Brace,
    "]": dpg.mvKey_Close_Brace,
    "?": dpg.mvKey_Slash,
    "-": dpg.mvKey_Minus,
    "=": 602,  # what Dear PyGui calls Plus and Colon here are codes that no key has
    ";": 601,
    ",": dpg.mvKey_Comma,
    ".": dpg.mvKey_Period,
}
DIALOG_KEYS = ("Escape", "Return", "Up", "Down")
ARROWS = ("Left", "Right", "Up", "Down")


class Modifiers:
    """Which modifier keys count for the keys pressed in a frame, when both may come and go within that frame."""

    def __init__(self) -> None:
        self._held: tuple[bool, ...] = (False, False, False)
        self._used: tuple[bool, ...] = self._held

    def count(self, held: tuple[bool, ...], *, pressed: bool) -> list[bool]:
        """Which of Ctrl, Shift and Alt count, by which are `held` at the frame's end; `pressed`: some key came with it.

        Of a quick Ctrl+Z, Ctrl may be up again in the frame that brings the Z: then it counts, for the frame before
        knew of it. Where it had served another key already, it was let go for good and what comes now is a plain key:
        a B soon after Ctrl+Z is no Ctrl+B.
        """
        counts = [now or (was and not used) for now, was, used in zip(held, self._held, self._used, strict=True)]
        self._used = tuple(now and (used or pressed) for now, used in zip(held, self._used, strict=True))
        self._held = held
        return counts


class Keyboard:
    """Looks once in a frame at the keys that commands have, and at no others.

    Asked for rather than called back, because a callback comes a frame late.
    """

    def __init__(self, commands: Sequence[Command] = COMMANDS) -> None:
        self._commands = {key: command for command in commands for key in command.keys}
        names = {key.name for key in self._commands} | {*DIALOG_KEYS, *ARROWS}
        self._codes = {name: _code(name) for name in sorted(names)}
        self._held: set[str] = set()
        self._modifiers = Modifiers()

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
        return any(name in self._held for name in ARROWS)

    @property
    def is_held(self) -> bool:
        """Any of the keys that are looked at is held."""
        return bool(self._held)

    def read(self, *, is_typing: bool, run: Callable[[Command], None], dialog_key: Callable[[str], None]) -> None:
        """Do what the keys pressed since the last frame mean.

        While they belong to a field or a dialog (`is_typing`), only Esc, Enter, up and down have a meaning, which is
        `dialog_key`'s business.
        """
        pressed = [name for name, code in self._codes.items() if dpg.is_key_pressed(code)]
        modifiers = self._modifiers.count((self.ctrl, self.shift, self.alt), pressed=bool(pressed))
        for name in pressed:
            again = name in self._held
            if is_typing:
                if name in DIALOG_KEYS and (not again or name in ARROWS):
                    dialog_key(name)
                continue
            command = self._commands.get(self._key(name, *modifiers))
            if command is not None and (command.repeats or not again):
                run(command)
        self._held = {name for name, code in self._codes.items() if dpg.is_key_down(code)}

    def _key(self, name: str, ctrl: bool, shift: bool, alt: bool) -> Key:
        if name == "?":  # is itself the shifted key
            return Key("?" if shift else "/", ctrl=ctrl, alt=alt)
        return Key(name, ctrl=ctrl, shift=shift, alt=alt)


def _code(name: str) -> int:
    return _NAMED[name] if name in _NAMED else getattr(dpg, f"mvKey_{name}")
