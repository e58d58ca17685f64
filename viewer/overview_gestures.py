"""What the hand does to the cameras round the avatar: choose one, drag it on its sphere. No window needed."""

from ..core import edits
from ..core.camera import Camera
from ..core.document import Document
from .camera_pose import world_from_camera
from .editor import Edit
from .gestures import Button, Clicked, DragEnded, Dragged, DragStarted, Gesture, Hovered, Left
from .looking import fly_to_view
from .overview import Frustum, frustum_at, frustum_of, swung
from .session import Session

REACH = 12.0
"""How near, in screen pixels, the pointer has to come to an apex."""


class OverviewGestures:
    """Gestures over the avatar viewport while cameras are shown in it."""

    def __init__(self, session: Session, reach: float = REACH) -> None:
        self._session = session
        self._reach = reach
        self.hovered: int | None = None
        """The view whose camera is under the pointer."""
        self._dragged: tuple[int, Camera] | None = None
        """The view whose camera is in the hand, and that camera as it was."""
        self._cameras: tuple[Camera, ...] = ()
        self._frustums: tuple[Frustum, ...] = ()
        self._frustums_of: object = None

    @property
    def frustums(self) -> tuple[Frustum, ...]:
        """Of the document's cameras as they are now; none while they are not shown."""
        calibration = self._session.document.calibration
        if calibration is None or not self._session.overview:
            return ()
        if calibration.cameras is not self._frustums_of:
            self._frustums_of = calibration.cameras
            centre = self._session.document.schema.box.centre
            self._cameras = calibration.head_cameras
            self._frustums = tuple(frustum_of(i, camera, centre) for i, camera in enumerate(self._cameras))
        return self._frustums

    def handle(self, gesture: Gesture) -> bool:
        """Do what a gesture means, if it means a camera; whether it does."""
        if not self._session.overview:
            self.hovered = self._dragged = None
            return False
        editor = self._session.editor
        match gesture:
            case Hovered(pointer):
                self.hovered = self._at(pointer.at)
            case Left():
                self.hovered = None
            case Clicked(Button.LEFT, pointer, double) if (view := self._at(pointer.at)) is not None:
                if double:
                    fly_to_view(self._session, view)
                editor.select(view)
                return True
            case DragStarted(Button.LEFT, origin) if (view := self._at(origin.at)) is not None:
                self._dragged, self.hovered = (view, self._cameras[view]), view
                editor.select(view)
                editor.begin(f"Camera of {self._session.document.names[view]}")
                return True
            case Dragged() if self._dragged is not None:
                dx, dy = gesture.pointer.x - gesture.origin.x, gesture.pointer.y - gesture.origin.y
                editor.preview(self._swung(*self._dragged, dx, dy))
                return True
            case DragEnded() if self._dragged is not None:
                self._dragged = None
                editor.commit()
                return True
        return False

    def _swung(self, view: int, before: Camera, dx: float, dy: float) -> Edit:
        pose = swung(before, self._eye, dx, dy)

        def edit(document: Document) -> Document:
            assert document.calibration is not None
            return edits.set_pose(document, view, world_from_camera(pose, document.calibration.world_from_head))

        return edit

    def _at(self, at: tuple[float, float]) -> int | None:
        return frustum_at(self.frustums, self._eye, at, self._reach)

    @property
    def _eye(self) -> Camera:
        width, height = self._session.viewport_size
        return self._session.eye.view.camera(max(round(width), 1), max(round(height), 1))
