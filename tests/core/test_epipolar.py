"""Lines on which a point must lie."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.core import edits
from kpnerf.core.epipolar import Line, epipolar_line, lines_from_others, snapped
from kpnerf.core.geometry import project, unproject
from kpnerf.core.keypoints import HEAD

from .staged import HEIGHT, WIDTH, staged_camera, staged_document

number = st.floats(-500, 500)


@pytest.mark.parametrize("depth", [0.3, 1.0, 25.0])
def test_everything_that_the_other_camera_sees_at_a_pixel_lies_on_the_line(depth):
    """Plain twin: points along its ray, projected."""
    here, there = staged_camera(10), replace(staged_camera(-35), cx=140.0, cy=131.0, fy=460.0)
    for pixel in ((20.0, 31.0), (160.0, 120.0), (300.5, 228.0)):
        line = epipolar_line(here, there, pixel)
        on_ray = unproject(there, np.array(pixel), np.array(depth))
        x, y = project(here, on_ray)[0]

        assert line.distance(x, y) < 1e-6
        assert np.hypot(line.a, line.b) == pytest.approx(1)


def test_a_camera_in_the_same_place_tells_nothing():
    """Turned or zoomed, but not moved."""
    camera = staged_camera(0)

    assert epipolar_line(camera, replace(camera, fx=900.0), (5.0, 5.0)) is None


@given(number, number, st.floats(0, 2 * np.pi), number)
def test_the_nearest_pixel_is_on_the_line_and_straight_across(x, y, angle, c):
    """And not farther than `distance` says."""
    line = Line(float(np.cos(angle)), float(np.sin(angle)), c)
    nearest = line.nearest(x, y)

    assert line.distance(*nearest) < 1e-9
    assert np.hypot(nearest[0] - x, nearest[1] - y) == pytest.approx(line.distance(x, y), abs=1e-9)


@given(st.floats(0, 2 * np.pi), st.floats(-400, 400))
def test_the_ends_of_a_line_are_on_the_edge_of_the_rectangle(angle, c):
    """And None means that no corner lies on the other side of it."""
    line, corners = Line(float(np.cos(angle)), float(np.sin(angle)), c), [(-10, 5), (90, 5), (90, 65), (-10, 65)]
    ends = line.within(-10, 5, 90, 65)
    sides = {bool(line.a * x + line.b * y + c > 0) for x, y in corners}

    if ends is None:
        assert len(sides) == 1 or min(line.distance(*corner) for corner in corners) < 1e-6
        return
    for x, y in ends:
        assert line.distance(x, y) < 1e-6
        assert min(abs(x + 10), abs(x - 90), abs(y - 5), abs(y - 65)) < 1e-6
        assert -10.000001 <= x <= 90.000001 and 4.999999 <= y <= 65.000001


def test_snapping_takes_the_nearest_line_and_corners_before_lines():
    """The corner only within its reach; without lines nothing happens."""
    upright, level = Line(1.0, 0.0, -10.0), Line(0.0, 1.0, -20.0)

    assert snapped((12.0, 50.0), [upright, level], 5.0) == (10.0, 50.0)
    assert snapped((13.0, 23.0), [upright, level], 5.0) == (10.0, 20.0)
    assert snapped((13.0, 23.0), [upright, level], 4.0) in {(10.0, 23.0), (13.0, 20.0)}
    assert snapped((12.0, 50.0), [upright, Line(-1.0, 0.0, 11.0)], 5.0) == (11.0, 50.0)
    assert snapped((3.0, 4.0), [], 5.0) == (3.0, 4.0)


def test_the_lines_of_a_document_meet_where_the_point_is():
    """From every photo that knows it, and from no other."""
    document = staged_document()
    name, index = "left mouth corner", HEAD.index("left mouth corner")
    x, y = document.views[1].keypoints.xy_px[index]
    lines = lines_from_others(document, 1, name)

    assert set(lines) == {0, 2}
    assert max(line.distance(x, y) for line in lines.values()) < 1e-6
    hidden = edits.occlude_keypoint(document, 0, name)
    assert set(lines_from_others(hidden, 1, name)) == {2}
    assert set(lines_from_others(edits.hold_out(document, 2), 1, name)) == {0}


def test_before_cameras_are_known_there_are_no_lines():
    """Photos that were just opened."""
    document = edits.add_views(staged_document(), [])
    views = tuple(replace(view, camera=None) for view in document.views)

    assert lines_from_others(replace(document, views=views), 1, "chin") == {}
    assert (WIDTH, HEIGHT) == document.views[0].size
