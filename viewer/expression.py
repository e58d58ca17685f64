"""Whose expression the avatar's face has, as the window asks for it."""

from collections.abc import Callable
from dataclasses import replace

from ..core.document import Document
from ..core.edits import set_render_settings
from ..core.expressions import AUTOMATIC, MIXED
from .session import Session

TITLE = "Take the expression of this photo"
_WORDS = {"Automatic": AUTOMATIC, "Mixed": MIXED}


def choices(document: Document) -> list[str]:
    """What a person can choose from, as it is called."""
    return [*_WORDS, *(document.names[index] for index in document.sources)]


def chosen(document: Document) -> str:
    """What is chosen, and what that comes to where it is left to the program."""
    setting = document.settings.expression
    if setting == MIXED:
        return "Mixed"
    if document.expression is None:
        return "Automatic (mixed)"
    name = document.names[document.expression]
    return name if name == setting else f"Automatic ({name})"


def can_choose(session: Session) -> bool:
    """There are several photos that make the avatar."""
    return session.document.calibration is not None and len(session.document.sources) > 1


def can_take(session: Session) -> bool:
    """The photo in hand is one of several that make the avatar."""
    return can_choose(session) and session.editor.view in session.document.sources


def choose(session: Session, choice: str) -> None:
    """Have the face wear another expression."""
    session.editor.apply(f"Expression: {choice}", _wearing(_WORDS.get(choice, choice)))


def take(session: Session) -> None:
    """That of the photo in hand; where it is that already, it is left to the program again."""
    document = session.document
    name = document.names[session.editor.view]
    choose(session, "Automatic" if document.settings.expression == name else name)


def _wearing(setting: str) -> Callable[[Document], Document]:
    return lambda document: set_render_settings(document, replace(document.settings, expression=setting))
