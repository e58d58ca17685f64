"""What the hand does over a photo."""

import numpy as np
import pytest

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
