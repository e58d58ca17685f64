"""Opening, solving and saving, without a window but with real files."""

import time

import numpy as np
import pytest
from PIL import Image

from kpnerf.core.cli import main
from kpnerf.core.document import Document
from kpnerf.core.interop.conventions import Reading
from kpnerf.core.interop.formats import load_capture
from kpnerf.viewer import tasks
from kpnerf.viewer.sample import sample_photos

from ..core.other_programs import Written, write_colmap
from ..core.staged import staged_capture, staged_document
from ..core.test_conventions import rewritten
from .blob_engine import eventually
from .test_session import Desk


def run(desk: Desk, seconds: float = 180.0) -> None:
    """Frames until no task is left."""
    assert eventually(lambda: desk.frame() or desk.session.task_lane.current is None, seconds)


def test_the_sample_is_opened_solved_and_shown(desk):
    """Photos first, then points, then cameras; opening is nothing to undo."""
    tasks.open_source(desk.session, sample_photos())
    texts, arrived = [], 0
    while desk.session.task_lane.current is not None:
        time.sleep(0.01)
        desk.frame()
        texts.append(desk.session.status().text)
        arrived = max(arrived, len(desk.session.arriving))
    document = desk.session.document

    assert arrived == 3
    assert "Detecting 2 of 3" in texts
    assert "Finding cameras" in texts
    assert desk.session.arriving == ()
    assert document.names == tuple(path.name for path in sample_photos())
    assert document.calibration is not None
    assert np.median(document.calibration.residual_px) < 4
    assert len(desk.session.editor.history.entries) == 1
    assert desk.session.is_saved


