"""Which point hurts most: against leaving out each placement by hand, and by whether it finds what was spoilt."""

import numpy as np
import pytest

from kpnerf.core import edits
from kpnerf.core.bundle import Bundle, residuals
from kpnerf.core.document import Document
from kpnerf.core.keypoint_solving import keypoint_bundle, solve_keypoints
from kpnerf.core.keypoints import HEAD
from kpnerf.core.ranking import Ranking, rank

from .staged import staged_camera, staged_document


def ranked(document: Document) -> Ranking:
    """The ranking of a document as it is."""
    calibration = document.calibration
    return rank(document.observations(), calibration.cameras, calibration.world_from_head)


def cost_and_residuals(document: Document) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squares of each point as it is solved now, and the distances of all projections, pixels."""
    calibration = document.calibration
    inputs = document.observations(), calibration.cameras, calibration.world_from_head
    keypoints, _ = solve_keypoints(*inputs)
    bundle = keypoint_bundle(*inputs)
    solved = Bundle(**{**vars(bundle), "points": keypoints.xyz})
    distance = np.linalg.norm(residuals(solved)[0], axis=-1)
    prior = bundle.prior_weights**2 * ((keypoints.xyz - bundle.prior_points) ** 2).sum(axis=1)
    return (bundle.weights**2 * distance**2).sum(axis=0) + prior, distance


def shaken(seed: int, yaws=(-30.0, 0.0, 30.0)) -> Document:
    """A solved document with every point a little off, and one of each view far."""
    rng = np.random.default_rng(seed)
    document = staged_document(yaws)
    for view in range(len(yaws)):
        places = document.views[view].keypoints.xy_px + rng.normal(0, 0.6, (len(HEAD), 2))
        places[rng.integers(len(HEAD))] += rng.uniform(8, 15, 2)
        named = zip(HEAD.names, places, strict=True)
        document = edits.move_keypoints(document, view, {name: (float(x), float(y)) for name, (x, y) in named})
    return document


@pytest.mark.parametrize("seed", [0, 1])
def test_the_first_of_each_point_is_what_leaving_out_by_hand_says(seed):
    """Plain twin: occlude each placement in turn, solve everything again, compare the sums of squares."""
    document = shaken(seed)
    before, distance = cost_and_residuals(document)
    gain, away, after = (np.zeros((3, len(HEAD))) for _ in range(3))
    for view in range(3):
        for point, name in enumerate(HEAD.names):
            without = edits.occlude_keypoint(document, view, name)
            cost, others = cost_and_residuals(without)
            gain[view, point] = before[point] - cost[point]
            away[view, point] = others[view, point]
            after[view, point] = np.mean([others[other, point] for other in range(3) if other != view])
    ranking = ranked(document).points
    for point, name in enumerate(HEAD.names):
        first = next(suspect for suspect in ranking if suspect.name == name)
        view = int(gain[:, point].argmax())

        assert first.view == view
        assert first.gain == pytest.approx(gain[view, point], rel=1e-3)
        assert first.away_px == pytest.approx(away[view, point], rel=1e-3)
        assert first.before_px == pytest.approx(distance[:, point].mean(), rel=1e-3)
        assert first.after_px == pytest.approx(after[view, point], rel=1e-3, abs=1e-6)


def test_views_are_judged_as_by_leaving_out_each_whole():
    """Plain twin: every point of a view occluded."""
    document = shaken(5)
    before, _ = cost_and_residuals(document)
    for judged in ranked(document).views:
        without = document
        for name in HEAD.names:
            without = edits.occlude_keypoint(without, judged.view, name)
        cost, distance = cost_and_residuals(without)
        others = [view for view in range(3) if view != judged.view]

        assert judged.gain == pytest.approx(float(np.median(before - cost)), rel=1e-3)
        assert judged.after_px == pytest.approx(distance[others].mean(), rel=1e-3)


@pytest.mark.parametrize("view", [0, 1, 2])
def test_what_was_spoilt_comes_first_and_what_agrees_with_it_last(view):
    """Four points of one view, far and not so far off: the good placements of the worst are not blamed for it."""
    document, spoilt = staged_document(), ("chin", "nose tip", "left cheek", "forehead")
    places = {}
    for name, away in zip(spoilt, ((9, 4), (-20, 3), (0, 12), (14, -18)), strict=True):
        places[name] = tuple(document.views[view].keypoints.xy_px[HEAD.index(name)] + away)
    ranking = ranked(edits.move_keypoints(document, view, places)).points

    assert {(suspect.view, suspect.name) for suspect in ranking[:4]} == {(view, name) for name in spoilt}
    assert ranking[3].gain > 20 * max(ranking[4].gain, 1.0)
    assert len(ranking) == 3 * len(HEAD)


def test_a_camera_turned_away_is_the_worst_view_and_a_spoilt_point_makes_none():
    """The median tells one from the other."""
    document = staged_document()
    turned = ranked(edits.set_pose(document, 0, staged_camera(-27).world_from_camera)).views
    x, y = document.views[1].keypoints.xy_px[0]
    spoilt = ranked(edits.move_keypoint(document, 1, HEAD.names[0], (x + 30, y))).views

    assert turned[0].view == 0 and turned[0].after_px < 0.3 * turned[0].before_px
    assert max(view.gain for view in spoilt) < 0.1


def test_occluded_unplaced_and_held_out_points_are_not_ranked():
    """They say nothing, so they cannot hurt."""
    document = edits.occlude_keypoint(staged_document(), 0, "chin")
    document = edits.unplace_keypoint(document, 1, "forehead")
    document = edits.hold_out(document, 2)
    found = ranked(document)

    assert len(found.points) == 2 * len(HEAD) - 2
    assert {view.view for view in found.views} == {0, 1}
    assert not {(0, "chin"), (1, "forehead")} & {(suspect.view, suspect.name) for suspect in found.points}


def test_one_photo_and_none_can_be_ranked():
    """Against the mean face alone, and against nothing."""
    one = ranked(staged_document((0.0,)))

    assert len(one.points) == len(HEAD)
    assert all(np.isfinite([s.gain, s.away_px, s.before_px, s.after_px]).all() for s in one.points)
    assert rank((), (), np.eye(4)) == Ranking()
