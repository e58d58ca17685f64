"""Cameras round the avatar: where they are drawn, and where a drag puts them."""

import numpy as np
import pytest

from kpnerf.core.geometry import project
from kpnerf.core.keypoints import HEAD
from kpnerf.viewer.camera_pose import pose_of_camera, world_from_camera
from kpnerf.viewer.gestures import Button, Clicked, DragEnded, Dragged, DragStarted, Hovered, Pointer
from kpnerf.viewer.looking import compare, toggle_held_out, toggle_overview
from kpnerf.viewer.orbit import home_view
from kpnerf.viewer.overview import clipped, frustum_at, frustum_of, overview_of, swung
from kpnerf.viewer.overview_gestures import OverviewGestures

from ..core.staged import HEIGHT, WIDTH, staged_camera, staged_document
from .blob_engine import eventually
from .test_session import Desk

CENTRE = HEAD.box.centre
SIZE = (800, 700)


@pytest.fixture
def desk():
    """With three solved photos open, and their cameras shown."""
    desk = Desk(document=staged_document())
    desk.session.viewport_size = (float(SIZE[0]), float(SIZE[1]))
    desk.frame()
    toggle_overview(desk.session)
    desk.frame(1.0)
    yield desk
    assert eventually(desk.session.close)


def overview():
    """From where the staged cameras can be seen."""
    cameras = [staged_camera(yaw) for yaw in (-30.0, 0.0, 30.0)]
    return overview_of(home_view(HEAD.box), HEAD.box, cameras).camera(*SIZE), cameras


def test_a_photo_lies_in_its_pyramid_where_its_camera_sees_it():
    """Corners are those of the photo's area, half a pixel beyond the outermost centres; right of the photo is right."""
    camera = staged_camera(-30.0)
    frustum = frustum_of(0, camera, CENTRE)
    pixels, depth = project(camera, frustum.corners)

    np.testing.assert_allclose(
        pixels,
        [[-0.5, -0.5], [WIDTH - 0.5, -0.5], [WIDTH - 0.5, HEIGHT - 0.5], [-0.5, HEIGHT - 0.5]],
        atol=1e-6,
    )
    assert np.ptp(depth) < 1e-9 and 0.1 < depth[0] < 0.5
    grid, _ = project(camera, frustum.grid)
    np.testing.assert_allclose(grid[2, 2], [(WIDTH - 1) / 2, (HEIGHT - 1) / 2], atol=1e-6)


def test_the_overview_shows_the_subject_and_every_camera():
    """Everything is in front of the eye and inside the picture."""
    eye, cameras = overview()
    places = np.concatenate([HEAD.box.corners, [camera.position_in_world for camera in cameras]])
    pixels, depth = project(eye, places)

    assert (depth > 0.1).all()
    assert ((pixels > 0) & (pixels < SIZE)).all()


def test_the_pointer_finds_an_apex_first_and_then_the_nearest_photo():
    """Within reach of an apex it is that one, inside a photo it is that, elsewhere none."""
    eye, cameras = overview()
    frustums = [frustum_of(index, camera, CENTRE) for index, camera in enumerate(cameras)]
    for index, frustum in enumerate(frustums):
        apex, middle = (project(eye, place)[0] + 0.5 for place in (frustum.apex, frustum.grid[2, 2]))
        assert frustum_at(frustums, eye, (apex[0] + 5, apex[1] - 5), 12) == index
        assert frustum_at(frustums, eye, tuple(middle), 12) == index

    assert frustum_at(frustums, eye, (3.0, 3.0), 12) is None
    assert frustum_at([], eye, (3.0, 3.0), 12) is None


def test_lines_behind_the_eye_are_cut_before_it():
    """What can be seen of a line that passes the eye lies on the same line; one behind it cannot be seen."""
    eye = staged_camera(0.0)
    inside, behind = np.array([0.02, 0.01, 0.0]), np.array([0.3, 0.1, -3.0])
    start, end = clipped(eye, inside, behind)
    direction = (end - start) / np.linalg.norm(end - start)
    further, _ = project(eye, inside + 0.1 * (behind - inside))

    np.testing.assert_allclose(start, project(eye, inside)[0])
    assert abs(np.cross(direction, further - start)) < 1e-6
    assert clipped(eye, behind, behind + [1.0, 0.0, 0.0]) is None


