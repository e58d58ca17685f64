"""COLMAP's models, text and binary: lenses, poses, the half pixel, places of files, and all that can be wrong."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.spatial.transform import Rotation

from kpnerf.core.errors import UserError
from kpnerf.core.geometry import project
from kpnerf.core.interop.formats import is_capture, list_pictures, load_capture

from .other_programs import (
    BENT,
    CENTRES,
    COEFFICIENTS,
    FOCALS,
    SMALL,
    Written,
    blank,
    seen_through,
    write_colmap,
)
from .staged import HEIGHT, WIDTH, staged_camera


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A capture folder with one picture, whose model every example writes anew."""
    made = tmp_path_factory.mktemp("colmap")
    blank(made / "images" / "me.png")
    return made


def staged(name: str = "me.png", yaw: float = 20.0) -> Written:
    """A picture of 64 x 48 pixels."""
    return Written.by(name, staged_camera(yaw).resized(64, 48))


def model_of(folder, *names: str, binary: bool = False, model: str = "PINHOLE"):
    """A capture folder with pictures of these names, in `images`, and their model in `sparse/0`."""
    for name in names:
        blank(folder / "images" / name)
    write_colmap(folder / "sparse" / "0", {model: [staged(name) for name in names]}, binary=binary)
    return folder


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(BENT)), st.booleans(), FOCALS, FOCALS, CENTRES, CENTRES, COEFFICIENTS, SMALL, SMALL)
def test_points_are_where_colmap_has_them(folder, model, binary, fx, fy, cx, cy, bend, turn, place):
    """For every lens that can be read, as text and as bytes: a pixel is half a pixel on from its corner."""
    shutil.rmtree(folder / "sparse", ignore_errors=True)
    fy = fy if model in ("PINHOLE", "OPENCV", "FULL_OPENCV") else fx
    bend = (*bend[: BENT[model]], *[0.0] * (5 - BENT[model]))
    rotation = Rotation.from_rotvec(turn)
    written = Written("me.png", (64, 48), (fx, fy), (cx * 64, cy * 48), bend, rotation, place)
    write_colmap(folder / "sparse" / "0", {model: [written]}, binary=binary)
    (listed,) = list_pictures(folder)
    points = written.points_before()
    pixels, depth = project(listed.camera, points)

    assert (depth > 0).all()
    assert (listed.distortion is None) == (not any(bend))
    np.testing.assert_allclose(seen_through(listed, pixels), written.pixels_from_corner(points), atol=1e-6)


def test_axes_and_principal_point_follow_the_convention(folder):
    """Worked out by hand: without a turn the camera looks along z, x to the right and y down."""
    write_colmap(folder / "sparse", {}, binary=False)
    (folder / "sparse" / "cameras.txt").write_text("3 SIMPLE_PINHOLE 64 48 100 32 24\n")
    (folder / "sparse" / "images.txt").write_text("1 1 0 0 0 0 0 2 3 me.png\n\n")
    camera = load_capture(folder / "sparse").cameras[0]

    assert camera.position_in_world == pytest.approx([0, 0, -2])
    assert project(camera, np.array([[0.0, 0.0, 0.0], [0.1, 0.2, 0.0]]))[0] == pytest.approx(
        np.array([[31.5, 23.5], [36.5, 33.5]])
    )
    shutil.rmtree(folder / "sparse")


def test_text_and_bytes_say_the_same(tmp_path):
    """Of every lens, to the last bit."""
    some = {
        model: [replace(staged(f"{model}.png", yaw), bend=(0.1, -0.05, 0.001, 0.002, 0.003))]
        for yaw, model in enumerate(BENT)
    }
    for model in BENT:
        blank(tmp_path / "images" / f"{model}.png")
    text = list_pictures(write_colmap(tmp_path / "sparse" / "0", some, binary=False))
    binary = list_pictures(write_colmap(tmp_path / "sparse" / "1", some, binary=True))

    assert [listed.name for listed in text] == [listed.name for listed in binary] == [f"{model}.png" for model in BENT]
    for a, b in zip(text, binary, strict=True):
        assert (a.path, a.size, a.distortion) == (b.path, b.size, b.distortion)
        assert np.array_equal(a.camera.intrinsics, b.camera.intrinsics)
        assert np.array_equal(a.camera.world_from_camera, b.camera.world_from_camera)


