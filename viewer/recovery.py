"""At the start: what a program that crashed has left behind, and whether to go on with it."""

import time
from collections.abc import Callable

from ..core.left_behind import LeftBehind, left_behind
from . import tasks
from .dialogs import Dialogs
from .session import Session


def offer_restoring(session: Session, dialogs: Dialogs, otherwise: Callable[[], None]) -> None:
    """Ask about the newest thing that was left behind; `otherwise` goes on where nothing is restored.

    What is neither restored nor discarded is offered again at the next start.
    """
    found = left_behind()
    if not found:
        otherwise()
        return
    newest, *others = found
    for left in others:
        left.release()

    def discard() -> None:
        newest.discard()
        otherwise()

    def later() -> None:
        newest.release()
        otherwise()

    dialogs.question(
        "Restore what was not saved?",
        _told(newest),
        [("Restore", lambda: tasks.restore(session, newest)), ("Discard", discard)],
        otherwise=later,
    )


def _told(left: LeftBehind) -> str:
    """Of what, how much, until when."""
    name = left.project.name if left.project is not None else "a project without a name"
    edits = f"{left.edits} edit{'' if left.edits == 1 else 's'}"
    moment = time.strftime("%-d %B, %H:%M", time.localtime(left.written_at))
    return f"The program ended with {edits} of {name}. The last was “{left.last_label}”, on {moment}."
