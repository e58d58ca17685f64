"""The mirror image for the half that no photo shows, in the real window with the real network."""

from dataclasses import replace

import pytest

from kpnerf.core import edits
from kpnerf.core.document import RenderSettings
from kpnerf.core.doubts import MIRRORED
from kpnerf.core.project_file import open_project, save_project

pytestmark = pytest.mark.window
LEFT = 1


@pytest.mark.timeout(300)
def test_the_mirror_is_taken_away_and_comes_back_by_undo(start, sample_project, tmp_path):
    """With the left photo alone the box is ticked, the status says so; without it the far half looks different."""
    document = replace(open_project(sample_project), settings=RenderSettings(resolution=96))
    for view in range(len(document.views)):
        if view != LEFT:
            document = edits.hold_out(document, view)
    path = tmp_path / "alone.kpnerf"
    save_project(document, path)
    window = start("--engine", "coarse", str(path))

    def finished(is_mirrored: bool) -> int:
        """The picture, by its checksum."""
        window.until(lambda s: s["is_mirrored"] is is_mirrored)
        return window.ready()["picture"]

    mirrored = finished(True)
    assert MIRRORED in window.state()["status"][1]
    window.click_on("Render")
    window.click_on("mirror", "mvCheckbox")
    window.until(lambda s: s["undo"] == "Leave the half that is not shown")
    without = finished(False)
    window.key("ctrl+z")
    again = finished(True)

    assert without != mirrored and again == mirrored
    assert window.failures() == ""
