"""Pinhole cameras in OpenCV axes, and paths that orbit a subject."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from pyglm import glm

Matrix3 = Float[np.ndarray, "3 3"]
Matrix4 = Float[np.ndarray, "4 4"]


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera; pixel (0, 0) is the centre of the top-left pixel.

    Frozen, and compared by identity: a stage that was given this very object need not run again.
    """

    fx: float
    """Focal length in pixels, horizontally."""
    fy: float
    """Focal length in pixels, vertically."""
    cx: float
    """Principal point, pixels from the centre of the leftmost column."""
    cy: float
    """Principal point, pixels from the centre of the topmost row."""
    width: int
    height: int
    world_from_camera: Matrix4
    """Rigid pose in metres: x right, y down, z forward."""

    def __post_init__(self) -> None:
        pose = np.array(self.world_from_camera, dtype=np.float64)
        pose.flags.writeable = False
        object.__setattr__(self, "world_from_camera", pose)

    @property
    def intrinsics(self) -> Matrix3:
        """The calibration matrix K."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def camera_from_world(self) -> Matrix4:
        """Inverse of the pose."""
        rotation = self.world_from_camera[:3, :3].T
        inverse = np.eye(4)
        inverse[:3, :3] = rotation
        inverse[:3, 3] = -rotation @ self.world_from_camera[:3, 3]
        return inverse

    @property
    def position_in_world(self) -> Float[np.ndarray, "3"]:
        """The optical centre, metres."""
        return self.world_from_camera[:3, 3]

    def posed(self, world_from_camera: Matrix4) -> "Camera":
        """The same lens somewhere else."""
        return replace(self, world_from_camera=world_from_camera)

    def resized(self, width: int, height: int) -> "Camera":
        """The camera of the same picture resampled to `width` x `height` pixels.

        A picture's area runs from -0.5 to width - 0.5, so it is the edges that scale, not the centres.
        """
        sx, sy = width / self.width, height / self.height
        return replace(
            self,
            fx=self.fx * sx,
            fy=self.fy * sy,
            cx=(self.cx + 0.5) * sx - 0.5,
            cy=(self.cy + 0.5) * sy - 0.5,
            width=width,
            height=height,
        )

    def cropped(self, x0_px: float, y0_px: float, width: int, height: int) -> "Camera":
        """The camera of the crop whose top-left pixel centre is at (x0_px, y0_px); it may leave the picture."""
        return replace(self, cx=self.cx - x0_px, cy=self.cy - y0_px, width=width, height=height)


def look_at(position_in_world: np.ndarray, target_in_world: np.ndarray) -> Matrix4:
    """Pose of a camera at `position` that looks at `target`, upright (world y is down)."""
    position, target = glm.dvec3(*position_in_world), glm.dvec3(*target_in_world)
    forward = glm.normalize(target - position)
    level = glm.cross(glm.dvec3(0.0, 1.0, 0.0), forward)
    right = glm.normalize(level) if glm.length(level) > 1e-6 else glm.dvec3(1.0, 0.0, 0.0)
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2] = right, glm.cross(forward, right), forward
    pose[:3, 3] = position
    return pose


def orbit_camera(
    yaw: float,
    pitch: float,
    distance: float,
    *,
    target_in_world: np.ndarray,
    vertical_field_of_view: float,
    width: int,
    height: int,
) -> Camera:
    """A camera on a sphere round `target`, radians and metres.

    Yaw 0 looks along world +z, at the face of a person in the head frame; positive yaw moves the camera to
    the picture's right (the person's left), positive pitch raises it.
    """
    direction = np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
    position = np.asarray(target_in_world, float) + distance * direction
    focal = 0.5 * height / np.tan(0.5 * vertical_field_of_view)
    return Camera(
        fx=focal,
        fy=focal,
        cx=0.5 * (width - 1),
        cy=0.5 * (height - 1),
        width=width,
        height=height,
        world_from_camera=look_at(position, target_in_world),
    )


def orbit_path(
    frames: int,
    distance: float,
    *,
    yaw_range: tuple[float, float],
    pitch: float = 0.0,
    target_in_world: np.ndarray,
    vertical_field_of_view: float,
    width: int,
    height: int,
) -> Iterator[Camera]:
    """A turntable that swings from the first yaw to the second and back, smoothly and without a seam (radians).

    Avatars from a few frontal photos have no back to show, so the path sways instead of going round; a range of
    a whole turn or more goes round at even speed.
    """
    start, end = yaw_range
    whole_turn = abs(end - start) >= 2 * np.pi - 1e-6
    for index in range(frames):
        phase = index / frames
        share = phase if whole_turn else 0.5 - 0.5 * np.cos(2 * np.pi * phase)
        yield orbit_camera(
            start + share * (end - start),
            pitch,
            distance,
            target_in_world=target_in_world,
            vertical_field_of_view=vertical_field_of_view,
            width=width,
            height=height,
        )
