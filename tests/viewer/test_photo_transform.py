"""Zoom and pan of a photo in its canvas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.viewer.photo_transform import LARGEST_PIXEL, PhotoTransform, fitted_transform, nearest_point, points_in_box

PHOTO, CANVAS = (640, 480), (300.0, 400.0)


def test_a_fitted_photo_is_whole_and_in_the_middle():
    """Its outermost edges, half a pixel beyond the outermost pixel centres, lie within the canvas, evenly."""
    corners = fitted_transform(PHOTO, CANVAS).to_canvas(np.array([[-0.5, -0.5], [639.5, 479.5]]))

    np.testing.assert_allclose(corners[0] + corners[1], CANVAS)
    assert (corners >= 0).all() and (corners <= CANVAS).all()
    assert corners[1, 0] - corners[0, 0] > 280


@given(st.floats(-50, 700), st.floats(-50, 700))
def test_to_the_canvas_and_back(x, y):
    """Both directions are exact inverses."""
    lies = PhotoTransform(2.5, -120.0, 33.0)

    np.testing.assert_allclose(lies.to_photo(lies.to_canvas(np.array([x, y]))), [x, y], atol=1e-9)


@given(st.floats(0, 300), st.floats(0, 400), st.floats(0.2, 8))
def test_zooming_keeps_what_is_under_the_pointer(x, y, factor):
    """Points never jump on zoom."""
    before = fitted_transform(PHOTO, CANVAS)
    after = before.zoomed(factor, (x, y), PHOTO, CANVAS)

    np.testing.assert_allclose(after.to_photo(np.array([x, y])), before.to_photo(np.array([x, y])), atol=1e-6)


def test_zoom_has_two_ends():
    """Neither lost in the distance nor inside a pixel."""
    fitted = fitted_transform(PHOTO, CANVAS)

    assert fitted.zoomed(1e9, (0, 0), PHOTO, CANVAS).scale == LARGEST_PIXEL
    assert fitted.zoomed(1e-9, (0, 0), PHOTO, CANVAS).scale == pytest.approx(0.5 * fitted.scale)


def test_a_canvas_that_changes_keeps_the_middle_or_the_fit():
    """Resizing the window does not lose the place one was working at."""
    zoomed = fitted_transform(PHOTO, CANVAS).zoomed(4, (100, 100), PHOTO, CANVAS)
    resized = zoomed.resized(PHOTO, CANVAS, (500.0, 200.0))
    middle = zoomed.to_photo(np.array(CANVAS) / 2)

    np.testing.assert_allclose(resized.to_photo(np.array([250.0, 100.0])), middle)
    assert fitted_transform(PHOTO, CANVAS).resized(PHOTO, CANVAS, (0.0, 0.0)).scale > 0


def test_the_nearest_point_within_reach_is_hit():
    """Not the first, not one too far, and no point that is nowhere."""
    points = np.array([[0.0, 0.0], [10.0, 0.0], [np.nan, np.nan]])

    assert nearest_point(points, (7, 0), reach=5) == 1
    assert nearest_point(points, (30, 0), reach=5) is None
    assert nearest_point(np.zeros((0, 2)), (0, 0), reach=5) is None


def test_a_box_selects_from_any_corner():
    """Dragged up and left is as good as down and right."""
    points = np.array([[1.0, 1.0], [5.0, 5.0], [9.0, 1.0]])

    assert points_in_box(points, (6, 6), (0, 0)) == {0, 1}
