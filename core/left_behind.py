"""Journals of programs that ended without saving: what they hold, and the history restored from them."""

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UserError
from .history import Entry, History
from .journal_lines import ENDING, PartsReader, journal_folder, whole_lines
from .migrations import FORMAT_VERSION
from .steps import Step, steps_from_record


@dataclass(eq=False)
class LeftBehind:
    """A journal whose program is gone, with something in it that is on no disk; locked while this lives."""

    path: Path
    descriptor: int
    lines: list[dict[str, Any]]
    end: int
    """Where its last whole line ends, bytes."""

    @property
    def project(self) -> Path | None:
        """The file that the edits belong to."""
        path = self._state["project"]
        return None if path is None else Path(path)

    @property
    def edits(self) -> int:
        """How many entries its history has, beside the first."""
        return len(self._entries) - 1

    @property
    def last_label(self) -> str:
        """What was done last."""
        return self._entries[self._state["cursor"]]["label"]

    @property
    def written_at(self) -> float:
        """When, in seconds since 1970."""
        return os.fstat(self.descriptor).st_mtime

    @property
    def next_part(self) -> int:
        """The first number that no part has."""
        return 1 + max((line["part"] for line in self.lines if "part" in line), default=-1)

    @property
    def is_worth_keeping(self) -> bool:
        """There is something in it that would be lost."""
        entries, state = self._entries, self._state
        return bool(entries) and state["cursor"] != state["saved"] and state["cursor"] < len(entries)

    @property
    def past(self) -> tuple[Step, ...]:
        """What was done before its history began."""
        return steps_from_record(self.lines[0]["past"])

    def history(self, search_folders: Sequence[Path] = ()) -> History:
        """All of it: every entry, also those that redo leads to. Takes as long as opening its photos.

        Raises MissingPhotosError, and UserError where the file is damaged in a way that its checksums do not tell.
        """
        version = self.lines[0]["format"]
        try:
            parts = {line["part"]: line["is"] for line in self.lines if "part" in line}
            reader = PartsReader(parts, [self.path.parent, *search_folders])
            entries = []
            for line in self._entries:
                words = line["operations"]
                operations = None if words is None else tuple(tuple(map(str, each)) for each in words)
                entries.append(Entry(line["label"], reader.document(line, version), operations))
            return History.restored(entries, self._state["cursor"], self._state["saved"])
        except (KeyError, TypeError, ValueError, IndexError, AssertionError) as error:
            raise UserError(
                "What was left behind cannot be read.", "Discard it, or keep the file for later."
            ) from error

    def discard(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Leave it for the next start."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    @property
    def _entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        for line in self.lines:
            if "entry" in line:
                entries[line["entry"] :] = [line]
        return entries

    @property
    def _state(self) -> dict[str, Any]:
        """Cursor, saved entry and project after the last whole line."""
        state: dict[str, Any] = {"cursor": 0, "saved": None, "project": None}
        for line in self.lines:
            if "entry" in line:
                saved = state["saved"]
                kept = None if saved is None or saved >= line["entry"] > 0 else saved
                state |= {"cursor": line["entry"], "saved": kept}
            elif "cursor" in line:
                state = line
        return state


def left_behind(folder: Path | None = None) -> list[LeftBehind]:
    """Journals of programs that ended without saving, newest first, each locked until it is released or discarded.

    Those with nothing to restore are removed; those of a newer version of this program, or that another program
    holds, are left alone.
    """
    found = []
    for path in sorted((folder or journal_folder()).glob(f"*{ENDING}"), reverse=True):
        left = _take(path)
        if left is not None:
            found.append(left)
    return found


def _take(path: Path) -> LeftBehind | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        read = list(whole_lines(path.read_bytes()))
    except OSError:  # its program is alive, or the disk is not
        os.close(descriptor)
        return None
    lines = [line for line, _ in read]
    left = LeftBehind(path, descriptor, lines, read[-1][1] if read else 0)
    if lines and lines[0].get("format", 0) > FORMAT_VERSION:
        left.release()
        return None
    if not lines or not left.is_worth_keeping:
        left.discard()
        return None
    return left
