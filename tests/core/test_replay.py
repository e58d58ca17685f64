"""Edits as words: performed from a shell, read off documents, and printed so that they can be repeated."""

import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest

from kpnerf.core import camera_edits, edits, mask_edits
from kpnerf.core.cli import main
from kpnerf.core.document import Document, RenderSettings
from kpnerf.core.errors import UserError
from kpnerf.core.history import Entry
from kpnerf.core.operations import KINDS, perform
from kpnerf.core.project_file import open_project, open_with_history, save_project
from kpnerf.core.replay import command_lines, operations_between, steps_of
from kpnerf.core.steps import Step, number_word, opening

from .staged import staged_camera, staged_document
from .test_project_file import assert_same, document_with_files


def locked(document: Document) -> Document:
    """With every camera kept, so that solving is quick."""
    for view in range(len(document.views)):
        document = edits.lock(document, view, pose=True, focal=True)
    return document


EDITS = {
    "move": lambda d: edits.move_keypoint(d, 0, "nose tip", (0.1 + 0.2, 1 / 3)),
    "move into the margin": lambda d: edits.move_keypoint(d, 1, "chin", (-0.5, -1e-7)),
    "occlude": lambda d: edits.occlude_keypoint(d, 0, "chin"),
    "show": lambda d: edits.occlude_keypoint(d, 1, "nose tip", occluded=False),
    "delete": lambda d: edits.unplace_keypoint(d, 0, "chin"),
    "to-detection": lambda d: edits.snap_to_detection(d, 0, "chin"),
    "remove": lambda d: edits.remove_view(d, 2),
    "hold-out": lambda d: edits.hold_out(d, 2),
    "focal": lambda d: edits.set_focal(d, 0, 400.125),
    "principal-point": lambda d: edits.set_principal_point(d, 0, 150.5, 100.25),
    "lens": lambda d: edits.set_lens(d, 0, 400.0, 401.0, 150.0, 110.0),
    "pose": lambda d: edits.set_pose(d, 0, staged_camera(-29).world_from_camera),
    "lock": lambda d: edits.lock(d, 0, pose=True),
    "release": lambda d: edits.lock(d, 2, focal=False),
    "scale": lambda d: camera_edits.scale_to_distance(d, "chin", "forehead", 0.2),
    "solve": lambda d: edits.solve_cameras(locked(d)),
    "settings": lambda d: edits.set_render_settings(
        d, RenderSettings(384, "reference", (0.1, 0.2, 0.3), "normal", 0.04, mirror=False, expression="b.png")
    ),
    "no background": lambda d: edits.set_render_settings(d, RenderSettings()),
    "several": lambda d: edits.occlude_keypoint(
        edits.move_keypoint(edits.move_keypoint(d, 0, "chin", (9.0, 8.0)), 2, "chin", (7.0, 6.5)), 2, "chin"
    ),
    "cameras that follow a point": lambda d: camera_edits.cameras_following(
        d, edits.move_keypoint(d, 0, "chin", (150.0, 160.0))
    ),
}


def start() -> Document:
    """Something to edit: not everything as it was detected."""
    document = edits.occlude_keypoint(staged_document(), 1, "nose tip")
    document = edits.lock(document, 2, focal=True)
    return edits.set_render_settings(document, RenderSettings(background=(1.0, 1.0, 1.0)))


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_can_be_read_off_and_repeated(name):
    """Performing the words gives the same document: points, cameras, locks, solved points in space."""
    before = start() if name != "solve" else locked(start())
    after = EDITS[name](before)
    operations = operations_between(before, after)
    repeated = before
    for operation in operations:
        repeated = perform(repeated, tuple(shlex.split(shlex.join(operation))))

    assert operations
    assert repeated.settings == after.settings and repeated.known_distance == after.known_distance
    for ours, theirs in zip(repeated.views, after.views, strict=True):
        np.testing.assert_array_equal(ours.keypoints.state, theirs.keypoints.state)
        np.testing.assert_allclose(ours.keypoints.xy_px, theirs.keypoints.xy_px, atol=1e-6)
        np.testing.assert_array_equal(ours.camera.world_from_camera, theirs.camera.world_from_camera)
        assert (ours.lock_pose, ours.lock_focal, ours.held_out) == (
            theirs.lock_pose,
            theirs.lock_focal,
            theirs.held_out,
        )
    np.testing.assert_allclose(repeated.calibration.keypoints.xyz, after.calibration.keypoints.xyz, atol=1e-9)


def test_a_brush_cannot_be_read_off_but_is_known_where_it_was_told():
    """Its path is not in the mask; the entry of the history may say it."""
    before = staged_document()
    after = mask_edits.paint_mask(before, 0, [(10.0, 10.0), (40.0, 50.0)], 8.0)
    told = (("paint", "a.png", "8", "10,10 40,50"),)
    entries = [Entry("Open", before), Entry("Paint mask", after, told), Entry("Paint mask", before)]

    assert operations_between(before, after) is None
    assert steps_of(entries)[0] == Step("Paint mask", told)
    assert np.array_equal(perform(before, told[0]).views[0].mask, after.views[0].mask)
    assert operations_between(after, before) == (("restore-mask", "a.png"),)


