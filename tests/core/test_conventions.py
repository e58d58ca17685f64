"""Camera files in another convention than the usual one: read as the faces in their pictures say."""

import json
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core.bundle import rotation_from_vector
from kpnerf.core.camera import Camera
from kpnerf.core.cli import main
from kpnerf.core.interop.conventions import USUAL, Reading, fitting_reading
from kpnerf.core.interop.transforms_json import OPENCV_FROM_OPENGL
from kpnerf.core.observation import ViewObservation
from kpnerf.core.project_file import open_project, save_project
from kpnerf.core.source import load_source, read_source

from .seen_faces import camera, nobody, person, photos_of
from .staged import staged_capture

POSES = tuple(Reading(opencv, to_camera) for opencv, to_camera in product((False, True), repeat=2))
UNUSUAL = tuple(reading for reading in POSES if reading != USUAL)
SENTENCES = {
    Reading(opencv=True): "camera to world with OpenCV axes",
    Reading(to_camera=True): "world to camera with OpenGL axes",
    Reading(opencv=True, to_camera=True): "world to camera with OpenCV axes",
}
SMALL = st.lists(st.floats(-3, 3, allow_nan=False), min_size=3, max_size=3).map(np.array)
"""Axes times angles, and places."""


def rigid(turn: np.ndarray, place: np.ndarray) -> np.ndarray:
    """A pose."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation_from_vector(turn), place
    return pose


def matrix_in(world_from_camera: np.ndarray, reading: Reading) -> np.ndarray:
    """What somebody of this convention writes into the file."""
    axes = world_from_camera if reading.opencv else world_from_camera @ OPENCV_FROM_OPENGL
    return np.linalg.inv(axes) if reading.to_camera else axes


def misread(one: Camera, reading: Reading) -> Camera:
    """A camera of a file in this convention, read as usual."""
    return one.posed(matrix_in(one.world_from_camera, reading) @ OPENCV_FROM_OPENGL)


def rewritten(capture: Path, folder: Path, reading: Reading) -> Path:
    """A capture folder as somebody of another convention would have written it."""
    shutil.copytree(capture, folder)
    file = folder / "transforms.json"
    scene = json.loads(file.read_text())
    for frame in scene["frames"]:
        usual = np.array(frame["transform_matrix"])
        frame["transform_matrix"] = matrix_in(usual @ OPENCV_FROM_OPENGL, reading).tolist()
        if reading.size != 1:
            frame |= {key: frame[key] * reading.size for key in ("fl_x", "fl_y", "cx", "cy")}
            del frame["w"], frame["h"]
    file.write_text(json.dumps(scene))
    return folder


def given_views(cameras: list[Camera], views: list[ViewObservation]) -> list[ViewObservation]:
    """Photos whose cameras a file gave."""
    pairs = zip(cameras, views, strict=True)
    return [replace(view, camera=one, lock_pose=True, lock_focal=True) for one, view in pairs]


@settings(deadline=None)
@given(st.sampled_from(POSES), st.floats(0.1, 10), SMALL, SMALL)
def test_what_was_written_in_a_convention_is_read_in_it(reading, size, turn, place):
    """From the camera that the usual reading gave alone: pose and lens."""
    true = camera(0).posed(rigid(turn, place))
    enlarged = replace(
        true, fx=true.fx * size, fy=true.fy * size, cx=(true.cx + 0.5) * size - 0.5, cy=(true.cy + 0.5) * size - 0.5
    )
    read = replace(reading, size=size).of(misread(enlarged, reading))

    np.testing.assert_allclose(read.world_from_camera, true.world_from_camera, atol=1e-9)
    np.testing.assert_allclose(read.intrinsics, true.intrinsics, atol=1e-9)


@settings(deadline=None)
@given(SMALL, SMALL)
def test_readings_undo_themselves_and_combine(turn, place):
    """Other axes, and the other direction, are each their own inverse; both are one after the other."""
    one = camera(0).posed(rigid(turn, place))
    direction, axes, both = UNUSUAL

    for reading in (axes, direction):
        np.testing.assert_allclose(reading.of(reading.of(one)).world_from_camera, one.world_from_camera, atol=1e-9)
    np.testing.assert_allclose(axes.of(direction.of(one)).world_from_camera, both.of(one).world_from_camera, atol=1e-9)
    assert USUAL.of(one) is one


@pytest.mark.parametrize("yaws", [(-30, 30), (-35, 0, 35), (0, 6)])
@pytest.mark.parametrize("reading", POSES)
def test_faces_tell_the_convention(yaws, reading):
    """Wherever the world's origin is and however it is turned: in the head, beside it, far away."""
    random = np.random.default_rng(len(yaws))
    for spread in (0.02, 0.5, 3.0):
        world = rigid(random.normal(size=3), spread * random.normal(size=3))
        cameras = [misread(camera(yaw).posed(world @ camera(yaw).world_from_camera), reading) for yaw in yaws]

        assert fitting_reading(given_views(cameras, photos_of(person(), *yaws))) == reading


