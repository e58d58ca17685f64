"""The session: documents in, pictures out, without a window."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core import edits
from kpnerf.core.errors import UserError
from kpnerf.viewer.backdrop import Backdrop
from kpnerf.viewer.looking import compare, fly_to_next_view
from kpnerf.viewer.picturing import render_size
from kpnerf.viewer.session import ANSWER_SECONDS, NOTE_SECONDS, Session

from ..core.staged import staged_document
from .blob_engine import BlobEngine, blobs, eventually


class Desk:
    """A session, and a clock that runs only when the test lets it."""

    def __init__(self, engine=None, document=None) -> None:
        self.engine = engine or BlobEngine()
        self.session = Session(lambda: self.engine, document)
        self.session.viewport_size = (320.0, 240.0)
        self.now = 0.0

    def frame(self, seconds: float = 1 / 60) -> None:
        """What happens in a frame of the window."""
        self.now += seconds
        self.session.update(self.now)

    def settle(self) -> np.ndarray:
        """Frames until the picture is finished; its pixels."""

        def finished() -> bool:
            self.frame()
            shown = self.session.shown
            return shown is not None and self.session.is_current and shown.frame.progress == 1

        assert eventually(finished)
        return self.session.shown.picture


def test_a_document_is_drawn_without_being_asked_for(desk):
    """And nothing is drawn again while nothing changes."""
    desk.settle()
    generation = desk.session.render_lane.generation

    def ready() -> bool:
        desk.frame()
        return desk.session.status().kind == "ready"

    assert eventually(ready)
    for _ in range(50):
        desk.frame()
    assert desk.session.render_lane.generation == generation == 1


def test_every_step_of_a_drag_is_drawn_and_undo_brings_the_same_picture_back(desk):
    """During the drag, not after it."""
    before = desk.settle()
    desk.session.editor.begin_moving(1, {"nose tip"})
    pictures = []
    for step in (5, 10, 15):
        desk.session.editor.move_by(step, step)
        pictures.append(desk.settle())
    desk.session.editor.commit()
    committed = desk.settle()
    desk.session.undo()
    undone = desk.settle()

    assert all(not np.array_equal(a, b) for a, b in itertools.pairwise([before, *pictures]))
    np.testing.assert_array_equal(committed, pictures[-1])
    np.testing.assert_array_equal(undone, before)
    assert len(desk.engine.encoded) == 1


def test_orbiting_draws_and_edits_nothing(desk):
    """The document is the same object; the picture is another."""
    before, document = desk.settle(), desk.session.document
    desk.session.eye.look(desk.session.eye.view.orbited(60, 0, 240))
    after = desk.settle()

    assert not np.array_equal(before, after)
    assert desk.session.document is document


def test_the_picture_has_the_shape_of_the_viewport_and_the_wanted_resolution(desk):
    """The longer side is what was asked for."""
    settings = desk.session.document.settings

    assert render_size(desk.session) == (768, 576)
    desk.session.viewport_size = (100.0, 800.0)
    assert render_size(desk.session) == (96, settings.resolution)
    desk.session.viewport_size = (0.0, 0.0)
    assert min(render_size(desk.session)) >= 8


def test_a_viewport_of_no_size_asks_for_nothing(desk):
    """A window shrunk to nothing, and back again."""
    desk.settle()
    desk.session.viewport_size = (0.0, 3.0)
    desk.frame()
    generation = desk.session.render_lane.generation
    desk.session.viewport_size = (200.0, 200.0)
    desk.settle()

    assert generation == 1
    assert desk.session.shown.picture.shape[:2] == (768, 768)


def test_another_backdrop_needs_no_new_drawing(desk):
    """The finished picture is put before it; a plain one is the document's and can be undone."""
    desk.settle()
    desk.session.show_backdrop(Backdrop.WHITE)
    white = desk.settle()
    drawn = len(desk.engine.drawn)
    desk.session.undo()
    desk.settle()

    np.testing.assert_allclose(white[0, 0, :3], 1.0, atol=1e-3)
    assert drawn == 1
    assert desk.session.backdrop is Backdrop.STUDIO


