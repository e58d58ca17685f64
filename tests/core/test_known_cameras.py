"""Cameras that are known, all of them or in part: of a capture, or locked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.bundle import rotation_from_vector
from kpnerf.core.calibration import calibrate
from kpnerf.core.camera import Camera
from kpnerf.core.geometry import project, transform
from kpnerf.core.head_placement import in_head_frame

from .seen_faces import CHOSEN, camera, check_sound, degrees, person, photos_of, seen_by


def world_of_capture() -> np.ndarray:
    """world_from_head of a capture in centimetres, turned and shifted."""
    matrix = np.eye(4)
    matrix[:3, :3] = 100 * rotation_from_vector(np.array([0.4, -1.1, 0.3]))
    matrix[:3, 3] = (30.0, -120.0, 55.0)
    return matrix


def in_capture(one: Camera) -> Camera:
    """A camera of the head frame in that world."""
    matrix = world_of_capture()
    pose = np.eye(4)
    pose[:3, :3] = matrix[:3, :3] / 100 @ one.world_from_camera[:3, :3]
    pose[:3, 3] = transform(matrix, one.position_in_world)
    return one.posed(pose)


@pytest.fixture(scope="module")
def capture():
    """Three photos with known cameras in a world of centimetres, and what is solved from them."""
    yaws = (-35, 0, 35)
    views = [
        replace(view, camera=in_capture(camera(yaw)), lock_pose=True, lock_focal=True)
        for yaw, view in zip(yaws, photos_of(person(), *yaws), strict=True)
    ]
    return views, calibrate(views)


def test_known_cameras_are_taken_as_they_are(capture):
    """The very objects; and among metres of the head frame they stand where they stood."""
    views, found = capture

    assert all(one is view.camera for one, view in zip(found.cameras, views, strict=True))
    assert (found.residual_px < 3).all()
    for one, yaw in zip(found.head_cameras, (-35, 0, 35), strict=True):
        np.testing.assert_allclose(one.position_in_world, camera(yaw).position_in_world, atol=0.03)


def test_keypoints_of_known_cameras(capture):
    """Right to millimetres in the world of the cameras, whose scale is found too."""
    _, found = capture
    in_world = transform(found.world_from_head, found.keypoints.xyz)
    error_cm = np.linalg.norm(in_world - transform(world_of_capture(), person()[CHOSEN]), axis=1)

    assert np.cbrt(np.linalg.det(found.world_from_head[:3, :3])) == pytest.approx(100, rel=0.04)
    assert np.median(error_cm) < 0.3
    assert error_cm.max() < 0.8


def test_a_photo_among_known_cameras(capture):
    """A fourth photo without a camera gets one in the world of the three."""
    views, _ = capture
    found = calibrate([*views, seen_by(camera(15), person(), "new.jpg")])
    true = in_capture(camera(15))

    assert degrees(found.cameras[3].world_from_camera[:3, :3].T @ true.world_from_camera[:3, :3]) < 4
    assert all(one is view.camera for one, view in zip(found.cameras[:3], views, strict=True))


def test_a_locked_pose_is_kept():
    """Its focal length is found, its place is not touched."""
    views = photos_of(person(), -30, 0, 30)
    wrong_lens = replace(camera(-30), fx=700.0, fy=700.0)
    views[0] = replace(views[0], camera=wrong_lens, lock_pose=True)
    found = calibrate(views)

    np.testing.assert_allclose(found.cameras[0].world_from_camera, wrong_lens.world_from_camera, atol=1e-9)
    assert found.cameras[0].fx != 700.0


def test_a_locked_focal_length_is_kept():
    """With the camera that has it, or from the photo's own number."""
    views = photos_of(person(), -30, 0, 30)
    elsewhere = camera(40).posed(np.eye(4))
    views[0] = replace(views[0], camera=replace(elsewhere, fx=1100.0, fy=1100.0), lock_focal=True)
    views[1] = replace(views[1], focal_px=800.0, lock_focal=True)
    found = calibrate(views)

    assert found.cameras[0].fx == pytest.approx(1100) and found.cameras[1].fx == pytest.approx(800)
    assert np.linalg.norm(found.cameras[0].world_from_camera - np.eye(4)) > 0.1
    check_sound(found, views)


def test_head_frame_of_a_scaled_world():
    """A camera in centimetres and the same camera in metres of the head see the same pixels."""
    points = person()[CHOSEN]
    one = in_capture(camera(25))
    seen, _ = project(one, transform(world_of_capture(), points))

    np.testing.assert_allclose(project(in_head_frame(one, world_of_capture()), points)[0], seen, atol=1e-6)
