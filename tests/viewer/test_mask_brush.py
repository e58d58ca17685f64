"""Painting on a photo's foreground, without a window."""

import numpy as np
import pytest

from kpnerf.viewer.gestures import Button, Clicked, DragEnded, Dragged, DragStarted, Hovered, Pointer, Turned
from kpnerf.viewer.mask_brush import MaskGestures
from kpnerf.viewer.outline_layer import outlines
from kpnerf.viewer.photo_transform import PhotoTransform

from ..core.staged import staged_document
from .blob_engine import eventually
from .test_session import Desk

LIES = PhotoTransform(2.0, 10.0, 20.0)
"""A photo pixel is two screen pixels."""


@pytest.fixture
def desk():
    """With the brush in the hand, eight photo pixels in radius."""
    desk = Desk(document=staged_document())
    desk.session.brush.is_on, desk.session.brush.radius = True, 8.0
    yield desk
    assert eventually(desk.session.close)


def over(x_px: float, y_px: float, **held) -> Pointer:
    """The pointer over a photo pixel."""
    x, y = LIES.to_canvas(np.array([x_px, y_px]))
    return Pointer(float(x), float(y), **held)


def stroke(hands: MaskGestures, *places: tuple[float, float], **held) -> None:
    """A drag through photo pixels."""
    pointers = [over(*place, **held) for place in places]
    assert hands.handle(DragStarted(Button.LEFT, pointers[0]), LIES)
    for pointer in pointers[1:]:
        assert hands.handle(Dragged(Button.LEFT, pointers[0], 0, 0, pointer), LIES)
    assert hands.handle(DragEnded(Button.LEFT, pointers[0], pointers[-1]), LIES)


def test_a_stroke_is_one_entry_and_the_avatar_is_encoded_anew(desk):
    """Nothing changes before its end but what is shown; undo gives the very mask back."""
    session, hands = desk.session, MaskGestures(desk.session, 0)
    desk.settle()
    encoded, before = len(desk.engine.encoded), session.document
    origin = over(20, 20)
    hands.handle(DragStarted(Button.LEFT, origin), LIES)
    hands.handle(Dragged(Button.LEFT, origin, 0, 0, over(50, 20)), LIES)

    assert session.document is before
    assert hands.mask[20, 35] == 1.0
    hands.handle(DragEnded(Button.LEFT, origin, over(50, 20)), LIES)
    assert [entry.label for entry in session.editor.history.entries] == ["Open", "Add to outline of a.png"]
    assert session.document.views[0].mask[20, 35] == 1.0
    desk.settle()
    assert len(desk.engine.encoded) == encoded + 1
    session.undo()
    assert session.document is before and hands.mask is before.views[0].mask


def test_shift_takes_away_and_a_click_is_a_dab(desk):
    """The same places, the other way."""
    session, hands = desk.session, MaskGestures(desk.session, 1)
    stroke(hands, (100.0, 100.0), (140.0, 100.0), shift=True)
    assert session.document.views[1].mask[100, 120] == 0.0
    assert hands.handle(Clicked(Button.LEFT, over(120, 100)), LIES)
    assert session.document.views[1].mask[100, 120] == 1.0
    assert session.document.views[1].mask[100, 104] == 0.0
    assert session.editor.history.undo_label == "Add to outline of b.png"
    assert session.editor.view == 1


def test_the_wheel_with_ctrl_is_the_size_and_without_it_the_zoom(desk):
    """Within limits."""
    brush, hands = desk.session.brush, MaskGestures(desk.session, 0)

    assert hands.handle(Turned(1.0, over(5, 5, ctrl=True)), LIES)
    assert brush.radius == pytest.approx(9.6)
    assert not hands.handle(Turned(1.0, over(5, 5)), LIES)
    hands.handle(Turned(-100.0, over(5, 5, ctrl=True)), LIES)
    assert brush.radius == 1.0
    hands.handle(Turned(200.0, over(5, 5, ctrl=True)), LIES)
    assert brush.radius == 1000.0


def test_without_the_brush_and_for_panning_the_photo_is_as_always(desk):
    """Middle drag, Space and the right button are not the brush's."""
    hands = MaskGestures(desk.session, 0)

    assert not hands.handle(DragStarted(Button.MIDDLE, over(9, 9)), LIES)
    assert not hands.handle(DragStarted(Button.LEFT, over(9, 9, space=True)), LIES)
    assert not hands.handle(Clicked(Button.RIGHT, over(9, 9)), LIES)
    assert hands.handle(Hovered(over(9, 9)), LIES) and hands.at == over(9, 9).at
    desk.session.brush.is_on = False
    assert not hands.handle(DragStarted(Button.LEFT, over(9, 9)), LIES)
    assert hands.at is None


def test_outlines_run_along_the_border_of_the_foreground():
    """Half a pixel outside its outermost pixels, holes too, specks not."""
    mask = np.zeros((60, 80), np.float32)
    mask[10:50, 20:70] = 1.0
    mask[25:35, 40:50] = 0.0
    mask[2, 2] = 1.0
    found = sorted(outlines(mask), key=lambda outline: -np.ptp(outline[:, 0]))
    boxes = [(*outline.min(axis=0), *outline.max(axis=0)) for outline in found]

    assert len(found) == 2
    np.testing.assert_allclose(boxes[0], (19.5, 9.5, 69.5, 49.5), atol=0.3)
    np.testing.assert_allclose(boxes[1], (39.5, 24.5, 49.5, 34.5), atol=0.6)
