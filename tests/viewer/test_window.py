"""The real window, under a real mouse and keyboard."""

import math
import time

import numpy as np
import pytest
import trimesh
from PIL import Image

from kpnerf.core.keypoints import HEAD

from .test_export_tasks import frames_in

pytestmark = pytest.mark.window
NOSE = HEAD.index("nose tip")


def test_from_a_drag_to_a_saved_project_and_back(start):
    """The whole way: drag, see it answer, undo, picture, turntable, mesh, save, close, open again."""
    window = start()
    before = window.ready()
    assert len(before["hints"]) == 3  # the first start of all, over the sample

    # A keypoint is dragged, and while the button is still held the avatar has changed.
    x, y = before["points"][0]["nose tip"]
    window.move(x, y)
    window.press()
    for step in range(1, 9):
        window.move(x + 4 * step, y + 2 * step)
    during = window.until(lambda s: s["progress"] == 1 and s["picture"] != before["picture"])
    moved = np.subtract(during["keypoints"][NOSE], before["keypoints"][NOSE])

    assert np.linalg.norm(moved) > 0.002
    assert during["entries"] == ["Open"]
    window.release()
    assert window.until(lambda s: s["undo"] == "Move nose tip")["saved"] is False

    # Undo gives the same picture back, redo the other.
    window.key("ctrl+z")
    undone = window.until(lambda s: s["progress"] == 1 and s["picture"] == before["picture"])
    assert undone["keypoints"] == before["keypoints"]
    window.key("ctrl+shift+z")
    window.until(lambda s: s["progress"] == 1 and s["picture"] == during["picture"])

    # A hint goes once it was followed: a point was dragged, the avatar is turned, commands are found.
    x, y, width, height = before["avatar"]
    window.until(lambda s: len(s["hints"]) == 2)
    window.move(x + width / 2, y + height / 2)
    window.press()
    window.move(x + width / 2 + 60, y + height / 2)
    window.release()
    window.until(lambda s: len(s["hints"]) == 1 and s["yaw"] != 0)
    window.key("ctrl+p")
    window.until(lambda s: s["dialog"] and s["typing"])
    window.key("Escape")
    window.until(lambda s: s["hints"] == [] and not s["dialog"])

    # A picture with alpha, a turntable that ffmpeg can read, and a mesh.
    window.click_on("Export")
    window.click_on("Save picture…")
    path = window.answer("avatar.png")
    window.until(lambda s: s["status"][1] == "Saved avatar.png")
    picture = Image.open(path)
    assert picture.mode == "RGBA" and max(picture.size) == 1024
    assert picture.getextrema()[3] == (0, 255)
    frames = next(w[2:] for w in window.state()["widgets"] if w[:2] == ["Frames", "mvInputInt"])
    window.click(frames[0] + 20, frames[1] + frames[3] / 2)
    window.until(lambda s: s["typing"])
    window.key("ctrl+a")
    window.type("14")
    window.key("Return")
    assert window.until(lambda s: not s["typing"])["mode"] == "colour"
    window.click_on("Save turntable…")
    path = window.answer("turn.mp4")
    window.until(lambda s: s["status"][1] == "Saved turn.mp4", 120)
    assert frames_in(path) == 14
    window.key("ctrl+p")
    window.until(lambda s: s["dialog"] and s["typing"])
    window.type("mesh")
    window.key("Return")
    window.place_of("Save")  # the palette is gone then, and takes no letters any more
    path = window.answer("me.glb")
    window.until(lambda s: s["status"][1] == "Saved me.glb", 120)
    assert len(trimesh.load(path).to_geometry().faces) == 2

    # Saved, closed, opened again: everything is where it was.
    window.key("ctrl+s")
    project = window.answer("me.kpnerf")
    window.until(lambda s: s["saved"] and s["title"] == "me.kpnerf — kpnerf")
    window.press_close_button()
    assert window.ended() == 0
    again = start(str(project))
    opened = again.ready()
    np.testing.assert_allclose(opened["keypoints"], during["keypoints"], atol=1e-9)
    assert opened["picture"] == during["picture"]
    again.do("key", "ctrl+q")
    assert again.ended() == 0
    assert window.failures() + again.failures() == ""


