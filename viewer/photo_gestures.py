"""What the hand does over a photo: zoom, pan, choosing and moving keypoints. No window needed."""

import numpy as np
from jaxtyping import Float

from ..core.document import DocumentView
from ..core.epipolar import lines_from_others, snapped
from ..core.keypoints import PointState
from .gestures import Button, Clicked, DragEnded, Dragged, DragStarted, Gesture, Hovered, Left, Pointer, Turned
from .photo_transform import PhotoTransform, fitted_transform, nearest_point, points_in_box
from .session import Session

REACH = 11.0
"""How near, in screen pixels, the pointer has to come to a keypoint."""
ZOOM_PER_NOTCH = 1.2
CLOSE_UP = 3.0
"""A point that is jumped to is shown at least this much larger than the photo that fits its canvas."""
SNAP_REACH = 8.0
"""How near, in screen pixels, a dragged point has to come to where two lines meet to be put there."""


class PhotoGestures:
    """Gestures of one photo's canvas, turned into edits and into how the photo lies in it."""

    def __init__(self, session: Session, index: int) -> None:
        self._session = session
        self._index = index
        self.canvas: tuple[float, float] = (0.0, 0.0)
        """Size of the canvas, screen pixels."""
        self.transform: PhotoTransform | None = None
        """None until the canvas has a size."""
        self.box: tuple[tuple[float, float], tuple[float, float]] | None = None
        """Corners of the box being drawn to select points, canvas positions."""
        self._doing: str | None = None
        self._grabbed_px = np.zeros(2)
        """Where the dragged point was when the drag began."""

    @property
    def view(self) -> DocumentView | None:
        """The photo as it is now; None when it was removed."""
        views = self._session.document.views
        return views[self._index] if self._index < len(views) else None

    def place(self, photo: tuple[int, int], canvas: tuple[float, float]) -> None:
        """Tell the sizes of photo and canvas; called in every frame."""
        if self.transform is None:
            self.transform = fitted_transform(photo, canvas)
        elif canvas != self.canvas:
            self.transform = self.transform.resized(photo, self.canvas, canvas)
        self.canvas = canvas

    def fit(self) -> None:
        """Show the whole photo."""
        if self.view is not None:
            self.transform = fitted_transform(self.view.size, self.canvas)

    def look_at(self, name: str) -> None:
        """Show a keypoint in the middle and near by; nothing happens where nobody knows its place."""
        if self.view is None or self.transform is None:
            return
        keypoints = self.view.keypoints
        index = keypoints.schema.index(name)
        if keypoints.state[index] == PointState.UNPLACED:
            return
        close = CLOSE_UP * fitted_transform(self.view.size, self.canvas).scale
        x, y = keypoints.xy_px[index]
        self.transform = self.transform.centred((float(x), float(y)), max(self.transform.scale, close), self.canvas)

    def points(self) -> Float[np.ndarray, "k 2"]:
        """Where the keypoints are in the canvas."""
        assert self.view is not None and self.transform is not None
        return self.transform.to_canvas(self.view.keypoints.xy_px)

    def handle(self, gesture: Gesture, *, reach: float = REACH) -> None:
        """Do what a gesture means."""
        if self.view is None or self.transform is None:
            return
        match gesture:
            case Hovered(pointer):
                self._session.editor.hovered = self._name_at(pointer, reach)
            case Left():
                self._session.editor.hovered = None
            case Turned(notches, pointer):
                factor = ZOOM_PER_NOTCH**notches
                self.transform = self.transform.zoomed(factor, pointer.at, self.view.size, self.canvas)
            case Clicked(button, pointer, double):
                self._click(button, pointer, double, reach)
            case DragStarted(button, origin):
                self._begin(button, origin, reach)
            case Dragged():
                self._drag(gesture)
            case DragEnded(_, origin, pointer):
                self._end(origin, pointer)

    def _name_at(self, pointer: Pointer, reach: float) -> str | None:
        assert self.view is not None
        nearest = nearest_point(self.points(), pointer.at, reach)
        return None if nearest is None else self.view.keypoints.schema.names[nearest]

    def _click(self, button: Button, pointer: Pointer, double: bool, reach: float) -> None:
        editor = self._session.editor
        name = self._name_at(pointer, reach)
        if button is Button.LEFT:
            if name is not None and (pointer.shift or pointer.ctrl):
                editor.select(self._index)
                editor.toggle_point(name)
            elif name is not None:
                editor.select(self._index, {name})
            else:
                editor.select(self._index, None if pointer.shift or pointer.ctrl else ())
                if double:
                    self.fit()
        elif button is Button.RIGHT and name is not None:
            editor.select(self._index, editor.points if name in editor.points else {name})
            editor.toggle_occluded()

    def _begin(self, button: Button, origin: Pointer, reach: float) -> None:
        assert self.view is not None
        editor = self._session.editor
        if button is Button.MIDDLE or (button is Button.LEFT and origin.space):
            self._doing = "pan"
        elif button is Button.LEFT:
            name = self._name_at(origin, reach)
            if name is None:
                self._doing, self.box = "box", (origin.at, origin.at)
                editor.select(self._index)
            else:
                self._doing = "move"
                self._grabbed_px = self.view.keypoints.xy_px[self.view.keypoints.schema.index(name)]
                editor.begin_moving(self._index, editor.points if name in editor.points else {name}, name)

    def _drag(self, dragged: Dragged) -> None:
        assert self.transform is not None
        pointer, origin = dragged.pointer, dragged.origin
        if self._doing == "pan":
            self.transform = self.transform.panned(dragged.dx, dragged.dy)
        elif self._doing == "move":
            way = (np.array(pointer.at) - origin.at) / self.transform.scale
            if pointer.ctrl:
                way = self._snapped(way)
            self._session.editor.move_by(float(way[0]), float(way[1]))
        elif self._doing == "box":
            self.box = (origin.at, pointer.at)

    def _snapped(self, way: Float[np.ndarray, "2"]) -> Float[np.ndarray, "2"]:
        """The way of the dragged point, photo pixels, bent so that it ends where other photos allow it to be."""
        editor = self._session.editor
        if editor.grabbed is None or self.transform is None:
            return way
        lines = list(lines_from_others(editor.document, self._index, editor.grabbed).values())
        x, y = self._grabbed_px + way
        return np.array(snapped((float(x), float(y)), lines, SNAP_REACH / self.transform.scale)) - self._grabbed_px

    def _end(self, origin: Pointer, pointer: Pointer) -> None:
        editor = self._session.editor
        if self._doing == "move":
            editor.commit()
        elif self._doing == "box":
            assert self.view is not None
            names = self.view.keypoints.schema.names
            inside = {names[index] for index in points_in_box(self.points(), origin.at, pointer.at)}
            editor.select(self._index, editor.points | inside if origin.shift or origin.ctrl else inside)
        self._doing, self.box = None, None
