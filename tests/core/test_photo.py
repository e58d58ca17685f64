"""Photos from files: formats, orientation, focal length, size, and what is refused."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from kpnerf.core.errors import UserError
from kpnerf.core.photo import FULL_FRAME_DIAGONAL_MM, SMALLEST_SIDE_PX, load_photo, square_crop

ORIENTATION, EXIF_IFD = 0x0112, 0x8769
FOCAL_LENGTH, FOCAL_LENGTH_35MM = 0x920A, 0xA405
PIXEL_WIDTH, PIXEL_HEIGHT = 0xA002, 0xA003
PLANE_X_RESOLUTION, PLANE_UNIT = 0xA20E, 0xA210

MEASURE_MEMORY = """
import sys
from PIL import Image, JpegImagePlugin
from kpnerf.core.photo import load_photo

def peak_mib():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

before = peak_mib()
photo = load_photo(sys.argv[1])
print(photo.width, photo.height, peak_mib() - before)
"""


def sloping(width: int = 96, height: int = 64) -> np.ndarray:
    """Red grows to the right, green downwards, blue is the same all over."""
    rgb = np.full((height, width, 3), 60, dtype=np.uint8)
    rgb[..., 0] = np.linspace(20, 230, width)
    rgb[..., 1] = np.linspace(230, 20, height)[:, None]
    return rgb


def exif_with(entries: dict, orientation: int | None = None) -> Image.Exif:
    """EXIF as a camera writes it: the orientation in the main table, the rest in its own."""
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    exif.get_ifd(EXIF_IFD).update(entries)
    return exif


@pytest.mark.parametrize(("ending", "options"), [("png", {}), ("webp", {"lossless": True}), ("jpg", {"quality": 95})])
def test_formats(tmp_path, ending, options):
    """Pixels come back as they were written, exactly where the format keeps them, with name, place and digest."""
    file = tmp_path / f"slope.{ending}"
    Image.fromarray(sloping()).save(file, **options)
    photo = load_photo(file)

    assert (photo.name, photo.path, photo.focal_px) == (file.name, file, None)
    assert (photo.width, photo.height) == (96, 64)
    assert photo.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert np.abs(photo.rgb.astype(int) - sloping()).max() <= (6 if ending == "jpg" else 0)
    assert not photo.rgb.flags.writeable


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path, orientation):
    """Whichever way the camera was held, the picture comes upright: the stored one is turned back by the viewer."""
    upright = sloping()
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    file = tmp_path / "turned.png"
    Image.fromarray(np.ascontiguousarray(stored)).save(file, exif=exif_with({}, orientation))

    np.testing.assert_array_equal(load_photo(file).rgb, upright)


def test_orientation_that_does_not_exist(tmp_path):
    """An orientation of 0 or 99 is a camera's mistake, the picture is good."""
    file = tmp_path / "odd.png"
    Image.fromarray(sloping()).save(file, exif=exif_with({}, 99))

    np.testing.assert_array_equal(load_photo(file).rgb, sloping())


@pytest.mark.parametrize("orientation", [1, 6])
def test_focal_length_of_35_mm_equivalent(tmp_path, orientation):
    """A 50 mm lens on film sees the picture's diagonal 50 / 43.27 times; turning and shrinking keep the angle."""
    file = tmp_path / "camera.jpg"
    Image.fromarray(sloping(1200, 900)).save(file, exif=exif_with({FOCAL_LENGTH_35MM: 50}, orientation))
    whole, small = load_photo(file), load_photo(file, max_side=600)
    expected = 50 / FULL_FRAME_DIAGONAL_MM * 1500

    assert whole.focal_px == pytest.approx(expected)
    assert max(small.width, small.height) == 600
    assert small.focal_px == pytest.approx(expected / 2)


