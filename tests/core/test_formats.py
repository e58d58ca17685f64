"""One capture in the files of three programs: the same document, the same cameras, the same words to a person."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from kpnerf.core.camera import Camera
from kpnerf.core.cli import main
from kpnerf.core.errors import UserError
from kpnerf.core.geometry import project
from kpnerf.core.head_placement import scale_of
from kpnerf.core.interop.capture import Capture
from kpnerf.core.interop.formats import is_capture, load_capture
from kpnerf.core.keypoints import HEAD
from kpnerf.core.project_file import open_project, save_project
from kpnerf.core.source import load_source, read_source

from .other_programs import Written, blank, pictures_of, write_colmap, write_easymocap
from .staged import HEIGHT, WIDTH, staged_camera, staged_capture

FORMATS = ("COLMAP's text", "COLMAP's bytes", "EasyMocap")


def twin(capture: Capture, folder: Path, form: str, *, bend=(0.0,) * 5) -> Path:
    """Photos and cameras of a capture as another program has them, its lenses bent."""
    pictures_of(capture, folder / "images")
    written = [Written.by(name, camera, bend) for name, camera in zip(capture.names, capture.cameras, strict=True)]
    if form == "EasyMocap":
        return write_easymocap(folder, written)
    write_colmap(folder / "sparse" / "0", {"FULL_OPENCV": written}, binary=form == "COLMAP's bytes")
    return folder


def turned_round(camera: Camera) -> Camera:
    """The camera that one writes who takes camera to world for world to camera."""
    return camera.posed(camera.camera_from_world)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_document_comes_of_every_format(capture, tmp_path, form):
    """Photographs of a person: cameras, what the detector sees, and what is solved; a project keeps it all."""
    usual, other = load_source([capture]), load_source([twin(load_capture(capture), tmp_path / "other", form)])
    save_project(other, tmp_path / "me.kpnerf")
    kept = open_project(tmp_path / "me.kpnerf")

    assert other.names == kept.names == usual.names
    assert other.doubts == usual.doubts
    for a, b, c in zip(usual.views, other.views, kept.views, strict=True):
        assert (b.lock_pose, b.lock_focal) == (True, True)
        assert np.array_equal(a.photo.rgb, b.photo.rgb) and np.array_equal(b.photo.rgb, c.photo.rgb)
        np.testing.assert_allclose(b.camera.intrinsics, a.camera.intrinsics, atol=1e-9)
        np.testing.assert_allclose(b.camera.world_from_camera, a.camera.world_from_camera, atol=1e-9)
        np.testing.assert_array_equal(c.camera.world_from_camera, b.camera.world_from_camera)


def test_the_faces_tell_the_scale_of_a_model(capture, tmp_path):
    """COLMAP's lengths are no metres: cameras are given seven times as far apart, the head is as much larger."""
    right = load_capture(capture)
    poses = [camera.world_from_camera.copy() for camera in right.cameras]
    for pose in poses:
        pose[:3, 3] *= 7
    cameras = tuple(camera.posed(pose) for camera, pose in zip(right.cameras, poses, strict=True))
    usual, large = (
        load_source([twin(replace(right, cameras=some), tmp_path / name, "COLMAP's bytes")])
        for name, some in (("usual", right.cameras), ("large", cameras))
    )
    sizes = [scale_of(document.calibration.world_from_head) for document in (usual, large)]

    assert large.doubts == usual.doubts == ()
    assert sizes[1] == pytest.approx(7 * sizes[0])
    np.testing.assert_allclose(large.calibration.residual_px, usual.calibration.residual_px, rtol=1e-6)


