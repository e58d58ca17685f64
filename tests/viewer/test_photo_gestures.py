"""What the hand does over a photo."""

import numpy as np
import pytest

from kpnerf.core.epipolar import lines_from_others
from kpnerf.core.keypoints import HEAD
from kpnerf.viewer.gestures import Button, GestureReader, Pointer
from kpnerf.viewer.photo_gestures import PhotoGestures
from kpnerf.viewer.session import Session

from ..core.staged import HEIGHT, WIDTH, staged_document
from .blob_engine import BlobEngine

CANVAS = (640.0, 480.0)


class Hand:
    """A mouse over one photo's canvas."""

    def __init__(self, session: Session, view: int = 1) -> None:
        self.session = session
        self.gestures = PhotoGestures(session, view)
        self.gestures.place((WIDTH, HEIGHT), CANVAS)
        self.reader = GestureReader()

    def at(self, name: str) -> np.ndarray:
        """Where a keypoint is in the canvas."""
        return self.gestures.points()[HEAD.index(name)]

    def show(self, at, down=(), **held) -> None:
        """One frame."""
        pointer = Pointer(float(at[0]), float(at[1]), frozenset(down), **held)
        for gesture in self.reader.read(pointer, hovered=True):
            self.gestures.handle(gesture)

    def click(self, at, button=Button.LEFT, **held) -> None:
        """Press and let go."""
        self.show(at, [button], **held)
        self.show(at, **held)

    def drag(self, start, end, button=Button.LEFT, **held) -> None:
        """In five steps."""
        for share in np.linspace(0, 1, 6):
            self.show(np.asarray(start) + share * (np.asarray(end) - start), [button], **held)
        self.show(end, **held)


@pytest.fixture
def hand():
    """Over the second of three photos."""
    session = Session(BlobEngine, staged_document())
    yield Hand(session)
    session.close()


def test_dragging_a_point_moves_it_by_the_same_way_on_the_photo(hand):
    """Picked up beside its middle, it does not jump to the pointer; screen pixels become photo pixels."""
    name, scale = "nose tip", hand.gestures.transform.scale
    before = hand.session.document.views[1].keypoints.xy_px[HEAD.index(name)]
    start = hand.at(name) + [2, -1]
    hand.drag(start, start + [30, 12])
    after = hand.session.document.views[1].keypoints.xy_px[HEAD.index(name)]

    np.testing.assert_allclose(after - before, np.array([30, 12]) / scale, atol=1e-6)
    assert hand.session.editor.points == {name}
    assert hand.session.editor.view == 1
    assert len(hand.session.editor.history.entries) == 2


def test_a_click_selects_a_point_and_moves_nothing(hand):
    """Four pixels of trembling are no drag."""
    hand.click(hand.at("chin"))

    assert hand.session.editor.points == {"chin"}
    assert len(hand.session.editor.history.entries) == 1


def test_shift_click_adds_and_a_click_beside_deselects(hand):
    """As in every editor."""
    hand.click(hand.at("chin"))
    hand.click(hand.at("forehead"), shift=True)
    both = hand.session.editor.points
    hand.click((5, 5))

    assert both == {"chin", "forehead"}
    assert hand.session.editor.points == frozenset()


def test_a_selected_group_is_dragged_by_any_of_its_points(hand):
    """And stays selected."""
    hand.click(hand.at("chin"))
    hand.click(hand.at("forehead"), shift=True)
    hand.drag(hand.at("chin"), hand.at("chin") + [20, 0])

    assert hand.session.editor.history.undo_label == "Move 2 points"
    assert hand.session.editor.points == {"chin", "forehead"}


def test_a_box_selects_what_it_encloses(hand):
    """Drawn from where there is no point."""
    hand.drag((1, 1), np.asarray(CANVAS) - 1)

    assert hand.session.editor.points == set(HEAD.names)
    assert hand.gestures.box is None


def test_right_click_occludes_and_shows_again(hand):
    """One entry each."""
    hand.click(hand.at("chin"), Button.RIGHT)
    hidden = hand.session.document.views[1].keypoints.occluded[HEAD.index("chin")]
    hand.click(hand.at("chin"), Button.RIGHT)
    shown = hand.session.document.views[1].keypoints.occluded[HEAD.index("chin")]

    assert (hidden, shown) == (True, False)


@pytest.mark.parametrize(("button", "held"), [(Button.MIDDLE, {}), (Button.LEFT, {"space": True})])
def test_middle_drag_and_space_drag_pan_also_from_a_point(hand, button, held):
    """Nothing is moved but the view."""
    before, document = hand.gestures.transform, hand.session.document
    start = hand.at("nose tip")
    hand.drag(start, start + [33, -7], button, **held)
    after = hand.gestures.transform

    assert (after.x - before.x, after.y - before.y) == pytest.approx((33, -7))
    assert hand.session.document is document


def test_the_wheel_zooms_at_the_pointer_and_a_double_click_fits_again(hand):
    """The nose stays where it is on the screen."""
    fitted, at = hand.gestures.transform, hand.at("nose tip")
    hand.show(at, wheel=5)
    zoomed = hand.gestures.transform
    np.testing.assert_allclose(hand.at("nose tip"), at, atol=1e-6)
    hand.click((3, 3), time=1.0)
    hand.click((3, 3), time=1.2)

    assert zoomed.scale > 2 * fitted.scale
    assert hand.gestures.transform == fitted