def test_focal_length_of_the_sensor(tmp_path):
    """Without the equivalent: 10 mm at 100 pixels a millimetre (1000 a centimetre) are 1000 pixels."""
    entries = {
        FOCAL_LENGTH: IFDRational(10),
        PIXEL_WIDTH: 1200,
        PIXEL_HEIGHT: 900,
        PLANE_X_RESOLUTION: IFDRational(1000),
        PLANE_UNIT: 3,
    }
    file = tmp_path / "sensor.jpg"
    Image.fromarray(sloping(1200, 900)).save(file, exif=exif_with(entries))

    assert load_photo(file).focal_px == pytest.approx(1000)


@pytest.mark.parametrize(
    "entries",
    [
        {FOCAL_LENGTH_35MM: 0},
        {FOCAL_LENGTH_35MM: 5},
        {FOCAL_LENGTH_35MM: 50, PIXEL_WIDTH: 1600, PIXEL_HEIGHT: 900},
        {FOCAL_LENGTH: IFDRational(10)},
        {
            FOCAL_LENGTH: IFDRational(85),
            PIXEL_WIDTH: 1200,
            PIXEL_HEIGHT: 900,
            PLANE_X_RESOLUTION: IFDRational(160),
            PLANE_UNIT: 4,
        },
    ],
    ids=["zero", "unbelievably wide", "cropped afterwards", "sensor unknown", "a fifth of the sensor's pixels"],
)
def test_focal_length_that_means_nothing(tmp_path, entries):
    """Zero stands for unknown, and a cropped or shrunk picture no longer has the lens's angle."""
    file = tmp_path / "unsure.jpg"
    Image.fromarray(sloping(1200, 900)).save(file, exif=exif_with(entries))

    assert load_photo(file).focal_px is None


def test_grey(tmp_path):
    """One channel becomes three equal ones; 16 bits are scaled to 8, not cut off."""
    ramp = np.linspace(0, 255, 64).round().astype(np.uint8)
    grey = np.tile(ramp, (48, 1))
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")

    for name in ("grey.png", "deep.png"):
        np.testing.assert_array_equal(load_photo(tmp_path / name).rgb, np.repeat(grey[..., None], 3, axis=2))


def test_transparency_is_laid_over_white(tmp_path):
    """Whatever colour hides under a clear pixel."""
    rgba = np.zeros((48, 64, 4), dtype=np.uint8)
    rgba[:, 32:] = (200, 100, 0, 128)
    Image.fromarray(rgba).save(tmp_path / "clear.png")
    rgb = load_photo(tmp_path / "clear.png").rgb.astype(int)

    assert (rgb[:, :32] == 255).all()
    assert np.abs(rgb[:, 32:] - (227, 177, 127)).max() <= 1


def test_palette(tmp_path):
    """Colours are looked up, and the one that stands for clear becomes white."""
    image = Image.new("P", (64, 48), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    image.paste(0, (0, 0, 32, 48))
    image.save(tmp_path / "plain.png")
    image.save(tmp_path / "clear.png", transparency=0)
    plain, clear = load_photo(tmp_path / "plain.png").rgb, load_photo(tmp_path / "clear.png").rgb

    assert (plain[:, 32:] == (10, 200, 30)).all() and (clear[:, 32:] == (10, 200, 30)).all()
    assert (plain[:, :32] == 0).all() and (clear[:, :32] == 255).all()


def test_print_colours(tmp_path):
    """A JPEG in four printing inks is a photo too."""
    Image.new("CMYK", (64, 48), (0, 255, 255, 0)).save(tmp_path / "print.jpg", quality=95)
    red, green, blue = load_photo(tmp_path / "print.jpg").rgb[20, 30].astype(int)

    assert red > 200 and green < 60 and blue < 60


def test_sixty_megapixels(tmp_path):
    """They are scaled to what the program works on, and need the memory of 15 megapixels, not of 60 (230 MiB)."""
    file = tmp_path / "huge.jpg"
    Image.new("RGB", (9000, 6700), (120, 90, 60)).save(file)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE_MEMORY, str(file)], capture_output=True, text=True, check=True, timeout=60
    )
    width, height, grown_mib = done.stdout.split()

    assert (int(width), int(height)) == (2048, 1525)
    assert float(grown_mib) < 130


