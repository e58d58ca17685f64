"""Project files: nothing lost, nothing half written, photos found again."""

import json
import os
import resource
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kpnerf.core import edits
from kpnerf.core.document import Document, RenderSettings
from kpnerf.core.errors import UserError
from kpnerf.core.migrations import FORMAT_VERSION
from kpnerf.core.photo import load_photo
from kpnerf.core.photo_records import MissingPhotosError
from kpnerf.core.project_file import open_project, save_project

from .staged import staged_document


def document_with_files(folder: Path) -> Document:
    """A solved and edited document whose photos are files in a folder."""
    folder.mkdir(exist_ok=True)
    document = staged_document()
    views = []
    for view in document.views:
        Image.fromarray(view.photo.rgb).save(folder / view.name)
        landmarks = np.random.default_rng(len(views)).uniform(0, 200, (478, 2))
        views.append(replace(view, photo=load_photo(folder / view.name), landmarks_px=landmarks))
    document = replace(document, views=tuple(views))
    document = edits.move_keypoint(document, 0, "chin", (100.1, 99.9))
    document = edits.occlude_keypoint(document, 1, "nose tip")
    document = edits.unplace_keypoint(document, 2, "forehead")
    document = edits.lock(edits.set_focal(document, 1, 412.3), 1, focal=True)
    document = edits.hold_out(document, 2)
    settings = RenderSettings(384, "reference", (0.1, 0.2, 0.3), "normal", sigma=0.04, mirror=False, expression="b.png")
    return edits.set_render_settings(document, settings)


def assert_same(a: Document, b: Document) -> None:
    """Every number and every pixel is the same, and the cameras of views and calibration are one again."""
    assert a.settings == b.settings
    assert a.names == b.names
    for left, right in zip(a.views, b.views, strict=True):
        assert np.array_equal(left.photo.rgb, right.photo.rgb) and left.photo.sha256 == right.photo.sha256
        assert np.array_equal(left.mask, right.mask) and right.mask.dtype == np.float32
        assert np.array_equal(left.landmarks_px, right.landmarks_px)
        for points in ("detected", "keypoints"):
            for field in ("xy_px", "state", "confidence", "occluded"):
                assert np.array_equal(getattr(getattr(left, points), field), getattr(getattr(right, points), field))
        for field in ("focal_px", "lock_pose", "lock_focal", "held_out"):
            assert getattr(left, field) == getattr(right, field)
        assert np.array_equal(left.camera.world_from_camera, right.camera.world_from_camera)
        assert np.array_equal(left.camera.intrinsics, right.camera.intrinsics)
    for field in ("residuals_px", "residual_px", "world_from_head"):
        assert np.array_equal(getattr(a.calibration, field), getattr(b.calibration, field), equal_nan=True)
    assert np.array_equal(a.calibration.keypoints.xyz, b.calibration.keypoints.xyz)
    assert np.array_equal(a.calibration.keypoints.views, b.calibration.keypoints.views)
    assert all(view.camera is camera for view, camera in zip(b.views, b.calibration.cameras, strict=True))


