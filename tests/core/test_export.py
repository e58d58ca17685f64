"""Pictures and films: what is in them, and what is left when writing fails."""

import json
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from kpnerf.core.errors import UserError
from kpnerf.core.export import drawn_once, over, write_image, write_turntable


def frame(share: float, *, width: int = 64, height: int = 48) -> np.ndarray:
    """A red square that moves to the right, half transparent, on nothing."""
    rgba = np.zeros((height, width, 4), dtype=np.float32)
    left = round(share * (width - 16))
    rgba[16:32, left : left + 16] = [1.0, 0.0, 0.0, 0.5]
    return rgba


def film(count: int, **size) -> list[np.ndarray]:
    """Frames from left to right."""
    return [frame(index / count, **size) for index in range(count)]


def probe(path: Path) -> dict:
    """What ffmpeg says of a film, and its frames as bytes."""
    run = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-f", "null", "-"], capture_output=True, text=True
    )
    reader = imageio_ffmpeg.read_frames(path)
    told = next(reader)
    width, height = told["size"]
    frames = [np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader]
    return told | {"errors": run.stderr, "frames": frames}


# --- pictures


def test_a_png_keeps_colours_and_alpha(tmp_path):
    """Straight alpha, rounded to 8 bits."""
    write_image(tmp_path / "a.png", frame(0))
    pixels = np.asarray(Image.open(tmp_path / "a.png"))

    assert pixels.shape == (48, 64, 4)
    assert pixels[20, 4].tolist() == [255, 0, 0, 128]
    assert pixels[0, 0].tolist() == [0, 0, 0, 0]


def test_a_background_is_laid_behind(tmp_path):
    """And the picture has no alpha any more."""
    write_image(tmp_path / "a.png", frame(0), background=(0.0, 0.0, 1.0))
    pixels = np.asarray(Image.open(tmp_path / "a.png"))

    assert pixels[20, 4].tolist() == [128, 0, 128]
    assert pixels[0, 0].tolist() == [0, 0, 255]


def test_a_jpeg_is_over_white_and_a_webp_keeps_alpha(tmp_path):
    """JPEG has no transparency."""
    write_image(tmp_path / "a.jpg", frame(0))
    write_image(tmp_path / "a.webp", frame(0))

    assert np.asarray(Image.open(tmp_path / "a.jpg"))[0, 0].tolist() == [255, 255, 255]
    assert np.asarray(Image.open(tmp_path / "a.webp"))[20, 4].tolist() == [255, 0, 0, 128]


def test_colours_out_of_range_are_clipped(tmp_path):
    """A network's colours may overshoot; they must not wrap round."""
    write_image(tmp_path / "a.png", np.full((8, 8, 4), 1.3, dtype=np.float32))

    assert (np.asarray(Image.open(tmp_path / "a.png")) == 255).all()


def test_compositing_is_exact():
    """c a + b (1 - a)."""
    rgba = np.array([[[0.8, 0.4, 0.0, 0.25]]])

    assert over(rgba, (0.0, 1.0, 1.0)) == pytest.approx(np.array([[[0.2, 0.85, 0.75]]]))


@pytest.mark.parametrize("name", ["a.bmp", "a", "a.mp4"])
def test_an_unknown_picture_format_is_refused(tmp_path, name):
    """With the endings that are known."""
    with pytest.raises(UserError, match="no known picture format.*.png"):
        write_image(tmp_path / name, frame(0))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    """It is not made in silence: it may be a typing mistake."""
    with pytest.raises(UserError, match="no folder .*gone"):
        write_image(tmp_path / "gone" / "a.png", frame(0))


# --- films


@pytest.mark.parametrize("size", [(64, 48), (63, 47), (200, 130)])
def test_an_mp4_plays_and_has_the_size_asked_for(tmp_path, size):
    """Odd sides grow by one pixel, nothing is resized to multiples of sixteen."""
    width, height = size
    path = tmp_path / "a.mp4"

    assert write_turntable(path, film(12, width=width, height=height), count=12, fps=24)
    told = probe(path)
    middle = told["frames"][0][24, 8]

    assert told["errors"] == "" and len(told["frames"]) == 12
    assert told["size"] == (width + width % 2, height + height % 2)
    assert told["codec"] == "h264" and told["pix_fmt"].startswith("yuv420p") and told["fps"] == 24
    assert np.allclose(middle.astype(int), [255, 128, 128], atol=12), "half transparent red over white"
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_a_gif_loops_with_all_its_frames(tmp_path):
    """At the speed asked for, in the background's colour."""
    assert write_turntable(tmp_path / "a.gif", film(10), count=10, fps=25, background=(0.0, 0.0, 0.0))
    with Image.open(tmp_path / "a.gif") as gif:
        last = gif.n_frames - 1
        duration = gif.info["duration"]
        loop = gif.info["loop"]
        first = np.asarray(gif.convert("RGB"))
        gif.seek(last)

        assert (last, duration, loop) == (9, 40, 0)
        assert first[24, 8].tolist() == pytest.approx([128, 0, 0], abs=3)
        assert not np.array_equal(first, np.asarray(gif.convert("RGB")))


