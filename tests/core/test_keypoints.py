"""The head's keypoints and what happens to them in a picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core.canonical import canonical_face
from kpnerf.core.keypoints import HEAD, Keypoints2D, PointState


def nowhere() -> Keypoints2D:
    """Points that nobody has placed, one of them marked as hidden."""
    occluded = np.zeros(len(HEAD), dtype=bool)
    occluded[2] = True
    return Keypoints2D(
        schema=HEAD,
        xy_px=np.arange(2.0 * len(HEAD)).reshape(-1, 2),
        state=np.full(len(HEAD), PointState.UNPLACED),
        confidence=np.zeros(len(HEAD)),
        occluded=occluded,
    )


@settings(deadline=None)
@given(st.integers(0, len(HEAD) - 1), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_a_moved_point_is_placed(index, x, y):
    """It alone changes: certain, visible, usable; the points it was made from stay as they were."""
    before = nowhere()
    after = before.moved(index, (x, y))
    others = np.arange(len(HEAD)) != index

    np.testing.assert_array_equal(after.xy_px[index], (x, y))
    assert after.state[index] == PointState.PLACED and after.confidence[index] == 1 and after.usable[index]
    for field in ("xy_px", "state", "confidence", "occluded"):
        np.testing.assert_array_equal(getattr(after, field)[others], getattr(before, field)[others])
    assert not before.usable.any()


def test_points_cannot_be_changed_in_place():
    """Neither through the value nor through the array it was made from."""
    xy = np.zeros((len(HEAD), 2))
    points = Keypoints2D(HEAD, xy, np.zeros(len(HEAD), dtype=int), np.zeros(len(HEAD)), np.zeros(len(HEAD), dtype=bool))
    xy[0] = 5.0

    assert (points.xy_px == 0).all()
    with pytest.raises(ValueError, match="read-only"):
        points.xy_px[0] = 1.0


@pytest.mark.parametrize(
    ("state", "occluded", "usable"),
    [
        (PointState.UNPLACED, False, False),
        (PointState.DETECTED, False, True),
        (PointState.PLACED, False, True),
        (PointState.REPROJECTED, False, False),
        (PointState.DETECTED, True, False),
        (PointState.PLACED, True, False),
    ],
)
def test_what_is_usable(state, occluded, usable):
    """Only what was seen counts: a point filled in from other views would vouch for itself."""
    points = Keypoints2D(
        HEAD,
        np.zeros((len(HEAD), 2)),
        np.full(len(HEAD), state),
        np.ones(len(HEAD)),
        np.full(len(HEAD), occluded),
    )

    assert (points.usable == usable).all()


def test_schema_names_and_landmarks():
    """Thirteen different names for thirteen different landmarks, found by name."""
    assert len(HEAD) == len(set(HEAD.names)) == len(set(HEAD.landmarks)) == 13
    assert [HEAD.index(name) for name in HEAD.names] == list(range(13))
    with pytest.raises(ValueError, match="not in tuple"):
        HEAD.index("elbow")


def test_mirror_pairs_are_partners():
    """A right point and its left one: named so, on their sides of the mean face, and each other's mirror image."""
    face = canonical_face()
    for right, left in HEAD.mirror_pairs:
        here, there = HEAD.landmarks[HEAD.index(right)], HEAD.landmarks[HEAD.index(left)]

        assert right.replace("right", "left") == left
        assert face.points[here, 0] < 0 < face.points[there, 0]
        assert face.mirror[here] == there and face.mirror[there] == here
        np.testing.assert_allclose(face.points[here] * [-1, 1, 1], face.points[there], atol=1e-9)


def test_points_without_partner_lie_in_the_middle():
    """Whatever is not in a pair is its own mirror image."""
    face = canonical_face()
    paired = {name for pair in HEAD.mirror_pairs for name in pair}
    middle = [HEAD.landmarks[HEAD.index(name)] for name in HEAD.names if name not in paired]

    assert (face.mirror[middle] == middle).all()
    np.testing.assert_allclose(face.points[middle, 0], 0, atol=1e-9)


def test_the_mean_face_is_a_head_in_its_frame():
    """Origin between the cheeks, left is +x, down is +y, the nose towards the camera, all within the box."""
    points = {name: canonical_face().points[index] for name, index in zip(HEAD.names, HEAD.landmarks, strict=True)}
    everything = np.stack(list(points.values()))

    np.testing.assert_allclose(points["right cheek"] + points["left cheek"], 0, atol=1e-6)
    assert points["forehead"][1] < points["nose tip"][1] < points["upper lip"][1] < points["chin"][1]
    assert points["nose tip"][2] < points["left eye outer corner"][2] < 0
    assert (everything > HEAD.box.lower).all() and (everything < HEAD.box.upper).all()
    assert 0.12 < points["left cheek"][0] - points["right cheek"][0] < 0.17
