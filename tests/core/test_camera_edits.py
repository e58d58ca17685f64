"""Edits of all cameras at once: scale, principal points, cameras that follow points."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core import edits
from kpnerf.core.camera_edits import cameras_following, scale_to_distance
from kpnerf.core.errors import UserError
from kpnerf.core.geometry import project, transform
from kpnerf.core.head_placement import scale_of
from kpnerf.core.project_file import open_project, save_project
from kpnerf.core.world_scale import distance_in_world

from .staged import staged_document

ENDS = ("right eye outer corner", "left eye outer corner")


def seen(document) -> np.ndarray:
    """Pixels of the 3D keypoints in every camera."""
    calibration = document.calibration
    in_world = transform(calibration.world_from_head, calibration.keypoints.xyz)
    return np.stack([project(camera, in_world)[0] for camera in calibration.cameras])


def turned(document, view: int, degrees: float):
    """With one camera turned about the vertical axis through the head."""
    camera = document.views[view].camera
    angle = np.deg2rad(degrees)
    turn = np.eye(4)
    turn[:3, :3] = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    return edits.set_pose(document, view, turn @ camera.world_from_camera)


def angle_between(a, b) -> float:
    """Of two cameras' orientations, degrees."""
    rotation = a.world_from_camera[:3, :3].T @ b.world_from_camera[:3, :3]
    return float(np.rad2deg(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))


def test_a_known_distance_stretches_the_world_and_nothing_that_is_seen():
    """Cameras move, the projections and the avatar's own frame do not."""
    before = staged_document()
    now = distance_in_world(before.calibration, *ENDS)
    after = scale_to_distance(before, *ENDS, 2 * now)

    assert distance_in_world(after.calibration, *ENDS) == pytest.approx(2 * now)
    assert scale_of(after.calibration.world_from_head) == pytest.approx(2)
    np.testing.assert_allclose(seen(after), seen(before), atol=1e-6)
    np.testing.assert_array_equal(after.calibration.keypoints.xyz, before.calibration.keypoints.xyz)
    for old, new in zip(before.calibration.head_cameras, after.calibration.head_cameras, strict=True):
        np.testing.assert_allclose(new.world_from_camera, old.world_from_camera, atol=1e-9)


def test_solving_again_keeps_the_scale_and_a_file_knows_it(tmp_path):
    """The next solution comes in metres of an average head, and is stretched again."""
    document = scale_to_distance(staged_document(), *ENDS, 0.2)
    solved = edits.apply_calibration(document, staged_document().calibration)
    save_project(solved, tmp_path / "scaled.kpnerf")
    opened = open_project(tmp_path / "scaled.kpnerf")

    assert distance_in_world(solved.calibration, *ENDS) == pytest.approx(0.2)
    assert opened.known_distance == document.known_distance


def test_a_single_locked_camera_stays_where_it_is():
    """The world is stretched about it."""
    document = edits.lock(staged_document(), 0, pose=True)
    after = scale_to_distance(document, *ENDS, 0.2)

    np.testing.assert_allclose(
        after.views[0].camera.world_from_camera, document.views[0].camera.world_from_camera, atol=1e-12
    )
    assert distance_in_world(after.calibration, *ENDS) == pytest.approx(0.2)
    np.testing.assert_allclose(seen(after), seen(document), atol=1e-6)


@pytest.mark.parametrize(
    ("first", "second", "metres"),
    [("chin", "chin", 0.1), ("chin", "ear", 0.1), ("chin", "forehead", 0.0), ("chin", "forehead", float("nan"))],
)
def test_distances_that_cannot_be_are_told(first, second, metres):
    """One point, an unknown point, no distance, no number."""
    with pytest.raises(UserError):
        scale_to_distance(staged_document(), first, second, metres)


def test_a_principal_point_set_by_hand_stays_until_it_is_released():
    """Solving is told it while it is locked; afterwards it is told the middle of the photo."""
    moved = edits.set_principal_point(staged_document(), 1, 170.0, 110.0)
    released = edits.lock(moved, 1, centre=False)

    assert moved.views[1].lock_centre and not released.views[1].lock_centre
    assert (moved.views[1].camera.cx, moved.views[1].camera.cy) == (170.0, 110.0)
    assert moved.calibration.cameras[1] is moved.views[1].camera
    np.testing.assert_array_equal(moved.observations()[1].centre_px, [170.0, 110.0])
    np.testing.assert_array_equal(released.observations()[1].centre_px, [159.5, 119.5])
    with pytest.raises(UserError):
        edits.set_principal_point(moved, 1, 1e6, 0.0)


def test_cameras_rest_while_no_point_moves():
    """Also where their residuals are not zero: switching it on changes nothing."""
    document = edits.move_keypoint(staged_document(), 1, "chin", (150.0, 160.0))
    followed = cameras_following(document, document)

    for old, new in zip(document.calibration.cameras, followed.calibration.cameras, strict=True):
        np.testing.assert_allclose(new.world_from_camera, old.world_from_camera, atol=1e-9)
        assert new.fx == pytest.approx(old.fx)


def test_a_camera_turns_with_the_points_of_its_photo():
    """All points of a photo moved as if its camera stood 4 degrees farther round: there it goes, the others do not."""
    document = staged_document()
    pixels, _ = project(turned(document, 2, 4.0).views[2].camera, document.calibration.keypoints.xyz)
    places = {name: (float(x), float(y)) for name, (x, y) in zip(document.schema.names, pixels, strict=True)}
    after = edits.move_keypoints(document, 2, places)
    followed = cameras_following(document, after)
    cameras, before = followed.calibration.cameras, document.calibration.cameras

    assert angle_between(cameras[2], turned(document, 2, 4.0).views[2].camera) < 0.05
    assert angle_between(cameras[2], before[2]) > 3.9
    assert angle_between(cameras[0], before[0]) < 0.05


def test_locked_cameras_do_not_follow():
    """Not by pose, not by focal length, and the very object stays: nothing is encoded again."""
    document = staged_document()
    for view in range(3):
        document = edits.lock(document, view, pose=view != 1, focal=True)
    after = edits.move_keypoint(document, 1, "nose tip", (175.0, 120.0))
    followed = cameras_following(document, after)

    assert followed.views[0].camera is document.views[0].camera
    assert followed.views[2].camera is document.views[2].camera
    assert followed.views[1].camera is not document.views[1].camera
    assert followed.views[1].camera.fx == pytest.approx(document.views[1].camera.fx)


def test_what_follows_is_a_document_whose_parts_agree():
    """Residuals are those of the new cameras and of the points as they are."""
    document = staged_document()
    after = edits.move_keypoint(document, 0, "nose tip", (150.0, 130.0))
    followed = cameras_following(document, after)
    apart = np.linalg.norm(seen(followed) - [view.keypoints.xy_px for view in followed.views], axis=-1)
    by_hand = replace(followed.calibration, residuals_px=apart)

    np.testing.assert_allclose(followed.calibration.residuals_px, by_hand.residuals_px, atol=1e-6)
