"""Where the avatar is looked at from: an exact orbit camera as a frozen value."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ..core.camera import Camera, Matrix4, look_at, orbit_camera
from ..core.camera_path import (
    FARTHEST,
    MAX_PITCH,
    NARROWEST,
    NEAREST,
    PORTRAIT,
    WIDEST,
    KeyView,
    framing_distance,
)
from ..core.geometry import Box

ZOOM_PER_NOTCH = 1.1


@dataclass(frozen=True, eq=False)
class OrbitView:
    """A camera on a sphere round a target in the head frame, in radians and metres.

    Any pose can be told this way; roll is zero unless the view was taken from an input camera. Motion is exact:
    what lies under the cursor at the target's depth stays under it while panning, and going back by the same
    number of pixels ends where it began.
    """

    yaw: float
    pitch: float
    distance: float
    target: Float[np.ndarray, "3"]
    field_of_view: float
    """Angle across the shorter side of the picture."""
    roll: float = 0.0

    def orbited(self, dx_px: float, dy_px: float, height_px: float) -> "OrbitView":
        """After a drag: the height of the picture is half a turn; the subject follows the cursor."""
        radians_per_pixel = np.pi / max(height_px, 1.0)
        return replace(
            self,
            yaw=_wrapped(self.yaw - dx_px * radians_per_pixel),
            pitch=float(np.clip(self.pitch + dy_px * radians_per_pixel, -MAX_PITCH, MAX_PITCH)),
        )

    def panned(self, dx_px: float, dy_px: float, size_px: tuple[float, float]) -> "OrbitView":
        """After a drag across a picture of `size_px`: the target's plane follows the cursor."""
        metres_per_pixel = self.distance / self.focal_px(size_px)
        rotation = self.pose[:3, :3]
        return replace(self, target=self.target - rotation[:, :2] @ np.array([dx_px, dy_px]) * metres_per_pixel)

    def zoomed(self, notches: float) -> "OrbitView":
        """Nearer by a tenth for each notch of the wheel."""
        distance = self.distance / ZOOM_PER_NOTCH**notches
        return replace(self, distance=float(np.clip(distance, NEAREST, FARTHEST)))

    def framed(self, box: Box) -> "OrbitView":
        """From the same direction, with the whole box in the picture."""
        distance = framing_distance(box, self.field_of_view)
        return replace(self, target=box.centre, distance=float(np.clip(distance, NEAREST, FARTHEST)))

    def with_field_of_view(self, field_of_view: float) -> "OrbitView":
        """Through another lens, from so far that the target keeps its size: what changes is perspective."""
        angle = float(np.clip(field_of_view, NARROWEST, WIDEST))
        distance = self.distance * np.tan(0.5 * self.field_of_view) / np.tan(0.5 * angle)
        return replace(self, field_of_view=angle, distance=float(np.clip(distance, NEAREST, FARTHEST)))

    @property
    def key(self) -> KeyView:
        """The same for the path of a film: upright, and within its limits."""
        return KeyView(
            yaw=self.yaw,
            pitch=float(np.clip(self.pitch, -MAX_PITCH, MAX_PITCH)),
            distance=float(np.clip(self.distance, NEAREST, FARTHEST)),
            target=(float(self.target[0]), float(self.target[1]), float(self.target[2])),
            field_of_view=self.field_of_view,
        )

    @property
    def place(self) -> tuple[float, ...]:
        """Equal for views that nobody can tell apart."""
        numbers = (self.yaw, self.pitch, self.distance, *self.target, self.field_of_view, self.roll)
        return tuple(round(float(number), 9) for number in numbers)

    def focal_px(self, size_px: tuple[float, float]) -> float:
        """Focal length in pixels of a picture of this size."""
        return float(0.5 * max(min(size_px), 1.0) / np.tan(0.5 * self.field_of_view))

    @property
    def pose(self) -> Matrix4:
        """Head frame from camera."""
        direction = np.array(
            [np.sin(self.yaw) * np.cos(self.pitch), -np.sin(self.pitch), -np.cos(self.yaw) * np.cos(self.pitch)]
        )
        upright = look_at(self.target + self.distance * direction, self.target)
        return upright @ _rolled(self.roll)

    def camera(self, width: int, height: int) -> Camera:
        """The pinhole camera of a picture of this size, in the head frame."""
        vertical = 2 * np.arctan(0.5 * height / self.focal_px((width, height)))
        camera = orbit_camera(
            self.yaw,
            self.pitch,
            self.distance,
            target_in_world=self.target,
            vertical_field_of_view=vertical,
            width=width,
            height=height,
        )
        return camera if self.roll == 0.0 else camera.posed(self.pose)


def home_view(box: Box, field_of_view: float = PORTRAIT) -> OrbitView:
    """Straight at the face, with the subject's box in the picture."""
    return OrbitView(0.0, 0.0, 1.0, box.centre, field_of_view).framed(box)


def view_of_key(key: KeyView) -> OrbitView:
    """The view at one moment of a film."""
    return OrbitView(key.yaw, key.pitch, key.distance, np.array(key.target), key.field_of_view)


def view_of_camera(camera: Camera, subject_centre: Float[np.ndarray, "3"], size_px: tuple[float, float]) -> OrbitView:
    """The view through an input camera (head frame): the same pose, and its whole photo in a picture of `size_px`.

    The target is the point of its optical axis nearest to the subject, so that orbiting starts there.
    """
    rotation = camera.world_from_camera[:3, :3]
    forward = rotation[:, 2]
    distance = max(float((subject_centre - camera.position_in_world) @ forward), NEAREST)
    scale = min(size_px[0] / camera.width, size_px[1] / camera.height)
    field_of_view = 2 * np.arctan(0.5 * min(size_px) / (camera.fy * scale))
    yaw = float(np.arctan2(-forward[0], forward[2]))
    pitch = float(np.arcsin(np.clip(forward[1], -1, 1)))
    upright = look_at(np.zeros(3), forward)[:3, :3]
    twist = upright.T @ rotation
    return OrbitView(
        yaw=yaw,
        pitch=pitch,
        distance=distance,
        target=camera.position_in_world + distance * forward,
        field_of_view=float(np.clip(field_of_view, NARROWEST, WIDEST)),
        roll=float(np.arctan2(twist[1, 0], twist[0, 0])),
    )


def between(start: OrbitView, end: OrbitView, share: float) -> OrbitView:
    """The view `share` (0 to 1) of the way along a flight, the short way round, slow at both ends."""
    if share >= 1.0:
        return end
    eased = share * share * (3.0 - 2.0 * share)

    def mix(a: float, b: float) -> float:
        return a + (b - a) * eased

    return OrbitView(
        yaw=_wrapped(start.yaw + eased * _wrapped(end.yaw - start.yaw)),
        pitch=mix(start.pitch, end.pitch),
        distance=float(start.distance * (end.distance / start.distance) ** eased),
        target=start.target + eased * (end.target - start.target),
        field_of_view=mix(start.field_of_view, end.field_of_view),
        roll=_wrapped(start.roll + eased * _wrapped(end.roll - start.roll)),
    )


def _rolled(angle: float) -> Matrix4:
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return turn


def _wrapped(angle: float) -> float:
    """The same angle between -pi and pi."""
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
