"""Edits of several points at once, and of points that few photos know."""

import numpy as np
import pytest

from kpnerf.core import edits
from kpnerf.core.errors import UserError
from kpnerf.core.geometry import project
from kpnerf.core.keypoints import HEAD, PointState

from .staged import POINTS, staged_camera, staged_document

NOSE = HEAD.index("nose tip")


def test_moving_several_at_once_is_moving_one_after_the_other():
    """The same document, solved once."""
    before = staged_document()
    places = {"chin": (100.0, 120.0), "forehead": (-5.0, 33.0), "nose tip": (150.5, 88.0)}
    at_once, one_by_one = edits.move_keypoints(before, 1, places), before
    for name, place in places.items():
        one_by_one = edits.move_keypoint(one_by_one, 1, name, place)

    assert np.array_equal(at_once.views[1].keypoints.xy_px, one_by_one.views[1].keypoints.xy_px)
    assert np.allclose(at_once.calibration.keypoints.xyz, one_by_one.calibration.keypoints.xyz, atol=1e-9)
    assert at_once.views[1].keypoints.xy_px[HEAD.index("forehead"), 0] == -0.5


def test_one_wrong_place_among_several_is_refused():
    """With nothing changed."""
    with pytest.raises(UserError, match="no place"):
        edits.move_keypoints(staged_document(), 0, {"chin": (1.0, 2.0), "forehead": (np.nan, 2.0)})


def test_swapping_sides_takes_everything_along_and_twice_is_nothing():
    """Places, origins, visibility of the pair; the others stay."""
    before = edits.occlude_keypoint(staged_document(), 0, "left cheek")
    after = edits.swap_sides(before, 0, ["right cheek"])
    again = edits.swap_sides(after, 0, ["left cheek", "right cheek"])
    left, right = HEAD.index("left cheek"), HEAD.index("right cheek")
    others = [index for index in range(len(HEAD)) if index not in (left, right)]
    old, new = before.views[0].keypoints, after.views[0].keypoints

    assert np.array_equal(new.xy_px[[left, right]], old.xy_px[[right, left]])
    assert new.occluded[right] and not new.occluded[left]
    assert np.array_equal(new.xy_px[others], old.xy_px[others])
    assert np.array_equal(again.views[0].keypoints.xy_px, old.xy_px)
    assert after.views[1] is before.views[1]


def test_swapping_all_sides_of_a_mirrored_photo_repairs_it():
    """A selfie saved as in the mirror: every pair the other way round, fitting again afterwards."""
    before = staged_document()
    mirrored = edits.swap_sides(before, 1, HEAD.names)

    assert mirrored.calibration.residual_px[1] > 3
    assert edits.swap_sides(mirrored, 1, HEAD.names).calibration.residual_px[1] < 1e-3


def test_points_of_the_middle_have_nothing_to_swap():
    """Refused with a sentence, so that nobody waits for what will not happen."""
    with pytest.raises(UserError, match="partner on the other side"):
        edits.swap_sides(staged_document(), 0, ["nose tip", "chin"])


def test_a_point_that_one_photo_knows_keeps_its_depth_from_the_face():
    """It lies on that photo's ray, as deep as the mean face has it, and the other photos do not invent it."""
    document = staged_document()
    for view in (0, 2):
        document = edits.unplace_keypoint(document, view, "nose tip")
    x, y = document.views[1].keypoints.xy_px[NOSE]
    moved = edits.move_keypoint(document, 1, "nose tip", (x + 6, y))
    point = moved.calibration.keypoints.xyz[NOSE]
    seen, depth = project(staged_camera(0), point)
    _, expected = project(staged_camera(0), POINTS[NOSE])

    assert moved.calibration.keypoints.views[NOSE] == 1
    assert np.hypot(*(seen - [x + 6, y])) < 0.2
    assert abs(depth - expected) < 0.001
    assert [moved.views[view].keypoints.state[NOSE] for view in (0, 2)] == [PointState.UNPLACED] * 2


def test_two_photos_placed_fill_in_the_third_until_a_hand_places_it():
    """Grey and following first, then green and staying."""
    document = staged_document()
    document = edits.unplace_keypoint(document, 2, "nose tip")
    x, y = document.views[0].keypoints.xy_px[NOSE]
    moved = edits.move_keypoint(document, 0, "nose tip", (x, y + 5))
    followed = moved.views[2].keypoints
    by_hand = edits.move_keypoint(moved, 2, "nose tip", (50.0, 60.0))
    later = edits.move_keypoint(by_hand, 0, "nose tip", (x, y))

    assert followed.state[NOSE] == PointState.REPROJECTED
    assert followed.xy_px[NOSE, 1] - document.views[2].keypoints.xy_px[NOSE, 1] > 1
    assert later.views[2].keypoints.state[NOSE] == PointState.PLACED
    assert later.views[2].keypoints.xy_px[NOSE].tolist() == [50.0, 60.0]
