"""A film along a path, made with the mouse and keys in a real window."""

import pytest

from kpnerf.core.project_file import open_with_history
from kpnerf.viewer.filming import EARLIER, LATER

from .test_export_tasks import frames_in

pytestmark = pytest.mark.window
YAW = 0


def turn(window, dx_px: float) -> dict:
    """Orbit by a drag; the state once everything is drawn."""
    x, y, width, height = window.state()["avatar"]
    window.move(x + width / 2, y + height / 2)
    window.press()
    window.move(x + width / 2 + dx_px, y + height / 2)
    window.release()
    return window.ready()


def add_view(window, dx_px: float) -> float:
    """Orbit, and add the view by its key; its yaw."""
    count = len(window.state()["path"])
    yaw = turn(window, dx_px)["eye"][YAW]
    window.key("k")
    assert window.until(lambda s: len(s["path"]) == count + 1)["path"][count][YAW] == pytest.approx(yaw, abs=1e-5)
    return yaw


def rows_of(state: dict) -> list[str]:
    """The list of views, as it can be clicked on."""
    return sorted(label for label, kind, *_ in state["widgets"] if kind == "mvSelectable" and "   yaw " in label)


def test_a_film_is_made_along_views_that_were_added(start, sample_project):
    """Orbit, add, orbit, add, play, save the film, undo, save the project, and it is all there when opened again."""
    window = start(str(sample_project))
    window.ready()
    x, y = window.place_of("Export")
    window.click(x, y)

    # Playing a path of no views is told in a sentence.
    window.key("p")
    window.until(lambda s: s["status"][1].startswith("A path of no views leads nowhere."))
    first = add_view(window, 80)
    window.key("p")
    window.until(lambda s: s["status"][1].startswith("A path of one view leads nowhere."))
    window.move(x, y + 60)
    for _ in range(12):
        window.do("click", 5)  # to the end of the panel
    window.click_on("Save film along the path…")
    window.until(lambda s: s["dialog"])
    window.key("Escape")
    window.until(lambda s: not s["dialog"])
    last = add_view(window, -160)
    assert first < -0.1 and last > 0.1

    # It is played as the turntable is: by a key, and stopped by Space; and by a button to its end.
    window.key("p")
    window.until(lambda s: s["playing"] and first < s["eye"][YAW] < 0.5 * last)
    window.key("space")
    stopped = window.until(lambda s: not s["playing"])["eye"][YAW]
    window.frame(5)
    assert window.state()["eye"][YAW] == stopped
    window.click_on("Play the path")
    window.until(lambda s: s["playing"])
    window.click_on("Stop")
    window.until(lambda s: not s["playing"])
    window.key("p")
    ended = window.until(lambda s: not s["playing"] and abs(s["eye"][YAW] - last) < 1e-5)
    assert ended["entries"] == ["Open", "Add view 1 to the path", "Add view 2 to the path"]

    # A row leads back to its view; what is done then is done to this one.
    rows = window.until(lambda s: len(rows_of(s)) == 2)
    window.click_on(rows_of(rows)[0], "mvSelectable")
    there = window.until(lambda s: s["key_view"] == 0 and not s["moving"])
    assert there["eye"][YAW] == pytest.approx(first, abs=1e-5)
    window.click_on(LATER)
    window.until(lambda s: s["undo"] == "Make view 1 of the path view 2" and s["path"][1][YAW] == there["path"][0][YAW])
    assert window.state()["key_view"] == 1
    window.click_on(EARLIER)
    window.until(lambda s: s["undo"] == "Make view 2 of the path view 1" and s["path"] == there["path"])
    window.key("ctrl+z", "ctrl+z")
    window.until(lambda s: s["cursor"] == 2)
    window.click_on(rows_of(rows)[0], "mvSelectable")
    window.until(lambda s: s["key_view"] == 0 and not s["moving"])
    turn(window, 30)
    window.click_on("Replace")
    window.until(lambda s: s["undo"] == "Replace view 1 of the path" and s["path"][0][YAW] < first - 0.05)
    window.click_on("Remove")
    assert len(window.until(lambda s: s["undo"] == "Remove view 1 of the path")["path"]) == 1
    window.key("ctrl+z", "ctrl+z")
    window.until(lambda s: len(s["path"]) == 2 and s["cursor"] == 2)
    x, y = window.place_of("Between views", "mvDragFloat")
    window.move(x, y)
    window.press()
    for step in range(1, 6):
        window.move(x - 15 * step, y)
    window.release()
    seconds = window.until(lambda s: s["undo"] == "Seconds of the path" and s["timing"][0] < 2)["timing"][0]

    # The film lasts as long as the path.
    window.click_on("Save film along the path…")
    film = window.answer("film.mp4")
    window.until(lambda s: s["status"][1] == "Saved film.mp4", 120)
    assert frames_in(film) == max(2, round(24 * seconds))
    window.click_on("loop", "mvCheckbox")
    window.until(lambda s: s["timing"][1] and s["undo"] == "Loop the path")

    window.key("ctrl+shift+s")
    project = window.answer("filmed.kpnerf")
    saved = window.until(lambda s: s["saved"] and s["title"] == "filmed.kpnerf — kpnerf")
    window.press_close_button()
    assert window.ended() == 0
    document, history = open_with_history(project)
    assert [view.yaw for view in document.camera_path.views] == [view[YAW] for view in saved["path"]]
    assert [step.operations[0][0] for step in history] == ["path-add", "path-add", "path-seconds", "path-loop"]
    again = start(str(project))
    opened = again.ready()
    assert (opened["path"], opened["timing"]) == (saved["path"], saved["timing"])
    again.click_on("Export")
    again.until(lambda s: len(rows_of(s)) == 2)
    assert window.failures() + again.failures() == ""
