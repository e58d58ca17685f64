"""Other keys for commands, from a file of the person: `keys.toml` in the configuration folder.

    "Undo" = "Ctrl+Z"
    "Redo" = ["Ctrl+Shift+Z", "Ctrl+Y"]
    "Unplace" = []

A command is called as in the menu. What the file does not mention stays; a key that it gives away is taken from the
command that had it.
"""

import os
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from .command import Command, Key

NAMES = {
    **{name.casefold(): name for name in ("Left", "Right", "Up", "Down", "Delete", "Backspace", "Space", "Tab")},
    **{name.casefold(): name for name in ("Home", "End", "Insert", "[", "]", "?", "-", "=", ",", ".", ";")},
    **{f"f{number}": f"F{number}" for number in range(1, 13)},
    **{character.casefold(): character for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"},
    "esc": "Escape",
    "escape": "Escape",
}
"""What a key may be called in the file, and what it is called here. Enter belongs to dialogs."""
MODIFIERS = ("ctrl", "shift", "alt")


def keys_file() -> Path:
    """Where it is, or would be (XDG base directories)."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "kpnerf-viewer" / "keys.toml"


def load_keys(commands: Sequence[Command], file: Path | None = None) -> tuple[tuple[Command, ...], str | None]:
    """The commands with the keys of the file, and a sentence about the first thing in it that is wrong, if any.

    What is right in a file with mistakes counts.
    """
    file = file or keys_file()
    try:
        record = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tuple(commands), None
    except (OSError, UnicodeDecodeError):
        return tuple(commands), f"{file} cannot be read; the usual keys are used"
    except tomllib.TOMLDecodeError as error:
        return tuple(commands), f"{file.name} is not understood: {error}; the usual keys are used"
    wanted: dict[str, tuple[Key, ...]] = {}
    problems: list[str] = []
    titles = {_called(command): command.title for command in commands}
    given: dict[Key, str] = {}
    for name, value in record.items():
        title = titles.get(name.strip().rstrip("…").casefold())
        texts = [value] if isinstance(value, str) else value
        if title is None:
            problems.append(f"{file.name}: there is no command “{name}”")
            continue
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            problems.append(f"{file.name}: “{name}” needs a key such as “Ctrl+K”, or several in brackets")
            continue
        keys = [parse_key(text) for text in texts]
        for key, text in zip(keys, texts, strict=True):
            if key is None:
                problems.append(f"{file.name}: there is no key “{text}”")
            elif given.setdefault(key, title) != title:
                problems.append(f"{file.name}: {key} is given to “{given[key]}” and to “{title}”")
        wanted[title] = tuple(key for key in keys if key is not None and given[key] == title)
    changed = tuple(
        replace(command, keys=wanted.get(command.title, tuple(key for key in command.keys if key not in given)))
        for command in commands
    )
    return changed, problems[0] if problems else None


def parse_key(text: str) -> Key | None:
    """A key as a person writes it, “ctrl + shift + z”; None: there is no such key."""
    *held, name = [part.strip().casefold() for part in text.split("+")]
    if name not in NAMES or any(each not in MODIFIERS for each in held):
        return None
    if name == "?":  # is itself the shifted key
        held = [each for each in held if each != "shift"]
    return Key(NAMES[name], **{each: True for each in held})


def write_template(commands: Sequence[Command], file: Path | None = None) -> Path:
    """Make the file where there is none, with every command and its usual key, all of them remarks; its path."""
    file = file or keys_file()
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(_template(commands)) + "\n", encoding="utf-8")
    return file


def _template(commands: Sequence[Command]) -> Iterator[str]:
    yield "# Keys of kpnerf-viewer. Take the # away from a line and write another key; [] is no key."
    yield "# Then choose “Load keys” in the window, or start it again."
    for menu in dict.fromkeys(command.menu for command in commands):
        yield f"\n# --- {menu}"
        for command in (command for command in commands if command.menu == menu):
            keys = ", ".join(f'"{key.spelled}"' for key in command.keys)
            value = keys if len(command.keys) == 1 else f"[{keys}]"
            yield f'# "{command.title.rstrip("…")}" = {value}'


def _called(command: Command) -> str:
    return command.title.rstrip("…").casefold()
