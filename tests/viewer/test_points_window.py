"""Every gesture over photos that `test_window` leaves out, with a real mouse and keyboard in the real window."""

import hashlib
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kpnerf.core.keypoints import HEAD, PointState
from kpnerf.core.photo import load_photo
from kpnerf.core.project_file import save_project
from kpnerf.viewer.loupe import MAGNIFICATION, place_loupe
from kpnerf.viewer.photo_marks import LINES
from kpnerf.viewer.theme import DARK

from ..core.staged import HEIGHT, WIDTH, staged_document

pytestmark = pytest.mark.window
STRIPE = 8
"""Width of the stripes in the photos, pixels."""
CHIN, NOSE = HEAD.index("chin"), HEAD.index("nose tip")


@pytest.fixture(scope="module")
def striped_project(tmp_path_factory):
    """A solved project of three photos of nothing but upright stripes: whatever has a colour was drawn over them."""
    folder, document = tmp_path_factory.mktemp("striped"), staged_document()
    views = []
    for index, view in enumerate(document.views):
        columns = np.where(np.arange(WIDTH) // STRIPE % 2 == 0, 60, 110) + index
        rgb = np.repeat(np.tile(columns, (HEIGHT, 1))[..., None], 3, axis=-1).astype(np.uint8)
        path = folder / view.name
        Image.fromarray(rgb).save(path)
        photo = replace(load_photo(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        views.append(replace(view, photo=photo))
    save_project(replace(document, views=tuple(views)), folder / "striped.kpnerf")
    return folder / "striped.kpnerf"


def hold(window, *keys: str):
    """Hold keys while something else is done."""
    for key in keys:
        window.do("keydown", key)
    window.frame()


def let_go(window, *keys: str):
    """The opposite."""
    for key in keys:
        window.do("keyup", key)
    window.frame()


def near(picture: np.ndarray, colour, tolerance: int = 40) -> np.ndarray:
    """Where a picture has about a colour."""
    return (np.abs(picture.astype(int) - np.array(colour[:3])) < tolerance).all(axis=-1)


def dot_size(window, view: int, name: str) -> int:
    """Diameter, screen pixels, of what is drawn for a point that was placed by hand."""
    x, y = window.state()["points"][view][name]
    green = near(window.picture()[round(y) - 12 : round(y) + 13, round(x) - 12 : round(x) + 13], DARK.placed)
    return int(np.ptp(np.nonzero(green)[1])) + 1


def test_moving_points_by_mouse_and_keys(start, striped_project):
    """Four pixels, clamping at the edge, arrows by 1, 10 and 0.1 pixels, Space-drag, zoom without growing dots."""
    window = start(str(striped_project))
    state = window.ready()
    x, y = state["points"][0]["chin"]

    # Three screen pixels are a click, and nothing moves; the name is shown while the pointer is over the point.
    window.move(x, y)
    assert window.until(lambda s: s["hovered"] == "chin")["selected"] == []
    window.press()
    window.move(x + 3, y)
    window.release()
    assert window.until(lambda s: s["selected"] == ["chin"])["entries"] == ["Open"]

    # Arrows: 1 + 1, 10 and 0.1 photo pixels.
    at = np.array(state["pixels"][0][CHIN])
    for entries, key in enumerate(("Left", "Up", "shift+Right", "alt+Down"), 2):
        window.key(key)
        moved = window.until(lambda s, entries=entries: len(s["entries"]) == entries)
    np.testing.assert_allclose(np.array(moved["pixels"][0][CHIN]) - at, [9.0, -0.9], atol=1e-6)

    # Dragged far beyond the photo, it stops at its edge, can be picked up there, and comes back with Esc.
    px, py, width, height = state["photos"][0]
    x, y = moved["points"][0]["chin"]
    window.move(x, y)
    window.press()
    window.move(x + 20, y + 20)
    window.move(px + width / 2, py + 3 * height)
    window.release()
    edge = window.until(lambda s: s["undo"] == "Move chin")
    assert edge["pixels"][0][CHIN][1] == HEIGHT - 0.5
    window.move(*edge["points"][0]["chin"])
    window.until(lambda s: s["hovered"] == "chin")
    window.key("ctrl+z")
    window.until(lambda s: s["pixels"] == moved["pixels"])

    # The wheel zooms at the pointer; the dot stays as large as it was. Space and a drag pan, and play nothing.
    before = dot_size(window, 0, "forehead")
    window.move(*moved["points"][0]["forehead"])
    window.do("click", 4)
    window.do("click", 4)
    window.do("click", 4)
    zoomed = window.until(lambda s: s["zoom"][0] > 1.6 * moved["zoom"][0])
    window.move(px + 3, py + 30)
    assert dot_size(window, 0, "forehead") == pytest.approx(before, abs=1)
    assert math.dist(zoomed["points"][0]["forehead"], moved["points"][0]["forehead"]) < 2
    window.move(*zoomed["points"][0]["forehead"])
    hold(window, "space")
    window.press()
    window.move(zoomed["points"][0]["forehead"][0] + 24, zoomed["points"][0]["forehead"][1] + 15)
    window.release()
    let_go(window, "space")
    panned = window.until(lambda s: s["points"][0]["forehead"] != zoomed["points"][0]["forehead"])
    way = np.subtract(panned["points"][0]["forehead"], zoomed["points"][0]["forehead"])
    np.testing.assert_allclose(way, [24, 15], atol=1.01)
    assert panned["pixels"] == moved["pixels"] and not panned["playing"]
    assert window.failures() == ""


def test_colours_tell_where_points_come_from(start, striped_project):
    """Green was placed by hand, blue is as detected, grey is filled in from the others; and Ctrl+O opens a file."""
    window = start(str(striped_project))
    state = window.ready()
    window.click(*state["points"][0]["chin"])
    window.key("d")
    window.until(lambda s: s["states"][0][CHIN] == PointState.DETECTED)
    window.click(*state["points"][0]["forehead"])
    window.key("Delete")
    window.until(lambda s: s["states"][0][HEAD.index("forehead")] == PointState.REPROJECTED)
    window.key("Escape")
    window.move(state["photos"][0][0] + 5, state["photos"][0][1] + 60)
    shown = window.until(lambda s: s["selected"] == [] and s["hovered"] is None)
    picture = window.picture()
    for name, colour in (("nose bridge", DARK.placed), ("chin", DARK.detected), ("forehead", DARK.reprojected)):
        x, y = (round(place) for place in shown["points"][0][name])
        around = picture[y - 7 : y + 8, x - 7 : x + 8]
        counts = {other: near(around, other).sum() for other in (DARK.placed, DARK.detected, DARK.reprojected)}
        assert counts[colour] > 8 and max(counts, key=lambda other: counts[other]) == colour, name

    window.key("ctrl+y", "ctrl+z", "ctrl+z")  # redo has nothing to do, and everything can be taken back
    window.until(lambda s: s["cursor"] == 0 and s["saved"])
    window.key("ctrl+y")
    window.until(lambda s: s["cursor"] == 1 and s["states"][0][CHIN] == PointState.DETECTED)
    window.key("ctrl+z", "ctrl+o")
    window.until(lambda s: s["dialog"] and s["typing"])
    window.key("ctrl+a")
    window.type(str(striped_project))
    window.key("Return")
    opened = window.until(lambda s: s["opened"] > state["opened"] and s["progress"] == 1)
    assert opened["entries"] == ["Open"] and not opened["dialog"]
    assert window.failures() == ""


def test_the_loupe_and_the_lines_of_the_other_photos(start, striped_project):
    """Eight times larger and beside the pointer, the lines live in it, and Ctrl puts the point upon them."""
    window = start(str(striped_project))
    state = window.ready()
    x, y = state["points"][1]["nose tip"]
    left, top, width, height = state["photos"][1]
    window.move(x, y)
    window.press()
    hold(window, "ctrl")
    window.move(x + 10, y + 8)
    window.move(x + 30, y + 14)
    during = window.until(lambda s: s["grabbed"] == "nose tip" and s["pixels"] != state["pixels"])
    at = during["points"][1]["nose tip"]
    place = place_loupe((width, height), [(at[0] - left, at[1] - top), (x + 30 - left, y + 14 - top)])
    x0, y0 = round(left + place.x), round(top + place.y)
    side = round(place.width)
    shown = window.picture()[y0 : y0 + side, x0 : x0 + side]
    others = [
        window.picture()[round(v[1]) : round(v[1] + v[3]), round(v[0]) : round(v[0] + v[2])]
        for v in (state["photos"][0], state["photos"][2])
    ]

    # On a line of another photo, which therefore runs through the middle, and the crosshair along the edges' middles.
    middle = shown[side // 2 - 3 : side // 2 + 4, side // 2 - 3 : side // 2 + 4]
    assert near(middle, LINES[0]).any() or near(middle, LINES[2]).any()
    assert near(shown, LINES[0]).sum() > 20 and near(shown, LINES[2]).sum() > 20
    assert near(shown[side // 2, 6:16], (235, 235, 235), 70).all()
    # Stripes of the photo are eight times as wide as beside the loupe.
    columns = np.median(shown.mean(axis=-1), axis=0)
    columns[side // 2 - 3 : side // 2 + 4] = columns[side // 2 - 4]  # the crosshair
    edges = np.nonzero(np.diff(columns > 85))[0]
    edges = edges[(edges > 3) & (edges < side - 4)]
    assert len(edges) >= 2
    assert np.diff(edges) == pytest.approx(MAGNIFICATION * STRIPE * during["zoom"][1], abs=3)
    # In the other photos, one line: that of the place where the point is being dragged.
    for picture in others:
        assert near(picture, LINES[1]).sum() > 50 and near(picture, LINES[2]).sum() < 20

    let_go(window, "ctrl")
    free = window.until(lambda s: s["pixels"] != during["pixels"])
    assert np.linalg.norm(np.subtract(free["pixels"][1][NOSE], during["pixels"][1][NOSE])) > 1
    window.release()
    done = window.until(lambda s: s["grabbed"] is None and s["undo"] == "Move nose tip")
    window.move(left + 5, top + 40)
    gone = window.picture()[y0 : y0 + side, x0 : x0 + side]
    assert near(gone, LINES[0]).sum() + near(gone, LINES[2]).sum() < 20
    assert done["entries"] == ["Open", "Move nose tip"]
    assert window.failures() == ""


def test_the_worst_point_is_found_marked_and_repaired(start, striped_project):
    """Doubt in a sentence and on the point, `W`, the list by rank, swapping sides, unplacing everywhere, `E`."""
    window = start(str(striped_project))
    state = window.ready()
    assert state["doubt"] == ""
    x, y = state["points"][2]["left cheek"]
    window.move(x, y)
    window.press()
    window.move(x + 12, y + 8)
    window.move(x + 24, y + 16)
    window.release()
    spoilt = window.until(lambda s: s["doubts"] == [[2, "left cheek"]])
    assert "left cheek" in spoilt["doubt"] and "c.png" in spoilt["doubt"]
    px, py = (round(c) for c in spoilt["points"][2]["left cheek"])
    assert near(window.picture()[py - 14 : py + 15, px - 14 : px + 15], DARK.error).sum() > 20

    # From another selection, `W` comes back to it, and shows it in the middle of every photo.
    window.key("Escape")
    window.until(lambda s: s["selected"] == [])
    window.key("w")
    found = window.until(lambda s: s["selected"] == ["left cheek"] and s["zoom"][0] > 2 * state["zoom"][0])
    assert found["view"] == 2
    for rect, points in zip(found["photos"], found["points"], strict=True):
        middle = (rect[0] + rect[2] / 2, rect[1] + rect[3] / 2)
        assert math.dist(points["left cheek"], middle) < 2
    window.key("w")
    second = window.until(lambda s: [s["view"], *s["selected"]] == s["suspects"][1])
    window.key("shift+w")
    window.until(lambda s: s["selected"] == ["left cheek"])
    assert second["selected"] != [] and second["pixels"] == spoilt["pixels"]

    # By rank it stands first in the list; a second click on the heading brings the old order back.
    def first_row(s: dict) -> str:
        rows = [widget for widget in s["widgets"] if widget[1] == "mvSelectable" and widget[0] in HEAD.names]
        return min(rows, key=lambda widget: widget[3])[0] if rows else ""

    assert first_row(window.state()) == HEAD.names[0]
    window.click_on("Rank")
    window.until(lambda s: first_row(s) == "left cheek")
    window.click_on("Rank ↓")
    window.until(lambda s: first_row(s) == HEAD.names[0])
    window.click_on("px")
    window.until(lambda s: first_row(s) == "left cheek")
    window.click_on("Points")
    window.until(lambda s: first_row(s) == min(HEAD.names))

    # Crossed sides are told; `X` swaps them back. Shift+Delete takes a point back everywhere.
    window.key("ctrl+z", "Escape")
    window.until(lambda s: s["doubts"] == [] and s["selected"] == [])
    window.key("x")
    crossed = window.until(lambda s: len(s["doubts"]) > 2)
    assert "crossed in c.png" in crossed["doubt"]
    window.key("x")
    window.until(lambda s: s["doubts"] == [] and s["undo"] == "Swap sides of all points")
    window.click_on("chin", "mvSelectable")
    window.until(lambda s: s["selected"] == ["chin"])
    window.key("shift+Delete")
    window.until(lambda s: [states[CHIN] for states in s["states"]] == [PointState.UNPLACED] * 3)
    window.key("e")
    window.until(lambda s: s["colouring"] == "confidence")
    window.key("e")
    window.until(lambda s: s["colouring"] == "origin")
    assert window.failures() == ""