def test_what_nothing_contradicts_is_read_as_usual():
    """One camera, one face among several cameras, cameras that are not given, and the same camera twice."""
    yaws = (-20, 40)
    views = photos_of(person(), *yaws)
    wrong = given_views([misread(camera(yaw), UNUSUAL[0]) for yaw in yaws], views)
    twice = given_views(2 * [misread(camera(0), UNUSUAL[1])], photos_of(person(), 0, 0))

    assert fitting_reading(wrong) == UNUSUAL[0]
    assert fitting_reading(wrong[:1]) == USUAL
    assert fitting_reading([wrong[0], replace(nobody(), camera=wrong[1].camera, lock_pose=True)]) == USUAL
    assert fitting_reading([wrong[0], replace(wrong[1], lock_pose=False)]) == USUAL
    assert fitting_reading(views) == USUAL
    assert fitting_reading(twice) == USUAL
    assert fitting_reading([]) == USUAL


def test_nonsense_is_not_made_sense_of():
    """Cameras anywhere, turned anyhow."""
    random = np.random.default_rng(1)
    for number in range(100):
        yaws = random.uniform(-35, 35, 2 + number % 3)
        cameras = [camera(0).posed(rigid(random.normal(size=3), random.normal(size=3))) for _ in yaws]

        assert fitting_reading(given_views(cameras, photos_of(person(number), *yaws))) == USUAL


@pytest.mark.parametrize("reading", UNUSUAL)
def test_a_capture_in_another_convention_is_read_in_its_own(capture, tmp_path, reading):
    """Photographs of a person: the cameras are those of the right file before they are shown or solved, and a sentence
    says so. A project made of it holds the right cameras, with nothing more to be said.
    """
    right, wrong = read_source([capture]), rewritten(capture, tmp_path / "wrong", reading)
    read, document = read_source([wrong]), load_source([wrong])

    assert right.reading == USUAL and right.doubts == ()
    assert read.reading == reading
    for view, solved, usual in zip(read.views, document.views, right.views, strict=True):
        np.testing.assert_allclose(view.camera.world_from_camera, usual.camera.world_from_camera, atol=1e-12)
        np.testing.assert_array_equal(view.camera.intrinsics, usual.camera.intrinsics)
        np.testing.assert_array_equal(solved.camera.world_from_camera, view.camera.world_from_camera)
    told = document.doubts[0]
    assert told == (
        f"The photos show that the poses in transforms.json are {SENTENCES[reading]}, "
        "not camera to world with OpenGL axes: they were read that way."
    )
    assert document.doubts[1:] == document.calibration.warnings

    save_project(document, tmp_path / "me.kpnerf")
    opened = open_project(tmp_path / "me.kpnerf")
    for view, solved in zip(opened.views, document.views, strict=True):
        np.testing.assert_array_equal(view.camera.world_from_camera, solved.camera.world_from_camera)
    assert told not in opened.doubts


def test_lenses_of_pictures_of_another_size(tmp_path):
    """Without “w” and “h” nothing in the file tells the size but the principal points, and faces decide."""
    right = read_source([staged_capture(tmp_path / "right")])
    for number, size in enumerate((2.0, 0.25)):
        reading = Reading(opencv=number == 1, size=size)
        document = read_source([rewritten(tmp_path / "right", tmp_path / f"{size}", reading)])

        assert document.reading == reading
        assert f"pictures {size:g} times as wide" in document.doubts[-1] and len(document.doubts) == 1 + number
        for view, usual in zip(document.views, right.views, strict=True):
            np.testing.assert_allclose(view.camera.intrinsics, usual.camera.intrinsics, atol=1e-9)


def test_the_shell_tells_how_poses_were_read(tmp_path, capsys):
    """In words and as JSON; of a usual file, and of one whose cameras fit in no convention, nothing of the kind."""
    right = staged_capture(tmp_path / "right")
    wrong = rewritten(right, tmp_path / "wrong", UNUSUAL[-1])
    nonsense = rewritten(right, tmp_path / "nonsense", USUAL)
    scene = json.loads((nonsense / "transforms.json").read_text())
    random = np.random.default_rng(0)
    for frame in scene["frames"]:
        frame["transform_matrix"] = rigid(random.normal(size=3), random.normal(size=3)).tolist()
    (nonsense / "transforms.json").write_text(json.dumps(scene))
    told, doubts = [], []
    for folder in (wrong, right, nonsense):
        assert main(["calibrate", str(folder)]) == 0
        told.append(capsys.readouterr().err.count("The photos show that the poses in transforms.json are world to"))
        main(["calibrate", str(folder), "--json"])
        doubts.append(json.loads(capsys.readouterr().out)["doubts"])

    assert told == [1, 0, 0]
    assert "world to camera with OpenCV axes" in doubts[0][0] and doubts[1] == []
    assert not any("transforms.json" in doubt for doubt in doubts[2])
