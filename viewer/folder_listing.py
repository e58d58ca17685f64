"""What a folder holds, and what a pasted text names: the part of file dialogs that needs no window."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from ..core.errors import UserError


@dataclass(frozen=True)
class Entry:
    """A file or a folder."""

    path: Path
    is_folder: bool
    size: int = 0
    """Bytes."""

    @property
    def name(self) -> str:
        """As it is listed."""
        return self.path.name + ("/" if self.is_folder else "")


def list_folder(folder: Path, endings: Sequence[str]) -> list[Entry]:
    """Folders first, then the files with one of these endings (none: no files), by name; hidden ones left out.

    Raises UserError where the folder cannot be read.
    """
    try:
        with os.scandir(folder) as found:
            entries = [_entry(item) for item in found if not item.name.startswith(".")]
    except OSError as error:
        raise UserError(f"{folder} cannot be read.", "Choose another folder.") from error
    kept = [entry for entry in entries if entry.is_folder or entry.path.suffix.lower() in endings]
    return sorted(kept, key=lambda entry: (not entry.is_folder, entry.path.name.casefold()))


def paths_in_text(text: str, folder: Path) -> list[Path]:
    """Paths that a person typed or pasted: one a line, or several in quotes; file managers' file:// too.

    Relative ones count from `folder`, and ~ is the home folder.
    """
    parts = []
    for line in text.splitlines():
        line = line.strip()
        if line[:1] in "\"'" and line.count(line[:1]) >= 2:
            parts += [part for part in line.split(line[0]) if part.strip()]
        elif line:
            parts.append(line)
    paths = []
    for part in parts:
        if part.startswith("file://"):
            part = unquote(urlparse(part).path)
        paths.append(folder / Path(part).expanduser())
    return [Path(os.path.normpath(path)) for path in paths]


def _entry(item: os.DirEntry[str]) -> Entry:
    try:
        is_folder = item.is_dir()
        size = 0 if is_folder else item.stat().st_size
    except OSError:  # a link to nowhere
        is_folder, size = False, 0
    return Entry(Path(item.path), is_folder, size)
