"""The pictures of the window that the README shows, made anew: `python -m tests.viewer.pictures OUTDIR`.

The real program with the real network, under a screen of its own, with a real mouse. Needs Xvfb and xdotool.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from kpnerf.core.atomic_file import replacing

from .screen import Driven, Screen

LARGEST = 250 * 1024
"""Bytes of a picture."""
WIDEST = 1440
"""Pixels; wider windows are shown smaller."""
WINDOW, SCREEN = "1280x800", "2800x1800"
PATIENCE = 600.0
"""Seconds for a finished picture; a machine without a graphics card may be busy with other things."""

Show = Callable[[str], None]


def first_window(window: Driven, show: Show) -> None:
    """First start with the bundled photos, a point in the hand, the cameras, the avatar against a photo."""
    state = window.ready(PATIENCE)
    show("first_start")

    window.key("Escape")  # the hints have been seen
    window.key("m")
    window.until(lambda s: s["photos"][0][3] > 1.5 * state["photos"][0][3])
    window.frame(4)
    window.move(*window.state()["points"][0]["nose tip"])
    for _ in range(4):
        window.do("click", 4)
    window.frame(4)
    x, y = window.state()["points"][0]["left mouth corner"]
    window.move(x, y)
    window.press()
    for way in (6, 12, 9):
        window.move(x + way, y + way / 3)
    drawn(window)
    show("editing")
    window.key("Escape")
    window.release()
    window.key("m")
    rest_pointer(window)
    drawn(window)

    window.key("c")
    window.until(lambda s: len(s["apexes"]) == 3)
    drawn(window)
    show("cameras")
    window.key("c")

    window.key("h", "shift+1")
    window.until(lambda s: s["likeness"] is not None and not s["moving"], PATIENCE)
    window.click_on("Photos")
    rest_pointer(window)
    drawn(window)
    show("comparison")


def plain_window(name: str) -> Callable[[Driven, Show], None]:
    """Nothing but the window as it comes, with a keypoint chosen."""

    def pictures(window: Driven, show: Show) -> None:
        state = window.ready(PATIENCE)
        window.key("Escape")  # the hints have been seen
        window.click(*state["points"][0]["nose tip"])
        rest_pointer(window)
        drawn(window)
        show(name)

    return pictures


SCENES: dict[str, tuple[Callable[[Driven, Show], None], tuple[str, ...]]] = {
    "dark": (first_window, ("--size", WINDOW)),
    "light": (plain_window("light"), ("--size", WINDOW, "--theme", "light")),
    "hidpi": (plain_window("hidpi"), ("--size", "2400x1500", "--scale", "2")),
}


def drawn(window: Driven) -> None:
    """Wait until nothing is left to be drawn."""
    window.frame(4)
    window.until(lambda s: not s["moving"] and s["progress"] == 1, PATIENCE)
    window.frame(4)


def rest_pointer(window: Driven) -> None:
    """Put the pointer where nothing reacts to it."""
    width, height = window.state()["window"]
    window.move(0.5 * width, height - 4)


def save(pixels: np.ndarray, path: Path) -> int:
    """Write a picture in 256 colours, dithered as much as `LARGEST` allows; how many bytes it takes."""
    picture = Image.fromarray(pixels)
    if picture.width > WIDEST:
        size = (WIDEST, round(WIDEST * picture.height / picture.width))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    flat = picture.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=3)
    for strength in (1.0, 0.75, 0.5, 0.25, 0.0):
        mixed = Image.blend(flat.convert("RGB"), picture, strength)
        buffer = io.BytesIO()
        mixed.quantize(palette=flat, dither=Image.Dither.FLOYDSTEINBERG).save(buffer, "PNG", optimize=True)
        if buffer.tell() <= LARGEST:
            break
    else:
        raise RuntimeError(f"{path.name} takes {buffer.tell()} bytes even without dithering; make its window smaller")
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
    return buffer.tell()


@contextmanager
def started(screen: Screen, *arguments: str) -> Iterator[Driven]:
    """The program as somebody sees it who has never started it before."""
    with tempfile.TemporaryDirectory() as folder:
        window = Driven(screen, Path(folder), "--engine", "avatar", *arguments)
        try:
            yield window
            failures = window.failures()
            if failures:
                raise RuntimeError(f"the window reported a failure:\n{failures}")
        finally:
            window.kill()


def main() -> int:
    """Make all pictures, or those of some windows."""
    parser = argparse.ArgumentParser(prog="python -m tests.viewer.pictures", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="OUTDIR")
    parser.add_argument("--only", nargs="+", choices=SCENES, default=list(SCENES), help="windows to open")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    screen = Screen(SCREEN)
    try:
        for name in options.only:
            act, arguments = SCENES[name]
            with started(screen, *arguments) as window:

                def show(title: str, window: Driven = window) -> None:
                    path = options.folder / f"{title}.png"
                    print(f"{path}: {save(window.picture(), path) / 1024:.0f} KiB", flush=True)

                act(window, show)
    finally:
        screen.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