@pytest.mark.parametrize("view", [0, 1, 2])
@pytest.mark.parametrize("drag", [(40.0, 0.0), (20.0, 30.0), (0.0, -60.0)])
def test_a_dragged_camera_stays_under_the_pointer_on_its_sphere(view, drag):
    """Its distance, roll and shift stay; it turns so that it sees the head as before. Back is back."""
    eye, cameras = overview()
    before = pose_of_camera(cameras[view])
    pose = swung(cameras[view], eye, *drag)
    moved = cameras[view].posed(world_from_camera(pose, np.eye(4)))
    pixels = [project(eye, camera.position_in_world)[0] for camera in (cameras[view], moved)]

    np.testing.assert_allclose(pixels[1] - pixels[0], drag, atol=2.5)
    assert (pose.distance, pose.roll, pose.across, pose.down) == (
        before.distance, before.roll, before.across, before.down
    )  # fmt: skip
    assert np.linalg.norm(moved.position_in_world) == pytest.approx(np.linalg.norm(cameras[view].position_in_world))
    centre = [project(camera, np.zeros(3))[0] for camera in (cameras[view], moved)]
    np.testing.assert_allclose(centre[1], centre[0], atol=1e-6)
    again = swung(cameras[view], eye, 0.0, 0.0)
    assert (again.yaw, again.pitch) == pytest.approx((before.yaw, before.pitch))


def test_beyond_the_sphere_a_camera_stays_at_its_outline():
    """A hand that goes on does not throw it through the head."""
    eye, cameras = overview()
    poses = [swung(cameras[1], eye, x, 0.0) for x in (2000.0, 4000.0)]

    assert np.isfinite([poses[0].yaw, poses[0].pitch]).all()
    assert abs(poses[0].yaw - poses[1].yaw) < 0.02


def test_dragging_a_camera_is_one_entry_and_the_reprojections_follow(desk):
    """Residuals change while the button is held; Esc leaves nothing, undo gives the very same document back."""
    session, hands = desk.session, OverviewGestures(desk.session)
    before = session.document
    eye = session.eye.view.camera(*SIZE)
    apex = project(eye, hands.frustums[2].apex)[0] + 0.5
    origin, to = Pointer(*apex), Pointer(apex[0] + 30, apex[1] + 10)

    assert not hands.handle(Hovered(origin)) and hands.hovered == 2
    assert hands.handle(DragStarted(Button.LEFT, origin))
    assert hands.handle(Dragged(Button.LEFT, origin, 30, 10, to))
    assert session.editor.view == 2
    assert session.document.calibration.residual_px[2] > before.calibration.residual_px[2] + 0.2
    assert session.document.views[0].camera is before.views[0].camera
    assert hands.handle(DragEnded(Button.LEFT, origin, to))
    assert [entry.label for entry in session.editor.history.entries] == ["Open", "Camera of c.png"]
    moved = project(eye, hands.frustums[2].apex)[0] + 0.5
    np.testing.assert_allclose(moved, to.at, atol=2.5)
    session.undo()
    assert session.document is before

    hands.handle(DragStarted(Button.LEFT, Pointer(*apex)))
    hands.handle(Dragged(Button.LEFT, origin, 30, 10, to))
    session.editor.cancel()
    hands.handle(Dragged(Button.LEFT, origin, 5, 5, to))
    hands.handle(DragEnded(Button.LEFT, origin, to))
    assert session.document is before


def test_what_is_no_camera_is_left_to_the_orbit(desk):
    """Beside the pyramids, with the other buttons, and while they are hidden."""
    session, hands = desk.session, OverviewGestures(desk.session)
    apex = project(session.eye.view.camera(*SIZE), hands.frustums[1].apex)[0] + 0.5

    assert not hands.handle(DragStarted(Button.LEFT, Pointer(2, 2)))
    assert not hands.handle(Dragged(Button.LEFT, Pointer(2, 2), 5, 5, Pointer(7, 7)))
    assert not hands.handle(DragStarted(Button.RIGHT, Pointer(*apex)))
    assert hands.handle(Clicked(Button.LEFT, Pointer(*apex))) and session.editor.view == 1
    toggle_overview(session)
    assert not hands.handle(Clicked(Button.LEFT, Pointer(*apex)))
    assert hands.frustums == ()


def test_the_overview_goes_back_to_where_the_eye_was(desk):
    """And comparing with a photo ends it."""
    session = desk.session
    far = session.eye.view
    toggle_overview(session)
    desk.frame(1.0)
    assert session.eye.view.distance < far.distance and session.eye.view.yaw == 0
    toggle_overview(session)
    compare(session, "wipe")
    assert not session.overview


def test_holding_out_is_an_edit_that_says_what_it_does(desk):
    """The last source cannot be held out: that is told, and changes nothing."""
    session = desk.session
    for view in (0, 1, 2):
        session.editor.select(view)
        toggle_held_out(session)
    toggle_held_out(session)

    assert [view.held_out for view in session.document.views] == [True, True, False]
    assert [entry.label for entry in session.editor.history.entries] == ["Open", "Hold out a.png", "Hold out b.png"]
    assert session.status().kind == "error"