@pytest.mark.parametrize("place", ["", "sparse/0", "sparse", "colmap/sparse/0"])
def test_a_model_is_found_where_colmap_puts_it(tmp_path, place):
    """By the capture folder, by the model's own, and by a file of it; from within, too."""
    blank(tmp_path / "images" / "me.png")
    model = write_colmap(tmp_path / place, {"PINHOLE": [staged()]}, binary=True)

    for path in (tmp_path, model, model / "images.bin", model / "cameras.bin"):
        assert is_capture(path) and load_capture(path).names == ("me.png",)
    assert not is_capture(tmp_path / "images")


def test_pictures_may_lie_in_folders_and_beside_the_model(tmp_path, monkeypatch):
    """Where two files are called alike, their folders tell them apart; names may have blanks."""
    names = ("left side/1.png", "right/1.png", "right/2.png")
    for name in names[:2]:
        blank(tmp_path / "images" / name)
    blank(tmp_path / names[2])
    write_colmap(tmp_path / "sparse" / "0", {"PINHOLE": [staged(name) for name in names]}, binary=False)
    monkeypatch.chdir(tmp_path / "sparse" / "0")

    assert load_capture(".").names == ("left side_1.png", "right_1.png", "right_2.png")
    assert load_capture(tmp_path, names=["right_2"]).photos[0].path == tmp_path / names[2]


def test_only_the_pictures_asked_for_have_to_be_there(tmp_path):
    """Of a whole room full, with or without ending, in the order asked for; others may be of no lens of ours."""
    some = {
        "PINHOLE": [staged(f"{number}.png") for number in range(300)],
        "FOV": [staged("fisheye.png")],
    }
    write_colmap(tmp_path, some, binary=True)
    for name in ("7.png", "211.png"):
        blank(tmp_path / "images" / name)

    assert load_capture(tmp_path, names=["211", "7.png"]).names == ("211.png", "7.png")
    with pytest.raises(UserError, match="no picture called “me”"):
        load_capture(tmp_path, names=["me"])


