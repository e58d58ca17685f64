"""The path of a film as a part of the document: edited, saved, kept through a crash, said to a shell, and filmed."""

import json
import shlex
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kpnerf.core import edits, path_edits
from kpnerf.core.camera_path import FARTHEST, MAX_PITCH, NARROWEST, NEAREST, PORTRAIT, WIDEST, CameraPath, KeyView
from kpnerf.core.cli import main
from kpnerf.core.document import Document
from kpnerf.core.errors import UserError
from kpnerf.core.history import History
from kpnerf.core.journal import Journal
from kpnerf.core.keypoints import HEAD
from kpnerf.core.left_behind import left_behind
from kpnerf.core.migrations import migrated
from kpnerf.core.operations import perform
from kpnerf.core.project_file import open_project, open_with_history, save_project
from kpnerf.core.replay import operations_between, steps_of

from ..viewer.blob_engine import eventually
from .staged import staged_capture, staged_document
from .test_project_file import rewrite

LEFT = KeyView(-0.7, 0.1, 0.8123456, (0.01, -0.02, 0.0300001), 0.4)
RIGHT = KeyView(0.6, -0.2, 0.7, (0.0, 0.0, 0.05))
ABOVE = KeyView(3.5, 0.9, 1.4, (0.0, 0.01, 0.0), 0.6)
places = st.floats(-1.0, 1.0)


def filmed(*views: KeyView, document: Document | None = None) -> Document:
    """A document with these views on its path."""
    document = document or staged_document()
    for view in views:
        document = path_edits.add_to_path(document, view)
    return document


def test_views_are_added_replaced_and_removed_and_nothing_else_changes():
    """Everything else of the document is the very same; the views are where they were put, but for what nobody sees."""
    before = staged_document()
    three = filmed(LEFT, RIGHT, ABOVE, document=before)
    other = path_edits.replace_in_path(three, 1, ABOVE)
    fewer = path_edits.remove_from_path(other, 0)
    path = three.camera_path

    assert [view.distance for view in path.views] == [0.81235, 0.7, 1.4]
    assert path.views[0].target == (0.01, -0.02, 0.03) and path.views[0].yaw == pytest.approx(-0.7, abs=1e-6)
    assert path.views[2].yaw == pytest.approx(3.5 - 2 * np.pi, abs=1e-6)
    assert other.camera_path.views == (path.views[0], path.views[2], path.views[2])
    assert fewer.camera_path.views == (path.views[2], path.views[2])
    assert path_edits.clear_path(fewer).camera_path == before.camera_path == CameraPath()
    assert three.views is before.views and three.calibration is before.calibration
    assert path_edits.time_path(three, seconds=2.0, loop=False) is three
    timed = path_edits.time_path(path_edits.time_path(three, seconds=3.5), loop=True)
    assert (timed.camera_path.seconds, timed.camera_path.loop, timed.camera_path.duration) == (3.5, True, 10.5)


