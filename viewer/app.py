"""`kpnerf-viewer`: the program around the window."""

import argparse
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import UserError
from ..core.processor import right_of_way, share_processor
from .display import check_display, is_drawn_by_processor, screen_scale
from .handover import Listener, hand_over
from .pace import Pace

if TYPE_CHECKING:  # everything that needs numpy is imported after `share_processor`
    from .engine import Engine, LoadEngine
    from .window import Window

SIZE, POSITION = (1440, 900), (40, 40)
"""Of the window, pixels; not in the corner, where its title bar might lie outside the screen."""
SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter while another wants it: a fifth of the usual, for a frame asks for it
several times."""
SMALLEST = 200
"""Side of a window that is worth remembering, pixels."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; its exit code."""
    share_processor()
    options = parse(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        screen = check_display()
        if options.paths and not options.new_window and hand_over(options.paths):
            return 0  # it is in the window that was open already
        chosen = {"size": options.size, "scale": options.scale, "theme": options.theme}
        code = App(load_avatar, options.paths, usual_size=_fitting(screen), **chosen).run()
    except UserError as error:
        print(f"kpnerf-viewer: {error}", file=sys.stderr)
        return 2
    return code


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
        help="photos or a folder of them, a capture folder, or a project (default: a sample)",
    )
    parser.add_argument("--size", type=_size, metavar="WxH", help="of the window, pixels")
    parser.add_argument("--scale", type=_scale, metavar="S", help="of text and controls, e.g. 1.5 or 2")
    parser.add_argument("--theme", choices=("dark", "light"), help="colours of the window")
    parser.add_argument("--new-window", action="store_true", help="open another window, also where one is open")
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
        usual_size: tuple[int, int] = SIZE,
        size: tuple[int, int] | None = None,
        scale: float | None = None,
        theme: str | None = None,
        on_frame: "Callable[[App], None] | None" = None,
    ) -> None:
        """`paths`: what to open, nothing meaning the sample. `on_frame` is called after every frame.

        None: as it was the last time, or else `usual_size`, the screen's scale, and dark.
        """
        from ..core.journal import Journal
        from .preferences import Memory
        from .session import Session
        from .theme import Look

        self._memory = Memory()
        known = self._memory.now
        self._size = size or known.size or usual_size
        self._remembers_size = size is None
        self._look = Look(theme or known.theme, scale or known.scale or screen_scale(), usual_size)
        self.session = Session(load_engine)
        self.session.journal = Journal()
        self.session.now = time.monotonic()
        self.session.photo_folders = tuple(Path(folder) for folder in known.photo_folders)
        self._listener = Listener()
        self._paths = list(paths)
        self._on_frame = on_frame
        self._interrupted = False
        self._last_failure = ""
        self._sources: tuple[Path, ...] = ()
        self._has_settled = False
        self._pace = Pace()
        self._way: Callable[[], AbstractContextManager[object]] = nullcontext

    def run(self) -> int:
        """Show the window until it is closed; the exit code."""
        import dearpygui.dearpygui as dpg

        dpg.create_context()
        dpg.configure_app(manual_callback_management=True)
        self._make_window(None)
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
            clear_color=self._look.palette.window,
        )
        dpg.set_exit_callback(lambda: self.window.asking.quit())
        dpg.setup_dearpygui()
        dpg.show_viewport()
        dpg.render_dearpygui_frame()
        if is_drawn_by_processor():
            # A graphics card would be waited for, with the processor at rest.
            self._way = right_of_way
        sys.setswitchinterval(SWITCH_SECONDS)
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, lambda number, frame: self._interrupt())
        self._begin()
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
        self._listener.close()
        self.window.remember()
        if self._remembers_size and min(size := (dpg.get_viewport_width(), dpg.get_viewport_height())) >= SMALLEST:
            self._memory.change(size=size)
        ended = self.session.close(keep_journal=not self.window.asking.is_done)
        dpg.destroy_context()
        if not ended:
            # A thread is deep in a computation that nothing can interrupt, and the interpreter would wait for it.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
        return 0

    def _frame(self, dpg) -> None:
        """One frame; no failure in it ends the program."""
        with self._way():
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
        self._settle()
        self._guarded(self._remember_sources)
        self._guarded(self._take_handed_over)
        if self.window.wanted is not None and not self.window.dialogs.is_open:
            self._guarded(self._make_window_anew)
        if self._on_frame is not None:
            self._on_frame(self)

    def _settle(self) -> None:
        """Once there is a picture, what was brought up for it stays to the end of the program.

        Python need not look through it again whenever it looks for what can be freed: no thread runs meanwhile, and
        with the numerical libraries that takes longer than a frame may.
        """
        if not self._has_settled and self.session.shown is not None:
            self._has_settled = True
            gc.freeze()

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            if repr(error) != self._last_failure:  # a broken widget fails in every frame
                self._last_failure = repr(error)
                self.session.report(error)

    def _make_window(self, before: "Window | None") -> None:
        from .commands import COMMANDS
        from .keymap import load_keys
        from .theme import bind_theme, load_fonts
        from .window import Window

        if before is None or before.look.scale != self._look.scale:
            self._fonts = load_fonts(self._look.scale)
        bind_theme(self._look.palette, self._look.scale)
        commands, problem = load_keys(COMMANDS)
        self.window = Window(self.session, self._look, self._fonts, self._memory, commands=commands, before=before)
        if problem is not None:
            self.session.note(problem, "error")

    def _make_window_anew(self) -> None:
        """In another look: the session has everything that there is to show, so that nothing is lost."""
        import dearpygui.dearpygui as dpg

        assert self.window.wanted is not None
        self._look, before = self.window.wanted, self.window
        before.close()
        self._make_window(before)
        dpg.set_viewport_clear_color(list(self._look.palette.window))
        dpg.get_callback_queue()  # what was still to be told to the window that is gone

    def _begin(self) -> None:
        """Open what was asked for, unless somebody wants to go on where a crash was."""
        from .recovery import offer_restoring
        from .sample import sample_photos
        from .tasks import open_source

        def open() -> None:
            self._guarded(lambda: open_source(self.session, self._paths or sample_photos()))

        self._guarded(lambda: offer_restoring(self.session, self.window.dialogs, open))

    def _remember_sources(self) -> None:
        """Among what was opened lately, but for the sample."""
        from .sample import is_sample

        sources, folders = self.session.sources, self.session.photo_folders
        if sources is not self._sources:
            self._sources = sources
            if sources and not is_sample(sources):
                self._memory.opened(sources)
        self._memory.change(photo_folders=tuple(map(str, folders)))

    def _take_handed_over(self) -> None:
        """Open what another start of the program was given."""
        paths = self._listener.take()
        if paths is not None:
            self.window.asking.open_paths(paths)

    def _interrupt(self) -> None:
        self._interrupted = True


def _call(callback: Callable, arguments: Sequence[object]) -> None:
    """With as many of Dear PyGui's arguments (sender, value, user data) as the callback takes."""
    count = callback.__code__.co_argcount - (1 if hasattr(callback, "__self__") else 0)
    callback(*arguments[:count])


if __name__ == "__main__":
    sys.exit(main())
