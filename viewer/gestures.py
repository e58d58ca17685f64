"""From a pointer's raw state, frame by frame, to what the hand meant: clicks, drags, wheel turns."""

from dataclasses import dataclass, replace
from enum import Enum

CLICK_TRAVEL = 4.0
"""Screen pixels a pressed pointer may wander before a click becomes a drag."""
DOUBLE_CLICK_SECONDS = 0.35


class Button(Enum):
    """Mouse buttons."""

    LEFT = 0
    RIGHT = 1
    MIDDLE = 2


@dataclass(frozen=True)
class Pointer:
    """What mouse and modifier keys are like in one frame; positions are relative to a canvas."""

    x: float
    y: float
    down: frozenset[Button] = frozenset()
    wheel: float = 0.0
    """Notches turned since the last frame; away from the person is positive."""
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    space: bool = False
    time: float = 0.0
    """Seconds, for double clicks."""

    @property
    def at(self) -> tuple[float, float]:
        """Position."""
        return self.x, self.y

    def within(self, x: float, y: float) -> "Pointer":
        """The same pointer, told from the corner of a canvas at (x, y)."""
        return replace(self, x=self.x - x, y=self.y - y)


@dataclass(frozen=True)
class Hovered:
    """The pointer is over the canvas and no button is held."""

    pointer: Pointer


@dataclass(frozen=True)
class Left:
    """The pointer has gone somewhere else."""


@dataclass(frozen=True)
class Clicked:
    """A button went down and up in one place."""

    button: Button
    pointer: Pointer
    double: bool = False


@dataclass(frozen=True)
class DragStarted:
    """A held pointer left the place where it was pressed; `origin` is how things were at the press."""

    button: Button
    origin: Pointer


@dataclass(frozen=True)
class Dragged:
    """A drag went on: the pointer moved, or Ctrl was pressed or let go."""

    button: Button
    origin: Pointer
    dx: float
    """Since the last frame, so that the steps of a drag add up to its whole."""
    dy: float
    pointer: Pointer


@dataclass(frozen=True)
class DragEnded:
    """The button of a drag was let go."""

    button: Button
    origin: Pointer
    pointer: Pointer


@dataclass(frozen=True)
class Turned:
    """The wheel was turned over the canvas."""

    notches: float
    pointer: Pointer


Gesture = Hovered | Left | Clicked | DragStarted | Dragged | DragEnded | Turned


class GestureReader:
    """Reads the gestures of one canvas.

    A press inside captures the pointer until the button is let go, however far it goes; a press that began
    somewhere else is none of this canvas's business. The first button wins while several are held.
    """

    def __init__(self) -> None:
        self._origin: Pointer | None = None
        self._button: Button | None = None
        self._dragging = False
        self._last: Pointer | None = None
        self._down_before: frozenset[Button] = frozenset()
        self._inside = False
        self._last_click: tuple[Button, Pointer] | None = None

    @property
    def is_captured(self) -> bool:
        """A button pressed in this canvas is still held."""
        return self._button is not None

    def read(self, pointer: Pointer, *, hovered: bool) -> list[Gesture]:
        """The gestures that this frame completes, in the order they happened."""
        gestures: list[Gesture] = []
        pressed = pointer.down - self._down_before
        self._down_before = pointer.down
        if self._button is None and hovered and pressed:
            self._button = min(pressed, key=lambda button: button.value)
            self._origin = self._last = pointer
        elif self._button is not None:
            gestures += self._held(pointer)
        elif hovered and not pointer.down:
            gestures.append(Hovered(pointer))
        if hovered and pointer.wheel:
            gestures.append(Turned(pointer.wheel, pointer))
        inside = hovered or self._button is not None
        if self._inside and not inside:
            gestures.append(Left())
        self._inside = inside
        return gestures

    def _held(self, pointer: Pointer) -> list[Gesture]:
        assert self._button is not None and self._origin is not None and self._last is not None
        button, origin = self._button, self._origin
        gestures: list[Gesture] = []
        travel = max(abs(pointer.x - origin.x), abs(pointer.y - origin.y))
        if not self._dragging and travel > CLICK_TRAVEL:
            self._dragging, self._last = True, origin
            gestures.append(DragStarted(button, origin))
        if self._dragging and (pointer.at != self._last.at or pointer.ctrl != self._last.ctrl):
            gestures.append(Dragged(button, origin, pointer.x - self._last.x, pointer.y - self._last.y, pointer))
            self._last = pointer
        if button not in pointer.down:
            if self._dragging:
                gestures.append(DragEnded(button, origin, pointer))
            else:
                gestures.append(Clicked(button, pointer, double=self._is_double(button, pointer)))
            self._button, self._origin, self._dragging = None, None, False
        return gestures

    def _is_double(self, button: Button, pointer: Pointer) -> bool:
        before, self._last_click = self._last_click, (button, pointer)
        if before is None or before[0] is not button:
            return False
        near = max(abs(pointer.x - before[1].x), abs(pointer.y - before[1].y)) <= CLICK_TRAVEL
        double = near and pointer.time - before[1].time <= DOUBLE_CLICK_SECONDS
        if double:
            self._last_click = None
        return double