@pytest.mark.parametrize("value", [0.1 + 0.2, -0.5, 1e-9, -3e-7, 1e22, 100.0, float(np.float32(0.1))])
def test_numbers_read_back_to_the_last_bit_and_look_like_no_option(value):
    """argparse takes “-5” for a number and “-3e-07” for an option."""
    assert float(number_word(value)) == value
    assert "e" not in number_word(value)


def test_the_history_is_printed_as_commands_and_repeats_the_project(tmp_path, capsys):
    """What the window did, done again by a shell, gives the same document."""
    before = document_with_files(tmp_path / "photos")
    save_project(before, tmp_path / "start.kpnerf")
    documents = [before]
    for edit in ("move", "delete", "focal", "several"):
        documents.append(EDITS[edit](documents[-1]))
    steps = steps_of([Entry(str(index), document) for index, document in enumerate(documents)])
    save_project(documents[-1], tmp_path / "end.kpnerf", history=steps)

    assert main(["edit", str(tmp_path / "end.kpnerf"), "--history"]) == 0
    printed = capsys.readouterr().out
    words = shlex.split(printed.replace("\\\n", " "))
    assert words[:3] == ["kpnerf", "edit", str(tmp_path / "end.kpnerf")]
    assert main(["edit", str(tmp_path / "start.kpnerf"), *words[3:-1], str(tmp_path / "again.kpnerf")]) == 0
    assert_same(open_project(tmp_path / "again.kpnerf"), documents[-1])
    assert [step.operations for step in open_with_history(tmp_path / "again.kpnerf")[1]] == [
        (operation,) for step in steps for operation in step.operations
    ]


def test_commands_begin_with_the_photos_and_tell_what_no_shell_can_do():
    """The whole way from photos to the project, as a shell takes it."""
    steps = [
        opening(["/p/a b.jpg", "/p/c.jpg"]),
        Step("Move chin", (("move", "chin", "c.jpg", "1.5", "2"),)),
        Step("Solve cameras", (("solve",),)),
        Step("Paint mask", None),
        Step("Occlude nose tip", (("occlude", "nose tip", "a b.jpg"),)),
    ]

    expected = """\
kpnerf calibrate '/p/a b.jpg' /p/c.jpg -o me.kpnerf
kpnerf edit me.kpnerf \\
  --move chin c.jpg 1.5 2 \\
  --solve \\
  -o me.kpnerf
# Paint mask: by hand, and not to be repeated from here
kpnerf edit me.kpnerf \\
  --occlude 'nose tip' 'a b.jpg' \\
  -o me.kpnerf
"""
    assert command_lines(steps, Path("me.kpnerf")) == expected
    assert subprocess.run(["bash", "-n", "-c", expected], check=False).returncode == 0


def test_edits_of_a_shell_are_done_in_the_order_given(tmp_path, capsys):
    """Move, then back to detection, then move again: the last one counts; and each is in the history."""
    save_project(document_with_files(tmp_path / "photos"), tmp_path / "me.kpnerf")
    order = ["--move", "chin", "b", "5", "6", "--to-detection", "chin", "b.png", "--move", "chin", "b", "-0.5", "9"]
    code = main(["edit", str(tmp_path / "me.kpnerf"), *order, "--json", "-o", str(tmp_path / "out.kpnerf")])
    view = open_project(tmp_path / "out.kpnerf").views[1]

    assert code == 0 and '"operations": 3' in capsys.readouterr().out
    assert tuple(view.keypoints.xy_px[view.keypoints.schema.index("chin")]) == (-0.5, 9.0)
    assert [step.label for step in open_with_history(tmp_path / "out.kpnerf")[1]] == [
        "Move chin",
        "To detection chin",
        "Move chin",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--move", "elbow", "a", "1", "2"], "no keypoint called “elbow”"),
        (["--move", "chin", "z", "1", "2"], "no picture called “z”"),
        (["--move", "chin", "a", "one", "2"], "“one” is no number"),
        (["--lock", "a", "zoom"], "no “zoom” to lock"),
        (["--set", "colour", "1"], "no setting “colour”"),
        (["--pose", "a", "1 2 3"], "3 numbers are not 12"),
        (["--paint", "a", "5", "1,2 3"], "an x without a y"),
        (["--move", "chin", "a"], "expected 4 arguments"),
        ([], "Nothing was to be done"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(tmp_path, capsys, words, sentence):
    """Exit code 2 and a sentence that says which of many edits was wrong."""
    save_project(staged_document(), tmp_path / "me.kpnerf")
    code = main(["edit", str(tmp_path / "me.kpnerf"), *words, "-o", str(tmp_path / "out.kpnerf")])

    assert code == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out.kpnerf").exists()


def test_a_result_needs_a_place(tmp_path, capsys):
    """A project is never replaced without being told to."""
    save_project(staged_document(), tmp_path / "me.kpnerf")

    assert main(["edit", str(tmp_path / "me.kpnerf"), "--solve"]) == 2
    assert "Add -o OUT" in capsys.readouterr().err
    assert main(["edit", str(tmp_path / "me.kpnerf"), "--solve", "-o", "out.png"]) == 2


def test_what_is_no_operation_is_refused():
    """By a script, or by a history of another program."""
    with pytest.raises(UserError, match="no edit called “explode”"):
        perform(staged_document(), ("explode",))
    with pytest.raises(UserError, match="takes VIEW, not 0 words"):
        perform(staged_document(), ("remove",))
    assert all(kind.summary for kind in KINDS.values())
