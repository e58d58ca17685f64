"""Camera poses as numbers that a person turns."""

import numpy as np
import pytest

from kpnerf.core.camera import look_at
from kpnerf.core.head_placement import in_head_frame
from kpnerf.viewer.camera_pose import pose_of_camera, world_from_camera

from ..core.staged import staged_camera


def similarity(scale: float) -> np.ndarray:
    """A world that is turned, moved and counted in other units than the head frame."""
    turned = look_at(np.array([0.3, -0.2, 0.5]), np.array([1.0, 0.4, 2.0]))
    turned[:3, :3] *= scale
    return turned


@pytest.mark.parametrize("scale", [1.0, 0.01, 250.0])
def test_numbers_and_pose_are_two_ways_to_say_the_same(scale):
    """Read from a camera and written back, nothing has moved, in whatever world the camera is told."""
    world_from_head = similarity(scale)
    head_camera = staged_camera(35.0)
    shifted = head_camera.world_from_camera.copy()
    shifted[:3, 3] += [0.03, -0.05, 0.02]
    posed = world_from_camera(pose_of_camera(head_camera.posed(shifted)), world_from_head)
    back = in_head_frame(head_camera.posed(posed), world_from_head)

    np.testing.assert_allclose(back.world_from_camera, shifted, atol=1e-9)


def test_turning_the_yaw_goes_round_the_head():
    """The distance to the head stays, the camera goes to the side."""
    before = pose_of_camera(staged_camera(0.0))
    moved = world_from_camera(before.changed("yaw", 0.5), np.eye(4))
    still = world_from_camera(before, np.eye(4))

    assert np.linalg.norm(moved[:3, 3]) == pytest.approx(np.linalg.norm(still[:3, 3]))
    assert moved[0, 3] > still[0, 3] + 0.3
