"""The loupe: beside what is dragged, and showing it eight times larger."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.viewer.layout import Rect
from kpnerf.viewer.loupe import GAP, MAGNIFICATION, SIDE, SMALLEST, cut, magnified, place_loupe
from kpnerf.viewer.photo_transform import LARGEST_PIXEL, PhotoTransform, fitted_transform

side = st.floats(0, 1500)
share = st.floats(-0.5, 1.5)


@given(side, side, share, share, share, share)
def test_the_loupe_is_inside_the_canvas_and_hides_neither_pointer_nor_point(width, height, x, y, pointer_x, pointer_y):
    """Wherever they are, outside the canvas too; or there is no room for it."""
    points = [(x * width, y * height), (pointer_x * width, pointer_y * height)]
    loupe = place_loupe((width, height), points)

    if loupe is None:
        return
    assert 0 <= loupe.x and loupe.x + loupe.width <= width + 1e-9
    assert 0 <= loupe.y and loupe.y + loupe.height <= height + 1e-9
    assert loupe.width == loupe.height >= SMALLEST
    assert not any(loupe.contains(*point) for point in points)


@given(st.floats(240, 1500), st.floats(240, 1500), st.floats(0, 1), st.floats(0, 1))
def test_there_is_a_loupe_in_every_canvas_of_ordinary_size(width, height, x, y):
    """Also at its edges and corners, with the pointer on the point."""
    assert place_loupe((width, height), [(x * width, y * height)] * 2) is not None


def test_it_is_on_the_right_while_there_is_room_and_changes_sides_at_the_edge():
    """It does not dance about during a drag."""
    places = [place_loupe((600.0, 500.0), [(x, 250.0)] * 2) for x in range(0, 600, 20)]
    on_the_right = [place.x > x for place, x in zip(places, range(0, 600, 20), strict=True)]

    assert on_the_right == sorted(on_the_right, reverse=True)
    assert True in on_the_right and False in on_the_right
    assert places[0] == Rect(GAP, 250 - SIDE / 2, SIDE, SIDE)


@pytest.mark.parametrize("zoom", [1.0, 3.7])
def test_it_shows_the_point_in_its_middle_eight_times_larger(zoom):
    """Than the photo is in its canvas, whatever that is zoomed to."""
    canvas = (500.0, 400.0)
    lies = fitted_transform((720, 720), canvas).zoomed(zoom, (200.0, 100.0), (720, 720), canvas)
    loupe = Rect(300.0, 40.0, 150.0, 150.0)
    close = magnified(lies, (333.25, 410.5), loupe)

    np.testing.assert_allclose(close.to_canvas(np.array([333.25, 410.5])), [375.0, 115.0])
    assert close.scale == pytest.approx(MAGNIFICATION * lies.scale)


def test_pixels_are_not_magnified_without_end():
    """Zoomed in as far as it goes, the loupe shows what the canvas shows."""
    close = magnified(PhotoTransform(LARGEST_PIXEL, 0.0, 0.0), (3.0, 4.0), Rect(0, 0, 100, 100))

    assert close.scale == LARGEST_PIXEL


def test_a_texture_is_cut_to_the_window_with_its_coordinates():
    """What is left shows the same part of the picture; what lies outside is not drawn."""
    tile = Rect(10.0, 20.0, 100.0, 50.0)
    part, uv_min, uv_max = cut(tile, (0.1, 0.2), (0.9, 1.0), Rect(60.0, 0.0, 200.0, 45.0))

    assert part == Rect(60.0, 20.0, 50.0, 25.0)
    assert (uv_min, uv_max) == (pytest.approx((0.5, 0.2)), pytest.approx((0.9, 0.6)))
    assert cut(tile, (0, 0), (1, 1), Rect(110.0, 20.0, 5.0, 5.0)) is None
    assert cut(tile, (0, 0), (1, 1), Rect(0, 0, 300, 300)) == (tile, (0, 0), (1, 1))
