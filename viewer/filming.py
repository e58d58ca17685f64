"""Commands about the path along which the avatar is filmed: views of it, how long they take, what it looks like."""

from dataclasses import dataclass

from ..core import path_edits
from ..core.errors import UserError
from .orbit import OrbitView, view_of_key
from .session import Session

ADD, REPLACE, REMOVE = "Add this view to the path", "Replace a view of the path", "Remove a view of the path"
EARLIER, LATER = "Move a view of the path earlier", "Move a view of the path later"
CLEAR, PLAY = "Clear the path", "Play the path"
"""Titles of commands."""


@dataclass(frozen=True)
class AlongPath:
    """The motion along the path as it is at every moment, whatever is done to it meanwhile."""

    session: Session

    @property
    def seconds(self) -> float:
        """Of the whole path; a loop goes on until it is stopped."""
        path = self.session.document.camera_path
        return float("inf") if path.loop and path.duration else path.duration

    def view_at(self, seconds: float) -> OrbitView:
        """Where the path is then; where the eye is, once there is no path any more."""
        path = self.session.document.camera_path
        return view_of_key(path.view_at(seconds)) if path.duration else self.session.eye.view


def has_path(session: Session) -> bool:
    """There is at least one view."""
    return bool(session.document.camera_path.views)


def is_on_path(session: Session) -> bool:
    """The path is being played."""
    return session.eye.plays(AlongPath(session))


def play_path(session: Session) -> None:
    """Move along the path as the film will, or stop here."""
    try:
        session.document.camera_path.check()
    except UserError as error:
        session.tell(error)
        return
    session.eye.play(AlongPath(session), session.now)


def add_view(session: Session) -> None:
    """Have the path end where the avatar is looked at from."""
    number, view = len(session.document.camera_path.views) + 1, session.eye.goal.key
    if session.editor.apply(f"Add view {number} to the path", lambda document: path_edits.add_to_path(document, view)):
        session.editor.key_view = number - 1
        session.note(f"View {number} of the path; the tab Export has them all")


def replace_view(session: Session) -> None:
    """Have the chosen view of the path be the one from which the avatar is looked at."""
    chosen, view = session.editor.key_view, session.eye.goal.key
    session.editor.apply(
        f"Replace view {chosen + 1} of the path",
        lambda document: path_edits.replace_in_path(document, chosen, view),
    )


def remove_view(session: Session) -> None:
    """Take the chosen view off the path."""
    chosen = session.editor.key_view
    session.editor.apply(
        f"Remove view {chosen + 1} of the path", lambda document: path_edits.remove_from_path(document, chosen)
    )


def move_view(session: Session, step: int) -> None:
    """Have the chosen view come so many views later, or earlier; at an end of the path it stays."""
    chosen, count = session.editor.key_view, len(session.document.camera_path.views)
    to = min(max(chosen + step, 0), max(count - 1, 0))
    if session.editor.apply(
        f"Make view {chosen + 1} of the path view {to + 1}",
        lambda document: path_edits.move_in_path(document, chosen, to),
    ):
        session.editor.key_view = to


def clear_path(session: Session) -> None:
    """Take all views off the path."""
    session.editor.apply(CLEAR, path_edits.clear_path)


def fly_to_key_view(session: Session, index: int) -> None:
    """Choose a view of the path, and look from there."""
    views = session.document.camera_path.views
    if 0 <= index < len(views):
        session.editor.key_view = index
        session.eye.fly(view_of_key(views[index]), session.now)


def loop_path(session: Session, *, loop: bool) -> None:
    """Have the first view come after the last again, or have the film end."""
    label = "Loop the path" if loop else "End the path at its last view"
    session.editor.apply(label, lambda document: path_edits.time_path(document, loop=loop))
