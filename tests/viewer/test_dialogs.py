"""The shortcut sheet's arrangement."""

from kpnerf.viewer.commands import COMMANDS
from kpnerf.viewer.dialogs import in_columns


def test_columns_of_the_shortcut_sheet_are_about_equally_long():
    """Every group is there once, in order, and no column is much longer than the others."""
    groups = [
        (menu, [(str(command.keys), command.title) for command in COMMANDS if command.menu == menu])
        for menu in dict.fromkeys(command.menu for command in COMMANDS)
    ]
    columns = in_columns(groups, 3)
    heights = [sum(len(lines) + 2 for _, lines in column) for column in columns]

    assert [group for column in columns for group in column] == groups
    assert max(heights) <= sum(heights) / 3 + max(len(lines) for _, lines in groups)


def test_fewer_groups_than_columns():
    """Nothing is lost, and nothing fails."""
    assert in_columns([("File", [("Ctrl+O", "Open")])], 3) == [[], [("File", [("Ctrl+O", "Open")])], []]
    assert in_columns([], 3) == [[], [], []]
