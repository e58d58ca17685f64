"""Every gesture and key of the avatar, with a real mouse and keyboard in a real window."""

import math

import numpy as np
import pytest

from kpnerf.core.document import RENDER_MODES

pytestmark = pytest.mark.window
YAW, PITCH, DISTANCE, FIELD, TARGET = 0, 1, 2, 3, slice(4, 7)


def still(window) -> dict:
    """The state once the eye rests and what it sees is drawn."""
    return window.until(lambda s: not s["moving"] and not s["playing"] and s["progress"] == 1)


def drag(window, start: tuple[float, float], way: tuple[int, int], button: int) -> dict:
    """A drag in several steps; the state after it."""
    window.move(*start)
    window.press(button)
    for step in range(1, 5):
        window.move(start[0] + way[0] * step / 4, start[1] + way[1] * step / 4)
    window.release(button)
    return still(window)


def test_every_gesture_of_the_avatar(start, sample_project):
    """Orbit, pan with either button, wheel, F, Shift+F, [ and ], the modes, Tab, Space: each does exactly its own."""
    window = start(str(sample_project))
    home = window.ready()
    x, y, width, height = home["avatar"]
    middle = (round(x + width / 2), round(y + height / 2))

    # Left drag: the height is half a turn, and back is back.
    turned = drag(window, middle, (80, -40), 1)
    assert turned["eye"][YAW] == pytest.approx(-80 * math.pi / height, abs=1e-6)
    assert turned["eye"][PITCH] == pytest.approx(home["eye"][PITCH] - 40 * math.pi / height, abs=1e-6)
    assert turned["eye"][DISTANCE:] == home["eye"][DISTANCE:]
    back = drag(window, (middle[0] + 80, middle[1] - 40), (-80, 40), 1)
    np.testing.assert_allclose(back["eye"], home["eye"], atol=1e-9)

    # Right and middle drag: the head's plane follows the pointer, pixel by pixel.
    metres = home["eye"][DISTANCE] * 2 * math.tan(home["eye"][FIELD] / 2) / min(width, height)
    for button, way in ((3, (60, 20)), (2, (-60, -20))):
        before = still(window)["eye"]
        panned = drag(window, middle, way, button)["eye"]
        moved = np.subtract(panned[TARGET], before[TARGET])
        np.testing.assert_allclose(moved, [-way[0] * metres, -way[1] * metres, 0], atol=1e-6)
        assert panned[: TARGET.start] == before[: TARGET.start]

    # The wheel: a tenth nearer a notch, and as much farther.
    window.move(*middle)
    for notch, factor in ((4, 1 / 1.1), (5, 1.0), (5, 1.1)):
        window.do("click", notch)
        wanted = home["eye"][DISTANCE] * factor
        window.until(lambda s, wanted=wanted: s["eye"][DISTANCE] == pytest.approx(wanted, abs=1e-9))

    # F brings all of it into the picture from the same side, Shift+F looks at the face.
    drag(window, middle, (50, 0), 1)
    drag(window, middle, (90, 90), 3)
    window.key("f")
    framed = still(window)["eye"]
    assert framed[YAW] != 0
    np.testing.assert_allclose(framed[DISTANCE:], home["eye"][DISTANCE:], atol=1e-9)
    window.key("shift+f")
    np.testing.assert_allclose(still(window)["eye"], home["eye"], atol=1e-9)

    # ] and [ fly to the photos in turn, round and round.
    yaws = []
    for key, view in (("bracketright", 1), ("bracketright", 2), ("bracketright", 0), ("bracketleft", 2)):
        window.key(key)
        window.until(lambda s, view=view: s["view"] == view)
        yaws.append(still(window)["eye"][YAW])
    assert yaws[1] == yaws[3] and len({round(yaw, 6) for yaw in yaws}) == 3

    # The digits are the modes; Tab hides the points and shows them.
    for number, mode in enumerate(RENDER_MODES, start=1):
        window.key(str(number % 10))
        window.until(lambda s, mode=mode: s["mode"] == mode)
    window.key("1", "Tab")
    window.until(lambda s: s["mode"] == "colour" and not s["overlays"])
    window.key("Tab")
    window.until(lambda s: s["overlays"])

    # S shows the avatar plain, and polished again.
    window.key("s")
    window.until(lambda s: not s["polished"])
    window.key("s")
    window.until(lambda s: s["polished"])

    # Space plays the turntable until it is pressed again.
    window.key("shift+f")
    still(window)
    window.key("space")
    window.until(lambda s: s["playing"] and abs(s["eye"][YAW]) > 0.05)
    window.key("space")
    stopped = still(window)["eye"][YAW]
    window.frame(5)
    assert window.state()["eye"][YAW] == stopped
    assert window.state()["entries"] == ["Open"]
    assert window.failures() == ""
