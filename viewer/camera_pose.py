"""A camera's pose as numbers that a person can turn: angles round the head, distance, shift."""

from dataclasses import dataclass, replace

import numpy as np

from ..core.camera import Camera, Matrix4
from .orbit import OrbitView, view_of_camera

_ANY_SIZE = (512.0, 512.0)


@dataclass(frozen=True)
class CameraPose:
    """Where a camera stands in the head frame, radians and metres.

    The camera is on a sphere round the head, then shifted sideways by `across` and `down` in its own axes.
    """

    yaw: float
    pitch: float
    roll: float
    distance: float
    across: float
    down: float

    def changed(self, field: str, value: float) -> "CameraPose":
        """With one number replaced."""
        return replace(self, **{field: value})


def pose_of_camera(camera: Camera) -> CameraPose:
    """The numbers of a camera in the head frame."""
    view = view_of_camera(camera, np.zeros(3), _ANY_SIZE)
    rotation = camera.world_from_camera[:3, :3]
    across, down, _ = rotation.T @ view.target
    return CameraPose(view.yaw, view.pitch, view.roll, view.distance, float(across), float(down))


def world_from_camera(pose: CameraPose, world_from_head: Matrix4) -> Matrix4:
    """The rigid pose in world of a camera told by its numbers; a similarity's scale goes into the position alone."""
    upright = OrbitView(pose.yaw, pose.pitch, pose.distance, np.zeros(3), 1.0, pose.roll).pose
    head_from_camera = upright.copy()
    head_from_camera[:3, 3] += upright[:3, :2] @ np.array([pose.across, pose.down])
    scale = np.cbrt(np.linalg.det(world_from_head[:3, :3]))
    posed = np.eye(4)
    posed[:3, :3] = world_from_head[:3, :3] / scale @ head_from_camera[:3, :3]
    posed[:3, 3] = world_from_head[:3, :3] @ head_from_camera[:3, 3] + world_from_head[:3, 3]
    return posed
