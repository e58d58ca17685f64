"""Cameras round the avatar, photos against it, outlines: with a real mouse in a real window."""

import numpy as np
import pytest

pytestmark = pytest.mark.window


def test_a_camera_is_dragged_compared_and_scaled(start, sample_project):
    """C shows the cameras; one is dragged; a wipe is dragged; a photo is held out and gets figures; a metre is told."""
    window = start(str(sample_project))
    first = window.ready()

    # The overview: every camera is in the picture, and follows the pointer on its sphere, as one entry.
    window.key("c")
    shown = window.until(lambda s: len(s["apexes"]) == 3 and not s["moving"] and s["progress"] == 1)
    left, top, width, height = shown["avatar"]
    for x, y in shown["apexes"]:
        assert left < x < left + width and top < y < top + height
    x, y = shown["apexes"][1]
    window.move(x, y)
    window.press()
    window.move(x + 12, y - 6)
    window.move(x + 24, y - 12)
    held = window.until(lambda s: s["cameras"][1] != shown["cameras"][1])
    assert held["entries"] == ["Open"] and held["view"] == 1
    assert held["eye"] == shown["eye"]
    window.release()
    moved = window.until(lambda s: s["entries"] == ["Open", "Camera of left.jpg"])
    np.testing.assert_allclose(moved["apexes"][1], [x + 24, y - 12], atol=4)
    distances = [np.linalg.norm(state["cameras"][1]) for state in (shown, moved)]
    assert distances[0] == pytest.approx(distances[1], rel=1e-6)
    assert moved["keypoints"] != shown["keypoints"]
    window.key("ctrl+z")
    window.until(lambda s: s["cameras"] == shown["cameras"])
    drag_from = (left + 20, top + 20)
    window.move(*drag_from)
    window.press()
    window.move(drag_from[0] + 40, drag_from[1])
    window.release()
    window.until(lambda s: s["eye"][0] != shown["eye"][0])  # beside the cameras a drag orbits
    window.key("c")
    window.until(lambda s: s["apexes"] == [] and not s["moving"])

    # A wipe against the chosen photo, its divider dragged; then the photo is held out and measured.
    window.key("shift+1")
    wiping = window.until(lambda s: s["comparing"][0] == "wipe" and not s["moving"] and s["likeness"] is not None)
    assert wiping["view"] == 1 and wiping["eye"][0] != first["eye"][0]
    before = window.picture()
    x, y = left + width / 2, top + height / 3
    window.move(x, y)
    window.press()
    window.move(x - 40, y)
    window.move(x - 100, y)
    window.release()
    divided = window.until(lambda s: s["comparing"][1] < 0.5)
    assert divided["comparing"][1] == pytest.approx((width / 2 - 100) / width, abs=0.01)
    assert divided["eye"] == wiping["eye"]
    after = window.picture()
    strip = np.s_[round(y) + 40 : round(y) + 120, round(x) - 80 : round(x) - 20]
    assert np.abs(after[strip].astype(int) - before[strip]).mean() > 5  # the photo where the avatar was
    window.key("h")
    held_out = window.until(lambda s: s["held_out"] == [False, True, False] and s["likeness"] is not None)
    assert held_out["undo"] == "Hold out left.jpg"
    assert 0 < held_out["likeness"][0] < 60
    window.key("shift+1")
    window.until(lambda s: s["comparing"][0] is None)

    # A distance that was measured, for the two selected points.
    rows = {widget[0]: widget[2:] for widget in window.state()["widgets"] if widget[1] == "mvSelectable"}
    for name, modifier in (("chin", None), ("forehead", "shift")):
        place = rows[name]
        if modifier:
            window.do("keydown", modifier)
        window.click(place[0] + 20, place[1] + place[3] / 2)
        if modifier:
            window.do("keyup", modifier)
            window.frame()
    window.until(lambda s: s["selected"] == ["chin", "forehead"])
    window.key("ctrl+p")
    window.until(lambda s: s["dialog"] and s["typing"])
    window.type("scale by")
    window.key("Return")
    window.until(lambda s: s["typing"] and any(widget[0] == "Apply" for widget in s["widgets"]))
    window.key("ctrl+a")
    window.type("0.3")
    window.key("Return")
    scaled = window.until(lambda s: s["undo"] == "Scale by forehead to chin" and not s["dialog"])
    grown = np.linalg.norm(scaled["cameras"], axis=1) / np.linalg.norm(held_out["cameras"], axis=1)
    assert grown[0] > 1.2 and np.ptp(grown) < 1e-9
    assert scaled["keypoints"] == held_out["keypoints"]
    assert window.failures() == ""


def test_an_outline_is_repaired_with_the_brush(start, sample_project):
    """B shows it, a drag adds, Shift takes away, Ctrl and wheel size the brush; each stroke is one entry."""
    window = start(str(sample_project))
    before = window.ready()
    plain = window.picture()
    window.key("b")
    window.until(lambda s: s["brush"][0])
    left, top, width, height = (round(side) for side in before["photos"][0])
    shown = window.picture()[top : top + height, left : left + width].astype(int)
    assert (np.abs(shown - plain[top : top + height, left : left + width]).max(axis=-1) > 60).sum() > 300

    x, y = before["points"][0]["forehead"]
    window.move(x + 90, y - 20)
    window.press()
    window.move(x + 90, y + 40)
    assert window.state()["masks"] == before["masks"]  # it is the end of a stroke that counts
    window.release()
    added = window.until(lambda s: s["undo"] == "Add to outline of front.jpg" and s["progress"] == 1)
    assert added["masks"][0] > before["masks"][0] + 1000
    assert added["pixels"] == before["pixels"]

    window.do("keydown", "ctrl")
    window.do("click", 4)
    window.until(lambda s: s["brush"][1] == pytest.approx(16 * 1.2))
    window.do("keyup", "ctrl")
    window.do("keydown", "shift")
    window.move(x + 90, y - 20)
    window.press()
    window.move(x + 90, y + 40)
    window.release()
    window.do("keyup", "shift")
    window.frame()  # or Shift would still count for the next key
    taken = window.until(lambda s: s["undo"] == "Take from outline of front.jpg")
    assert taken["masks"][0] < added["masks"][0] - 1000
    window.key("ctrl+z")
    window.until(lambda s: s["masks"] == added["masks"])
    window.do("key", "ctrl+z", "b")  # faster than frames come: B is B all the same, and no Ctrl+B
    window.until(lambda s: s["masks"] == before["masks"] and not s["brush"][0])
    assert window.failures() == ""
