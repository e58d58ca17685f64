"""Orbiting and dragging a keypoint with a real mouse, for minutes: memory stays flat, frames come in time."""

import math
import shutil
import time
from pathlib import Path

from ..viewer.screen import Driven, Screen
from .figures import MOST_GROWTH, Figures

POINT, VIEW = "nose tip", 0
STEPS, PAUSE = 60, 0.015
"""Of a drag; seconds between two of them."""
LOOK = 0.5
"""Seconds between two states that are written: writing one takes as long as a frame, which would be measured too."""


def run(folder: Path, project: Path, minutes: float) -> tuple[str, bool]:
    """Drag to and fro; what was measured, and whether memory stayed flat. AssertionError for a traceback."""
    shutil.rmtree(folder, ignore_errors=True)
    home = folder / "home"
    home.mkdir(parents=True)
    screen, figures, drags = Screen(), Figures(minutes), 0
    driven = Driven(screen, home, "--engine", "avatar", "--look", str(LOOK), str(project))
    try:
        driven.until(lambda s: s["progress"] == 1 or s["status"][0] == "error", 600)
        assert driven.failures() == "", driven.failures()
        figures = Figures(minutes)
        ends = time.monotonic() + 60 * minutes
        while time.monotonic() < ends:
            for place, reach in ((_middle_of_avatar, 0.3), (_point, 0.1)):
                state = driven.state()
                _drag(driven, place(state), reach * min(state["photos"][VIEW][2:]))
                figures.note(driven.state())
                drags += 1
        figures.end_of_window()
        last = driven.state()
        assert driven.failures() == "", driven.failures()
    finally:
        driven.kill()
        screen.close()
    told = f"{minutes:g} minutes, {drags} drags, {last['cursor']} entries in the history\n{figures}"
    return told, figures.growth <= MOST_GROWTH


def _middle_of_avatar(state: dict) -> tuple[float, float]:
    x, y, width, height = state["avatar"]
    return x + width / 2, y + height / 2


def _point(state: dict) -> tuple[float, float]:
    x, y = state["points"][VIEW][POINT]
    return x, y


def _drag(driven: Driven, start: tuple[float, float], reach: float) -> None:
    """Round an eight that ends where it began, with the button held."""
    left, top = driven.state()["position"]
    x, y = left + start[0], top + start[1]
    words: list[object] = ["mousemove", round(x), round(y), "sleep", 0.1, "mousedown", 1]
    for step in range(1, STEPS + 1):
        angle = 2 * math.pi * step / STEPS
        at = round(x + reach * math.sin(angle)), round(y + 0.5 * reach * math.sin(2 * angle))
        words += ["mousemove", *at, "sleep", PAUSE]
    driven.do(*words, "mouseup", 1, "sleep", 0.3)