def test_view_modes_are_no_edits_but_are_saved(desk):
    """Looking at depth is nothing to undo."""
    desk.session.mode = "depth"
    desk.settle()

    assert desk.session.is_saved
    assert desk.session.to_save().settings.mode == "depth"


def test_flying_to_a_photo_ends_in_its_camera(desk):
    """After a third of a second, in steps."""
    fly_to_next_view(desk.session, 1)
    yaws = []
    for _ in range(60):
        desk.frame()
        yaws.append(desk.session.eye.view.yaw)
    camera = desk.session.document.calibration.head_cameras[1]

    np.testing.assert_allclose(desk.session.eye.view.pose, camera.world_from_camera, atol=1e-9)
    assert desk.session.editor.view == 1
    assert len(set(yaws)) >= 1


def test_the_turntable_swings_round_where_it_began_and_stops_where_it_is(desk):
    """Half of the swing to each side."""
    desk.session.eye.toggle_playing(desk.now)
    yaws = []
    for _ in range(360):
        desk.frame()
        yaws.append(desk.session.eye.view.yaw)
    desk.session.eye.toggle_playing(desk.now)
    desk.frame(10)

    assert max(yaws) == pytest.approx(desk.session.eye.swing / 2, abs=0.01)
    assert min(yaws) == pytest.approx(-desk.session.eye.swing / 2, abs=0.01)
    assert desk.session.eye.view.yaw == yaws[-1]


def test_the_avatar_is_polished_unless_it_is_compared(desk):
    """Until that is switched off; each way the picture is drawn anew."""
    desk.settle()
    drawn, polished = [len(desk.engine.drawn)], [desk.engine.polished]
    for change in (
        lambda: compare(desk.session, "wipe"),
        lambda: compare(desk.session, None),
        lambda: setattr(desk.session, "polished", False),
    ):
        change()
        desk.frame(1.0)
        desk.settle()
        drawn.append(len(desk.engine.drawn))
        polished.append(desk.engine.polished)

    assert polished == [True, False, True, False]
    assert drawn == sorted(set(drawn))


def test_status_tells_what_is_going_on():
    """Nothing open, not solved, before the first picture, refining, ready."""
    desk = Desk()
    desk.frame()
    texts = [desk.session.status().text]
    unsolved = edits.remove_view(staged_document(), 0)
    desk.session.open_document(edits.add_views(unsolved, [staged_document().views[0]]), None)
    desk.frame()
    texts.append(desk.session.status().text)
    desk.engine.gate.clear()
    desk.session.open_document(staged_document(), None)
    desk.frame()

    assert eventually(lambda: desk.session.status().text == "Preparing the first picture")
    assert eventually(lambda: desk.frame() or desk.session.status().text.startswith("Refining 33"))
    desk.engine.gate.set()
    desk.settle()
    assert eventually(lambda: desk.frame() or desk.session.status().text == "Ready")
    assert texts == ["Open photos to begin", "The cameras are not solved yet"]
    assert eventually(desk.session.close)


def test_notes_go_away_by_themselves(desk):
    """The status line is not a history."""
    desk.settle()
    assert eventually(lambda: desk.frame() or desk.session.status().kind == "ready")
    desk.session.note("Saved")
    shown = desk.session.status().text
    desk.frame(NOTE_SECONDS + 1)

    assert shown == "Saved"
    assert desk.session.status().text == "Ready"


def test_what_was_done_is_told_before_the_picture_of_it_is_finished(desk):
    """For some seconds; after them how far the picture has come, and then the note again, while it lasts."""
    desk.settle()
    desk.engine.gate.clear()
    desk.session.editor.begin_moving(1, {"nose tip"})
    desk.session.editor.move_by(9, 9)
    desk.session.editor.commit()
    desk.frame()
    desk.session.undo()
    desk.frame()
    told = [desk.session.status().text]
    desk.frame(ANSWER_SECONDS)
    assert eventually(lambda: desk.frame() or desk.session.status().text.startswith("Refining 33"))
    desk.engine.gate.set()
    desk.settle()
    assert eventually(lambda: desk.frame() or desk.session.render_lane.activity == "idle")
    told.append(desk.session.status().text)

    assert told == ["Undone: Move nose tip", "Undone: Move nose tip"]


