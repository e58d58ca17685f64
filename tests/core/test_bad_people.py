"""Photos that do not make an avatar as they are: nothing fails, nothing is lost, and a person can put it right."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kpnerf.core import edits
from kpnerf.core.geometry import project
from kpnerf.core.keypoints import HEAD, PointState
from kpnerf.core.photo import load_photo
from kpnerf.core.source import load_source, read_source

SAMPLE = Path(str(resources.files("kpnerf.assets"))) / "samples" / "person"
FRONT = SAMPLE / "front.jpg"


def check_sound(document) -> None:
    """Solved, with cameras that see the head in front of them and points that are numbers."""
    found = document.calibration
    assert found is not None
    assert np.isfinite(found.keypoints.xyz).all()
    assert (np.abs(found.keypoints.xyz) < 0.5).all()
    for camera, view in zip(found.head_cameras, document.views, strict=True):
        pixels, depth = project(camera, found.keypoints.xyz)

        assert (depth > 0.05).all() and np.isfinite(pixels).all()
        assert (camera.width, camera.height) == view.size
        assert 0.2 * camera.width < camera.fx < 10 * camera.width
    for sentence in found.warnings:
        assert sentence.endswith(".")


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Two pictures of nothing."""
    folder = tmp_path_factory.mktemp("noise")
    random = np.random.default_rng(9)
    files = [folder / "one.png", folder / "two.png"]
    for file in files:
        Image.fromarray(random.integers(0, 256, (200, 160, 3), dtype=np.uint8)).save(file)
    return files


@pytest.fixture(scope="module")
def sample():
    """The bundled person from the left, the front and the right, solved."""
    return load_source([SAMPLE / f"{name}.jpg" for name in ("left", "front", "right")])


def test_the_sample_itself(sample):
    """What the others are compared with: three photos, every point seen in all of them, to a few pixels."""
    places = np.stack([camera.position_in_world for camera in sample.calibration.head_cameras])

    check_sound(sample)
    assert (sample.calibration.keypoints.views == 3).all()
    assert (sample.calibration.residual_px < 5).all()
    assert (places[:, 2] < 0).all()
    assert places[0, 0] * places[2, 0] < 0 and abs(places[1, 0]) < min(abs(places[0, 0]), abs(places[2, 0]))


def test_one_photo_only():
    """It is enough for a camera, with the depth of a mean face."""
    document = load_source([FRONT])

    check_sound(document)
    assert (document.calibration.keypoints.views == 1).all()
    assert document.calibration.residual_px[0] < 5


def test_the_same_photo_three_times(tmp_path):
    """Three cameras in one place: nothing to triangulate from, and nothing explodes."""
    copies = [tmp_path / f"copy {number}.jpg" for number in range(3)]
    for copy in copies:
        copy.write_bytes(FRONT.read_bytes())
    document = load_source(copies)
    cameras = document.calibration.head_cameras
    places = np.stack([camera.position_in_world for camera in cameras])

    check_sound(document)
    assert np.linalg.norm(places - places[0], axis=1).max() < 0.05
    assert (document.calibration.residual_px < 5).all()


def test_one_file_named_three_times():
    """The views are told apart, whatever they are called."""
    document = read_source([FRONT] * 3)

    assert len(set(document.names)) == 3


def test_photos_without_a_face(noise):
    """They are kept, with points to drag, and are solved to cameras in front."""
    document = edits.solve_cameras(read_source(noise))

    check_sound(document)
    assert document.names == ("one.png", "two.png")
    assert all((view.keypoints.state == PointState.UNPLACED).all() for view in document.views)
    assert np.isnan(document.calibration.residual_px).all()
    assert document.shows_nobody


def test_a_photo_without_a_face_among_others(noise):
    """Its points are filled in from the two photos that know them, and what was detected there stays as it was."""
    document = load_source([SAMPLE / "left.jpg", FRONT, noise[0]])

    check_sound(document)
    assert not document.shows_nobody
    assert (document.views[2].keypoints.state == PointState.REPROJECTED).all()
    assert (document.calibration.keypoints.views == 2).all()
    for view in document.views[:2]:
        np.testing.assert_array_equal(view.keypoints.xy_px, view.detected.xy_px)


def test_points_by_hand_bring_a_photo_in(sample, tmp_path):
    """A photo too dark for the detector is solved once its points were dragged to where the face is."""
    dark = tmp_path / "dark.png"
    Image.fromarray(np.zeros_like(load_photo(SAMPLE / "right.jpg").rgb)).save(dark)
    seen = sample.views[2].detected
    document = read_source([SAMPLE / "left.jpg", FRONT, dark])
    for name in ("right eye outer corner", "left eye outer corner", "nose tip", "chin", "right mouth corner"):
        x, y = seen.xy_px[HEAD.index(name)]
        document = edits.move_keypoint(document, 2, name, (float(x), float(y)))
    document = edits.solve_cameras(document)
    known = sample.calibration.head_cameras[2]
    towards, expected = document.calibration.head_cameras[2].position_in_world, known.position_in_world
    cosine = towards @ expected / np.linalg.norm(towards) / np.linalg.norm(expected)

    check_sound(document)
    assert np.degrees(np.arccos(cosine)) < 12


def test_two_different_people(tmp_path):
    """A face of quite other proportions does not fit: a sentence names its photo, and nothing fails."""
    squeezed = tmp_path / "somebody else.png"
    with Image.open(SAMPLE / "right.jpg") as image:
        width, height = image.size
        narrow = image.resize((round(0.55 * width), height))
        canvas = Image.new("RGB", (width, height), image.getpixel((2, 2)))
        canvas.paste(narrow, (round(0.225 * width), 0))
        canvas.save(squeezed)
    together = load_source([SAMPLE / "left.jpg", FRONT, squeezed])

    check_sound(together)
    assert any("somebody else.png" in sentence for sentence in together.calibration.warnings)
