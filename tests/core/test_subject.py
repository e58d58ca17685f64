"""Cropping a photo to the subject: the crop's camera must see what the crop shows."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.camera import Camera, orbit_camera
from kpnerf.core.geometry import project, transform
from kpnerf.core.keypoints import HEAD
from kpnerf.core.subject import box_silhouette, crop_subject, cut_to_box, depth_range


def photo_camera(width: int = 600, height: int = 800, aim: tuple[float, float, float] = (0.05, 0.1, 0.0)) -> Camera:
    """A phone-like portrait, the head off its middle."""
    return orbit_camera(
        0.3, 0.1, 0.9, target_in_world=np.array(aim), vertical_field_of_view=0.9, width=width, height=height
    )


@pytest.mark.parametrize("size", [96, 256, 700])
def test_a_dot_stays_where_the_camera_says(size: int) -> None:
    """A dot painted at the projection of a point lies, in the crop, at the projection by the crop's camera."""
    camera, point = photo_camera(), np.array([[0.03, -0.05, -0.08]])
    (dot,), _ = project(camera, point)
    y, x = np.meshgrid(np.arange(800), np.arange(600), indexing="ij")
    blob = np.exp(-((x - dot[0]) ** 2 + (y - dot[1]) ** 2) / (2 * 4.0**2))
    rgb = np.repeat((255 * blob).astype(np.uint8)[..., None], 3, axis=-1)
    view = crop_subject(rgb, np.ones((800, 600), np.float32), camera, HEAD.box, size)
    (expected,), _ = project(view.camera, point)
    weight = view.image[..., 0]
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    centre = np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()

    np.testing.assert_allclose(centre, expected, atol=0.1)


def test_the_crop_shows_what_the_photo_has_of_the_box() -> None:
    """What lies both in the box and in the photo lies in the crop; where the photo ends, bounds end and it is black."""
    camera = photo_camera(aim=(-0.25, 0.0, 0.0))  # the head at the photo's right edge
    white = np.full((800, 600, 3), 255, np.uint8)
    view = crop_subject(white, np.ones((800, 600), np.float32), camera, HEAD.box, 256)
    in_photo, _ = project(camera, HEAD.box.corners)
    corners, _ = project(view.camera, HEAD.box.corners)
    x0, y0, x1, y1 = view.bounds

    assert in_photo[:, 0].max() > 599  # the set-up is what it says
    assert (np.maximum(corners.min(axis=0), [x0, y0]) >= -0.5).all()
    assert (np.minimum(corners.max(axis=0), [x1, y1]) <= 255.5).all()
    assert x1 < 250
    assert view.image[:, int(np.ceil(x1)) + 3 :].max() == 0
    assert 0 <= y0 < y1 <= 255


def test_a_photo_that_ends_within_the_box_fills_the_crop() -> None:
    """No pixel of what the network sees is spent on what a photo of a face lacks."""
    close = photo_camera(600, 600, aim=(0.0, 0.0, 0.0))
    close = replace(close, fx=2.5 * close.fx, fy=2.5 * close.fy)
    outline = box_silhouette(close, HEAD.frame)
    view = crop_subject(np.full((600, 600, 3), 255, np.uint8), np.ones((600, 600), np.float32), close, HEAD.frame, 256)

    assert outline.min() < -50 and outline.max() > 650  # the set-up is what it says
    assert view.bounds == pytest.approx((0, 0, 255, 255), abs=8)


def test_a_photo_that_shows_nothing_of_the_box_is_taken_whole() -> None:
    """Dragged astray, a camera looks past the head: there still is a picture, and bounds that are some."""
    astray = photo_camera(aim=(-3.0, 0.0, 0.0))
    view = crop_subject(np.full((800, 600, 3), 255, np.uint8), np.ones((800, 600), np.float32), astray, HEAD.frame, 64)
    x0, y0, x1, y1 = view.bounds

    assert x1 - x0 == pytest.approx(600 / 800 * 63, abs=4) and y1 - y0 == pytest.approx(63, abs=4)


def test_the_mask_is_cut_to_the_box() -> None:
    """Outside the projection of the box there is no foreground."""
    camera = photo_camera()
    cut = cut_to_box(np.ones((800, 600), np.float32), camera, HEAD.box)
    outline = box_silhouette(camera, HEAD.box)

    assert cut.min() == 0 and cut.max() == 1
    rows, columns = np.nonzero(cut)
    assert columns.max() <= np.ceil(outline[:, 0].max()) and rows.max() <= np.ceil(outline[:, 1].max())


def test_depth_range_holds_the_box_with_room() -> None:
    """Every corner lies well between near and far."""
    pose = photo_camera().camera_from_world
    near, far = depth_range(pose, HEAD.box)
    depth = transform(pose, HEAD.box.corners)[:, 2]
    share = (depth - near) / (far - near)

    assert share.min() > 0.1 and share.max() < 0.9


def test_a_camera_inside_the_head_does_not_crash() -> None:
    """Dragged into the subject, a camera still gives a crop."""
    camera = photo_camera()
    pose = np.eye(4)
    pose[:3, 3] = (0.0, 0.0, -0.02)
    view = crop_subject(
        np.zeros((800, 600, 3), np.uint8), np.ones((800, 600), np.float32), camera.posed(pose), HEAD.box, 64
    )

    assert view.image.shape == (64, 64, 3)
