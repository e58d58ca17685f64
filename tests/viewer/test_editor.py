"""Selecting and changing: every change is one entry of the history."""

import numpy as np
import pytest

from kpnerf.core import edits
from kpnerf.core.errors import UserError
from kpnerf.core.keypoints import HEAD, PointState
from kpnerf.core.operations import perform
from kpnerf.viewer.editor import Editor

from ..core.staged import staged_document

NOSE = HEAD.index("nose tip")


@pytest.fixture
def told() -> list[UserError]:
    """What was said to the person."""
    return []


@pytest.fixture
def editor(told) -> Editor:
    """With three solved photos open."""
    return Editor(staged_document(), told.append)


def nose(editor: Editor, view: int = 1) -> np.ndarray:
    """Where the nose tip is in a photo."""
    return editor.document.views[view].keypoints.xy_px[NOSE]


def test_a_drag_of_many_steps_is_one_entry_and_undo_gives_the_same_document(editor):
    """The very same object, so that nothing has to be computed again."""
    before, start = editor.document, nose(editor).copy()
    editor.begin_moving(1, {"nose tip"})
    for step in range(1, 21):
        editor.move_by(step, -0.5 * step)
    moved = nose(editor).copy()
    editor.commit()

    np.testing.assert_allclose(moved, start + [20, -10])
    assert [entry.label for entry in editor.history.entries] == ["Open", "Move nose tip"]
    assert editor.undo() == "Move nose tip"
    assert editor.document is before
    assert editor.redo() == "Move nose tip"
    np.testing.assert_array_equal(nose(editor), moved)


def test_the_avatar_s_keypoint_moves_during_the_drag(editor):
    """Every preview has solved 3D keypoints."""
    before = editor.document.calibration.keypoints.xyz[NOSE]
    editor.begin_moving(1, {"nose tip"})
    editor.move_by(15, 0)
    after = editor.document.calibration.keypoints.xyz[NOSE]

    assert np.linalg.norm(after - before) > 0.002


def test_a_cancelled_drag_leaves_nothing(editor):
    """Esc is no edit."""
    before = editor.document
    editor.begin_moving(0, {"chin"})
    editor.move_by(40, 40)
    editor.cancel()

    assert editor.document is before
    assert len(editor.history.entries) == 1


def test_points_selected_together_move_together(editor):
    """Each by the same way."""
    before = editor.document.views[2].keypoints.xy_px
    editor.begin_moving(2, {"chin", "forehead"})
    editor.move_by(3, 4)
    editor.commit()
    moved = editor.document.views[2].keypoints.xy_px - before
    expected = np.zeros_like(moved)
    expected[[HEAD.index("chin"), HEAD.index("forehead")]] = [3, 4]

    np.testing.assert_allclose(moved, expected, atol=1e-9)
    assert editor.history.undo_label == "Move 2 points"


def test_points_cannot_leave_the_photo(editor):
    """They stop at its edge and can be picked up there."""
    editor.begin_moving(0, {"chin"})
    editor.move_by(1e5, 1e5)
    editor.commit()

    np.testing.assert_allclose(editor.document.views[0].keypoints.xy_px[HEAD.index("chin")], [319.5, 239.5])


def test_a_series_of_nudges_is_one_entry(editor):
    """Until the arrow key is let go."""
    editor.select(1, {"nose tip"})
    start = nose(editor).copy()
    for _ in range(5):
        editor.nudge(0.1, 0)
    editor.end_nudge()
    editor.nudge(10, 0)
    editor.end_nudge()

    np.testing.assert_allclose(nose(editor), start + [10.5, 0])
    assert [entry.label for entry in editor.history.entries] == ["Open", "Nudge nose tip", "Nudge nose tip"]


def test_another_edit_ends_a_series_of_nudges(editor):
    """Two things done are two entries."""
    editor.select(1, {"nose tip"})
    editor.nudge(1, 0)
    editor.toggle_occluded()

    assert [entry.label for entry in editor.history.entries] == ["Open", "Nudge nose tip", "Occlude nose tip"]


def test_nudging_does_not_disturb_a_drag_with_the_mouse(editor):
    """One hand on the mouse, the other on the arrows: the mouse goes first."""
    editor.begin_moving(1, {"nose tip"})
    editor.move_by(5, 0)
    before = editor.document
    editor.nudge(1, 0)

    assert editor.document is before


