"""Whose expression the face has, in the real window with the real network."""

from dataclasses import replace

import pytest

from kpnerf.core.document import RenderSettings
from kpnerf.core.project_file import open_project, save_project

from ..core.test_expressions import ASLEEP, EYES, opened

pytestmark = pytest.mark.window
FIRST, STEP = 29, 22
"""Pixels from the middle of a list that is folded to its first word, and from word to word."""


@pytest.mark.timeout(300)
def test_an_expression_is_chosen_by_mouse_and_by_command(start, sample_project, tmp_path):
    """Of a project in which one photo's eyes are closed; each choice is a picture of its own, and can be undone."""
    document = replace(open_project(sample_project), settings=RenderSettings(resolution=96))
    asleep, *others = document.views
    landmarks = asleep.landmarks_px
    for (lids, corners), share in zip(EYES, ASLEEP, strict=True):
        landmarks = opened(landmarks, lids, corners, share)
    path = tmp_path / "asleep.kpnerf"
    save_project(replace(document, views=(replace(asleep, landmarks_px=landmarks), *others)), path)
    window = start("--engine", "coarse", "--size", "1280x960", str(path))

    def another(expression: str, *before: int) -> int:
        """The first picture that is none of those, by its checksum, once a name is in hand."""
        return window.until(lambda s: s["expression"] == expression and s["picture"] not in (None, *before))["picture"]

    best = f"Automatic ({others[0].name})"
    automatic = window.ready()["picture"]
    assert window.state()["expression"] == best
    assert f"closed in {asleep.name}: face and clothes are those of {others[0].name}." in window.state()["status"][1]
    window.click_on("Render")
    x, y = window.place_of("Expression", "mvCombo")
    window.click(x, y)
    window.frame(5)
    window.click(x, y + FIRST + STEP)
    mixed = another("Mixed", automatic)
    window.ready()
    assert window.state()["undo"] == "Expression: Mixed" and "clothes are mixed of all" in window.state()["status"][1]
    window.key("ctrl+z")
    window.until(lambda s: s["expression"] == best)
    assert window.ready()["picture"] == automatic
    window.key("ctrl+p")
    window.type("take the expression")
    window.key("Return")

    another(asleep.name, automatic, mixed)
    assert window.failures() == ""
