"""Refining the avatar on the person in the photos: a task among others, and one entry of the history."""

from typing import TYPE_CHECKING

from ..core.edits import set_refinement
from .session import Session
from .task_lane import Task, TaskControl

if TYPE_CHECKING:
    from ..core.refine import Outcome
    from ..core.training.refining import RefineSettings

TITLE = "Refine on this person"
FEWEST = 2
"""Photos: one is rendered from the others."""


def can_refine(session: Session) -> bool:
    """There is something to refine, and it is not being refined already."""
    document = session.document
    return document.calibration is not None and len(document.sources) >= FEWEST and not is_refining(session)


def is_refining(session: Session) -> bool:
    """It is under way, or waits for another task."""
    task = session.task_lane.current
    return task is not None and task.title == TITLE


def refine(session: Session, settings: "RefineSettings | None" = None) -> None:
    """Learn from the photos, and keep it where photos left out gain by it; the window goes on meanwhile."""
    if not can_refine(session):
        return
    session.editor.commit()
    document, editor = session.document, session.editor

    def work(control: TaskControl) -> "Outcome":
        from ..core.refine import refine as refine_person  # torch takes seconds to load
        from ..core.training.refining import RefineSettings

        def report(text: str, share: float | None) -> None:
            control.yield_to_screen()
            control.report(text, share)

        model = session.exporter.engine().model
        return refine_person(model, document, settings=settings or RefineSettings(), report=report)

    def done(outcome: "Outcome") -> None:
        if session.editor is not editor:  # something else was opened meanwhile
            return
        if outcome.refinement is not None:  # what was edited meanwhile stays as it is
            editor.apply(TITLE, lambda current: set_refinement(current, outcome.refinement), (("refine",),))
        session.note(outcome.sentence)

    session.task_lane.submit(Task(TITLE, work, done))


def take_off(session: Session) -> None:
    """Draw the avatar with the network as it was trained."""
    session.editor.apply("Take the refinement off", lambda document: set_refinement(document, None))