def test_an_engine_without_weights_leaves_everything_else_working():
    """Photos can be edited and saved; the status line says what is missing."""
    session = Session(lambda: (_ for _ in ()).throw(UserError("The weights are missing.", "Install again.")))
    session.open_document(staged_document(), None)
    now = itertools.count()

    assert eventually(lambda: session.update(next(now)) or session.status().kind == "error")
    assert session.status().text == "The weights are missing. Install again."
    session.editor.begin_moving(0, {"chin"})
    session.editor.move_by(4, 4)
    session.editor.commit()
    assert not session.is_saved
    assert eventually(session.close)


def test_what_a_person_can_put_right_becomes_a_dialog_and_a_bug_a_sentence(desk, tmp_path, monkeypatch):
    """The trace goes to the log file; the program goes on."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    desk.session.report(UserError("The disk is full.", "Free some space."))
    desk.session.report(ZeroDivisionError("division by zero"))

    assert [error.what_to_do for error in desk.session.failures] == ["Free some space."]
    assert desk.session.status().kind == "error"
    assert "ZeroDivisionError" in next(tmp_path.rglob("*.log")).read_text()


def test_what_is_doubtful_about_cameras_stays_on_the_screen(desk):
    """A note passes; a camera that is a guess remains one until it is solved again."""
    desk.settle()
    document = desk.session.document
    doubtful = replace(document.calibration, warnings=("a.png is a guess.", "b.png does not fit."))
    desk.session.open_document(edits.apply_calibration(document, doubtful), None)
    desk.settle()
    desk.session.note("Saved me.kpnerf")
    told = [desk.session.status().text]
    desk.frame(NOTE_SECONDS + 1)
    told.append(desk.session.status().text)

    assert told == ["Saved me.kpnerf", "a.png is a guess. b.png does not fit."]


def test_opening_another_document_starts_its_own_history(desk):
    """Nothing of the last one is left: selection, picture, undo."""
    desk.settle()
    desk.session.editor.select(2, {"chin"})
    desk.session.editor.toggle_occluded()
    other = staged_document((-20.0, 20.0))
    desk.session.open_document(other, None)

    assert desk.session.document is other
    assert desk.session.shown is None
    assert (desk.session.editor.view, desk.session.editor.points) == (0, frozenset())
    assert desk.session.is_saved
    picture = desk.settle()
    camera = desk.session.shown.job.camera
    np.testing.assert_array_equal(desk.session.shown.frame.rgba, blobs(other, camera, (768, 576)))
    assert picture.shape == (576, 768, 4)


def test_a_mouse_move_of_a_drag_costs_little():
    """It must fit into a frame, type checks of the test run and five photos included (processor time)."""
    desk = Desk(document=staged_document((-40.0, -20.0, 0.0, 20.0, 40.0)))
    desk.session.editor.begin_moving(1, {"nose tip"})
    times = []
    for step in range(60):
        began = time.thread_time()
        desk.session.editor.move_by(0.1 * step, 0)
        times.append(time.thread_time() - began)

    assert eventually(desk.session.close)
    assert np.median(times) < 1 / 30


def test_what_is_wrong_is_found_when_the_hand_rests(desk):
    """Not while it moves a point, for finding it takes a good part of a frame; at once when it lets go."""
    session = desk.session
    desk.frame()
    before = session.findings
    session.editor.begin_moving(0, {"chin"})
    for step in range(1, 5):
        session.editor.move_by(10.0 * step, 0.0)
        desk.frame(0.1)
        assert session.findings is before
    desk.frame(0.3)
    rested = session.findings
    session.editor.move_by(60.0, 0.0)
    desk.frame(0.01)
    held = session.findings
    session.editor.commit()

    assert rested is not before and held is rested
    assert session.findings.ranking[0].name == "chin" and session.findings is not rested
