"""Random mouse and keys in the real window, for minutes: no traceback, and everything can be taken back."""

import contextlib
import random
import shutil
import subprocess
import time
from pathlib import Path

from kpnerf.viewer.commands import COMMANDS

from ..viewer.screen import Driven, Screen
from .figures import Figures

LEFT_ALONE = ("Quit", "Open the sample")
"""Closing is tried by other tests, and the sample takes seconds to be looked at."""
_X_NAMES = {
    "[": "bracketleft", "]": "bracketright", "?": "question", "=": "equal", "-": "minus", ",": "comma",
    ".": "period", ";": "semicolon", "Backspace": "BackSpace", "Space": "space", "Escape": "Escape",
}  # fmt: skip


class Monkey:
    """Presses, drags, turns and types anywhere in a window; says what it did."""

    def __init__(self, driven: Driven, seed: int) -> None:
        self._driven = driven
        self._rng = random.Random(seed)
        self._keys = [
            spelled(key) for command in COMMANDS if command.title not in LEFT_ALONE for key in command.keys
        ] + ["Return", "a", "7", "Escape"]
        self.actions = 0

    def act(self) -> None:
        """One thing, or several at once."""
        state, rng = self._driven.state(), self._rng
        asks_for_file = any(widget[:2] == ["Up", "mvButton"] for widget in state["widgets"]) and state["dialog"]
        if asks_for_file:  # by keys only: nothing is to be written into other folders
            words = ["key", rng.choice(["Escape", "Escape", "Return", "a", "ctrl+a", "BackSpace"])]
        elif state["dialog"] and rng.random() < 0.3:
            words = ["key", "Escape"]
        else:
            words = rng.choice([self._click, self._drag, self._wheel, self._press, self._press])(state)
        if words[0] == "key":  # goes to the window under the pointer
            words = ["mousemove", *self._somewhere(state), *words]
        self._driven.do(*words)
        self.actions += 1
        if rng.random() < 0.004:
            self._driven.resize(rng.randrange(60, 1500), rng.randrange(60, 950))
        self._keep_up(state["frames"] + rng.randrange(3))

    def _keep_up(self, frames: int) -> None:
        """Wait for the window, or what was done would pile up before a slow one; it may also have been closed."""
        while self._driven.process.poll() is None and self._driven.state()["frames"] <= frames:
            time.sleep(0.01)

    def _somewhere(self, state: dict) -> tuple[int, int]:
        """Anywhere, and more often where there is something: on a point, on a widget."""
        (left, top), (width, height) = state["position"], state["window"]
        places = [list(point) for points in state["points"] for point in points.values()]
        places += [[x + w / 2, y + h / 2] for label, kind, x, y, w, h in state["widgets"]]
        if places and self._rng.random() < 0.6:
            x, y = self._rng.choice(places)
        else:
            x, y = self._rng.uniform(0, width), self._rng.uniform(0, height)
        return max(round(left + x), 0), max(round(top + y), 0)  # a photo that is zoomed has points beyond the screen

    def _click(self, state: dict) -> list[object]:
        times = self._rng.choice([1, 1, 1, 2])
        place = ["mousemove", *self._somewhere(state), "sleep", 0.03]
        return [*place, "click", "--repeat", times, "--delay", 40, self._rng.choice([1, 1, 1, 2, 3])]

    def _drag(self, state: dict) -> list[object]:
        button = self._rng.choice([1, 1, 1, 2, 3])
        words = ["mousemove", *self._somewhere(state), "sleep", 0.03, "mousedown", button]
        for _ in range(self._rng.randrange(1, 5)):
            words += ["mousemove", *self._somewhere(state), "sleep", 0.03]
        return [*words, "mouseup", button]

    def _wheel(self, state: dict) -> list[object]:
        place = ["mousemove", *self._somewhere(state)]
        return [*place, "click", "--repeat", self._rng.randrange(1, 6), self._rng.choice([4, 5])]

    def _press(self, state: dict) -> list[object]:
        return ["key", *(self._rng.choice(self._keys) for _ in range(self._rng.randrange(1, 4)))]


