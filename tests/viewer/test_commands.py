"""The command table."""

from collections import Counter

from kpnerf.viewer.command import Key
from kpnerf.viewer.commands import COMMANDS, command_for


def test_no_key_has_two_meanings():
    """The table is the only place keys are given out."""
    counts = Counter(key for command in COMMANDS for key in command.keys)

    assert [str(key) for key, count in counts.items() if count > 1] == []


def test_keys_that_hands_expect_do_what_they_expect():
    """Undo, redo in both ways, save, open, frame, modes, shortcuts."""
    expected = {
        Key("Z", ctrl=True): "Undo",
        Key("Z", ctrl=True, shift=True): "Redo",
        Key("Y", ctrl=True): "Redo",
        Key("S", ctrl=True): "Save",
        Key("S", ctrl=True, shift=True): "Save as…",
        Key("O", ctrl=True): "Open…",
        Key("O"): "Occlude or show",
        Key("Delete"): "Unplace",
        Key("Delete", shift=True): "Unplace in every photo",
        Key("E"): "Colour by confidence",
        Key("W"): "Go to the worst",
        Key("X"): "Swap left and right",
        Key("Escape"): "Deselect",
        Key("F", shift=True): "Face on",
        Key("["): "Look from previous photo",
        Key("]"): "Look from next photo",
        Key("1"): "Show colour",
        Key("4"): "Show normal",
        Key("Space"): "Play turntable",
        Key("K"): "Add this view to the path",
        Key("P"): "Play the path",
        Key("Tab"): "Points over the avatar",
        Key("?"): "Shortcuts",
        Key("Left", alt=True): "Move left by 0.1 px",
    }
    actual = {key: command.title for key in expected if (command := command_for(key))}

    assert actual == expected


def test_modifiers_have_to_match_exactly():
    """Ctrl+1 is not 1."""
    assert command_for(Key("1", ctrl=True)) is None
    assert command_for(Key("Z", ctrl=True, alt=True)) is None


def test_only_what_asks_for_more_ends_in_dots():
    """Window text: an ellipsis where a dialog follows."""
    assert {command.title for command in COMMANDS if command.title.endswith("…")} == {
        "Open…",
        "Add photos…",
        "Save as…",
        "Save mesh…",
        "Find a command…",
        "Scale by a known distance…",
    }
