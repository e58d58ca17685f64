"""The window after a crash, and its history, under a real mouse and keyboard."""

import signal

import pytest

from kpnerf.core.left_behind import left_behind
from kpnerf.core.project_file import open_project

from .test_window import edit_something

pytestmark = pytest.mark.window


def crash(window) -> None:
    """End the program as a power cut does, once its journal has what was done."""
    window.until(lambda s: s["written"])
    window.process.send_signal(signal.SIGKILL)
    window.process.wait(10)


def test_after_a_crash_everything_is_restored_or_discarded(start, sample_project):
    """One question at the next start; the history comes back with the document, and the project is not touched."""
    before = sample_project.read_bytes()
    window = start(str(sample_project))
    edit_something(window)
    window.click(*window.state()["points"][1]["chin"])
    for key, entries in (("Delete", 3), ("Right", 4), ("ctrl+z", 4)):
        window.key(key)
        window.until(lambda s, entries=entries: len(s["entries"]) == entries)
    crashed = window.until(lambda s: s["cursor"] == 2 and len(s["entries"]) == 4 and s["progress"] == 1)
    crash(window)

    # Esc is no answer: what was asked for opens, and the question comes again.
    again = start(str(sample_project), folder=window.folder)
    again.until(lambda s: s["dialog"])
    again.key("Escape")
    opened = again.ready()
    assert opened["entries"] == ["Open"] and opened["saved"]
    again.do("key", "ctrl+q")
    assert again.ended() == 0

    again = start(folder=window.folder)
    again.click_on("Restore")
    restored = again.ready()
    for what in ("entries", "cursor", "keypoints", "title", "picture"):
        assert restored[what] == crashed[what], what
    assert not restored["saved"]

    # The history panel: a click goes to an entry, there and back.
    again.click_on("History", "mvButton")
    again.click_on("Open##0", "mvSelectable")
    first = again.until(lambda s: s["cursor"] == 0 and s["progress"] == 1)
    assert first["picture"] == opened["picture"] and first["saved"]
    again.click_on(f"{restored['entries'][3]}##3", "mvSelectable")
    again.until(lambda s: s["cursor"] == 3)
    crash(again)

    # A second crash loses neither what was restored nor where it was; and it can be thrown away.
    third = start(str(sample_project), folder=window.folder)
    third.until(lambda s: s["dialog"])
    third.click_on("Discard")
    assert third.ready()["entries"] == ["Open"]
    third.do("key", "ctrl+q")
    assert third.ended() == 0
    assert left_behind(window.folder / "log" / "kpnerf-viewer" / "journals") == []
    assert sample_project.read_bytes() == before
    assert window.failures() == ""


def test_a_restored_project_can_be_saved_and_an_orderly_end_leaves_no_question(start, sample_project, tmp_path):
    """Also an end by Ctrl+C or by logging out, which asks nothing, keeps what was done."""
    project = tmp_path / "mine.kpnerf"
    project.write_bytes(sample_project.read_bytes())
    window = start(str(project))
    edit_something(window)
    window.until(lambda s: s["written"])
    window.process.send_signal(signal.SIGTERM)
    assert window.ended() == 0

    again = start(folder=window.folder)
    again.click_on("Restore")
    again.ready()
    again.key("ctrl+s")
    again.until(lambda s: s["saved"])
    chin = open_project(project).views[0].keypoints
    assert chin.occluded[chin.schema.index("chin")]
    again.do("key", "ctrl+q")
    assert again.ended() == 0
    assert list((window.folder / "log" / "kpnerf-viewer" / "journals").iterdir()) == []
    assert window.failures() == ""
