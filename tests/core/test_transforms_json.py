"""Capture folders: axes, half pixels, distortion, masks, keypoints, and everything that can be missing."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from kpnerf.core.camera import Camera
from kpnerf.core.errors import UserError
from kpnerf.core.geometry import project
from kpnerf.core.interop.capture import Capture
from kpnerf.core.interop.formats import load_capture
from kpnerf.core.interop.transforms_json import write_capture
from kpnerf.core.keypoints import HEAD
from kpnerf.core.photo import Photo

from .staged import HEIGHT, POINTS, WIDTH, staged_camera, staged_photo, staged_view


def staged_capture() -> Capture:
    """Three pictures; the last lacks mask, camera and keypoints."""
    views = [staged_view("a.png", -30), staged_view("b.png", 0)]
    places = {"nose tip": (12.25, 7.5), "chin": (0.0, -0.5)}
    return Capture(
        photos=(*(view.photo for view in views), staged_photo("c.png", 9)),
        cameras=(staged_camera(-30), staged_camera(0), None),
        masks=(*(view.mask for view in views), None),
        keypoints=(places, {}, None),
    )


def write_scene(folder: Path, frame: dict, *, size: tuple[int, int] = (64, 48)) -> None:
    """A capture folder with one random picture."""
    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "a.png")
    scene = {"frames": [{"file_path": "a.png", "transform_matrix": np.eye(4).tolist(), "fl_x": 50.0} | frame]}
    (folder / "transforms.json").write_text(json.dumps(scene))


def test_what_is_written_is_read_back(tmp_path):
    """Pixels and masks to the bit, cameras and places to rounding."""
    written = staged_capture()
    write_capture(tmp_path, written)
    read = load_capture(tmp_path)

    assert read.names == written.names
    for index in range(3):
        assert np.array_equal(read.photos[index].rgb, written.photos[index].rgb)
    for index in range(2):
        a, b = written.cameras[index], read.cameras[index]
        assert (a.fx, a.fy, a.width, a.height) == (b.fx, b.fy, b.width, b.height)
        assert (a.cx, a.cy) == pytest.approx((b.cx, b.cy), abs=1e-12)
        assert np.allclose(a.world_from_camera, b.world_from_camera, atol=1e-12)
        assert np.array_equal(read.masks[index], written.masks[index])
    assert read.cameras[2] is None and read.masks[2] is None and read.keypoints[2] is None
    assert read.keypoints[0] == written.keypoints[0]


def test_axes_and_principal_point_follow_the_convention(tmp_path):
    """Worked out by hand: an OpenGL camera looks along -z, and half the width is the centre of the picture."""
    behind = np.eye(4)
    behind[2, 3] = 2.0  # two metres along +z, looking back at the origin
    write_scene(tmp_path, {"transform_matrix": behind.tolist(), "fl_x": 100.0, "cx": 32.0, "cy": 24.0})
    camera = load_capture(tmp_path).cameras[0]
    pixels, depth = project(camera, np.array([[0.0, 0.0, 0.0], [0.1, 0.2, 0.0]]))

    assert depth == pytest.approx([2.0, 2.0])
    assert (camera.cx, camera.cy) == (31.5, 23.5)
    assert pixels[0] == pytest.approx([31.5, 23.5])
    assert pixels[1] == pytest.approx([31.5 + 5, 23.5 - 10]), "x is right and y is up in the file's axes"


def test_the_file_that_is_written_says_the_same_to_other_programs(tmp_path):
    """Projected by nerfstudio's own formulas, a point lands on our pixel, half a pixel on from its corner."""
    write_capture(tmp_path, staged_capture())
    frame = json.loads((tmp_path / "transforms.json").read_text())["frames"][0]
    x, y, z = (np.linalg.inv(frame["transform_matrix"]) @ [*POINTS[0], 1.0])[:3]
    from_corner = [frame["cx"] + frame["fl_x"] * x / -z, frame["cy"] - frame["fl_y"] * y / -z]

    assert from_corner == pytest.approx(project(staged_camera(-30), POINTS[:1])[0][0] + 0.5)


def test_a_field_of_view_stands_in_for_a_focal_length(tmp_path):
    """As Blender's scenes have it, once for all frames, and file names without ending."""
    Image.new("RGB", (64, 48)).save(tmp_path / "r_0.png")
    frame = {"file_path": "./r_0", "transform_matrix": np.eye(4).tolist()}
    (tmp_path / "transforms.json").write_text(json.dumps({"camera_angle_x": np.pi / 2, "frames": [frame]}))
    capture = load_capture(tmp_path)

    assert capture.names == ("r_0.png",)
    assert (capture.cameras[0].fx, capture.cameras[0].fy) == pytest.approx((32.0, 32.0))
    assert (capture.cameras[0].cx, capture.cameras[0].cy) == (31.5, 23.5)


def test_a_frames_own_lens_comes_before_the_files(tmp_path):
    """Global values are for frames that say nothing."""
    write_scene(tmp_path, {"fl_x": 70.0, "fl_y": 71.0})
    scene = json.loads((tmp_path / "transforms.json").read_text()) | {"fl_x": 10.0, "cx": 30.0}
    (tmp_path / "transforms.json").write_text(json.dumps(scene))
    camera = load_capture(tmp_path).cameras[0]

    assert (camera.fx, camera.fy, camera.cx) == (70.0, 71.0, 29.5)


def test_an_alpha_channel_is_a_mask(tmp_path):
    """Unless a mask_path says otherwise."""
    write_scene(tmp_path, {})
    rgba = np.full((48, 64, 4), 255, dtype=np.uint8)
    rgba[:, :32, 3] = 51
    Image.fromarray(rgba).save(tmp_path / "a.png")
    mask = load_capture(tmp_path).masks[0]

    assert mask.dtype == np.float32 and mask.shape == (48, 64)
    assert mask[0, 0] == pytest.approx(0.2) and mask[0, 63] == 1.0


