"""What cannot be right about points, told before anything is drawn."""

import numpy as np
import pytest

from kpnerf.core import edits
from kpnerf.core.commands.calibrate import calibration_as_json
from kpnerf.core.document import Document
from kpnerf.core.geometry import project
from kpnerf.core.keypoints import HEAD
from kpnerf.core.point_doubts import PointDoubt, doubt_cameras, doubt_points
from kpnerf.core.ranking import rank

from .staged import POINTS, staged_camera, staged_document


def doubts(document: Document) -> tuple[tuple[PointDoubt, ...], tuple[str, ...]]:
    """About points and about cameras."""
    views, calibration = document.observations(), document.calibration
    ranking = rank(views, calibration.cameras, calibration.world_from_head)
    about = doubt_points(views, calibration.cameras, calibration.keypoints, calibration.world_from_head, ranking.points)
    return about, doubt_cameras(views, ranking.views)


def shifted(document: Document, view: int, name: str, dx: float, dy: float) -> Document:
    """With a point somewhere else."""
    x, y = document.views[view].keypoints.xy_px[HEAD.index(name)]
    return edits.move_keypoint(document, view, name, (x + dx, y + dy))


@pytest.mark.parametrize("yaws", [(-30.0, 0.0, 30.0), (0.0,), (-70.0, 0.0)])
def test_there_is_no_doubt_about_points_where_they_belong(yaws):
    """Also in a profile, where left and right nearly coincide."""
    assert doubts(staged_document(yaws)) == ((), ())


def test_an_outlier_is_told_with_its_photo_and_its_distance():
    """One sentence, about the right photo."""
    found, cameras = doubts(shifted(staged_document(), 1, "nose tip", 14, 0))

    assert [(doubt.view, doubt.name) for doubt in found] == [(1, "nose tip")]
    assert found[0].text == "The nose tip in b.png is 14 px from where the other photos see it."
    assert cameras == ()


def test_a_hand_that_trembles_is_not_doubted():
    """A pixel or two beside are nobody's mistake."""
    assert doubts(shifted(staged_document(), 1, "nose tip", 1.2, -0.8)) == ((), ())


def test_a_crossed_pair_is_told_for_both_points_and_swapping_settles_it():
    """The sentence says what to do, and doing it helps."""
    crossed = edits.swap_sides(staged_document(), 2, ["left cheek"])
    found, _ = doubts(crossed)

    assert {(doubt.view, doubt.name) for doubt in found} == {(2, "left cheek"), (2, "right cheek")}
    assert "crossed in c.png" in found[0].text
    assert doubts(edits.swap_sides(crossed, 2, ["right cheek"])) == ((), ())


def test_a_point_behind_the_face_is_told():
    """Two photos agree on a place inside the head."""
    document = staged_document((-30.0, 30.0))
    inside = POINTS[HEAD.index("nose tip")] + [0, 0, 0.09]
    for view, yaw in enumerate((-30.0, 30.0)):
        x, y = project(staged_camera(yaw), inside)[0]
        document = edits.move_keypoint(document, view, "nose tip", (float(x), float(y)))
    found, _ = doubts(document)

    assert [doubt.name for doubt in found] == ["nose tip"]
    assert "behind the face" in found[0].text


def test_a_turned_camera_is_told_rather_than_its_points_alone():
    """With two photos nobody can say which of them is wrong."""
    turned = staged_camera(-24).world_from_camera
    _, of_three = doubts(edits.set_pose(staged_document(), 0, turned))
    _, of_two = doubts(edits.set_pose(staged_document((-30.0, 30.0)), 0, turned))

    assert len(of_three) == 1 and of_three[0].startswith("a.png contradicts the other photos")
    assert of_two == ()


def test_what_nobody_uses_is_not_doubted():
    """An occluded point may be anywhere."""
    document = edits.occlude_keypoint(shifted(staged_document(), 1, "nose tip", 40, 0), 1, "nose tip")

    assert doubts(document) == ((), ())
    assert np.isfinite(document.calibration.keypoints.xyz).all()


def test_the_command_line_tells_the_same():
    """`kpnerf calibrate --json`: the ranking and the sentences."""
    document = shifted(staged_document(), 1, "nose tip", 14, 0)
    record = calibration_as_json(document)

    assert (record["suspects"][0]["view"], record["suspects"][0]["keypoint"]) == ("b.png", "nose tip")
    assert record["suspects"][0]["away_px"] == pytest.approx(14, abs=0.1)
    assert record["doubts"] == [doubt.text for doubt in doubts(document)[0]]
