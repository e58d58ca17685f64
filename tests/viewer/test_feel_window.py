"""What makes the window a person's own: finding commands, keys, look, layout, recent things, one window for all."""

import subprocess
import sys

import pytest

from kpnerf.core.project_file import open_project, save_project

from .screen import ROOT

pytestmark = pytest.mark.window


def find(window, text: str) -> None:
    """Ctrl+P, a few letters, Enter."""
    window.key("ctrl+p")
    window.until(lambda s: s["dialog"] and s["typing"])
    window.type(text)
    window.key("Return")
    window.until(lambda s: not s["dialog"])


def test_the_first_start_and_what_the_second_remembers(start, sample_project):
    """A command found by typing, the theme live, a tooltip, the layout; then all of it again. Own photos: no hints."""
    window = start("--remembered-size", str(sample_project))
    window.until(lambda s: s["window"] == [1440, 900])
    window.resize(1180, 860)
    first = window.until(lambda s: s["progress"] == 1 and s["window"] == [1180, 860])
    assert first["hints"] == []
    x, y, width, height = first["avatar"]

    window.move(x + width / 2, y + height / 2)
    window.press()
    window.move(x + width / 2 + 60, y + height / 2)
    window.release()
    window.until(lambda s: s["yaw"] != 0)
    find(window, "face on")
    window.until(lambda s: s["yaw"] == 0)

    # Arrows choose among what was found; what cannot be done now is not done.
    window.key("ctrl+p")
    window.until(lambda s: s["dialog"] and s["typing"])
    window.type("show")
    window.key("Down", "Down", "Up", "Return")
    window.until(lambda s: not s["dialog"] and s["mode"] == "depth")
    find(window, "show colour")

    # Another look keeps what is open, selected and done.
    window.click(*window.ready()["points"][0]["chin"])
    window.key("o")
    before = window.until(lambda s: s["cursor"] == 1 and s["progress"] == 1)
    find(window, "light or dark")
    light = window.until(lambda s: s["theme"] == "light" and s["progress"] == 1)
    for what in ("entries", "selected", "picture", "keypoints", "photos"):
        assert light[what] == before[what], what
    window.key("ctrl+equal")
    large = window.until(lambda s: s["scale"] == 1.25)
    assert large["avatar"] != light["avatar"]
    window.key("ctrl+0", "ctrl+z")
    window.until(lambda s: s["scale"] == 1.0 and s["cursor"] == 0)

    # A tooltip says the key.
    window.move(*window.place_of("Solve again"))
    window.until(lambda s: s["tips"] == ["Solve again   F5"])

    # The divider is dragged.
    x = window.ready()["avatar"][0]
    window.move(x - 3, 400)
    window.press()
    window.move(x + 57, 400)
    window.release()
    dragged = window.until(lambda s: abs(s["avatar"][0] - x - 60) < 4)
    window.do("key", "ctrl+q")
    assert window.ended() == 0

    again = start("--remembered-size", folder=window.folder)
    state = again.until(lambda s: s["seconds"] > 0.2)
    assert state["theme"] == "light" and state["scale"] == 1.0
    assert state["window"] == dragged["window"]
    find(again, "open sample.kpnerf")  # what was opened lately can be found too
    state = again.ready()
    assert state["sources"] == [str(sample_project)]
    assert state["hints"] == []
    assert abs(state["avatar"][0] - dragged["avatar"][0]) < 2
    find(again, "reset layout")
    again.until(lambda s: s["window"] == [1440, 900] and s["avatar"][0] != state["avatar"][0])
    again.do("key", "ctrl+q")
    assert again.ended() == 0
    assert window.failures() == ""


def test_keys_of_ones_own_and_one_window_for_all(start, sample_project, tmp_path):
    """A file of keys with a mistake in it; paths that were copied; a second start that hands over."""
    other = tmp_path / "other.kpnerf"
    save_project(open_project(sample_project), other)
    home = tmp_path / "home"
    (home / "config" / "kpnerf-viewer").mkdir(parents=True)
    (home / "config" / "kpnerf-viewer" / "keys.toml").write_text(
        '"Show depth" = "K"\n"Explode" = "X"\n"Undo" = ["Ctrl+U", "Ctrl+Z"]\n'
    )
    window = start(str(sample_project), folder=home)
    window.until(lambda s: s["status"] == ["error", "keys.toml: there is no command “Explode”"])
    window.until(lambda s: s["progress"] == 1)
    window.key("3", "k")
    window.until(lambda s: s["mode"] == "depth")

    # Another start, with a file: it opens here, after asking, and that start ends at once.
    window.click(*window.state()["points"][0]["chin"])
    window.key("o")
    window.until(lambda s: s["cursor"] == 1)
    command = [sys.executable, "-m", "kpnerf.viewer.app", str(other)]
    second = subprocess.run(command, cwd=ROOT, env=window.environment, timeout=60, capture_output=True, text=True)
    assert (second.returncode, second.stderr) == (0, "")
    window.until(lambda s: s["dialog"])
    window.click_on("Don’t save")
    window.until(lambda s: s["sources"] == [str(other)] and s["cursor"] == 0)

    # Paths on the clipboard: copied here from a line of text.
    window.key("ctrl+o")
    window.until(lambda s: s["typing"])
    window.type(str(sample_project))
    window.key("ctrl+a", "ctrl+c", "Escape")
    window.until(lambda s: not s["dialog"])
    window.key("ctrl+v")
    window.until(lambda s: s["sources"] == [str(sample_project)] and s["progress"] == 1)
    window.do("key", "ctrl+q")
    assert window.ended() == 0
    assert window.failures() == ""
