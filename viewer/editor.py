"""Selecting and changing what the document holds; every change is an entry of the history."""

from collections.abc import Callable, Iterable

from ..core import edits
from ..core.document import Document, RenderSettings
from ..core.errors import UserError
from ..core.history import History

Edit = Callable[[Document], Document]
Tell = Callable[[UserError], None]


class Editor:
    """History and selection. What is wrong with an edit is told and changes nothing."""

    def __init__(self, document: Document, tell: Tell, *, saved: bool = True) -> None:
        self.history = History(document, saved=saved)
        self.view = 0
        """Index of the photo that commands act on."""
        self.points: frozenset[str] = frozenset()
        """Selected keypoints, in every photo at once."""
        self.hovered: str | None = None
        """The keypoint under the pointer."""
        self._tell = tell
        self._base: Document | None = None
        self._nudging = False

    @property
    def document(self) -> Document:
        """As it is now, in the middle of a drag too."""
        return self.history.document

    # --- selection

    def select(self, view: int | None = None, points: Iterable[str] | None = None) -> None:
        """Choose a photo, keypoints, or both."""
        if view is not None and 0 <= view < len(self.document.views):
            self.view = view
        if points is not None:
            self.points = frozenset(points)

    def toggle_point(self, name: str) -> None:
        """Add a keypoint to the selection or take it out."""
        self.points = self.points ^ {name}

    @property
    def selected(self) -> tuple[str, ...]:
        """Selected keypoints in the order of the schema."""
        return tuple(name for name in self.document.schema.names if name in self.points)

    # --- one edit, one entry

    def apply(self, label: str, edit: Edit) -> bool:
        """Do an edit as one entry; whether it could be done. A drag under way is committed first."""
        self.commit()
        try:
            self.history.do(label, edit(self.document))
        except UserError as error:
            self._tell(error)
            return False
        self._keep_selection()
        return True

    def undo(self) -> str | None:
        """Take the last entry back, or a drag under way; what was taken back, None: there was nothing."""
        label = self.history.undo_label
        if not self.history.undo():
            return None
        self._settle()
        return label

    def redo(self) -> str | None:
        """Do again what was taken back; what that was, None: there was nothing."""
        label = self.history.redo_label
        if not self.history.redo():
            return None
        self._settle()
        return label

    def change_points(self, verb: str, edit: Callable[[Document, int, str], Document]) -> None:
        """Do the same to every selected keypoint of the chosen photo, as one entry."""
        if not self.points or not self.document.views:
            return
        names, view = self.selected, self.view

        def each(document: Document) -> Document:
            for name in names:
                document = edit(document, view, name)
            return document

        self.apply(f"{verb} {_what(names)}", each)

    def toggle_occluded(self) -> None:
        """Mark the selected keypoints as hidden in the chosen photo; as visible when all of them are hidden."""
        if not self.points or not self.document.views:
            return
        keypoints = self.document.views[self.view].keypoints
        hidden = all(keypoints.occluded[keypoints.schema.index(name)] for name in self.points)
        self.change_points(
            "Show" if hidden else "Occlude",
            lambda document, view, name: edits.occlude_keypoint(document, view, name, occluded=not hidden),
        )

    # --- drags: many previews, one entry

    @property
    def is_dragging(self) -> bool:
        """Between `begin` and `commit` or `cancel`."""
        return self._base is not None

    def begin(self, label: str) -> None:
        """Start a drag."""
        self.commit()
        self.history.begin(label)
        self._base = self.history.document

    def preview(self, edit: Edit) -> None:
        """Show what a drag would make of the document as it was at `begin`."""
        if self._base is None:
            return
        try:
            self.history.preview(edit(self._base))
        except UserError as error:
            self._tell(error)

    def commit(self) -> None:
        """End a drag or a series of nudges; nothing happens when none is under way."""
        self.history.commit()
        self._base, self._nudging = None, False

    def cancel(self) -> None:
        """End a drag as if it had not been."""
        self.history.cancel()
        self._base, self._nudging = None, False

    def begin_moving(self, view: int, names: Iterable[str]) -> None:
        """Start dragging keypoints of one photo."""
        self.select(view, names)
        self.begin(f"Move {_what(self.selected)}")

    def move_by(self, dx_px: float, dy_px: float) -> None:
        """Show the dragged keypoints this far (photo pixels) from where they were at the start."""
        names, view = self.selected, self.view
        self.preview(lambda document: _moved(document, view, names, dx_px, dy_px))

    def nudge(self, dx_px: float, dy_px: float) -> None:
        """Move the selected keypoints a little (photo pixels); steps up to `end_nudge` are one entry."""
        if not self.points or not self.document.views or (self.is_dragging and not self._nudging):
            return
        names = self.selected
        if not self._nudging:
            self.begin(f"Nudge {_what(names)}")
            self._nudging = True
        self.history.preview(_moved(self.document, self.view, names, dx_px, dy_px))

    def end_nudge(self) -> None:
        """The arrow key was let go."""
        if self._nudging:
            self.commit()

    # --- small parts

    def change_settings(self, label: str, settings: RenderSettings) -> None:
        """Draw the avatar another way."""
        self.apply(label, lambda document: edits.set_render_settings(document, settings))

    def _settle(self) -> None:
        self._base, self._nudging = None, False
        self._keep_selection()

    def _keep_selection(self) -> None:
        self.view = min(self.view, max(len(self.document.views) - 1, 0))


def _moved(document: Document, view: int, names: tuple[str, ...], dx_px: float, dy_px: float) -> Document:
    keypoints = document.views[view].keypoints
    for name in names:
        x, y = keypoints.xy_px[keypoints.schema.index(name)]
        document = edits.move_keypoint(document, view, name, (float(x) + dx_px, float(y) + dy_px))
    return document


def _what(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} points"
