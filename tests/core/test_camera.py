"""Cameras, cut and scaled, and the paths they take."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core.camera import Camera, look_at, orbit_camera, orbit_path
from kpnerf.core.geometry import project

POINTS = np.random.default_rng(1).uniform(-0.15, 0.15, (30, 3))
PLACE = np.array([0.4, -0.2, -0.9])


def number(lower: float, upper: float) -> st.SearchStrategy[float]:
    """Any float between two."""
    return st.floats(lower, upper, allow_nan=False)


def example(width: int = 640, height: int = 480) -> Camera:
    """A camera a metre off, its axis off the middle of the picture."""
    return Camera(900.0, 880.0, 300.0, 260.0, width, height, look_at(PLACE, np.zeros(3)))


@settings(deadline=None)
@given(st.integers(1, 2000), st.integers(1, 2000))
def test_resized_camera_sees_the_resized_picture(width, height):
    """The picture's edges stay its edges: -0.5 to -0.5, and the far edge to the far edge."""
    camera = example()
    before, _ = project(camera, POINTS)
    after, _ = project(camera.resized(width, height), POINTS)

    np.testing.assert_allclose((after + 0.5) / [width, height], (before + 0.5) / [640, 480], atol=1e-9)


def test_halving_a_picture_averages_pixel_centres():
    """Pixels 0 and 1 become pixel 0, whose centre lies between theirs."""
    camera = example()
    before, _ = project(camera, POINTS)
    after, _ = project(camera.resized(320, 240), POINTS)

    np.testing.assert_allclose(after, (before - 0.5) / 2)


@settings(deadline=None)
@given(st.integers(-100, 600), st.integers(-100, 400))
def test_cropped_camera_sees_the_cropped_picture(x0, y0):
    """What was at the crop's corner is now at the origin, whether the crop lies in the picture or beside it."""
    camera = example()
    crop = camera.cropped(x0, y0, 200, 100)

    assert (crop.width, crop.height) == (200, 100)
    np.testing.assert_allclose(project(crop, POINTS)[0], project(camera, POINTS)[0] - [x0, y0])


def test_pose_and_its_inverse():
    """Both name the same camera, which cannot be changed behind anybody's back."""
    camera = example()

    np.testing.assert_allclose(camera.camera_from_world @ camera.world_from_camera, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(camera.position_in_world, PLACE)
    with pytest.raises(ValueError, match="read-only"):
        camera.world_from_camera[0, 3] = 1.0


def test_posed_keeps_the_lens():
    """Only the place changes."""
    pose = look_at(np.array([0.0, 0.0, -2.0]), np.zeros(3))
    moved = example().posed(pose)

    np.testing.assert_array_equal(moved.intrinsics, example().intrinsics)
    np.testing.assert_array_equal(moved.world_from_camera, pose)


@given(number(-3, 3), number(-1.5, 1.5), number(0.2, 5), number(0.2, 1.5))
@settings(deadline=None)
def test_orbit_camera_looks_at_its_target(yaw, pitch, distance, field_of_view):
    """The target is in the middle of the picture at its distance, the top of the picture is up."""
    target = np.array([0.1, -0.05, 0.2])
    camera = orbit_camera(
        yaw, pitch, distance, target_in_world=target, vertical_field_of_view=field_of_view, width=64, height=48
    )
    pixels, depth = project(camera, target[None])
    rotation = camera.world_from_camera[:3, :3]

    np.testing.assert_allclose(pixels[0], [31.5, 23.5], atol=1e-6)
    np.testing.assert_allclose(depth[0], distance)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)
    assert rotation[1, 1] > 0
    assert 2 * np.arctan(24 / camera.fy) == pytest.approx(field_of_view)


def test_directions_of_an_orbit():
    """Positive yaw goes to the picture's right (+x), positive pitch up (-y), and none of both is in front (-z)."""
    lens = {"target_in_world": np.zeros(3), "vertical_field_of_view": 0.5, "width": 64, "height": 64}

    np.testing.assert_allclose(orbit_camera(0.0, 0.0, 2.0, **lens).position_in_world, [0, 0, -2])
    assert orbit_camera(0.5, 0.0, 2.0, **lens).position_in_world[0] > 0
    assert orbit_camera(0.0, 0.5, 2.0, **lens).position_in_world[1] < 0


def test_look_straight_down():
    """Where "upright" means nothing a pose is still a rotation."""
    pose = look_at(np.array([0.0, -1.0, 0.0]), np.zeros(3))

    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(pose[:3, 2], [0, 1, 0])


@pytest.mark.parametrize("yaw_range", [(-0.6, 0.6), (0.0, 2 * np.pi)], ids=["sways", "goes round"])
def test_orbit_path_closes(yaw_range):
    """The step from the last picture to the first is no longer than the longest other one."""
    path = list(
        orbit_path(
            24,
            1.2,
            yaw_range=yaw_range,
            pitch=0.1,
            target_in_world=np.zeros(3),
            vertical_field_of_view=0.5,
            width=64,
            height=64,
        )
    )
    places = np.stack([camera.position_in_world for camera in path])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)

    assert len(path) == 24
    assert np.linalg.norm(places[0] - places[-1]) <= steps.max() + 1e-9
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1.2)


def test_a_swaying_path_reaches_both_ends():
    """From the first yaw to the second and back, slowest at the ends."""
    path = orbit_path(
        40, 1.0, yaw_range=(-0.5, 0.7), target_in_world=np.zeros(3), vertical_field_of_view=0.5, width=8, height=8
    )
    yaws = np.array([np.arctan2(camera.position_in_world[0], -camera.position_in_world[2]) for camera in path])

    assert yaws.min() == pytest.approx(-0.5)
    assert yaws.max() == pytest.approx(0.7)
    assert abs(yaws[1] - yaws[0]) < 0.1 * abs(yaws[10] - yaws[9])
    np.testing.assert_allclose(yaws[1:20], yaws[:20:-1])