@given(
    st.floats(-10, 10),
    st.floats(-MAX_PITCH, MAX_PITCH),
    st.floats(NEAREST, FARTHEST),
    st.tuples(places, places, places),
    st.floats(NARROWEST, WIDEST),
)
def test_a_shell_is_told_all_of_a_view(yaw, pitch, distance, target, field_of_view):
    """What is kept of it reads back from one word to the last bit."""
    document = path_edits.add_to_path(Document(), KeyView(yaw, pitch, distance, target, field_of_view))
    (word,) = shlex.split(shlex.quote(path_edits.words_of_view(document.camera_path.views[0])))

    assert perform(Document(), ("path-add", word)).camera_path == document.camera_path
    assert len(word) < 90


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: filmed(LEFT, document=d),
        lambda d: filmed(LEFT, ABOVE, document=d),
        lambda d: path_edits.replace_in_path(d, 1, ABOVE),
        lambda d: path_edits.move_in_path(d, 1, 0),
        lambda d: path_edits.move_in_path(d, 0, 2),
        lambda d: path_edits.move_in_path(filmed(ABOVE, document=d), 3, 1),
        lambda d: path_edits.remove_from_path(d, 1),
        lambda d: path_edits.remove_from_path(d, 2),
        path_edits.clear_path,
        lambda d: path_edits.time_path(d, seconds=1 / 3),
        lambda d: path_edits.time_path(d, loop=True),
        lambda d: filmed(RIGHT, document=path_edits.time_path(path_edits.clear_path(d), seconds=9, loop=True)),
        lambda d: edits.occlude_keypoint(path_edits.remove_from_path(d, 0), 0, "chin"),
    ],
)
def test_every_edit_of_it_can_be_read_off_and_repeated(edit):
    """As of any other: what the window does, `kpnerf edit` does again."""
    before = filmed(LEFT, RIGHT, LEFT)
    after = edit(before)
    operations = operations_between(before, after)
    repeated = before
    for operation in operations:
        repeated = perform(repeated, operation)

    assert operations
    assert repeated.camera_path == after.camera_path != before.camera_path


def test_it_is_saved_with_the_project_and_older_files_have_none(tmp_path):
    """To the last bit, with what was done as commands; format 5 says nothing of it."""
    project = tmp_path / "me.kpnerf"
    start = staged_document()
    history = History(start)
    history.do("Add view 1 to the path", filmed(LEFT, document=start))
    history.do("Seconds", path_edits.time_path(history.document, seconds=0.7, loop=True))
    save_project(history.document, project, history=steps_of(history.entries))
    opened, steps = open_with_history(project)

    assert opened.camera_path == history.document.camera_path
    assert [step.operations for step in steps] == [
        (("path-add", "-40.107 5.7296 0.81235 0.01 -0.02 0.03 22.9183"),),
        (("path-seconds", "0.7"), ("path-loop", "on")),
    ]
    record = json.loads(zipfile.ZipFile(project).read("project.json"))
    del record["camera_path"]
    as_before = migrated(record | {"version": 5})
    rewrite(project, **as_before)
    assert open_project(project).camera_path == CameraPath()


def test_a_project_whose_path_is_damaged_is_told_as_such(tmp_path):
    """One sentence, as for any other part of it."""
    project = tmp_path / "me.kpnerf"
    save_project(staged_document(), project)
    rewrite(project, camera_path={"views": [{"yaw": 1.0}], "seconds": 2.0, "loop": False})

    with pytest.raises(UserError, match="damaged"):
        open_project(project)


