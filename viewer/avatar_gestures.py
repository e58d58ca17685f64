"""What the hand does over the avatar: orbit, pan, zoom. No window needed."""

from .gestures import Button, Dragged, Gesture, Turned
from .session import Session


def handle_avatar_gesture(session: Session, gesture: Gesture) -> None:
    """Left drag orbits, right or middle drag pans, the wheel comes nearer; each step is exact and shown at once."""
    view = session.eye.view
    match gesture:
        case Dragged(Button.LEFT, _, dx, dy):
            session.eye.look(view.orbited(dx, dy, session.viewport_size[1]))
        case Dragged(_, _, dx, dy):
            session.eye.look(view.panned(dx, dy, session.viewport_size))
        case Turned(notches):
            session.eye.look(view.zoomed(notches))
