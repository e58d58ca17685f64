"""The real window with the real network."""

import math
from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.document import RenderSettings
from kpnerf.core.keypoints import HEAD
from kpnerf.core.pipeline import WEIGHTS
from kpnerf.core.project_file import open_project, save_project

pytestmark = [
    pytest.mark.window,
    pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not in the tree"),
]
NOSE = HEAD.index("nose tip")


def test_the_avatar_answers_while_a_keypoint_is_dragged(start, sample_project, tmp_path):
    """Its pixels and its 3D keypoint change with the button held, undo gives the same picture back, orbit another."""
    project = tmp_path / "small.kpnerf"  # in pictures that are soon finished
    save_project(replace(open_project(sample_project), settings=RenderSettings(resolution=96)), project)
    window = start("--engine", "coarse", str(project))
    before = window.ready(240)

    x, y = before["points"][0]["nose tip"]
    window.move(x, y)
    window.press()
    for step in range(1, 6):
        window.move(x + 4 * step, y + 2 * step)
    during = window.until(lambda s: s["progress"] is not None and s["picture"] != before["picture"])
    moved = np.subtract(during["keypoints"][NOSE], before["keypoints"][NOSE])
    assert np.linalg.norm(moved) > 0.002
    assert during["entries"] == ["Open"]
    window.release()

    window.key("ctrl+z")
    window.until(lambda s: s["progress"] == 1 and s["picture"] == before["picture"], 120)

    left, top, width, height = before["avatar"]
    window.move(left + width / 2, top + height / 2)
    window.press()
    window.move(left + width / 2 + 80, top + height / 2)
    turned = window.until(lambda s: s["progress"] is not None and s["picture"] != before["picture"])
    assert turned["yaw"] == pytest.approx(-80 * math.pi / height, abs=1e-6)
    window.release()
    window.press_close_button()

    assert window.ended() == 0
    assert window.failures() == ""