def test_occluding_toggles_and_is_undone_in_one_step(editor):
    """Some hidden, some not: all become hidden first."""
    editor.select(0, {"chin"})
    editor.toggle_occluded()
    editor.select(0, {"chin", "nose tip"})
    editor.toggle_occluded()
    hidden = editor.document.views[0].keypoints.occluded
    editor.toggle_occluded()
    shown = editor.document.views[0].keypoints.occluded

    assert hidden[[HEAD.index("chin"), NOSE]].all()
    assert not shown.any()
    assert editor.history.undo_label == "Show 2 points"


def test_an_unplaced_point_is_filled_in_from_the_other_photos(editor):
    """Grey, and where the others say."""
    editor.select(1, {"nose tip"})
    before = nose(editor).copy()
    editor.change_points("Unplace", edits.unplace_keypoint)

    assert editor.document.views[1].keypoints.state[NOSE] == PointState.REPROJECTED
    np.testing.assert_allclose(nose(editor), before, atol=2.0)


def test_what_is_wrong_with_an_edit_is_told_and_changes_nothing(editor, told):
    """The program goes on."""
    before = editor.document
    done = editor.apply("Focal length", lambda document: edits.set_focal(document, 0, -1.0))
    editor.begin("Focal length")
    editor.preview(lambda document: edits.set_focal(document, 0, float("nan")))
    editor.commit()

    assert not done
    assert len(told) == 2
    assert editor.document is before
    assert len(editor.history.entries) == 1


def test_commands_without_a_selection_do_nothing(editor):
    """No empty entries."""
    editor.toggle_occluded()
    editor.nudge(1, 1)
    editor.change_points("Unplace", edits.unplace_keypoint)

    assert len(editor.history.entries) == 1


def test_removing_the_last_photo_moves_the_choice(editor):
    """The chosen photo always exists."""
    editor.select(2)
    editor.apply("Remove c.png", lambda document: edits.remove_view(document, 2))

    assert editor.view == 1


def test_unplacing_in_every_photo_is_one_entry_and_the_depth_comes_from_the_face(editor):
    """Nobody fills it in any more."""
    editor.select(1, {"nose tip"})
    editor.unplace_everywhere()

    assert {int(view.keypoints.state[NOSE]) for view in editor.document.views} == {PointState.UNPLACED}
    assert [entry.label for entry in editor.history.entries] == ["Open", "Unplace nose tip in every photo"]


def test_sides_are_swapped_of_what_is_selected_or_of_all(editor, told):
    """In the chosen photo only; points of the middle are refused with a sentence."""
    left, right = HEAD.index("left cheek"), HEAD.index("right cheek")
    before = editor.document.views[2].keypoints.xy_px
    editor.select(2, {"left cheek"})
    editor.swap_sides()
    swapped = editor.document.views[2].keypoints.xy_px
    editor.select(2, ())
    editor.swap_sides()
    editor.select(2, {"chin"})
    editor.swap_sides()

    np.testing.assert_array_equal(swapped[[left, right]], before[[right, left]])
    np.testing.assert_array_equal(editor.document.views[2].keypoints.xy_px[[left, right]], before[[left, right]])
    assert [entry.label for entry in editor.history.entries] == [
        "Open",
        "Swap sides of left cheek",
        "Swap sides of all points",
    ]
    assert len(told) == 1 and "partner" in str(told[0])


def test_the_point_in_hand_is_the_dragged_or_the_nudged_one(editor):
    """For the lines of the other photos; several nudged at once have none."""
    editor.select(1, {"nose tip", "chin"})
    editor.begin_moving(1, {"nose tip", "chin"}, "chin")
    dragged = editor.in_hand
    editor.commit()
    after = editor.in_hand
    editor.nudge(1, 0)
    several = editor.in_hand
    editor.end_nudge()
    editor.select(1, {"nose tip"})
    editor.nudge(1, 0)

    assert (dragged, after, several, editor.in_hand) == ("chin", None, None, "nose tip")


def test_swapped_sides_can_be_repeated_in_a_shell(editor):
    """The entry knows its operations, each pair once, and they lead to the same points."""
    before = editor.document
    editor.select(2, {"left cheek", "right cheek", "left mouth corner"})
    editor.swap_sides()
    operations = editor.history.entries[-1].operations
    repeated = before
    for operation in operations:
        repeated = perform(repeated, operation)

    assert operations == (("swap-sides", "right mouth corner", "c.png"), ("swap-sides", "right cheek", "c.png"))
    np.testing.assert_array_equal(repeated.views[2].keypoints.xy_px, editor.document.views[2].keypoints.xy_px)
