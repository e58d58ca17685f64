"""The orbit camera as a value."""

import numpy as np
import pytest

from kpnerf.core.camera import orbit_camera
from kpnerf.core.geometry import project
from kpnerf.core.keypoints import HEAD
from kpnerf.viewer.orbit import MAX_PITCH, OrbitView, between, home_view, view_of_camera

HOME = home_view(HEAD.box)
SIZE = (700.0, 500.0)


def test_the_home_view_looks_at_the_face_and_sees_the_whole_box():
    """Every corner of the subject's box is in the picture, or nearly: corners of a head's box are empty."""
    pixels, depth = project(HOME.camera(400, 400), HEAD.box.corners)

    assert (HOME.yaw, HOME.pitch, HOME.roll) == (0, 0, 0)
    assert (depth > 0).all()
    assert (pixels > -60).all() and (pixels < 460).all()


def test_dragging_to_the_right_turns_the_face_to_the_right():
    """The subject follows the cursor: what faces the camera moves the way the hand moves."""
    nose = np.array([[0.0, 0.0, -0.1]])
    before, _ = project(HOME.camera(400, 400), nose)
    after, _ = project(HOME.orbited(40, 0, 400).camera(400, 400), nose)
    lower, _ = project(HOME.orbited(0, 40, 400).camera(400, 400), nose)

    assert after[0, 0] > before[0, 0] + 5
    assert lower[0, 1] > before[0, 1] + 5


def test_orbiting_back_ends_where_it_began():
    """Exact, without damping."""
    turned = HOME.orbited(123, -45, 500).orbited(-123, 45, 500)

    np.testing.assert_allclose(turned.pose, HOME.pose, atol=1e-12)


def test_pitch_stops_before_the_pole():
    """The picture never tips over."""
    assert HOME.orbited(0, 1e6, 500).pitch == MAX_PITCH
    assert np.isfinite(HOME.orbited(0, 1e6, 500).pose).all()


@pytest.mark.parametrize("size", [(700.0, 500.0), (300.0, 900.0)])
def test_panning_keeps_the_target_under_the_cursor(size):
    """To the pixel, in wide and in tall viewports."""
    view = HOME.orbited(80, 30, 500)
    target = view.target[None]
    before, _ = project(view.camera(int(size[0]), int(size[1])), target)
    after, _ = project(view.panned(37, -21, size).camera(int(size[0]), int(size[1])), target)

    np.testing.assert_allclose(after - before, [[37, -21]], atol=1e-9)


def test_a_notch_of_the_wheel_comes_a_tenth_nearer():
    """And the other way back again."""
    assert HOME.distance / HOME.zoomed(1).distance == pytest.approx(1.1)
    assert HOME.zoomed(3).zoomed(-3).distance == pytest.approx(HOME.distance)
    assert HOME.zoomed(1000).distance > 0


@pytest.mark.parametrize("roll", [0.0, 0.3])
def test_looking_through_an_input_camera_shows_its_photo(roll):
    """The pose is the camera's own, roll and all, and the photo's height fills the viewport's."""
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]]
    camera = orbit_camera(
        0.7, -0.2, 0.9, target_in_world=np.array([0.02, 0.05, 0.01]), vertical_field_of_view=0.5, width=480, height=640
    )
    camera = camera.posed(camera.world_from_camera @ turn)
    seen = view_of_camera(camera, HEAD.box.centre, SIZE).camera(700, 500)

    np.testing.assert_allclose(seen.world_from_camera, camera.world_from_camera, atol=1e-9)
    assert seen.fy == pytest.approx(camera.fy * 500 / 640)


def test_another_lens_keeps_the_size_of_the_target():
    """The field of view changes perspective, not framing."""
    points = HOME.target + np.array([[-0.05, 0, 0], [0.05, 0, 0]])
    before, _ = project(HOME.camera(400, 400), points)
    after, _ = project(HOME.with_field_of_view(np.deg2rad(60)).camera(400, 400), points)

    np.testing.assert_allclose(after, before, atol=1e-9)


def test_a_flight_goes_the_short_way_round():
    """From 170 to -170 degrees over the back of the head, and ends exactly where it should."""
    start, end = HOME.orbited(0, 0, 1), HOME.orbited(0, 0, 1)
    start = OrbitView(np.deg2rad(170), 0, 1, start.target, 0.5)
    end = OrbitView(np.deg2rad(-170), 0, 2, end.target, 0.5)

    assert abs(between(start, end, 0.5).yaw) == pytest.approx(np.pi)
    assert between(start, end, 1.0) is end
    assert between(start, end, 0.5).distance == pytest.approx(np.sqrt(2))