@pytest.mark.parametrize(("width", "height"), [(2048, 40), (40, 2048), (33, 33)])
def test_small_enough_is_left_alone(tmp_path, width, height):
    """Nothing is ever scaled up."""
    file = tmp_path / "small.png"
    Image.fromarray(sloping(width, height)).save(file)

    np.testing.assert_array_equal(load_photo(file).rgb, sloping(width, height))


def refusal(path) -> UserError:
    """What a person is told about a file, after checking that it is one sentence and a hint that name it."""
    with pytest.raises(UserError) as caught:
        load_photo(path)
    assert path.name in caught.value.what_happened
    assert caught.value.what_happened.endswith(".") and caught.value.what_to_do.endswith(".")
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_folder_is_refused(tmp_path):
    """By that word."""
    assert "is a folder" in refusal(tmp_path).what_happened


def test_a_missing_file_is_refused(tmp_path):
    """By its name."""
    assert "There is no file" in refusal(tmp_path / "gone.jpg").what_happened


def test_an_empty_file_is_refused(tmp_path):
    """With its 0 bytes."""
    (tmp_path / "empty.jpg").touch()

    assert "0 bytes" in refusal(tmp_path / "empty.jpg").what_happened


@pytest.mark.parametrize("content", [b"Dear diary,\n", b"x", "naïve\n".encode(), bytes(range(256)) * 40])
def test_what_is_no_picture_is_refused(tmp_path, content):
    """A text that is called .jpg is still a text."""
    (tmp_path / "text.jpg").write_bytes(content)

    assert "is not a photo" in refusal(tmp_path / "text.jpg").what_happened


def test_a_phone_s_own_format_is_named(tmp_path):
    """HEIC cannot be read, and what to do about it is said."""
    (tmp_path / "phone.heic").write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(40))

    assert "HEIC" in refusal(tmp_path / "phone.heic").what_happened


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_truncated_picture_is_refused(tmp_path, ending, share):
    """Half a picture is not shown as if it were whole."""
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / f"whole.{ending}")
    content = (tmp_path / f"whole.{ending}").read_bytes()
    (tmp_path / f"part.{ending}").write_bytes(content[: max(24, int(share * len(content)))])

    assert "is damaged" in refusal(tmp_path / f"part.{ending}").what_happened


def test_a_speck_is_refused(tmp_path):
    """A picture too small to hold a face."""
    Image.new("RGB", (SMALLEST_SIDE_PX - 1, 200)).save(tmp_path / "speck.png")

    assert f"only {SMALLEST_SIDE_PX - 1} x 200" in refusal(tmp_path / "speck.png").what_happened


def test_a_bomb_is_refused(tmp_path):
    """A small file that unpacks to 225 megapixels is refused before it is unpacked."""
    Image.new("1", (15000, 15000)).save(tmp_path / "bomb.png")

    assert "megapixels" in refusal(tmp_path / "bomb.png").what_happened


@pytest.mark.parametrize("side_px", [20.0, 64.0, 400.0])
def test_square_crop_tells_where_its_pixels_come_from(side_px):
    """Enlarged, as it is, or shrunk: colours lie where the matrix says, pixel centre for pixel centre."""
    rgb = sloping(480, 480)
    crop, crop_from_photo = square_crop(rgb, (239.5, 239.5), side_px, 64)
    places = np.array([[8, 40], [31, 31], [50, 12]])
    x, y = np.linalg.solve(crop_from_photo[:, :2], (places - crop_from_photo[:, 2]).T)

    assert crop.shape == (64, 64, 3)
    np.testing.assert_allclose(crop_from_photo @ [239.5, 239.5, 1], [31.5, 31.5])
    np.testing.assert_allclose(crop[places[:, 1], places[:, 0], 0], 20 + x * 210 / 479, atol=1.5)
    np.testing.assert_allclose(crop[places[:, 1], places[:, 0], 1], 230 - y * 210 / 479, atol=1.5)