def rewrite(project: Path, **changes) -> None:
    """Change fields of a project's record."""
    with zipfile.ZipFile(project) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["project.json"] = json.dumps(json.loads(parts["project.json"]) | changes).encode()
    with zipfile.ZipFile(project, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_a_document_comes_back_as_it_was(tmp_path):
    """To the last bit, and twice over."""
    document = document_with_files(tmp_path / "photos")
    save_project(document, tmp_path / "me.kpnerf")
    opened = open_project(tmp_path / "me.kpnerf")
    save_project(opened, tmp_path / "again.kpnerf")

    assert_same(document, opened)
    assert_same(document, open_project(tmp_path / "again.kpnerf"))


def test_an_unsolved_document_without_landmarks_comes_back(tmp_path):
    """Photos without a face, before anybody has placed anything; the pictures are no files and are kept inside."""
    document = replace(staged_document(), calibration=None)
    document = replace(document, views=tuple(replace(view, camera=None) for view in document.views))
    save_project(document, tmp_path / "me.kpnerf")
    opened = open_project(tmp_path / "me.kpnerf")

    assert opened.calibration is None
    assert [view.camera for view in opened.views] == [None] * 3
    assert [view.landmarks_px for view in opened.views] == [None] * 3
    assert np.array_equal(opened.views[2].photo.rgb, document.views[2].photo.rgb)


def test_an_empty_document_comes_back(tmp_path):
    """Saving before the first photo is odd, but no error."""
    save_project(Document(), tmp_path / "me.kpnerf")

    assert open_project(tmp_path / "me.kpnerf").views == ()


def test_project_and_photos_can_move_together(tmp_path):
    """The relative path is tried first."""
    document = document_with_files(tmp_path / "here" / "photos") if (tmp_path / "here").mkdir() is None else None
    save_project(document, tmp_path / "here" / "me.kpnerf")
    (tmp_path / "here").rename(tmp_path / "there")
    opened = open_project(tmp_path / "there" / "me.kpnerf")

    assert opened.views[0].photo.path.resolve() == tmp_path / "there" / "photos" / "a.png"


def test_a_project_can_move_alone(tmp_path):
    """Then the absolute path is right."""
    save_project(document_with_files(tmp_path / "photos"), tmp_path / "me.kpnerf")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "me.kpnerf").rename(tmp_path / "elsewhere" / "me.kpnerf")

    assert open_project(tmp_path / "elsewhere" / "me.kpnerf").names == ("a.png", "b.png", "c.png")


def test_renamed_photos_are_found_by_content_beside_the_project_or_where_told(tmp_path):
    """Their names in the project stay, so that scripts go on working."""
    document = document_with_files(tmp_path / "photos")
    save_project(document, tmp_path / "me.kpnerf")
    (tmp_path / "photos" / "a.png").rename(tmp_path / "IMG_1.PNG")
    (tmp_path / "new").mkdir()
    (tmp_path / "photos" / "b.png").rename(tmp_path / "new" / "IMG_2.png")

    with pytest.raises(MissingPhotosError, match=r"moved or changed: \S*b.png\.") as caught:
        open_project(tmp_path / "me.kpnerf")
    assert caught.value.paths == (tmp_path / "photos" / "b.png",)
    opened = open_project(tmp_path / "me.kpnerf", search_folders=[tmp_path / "gone", tmp_path / "new"])
    assert_same(document, opened)
    assert opened.views[0].photo.path == tmp_path / "IMG_1.PNG"


def test_a_photo_with_other_content_is_not_taken_for_the_old_one(tmp_path):
    """Keypoints and mask would not fit it."""
    save_project(document_with_files(tmp_path / "photos"), tmp_path / "me.kpnerf")
    Image.new("RGB", (320, 240), "red").save(tmp_path / "photos" / "c.png")

    with pytest.raises(MissingPhotosError, match="c.png"):
        open_project(tmp_path / "me.kpnerf")


def test_a_newer_version_is_refused_with_a_sentence(tmp_path):
    """Opening it would lose what this version does not know."""
    save_project(staged_document(), tmp_path / "me.kpnerf")
    rewrite(tmp_path / "me.kpnerf", version=FORMAT_VERSION + 1)
    expected = rf"newer version.*format {FORMAT_VERSION + 1}.*reads up to format {FORMAT_VERSION}\."

    with pytest.raises(UserError, match=expected):
        open_project(tmp_path / "me.kpnerf")


def test_an_unknown_kind_of_subject_is_refused(tmp_path):
    """Bodies, hands, whatever comes."""
    save_project(staged_document(), tmp_path / "me.kpnerf")
    rewrite(tmp_path / "me.kpnerf", kind="octopus")

    with pytest.raises(UserError, match="octopus.*knows: head"):
        open_project(tmp_path / "me.kpnerf")