def test_hovering_names_the_point(hand):
    """And forgets it beside."""
    hand.show(hand.at("left cheek"))
    over = hand.session.editor.hovered
    hand.show((1, 1))

    assert over == "left cheek"
    assert hand.session.editor.hovered is None


def test_a_drag_that_was_cancelled_stays_cancelled(hand):
    """Esc with the button held: the point goes back, and the rest of the movement means nothing."""
    before = hand.session.document
    start = hand.at("chin")
    hand.show(start, [Button.LEFT])
    hand.show(start + [25, 25], [Button.LEFT])
    hand.session.editor.cancel()
    hand.show(start + [50, 25], [Button.LEFT])
    hand.show(start + [50, 25])

    assert hand.session.document is before
    assert len(hand.session.editor.history.entries) == 1


def test_ctrl_keeps_a_dragged_point_on_the_lines_of_the_other_photos(hand):
    """Pressed or let go in mid-drag, without a movement; where two lines meet, the point is put exactly there."""
    index, scale = HEAD.index("chin"), hand.gestures.transform.scale
    lines = list(lines_from_others(hand.session.document, 1, "chin").values())
    true = hand.session.document.views[1].keypoints.xy_px[index]

    def chin() -> np.ndarray:
        return hand.session.document.views[1].keypoints.xy_px[index]

    start = hand.at("chin")
    hand.show(start, [Button.LEFT])
    hand.show(start + [25, 8], [Button.LEFT])
    free = chin()
    hand.show(start + [25, 8], [Button.LEFT], ctrl=True)
    on_line = chin()
    hand.show(start + [5, 4], [Button.LEFT], ctrl=True)
    on_corner = chin()
    hand.show(start + [5, 4], [Button.LEFT])
    released = chin()
    hand.show(start + [5, 4])

    np.testing.assert_allclose(free - true, np.array([25, 8]) / scale, atol=1e-6)
    assert min(line.distance(*on_line) for line in lines) < 1e-6
    assert np.hypot(*(on_line - free)) == pytest.approx(min(line.distance(*free) for line in lines))
    np.testing.assert_allclose(on_corner, true, atol=1e-6)
    np.testing.assert_allclose(released - true, np.array([5, 4]) / scale, atol=1e-6)
    assert len(hand.session.editor.history.entries) == 2


def test_ctrl_takes_the_whole_group_along(hand):
    """The point under the pointer goes to its line, the others the same way."""
    before = hand.session.document.views[1].keypoints.xy_px
    hand.click(hand.at("chin"))
    hand.click(hand.at("forehead"), shift=True)
    hand.drag(hand.at("chin"), hand.at("chin") + [30, 12], ctrl=True)
    moved = hand.session.document.views[1].keypoints.xy_px - before
    lines = lines_from_others(hand.session.document, 1, "chin").values()
    chin = hand.session.document.views[1].keypoints.xy_px[HEAD.index("chin")]

    np.testing.assert_allclose(moved[HEAD.index("forehead")], moved[HEAD.index("chin")], atol=1e-9)
    assert min(line.distance(*chin) for line in lines) < 1e-6


def test_the_dragged_point_is_known_until_the_drag_ends(hand):
    """The loupe shows it and no other; after the drag, and after Esc, there is none."""
    hand.click(hand.at("chin"))
    hand.click(hand.at("forehead"), shift=True)
    start = hand.at("chin")
    hand.show(start, [Button.LEFT])
    hand.show(start + [9, 9], [Button.LEFT])
    during = hand.session.editor.grabbed
    hand.show(start + [9, 9])

    assert during == "chin"
    assert hand.session.editor.grabbed is None
    hand.show(start + [9, 9], [Button.LEFT])
    hand.show(start, [Button.LEFT])
    hand.session.editor.cancel()
    assert hand.session.editor.grabbed is None


def test_a_point_that_is_jumped_to_comes_to_the_middle_and_near(hand):
    """Nearer than the whole photo, and never back from where one had zoomed to."""
    fitted = hand.gestures.transform
    hand.gestures.look_at("left cheek")
    close = hand.gestures.transform
    np.testing.assert_allclose(hand.at("left cheek"), np.array(CANVAS) / 2, atol=1e-6)
    hand.show((100, 100), wheel=8)
    closer = hand.gestures.transform.scale
    hand.gestures.look_at("chin")

    assert close.scale > 2 * fitted.scale
    assert hand.gestures.transform.scale == closer > close.scale
    np.testing.assert_allclose(hand.at("chin"), np.array(CANVAS) / 2, atol=1e-6)


def test_points_do_not_jump_when_the_photo_is_zoomed_or_panned(hand):
    """The document is about photo pixels; only the drawing changes."""
    before = hand.session.document
    hand.show((200, 150), wheel=7)
    hand.drag((200, 150), (260, 90), Button.MIDDLE)
    hand.show((50, 50), wheel=-9)

    assert hand.session.document is before


def test_a_point_is_picked_up_within_the_same_reach_however_far_one_zooms(hand):
    """Reach is in screen pixels: eleven beside it is still the point, twelve is not."""
    for wheel in (0, 10):
        hand.show(hand.at("chin"), wheel=wheel)
        hand.show(hand.at("chin") + [0, 10.9])
        near = hand.session.editor.hovered
        hand.show(hand.at("chin") + [0, 11.5])

        assert near == "chin"
        assert hand.session.editor.hovered != "chin"