def test_keys_and_gestures_of_the_avatar(start, sample_project):
    """Orbit, zoom, modes, overlays, turntable, input views, and no keys while typing."""
    window = start(str(sample_project))
    state = window.ready()
    x, y, width, height = state["avatar"]
    middle = (x + width / 2, y + height / 2)

    window.move(*middle)
    window.press()
    window.move(middle[0] + 100, middle[1])
    window.release()
    turned = window.ready()
    assert turned["yaw"] == pytest.approx(-100 * math.pi / height, abs=1e-6)
    assert turned["picture"] != state["picture"]

    window.do("click", 4)
    zoomed = window.until(lambda s: s["progress"] == 1 and s["picture"] != turned["picture"])
    assert zoomed["yaw"] == turned["yaw"]

    window.key("3")
    assert window.until(lambda s: s["mode"] == "depth")["saved"] is True
    window.key("1", "bracketright")
    window.until(lambda s: s["view"] == 1 and s["progress"] == 1)
    window.key("space")
    window.until(lambda s: s["playing"])
    window.key("space")
    window.until(lambda s: not s["playing"])
    window.key("shift+f")
    window.until(lambda s: s["yaw"] == 0 and s["progress"] == 1)

    # In the file dialog keys are text, and Esc closes it.
    window.key("ctrl+o")
    window.until(lambda s: s["dialog"])
    window.type("24")
    window.key("Escape")
    closed = window.until(lambda s: not s["dialog"])
    assert closed["mode"] == "colour"
    window.key("question")
    window.until(lambda s: s["dialog"])
    window.key("Escape")
    window.until(lambda s: not s["dialog"])
    assert window.failures() == ""


def test_keys_and_gestures_of_photos(start, sample_project):
    """Select, add, nudge, occlude, unplace, back to detection, box, zoom, pan, Esc in mid-drag."""
    window = start(str(sample_project))
    state = window.ready()
    chin, nose = state["points"][1]["chin"], state["points"][1]["nose tip"]

    window.click(*chin)
    assert window.until(lambda s: s["selected"] == ["chin"])["view"] == 1
    window.do("keydown", "shift")
    window.click(*nose)
    window.do("keyup", "shift")
    window.until(lambda s: s["selected"] == ["chin", "nose tip"])
    window.key("Right")
    window.until(lambda s: s["undo"] == "Nudge 2 points")
    window.click(*state["points"][2]["chin"], button=3)
    window.until(lambda s: s["undo"] == "Occlude 2 points")
    window.key("o")
    window.until(lambda s: s["undo"] == "Show 2 points")
    window.key("Delete")
    window.until(lambda s: s["undo"] == "Unplace 2 points")
    window.key("d")
    window.until(lambda s: s["undo"] == "Snap back 2 points")
    window.key("Escape")
    window.until(lambda s: s["selected"] == [])

    x, y, width, height = state["photos"][0]
    window.move(x + 5, y + height - 5)
    window.press()
    window.move(x + width / 2, y + height / 2)
    window.move(x + width - 5, y + 5)
    window.release()
    window.until(lambda s: len(s["selected"]) == len(HEAD))
    window.key("Escape")

    before = window.until(lambda s: s["selected"] == [])
    window.move(*before["points"][0]["nose tip"])
    window.do("click", 4)
    zoomed = window.until(lambda s: math.dist(s["points"][0]["chin"], before["points"][0]["chin"]) > 2)
    np.testing.assert_allclose(zoomed["points"][0]["nose tip"], before["points"][0]["nose tip"], atol=1.0)
    window.press(2)
    window.move(x + width / 2, y + height / 2)
    window.release(2)
    entries = window.until(lambda s: math.dist(s["points"][0]["nose tip"], before["points"][0]["nose tip"]) > 5)[
        "entries"
    ]

    start_at = window.state()["points"][0]["nose tip"]
    window.move(*start_at)
    window.press()
    window.move(start_at[0] + 40, start_at[1])
    window.key("Escape")
    window.release()
    after = window.until(lambda s: s["entries"] == entries)
    np.testing.assert_allclose(after["points"][0]["nose tip"], start_at, atol=1e-6)
    assert window.failures() == ""