def test_large_pictures_shrink_with_their_cameras_masks_and_points(tmp_path):
    """A point projects to the same part of the picture at every size."""
    write_scene(tmp_path, {"cx": 20.0, "mask_path": "m.png"}, size=(640, 480))
    Image.new("L", (640, 480), 255).save(tmp_path / "m.png")
    (tmp_path / "keypoints.json").write_text(json.dumps({"a.png": {"chin": [639.5, -0.5]}}))
    large, small = load_capture(tmp_path), load_capture(tmp_path, max_side=160)

    assert small.photos[0].rgb.shape == (120, 160, 3) and small.masks[0].shape == (120, 160)
    assert small.cameras[0].fx == pytest.approx(large.cameras[0].fx / 4)
    assert small.cameras[0].cx + 0.5 == pytest.approx((large.cameras[0].cx + 0.5) / 4)
    assert small.keypoints[0]["chin"] == pytest.approx((159.5, -0.5))


def test_distortion_is_taken_out_of_picture_and_points(tmp_path):
    """A point of the world is where the pinhole says, in the picture and in keypoints.json."""
    camera = staged_camera(10)
    points = 0.8 * HEAD.box.corners  # nearly filling the picture
    coefficients = {"k1": -0.25, "k2": 0.08, "p1": 0.004, "p2": -0.003, "k3": 0.01}
    order = np.array([coefficients[key] for key in ("k1", "k2", "p1", "p2", "k3")])
    rotation = cv2.Rodrigues(camera.camera_from_world[:3, :3])[0]
    seen = cv2.projectPoints(points, rotation, camera.camera_from_world[:3, 3], camera.intrinsics, order)[0][:, 0]
    picture = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    for x, y in seen:
        cv2.circle(picture, (round(x * 16), round(y * 16)), 3 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    photo = Photo("a.png", None, picture, None, "")
    places = {str(index): (float(x), float(y)) for index, (x, y) in enumerate(seen)}
    write_capture(tmp_path, Capture((photo,), (camera,), (None,), (places,)))
    scene = json.loads((tmp_path / "transforms.json").read_text()) | coefficients
    (tmp_path / "transforms.json").write_text(json.dumps(scene))

    capture = load_capture(tmp_path)
    expected = project(camera, points)[0]
    found = np.array(list(capture.keypoints[0].values()))
    bright = capture.photos[0].rgb[np.round(expected[:, 1]).astype(int), np.round(expected[:, 0]).astype(int), 0]

    assert np.abs(seen - expected).max() > 1, "the lens bends enough to be seen"
    assert np.allclose(found, expected, atol=1e-3)
    assert (bright > 200).all()
    assert capture.photos[0].path is None, "the pixels are no longer the file's"


def test_pictures_are_selected_by_name_in_the_order_asked_for(tmp_path):
    """With or without ending, before or after reading."""
    write_capture(tmp_path, staged_capture())

    assert load_capture(tmp_path).select(["c", "a.png"]).names == ("c.png", "a.png")
    assert load_capture(tmp_path, names=["c", "a.png"]).names == ("c.png", "a.png")
    with pytest.raises(UserError, match="no picture called “d”"):
        load_capture(tmp_path, names=["d"])


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        ({"file_path": "gone.png"}, "no picture .*gone.png"),
        ({"mask_path": "gone.png"}, "mask .*gone.png cannot be read"),
        ({"transform_matrix": [[1, 0], [0, 1]]}, "4 x 4"),
        ({"transform_matrix": (2 * np.eye(4)).tolist()}, "no rotation"),
        ({"transform_matrix": "here"}, "camera of a.png makes no sense"),
        ({"fl_x": -3.0}, "focal length"),
        ({"fl_x": None}, "camera_angle_x"),
        ({"w": 48, "h": 64}, "is 64 x 48, but transforms.json says 48 x 64"),
        ({"camera_model": "OPENCV_FISHEYE"}, "OPENCV_FISHEYE"),
        ({"k4": 0.1}, "k4"),
        ({"file_path": None}, "names no picture"),
    ],
)
def test_frames_that_make_no_sense_are_refused_in_a_sentence(tmp_path, frame, sentence):
    """Never a traceback, always the name of what is wrong."""
    write_scene(tmp_path, frame)

    with pytest.raises(UserError, match=sentence):
        load_capture(tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("{", "not JSON"), ("[]", "outermost"), ("{}", "lists no pictures"), ('{"frames": [3]}', "names no picture")],
)
def test_files_that_are_no_scene_are_refused(tmp_path, content, sentence):
    """Damaged, or of another kind."""
    (tmp_path / "transforms.json").write_text(content)

    with pytest.raises(UserError, match=sentence):
        load_capture(tmp_path)


def test_keypoints_that_are_no_numbers_are_refused(tmp_path):
    """The picture they belong to is named."""
    write_scene(tmp_path, {})
    (tmp_path / "keypoints.json").write_text('{"a.png": {"chin": ["left", 3]}}')

    with pytest.raises(UserError, match="keypoints of a.png"):
        load_capture(tmp_path)


def test_a_camera_survives_the_trip_for_every_lens(tmp_path):
    """Different focal lengths, and a principal point off the middle."""
    camera = Camera(111.5, 222.25, 10.125, 200.0, 320, 240, staged_camera(20).world_from_camera)
    write_capture(tmp_path, Capture((staged_photo("a.png", 1),), (camera,), (None,), (None,)))
    read = load_capture(tmp_path).cameras[0]

    assert np.allclose(read.intrinsics, camera.intrinsics, atol=1e-12)
