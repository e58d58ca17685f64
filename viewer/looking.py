"""Commands about what the avatar viewport shows: the cameras round it, the photo beside it, what is held out."""

from ..core.edits import hold_out
from .comparing import ComparisonKind
from .overview import overview_of
from .session import Session


def toggle_overview(session: Session) -> None:
    """Show the cameras round the avatar, from so far that all can be seen, or go back to where the eye was."""
    calibration = session.document.calibration
    if session.overview:
        session.overview = False
        if session.before_overview is not None:
            session.eye.fly(session.before_overview, session.now)
    elif calibration is not None:
        session.overview, session.comparing.kind = True, None
        session.before_overview = session.eye.view
        view = overview_of(session.eye.view, session.document.schema.box, calibration.head_cameras)
        session.eye.fly(view, session.now)


def compare(session: Session, kind: ComparisonKind | None) -> None:
    """Show the avatar against the chosen photo, from where it was taken; the same kind again ends it."""
    comparing, shown = session.comparing, session.shown
    if kind is None or kind == comparing.kind or session.document.calibration is None:
        comparing.kind = None
        return
    session.overview, comparing.kind = False, kind
    if shown is None or comparing.view_of(session.document, shown) != session.editor.view:
        session.fly_to_view(session.editor.view)


def toggle_held_out(session: Session) -> None:
    """Keep the chosen photo to compare with, or use it as a source of the avatar again."""
    view = session.editor.view
    if view < len(session.document.views):
        known = session.document.views[view]
        label = f"Use {known.name}" if known.held_out else f"Hold out {known.name}"
        session.editor.apply(label, lambda document: hold_out(document, view, held_out=not known.held_out))
