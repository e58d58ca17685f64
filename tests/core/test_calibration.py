"""Cameras from landmarks, on faces whose every millimetre is known; no pictures, so nothing but geometry counts."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.calibration import calibrate, solve_keypoints
from kpnerf.core.canonical import canonical_face
from kpnerf.core.errors import UserError
from kpnerf.core.geometry import project
from kpnerf.core.keypoints import HEAD
from kpnerf.core.pose import pose_from_points

from .seen_faces import (
    CHOSEN,
    FOCAL,
    camera,
    check_sound,
    degrees,
    nobody,
    person,
    photos_of,
    seen_by,
    stranger,
    turn_between,
    turn_errors,
)


@pytest.mark.parametrize("yaws", [(-35, 0, 35), (-20, 20), (-40, -30, -20, -10, 5, 15, 25, 35)], ids=len)
def test_cameras_are_found(yaws):
    """Two, three and eight photos of one lens: angles to a few degrees, everything explained to a pixel or so."""
    views = photos_of(person(), *yaws)
    found = calibrate(views)

    check_sound(found, views)
    assert max(turn_errors(found, *yaws)) < 4
    assert (found.residual_px < 3).all()
    assert np.median(found.residuals_px) < 3
    assert len({one.fx for one in found.cameras}) == 1
    np.testing.assert_array_equal(found.world_from_head, np.eye(4))
    assert (found.keypoints.views == len(yaws)).all()


def test_keypoints_are_the_person_s():
    """Within millimetres of the true points, after the head is laid on the mean face."""
    found = calibrate(photos_of(person(), -35, 0, 35))
    error = np.linalg.norm(found.keypoints.xyz - person()[CHOSEN], axis=1)

    assert np.median(error) < 0.006
    assert error.max() < 0.02


def test_one_photo():
    """It faces the head, with the depth of the mean face."""
    views = photos_of(person(), 20)
    found = calibrate(views)

    check_sound(found, views)
    assert found.residual_px[0] < 3
    assert (found.keypoints.views == 1).all()
    assert degrees(found.cameras[0].world_from_camera[:3, :3].T @ camera(20).world_from_camera[:3, :3]) < 8


def test_the_same_photo_three_times():
    """Three cameras in one place, not one of them thrown far off."""
    views = photos_of(person(), 10) * 3
    found = calibrate(views)

    check_sound(found, views)
    places = np.stack([one.position_in_world for one in found.cameras])
    assert np.linalg.norm(places - places[0], axis=1).max() < 0.02
    assert max(degrees(turn_between(found.cameras[0], one)) for one in found.cameras) < 1
    assert (found.residual_px < 3).all()


def test_two_people():
    """What does not fit together stays finite, and a sentence asks whether it is one person; of one it does not."""
    views = [*photos_of(person(), -30, 0), *photos_of(stranger(), 30)]
    together, alone = calibrate(views), calibrate(photos_of(person(), -30, 0, 30))

    check_sound(together, views)
    assert any("the same person" in sentence for sentence in together.warnings)
    assert not alone.warnings


def test_a_told_focal_length_is_believed():
    """EXIF narrows the focal length to a few percent, whatever the landmarks would have said."""
    views = [replace(view, focal_px=FOCAL) for view in photos_of(person(), -25, 0, 25)]
    found = calibrate(views)

    assert [one.fx for one in found.cameras] == pytest.approx([FOCAL] * 3, rel=0.1)


def test_focal_lengths_apart():
    """Asked not to share, each photo gets its own."""
    found = calibrate(photos_of(person(), -25, 25), shared_focal=False)

    assert found.cameras[0].fx != found.cameras[1].fx


def test_a_photo_without_points_is_guessed():
    """A camera straight in front, and a sentence that names the photo; the others are found as without it."""
    views = [*photos_of(person(), -30, 30), nobody()]
    found = calibrate(views)

    check_sound(found, views)
    assert np.isnan(found.residual_px[2])
    assert max(turn_errors(found, -30, 30)) < 4
    assert any("nobody.jpg" in sentence for sentence in found.warnings)


def test_four_placed_points_make_a_camera():
    """With points put by hand a photo without a face is solved like the others."""
    taken_with = camera(30)
    pixels, _ = project(taken_with, person()[CHOSEN])
    view = nobody()
    for name in ("right eye outer corner", "left eye outer corner", "nose tip", "chin", "right mouth corner"):
        view = replace(view, keypoints=view.keypoints.moved(HEAD.index(name), tuple(pixels[HEAD.index(name)])))
    views = [*photos_of(person(), -30, 0), view]
    found = calibrate(views)

    check_sound(found, views)
    assert degrees(turn_between(found.cameras[1], found.cameras[2]).T @ turn_between(camera(0), taken_with)) < 8


def test_nobody_at_all():
    """Photos without a single point still come back with cameras to show them by."""
    views = [nobody("a.jpg"), nobody("b.jpg")]
    found = calibrate(views)

    check_sound(found, views)
    assert np.isnan(found.residual_px).all()


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_and_too_many_photos(count):
    """Refused with a sentence."""
    with pytest.raises(UserError):
        calibrate(photos_of(person(), 0) * count)


def test_progress_and_cancelling():
    """Progress grows to 1; cancelled at once, something sound still comes back."""
    shares = []
    views = photos_of(person(), -20, 20)
    calibrate(views, progress=shares.append)
    check_sound(calibrate(views, cancelled=lambda: True), views)

    assert shares == sorted(shares) and shares[-1] == 1.0


def test_moving_one_point_moves_it_alone():
    """In three dimensions too: the other points and their residuals do not stir."""
    yaws = (-35, 0, 35)
    views, cameras = photos_of(person(), *yaws), [camera(yaw) for yaw in yaws]
    before, residuals_before = solve_keypoints(views, cameras, np.eye(4))
    chin = HEAD.index("chin")
    x, y = views[1].keypoints.xy_px[chin]
    views[1] = replace(views[1], keypoints=views[1].keypoints.moved(chin, (x + 12, y)))
    after, residuals_after = solve_keypoints(views, cameras, np.eye(4))
    others = np.arange(len(HEAD)) != chin

    assert after.xyz[chin, 0] - before.xyz[chin, 0] > 0.003
    np.testing.assert_allclose(after.xyz[others], before.xyz[others], atol=2e-5)
    np.testing.assert_allclose(residuals_after[:, others], residuals_before[:, others], atol=0.05)


def test_keypoints_of_one_view_lie_on_its_ray():
    """Seen once, a point projects where it was seen, at about the mean face's depth; never seen, it is the mean's."""
    view = seen_by(camera(0), person())
    hidden = np.zeros(len(HEAD), dtype=bool)
    hidden[HEAD.index("chin")] = True
    view = replace(view, keypoints=replace(view.keypoints, occluded=hidden))
    solved, residuals_px = solve_keypoints([view], [camera(0)], np.eye(4))

    assert np.nanmax(residuals_px) < 1.5
    assert np.isnan(residuals_px[0, hidden]).all()
    np.testing.assert_array_equal(solved.views, np.where(hidden, 0, 1))
    np.testing.assert_allclose(solved.xyz[:, 2], canonical_face().points[CHOSEN, 2], atol=0.01)
    np.testing.assert_allclose(solved.xyz[hidden], canonical_face().points[CHOSEN][hidden], atol=1e-6)


def test_a_pose_from_exact_points():
    """Wherever the camera stood, the pose is found; four points that are not in a plane are enough."""
    points = canonical_face().points
    for yaw in (-60, -20, 0, 45):
        pixels, _ = project(camera(yaw, pitch=10), points)
        for chosen in (np.arange(len(points)), np.array([33, 263, 1, 152])):
            pose, _ = pose_from_points(points[chosen], pixels[chosen], camera(yaw).intrinsics, np.ones(len(chosen)))
            np.testing.assert_allclose(pose, camera(yaw, pitch=10).camera_from_world, atol=2e-3)
    with pytest.raises(ValueError, match="3 points"):
        pose_from_points(points[:3], pixels[:3], camera(0).intrinsics, np.ones(3))
