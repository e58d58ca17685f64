"""From raw pointer states to gestures."""

from dataclasses import replace

from kpnerf.viewer.gestures import (
    Button,
    Clicked,
    DragEnded,
    Dragged,
    DragStarted,
    GestureReader,
    Hovered,
    Left,
    Pointer,
    Turned,
)

LEFT = frozenset({Button.LEFT})


def kinds(gestures):
    """The classes of gestures, in order."""
    return [type(gesture) for gesture in gestures]


def read_all(reader, *pointers, hovered=True):
    """All gestures of a series of frames."""
    return [gesture for pointer in pointers for gesture in reader.read(pointer, hovered=hovered)]


def test_a_press_that_stays_within_four_pixels_is_a_click():
    """A trembling hand does not drag."""
    gestures = read_all(GestureReader(), Pointer(10, 10, LEFT), Pointer(14, 7, LEFT), Pointer(14, 7))

    assert kinds(gestures) == [Clicked]
    assert gestures[0].button is Button.LEFT


def test_a_drag_loses_none_of_its_way():
    """Steps add up to the whole movement, the four pixels before it counted as a drag included."""
    gestures = read_all(
        GestureReader(),
        Pointer(10, 10, LEFT),
        Pointer(13, 10, LEFT),
        Pointer(25, 12, LEFT),
        Pointer(30, 9, LEFT),
        Pointer(30, 9),
    )
    steps = [gesture for gesture in gestures if isinstance(gesture, Dragged)]

    assert kinds(gestures) == [DragStarted, Dragged, Dragged, DragEnded]
    assert (sum(step.dx for step in steps), sum(step.dy for step in steps)) == (20, -1)
    assert gestures[0].origin.at == (10, 10)


def test_a_drag_goes_on_outside_the_canvas():
    """The pointer belongs to the canvas it was pressed in until the button is let go."""
    reader = GestureReader()
    reader.read(Pointer(5, 5, LEFT), hovered=True)
    outside = reader.read(Pointer(-300, 900, LEFT), hovered=False)
    ended = reader.read(Pointer(-300, 900), hovered=False)

    assert kinds(outside) == [DragStarted, Dragged]
    assert kinds(ended) == [DragEnded, Left]


def test_a_press_from_elsewhere_is_ignored():
    """A slider dragged across a photo moves no keypoint."""
    reader = GestureReader()
    gestures = read_all(reader, Pointer(0, 0, LEFT), hovered=False)
    gestures += read_all(reader, Pointer(50, 50, LEFT), Pointer(60, 60, LEFT))

    assert gestures == []
    assert kinds(reader.read(Pointer(60, 60), hovered=True)) == [Hovered]


def test_two_quick_clicks_are_a_double_click_and_a_third_is_not():
    """A double click is told once."""
    reader = GestureReader()
    doubles = []
    for time in (0.0, 0.2, 0.4):
        gestures = read_all(reader, Pointer(5, 5, LEFT, time=time), Pointer(5, 5, time=time + 0.05))
        doubles += [gesture.double for gesture in gestures if isinstance(gesture, Clicked)]

    assert doubles == [False, True, False]


def test_the_wheel_turns_only_under_the_pointer():
    """Zoom without a mode, and not of the photo next door."""
    turned = Pointer(5, 5, wheel=2)

    assert [g.notches for g in GestureReader().read(turned, hovered=True) if isinstance(g, Turned)] == [2]
    assert GestureReader().read(turned, hovered=False) == []


def test_a_pointer_can_be_told_from_any_corner():
    """Positions move, everything else stays."""
    pointer = Pointer(100, 50, LEFT, wheel=1, shift=True)

    assert pointer.within(30, 20) == replace(pointer, x=70, y=30)
