"""Pictures and films of the avatar, as files.

Everything here takes colours with straight alpha, (height, width, 4) from 0 to 1, as the renderer gives them. A file
appears under its name only when it is whole.
"""

import itertools
import logging
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from .atomic_file import replacing
from .errors import UserError

log = logging.getLogger(__name__)

Rgba = Float[np.ndarray, "h w 4"]
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
    pixels = to_bytes(rgba if background is None else over(rgba, background))
    with replacing(path) as temporary:
        Image.fromarray(pixels).save(temporary, kind, **({"lossless": True} if kind == "WEBP" else {"quality": 95}))


def over(rgba: Rgba, background: Colour) -> Float[np.ndarray, "h w 3"]:
    """The colours composited over a background."""
    alpha = rgba[..., 3:]
    return rgba[..., :3] * alpha + np.asarray(background, dtype=rgba.dtype) * (1 - alpha)


def to_bytes(colours: Float[np.ndarray, "*size"]) -> UInt8[np.ndarray, "*size"]:
    """0 to 1 as 0 to 255, rounded."""
    return np.round(np.clip(colours, 0, 1) * 255).astype(np.uint8)


# --- films ------------------------------------------------------------------------------------------------------


def write_turntable(
    path: str | Path,
    frames: Iterable[Rgba],
    *,
    count: int,
    fps: float = 25.0,
    background: Colour | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> bool:
    """Write `count` pictures of one size as a film: True when it is there, False when it was cancelled.

    The ending says which kind: `.mp4` (H.264, plays everywhere), `.gif` (loops), and `.png` or none for a folder of
    that name with a numbered picture each. Films have no transparency: where no background is given they are over
    white; pictures stay transparent. Cancelling, and every failure, leaves nothing behind.
    Raises UserError for another ending, a full disk, or a folder that may not be written to.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (*FILM_ENDINGS, ".png", ""):
        raise UserError(f"{path.name} is of no known film format.", "End it in .mp4 or .gif, or name a folder.")
    watched = _watched(frames, count, progress, cancelled)
    try:
        with replacing(path.with_suffix("") if ending == ".png" else path) as temporary:
            if ending == ".mp4":
                _write_mp4(temporary, watched, fps, background or WHITE)
            elif ending == ".gif":
                _write_gif(temporary, watched, fps, background or WHITE)
            else:
                _write_pictures(temporary, watched, background)
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


def _write_mp4(path: Path, frames: Iterator[Rgba], fps: float, background: Colour) -> None:
    """Through an ffmpeg of our own: only its exit code tells whether everything reached the disk."""
    from imageio_ffmpeg import get_ffmpeg_exe

    first = _even(to_bytes(over(next(frames), background)))
    height, width = first.shape[:2]
    pictures = itertools.chain([first], (_even(to_bytes(over(frame, background))) for frame in frames))
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


def _write_gif(path: Path, frames: Iterator[Rgba], fps: float, background: Colour) -> None:
    from PIL import Image

    pictures = (Image.fromarray(to_bytes(over(frame, background))).quantize(256) for frame in frames)
    first = next(pictures)
    first.save(path, "GIF", save_all=True, append_images=pictures, duration=round(1000 / fps), loop=0)


def _write_pictures(folder: Path, frames: Iterator[Rgba], background: Colour | None) -> None:
    folder.mkdir()
    for index, frame in enumerate(frames):
        write_image(folder / f"{index:04d}.png", frame, background=background)
