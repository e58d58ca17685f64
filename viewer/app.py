"""`kpnerf-viewer`: the program around the window."""

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import UserError
from .display import check_display
from .pace import Pace

if TYPE_CHECKING:  # everything that needs numpy is imported after `share_processor`
    from .engine import Engine, LoadEngine

SIZE, POSITION = (1440, 900), (40, 40)
"""Of the window, pixels; not in the corner, where its title bar might lie outside the screen."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; its exit code."""
    share_processor()
    options = parse(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        screen = check_display()
        size = options.size or _fitting(screen)
        code = App(load_avatar, options.paths, size=size, scale=options.scale, theme=options.theme).run()
    except UserError as error:
        print(f"kpnerf-viewer: {error}", file=sys.stderr)
        return 2
    return code


def share_processor() -> None:
    """Keep numerical libraries from spinning while they wait: window and network share what may be two cores.

    With all threads spinning the first picture took ten times as long, and solving cameras twice. The libraries read
    this when they are first imported, so that it comes before everything else.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def load_avatar() -> "Engine":
    """The network with the bundled weights."""
    from ..core.pipeline import Avatar  # torch takes seconds to load: after the window is there

    return Avatar.load()


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line as values."""
    parser = argparse.ArgumentParser(
        prog="kpnerf-viewer", description="Photos of a person in, an avatar to orbit and edit out."
    )
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="SOURCE",
        help="photos, a capture folder, or a project (default: a sample)",
    )
    parser.add_argument("--size", type=_size, metavar="WxH", help="of the window, pixels")
    parser.add_argument("--scale", type=_scale, default=1.0, metavar="S", help="of text and controls, e.g. 1.5 or 2")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark", help="colours of the window")
    return parser.parse_args(arguments)


def _fitting(screen: tuple[int, int] | None) -> tuple[int, int]:
    """The usual size of the window, or less where the screen with its bars has no room for it."""
    if screen is None:
        return SIZE
    return min(SIZE[0], screen[0] - 2 * POSITION[0]), min(SIZE[1], screen[1] - 2 * POSITION[1])


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and min(int(width), int(height)) > 0):
        raise argparse.ArgumentTypeError(f"{text} is no size; write 1440x900")
    return int(width), int(height)


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0.5 <= scale <= 4:
        raise argparse.ArgumentTypeError(f"{text} is no scale; write a number from 0.5 to 4")
    return scale


class App:
    """The window and its frame loop."""

    def __init__(
        self,
        load_engine: "LoadEngine",
        paths: Sequence[Path] = (),
        *,
        size: tuple[int, int] = SIZE,
        scale: float = 1.0,
        theme: str = "dark",
        on_frame: "Callable[[App], None] | None" = None,
    ) -> None:
        """`paths`: what to open, nothing meaning the sample. `on_frame` is called after every frame."""
        from .session import Session

        self.session = Session(load_engine)
        self._paths = list(paths)
        self._size = size
        self._scale = scale
        self._theme = theme
        self._on_frame = on_frame
        self._interrupted = False
        self._last_failure = ""
        self._pace = Pace()

    def run(self) -> int:
        """Show the window until it is closed; the exit code."""
        import dearpygui.dearpygui as dpg

        from .theme import PALETTES, bind_theme, load_fonts
        from .window import Window

        dpg.create_context()
        dpg.configure_app(manual_callback_management=True)
        fonts = load_fonts(self._scale)
        palette = PALETTES[self._theme]
        bind_theme(palette, self._scale)
        self.window = Window(self.session, palette, fonts, self._scale)
        width, height = self._size
        icon = files("kpnerf.assets") / "icon.png"
        dpg.create_viewport(
            title="kpnerf",
            width=width,
            height=height,
            min_width=1,
            min_height=1,
            x_pos=POSITION[0],
            y_pos=POSITION[1],
            disable_close=True,
            small_icon=str(icon),
            large_icon=str(icon),
            clear_color=palette.window,
        )
        dpg.set_exit_callback(lambda: self.window.asking.quit())
        dpg.setup_dearpygui()
        dpg.show_viewport()
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, lambda number, frame: self._interrupt())
        self._open()
        title = None
        while dpg.is_dearpygui_running() and not self.window.asking.is_done and not self._interrupted:
            began = time.perf_counter()
            self._frame(dpg)
            if self.session.title != title:
                title = self.session.title
                dpg.set_viewport_title(title)
            self._pace.note(
                pointer=dpg.get_mouse_pos(local=False), moving=self.session.eye.is_moving or self.window.is_engaged
            )
            time.sleep(self._pace.rest(time.perf_counter() - began, busy=self.session.is_busy))
        ended = self.session.close()
        dpg.destroy_context()
        if not ended:
            # A thread is deep in a computation that nothing can interrupt, and the interpreter would wait for it.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
        return 0

    def _frame(self, dpg) -> None:
        """One frame; no failure in it ends the program."""
        dpg.render_dearpygui_frame()
        jobs = dpg.get_callback_queue() or []
        self._pace.note(jobs=len(jobs))
        for callback, *arguments in jobs:
            if callback is not None:
                self._guarded(partial(_call, callback, arguments))
        width, height, now = dpg.get_viewport_client_width(), dpg.get_viewport_client_height(), time.monotonic()
        self._guarded(lambda: self.window.read(width, height, now))
        self._guarded(lambda: self.session.update(now))
        self._guarded(lambda: self.window.draw(width, height))
        if self._on_frame is not None:
            self._on_frame(self)

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            if repr(error) != self._last_failure:  # a broken widget fails in every frame
                self._last_failure = repr(error)
                self.session.report(error)

    def _open(self) -> None:
        from .sample import sample_photos
        from .tasks import open_source

        self._guarded(lambda: open_source(self.session, self._paths or sample_photos()))

    def _interrupt(self) -> None:
        self._interrupted = True


def _call(callback: Callable, arguments: Sequence[object]) -> None:
    """With as many of Dear PyGui's arguments (sender, value, user data) as the callback takes."""
    count = callback.__code__.co_argcount - (1 if hasattr(callback, "__self__") else 0)
    callback(*arguments[:count])


if __name__ == "__main__":
    sys.exit(main())
