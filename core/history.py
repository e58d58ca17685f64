"""Undo and redo: frozen documents in a row, and a cursor."""

from collections.abc import Sequence
from dataclasses import dataclass

from .document import Document
from .steps import Operation


@dataclass(frozen=True, eq=False)
class Entry:
    """One state of the document, and what was done to reach it."""

    label: str
    """What was done, in words for a menu: “Move nose tip”."""
    document: Document
    operations: tuple[Operation, ...] | None = None
    """What was done, for a shell, where that cannot be read off the documents, as the path of a brush."""


class History:
    """Every document since the program started, oldest first.

    Documents are frozen and share what they have in common, so that the whole history costs little more than the
    photos. One drag is one entry: `begin` before it, `preview` at each move of the mouse, `commit` at its end.
    """

    def __init__(self, document: Document, *, label: str = "Open", saved: bool = True) -> None:
        self._entries = [Entry(label, document)]
        self._cursor = 0
        self._saved: Document | None = document if saved else None
        self._drag: Entry | None = None
        self._changes = 0

    @classmethod
    def restored(cls, entries: Sequence[Entry], cursor: int, saved: int | None) -> "History":
        """A history as it was: all entries, the index of the current one, and of the one on the disk, if any is."""
        history = cls(entries[0].document)
        history._entries = list(entries)
        history._cursor = cursor
        history._saved = None if saved is None else entries[saved].document
        return history

    @property
    def changes(self) -> int:
        """Grows with every change of entries, cursor or what counts as saved: equal numbers, nothing new."""
        return self._changes

    @property
    def saved(self) -> int | None:
        """Index of the entry that is on the disk, or None."""
        return next((index for index, entry in enumerate(self._entries) if entry.document is self._saved), None)

    @property
    def document(self) -> Document:
        """The document to show now; during a drag, its preview."""
        return self._drag.document if self._drag is not None else self._entries[self._cursor].document

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All states, also those that redo leads to."""
        return tuple(self._entries)

    @property
    def cursor(self) -> int:
        """Index of the current entry."""
        return self._cursor

    # --- edits

    def do(self, label: str, document: Document, operations: tuple[Operation, ...] | None = None) -> None:
        """Make `document` the current one and forget what redo led to; the very same document leaves no entry.

        A drag under way is committed first.
        """
        self.commit()
        if document is self._entries[self._cursor].document:
            return
        del self._entries[self._cursor + 1 :]
        self._entries.append(Entry(label, document, operations))
        self._cursor += 1
        self._changes += 1

    def begin(self, label: str) -> None:
        """Start a drag; what `preview` is given replaces itself until `commit` or `cancel`."""
        self.commit()
        self._drag = Entry(label, self._entries[self._cursor].document)

    def preview(self, document: Document) -> None:
        """Show `document` while dragging; RuntimeError without `begin`."""
        if self._drag is None:
            raise RuntimeError("preview without begin")
        self._drag = Entry(self._drag.label, document)

    def commit(self) -> None:
        """End a drag: its last preview becomes one entry. Nothing happens when none is under way."""
        drag, self._drag = self._drag, None
        if drag is not None:
            self.do(drag.label, drag.document)

    def cancel(self) -> None:
        """End a drag as if it had not been."""
        self._drag = None

    @property
    def is_dragging(self) -> bool:
        """Between `begin` and `commit` or `cancel`."""
        return self._drag is not None

    # --- back and forth

    @property
    def undo_label(self) -> str | None:
        """What undo would take back; None: nothing."""
        if self._drag is not None:
            return self._drag.label
        return self._entries[self._cursor].label if self._cursor > 0 else None

    @property
    def redo_label(self) -> str | None:
        """What redo would do again; None: nothing."""
        if self._drag is not None or self._cursor + 1 == len(self._entries):
            return None
        return self._entries[self._cursor + 1].label

    def undo(self) -> bool:
        """Go one entry back, or out of a drag; False when there is nothing to take back."""
        if self._drag is not None:
            self.cancel()
            return True
        if self._cursor == 0:
            return False
        self._cursor -= 1
        self._changes += 1
        return True

    def redo(self) -> bool:
        """Go one entry forth; False when there is nothing to do again."""
        if self.redo_label is None:
            return False
        self._cursor += 1
        self._changes += 1
        return True

    def go_to(self, index: int) -> None:
        """Make any entry the current one, dropping a drag; IndexError outside the history."""
        if not 0 <= index < len(self._entries):
            raise IndexError(index)
        self._drag = None
        self._cursor = index
        self._changes += 1

    # --- saving

    def mark_saved(self, document: Document | None) -> None:
        """Remember that this very document is on the disk; None: a file is being written, and nobody knows which is."""
        self._saved = document
        self._changes += 1

    @property
    def is_saved(self) -> bool:
        """Whether the current document is the one on the disk: undoing back to it counts as saved."""
        return self.document is self._saved
