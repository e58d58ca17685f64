"""The clipboard of the screen, whoever owns it."""

import pytest

from kpnerf.viewer.clipboard import Clipboard, copied_text

from .blob_engine import eventually

pytestmark = pytest.mark.window


def test_where_nothing_was_copied_there_is_no_text(screen, monkeypatch):
    """The window library's own function would end the process here."""
    monkeypatch.setenv("DISPLAY", screen.name)
    clipboard = Clipboard()
    assert clipboard.take() is None
    clipboard.ask()

    answers = []
    assert eventually(lambda: answers.append(clipboard.take()) or answers[-1] is not None)
    assert (answers[-1], clipboard.take()) == ("", None)


def test_without_a_screen_there_is_no_text(monkeypatch):
    """And no error."""
    monkeypatch.setenv("DISPLAY", ":4711")

    assert copied_text() == ""