def test_a_crash_loses_nothing_of_it(tmp_path):
    """Every entry of the history comes back with its own path."""
    journal, history = Journal(tmp_path), History(staged_document())
    history.do("Add view 1 to the path", filmed(LEFT, document=history.document))
    history.do("Add view 2 to the path", filmed(RIGHT, document=history.document))
    history.do("Loop the path", path_edits.time_path(history.document, loop=True))
    history.undo()
    journal.follow(history, None)
    assert eventually(lambda: journal.is_written)
    journal.close(keep=True)
    (left,) = left_behind(tmp_path)
    restored = left.history()
    left.discard()

    assert restored.cursor == 2
    for ours, theirs in zip(restored.entries, history.entries, strict=True):
        assert (ours.label, ours.document.camera_path) == (theirs.label, theirs.document.camera_path)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--path-add", "10"], "1 numbers are no view. Give YAW PITCH"),
        (["--path-add", "10 up"], "“up” is no number"),
        (["--path-add", "0 90"], "A pitch of 90 degrees cannot be. Give -88 to 88 degrees."),
        (["--path-add", "0 0 50"], "A distance of 50 metres cannot be. Give 0.2 to 20 metres."),
        (["--path-add", "0 0 1 0 0 0 120"], "A field of view of 120 degrees cannot be."),
        (["--path-add", "nan 0"], "not finite"),
        (["--path-remove", "1"], "The path has no view 1. Add one first."),
        (["--path-add", "0 0", "--path-remove", "2"], "The path has no view 2. Choose one from 1 to 1."),
        (["--path-add", "0 0", "--path-replace", "0", "1 1"], "The path has no view 0."),
        (["--path-add", "0 0", "--path-move", "1", "2"], "The path has no view 2. Choose one from 1 to 1."),
        (["--path-remove", "first"], "“first” is no number of a view. Count from 1."),
        (["--path-seconds", "0"], "A view cannot take 0 s. Give 0.1 to 60 seconds."),
        (["--path-loop", "yes"], "“yes” is neither on nor off"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(tmp_path, capsys, words, sentence):
    """Exit code 2, and nothing is written."""
    save_project(staged_document(), tmp_path / "me.kpnerf")
    code = main(["edit", str(tmp_path / "me.kpnerf"), *words, "-o", str(tmp_path / "out.kpnerf")])

    assert code == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out.kpnerf").exists()


def test_a_view_of_two_numbers_is_that_of_render():
    """All of the head in the picture, through the same lens."""
    view = path_edits.view_of_numbers((-20.0, 5.0), HEAD.box)

    assert (view.yaw, view.pitch, view.field_of_view) == (np.deg2rad(-20.0), np.deg2rad(5.0), PORTRAIT)
    assert view.target == tuple(HEAD.box.centre)
    assert path_edits.view_of_numbers((-20.0, 5.0, 0.6), HEAD.box) == replace(view, distance=0.6)


def test_a_path_made_from_a_shell_is_filmed(tmp_path, capsys):
    """Its first and last picture are what `kpnerf render` draws there; a loop there and back shows them twice."""
    project, film, small = tmp_path / "me.kpnerf", tmp_path / "film", ["--size", "24", "--quality", "reference"]
    assert main(["calibrate", str(staged_capture(tmp_path / "capture")), "-o", str(project)]) == 0
    path = ["--path-add", "-25 4", "--path-add", "20 0", "--path-seconds", "0.5"]
    assert main(["edit", str(project), *path, "-o", str(project)]) == 0
    capsys.readouterr()
    assert main(["film", str(project), "--fps", "8", *small, "-o", str(film), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    for name, orbit in (("first", ("-25", "4")), ("last", ("20", "0"))):
        main(["render", str(project), "--orbit", *orbit, *small, "-o", str(tmp_path / f"{name}.png")])
    frames = [np.asarray(Image.open(file)).astype(int) for file in sorted(film.iterdir())]

    assert told == {"path": str(film), "frames": 4, "fps": 8}
    assert len(frames) == 4
    for frame, name in ((frames[0], "first"), (frames[-1], "last")):
        np.testing.assert_allclose(frame, np.asarray(Image.open(tmp_path / f"{name}.png")).astype(int), atol=3)
    assert np.abs(frames[0] - frames[-1]).max() > 20

    assert main(["edit", str(project), "--path-loop", "on", "-o", str(project)]) == 0
    assert main(["film", str(project), "--fps", "8", *small, "-o", str(tmp_path / "loop.gif")]) == 0
    with Image.open(tmp_path / "loop.gif") as gif:
        assert (gif.n_frames, gif.size) == (8, (24, 24))
        there, back = (np.asarray(gif.convert("RGB")) for _ in map(gif.seek, (2, 6)))
    assert np.array_equal(there, back)


def test_a_film_needs_a_path(tmp_path, capsys):
    """Of two views at least; told before anything is drawn."""
    project = tmp_path / "me.kpnerf"
    save_project(filmed(LEFT), project)

    assert main(["film", str(project), "-o", str(tmp_path / "film.mp4")]) == 2
    assert "A path of one view leads nowhere. Add two views to it, or more." in capsys.readouterr().err
    assert not (tmp_path / "film.mp4").exists()