def test_pictures_of_another_size_have_their_cameras_scaled(tmp_path):
    """As the smaller copies are that many programs make; a picture of another shape is not one."""
    write_colmap(tmp_path, {"SIMPLE_RADIAL": [Written.by("me.png", staged_camera(0))]}, binary=False)
    blank(tmp_path / "images" / "me.png", (WIDTH // 2, HEIGHT // 2))
    half = load_capture(tmp_path).cameras[0]

    assert np.allclose(half.intrinsics, staged_camera(0).resized(WIDTH // 2, HEIGHT // 2).intrinsics)
    blank(tmp_path / "images" / "me.png", (HEIGHT, WIDTH))
    with pytest.raises(UserError, match="me.png is 240 x 320, but cameras.txt says 320 x 240"):
        load_capture(tmp_path)


# --- what is wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cameras.bin", "images.bin"])
def test_a_file_that_ends_too_early_is_damaged_wherever_it_ends(tmp_path, name):
    """Byte by byte: never a traceback, and never fewer pictures than there were."""
    model_of(tmp_path, "me.png", "you.png", binary=True)
    file = tmp_path / "sparse" / "0" / name
    whole = file.read_bytes()

    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(UserError, match=f"{name} is damaged: it ends too early. Copy it again"):
            list_pictures(tmp_path)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300), st.sampled_from(["cameras.bin", "images.bin"]))
def test_other_bytes_are_told_in_a_sentence(folder, content, name):
    """Whatever they are."""
    model_of(folder, "me.png", binary=True)
    (folder / "sparse" / "0" / name).write_bytes(content)
    with pytest.raises(UserError):
        list_pictures(folder)


def test_bytes_of_another_kind_are_told(tmp_path):
    """Two files that changed places, an unknown lens, and a name that is no text."""
    model = model_of(tmp_path, "me.png", binary=True) / "sparse" / "0"
    cameras, images = (model / "cameras.bin").read_bytes(), (model / "images.bin").read_bytes()
    broken = [
        (images, cameras, "."),
        (cameras[:12] + b"\x63" + cameras[13:], images, r"unknown kind \(99\).*model_converter"),
        (cameras, images.replace(b"me", b"\xff\xfe"), "a name in it is no text"),
    ]
    for lenses, shots, sentence in broken:
        (model / "cameras.bin").write_bytes(lenses)
        (model / "images.bin").write_bytes(shots)
        with pytest.raises(UserError, match=sentence):
            list_pictures(tmp_path)


@pytest.mark.parametrize(
    ("cameras", "images", "sentence"),
    [
        ("1 FOV 64 48 50 50 32 24 1", None, "camera model “FOV” of me.png cannot be read. Have “colmap image_und"),
        ("1 OPENCV_FISHEYE 64 48 50 50 32 24 0 0 0 0", None, "model “OPENCV_FISHEYE”"),
        ("1 HOLGA 64 48 50", None, "model “HOLGA”"),
        ("1 FULL_OPENCV 64 48 50 50 32 24 0 0 0 0 0 0.1 0 0", None, "more than the five coefficients"),
        ("1 PINHOLE 64 48 50 32 24", None, "PINHOLE with 3 parameters"),
        ("1 PINHOLE 64 48 50 nan 32 24", None, "camera of me.png makes no sense .a focal length"),
        ("1 SIMPLE_PINHOLE 64 48 -50 32 24", None, "a focal length of -50"),
        ("1 SIMPLE_RADIAL 64 48 50 32 24 inf", None, "distortion is no number"),
        ("1 SIMPLE_PINHOLE 0 48 50 32 24", None, "0 x 48 pixels"),
        ("2 SIMPLE_PINHOLE 64 48 50 32 24", None, "camera 1, which cameras.txt does not have. Put two files of one"),
        ("1 SIMPLE_PINHOLE 64", None, "Line 1 of .*cameras.txt makes no sense. COLMAP writes a line for each camera"),
        ("me and you", None, "Line 1 of .*cameras.txt"),
        (None, "1 1 0 0 0 0 0 2 1", "Line 1 of .*images.txt makes no sense. COLMAP writes two lines for each picture"),
        (None, "1 1 0 0 0 0 0 2 1 me.png\n2 1 0 0 0 0 0 2 1 you.png", "Line 2 of .*images.txt makes no sense"),
        (None, "1 one 0 0 0 0 0 2 1 me.png\n", "Line 1 of .*images.txt"),
        (None, "1 0 0 0 0 0 0 2 1 me.png\n", "a quaternion of length 0"),
        (None, "1 nan 0 0 0 0 0 2 1 me.png\n", "a quaternion of length nan"),
        (None, "1 1 0 0 0 0 nan 2 1 me.png\n", "its place is no number"),
        (None, "1 1 0 0 0 0 0 2 1 gone.png\n", "no picture gone.png, which .*images.txt lists. Put it into .*images"),
        (None, "# nothing\n", "images.txt lists no pictures. Have COLMAP place some"),
    ],
)
def test_text_that_makes_no_sense_is_refused_in_a_sentence(tmp_path, cameras, images, sentence):
    """Never a traceback, always the name of what is wrong."""
    blank(tmp_path / "images" / "me.png")
    (tmp_path / "cameras.txt").write_text(cameras or "1 SIMPLE_PINHOLE 64 48 50 32 24\n")
    (tmp_path / "images.txt").write_text(images or "1 1 0 0 0 0 0 2 1 me.png\n\n")

    with pytest.raises(UserError, match=sentence):
        load_capture(tmp_path)


def test_half_a_model_is_none(tmp_path):
    """Where one file is missing, or the two are not of one kind, and where a file is no text or no file."""
    model = model_of(tmp_path, "me.png") / "sparse" / "0"
    (model / "images.txt").rename(tmp_path / "kept.txt")
    with pytest.raises(UserError, match="only cameras.txt. Put cameras.txt and images.txt there, or cameras.bin"):
        load_capture(tmp_path)
    (model / "images.bin").write_bytes(b"")
    with pytest.raises(UserError, match="only images.bin and cameras.txt"):
        load_capture(tmp_path)
    (model / "images.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="images.txt is no text"):
        load_capture(tmp_path)


def test_a_file_that_is_no_photo_is_told(tmp_path):
    """A picture that the model knows, but nobody can open."""
    model_of(tmp_path, "me.png")
    (tmp_path / "images" / "me.png").write_text("hello")

    with pytest.raises(UserError, match="me.png is not a photo"):
        load_capture(tmp_path)


def test_an_alpha_channel_is_a_mask(tmp_path):
    """As in every format."""
    model_of(tmp_path, "me.png")
    Image.new("RGBA", (64, 48), (0, 0, 0, 51)).save(tmp_path / "images" / "me.png")

    assert load_capture(tmp_path).masks[0] == pytest.approx(np.full((48, 64), 0.2))
