"""What of the subject its photos show, and from how far that fills a picture."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.camera import Camera, orbit_camera
from kpnerf.core.camera_path import PORTRAIT, framing_distance
from kpnerf.core.framing import shown_part
from kpnerf.core.geometry import Box, project
from kpnerf.core.keypoints import HEAD

SIDE = 200
WHOLE = np.ones((SIDE, SIDE), np.float32)
ALL = (0, 0, SIDE, SIDE)


def looking(yaw: float = 0.0, *, target_y: float = 0.02, field_of_view: float = 0.6) -> Camera:
    """A camera before the face, which turns round it by yaw (radians)."""
    target = np.array([0.0, target_y, 0.0])
    return orbit_camera(
        yaw, 0.0, 1.0, target_in_world=target, vertical_field_of_view=field_of_view, width=SIDE, height=SIDE
    )


def person_in(camera: Camera, lower: tuple[float, float, float], upper: tuple[float, float, float]) -> np.ndarray:
    """The mask of a person that fills a box: all pixels between the outermost of its corners."""
    corners, _ = project(camera, Box(np.array(lower), np.array(upper)).corners)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return ((columns >= left) & (columns <= right) & (rows >= top) & (rows <= bottom)).astype(np.float32)


def test_photos_that_show_everything_leave_the_box_as_it_is() -> None:
    """Two photos full of the person: the whole box, and that too where there are no photos."""
    shown = shown_part(HEAD.box, [looking(-0.3), looking(0.3)], [WHOLE, WHOLE], [ALL, ALL])

    np.testing.assert_allclose([shown.lower, shown.upper], [HEAD.box.lower, HEAD.box.upper], atol=0.001)
    assert shown_part(HEAD.box, [], [], []) is HEAD.box


def test_a_face_cut_at_the_neck_needs_less_room() -> None:
    """Where a photo ends the shown part ends, but for what is made up below it; another photo that goes on adds it."""
    close = looking(target_y=-0.05, field_of_view=0.3)
    shown = shown_part(HEAD.box, [close], [WHOLE], [ALL])
    ends = project(close, np.array([[0.0, shown.upper[1], 0.0]]))[0][0, 1]
    both = shown_part(HEAD.box, [close, looking()], [WHOLE, WHOLE], [ALL, ALL])

    barred = shown_part(
        HEAD.box, [looking()], [np.where(np.arange(SIDE)[:, None] < 150, WHOLE, 0)], [(0, 0, SIDE, 150)]
    )

    assert SIDE - 1 < ends < SIDE + 35 and shown.upper[1] < 0.2
    assert 149 < project(looking(), np.array([[0.0, barred.upper[1], 0.0]]))[0][0, 1] < 180
    assert both.upper[1] == pytest.approx(HEAD.box.upper[1])


def test_what_one_photo_shows_to_be_empty_is_not_there() -> None:
    """A mask bounds the part, on both sides alike, and at its top; one that is empty leaves the box as it is."""
    camera = looking()
    mask = person_in(camera, (-0.12, -0.13, 0.0), (0.08, 0.24, 0.0))
    shown = shown_part(HEAD.box, [camera, looking(0.5)], [mask, WHOLE], [ALL, ALL])

    assert shown.upper[0] == -shown.lower[0] == pytest.approx(0.12, abs=0.03)
    assert shown.lower[1] == pytest.approx(-0.13, abs=0.03)
    assert shown_part(HEAD.box, [camera], [0 * WHOLE], [ALL]) is HEAD.box


@pytest.mark.parametrize("yaw", [0.0, 0.6, -1.0])
@pytest.mark.parametrize("field_of_view", [PORTRAIT, 0.9])
def test_a_framed_box_fills_the_picture_from_all_sides(yaw: float, field_of_view: float) -> None:
    """The ellipsoid in the box is all in the picture, and reaches near an edge of it, through any lens."""
    box = replace(HEAD.box, lower=np.array([-0.14, -0.18, -0.15]), upper=np.array([0.14, 0.14, 0.20]))
    camera = orbit_camera(
        yaw,
        0.0,
        framing_distance(box, field_of_view),
        target_in_world=box.centre,
        vertical_field_of_view=field_of_view,
        width=SIDE,
        height=SIDE,
    )
    directions = np.random.default_rng(0).normal(size=(4000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    pixels, _ = project(camera, box.centre + 0.5 * (box.upper - box.lower) * directions)

    assert (pixels > 0).all() and (pixels < SIDE - 1).all()
    assert np.ptp(pixels, axis=0).max() > 0.75 * SIDE