def test_closing_asks_when_something_would_be_lost(start, sample_project):
    """“Cancel” keeps the window, “Save” saves and closes it."""
    window = start(str(sample_project))
    edit_something(window)
    window.press_close_button()
    window.until(lambda s: s["dialog"])
    window.click_on("Cancel")
    window.until(lambda s: not s["dialog"])
    window.key("ctrl+shift+s")
    saved = window.answer("mine.kpnerf")
    window.until(lambda s: s["saved"])
    edit_something(window)
    before = saved.read_bytes()
    window.press_close_button()
    window.move(*window.place_of("Save"))
    window.press()
    window.do("mouseup", 1)

    assert window.ended() == 0
    assert saved.read_bytes() != before
    assert window.failures() == ""


def test_changes_can_be_thrown_away(start, sample_project):
    """“Don’t save” closes the window and leaves the file alone; Esc is no answer."""
    before = sample_project.read_bytes()
    window = start(str(sample_project))
    edit_something(window)
    window.press_close_button()
    window.until(lambda s: s["dialog"])
    window.key("Escape")
    window.until(lambda s: not s["dialog"])
    window.press_close_button()
    window.move(*window.place_of("Don’t save"))
    window.press()
    window.do("mouseup", 1)

    assert window.ended() == 0
    assert sample_project.read_bytes() == before
    assert window.failures() == ""


def edit_something(window) -> None:
    """Occlude the chin in the first photo, or show it again."""
    state = window.ready()
    window.click(*state["points"][0]["chin"])
    window.key("o")
    window.until(lambda s: not s["saved"])


def test_moved_photos_are_asked_for(start, moved_project, tmp_path):
    """The folder they are in now is chosen, and the project opens."""
    window = start(str(moved_project))
    window.click_on("Choose the folder…")
    window.until(lambda s: s["typing"])
    window.type(str(tmp_path / "elsewhere"))
    window.key("Return")
    state = window.until(lambda s: len(s["photos"]) == 3 and s["progress"] == 1)
    window.press_close_button()

    assert state["title"] == "moved.kpnerf — kpnerf"
    assert window.ended() == 0
    assert window.failures() == ""


def test_a_window_shrunk_to_nothing_and_a_storm_of_resizing(start, sample_project):
    """It comes back with a picture of the right shape."""
    window = start(str(sample_project))
    window.ready()
    window.resize(1, 1)
    window.until(lambda s: s["window"] == [1, 1])
    window.frame(5)
    rng = np.random.default_rng(3)
    for width, height in rng.integers(1, 1400, (60, 2)):
        window.do("windowsize", window.window(), width, height)
    window.resize(1200, 800)
    window.until(lambda s: s["window"] == [1200, 800])
    window.ready()
    window.press_close_button()

    assert window.ended() == 0
    assert window.failures() == ""


def test_closing_in_the_middle_of_a_drawing_and_of_an_export_is_prompt(start, sample_project):
    """Nobody waits for what nobody will see, and the half film is gone."""
    window = start("--slow", "2", str(sample_project))
    window.until(lambda s: s["keypoints"] is not None and s["status"][1].startswith("Refining"), 120)
    window.click_on("Export")
    window.click_on("Save turntable…")
    path = window.answer("turn.mp4")
    window.until(lambda s: s["status"][1].startswith("Drawing"))
    began = time.monotonic()
    window.press_close_button()

    assert window.ended() == 0
    assert time.monotonic() - began < 5
    assert not list(path.parent.glob("turn*"))


@pytest.mark.parametrize("content", ["nothing", "text"])
def test_bad_files_on_the_command_line_are_told_in_a_dialog(start, tmp_path, content):
    """The window opens all the same."""
    path = tmp_path / "photo.jpg"
    if content == "text":
        path.write_text("no picture")
    window = start(str(path))
    window.until(lambda s: s["dialog"] and s["status"][0] != "busy", 60)
    window.click_on("OK")
    window.until(lambda s: not s["dialog"])
    window.do("key", "ctrl+q")

    assert window.ended() == 0
    assert window.failures() == ""
