"""A screen of its own, a mouse and a keyboard for the tests, and the window seen from outside."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import ImageGrab

ROOT = Path(__file__).parents[2]
SIZE = "1200x880"
"""Of the window: room for everything, and not too much to draw without a graphics card."""


class Screen:
    """An X server without a window manager."""

    def __init__(self, size: str = "1600x1000", extra: tuple[str, ...] = ()) -> None:
        read, write = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp", *extra],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as numbers:
            self.name = f":{numbers.readline().strip()}"

    def close(self) -> None:
        """Switch it off."""
        self._server.terminate()
        self._server.wait(10)


class Driven:
    """The program, run by `drive.py` on a screen."""

    def __init__(self, screen: Screen, folder: Path, *arguments: str) -> None:
        self._state_file = folder / "state.json"
        self._state_file.unlink(missing_ok=True)  # of a program that ran in this folder before
        self._screen = screen
        environment = os.environ | {
            "DISPLAY": screen.name,
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(folder / "log"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "MPLCONFIGDIR": str(Path(tempfile.gettempdir()) / "kpnerf-matplotlib"),  # or it looks for fonts each time
            "OMP_WAIT_POLICY": "PASSIVE",
            "OPENBLAS_NUM_THREADS": "1",
        }
        self.environment = environment
        self.log = folder / "errors.txt"
        self.folder = folder
        size = [] if "--size" in arguments or "--remembered-size" in arguments else ["--size", SIZE]
        command = [sys.executable, "-m", "tests.viewer.drive", str(self._state_file), *size, *arguments]
        with self.log.open("w") as errors:
            # A session of its own, as a desktop gives every program: Linux shares the processor out by them first.
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=errors, stderr=errors, start_new_session=True
            )

    # --- seeing

    def state(self) -> dict:
        """What there is to see now."""
        return json.loads(self._state_file.read_text())

    def until(self, holds: Callable[[dict], bool], seconds: float = 60.0) -> dict:
        """The first state for which something holds; AssertionError when it does not come, or the program ends."""
        deadline = time.monotonic() + seconds
        state: dict = {}
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"ended with {self.process.poll()}: {self.log.read_text()[-3000:]}"
            if self._state_file.exists():
                state = self.state()
                if holds(state):
                    return state
            time.sleep(0.03)
        told = {name: value for name, value in state.items() if name not in ("widgets", "points")}
        raise AssertionError(f"waited in vain: {told}")

    def ready(self, seconds: float = 120.0) -> dict:
        """The state once everything is drawn to its end."""
        return self.until(lambda s: s["progress"] == 1 and s["status"][0] in ("ready", "note"), seconds)

    def failures(self) -> str:
        """What went to the log file."""
        return "".join(file.read_text() for file in (self.folder / "log").rglob("*.log"))

    def picture(self) -> np.ndarray:
        """The window's pixels (height, width, red green blue) as they are on the screen, two frames from now."""
        self.frame()
        left, top = (round(side) for side in self.state()["position"])
        width, height = self.state()["window"]
        whole = ImageGrab.grab(xdisplay=self._screen.name)
        return np.asarray(whole.convert("RGB"))[top : top + height, left : left + width]

    # --- doing

    def do(self, *words: object) -> None:
        """One xdotool command, on this program's screen."""
        subprocess.run(["xdotool", *map(str, words)], env={**os.environ, "DISPLAY": self._screen.name}, check=True)

    def move(self, x: float, y: float) -> None:
        """Put the pointer somewhere in the window, and give it a frame to notice."""
        left, top = self.state()["position"]
        self.do("mousemove", round(left + x), round(top + y))
        self.frame()

    def press(self, button: int = 1) -> None:
        """Hold a button."""
        self.do("mousedown", button)
        self.frame()

    def release(self, button: int = 1) -> None:
        """Let it go."""
        self.do("mouseup", button)
        self.frame()

    def click(self, x: float, y: float, button: int = 1) -> None:
        """Press and let go in one place."""
        self.move(x, y)
        self.press(button)
        self.release(button)

    def key(self, *keys: str) -> None:
        """Press keys such as ctrl+z, one after another."""
        for key in keys:
            self.do("key", key)
            self.frame()

    def type(self, text: str) -> None:
        """Type a text."""
        self.do("type", "--delay", 15, "--", text)
        self.frame()

    def frame(self, count: int = 2) -> None:
        """Wait until the window has been drawn some more times."""
        before = self.state()["frames"]
        self.until(lambda s: s["frames"] >= before + count)

    def click_on(self, label: str, kind: str = "mvButton") -> None:
        """Click a widget by what is written on it."""
        self.click(*self.place_of(label, kind))

    def place_of(self, label: str, kind: str = "mvButton") -> tuple[float, float]:
        """The middle of a widget, once it has stopped moving: dialogs take some frames to find their place."""
        places: list[list[float]] = []

        def rests(state: dict) -> bool:
            found = [widget[2:] for widget in state["widgets"] if widget[:2] == [label, kind]]
            places.extend(found[:1] if state["steady"] else [])
            return bool(found) and state["steady"] and len(places) > 1 and places[-1] == places[-2]

        looks = {-1.0}
        deadline = time.monotonic() + 30
        while not rests(state := self.until(lambda s: s["looked_at"] not in looks)):
            looks.add(state["looked_at"])
            assert time.monotonic() < deadline, f"no {label} to click on"
        x, y, width, height = places[-1]
        return x + width / 2, y + height / 2

    def answer(self, name: str) -> Path:
        """Write the name of a file into the open file dialog and press Enter; the file it means."""
        self.until(lambda s: s["dialog"] and s["typing"])
        self.type(f"~/{name}")
        self.key("Return")
        self.until(lambda s: not s["dialog"])
        return self.folder / name

    def window(self) -> int:
        """The window's number, by X."""
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid)],
            env={**os.environ, "DISPLAY": self._screen.name},
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        if not found:
            found = subprocess.run(
                ["xdotool", "search", "--name", "kpnerf"],
                env={**os.environ, "DISPLAY": self._screen.name},
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()
        return int(found[0])

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self.do("windowsize", self.window(), width, height)

    def press_close_button(self) -> None:
        """What a window manager sends when its ✕ is pressed."""
        send_close_request(self._screen.name, self.window())

    def ended(self, seconds: float = 20.0) -> int:
        """The exit code, waiting for it; AssertionError with what every thread is doing where it does not come."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the program does not end: {self.where_it_is()}") from None

    def where_it_is(self) -> str:
        """What every thread is doing."""
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(1)
        return self.log.read_text()[-6000:]

    def kill(self) -> None:
        """Make an end, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class _ClientMessage(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
    ]


class _Event(ctypes.Union):
    _fields_ = [("client", _ClientMessage), ("room", ctypes.c_long * 24)]


def send_close_request(display_name: str, window: int) -> None:
    """WM_DELETE_WINDOW (ICCCM 4.2.8.1)."""
    xlib = ctypes.CDLL("libX11.so.6")
    pointer, ulong = ctypes.c_void_p, ctypes.c_ulong
    xlib.XOpenDisplay.restype, xlib.XInternAtom.restype = pointer, ulong
    xlib.XInternAtom.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int]
    xlib.XSendEvent.argtypes = [pointer, ulong, ctypes.c_int, ctypes.c_long, pointer]
    xlib.XCloseDisplay.argtypes = [pointer]
    display = xlib.XOpenDisplay(display_name.encode())
    event = _Event()
    event.client.type, event.client.window, event.client.format = 33, window, 32
    event.client.message_type = xlib.XInternAtom(display, b"WM_PROTOCOLS", 0)
    event.client.data[0] = xlib.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
    xlib.XSendEvent(display, window, 0, 0, ctypes.byref(event))
    xlib.XCloseDisplay(display)
