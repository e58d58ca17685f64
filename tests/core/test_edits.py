"""Edits: what they change, what they share, what they refuse."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core import edits
from kpnerf.core.document import Document, RenderSettings
from kpnerf.core.errors import UserError
from kpnerf.core.geometry import project
from kpnerf.core.keypoints import HEAD, PointState

from .staged import HEIGHT, POINTS, WIDTH, staged_camera, staged_document, staged_view

NOSE = HEAD.index("nose tip")


def place(document: Document, view: int, name: str = "nose tip") -> tuple[float, float]:
    """Where a keypoint lies in a view."""
    x, y = document.views[view].keypoints.xy_px[HEAD.index(name)]
    return float(x), float(y)


# --- keypoints


def test_moving_a_keypoint_shares_everything_else():
    """Photos, masks, cameras and the other views are the same objects: nothing is encoded again."""
    before = staged_document()
    after = edits.move_keypoint(before, 0, "nose tip", (150.0, 100.0))

    assert after.views[1] is before.views[1] and after.views[2] is before.views[2]
    for part in ("photo", "mask", "camera", "detected"):
        assert getattr(after.views[0], part) is getattr(before.views[0], part)
    assert after.calibration.cameras is before.calibration.cameras
    assert after.calibration.world_from_head is before.calibration.world_from_head
    assert after.settings is before.settings


def test_moving_a_keypoint_moves_it_in_space_and_says_how_far_off_it_is():
    """The 3D point and the residuals belong to the new place; the document before still says the old."""
    before = staged_document()
    x, y = place(before, 0)
    after = edits.move_keypoint(before, 0, "nose tip", (x + 12, y))
    others = np.arange(len(HEAD)) != NOSE

    assert place(after, 0) == (x + 12, y)
    assert after.views[0].keypoints.state[NOSE] == PointState.PLACED
    assert np.linalg.norm(after.calibration.keypoints.xyz[NOSE] - POINTS[NOSE]) > 1e-3
    assert np.allclose(after.calibration.keypoints.xyz[others], POINTS[others], atol=1e-6)
    assert after.calibration.residuals_px[0, NOSE] > 1
    assert np.array_equal(before.calibration.keypoints.xyz, POINTS)


def test_moving_back_gives_back_the_place_in_space():
    """Solving has no memory of the drag."""
    before = staged_document()
    away = edits.move_keypoint(before, 0, "nose tip", (10.0, 10.0))
    back = edits.move_keypoint(away, 0, "nose tip", place(before, 0))

    assert np.allclose(back.calibration.keypoints.xyz, POINTS, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_point_cannot_leave_its_photo(x, y):
    """Wherever the mouse goes, also far outside the window."""
    after = edits.move_keypoint(staged_document(), 0, "chin", (x, y))
    px, py = place(after, 0, "chin")

    assert -0.5 <= px <= WIDTH - 0.5 and -0.5 <= py <= HEIGHT - 0.5
    assert np.isfinite(after.calibration.keypoints.xyz).all()


def test_moving_before_anything_is_solved_only_moves():
    """A photo without a face has its points dragged first, and cameras found afterwards."""
    document = edits.add_views(Document(), [staged_view("a.png", 0)])
    after = edits.move_keypoint(document, 0, "chin", (5.0, 6.0))

    assert place(after, 0, "chin") == (5.0, 6.0)
    assert after.calibration is None


def test_an_occluded_point_is_kept_but_no_longer_counts():
    """And visible again, it counts as before."""
    before = edits.move_keypoint(staged_document(), 0, "nose tip", (10.0, 10.0))
    hidden = edits.occlude_keypoint(before, 0, "nose tip")
    shown = edits.occlude_keypoint(hidden, 0, "nose tip", occluded=False)

    assert place(hidden, 0) == (10.0, 10.0)
    assert np.allclose(hidden.calibration.keypoints.xyz[NOSE], POINTS[NOSE], atol=1e-6)
    assert hidden.calibration.keypoints.views[NOSE] == 2
    assert np.allclose(shown.calibration.keypoints.xyz, before.calibration.keypoints.xyz)


def test_a_point_taken_back_is_filled_in_from_the_other_views():
    """With two views that know it, it lies where it reprojects, and follows when they move."""
    before = edits.move_keypoint(staged_document(), 0, "nose tip", (10.0, 10.0))
    after = edits.unplace_keypoint(before, 0, "nose tip")
    expected = project(staged_camera(-30), POINTS[NOSE])[0]
    x, y = place(after, 1)
    moved = edits.move_keypoint(after, 1, "nose tip", (x, y + 8))

    assert after.views[0].keypoints.state[NOSE] == PointState.REPROJECTED
    assert np.allclose(place(after, 0), expected, atol=1e-3)
    assert np.isnan(after.calibration.residuals_px[0, NOSE])
    assert place(moved, 0)[1] > place(after, 0)[1] + 2


def test_a_point_taken_back_everywhere_is_unplaced_and_stays_where_it_was():
    """One view is not enough to reproject from; it can still be picked up where it lies."""
    document = staged_document()
    places = [place(document, view) for view in range(3)]
    for view in range(3):
        document = edits.unplace_keypoint(document, view, "nose tip")

    assert [view.keypoints.state[NOSE] for view in document.views] == [PointState.UNPLACED] * 3
    assert np.allclose([place(document, view) for view in range(3)], places, atol=1e-3)
    assert np.isfinite(document.calibration.keypoints.xyz).all()


def test_snapping_goes_back_to_what_the_detector_saw():
    """Place, state, confidence and visibility."""
    before = staged_document()
    away = edits.occlude_keypoint(edits.move_keypoint(before, 0, "chin", (1.0, 2.0)), 0, "chin")
    after = edits.snap_to_detection(away, 0, "chin")
    index = HEAD.index("chin")

    assert place(after, 0, "chin") == pytest.approx(np.add(place(before, 0, "chin"), 2.0))
    for field in ("state", "confidence", "occluded"):
        assert getattr(after.views[0].keypoints, field)[index] == getattr(before.views[0].detected, field)[index]


def test_snapping_to_what_was_never_detected_is_refused():
    """There is nothing to go back to."""
    view = staged_view("a.png", 0)
    nothing = replace(view.detected, state=np.zeros(len(HEAD), dtype=int))
    document = edits.add_views(Document(), [replace(view, detected=nothing)])

    with pytest.raises(UserError, match="not detected in a.png"):
        edits.snap_to_detection(document, 0, "chin")


# --- views


def test_adding_a_photo_asks_for_a_new_solution_and_keeps_the_cameras():
    """Locked cameras are among them."""
    before = staged_document()
    after = edits.add_views(before, [staged_view("d.png", 15)])

    assert after.calibration is None
    assert after.names == ("a.png", "b.png", "c.png", "d.png")
    assert all(new is old for new, old in zip(after.views, before.views, strict=False))


def test_photos_of_the_same_name_get_numbers():
    """Names tell views apart, also without their ending."""
    views = [staged_view("a.png", 0), staged_view("a.png", 10), staged_view("a.jpg", 20)]
    document = edits.add_views(Document(), views)

    assert document.names == ("a.png", "a (2).png", "a (3).jpg")
    assert np.array_equal(document.views[1].photo.rgb, views[1].photo.rgb)


def test_nine_photos_are_too_many():
    """Refused, and the eight are still there."""
    document = edits.add_views(Document(), [staged_view(f"{i}.png", i) for i in range(8)])

    with pytest.raises(UserError, match="9 photos are too many"):
        edits.add_views(document, [staged_view("9.png", 0)])


def test_removing_a_photo_keeps_the_cameras_of_the_others():
    """The keypoints are solved from those that are left, down to one and none."""
    before = edits.move_keypoint(staged_document(), 2, "nose tip", (10.0, 10.0))
    two = edits.remove_view(before, 2)
    one = edits.remove_view(two, 0)
    none = edits.remove_view(one, 0)

    assert two.views == before.views[:2]
    assert two.calibration.cameras == before.calibration.cameras[:2]
    assert np.allclose(two.calibration.keypoints.xyz, POINTS, atol=1e-6)
    assert two.calibration.residual_px.shape == (2,)
    assert np.isfinite(one.calibration.keypoints.xyz).all()
    assert none.views == () and none.calibration is None


def test_the_last_source_cannot_be_held_out():
    """An avatar needs one photo at least."""
    document = edits.hold_out(edits.hold_out(staged_document(), 0), 1)

    with pytest.raises(UserError, match="last photo"):
        edits.hold_out(document, 2)
    assert edits.hold_out(document, 0, held_out=False).sources == (0, 2)


# --- cameras


def test_turning_a_camera_solves_the_keypoints_again():
    """The other cameras stay the same objects; the residuals show that it no longer fits."""
    before = staged_document()
    pose = staged_camera(-25).world_from_camera
    after = edits.set_pose(before, 0, pose)

    assert np.array_equal(after.views[0].camera.world_from_camera, pose)
    assert after.calibration.cameras[1] is before.calibration.cameras[1]
    assert after.calibration.residual_px[0] > 0.5
    assert after.views[0].photo is before.views[0].photo


def test_what_is_no_pose_is_refused():
    """Mirrored, scaled, not finite, of a wrong last row."""
    document = staged_document()
    mirrored = np.diag([1.0, 1.0, -1.0, 1.0])
    crooked = np.eye(4)
    crooked[3, 0] = 1

    for matrix in (mirrored, 2 * np.eye(4), np.full((4, 4), np.nan), crooked):
        with pytest.raises(UserError, match="no pose"):
            edits.set_pose(document, 0, matrix)


def test_a_focal_length_by_hand_reaches_camera_and_solver():
    """The picture through it changes at once, and solving again starts from it."""
    after = edits.set_focal(staged_document(), 1, 777.0)

    assert (after.views[1].camera.fx, after.views[1].camera.fy) == (777.0, 777.0)
    assert after.observations()[1].focal_px == 777.0
    assert after.calibration.cameras[1] is after.views[1].camera


@pytest.mark.parametrize("focal_px", [0.0, -5.0, float("nan"), float("inf")])
def test_impossible_focal_lengths_are_refused(focal_px):
    """Typed by accident into a field of numbers."""
    with pytest.raises(UserError, match="focal length"):
        edits.set_focal(staged_document(), 0, focal_px)


def test_a_camera_that_is_not_known_cannot_be_turned():
    """Its focal length can be told all the same."""
    document = edits.add_views(Document(), [staged_view("a.png", 0)])

    with pytest.raises(UserError, match="not known yet"):
        edits.set_pose(document, 0, np.eye(4))
    assert edits.set_focal(document, 0, 300.0).observations()[0].focal_px == 300.0


def test_locks_are_set_one_by_one():
    """None leaves the other as it is."""
    document = edits.lock(staged_document(), 0, pose=True)
    document = edits.lock(document, 0, focal=True)
    document = edits.lock(document, 0, pose=False)

    assert (document.views[0].lock_pose, document.views[0].lock_focal) == (False, True)


def test_solving_with_every_camera_locked_keeps_them():
    """Known cameras are taken as they are, and the keypoints come out where they were."""
    document = staged_document()
    for view in range(3):
        document = edits.lock(document, view, pose=True, focal=True)
    solved = edits.solve_cameras(document)

    for before, after in zip(document.calibration.cameras, solved.calibration.cameras, strict=True):
        assert np.allclose(after.world_from_camera, before.world_from_camera)
        assert after.fx == pytest.approx(before.fx)
    cameras = solved.calibration.head_cameras
    assert np.allclose(
        project(cameras[0], solved.calibration.keypoints.xyz)[0], document.views[0].keypoints.xy_px, atol=0.05
    )


def test_a_solution_that_was_cancelled_changes_nothing():
    """Half a solution is none."""
    document = staged_document()

    assert edits.solve_cameras(document, cancelled=lambda: True) is document


# --- what is refused everywhere


@pytest.mark.parametrize(
    "edit",
    [
        lambda document, view, name: edits.move_keypoint(document, view, name, (1.0, 1.0)),
        edits.occlude_keypoint,
        edits.unplace_keypoint,
        edits.snap_to_detection,
    ],
)
def test_unknown_keypoints_and_views_are_refused(edit):
    """With the names there are."""
    with pytest.raises(UserError, match="no keypoint called “elbow”.*nose tip"):
        edit(staged_document(), 0, "elbow")
    with pytest.raises(UserError, match="no photo number 4"):
        edit(staged_document(), 3, "nose tip")


def test_a_place_that_is_no_number_is_refused():
    """It must not reach the solver."""
    with pytest.raises(UserError, match="no place"):
        edits.move_keypoint(staged_document(), 0, "chin", (float("nan"), 3.0))


def test_settings_are_checked_and_equal_ones_leave_the_document_alone():
    """The same settings again are no edit, so that no entry appears in the history."""
    document = staged_document()

    assert edits.set_render_settings(document, RenderSettings()) is document
    assert edits.set_render_settings(document, RenderSettings(resolution=512)).settings.resolution == 512
    for wrong in ({"resolution": 5}, {"sigma": 0.0}):
        with pytest.raises(UserError):
            edits.set_render_settings(document, replace(document.settings, **wrong))
