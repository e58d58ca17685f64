"""The journal: every finished edit survives the end of its program, whatever that end is."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kpnerf.core import edits, mask_edits
from kpnerf.core.document import Document
from kpnerf.core.history import History
from kpnerf.core.journal import Journal
from kpnerf.core.left_behind import LeftBehind, left_behind
from kpnerf.core.photo import load_photo
from kpnerf.core.photo_records import MissingPhotosError
from kpnerf.core.replay import operations_between
from kpnerf.core.steps import Step

from ..viewer.blob_engine import eventually
from .staged import staged_document
from .test_project_file import assert_same, document_with_files


@pytest.fixture
def journal(tmp_path):
    """Followed by hand; its thread is ended at the end."""
    journal = Journal(tmp_path / "journals")
    yield journal
    journal.close(keep=True)


def edited(document: Document, history: History | None = None) -> History:
    """Three edits, the last of them taken back."""
    history = history or History(document)
    history.do("Move chin", edits.move_keypoint(history.document, 0, "chin", (101.5, 99.25)))
    history.do("Hold out c.png", edits.hold_out(history.document, 2))
    history.do("Paint", mask_edits.paint_mask(history.document, 1, [(10.0, 10.0), (50.0, 40.0)], 8.0))
    history.undo()
    return history


def crashed(journal: Journal, history: History, project: Path | None = None) -> list[LeftBehind]:
    """What a program that followed this history leaves behind when it is killed."""
    journal.follow(history, project)
    assert eventually(lambda: journal.is_written)
    folder = journal._keeper._folder
    files = list(folder.glob("*"))
    journal.close(keep=True)
    assert len(files) <= 1
    return left_behind(folder)


def test_a_crash_loses_no_finished_edit(journal, tmp_path):
    """All entries come back, also the one that was taken back, and what they share is shared again."""
    history = edited(document_with_files(tmp_path / "photos"))
    (left,) = crashed(journal, history, tmp_path / "me.kpnerf")
    restored = left.history()

    assert (left.edits, left.last_label, left.project) == (3, "Hold out c.png", tmp_path / "me.kpnerf")
    assert [entry.label for entry in restored.entries] == ["Open", "Move chin", "Hold out c.png", "Paint"]
    assert (restored.cursor, restored.is_saved) == (2, False)
    for before, after in zip(history.entries, restored.entries, strict=True):
        assert_same(before.document, after.document)
    first, moved, held, painted = (entry.document for entry in restored.entries)
    assert moved.views[1] is first.views[1] and painted.views[0] is held.views[0]
    assert moved.views[0].photo is first.views[0].photo and moved.views[0].mask is first.views[0].mask
    assert painted.views[1].detected_mask is first.views[1].mask
    left.discard()
    assert left_behind(tmp_path / "journals") == []


def test_pictures_that_are_no_files_are_kept_inside(journal):
    """Undistorted ones, whose file has other pixels."""
    history = edited(staged_document())
    (left,) = crashed(journal, history)
    restored = left.history()

    assert np.array_equal(restored.document.views[0].photo.rgb, history.document.views[0].photo.rgb)
    left.discard()


def test_edits_cost_kilobytes_and_photos_nothing(journal, tmp_path):
    """They are named by path and content; a mask is written when it changes."""
    history = History(document_with_files(tmp_path / "photos"))
    sizes = []
    for step in range(1, 41):
        history.do("Move chin", edits.move_keypoint(history.document, 0, "chin", (100.0 + step, 90.0)))
        journal.follow(history, None)
        assert eventually(lambda: journal.is_written)
        sizes.append(next((tmp_path / "journals").iterdir()).stat().st_size)

    assert np.diff(sizes).max() < 16_000
    assert np.ptp(np.diff(sizes)) < 500


@pytest.mark.parametrize("lost", [1, 7, 300, 3000])
def test_a_line_that_was_cut_short_ends_the_reading(journal, tmp_path, lost):
    """The power went in the middle of a write: everything before it counts, whole edits only."""
    history = History(staged_document())
    for step in range(5):
        history.do(f"Move {step}", edits.move_keypoint(history.document, 0, "chin", (100.0 + step, 90.0)))
        journal.follow(history, None)
    assert eventually(lambda: journal.is_written)
    journal.close(keep=True)
    file = next((tmp_path / "journals").iterdir())
    os.truncate(file, file.stat().st_size - lost)
    (left,) = left_behind(tmp_path / "journals")
    restored = left.history()

    assert 3 <= left.edits <= 5
    assert_cursor = restored.document.views[0].keypoints.xy_px[restored.document.schema.index("chin")]
    assert tuple(assert_cursor) == (99.0 + restored.cursor, 90.0)
    left.release()


def test_garbage_in_the_middle_is_not_believed(journal, tmp_path):
    """A disk that wrote something else than it was given."""
    history = edited(staged_document())
    journal.follow(history, None)
    assert eventually(lambda: journal.is_written)
    journal.close(keep=True)
    file = next((tmp_path / "journals").iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    for left in left_behind(tmp_path / "journals"):
        left.history()
        left.release()


def test_nothing_is_offered_where_nothing_would_be_lost(journal, tmp_path):
    """Just looked at, undone back to what was opened, saved: nobody is asked, and nothing is left lying about."""
    history = History(staged_document())
    journal.follow(history, None)
    assert eventually(lambda: journal.is_written)
    assert not (tmp_path / "journals").exists()
    history.do("Occlude chin", edits.occlude_keypoint(history.document, 0, "chin"))
    history.mark_saved(history.document)

    assert crashed(journal, history) == []
    assert list((tmp_path / "journals").iterdir()) == []


def test_an_edit_after_saving_is_offered(journal):
    """And restored, the saved entry is known: undoing to it counts as saved."""
    history = edited(staged_document())
    history.mark_saved(history.document)
    history.do("Occlude chin", edits.occlude_keypoint(history.document, 0, "chin"))
    (left,) = crashed(journal, history)
    restored = left.history()

    assert not restored.is_saved
    restored.undo()
    assert restored.is_saved
    left.release()


def test_a_living_program_keeps_its_journal(journal, tmp_path):
    """Another one that starts meanwhile is offered nothing; and what one looks at, the next leaves alone."""
    journal.follow(edited(staged_document()), None)
    assert eventually(lambda: journal.is_written)
    assert left_behind(tmp_path / "journals") == []
    journal.close(keep=True)
    first = left_behind(tmp_path / "journals")

    assert len(first) == 1 and left_behind(tmp_path / "journals") == []
    first[0].release()
    assert len(left_behind(tmp_path / "journals")) == 1


def test_opening_something_else_begins_anew_and_an_orderly_end_leaves_nothing(tmp_path):
    """The person was asked about the last document before another took its place."""
    journal = Journal(tmp_path)
    journal.follow(edited(staged_document()), None)
    journal.follow(edited(staged_document((-20.0, 0.0, 20.0))), None)
    assert eventually(lambda: journal.is_written)
    files = list(tmp_path.iterdir())
    journal.close(keep=False)

    assert len(files) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_restored_history_goes_on_in_its_own_file(journal, tmp_path):
    """A second crash loses nothing either: neither what was restored nor what was done since."""
    history = edited(document_with_files(tmp_path / "photos"))
    (left,) = crashed(journal, history, tmp_path / "me.kpnerf")
    restored = left.history()
    second = Journal(tmp_path / "journals")
    second.adopt(left, restored, left.project)
    restored.redo()
    restored.do("Occlude chin", edits.occlude_keypoint(restored.document, 0, "chin"))
    second.follow(restored, left.project)
    assert eventually(lambda: second.is_written)
    second.close(keep=True)
    (again,) = left_behind(tmp_path / "journals")
    twice = again.history()

    assert [entry.label for entry in twice.entries] == [entry.label for entry in restored.entries]
    assert (again.project, twice.cursor) == (tmp_path / "me.kpnerf", 4)
    assert_same(twice.document, restored.document)
    again.discard()


def test_moved_photos_are_told_and_found_by_content(journal, tmp_path):
    """As those of a project."""
    history = edited(document_with_files(tmp_path / "photos"))
    (left,) = crashed(journal, history)
    (tmp_path / "photos").rename(tmp_path / "elsewhere")

    with pytest.raises(MissingPhotosError, match="b.png"):
        left.history()
    assert_same(left.history([tmp_path / "elsewhere"]).document, history.document)
    left.discard()


def test_what_was_done_and_what_was_done_before_come_back(journal, tmp_path):
    """In words for a shell, for the project that is saved in the end."""
    past = (Step("Open", (("open", "a.png", "b.png"),)),)
    journal.follow(edited(staged_document()), None, past)
    assert eventually(lambda: journal.is_written)
    journal.close(keep=True)
    (left,) = left_behind(tmp_path / "journals")

    assert left.past == past
    assert left.history().entries[1].operations == (("move", "chin", "a.png", "101.5", "99.25"),)
    left.discard()


def test_a_full_or_forbidden_place_is_told_once_and_tried_again(tmp_path):
    """Edits go on; as soon as there is room the whole history is written."""
    (tmp_path / "journals").touch()  # a file where the folder should be
    journal = Journal(tmp_path / "journals")
    history = edited(staged_document())
    journal.follow(history, None)
    problems = []
    assert eventually(lambda: problems.append(journal.take_problem()) or problems[-1])
    (tmp_path / "journals").unlink()
    history.do("Occlude chin", edits.occlude_keypoint(history.document, 0, "chin"))
    journal.follow(history, None)
    assert eventually(lambda: (tmp_path / "journals").exists())
    journal.close(keep=True)
    (left,) = left_behind(tmp_path / "journals")

    assert "not kept for the case of a crash" in str(problems[-1])
    assert left.edits == len(history.entries) - 1
    left.discard()


def test_every_entry_tells_what_no_shell_can_do(tmp_path):
    """A photo whose pixels are no file cannot be added from a shell."""
    before = staged_document((-30.0, 30.0))
    view = replace(staged_document().views[1], camera=None)
    after = edits.add_views(before, [view])

    assert operations_between(before, after) is None
    path = tmp_path / "d.png"
    Image.fromarray(view.photo.rgb).save(path)
    after = edits.add_views(before, [replace(view, photo=load_photo(path))])
    assert operations_between(before, after) == (("add", str(path)),)