def test_a_folder_of_photos_is_opened_and_added(desk, tmp_path):
    """As its photos are, by name; they appear before their points do."""
    for name in ("b.jpg", "a.png", "more/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (200, 150), (90, 120, 90)).save(tmp_path / name)
    tasks.open_source(desk.session, [tmp_path])
    assert eventually(lambda: desk.frame() or len(desk.session.arriving) == 2)
    run(desk)
    assert desk.session.document.names == ("a.png", "b.jpg")

    tasks.add_photos(desk.session, [tmp_path / "more"])
    run(desk)
    assert desk.session.document.names == ("a.png", "b.jpg", "c.jpg")


@pytest.mark.parametrize("named", ["", "sparse/0/images.bin"])
def test_a_model_of_colmap_is_opened_by_its_folder_or_a_file_of_it(desk, tmp_path, named):
    """Its cameras are locked, and what keypoints.json gives is solved with them."""
    staged = load_capture(staged_capture(tmp_path))
    (tmp_path / "transforms.json").unlink()
    written = [Written.by(name, camera) for name, camera in zip(staged.names, staged.cameras, strict=True)]
    write_colmap(tmp_path / "sparse" / "0", {"PINHOLE": written}, binary=True)
    tasks.open_source(desk.session, [tmp_path / named])
    run(desk)
    document = desk.session.document

    assert document.names == staged.names and document.calibration is not None
    for view, camera in zip(document.views, staged.cameras, strict=True):
        assert view.lock_pose
        np.testing.assert_allclose(view.camera.world_from_camera, camera.world_from_camera, atol=1e-9)


def test_the_convention_of_cameras_that_were_added_is_told(sample_project, tmp_path):
    """As it is of those that were opened; undone, nothing is said any more."""
    assert main(["calibrate", str(sample_project), "-o", str(tmp_path / "right")]) == 0
    desk = Desk(document=Document())
    tasks.add_photos(desk.session, [rewritten(tmp_path / "right", tmp_path / "wrong", Reading(to_camera=True))])
    run(desk)

    assert "world to camera with OpenGL axes" in desk.session.document.doubts[0]
    desk.session.editor.undo()
    desk.session.editor.undo()
    assert desk.session.document.doubts == ()
    assert eventually(desk.session.close)


def test_what_is_opened_while_cameras_are_found_is_not_solved_in_their_stead(desk):
    """Also where its photos are called the same: it was opened, and nothing has been done to it."""
    tasks.solve(desk.session)
    other = staged_document()
    desk.session.open_document(other, None)
    run(desk)

    assert desk.session.document is other
    assert desk.session.is_saved


def test_cameras_are_found_once_however_often_that_is_asked_for(desk):
    """Also where a point was moved meanwhile: once more then, about the points as they are, and one entry."""
    session = desk.session
    tasks.solve(session)
    tasks.solve(session)
    session.editor.begin_moving(0, {"chin"})
    session.editor.move_by(4.0, 0.0)
    session.editor.commit()
    for _ in range(3):
        tasks.solve(session)
    waiting = session.task_lane.current
    run(desk)

    labels = [entry.label for entry in session.editor.history.entries]
    assert waiting is not None and labels.count("Solve cameras") == 1 and labels[-1] == "Solve cameras"
    tasks.solve(session)  # done, it can be asked for again
    assert session.task_lane.current is not None
    session.task_lane.cancel()
    tasks.solve(session)  # and so after it was cancelled
    run(desk)
    assert session.editor.history.entries[-1].label == "Solve cameras"


@pytest.mark.parametrize("content", [b"", b"this is no picture", None])
def test_what_cannot_be_opened_is_told_and_nothing_is_lost(desk, tmp_path, content):
    """An empty file, a text file, no file at all: what was open stays open."""
    before = desk.session.document
    path = tmp_path / "photo.jpg"
    if content is not None:
        path.write_bytes(content)
    tasks.open_source(desk.session, [sample_photos()[0], path])
    run(desk)

    assert len(desk.session.failures) == 1
    assert "photo.jpg" in desk.session.failures[0].what_happened
    assert desk.session.document is before
    assert desk.session.arriving == ()


def test_a_project_is_saved_and_opened_again(desk, tmp_path):
    """With the ending it lacked; saved is saved, also after undoing back to it."""
    for view in desk.session.document.views:
        Image.fromarray(view.photo.rgb).save(tmp_path / view.name)
    desk.session.open_document(desk.session.document, None)
    desk.session.editor.begin_moving(0, {"chin"})
    desk.session.editor.move_by(3, 3)
    desk.session.editor.commit()
    moved = desk.session.document
    tasks.save(desk.session, tmp_path / "me")
    run(desk)
    saved = desk.session.is_saved
    tasks.open_source(desk.session, [tmp_path / "me.kpnerf"])
    run(desk)

    assert saved
    assert desk.session.project_path == tmp_path / "me.kpnerf"
    assert not desk.session.failures
    assert desk.session.document is not moved
    for before, after in zip(moved.views, desk.session.document.views, strict=True):
        np.testing.assert_array_equal(after.keypoints.xy_px, before.keypoints.xy_px)


def test_an_edit_made_while_saving_is_not_taken_for_saved(desk, tmp_path):
    """What is on the disk is the document of the moment Save was pressed."""
    desk.session.editor.begin_moving(0, {"chin"})
    desk.session.editor.move_by(3, 3)
    tasks.save(desk.session, tmp_path / "me.kpnerf")
    desk.session.editor.select(0, {"chin"})
    desk.session.editor.toggle_occluded()
    run(desk)

    assert not desk.session.is_saved
    desk.session.undo()
    assert desk.session.is_saved


def test_while_a_file_is_written_nothing_counts_as_saved(desk, tmp_path):
    """Save, undo at once, crash: what is on the disk is no longer what was opened, and must not be taken for it."""
    history = desk.session.editor.history
    desk.session.editor.select(0, {"chin"})
    desk.session.editor.toggle_occluded()
    tasks.save(desk.session, tmp_path / "me.kpnerf")
    desk.session.undo()
    meanwhile = (history.cursor, history.saved)
    run(desk)

    assert meanwhile == (0, None)
    assert history.saved == 1 and not desk.session.is_saved


def test_a_project_that_cannot_be_written_is_told(desk, tmp_path):
    """The folder is gone: a dialog, and the document still counts as unsaved."""
    desk.session.editor.select(0, {"chin"})
    desk.session.editor.toggle_occluded()
    tasks.save(desk.session, tmp_path / "gone" / "me.kpnerf")
    run(desk)

    assert len(desk.session.failures) == 1
    assert not desk.session.is_saved


def test_photos_that_moved_are_asked_for_and_found_in_another_folder(desk, moved_project, tmp_path):
    """By what is in them, not by where they were; what was open stays until then."""
    before = desk.session.document
    tasks.open_source(desk.session, [moved_project])
    run(desk)
    missing = desk.session.missing_photos
    missing.look_in(tmp_path / "elsewhere")
    still_open = desk.session.document
    run(desk)

    assert len(missing.error.paths) == 3 and missing.near == tmp_path
    assert still_open is before
    assert not desk.session.failures
    assert desk.session.project_path == moved_project
    assert [view.photo.path.parent for view in desk.session.document.views] == [tmp_path / "elsewhere"] * 3
    tasks.open_source(desk.session, [moved_project])
    run(desk)
    assert desk.session.missing_photos is missing and not desk.session.failures  # asked for once