@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "no record", "field missing", "other zip"])
def test_a_damaged_file_is_refused_and_its_backup_named(tmp_path, damage):
    """Every way in which a file can be wrong ends in the same sentence."""
    project = tmp_path / "me.kpnerf"
    save_project(staged_document(), project)
    save_project(staged_document(), project)
    if damage == "truncated":
        project.write_bytes(project.read_bytes()[:-500])
    elif damage in ("text", "empty"):
        project.write_bytes(b"" if damage == "empty" else b"hello")
    elif damage == "no record":
        rewrite(project, views=None)
    elif damage == "field missing":
        rewrite(project, settings={"resolution": 3})
    else:
        with zipfile.ZipFile(project, "w") as archive:
            archive.writestr("readme.txt", "no project")

    with pytest.raises(UserError, match="damaged or no project.*me.kpnerf.bak"):
        open_project(project)
    assert open_project(tmp_path / "me.kpnerf.bak").names == ("a.png", "b.png", "c.png")


def test_a_project_that_is_not_there_is_refused(tmp_path):
    """As is a folder of that name."""
    with pytest.raises(UserError, match="There is no file"):
        open_project(tmp_path / "me.kpnerf")
    (tmp_path / "me.kpnerf").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        open_project(tmp_path / "me.kpnerf")


def test_the_file_before_stays_as_backup_and_nothing_else_is_left(tmp_path):
    """One backup, no temporary files."""
    save_project(staged_document(), tmp_path / "me.kpnerf")
    first = (tmp_path / "me.kpnerf").read_bytes()
    save_project(edits.lock(staged_document(), 0, pose=True), tmp_path / "me.kpnerf")

    assert (tmp_path / "me.kpnerf.bak").read_bytes() == first != (tmp_path / "me.kpnerf").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["me.kpnerf", "me.kpnerf.bak"]


def test_what_a_killed_program_was_writing_is_cleared_away(tmp_path):
    """Some time later, at the next save; what a living program writes, or another file of that kind, is left alone."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    names = [f".me.{ended.pid}.part.kpnerf", f".me.{os.getppid()}.part.kpnerf", ".me.x.part.kpnerf"]
    for name in [*names, f".you.{ended.pid}.part.kpnerf"]:
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (0, 0))
    young = tmp_path / f".me.{ended.pid}0.part.kpnerf"
    young.write_text("perhaps on another computer")
    save_project(staged_document(), tmp_path / "me.kpnerf")

    expected = {*names[1:], f".you.{ended.pid}.part.kpnerf", young.name, "me.kpnerf"}
    assert {file.name for file in tmp_path.iterdir()} == expected


SAVE_ON_A_FULL_DISK = """
import resource, sys
from kpnerf.core.errors import UserError
from kpnerf.core.project_file import save_project
sys.path.insert(0, sys.argv[2])
from tests.core.staged import staged_document
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    save_project(staged_document(), sys.argv[1])
except UserError as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path):
    """The system refuses to write on after 2,000 bytes, in a process of its own."""
    project = tmp_path / "me.kpnerf"
    save_project(edits.lock(staged_document(), 0, pose=True), project)
    before = project.read_bytes()
    assert resource.RLIMIT_FSIZE and len(before) > 2000
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", SAVE_ON_A_FULL_DISK, str(project), str(root)], capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == (
        "me.kpnerf was not saved: the disk is full. Free some space or choose another folder."
    )
    assert project.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["me.kpnerf"]


@pytest.mark.parametrize(("place", "sentence"), [("gone/me.kpnerf", "no folder"), ("file/me.kpnerf", "no folder")])
def test_a_place_that_cannot_be_written_to_is_refused(tmp_path, place, sentence):
    """A folder that is not there, a file in its place."""
    (tmp_path / "file").touch()

    with pytest.raises(UserError, match=sentence):
        save_project(staged_document(), tmp_path / place)