@pytest.mark.parametrize("form", FORMATS)
def test_the_shell_finds_the_same_cameras(tmp_path, capsys, form):
    """Of pictures whose points keypoints.json gives, which may lie beside any program's files."""
    usual = staged_capture(tmp_path / "usual")
    other = twin(load_capture(usual), tmp_path / "other", form)
    shutil.copy(usual / "keypoints.json", other)
    told = []
    for folder in (usual, other):
        assert main(["calibrate", str(folder), "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))

    for a, b in zip(told[0]["views"], told[1]["views"], strict=True):
        assert a["name"] == b["name"]
        for key in ("fl_x", "fl_y", "cx", "cy", "w", "h", "residual_px"):
            assert b[key] == pytest.approx(a[key], abs=1e-6)
        np.testing.assert_allclose(b["world_from_camera"], a["world_from_camera"], atol=1e-9)
    for name, place in told[0]["keypoints_in_head"].items():
        assert told[1]["keypoints_in_head"][name] == pytest.approx(place, abs=1e-6)


@pytest.mark.parametrize("form", FORMATS)
def test_distortion_is_taken_out_of_picture_and_points(tmp_path, form):
    """A point of the world is where the pinhole says, in the picture and in keypoints.json."""
    camera, bend = staged_camera(10), (-0.25, 0.08, 0.004, -0.003, 0.01)
    points = 0.8 * HEAD.box.corners  # nearly filling the picture
    seen = Written.by("a.png", camera, bend).pixels_from_corner(points) - 0.5
    picture = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    for x, y in seen:
        cv2.circle(picture, (round(x * 16), round(y * 16)), 3 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    photo = replace(load_capture(staged_capture(tmp_path / "staged")).photos[0], rgb=picture)
    folder = twin(Capture((photo,), (camera,), (None,), (None,)), tmp_path / "bent", form, bend=bend)
    places = {str(index): place for index, place in enumerate(seen.tolist())}
    (folder / "keypoints.json").write_text(json.dumps({"a.png": places}))

    read = load_capture(folder)
    expected = project(camera, points)[0]
    found = np.array(list(read.keypoints[0].values()))
    bright = read.photos[0].rgb[np.round(expected[:, 1]).astype(int), np.round(expected[:, 0]).astype(int), 0]

    assert np.abs(seen - expected).max() > 1, "the lens bends enough to be seen"
    assert np.allclose(found, expected, atol=1e-3)
    assert (bright > 200).all()
    assert read.photos[0].path is None, "the pixels are no longer the file's"


@pytest.mark.parametrize(("form", "files"), [("COLMAP's text", "COLMAP's files"), ("EasyMocap", "EasyMocap's files")])
def test_poses_of_another_convention_are_told_in_the_words_of_the_format(capture, tmp_path, form, files):
    """Camera to world where world to camera belongs: noticed by the faces, and the cameras are the right ones."""
    right = load_capture(capture)
    wrong = replace(right, cameras=tuple(turned_round(camera) for camera in right.cameras))
    document = read_source([twin(wrong, tmp_path, form)])

    assert document.reading.told == (
        f"The photos show that the poses in {files} are camera to world with OpenCV axes, "
        "not world to camera with OpenCV axes: they were read that way.",
    )
    for view, camera in zip(document.views, right.cameras, strict=True):
        np.testing.assert_allclose(view.camera.world_from_camera, camera.world_from_camera, atol=1e-9)


def test_what_was_made_of_a_model_comes_before_it(tmp_path):
    """A transforms.json, then EasyMocap's files, then COLMAP's: the later ones lie in the folder of the earlier."""
    usual = staged_capture(tmp_path / "usual")
    capture = load_capture(usual)
    for form, yaw in (("COLMAP's bytes", 5.0), ("EasyMocap", -5.0)):
        cameras = tuple(staged_camera(yaw) for _ in capture.cameras)
        twin(replace(capture, cameras=cameras), usual, form)
    found = []
    for files in (("transforms.json",), ("intri.yml", "extri.yml"), ("keypoints.json",)):
        found.append(load_capture(usual).cameras[0].world_from_camera)
        for file in files:
            (usual / file).unlink()
    expected = [staged_camera(yaw).world_from_camera for yaw in (-30.0, -5.0, 5.0)]

    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_too_many_pictures_are_told_before_any_is_read(tmp_path):
    """A room of cameras is not decoded only to be refused; a few of them may be named."""
    pictures = [Written.by(f"{number}.png", staged_camera(number)) for number in range(20)]
    for written in pictures:
        blank(tmp_path / "images" / written.name, (WIDTH, HEIGHT))
    (tmp_path / "images" / "3.png").write_text("no photo at all")
    write_colmap(tmp_path, {"PINHOLE": pictures}, binary=True)

    with pytest.raises(UserError, match="20 photos are too many"):
        read_source([tmp_path])
    assert read_source([tmp_path], names=["2", "4"]).names == ("2.png", "4.png")
    with pytest.raises(UserError, match="3.png is not a photo"):
        read_source([tmp_path], names=["2", "3"])


def test_a_folder_of_no_format_is_told_what_a_capture_is(tmp_path):
    """With all the names that are looked for."""
    blank(tmp_path / "me.png")

    assert not is_capture(tmp_path) and not is_capture(tmp_path / "me.png")
    with pytest.raises(UserError, match="no cameras in .* transforms.json, COLMAP's .* or EasyMocap's intri.yml"):
        load_capture(tmp_path)
