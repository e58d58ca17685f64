"""A photo of two people in the real window: the other one is chosen, and taken back."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kpnerf.core.keypoints import HEAD

from .test_feel_window import find

pytestmark = pytest.mark.window
NOSE = HEAD.index("nose tip")


@pytest.mark.timeout(300)
def test_the_other_face_is_taken_and_undo_takes_it_back(start, tmp_path):
    """Points and cameras follow; for one face more than there are a sentence says so, and nothing is lost."""
    front = Image.open(Path(str(resources.files("kpnerf.assets"))) / "samples" / "person" / "front.jpg")
    small = front.resize((front.width // 2, front.height // 2))
    photo = Image.new("RGB", (2 * front.width, front.height), "grey")
    photo.paste(front)
    photo.paste(small, (front.width + front.width // 4, front.height // 4))
    photo.save(tmp_path / "couple.png")
    photo.crop((0, 0, front.width, front.height)).save(tmp_path / "alone.png")
    window = start(str(tmp_path / "couple.png"))

    def nose() -> float:
        """How far right the nose tip is, in widths of the photo."""
        return window.ready()["pixels"][0][NOSE][0] / photo.width

    assert nose() < 0.5
    find(window, "next face")
    window.until(lambda s: s["undo"] == "Solve cameras")
    assert window.state()["entries"] == ["Open", "Take another face in couple.png", "Solve cameras"]
    assert nose() > 0.5
    window.key("ctrl+z", "ctrl+z")
    window.until(lambda s: s["cursor"] == 0)
    assert nose() < 0.5
    assert window.failures() == ""

    window.kill()  # two windows would share one keyboard
    alone = start(str(tmp_path / "alone.png"))
    before = np.array(alone.ready()["pixels"])
    alone.key("ctrl+p")
    alone.until(lambda s: s["dialog"] and s["typing"])
    alone.type("next face")
    alone.key("Return")
    alone.click_on("OK")
    alone.until(lambda s: not s["dialog"])
    np.testing.assert_array_equal(alone.state()["pixels"], before)
    assert alone.state()["entries"] == ["Open"]
