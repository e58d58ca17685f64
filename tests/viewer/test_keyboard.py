"""Which modifier keys count for a key, frame by frame."""

import pytest

from kpnerf.viewer.keyboard import Modifiers

UP, CTRL = (False, False, False), (True, False, False)


@pytest.mark.parametrize(
    ("frames", "counts"),
    [
        ([(CTRL, False), (CTRL, True), (UP, False)], [True, True, False]),
        ([(CTRL, False), (UP, True)], [True, True]),
        ([(CTRL, True), (UP, False), (UP, True)], [True, False, False]),
        ([(CTRL, True), (UP, True)], [True, False]),
        ([(CTRL, True), (CTRL, True), (CTRL, True)], [True, True, True]),
        ([(CTRL, True), (UP, False), (CTRL, False), (UP, True)], [True, False, True, True]),
    ],
    ids=["held", "let go in the frame of the key", "let go before", "let go after it had served", "twice", "anew"],
)
def test_a_modifier_counts_for_the_key_it_was_held_for(frames, counts):
    """Also when both are quicker than the window is drawn; a key that comes after a chord is a plain key."""
    modifiers = Modifiers()
    assert [modifiers.count(held, pressed=pressed)[0] for held, pressed in frames] == counts
