"""Repairing a photo's foreground with a brush: what it is like, and what the hand does with it. No window needed."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ..core.mask_edits import THICKEST, paint_mask, stroked
from ..core.steps import number_word
from .gestures import Button, Clicked, DragEnded, Dragged, DragStarted, Gesture, Hovered, Left, Pointer, Turned
from .photo_transform import PhotoTransform

if TYPE_CHECKING:
    from .session import Session

GROWTH = 1.2
"""By which a notch of the wheel makes the brush larger."""
SMALLEST = 1.0


class MaskBrush:
    """The brush, the same over every photo."""

    def __init__(self) -> None:
        self.is_on = False
        """Outlines are shown, and a drag over a photo paints instead of moving points."""
        self.radius = 16.0
        """Photo pixels."""

    def resize(self, radius: float) -> None:
        """Make it larger or smaller, within reason."""
        self.radius = float(np.clip(radius, SMALLEST, THICKEST))


class MaskGestures:
    """Strokes over one photo. The document changes when a stroke ends; until then `mask` tells how it will."""

    def __init__(self, session: "Session", index: int) -> None:
        self._session = session
        self._index = index
        self.at: tuple[float, float] | None = None
        """Where the brush is, canvas pixels; None: not over this photo."""
        self.removes = False
        """It takes away: Shift is held, or was when the stroke began."""
        self._path: list[tuple[float, float]] = []
        self._painted: Float[np.ndarray, "h w"] | None = None

    @property
    def mask(self) -> Float[np.ndarray, "h w"] | None:
        """The foreground as it is, with the stroke under way; None: there is no such photo."""
        views = self._session.document.views
        if self._painted is not None:
            return self._painted
        return views[self._index].mask if self._index < len(views) else None

    def handle(self, gesture: Gesture, lies: PhotoTransform) -> bool:
        """Do what a gesture means while the brush is on, if it is the brush's; whether it is."""
        brush = self._session.brush
        if not brush.is_on or self._index >= len(self._session.document.views):
            self.at = self._painted = None
            self._path = []
            return False
        match gesture:
            case Hovered(pointer):
                self._session.editor.hovered = None
                self.at, self.removes = pointer.at, pointer.shift
                return True
            case Left():
                self.at = None
            case Turned(notches, pointer) if pointer.ctrl:
                brush.resize(brush.radius * GROWTH**notches)
                return True
            case Clicked(Button.LEFT, pointer):
                self._begin(pointer, lies)
                self._end()
                return True
            case DragStarted(Button.LEFT, origin) if not origin.space:
                self._begin(origin, lies)
                return True
            case Dragged(Button.LEFT) if self._path:
                self._go_on(gesture.pointer, lies)
                return True
            case DragEnded(Button.LEFT) if self._path:
                self._end()
                return True
        return False

    def _begin(self, pointer: Pointer, lies: PhotoTransform) -> None:
        self._session.editor.select(self._index)
        self.removes = pointer.shift
        self._path, self._painted = [], self._session.document.views[self._index].mask
        self._go_on(pointer, lies)

    def _go_on(self, pointer: Pointer, lies: PhotoTransform) -> None:
        assert self._painted is not None
        x, y = lies.to_photo(np.array(pointer.at))
        self._path.append((float(x), float(y)))
        self.at = pointer.at
        self._painted = stroked(self._painted, self._path[-2:], self._session.brush.radius, add=not self.removes)

    def _end(self) -> None:
        path, self._path, self._painted = self._path, [], None
        radius, add, view = self._session.brush.radius, not self.removes, self._index
        name = self._session.document.views[view].name
        label = f"Add to outline of {name}" if add else f"Take from outline of {name}"
        places = " ".join(f"{number_word(x)},{number_word(y)}" for x, y in path)
        words = ("paint" if add else "erase", name, number_word(radius), places)
        self._session.editor.apply(label, lambda document: paint_mask(document, view, path, radius, add=add), (words,))
