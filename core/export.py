"""Pictures and films of the avatar, as files.

Everything here takes colours with straight alpha, (height, width, 4) from 0 to 1, as the renderer gives them. A file
appears under its name only when it is whole.
"""

import itertools
import logging
import subprocess
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from .atomic_file import replacing
from .errors import UserError

log = logging.getLogger(__name__)

Rgba = Float[np.ndarray, "h w 4"]
Pixels = UInt8[np.ndarray, "h w c"]
Colour = tuple[float, float, float]
WHITE: Colour = (1.0, 1.0, 1.0)

IMAGE_FORMATS = {".png": "PNG", ".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG"}
FILM_ENDINGS = (".mp4", ".gif")


class _Cancelled(Exception):
    """Leaves the encoders from within."""


# --- pictures ---------------------------------------------------------------------------------------------------


def write_image(path: str | Path, rgba: Rgba, *, background: Colour | None = None) -> None:
    """Write a PNG or WebP, transparent where no background is given, or a JPEG, over white then.

    Raises UserError for another ending, a full disk, or a folder that may not be written to.
    """
    from PIL import Image

    path = Path(path)
    kind = IMAGE_FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"{path.name} is of no known picture format.", f"End it in {', '.join(IMAGE_FORMATS)}.")
    if background is None and kind == "JPEG":
        background = WHITE
    pixels = to_bytes(_before(rgba, background))
    with replacing(path) as temporary:
        Image.fromarray(pixels).save(temporary, kind, **({"lossless": True} if kind == "WEBP" else {"quality": 95}))


def over(rgba: Rgba, background: Colour) -> Float[np.ndarray, "h w 3"]:
    """The colours composited over a background."""
    alpha = rgba[..., 3:]
    return rgba[..., :3] * alpha + np.asarray(background, dtype=rgba.dtype) * (1 - alpha)


def _before(rgba: Rgba, background: Colour | None) -> Float[np.ndarray, "h w c"]:
    return rgba if background is None else over(rgba, background)


def to_bytes(colours: Float[np.ndarray, "*size"]) -> UInt8[np.ndarray, "*size"]:
    """0 to 1 as 0 to 255, rounded."""
    return np.round(np.clip(colours, 0, 1) * 255).astype(np.uint8)


# --- films ------------------------------------------------------------------------------------------------------


def drawn_once(places: Iterable[Hashable]) -> tuple[list[int], list[int]]:
    """Which frames of a film have to be drawn, and which of those pictures every frame shows (see `write_turntable`).

    `places`: where each frame is seen from. A turntable that swings there and back comes by almost everywhere twice.
    """
    pictures: dict[Hashable, int] = {}
    drawn: list[int] = []
    shows: list[int] = []
    for index, place in enumerate(places):
        if place not in pictures:
            pictures[place] = len(drawn)
            drawn.append(index)
        shows.append(pictures[place])
    return drawn, shows


def write_turntable(
    path: str | Path,
    frames: Iterable[Rgba],
    *,
    count: int,
    shows: Sequence[int] | None = None,
    fps: float = 25.0,
    background: Colour | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> bool:
    """Write `count` pictures of one size as a film: True when it is there, False when it was cancelled.

    `shows` says which of them every frame of the film shows (see `drawn_once`); None: one after the other.

    The ending says which kind: `.mp4` (H.264, plays everywhere), `.gif` (loops), and `.png` or none for a folder of
    that name with a numbered picture each. Films have no transparency: where no background is given they are over
    white; pictures stay transparent. Cancelling, and every failure, leaves nothing behind.
    Raises UserError for another ending, a full disk, or a folder that may not be written to.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (*FILM_ENDINGS, ".png", ""):
        raise UserError(f"{path.name} is of no known film format.", "End it in .mp4 or .gif, or name a folder.")
    if background is None and ending in FILM_ENDINGS:
        background = WHITE
    drawn = _watched(frames, count, progress, cancelled)
    pictures = _arranged((to_bytes(_before(frame, background)) for frame in drawn), shows or range(count))
    try:
        with replacing(path.with_suffix("") if ending == ".png" else path) as temporary:
            if ending == ".mp4":
                _write_mp4(temporary, pictures, fps)
            elif ending == ".gif":
                _write_gif(temporary, pictures, fps)
            else:
                _write_pictures(temporary, pictures)
    except _Cancelled:
        return False
    return True


def _watched(
    frames: Iterable[Rgba], count: int, progress: Callable[[float], None] | None, cancelled: Callable[[], bool] | None
) -> Iterator[Rgba]:
    iterator = iter(frames)
    for index in range(count):
        if cancelled is not None and cancelled():
            raise _Cancelled
        if progress is not None:
            progress(index / count)
        frame = next(iterator, None)
        if cancelled is not None and cancelled():
            raise _Cancelled  # a renderer that is told to stop gives an unfinished frame, or none
        if frame is None:
            raise ValueError(f"{count} frames were promised, {index} came")
        yield frame
    if progress is not None:
        progress(1.0)


def _arranged(pictures: Iterator[Pixels], shows: Sequence[int]) -> Iterator[Pixels]:
    """The pictures in the order of a film; each is kept as long as it will be shown again."""
    last = {which: position for position, which in enumerate(shows)}
    kept: dict[int, Pixels] = {}
    come = 0
    for position, which in enumerate(shows):
        while come <= which:
            kept[come] = next(pictures)
            come += 1
        yield kept[which] if position < last[which] else kept.pop(which)
    for _ in pictures:  # so that whoever draws them hears that they were all
        pass


def _write_mp4(path: Path, frames: Iterator[Pixels], fps: float) -> None:
    """Through an ffmpeg of our own: only its exit code tells whether everything reached the disk."""
    from imageio_ffmpeg import get_ffmpeg_exe

    first = _even(next(frames))
    height, width = first.shape[:2]
    pictures = itertools.chain([first], map(_even, frames))
    command = [get_ffmpeg_exe(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += ["-r", str(fps), "-i", "-", "-c:v", "libx264", "-crf", "17", "-pix_fmt", "yuv420p"]
    command += ["-movflags", "+faststart", str(path)]
    with tempfile.TemporaryFile() as words:
        encoder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words)
        assert encoder.stdin is not None
        try:
            with suppress(BrokenPipeError), encoder.stdin:  # a broken pipe: it has died, its exit code says so
                for picture in pictures:
                    encoder.stdin.write(picture.tobytes())
        except BaseException:
            encoder.kill()
            raise
        finally:
            encoder.wait()
        if encoder.returncode != 0:
            words.seek(0)
            log.error("ffmpeg ended with %d: %s", encoder.returncode, words.read().decode(errors="replace"))
            raise UserError(f"The film {path.name} could not be written.", "Free some space or choose another folder.")


def _even(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h2 w2 3"]:
    """H.264 halves the colour's resolution, so that sides have to be even: the last row or column is repeated."""
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _write_gif(path: Path, frames: Iterator[Pixels], fps: float) -> None:
    from PIL import Image

    pictures = (Image.fromarray(frame).quantize(256) for frame in frames)
    first = next(pictures)
    first.save(path, "GIF", save_all=True, append_images=pictures, duration=round(1000 / fps), loop=0)


def _write_pictures(folder: Path, frames: Iterator[Pixels]) -> None:
    from PIL import Image

    folder.mkdir()
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{index:04d}.png")
