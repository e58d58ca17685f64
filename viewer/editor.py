"""Selecting and changing what the document holds; every change is an entry of the history."""

from collections.abc import Callable, Iterable

from ..core import edits
from ..core.camera_edits import cameras_following
from ..core.document import Document, RenderSettings
from ..core.errors import UserError
from ..core.history import History
from ..core.steps import Operation

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
        self.key_view = 0
        """Index of the view of the camera's path that commands act on."""
        self.hovered: str | None = None
        """The keypoint under the pointer."""
        self.grabbed: str | None = None
        """Of the keypoints being dragged with the mouse, the one under the pointer."""
        self.cameras_follow = False
        """Cameras are solved while points are dragged, as far as they are not locked."""
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

    def apply(self, label: str, edit: Edit, operations: tuple[Operation, ...] | None = None) -> bool:
        """Do an edit as one entry; whether it could be done. A drag under way is committed first.

        `operations`: the same for a shell, where the documents do not tell what was done.
        """
        self.commit()
        try:
            self.history.do(label, edit(self.document), operations)
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

    def go_to(self, entry: int) -> str | None:
        """Make any entry of the history the current one; what was done last there, None: it is already."""
        self.commit()
        if entry == self.history.cursor:
            return None
        self.history.go_to(entry)
        self._settle()
        return self.history.entries[entry].label

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

    def unplace_everywhere(self) -> None:
        """Take the selected keypoints back in all photos, as one entry."""
        names, photos = self.selected, range(len(self.document.views))
        if not names or not photos:
            return

        def each(document: Document) -> Document:
            for view in photos:
                for name in names:
                    document = edits.unplace_keypoint(document, view, name)
            return document

        self.apply(f"Unplace {_what(names)} in every photo", each)

    def swap_sides(self) -> None:
        """Exchange left and right of the selected keypoints in the chosen photo; of all when none is selected."""
        if not self.document.views:
            return
        names, view = self.selected or self.document.schema.names, self.view
        what = _what(self.selected) if self.selected else "all points"
        pairs = [pair for pair in self.document.schema.mirror_pairs if set(pair) & set(names)]
        operations = tuple(("swap-sides", right, self.document.names[view]) for right, _ in pairs)
        self.apply(f"Swap sides of {what}", lambda document: edits.swap_sides(document, view, names), operations)

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

    @property
    def in_hand(self) -> str | None:
        """The keypoint that is being moved, by mouse or arrow keys; None: none, or several by keys."""
        if self._nudging:
            return self.selected[0] if len(self.points) == 1 else None
        return self.grabbed

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
        self._forget_drag()

    def cancel(self) -> None:
        """End a drag as if it had not been."""
        self.history.cancel()
        self._forget_drag()

    def begin_moving(self, view: int, names: Iterable[str], grabbed: str | None = None) -> None:
        """Start dragging keypoints of one photo, by one of them."""
        self.select(view, names)
        self.begin(f"Move {_what(self.selected)}")
        self.grabbed = grabbed

    def move_by(self, dx_px: float, dy_px: float) -> None:
        """Show the dragged keypoints this far (photo pixels) from where they were at the start."""
        names, view = self.selected, self.view
        self.preview(lambda document: self._followed(document, _moved(document, view, names, dx_px, dy_px)))

    def _followed(self, before: Document, after: Document) -> Document:
        return cameras_following(before, after) if self.cameras_follow else after

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
        self._forget_drag()
        self._keep_selection()

    def _forget_drag(self) -> None:
        self._base, self._nudging, self.grabbed = None, False, None

    def _keep_selection(self) -> None:
        self.view = min(self.view, max(len(self.document.views) - 1, 0))
        self.key_view = min(self.key_view, max(len(self.document.camera_path.views) - 1, 0))


def _moved(document: Document, view: int, names: tuple[str, ...], dx_px: float, dy_px: float) -> Document:
    keypoints = document.views[view].keypoints
    places = {name: keypoints.xy_px[keypoints.schema.index(name)] for name in names}
    return edits.move_keypoints(
        document, view, {name: (float(x) + dx_px, float(y) + dy_px) for name, (x, y) in places.items()}
    )


def _what(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} points"