@pytest.mark.parametrize("name", ["frames", "frames.png"])
def test_a_sequence_is_a_folder_of_numbered_pictures(tmp_path, name):
    """Transparent, as single pictures are."""
    assert write_turntable(tmp_path / name, film(3), count=3)
    files = sorted((tmp_path / "frames").iterdir())

    assert [file.name for file in files] == ["0000.png", "0001.png", "0002.png"]
    assert np.asarray(Image.open(files[0]))[20, 4].tolist() == [255, 0, 0, 128]


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a"])
def test_cancelling_leaves_nothing_and_keeps_what_was_there(tmp_path, name):
    """In the middle of the film; an older film of that name stays."""
    old = tmp_path / name
    if old.suffix:
        old.write_bytes(b"an older film")
    shares: list[float] = []

    done = write_turntable(
        tmp_path / name, film(10), count=10, progress=shares.append, cancelled=lambda: len(shares) >= 4
    )

    assert done is False
    assert shares == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert [file.name for file in tmp_path.iterdir()] == ([name] if old.suffix else [])
    assert not old.suffix or old.read_bytes() == b"an older film"


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_every_place_is_drawn_once(places):
    """And every frame shows the picture of its own place; pictures come in the order in which they are first shown."""
    drawn, shows = drawn_once(places)

    assert len({places[index] for index in drawn}) == len(drawn) == len(set(places))
    assert [places[drawn[which]] for which in shows] == places
    assert list(dict.fromkeys(shows)) == list(range(len(drawn)))


@pytest.mark.parametrize("name", ["a.gif", "a"])
def test_a_film_may_show_a_picture_again(tmp_path, name):
    """There and back, of pictures that come once; whoever draws them hears of the last one."""
    shades, shares = [0.2, 0.5, 0.8], []
    pictures = (np.full((8, 8, 4), [shade, shade, shade, 1.0]) for shade in shades)
    shows = [0, 1, 2, 1, 0]
    assert write_turntable(tmp_path / name, pictures, count=3, shows=shows, progress=shares.append)
    if name == "a":
        found = [np.asarray(Image.open(file)) for file in sorted((tmp_path / name).iterdir())]
    else:
        with Image.open(tmp_path / name) as gif:
            found = [np.asarray(each.convert("RGB")) for each in ImageSequence.Iterator(gif)]

    assert [round(picture[4, 4, 0] / 255, 1) for picture in found] == [shades[which] for which in shows]
    assert shares == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_progress_ends_at_one(tmp_path):
    """And never goes back."""
    shares: list[float] = []
    write_turntable(tmp_path / "a.gif", film(5), count=5, progress=shares.append)

    assert shares == sorted(shares) and shares[-1] == 1.0


def test_a_failure_while_drawing_leaves_nothing(tmp_path):
    """The exception comes through as it was."""

    def failing():
        yield frame(0)
        raise ArithmeticError("the network has exploded")

    for name in ("a.mp4", "a.gif", "a"):
        with pytest.raises(ArithmeticError):
            write_turntable(tmp_path / name, failing(), count=3)
        assert list(tmp_path.iterdir()) == []


def test_too_few_frames_are_an_error_not_a_short_film(tmp_path):
    """Whoever promised them has a mistake."""
    with pytest.raises(ValueError, match="3 frames were promised, 2 came"):
        write_turntable(tmp_path / "a.gif", film(2), count=3)


def test_an_unknown_film_format_is_refused(tmp_path):
    """Before the first frame is drawn."""
    with pytest.raises(UserError, match="no known film format"):
        write_turntable(tmp_path / "a.avi", iter(()), count=3)


def test_a_folder_with_something_in_it_is_not_replaced(tmp_path):
    """Pictures of a person's would be lost."""
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "mine.txt").touch()

    with pytest.raises(UserError, match="folder with something in it"):
        write_turntable(tmp_path / "frames", film(2), count=2)
    assert [file.name for file in (tmp_path / "frames").iterdir()] == ["mine.txt"]


EXPORT_ON_A_FULL_DISK = """
import json, resource, sys
import numpy as np
from kpnerf.core.errors import UserError
from kpnerf.core.export import write_image, write_turntable
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
random = np.random.default_rng(0)
said = {}
for name in ("a.png", "a.mp4", "a.gif", "frames"):
    frames = (random.random((128, 128, 4)) for _ in range(60))
    try:
        if name == "a.png":
            write_image(sys.argv[1] + "/" + name, next(frames))
        else:
            write_turntable(sys.argv[1] + "/" + name, frames, count=60)
    except UserError as error:
        said[name] = error.what_happened
print(json.dumps(said))
"""


def test_a_full_disk_leaves_no_half_film_and_says_so(tmp_path):
    """Files may not grow beyond 3,000 bytes in this process and in the encoder that it starts."""
    run = subprocess.run(
        [sys.executable, "-c", EXPORT_ON_A_FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    said = json.loads(run.stdout)

    assert set(said) == {"a.png", "a.mp4", "a.gif", "frames"}
    assert all("not" in sentence for sentence in said.values()), said
    assert list(tmp_path.iterdir()) == []
