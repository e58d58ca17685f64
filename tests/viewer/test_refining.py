"""Refining on a person from the window: a task that can be stopped, and one entry of the history."""

from dataclasses import replace

import pytest

from kpnerf.core.pipeline import WEIGHTS, Avatar
from kpnerf.core.project_file import save_project
from kpnerf.core.training.refining import RefineSettings
from kpnerf.viewer.refining import TITLE, can_refine, is_refining, refine, take_off

from ..core.ball_document import ball_document, small_network
from .blob_engine import eventually
from .test_session import Desk

PATIENCE = 280.0
"""Seconds; a few are enough on a machine that has nothing else to do."""


@pytest.fixture
def desk(coarse_grids):
    """Two photos of a ball, and a small network that knows nothing."""
    document = ball_document((-0.3, 0.3))
    desk = Desk(Avatar(small_network()), replace(document, settings=replace(document.settings, resolution=32)))
    yield desk
    desk.session.close()


def picture(desk: Desk) -> bytes:
    """Once it is finished."""

    def finished() -> bool:
        desk.frame()
        shown = desk.session.shown
        return shown is not None and desk.session.is_current and shown.frame.progress == 1

    assert eventually(finished, PATIENCE)
    return desk.session.shown.picture.tobytes()


def run(desk: Desk) -> None:
    """Frames until no task is left."""
    assert eventually(lambda: desk.frame() or desk.session.task_lane.current is None, PATIENCE)


def test_refining_is_one_entry_and_can_be_taken_off(desk):
    """The avatar is drawn anew; undo and redo bring either picture back, and so does taking it off."""
    session = desk.session
    before = picture(desk)
    refine(session, RefineSettings(steps=24, minutes=60, learning_rate=2e-3))
    assert is_refining(session) and not can_refine(session)
    run(desk)

    assert [entry.label for entry in session.editor.history.entries] == ["Open", TITLE]
    assert session.status().text.startswith("Refined: ")
    assert session.editor.history.entries[1].operations == (("refine",),)
    after = picture(desk)
    assert after != before
    session.undo()
    assert picture(desk) == before
    session.redo()
    assert picture(desk) == after
    take_off(session)
    assert session.document.refinement is None
    assert session.document.calibration is session.editor.history.entries[1].document.calibration


def test_stopping_leaves_everything_as_it_was(desk):
    """Frames go by while it learns; once it is stopped, neither the document nor the history has changed."""
    session, document = desk.session, desk.session.document
    refine(session)
    assert eventually(
        lambda: desk.frame() or session.status().text.startswith(TITLE.replace("Refine", "Refining")), PATIENCE
    )
    session.task_lane.cancel()
    run(desk)

    assert session.document is document
    assert len(session.editor.history.entries) == 1
    assert session.status().text == f"Cancelled: {TITLE}"
    assert can_refine(session)


@pytest.mark.window
@pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not in the tree")
def test_it_is_found_by_typing_and_stopped_by_a_button(start, tmp_path):
    """With the real network: the avatar still turns while it learns, and Cancel is beside where it was begun."""
    project = tmp_path / "ball.kpnerf"
    document = ball_document()
    save_project(replace(document, settings=replace(document.settings, resolution=96)), project)
    window = start("--engine", "coarse", str(project))
    window.until(lambda s: s["progress"] == 1, 240)
    window.click_on("Render")
    window.until(lambda s: any(widget[0] == TITLE for widget in s["widgets"]))
    window.key("ctrl+p")
    window.until(lambda s: s["dialog"] and s["typing"])
    window.type("refine on")
    window.key("Return")
    before = window.until(lambda s: s["status"][1].startswith("Refining on this person without a.png"), 120)

    left, top, width, height = before["avatar"]
    window.move(left + width / 2, top + height / 2)
    window.press()
    window.move(left + width / 2 + 80, top + height / 2)
    window.until(lambda s: s["yaw"] != before["yaw"] and s["picture"] != before["picture"], 120)
    window.release()
    window.click_on("Cancel")
    ended = window.until(lambda s: s["status"][1].startswith("Cancelled"), 120)

    assert ended["entries"] == ["Open"]
    assert window.failures() == ""
