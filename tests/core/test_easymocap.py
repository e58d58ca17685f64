"""EasyMocap's folders: lenses, poses, no half pixel, where pictures lie, and everything that can be wrong."""

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kpnerf.core.errors import UserError
from kpnerf.core.geometry import project
from kpnerf.core.interop.formats import is_capture, list_pictures, load_capture

from .other_programs import CENTRES, COEFFICIENTS, FOCALS, SMALL, Written, blank, seen_through, write_easymocap
from .staged import staged_camera


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A capture folder with one picture, whose cameras every example writes anew."""
    made = tmp_path_factory.mktemp("easymocap")
    blank(made / "images" / "01.jpg")
    return made


def staged(name: str, yaw: float = 20.0) -> Written:
    """A picture of 64 x 48 pixels."""
    return Written.by(name, staged_camera(yaw).resized(64, 48))


@settings(deadline=None, max_examples=40)
@example(False, "dist", False, 50.0, 50.0, 0.0, 0.0, [0.0] * 5, np.array([0.0, 0.0, 6e-8]), np.zeros(3))
@given(
    st.booleans(),
    st.sampled_from(["dist", "D"]),
    st.booleans(),
    FOCALS,
    FOCALS,
    CENTRES,
    CENTRES,
    COEFFICIENTS,
    SMALL,
    SMALL,
)
def test_points_are_where_easymocap_has_them(folder, matrices, lens_key, sizes, fx, fy, cx, cy, bend, turn, place):
    """With rotations as axes and as matrices, and distortion under both names: by OpenCV's own projection."""
    rotation = Rotation.from_rotvec(turn)
    written = Written("01.jpg", (64, 48), (fx, fy), (cx * 64, cy * 48), tuple(bend), rotation, place)
    write_easymocap(folder, [written], matrices=matrices, lens_key=lens_key, sizes=sizes)
    (listed,) = list_pictures(folder)
    points = written.points_before()
    matrix = np.array([[fx, 0, cx * 64 - 0.5], [0, fy, cy * 48 - 0.5], [0, 0, 1]])
    turned = cv2.Rodrigues(rotation.as_matrix())[0]
    theirs = cv2.projectPoints(points, turned, place, matrix, np.array(bend))[0].reshape(-1, 2)

    # OpenCV takes turns of less than about 1e-7 for none.
    np.testing.assert_allclose(seen_through(listed, project(listed.camera, points)[0]) - 0.5, theirs, atol=1e-5)
    np.testing.assert_allclose(written.pixels_from_corner(points) - 0.5, theirs, atol=1e-5)
    assert listed.size == (64, 48)


def test_axes_and_principal_point_follow_the_convention(folder):
    """Worked out by hand: half a picture's width less half a pixel is the middle, as pixels have their centres at 0."""
    centred = Written("01.jpg", (64, 48), (100.0, 100.0), (32.0, 24.0), (0.0,) * 5, Rotation.identity(), np.zeros(3))
    write_easymocap(folder, [centred])
    text = (folder / "intri.yml").read_text()
    camera = load_capture(folder).cameras[0]

    assert "[100.0, 0.0, 31.5, 0.0, 100.0, 23.5," in text
    assert project(camera, np.array([[0.1, 0.2, 2.0]]))[0][0] == pytest.approx([36.5, 33.5])


def test_pictures_are_files_or_the_first_of_folders(tmp_path):
    """Named after their cameras either way; a camera may be a number, and any of the four files or folders is named."""
    write_easymocap(tmp_path, [staged(name) for name in ("1.jpg", "two.jpg", "3.jpg")])
    for file in ("intri.yml", "extri.yml"):
        (tmp_path / file).write_text((tmp_path / file).read_text().replace('"1"', "1"))
    blank(tmp_path / "images" / "1.PNG")
    for frame in ("000001.jpg", "000000.jpg", "000002.jpg"):
        blank(tmp_path / "images" / "two" / frame)
    (tmp_path / "images" / "two" / "._000000.jpg").write_text("what another system leaves")

    assert load_capture(tmp_path, names=["two", "1.PNG"]).names == ("two.jpg", "1.PNG")
    for path in (tmp_path, tmp_path / "intri.yml", tmp_path / "extri.yml"):
        capture = load_capture(path, names=["two"])
        assert is_capture(path)
        assert capture.photos[0].path.name == "000000.jpg"
    with pytest.raises(UserError, match="no picture of the camera “3” that .*intri.yml lists. Put it there as .*3.jpg"):
        load_capture(tmp_path)
    with pytest.raises(UserError, match="no picture called “4”.*The pictures are: 1.PNG, two.jpg, 3"):
        load_capture(tmp_path, names=["4"])


