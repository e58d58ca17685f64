"""What to look at next, and the one sentence about it."""

import numpy as np

from kpnerf.core import edits
from kpnerf.core.document import Document
from kpnerf.core.keypoints import HEAD
from kpnerf.viewer.point_order import ordered
from kpnerf.viewer.review import Review

from ..core.staged import staged_camera, staged_document, staged_view
from .blob_engine import BlobEngine


def spoilt() -> Document:
    """The chin of the second photo is far off, the nose tip of the first less so."""
    document = staged_document()
    for view, name, away in ((1, "chin", 30.0), (0, "nose tip", 16.0)):
        x, y = document.views[view].keypoints.xy_px[HEAD.index(name)]
        document = edits.move_keypoint(document, view, name, (float(x) + away, float(y)))
    return document


def test_stepping_goes_from_the_worst_on_and_round():
    """And backwards; from the start backwards to the best."""
    document, review = spoilt(), Review()
    ranking = review.findings(document).ranking
    steps = [review.step(document, step) for step in (1, 1, 1, -1, -1, -1)]
    fresh = Review().step(document, -1)

    assert [number for number, _ in steps] == [0, 1, 2, 1, 0, len(ranking) - 1]
    assert [(s.view, s.name) for _, s in steps[:2]] == [(1, "chin"), (0, "nose tip")]
    assert fresh == (len(ranking) - 1, ranking[-1])


def test_after_an_edit_the_worst_comes_first_again():
    """What was repaired is no longer among the first; looking at something else changes nothing."""
    document, review = spoilt(), Review()
    review.step(document, 1)
    repaired = edits.snap_to_detection(document, 1, "chin")
    number, suspect = review.step(repaired, 1)

    assert (number, suspect.view, suspect.name) == (0, 0, "nose tip")


def test_findings_are_made_once_for_a_solution():
    """Masks and settings have nothing to do with them: no work while a brush is drawn or the avatar turned."""
    document, review = spoilt(), Review()
    before = review.findings(document)
    settings = edits.set_render_settings(document, edits.RenderSettings(sigma=0.1))

    assert review.findings(settings) is before


def test_the_sentence_is_about_the_point_under_the_pointer_or_the_worst():
    """With the number of others; nothing when all is well."""
    document, review = spoilt(), Review()

    assert review.findings(document).sentence() == "The chin in b.png is 30 px from where the other photos see it. (+1)"
    assert review.findings(document).sentence("nose tip").startswith("The nose tip in a.png is 16 px")
    assert review.findings(document).sentence("forehead").startswith("The chin in b.png")
    assert review.findings(staged_document()).sentence() == ""


def test_a_wrong_camera_is_the_sentence_before_any_point():
    """Thirteen sentences about points would hide the one that helps."""
    document = edits.set_pose(staged_document(), 0, staged_camera(-24).world_from_camera)

    assert Review().findings(document).sentence().startswith("a.png contradicts the other photos")


def test_nothing_is_found_before_the_cameras_are():
    """And asking for the worst is no failure."""
    review, document = Review(), edits.add_views(Document(), [staged_view("a.png", 0)])

    assert review.step(document, 1) is None
    assert review.findings(document).ranking == () and review.findings(document).sentence() == ""


def test_the_session_selects_the_worst_and_has_every_photo_show_it():
    """Each time anew, also when it is the same point."""
    from kpnerf.viewer.looking import look_at_worst
    from kpnerf.viewer.session import Session

    session = Session(BlobEngine, spoilt())
    look_at_worst(session)
    first = session.attention
    look_at_worst(session, -1)
    look_at_worst(session, 1)
    again = session.attention
    note = session.status().text
    empty = Session(BlobEngine)
    look_at_worst(empty)
    session.close()
    empty.close()

    assert (session.editor.view, session.editor.points) == (1, {"chin"})
    assert first.name == again.name == "chin" and first is not again
    assert "chin in b.png, 30.0 px from where everything else has it" in note
    assert "before the cameras are solved" in empty.status().text


def test_the_list_is_ordered_by_name_residual_or_rank():
    """What has neither comes last; no order means that of the face."""
    names = ("nose", "chin", "brow")
    residuals = np.array([[1.0, 5.0, np.nan], [2.0, np.nan, np.nan]])

    assert ordered(names, None, residuals, {}) == list(names)
    assert ordered(names, "name", residuals, {}) == ["brow", "chin", "nose"]
    assert ordered(names, "residual", residuals, {}) == ["chin", "nose", "brow"]
    assert ordered(names, "residual", None, {}) == list(names)
    assert ordered(names, "rank", residuals, {"nose": 2, "brow": 1}) == ["brow", "nose", "chin"]
