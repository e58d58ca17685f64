"""The distortion of a lens, taken out with the mouse in a real window."""

import numpy as np
import pytest

pytestmark = pytest.mark.window


def test_dragging_the_distortion_is_one_entry_and_keeps_the_zoom(start, sample_project):
    """Photo, points and avatar follow while it is dragged; Ctrl+Z brings back every pixel, Ctrl+Y does it again."""
    window = start(str(sample_project))
    state = window.ready()
    left, top, width, height = (round(side) for side in state["photos"][0])
    window.move(left + 0.7 * width, top + 0.8 * height)
    window.do("click", 4)
    window.do("click", 4)
    first = window.until(lambda s: s["zoom"][0] > 1.3 * state["zoom"][0] and s["progress"] == 1)
    inside = np.s_[top + 40 : top + height - 10, left + 10 : left + width - 10]
    window.move(*window.place_of("Distortion", "mvDragFloat"))
    plain = window.picture()[inside].astype(int)

    x, y = window.place_of("Distortion", "mvDragFloat")
    window.press()
    for step in range(1, 7):
        window.move(x - 20 * step, y)
    held = window.until(lambda s: s["distortion"][0] < -0.05 and s["picture"] != first["picture"])
    assert held["entries"] == ["Open"]
    assert held["zoom"] == first["zoom"]
    moved = np.linalg.norm(np.subtract(held["pixels"][0], first["pixels"][0]), axis=1)
    assert 0.5 < moved.max() < 60 and held["pixels"][1] == first["pixels"][1]
    window.release()
    straight = window.until(lambda s: s["entries"] == ["Open", "Distortion of front.jpg"] and s["progress"] == 1)
    assert straight["distortion"][1:] == [0.0, 0.0]
    assert (np.abs(window.picture()[inside] - plain).max(axis=-1) > 20).mean() > 0.02

    window.key("ctrl+z")
    back = window.until(lambda s: s["cursor"] == 0 and s["picture"] == first["picture"])
    for what in ("pixels", "masks", "keypoints", "cameras", "zoom", "distortion"):
        assert back[what] == first[what], what
    window.frame(4)
    np.testing.assert_array_equal(window.picture()[inside], plain)
    window.key("ctrl+y")
    again = window.until(lambda s: s["cursor"] == 1 and s["progress"] == 1)
    assert again["pixels"] == straight["pixels"] and again["picture"] == straight["picture"]
    assert window.failures() == ""
