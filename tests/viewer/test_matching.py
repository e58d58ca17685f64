"""Finding commands by letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.viewer.commands import COMMANDS
from kpnerf.viewer.matching import matches

TITLES = [command.title for command in COMMANDS]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("undo", "Undo"),
        ("SAVE A", "Save as…"),
        ("face", "Face on"),
        ("again solve", "Solve again"),
        ("slvag", "Solve again"),
        ("light", "Light or dark"),
        ("photo next", "Look from next photo"),
    ],
)
def test_the_command_that_was_meant_comes_first(query, first):
    """Beginnings of words, in any order and any case, or letters in order."""
    assert TITLES[matches(query, TITLES)[0]] == first


def test_nothing_typed_finds_everything_in_order_and_nonsense_nothing():
    """The list begins as the menus do."""
    assert matches("", TITLES) == list(range(len(TITLES)))
    assert matches("qqqq", TITLES) == []


@given(st.text(max_size=12))
def test_whatever_is_typed(query):
    """What was found is found once, and holds every letter."""
    found = matches(query, TITLES)

    assert len(set(found)) == len(found)
    for index in found:
        assert set("".join(query.casefold().split())) <= set(TITLES[index].casefold())