def spelled(key) -> str:
    """A key as xdotool calls it."""
    held = [word for word, on in (("ctrl", key.ctrl), ("shift", key.shift), ("alt", key.alt)) if on]
    return "+".join([*held, _X_NAMES.get(key.name, key.name.lower() if len(key.name) == 1 else key.name)])


def run(folder: Path, project: Path, minutes: float, seed: int) -> str:
    """Let it loose on a project; what was done, or AssertionError with what went wrong."""
    shutil.rmtree(folder, ignore_errors=True)
    home = folder / "home"
    home.mkdir(parents=True)
    screen = Screen()
    try:
        tally = _on(screen, home, project, minutes, seed)
    finally:
        screen.close()
    return tally


def _on(screen: Screen, home: Path, project: Path, minutes: float, seed: int) -> str:
    ends = time.monotonic() + 60 * minutes
    actions, windows, entries, same = 0, 0, 0, 0
    figures = Figures(minutes)
    while time.monotonic() < ends:
        windows += 1
        driven = Driven(screen, home, str(project))
        try:
            first = driven.ready()
            monkey = Monkey(driven, seed + windows)
            while time.monotonic() < ends and driven.process.poll() is None:
                monkey.act()
                figures.note(driven.state())
            actions += monkey.actions
            figures.end_of_window()
            if driven.process.poll() is None:
                count, is_same = taken_back(driven, first)
                entries, same = entries + count, same + is_same
                close(driven)
            assert driven.ended(60) == 0, driven.log.read_text()[-2000:]
            assert driven.failures() == "", driven.failures()
            assert "Traceback" not in driven.log.read_text(), driven.log.read_text()
        finally:
            driven.kill()
    return (
        f"{minutes:g} minutes, {actions} actions, {windows} windows, {entries} entries taken back, "
        f"{same} times to exactly the first document, no traceback\n{figures}"
    )


def taken_back(driven: Driven, first: dict) -> tuple[int, bool]:
    """Undo everything there is; how much it was, and whether it led to `first`, as it does if nothing was opened."""
    driven.do("mouseup", 1, "mouseup", 2, "mouseup", 3)
    driven.resize(1200, 880)
    driven.until(lambda s: s["window"] == [1200, 880], 200)
    driven.frame(20)  # what was done last is still on its way
    driven.move(600, 400)  # keys go to the window under the pointer
    deadline = time.monotonic() + 200
    while driven.state()["dialog"] or driven.state()["typing"] or driven.state()["status"][0] == "busy":
        driven.key("Escape")
        assert time.monotonic() < deadline, f"it does not come to rest: {what_is_open(driven)}"
    count = cursor = driven.state()["cursor"]
    while cursor > 0:
        if driven.state()["dialog"]:  # what was pressed last may have opened one later
            driven.key("Escape")
        driven.do("key", "--repeat", min(cursor, 20), "--repeat-delay", 60, "ctrl+z")
        cursor = driven.until(lambda s, before=cursor: s["cursor"] < before or s["dialog"], 200)["cursor"]
    last = driven.state()
    is_first = last["opened"] == first["opened"]
    if is_first:
        for what in ("keypoints", "states", "pixels", "occluded", "cameras", "masks", "held_out", "distortion"):
            assert last[what] == first[what], what
    return count, is_first


def what_is_open(driven: Driven) -> str:
    """Dialogs, fields and tasks, what can be clicked, and what every thread is doing."""
    state = driven.state()
    labels = [label for label, *_ in state["widgets"]]
    return f"{[state[name] for name in ('dialog', 'typing', 'status')]} {labels} {driven.where_it_is()}"


def close(driven: Driven) -> None:
    """As a window manager does; what was saved in the meantime and taken back since is asked about."""
    deadline = time.monotonic() + 200
    while driven.process.poll() is None:
        state = driven.state()
        if any(widget[0] == "Don’t save" for widget in state["widgets"]):
            driven.move(*driven.place_of("Don’t save"))
            driven.press()
            driven.do("mouseup", 1)
        elif state["dialog"]:
            driven.key("Escape")
        else:
            driven.press_close_button()
        with contextlib.suppress(subprocess.TimeoutExpired):
            driven.process.wait(3)
        assert time.monotonic() < deadline, f"a window that does not close: {driven.where_it_is()}"