@pytest.mark.parametrize("missing", ["intri.yml", "extri.yml"])
def test_half_of_the_cameras_is_none(tmp_path, missing):
    """The other half is named."""
    write_easymocap(tmp_path, [staged("01.jpg")])
    blank(tmp_path / "images" / "01.jpg")
    (tmp_path / missing).unlink()

    with pytest.raises(UserError, match=f"There is no .*{missing}. EasyMocap writes it beside"):
        load_capture(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("intri.yml", "%YAML:1.0", "", "intri.yml is damaged, or no YAML of OpenCV's kind"),
        ("extri.yml", "data: [", "data: [[", "extri.yml is damaged"),
        ("intri.yml", "names:", "cameras:", "intri.yml lists no cameras"),
        ("intri.yml", "K_01", "K_02", "camera of 01.jpg makes no sense .intri.yml has no K_01.. Correct it in"),
        ("extri.yml", "R_01", "R_02", "extri.yml has no R_01 and no Rot_01"),
        ("extri.yml", "T_01", "T_02", "extri.yml has no T_01"),
        ("extri.yml", "rows: 3", "rows: 30", "R_01 in extri.yml is no matrix"),
        ("intri.yml", "rows: 3\n  cols: 3", "rows: 9\n  cols: 1", "K_01 is no matrix of a lens"),
        ("intri.yml", "data: [", "data: [-", "K_01 is no matrix of a lens"),
        ("intri.yml", ", 0.0, 31.5", ", 3.0, 31.5", "K_01 is of pixels that are no rectangles"),
        ("intri.yml", ", 0.0, 31.5", ", 0.0, .Nan", "K_01 is of pixels that are no rectangles"),
        ("intri.yml", "0.25]", ".Inf]", "distortion is no number"),
        ("intri.yml", "cols: 5", "cols: 6", "dist_01 in intri.yml is no matrix"),
        ("intri.yml", "cols: 5\n  dt: d\n  data: [", "cols: 6\n  dt: d\n  data: [0.1, ", "more than the five"),
        ("intri.yml", "W_01: 64", "W_01: 48", "01.jpg is 64 x 48, but intri.yml says 48 x 48"),
    ],
)
def test_files_that_make_no_sense_are_refused_in_a_sentence(tmp_path, file, old, new, sentence):
    """Never a traceback, always the name of what is wrong."""
    bend = (0.0, 0.0, 0.0, 0.0, 0.25)
    lens = Written("01.jpg", (64, 48), (50.0, 50.0), (32.0, 24.0), bend, Rotation.identity(), np.ones(3))
    write_easymocap(tmp_path, [lens])
    blank(tmp_path / "images" / "01.jpg")
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))

    with pytest.raises(UserError, match=sentence):
        load_capture(tmp_path)


def test_rotations_that_are_none_are_refused(tmp_path):
    """A matrix that squeezes."""
    write_easymocap(tmp_path, [staged("01.jpg")], matrices=True)
    blank(tmp_path / "images" / "01.jpg")
    text = (tmp_path / "extri.yml").read_text()
    start = text.index("[")
    (tmp_path / "extri.yml").write_text(text[:start] + "[2.0, 0, 0, 0, 2, 0, 0, 0, 2]" + text[text.index("]") + 1 :])

    with pytest.raises(UserError, match="its matrix is no rotation"):
        load_capture(tmp_path)
