"""A journal of every finished edit, so that a crash loses none.

A program that has something unsaved keeps one file in the person's state folder and appends to it on a thread of its
own: nothing that a hand does ever waits for a disk. The file is locked while its program lives; a file that nobody
holds was left behind by a crash, and can be taken over with the whole history in it.
"""

import fcntl
import os
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .atomic_file import cannot_write
from .crash_log import log_crash
from .errors import UserError
from .history import Entry, History
from .journal_lines import ENDING, PartsWriter, journal_folder, line_of
from .left_behind import LeftBehind
from .migrations import FORMAT_VERSION
from .replay import steps_of
from .steps import Step, steps_record


@dataclass(frozen=True, eq=False)
class _Change:
    """What the main thread noticed: entries from `keep` on are these, and where cursor and disk are."""

    begins: bool
    """This is another history than the last: it gets a file of its own."""
    keep: int
    entries: tuple[Entry, ...]
    cursor: int
    saved: int | None
    project: Path | None
    past: tuple[Step, ...]


class Journal:
    """Follows the history of a session; made once in a program."""

    def __init__(self, folder: Path | None = None) -> None:
        self._history: History | None = None
        self._seen: tuple[int, Path | None] = (-1, None)
        self._known: list[Entry] = []
        self._noted = 0
        self._keeper = _Keeper(folder or journal_folder())

    def follow(self, history: History, project: Path | None, past: tuple[Step, ...] = ()) -> None:
        """Note what has changed since the last call; for every frame, because it costs nothing while nothing has.

        `project`: the file that the document belongs to. `past`: what was done before this history began. Another
        history gets another file, and the one of the last is removed.
        """
        state = (history.changes, project)
        if history is self._history and state == self._seen:
            return
        begins, self._seen = history is not self._history, state
        if begins:
            self._history, self._known = history, []
        entries = history.entries
        keep = min(len(entries), len(self._known))
        while keep > 0 and entries[keep - 1] is not self._known[keep - 1]:
            keep -= 1
        self._known[keep:] = entries[keep:]
        self._submit(_Change(begins, keep, entries[keep:], history.cursor, history.saved, project, past))

    def adopt(self, left: LeftBehind, history: History, project: Path | None) -> None:
        """Go on with the file of another program, whose history this is."""
        self._history, self._known = history, list(history.entries)
        self._seen = (history.changes, project)
        self._submit((left, history.entries))

    @property
    def is_written(self) -> bool:
        """Everything that was noted is in the file: killing the program would lose nothing."""
        return self._keeper.written == self._noted

    def take_problem(self) -> UserError | None:
        """What went wrong since the last call; edits go on without a journal, and with one once that works again."""
        problem, self._keeper.problem = self._keeper.problem, None
        return problem

    def close(self, *, keep: bool, seconds: float = 2.0) -> None:
        """Stop; without `keep`, because nothing is unsaved or nobody wants it, the file is removed."""
        self._keeper.queue.put(keep)
        self._keeper.thread.join(seconds)

    def _submit(self, item: _Change | tuple[LeftBehind, tuple[Entry, ...]]) -> None:
        self._noted += 1
        self._keeper.queue.put(item)


class _Keeper:
    """The thread that writes."""

    def __init__(self, folder: Path) -> None:
        self.queue: queue.SimpleQueue = queue.SimpleQueue()
        self.written = 0
        self.problem: UserError | None = None
        self._folder = folder
        self._entries: list[Entry] = []
        self._file: _File | None = None
        self._failed: _File | None = None
        """Where writing failed; it stays until another file has everything."""
        self.thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not isinstance(item := self.queue.get(), bool):
            try:
                if isinstance(item, _Change):
                    self._write(item)
                else:
                    left, entries = item
                    self._remove()
                    self._entries, self._file = list(entries), _File.continued(left)
                self.written += 1
                if self.queue.empty() and self._file is not None:
                    self._file.sync()
            except OSError as error:
                self._fail(str(cannot_write(self._folder / f"journal{ENDING}", error)))
            except Exception as error:  # a defect here must not take the edits with it
                log_crash(error)
                self._fail("Save often.")
        if item and self._file is not None:
            self._file.sync()
            self._file.close()
        elif not item:
            self._remove()

    def _write(self, change: _Change) -> None:
        if change.begins:
            self._remove()
        self._entries[change.keep :] = change.entries
        if len(self._entries) == 1:
            return  # nothing was done yet, and perhaps nothing ever will be
        if self._file is None:
            self._file = _File.new(self._folder, change.past)
            self._file.append(self._entries, 0, change)
        else:
            self._file.append(self._entries, change.keep, change)
        if self._failed is not None:
            self._failed.remove()
            self._failed = None

    def _fail(self, advice: str) -> None:
        if self._failed is None:
            self.problem = UserError("Edits are not kept for the case of a crash.", advice)
            self._failed = self._file
        elif self._file is not None:
            self._file.remove()
        self._file = None

    def _remove(self) -> None:
        for file in (self._file, self._failed):
            if file is not None:
                file.remove()
        self._file = self._failed = None


class _File:
    """An open, locked journal; only the keeper's thread touches it."""

    def __init__(self, path: Path, descriptor: int, first_part: int) -> None:
        self._path, self._descriptor = path, descriptor
        self._parts = PartsWriter(path.parent, first_part)

    @classmethod
    def new(cls, folder: Path, past: Sequence[Step]) -> "_File":
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{time.time_ns()}-{os.getpid()}{ENDING}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file = cls(path, descriptor, 0)
        file._write(line_of({"journal": 1, "format": FORMAT_VERSION, "past": steps_record(past)}))
        return file

    @classmethod
    def continued(cls, left: LeftBehind) -> "_File":
        os.ftruncate(left.descriptor, left.end)
        return cls(left.path, left.descriptor, left.next_part)

    def append(self, entries: Sequence[Entry], first: int, change: _Change) -> None:
        """Entries from `first` on, and where cursor and disk are."""
        lines: list[bytes] = []
        for index in range(first, len(entries)):
            steps = steps_of(entries[max(index - 1, 0) : index + 1])
            operations = steps_record(steps)[0]["operations"] if steps else None
            parts, record = self._parts.document(entries[index].document)
            head = {"entry": index, "label": entries[index].label, "operations": operations}
            lines += [*parts, line_of(head | record)]
        project = None if change.project is None else str(change.project.absolute())
        lines.append(line_of({"cursor": change.cursor, "saved": change.saved, "project": project}))
        self._write(b"".join(lines))

    def _write(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        """Onto the disk itself, for the case that the power goes."""
        os.fsync(self._descriptor)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        os.close(self._descriptor)
