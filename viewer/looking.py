"""Commands about what is looked at: from where, the cameras round the avatar, the photo beside it, the worst point."""

from ..core.edits import hold_out
from .comparing import ComparisonKind
from .overview import overview_of
from .review import Attention, words_about
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
        fly_to_view(session, session.editor.view)


def toggle_held_out(session: Session) -> None:
    """Keep the chosen photo to compare with, or use it as a source of the avatar again."""
    view = session.editor.view
    if view < len(session.document.views):
        known = session.document.views[view]
        label = f"Use {known.name}" if known.held_out else f"Hold out {known.name}"
        session.editor.apply(label, lambda document: hold_out(document, view, held_out=not known.held_out))


def fly_to_view(session: Session, view: int) -> None:
    """Look from where a photo was taken."""
    calibration = session.document.calibration
    if calibration is not None and 0 <= view < len(session.document.views):
        session.editor.select(view)
        camera, box = calibration.head_cameras[view], session.document.shown
        session.eye.fly_to_camera(camera, box, session.viewport_size, session.now)


def fly_to_next_view(session: Session, step: int) -> None:
    """Look from where the next photo, or the one before, was taken."""
    if session.document.views:
        fly_to_view(session, (session.editor.view + step) % len(session.document.views))


def look_at_worst(session: Session, step: int = 1) -> None:
    """Select the point that hurts most, or the next one in that order, and show it in all photos."""
    found = session.review.step(session.document, step)
    if found is None:
        session.note("No point can be judged before the cameras are solved")
        return
    number, suspect = found
    session.editor.select(suspect.view, {suspect.name})
    session.attention = Attention(suspect.name)
    session.note(f"{number + 1} of {len(session.findings.ranking)}: {words_about(session.document, suspect)}")
