"""What the window remembers from one start to the next: its look, its layout, what was opened."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..core.crash_log import state_folder

MOST_RECENT = 10
PHOTO_SHARE = 0.34
"""The photos' part of the width, until somebody drags the divider."""


@dataclass(frozen=True)
class Preferences:
    """All of it; every field has what a first start begins with."""

    theme: str = "dark"
    scale: float | None = None
    """Of text and controls; None: as the screen says."""
    size: tuple[int, int] | None = None
    """Of the window, pixels; None: the usual one."""
    photo_share: float = PHOTO_SHARE
    enlarged: bool = False
    """The chosen photo is large."""
    recent: tuple[tuple[str, ...], ...] = ()
    """What was opened, newest first: each a project, a capture folder, or photos."""
    photo_folders: tuple[str, ...] = ()
    """Where photos that had moved were found, newest first."""
    hints_seen: bool = False


class Memory:
    """Preferences in a file. Forgetting them is a pity, but never an error."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or state_folder() / "window.json"
        self.now = self._read()

    def change(self, **changes: Any) -> None:
        """Remember something else from now on; what another window has changed meanwhile stays."""
        if all(getattr(self.now, name) == value for name, value in changes.items()):
            return
        self.now = replace(self._read(), **changes)
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._file.with_name(f".{self._file.name}.{os.getpid()}")
            temporary.write_text(json.dumps(asdict(self.now), indent=1), encoding="utf-8")
            os.replace(temporary, self._file)

    def opened(self, sources: Sequence[Path]) -> None:
        """Something was opened: it is the newest of the recent things."""
        newest = tuple(str(path.absolute()) for path in sources)
        others = (each for each in self._read().recent if each != newest)
        self.change(recent=(newest, *others)[:MOST_RECENT])

    def _read(self) -> Preferences:
        """As the file says; what it does not say, or says wrongly, is as at a first start."""
        try:
            record = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Preferences()
        known = {field.name for field in fields(Preferences)}
        given = {name: _tuples(value) for name, value in record.items() if name in known} if _is(record, dict) else {}
        return Preferences(**{name: value for name, value in given.items() if _VALID[name](value)})


def _is(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, str) for each in value)


def _lies(value: Any, lower: float, upper: float) -> bool:
    return _is(value, int, float) and not _is(value, bool) and lower <= value <= upper


_VALID = {
    "theme": lambda value: value in ("dark", "light"),
    "scale": lambda value: value is None or _lies(value, 0.5, 4.0),
    "size": lambda value: value is None or (_is(value, tuple) and len(value) == 2 and all(_is(n, int) for n in value)),
    "photo_share": lambda value: _lies(value, 0.1, 0.9),
    "enlarged": lambda value: _is(value, bool),
    "recent": lambda value: _is(value, tuple) and all(each and _texts(each) for each in value),
    "photo_folders": _texts,
    "hints_seen": lambda value: _is(value, bool),
}


def recent_label(sources: Sequence[str]) -> str:
    """For a menu: a project or folder by its name, photos by theirs."""
    names = [Path(source).name or source for source in sources]
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} and {len(names) - 2} more"
