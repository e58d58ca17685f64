"""What refining found, in documents, in project files and in the journal."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.edits import move_keypoint, set_refinement
from kpnerf.core.errors import UserError
from kpnerf.core.history import Entry, History
from kpnerf.core.journal import Journal
from kpnerf.core.left_behind import left_behind
from kpnerf.core.migrations import FORMAT_VERSION, migrated
from kpnerf.core.operations import perform
from kpnerf.core.project_file import open_project, save_project
from kpnerf.core.refinement import Refinement, refinement_from_bytes, refinement_to_bytes
from kpnerf.core.replay import steps_of

from ..viewer.blob_engine import eventually
from .staged import staged_document


def some_refinement() -> Refinement:
    """Numbers that no rounding leaves as they are."""
    rng = np.random.default_rng(0)
    weights = {
        "colour_head.out.0.weight": rng.normal(0, 1e-3, (16, 37)),
        "geometry_head.compress.bias": rng.normal(size=24),
    }
    return Refinement({name: values.astype(np.float16) for name, values in weights.items()}, "abc")


def assert_alike(a: Refinement, b: Refinement | None) -> None:
    """To the last bit."""
    assert b is not None
    assert (a.network, set(a.weights)) == (b.network, set(b.weights))
    for name, values in a.weights.items():
        assert values.dtype == b.weights[name].dtype and np.array_equal(values, b.weights[name])


def test_its_bytes_read_back_to_the_last_bit():
    """Also half-precision numbers near zero."""
    refinement = some_refinement()

    assert_alike(refinement, refinement_from_bytes(refinement_to_bytes(refinement)))


@pytest.mark.parametrize("spoil", [lambda b: b"", lambda b: b[:-1], lambda b: b[:40], lambda b: b"\xff" * len(b)])
def test_bytes_that_are_none_are_told_apart(spoil):
    """Cut short, or something else altogether: an error that openers of files expect."""
    with pytest.raises(ValueError):
        refinement_from_bytes(spoil(refinement_to_bytes(some_refinement())))


def test_it_cannot_be_changed():
    """Documents share it, and caches go by its identity."""
    refinement = some_refinement()
    with pytest.raises(TypeError):
        refinement.weights["another"] = np.zeros(1, np.float16)
    with pytest.raises(ValueError):
        refinement.weights["geometry_head.compress.bias"][0] = 1


def test_it_stays_while_photos_are_edited_and_is_saved_with_them(tmp_path):
    """An edit keeps the very object; the file gives back the same numbers, and none where there was none."""
    refined = set_refinement(staged_document(), some_refinement())
    edited = move_keypoint(refined, 0, "chin", (100.0, 100.0))
    save_project(edited, tmp_path / "me.kpnerf")
    save_project(set_refinement(edited, None), tmp_path / "plain.kpnerf")

    assert edited.refinement is refined.refinement
    assert_alike(some_refinement(), open_project(tmp_path / "me.kpnerf").refinement)
    assert open_project(tmp_path / "plain.kpnerf").refinement is None
    assert "refinement.safetensors" not in zipfile.ZipFile(tmp_path / "plain.kpnerf").namelist()


def test_a_file_whose_refinement_is_damaged_is_told_as_such(tmp_path):
    """One sentence, as for any other part of it."""
    project, damaged = tmp_path / "me.kpnerf", tmp_path / "damaged.kpnerf"
    save_project(set_refinement(staged_document(), some_refinement()), project)
    with zipfile.ZipFile(project) as whole, zipfile.ZipFile(damaged, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, b"nothing" if name == "refinement.safetensors" else whole.read(name))

    with pytest.raises(UserError, match="damaged"):
        open_project(damaged)


def test_files_from_before_there_was_refining_have_none(tmp_path):
    """Format 3 says nothing of it."""
    project = tmp_path / "me.kpnerf"
    save_project(staged_document(), project)
    record = json.loads(zipfile.ZipFile(project).read("project.json"))
    del record["refinement"]

    assert migrated(record | {"version": 3}) == record | {"refinement": None, "version": FORMAT_VERSION}


def test_the_journal_keeps_it_once(tmp_path):
    """Entries that share it share it again after a crash; taking it off is an entry like others."""
    journal = Journal(tmp_path)
    history = History(staged_document())
    history.do("Refine on this person", set_refinement(history.document, some_refinement()), (("refine",),))
    history.do("Move chin", move_keypoint(history.document, 0, "chin", (100.0, 100.0)))
    history.do("Take the refinement off", set_refinement(history.document, None))
    journal.follow(history, None)
    assert eventually(lambda: journal.is_written)
    journal.close(keep=True)
    (left,) = left_behind(tmp_path)
    opened, refined, moved, off = (entry.document for entry in left.history().entries)
    left.discard()

    assert opened.refinement is None and off.refinement is None
    assert_alike(some_refinement(), refined.refinement)
    assert moved.refinement is refined.refinement


def test_what_was_done_is_told_in_words_of_the_shell():
    """Refining by its name; taking it off is read off the documents, and does the same when repeated."""
    plain = staged_document()
    refined = set_refinement(plain, some_refinement())
    off = set_refinement(refined, None)
    entries = [Entry("Open", plain), Entry("Refine", refined, (("refine",),)), Entry("Take off", off)]
    steps = steps_of(entries)

    assert [step.operations for step in steps] == [(("refine",),), (("unrefine",),)]
    assert perform(refined, ("unrefine",)).refinement is None
    found_by_hand = steps_of([Entry("Open", plain), Entry("Something", replace(refined))])
    assert found_by_hand[0].operations is None
