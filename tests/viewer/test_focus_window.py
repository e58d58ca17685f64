"""Where the picture gets better first, with a real mouse in a real window."""

from dataclasses import replace

import pytest
from PIL import Image

from kpnerf.core.photo import load_photo
from kpnerf.core.project_file import save_project

from ..core.staged import staged_document

pytestmark = pytest.mark.window


@pytest.fixture
def project(tmp_path):
    """Three small photos, solved."""
    document = staged_document()
    for view in document.views:
        Image.fromarray(view.photo.rgb).save(tmp_path / view.name)
    views = tuple(replace(view, photo=load_photo(tmp_path / view.name)) for view in document.views)
    save_project(replace(document, views=views), tmp_path / "staged.kpnerf")
    return tmp_path / "staged.kpnerf"


def test_the_picture_gets_better_first_where_the_mouse_is(start, project):
    """Over the avatar; beside it, round the selected point, or nowhere. Nothing is drawn anew for that."""
    window = start(str(project))
    home = window.ready()
    left, top, width, height = home["avatar"]

    for x, y in ((0.25, 0.75), (0.6, 0.3)):
        window.move(left + x * width, top + y * height)
        there = window.until(lambda s, x=x: s["focus"] is not None and abs(s["focus"][0] - x) < 2 / width)
        assert there["focus"][1] == pytest.approx(y, abs=2 / height)

    x, y = home["points"][0]["nose tip"]
    window.move(x + 40, y + 40)
    window.until(lambda s: s["focus"] is None)
    window.move(x, y)
    window.press()
    window.release()
    selected = window.until(lambda s: s["selected"] == ["nose tip"] and s["focus"] is not None)
    assert 0.3 < selected["focus"][0] < 0.7 and 0.2 < selected["focus"][1] < 0.8
    assert selected["asked"] == home["asked"]
    assert selected["settled"]
    assert window.failures() == ""
