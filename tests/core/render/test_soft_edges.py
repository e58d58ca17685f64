"""Soft edges: the compiled loop against plain geometry, what it leaves alone, and when it stops."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core.geometry import Box, pixel_rays, project, ray_box
from kpnerf.core.keypoints import HEAD
from kpnerf.core.model.views import EncodedViews
from kpnerf.core.render.drawing import Frame, RenderRequest
from kpnerf.core.render.pixel_kernels import BEYOND_PHOTOS, IN_BOX, IN_PHOTOS
from kpnerf.core.render.soft_edges import softened

from ..model import scene

SIZE = 48
YAWS = (-0.4, 0.4)
WINDOW = Box(np.array([-0.16, -0.2, -0.15]), np.array([0.16, 0.2, 0.15]))


def request(yaw: float = 0.1, last_row: float = 40.0, mode: str = "colour") -> RenderRequest:
    """A picture of photos of 64² that end at a row."""
    source = scene.source(YAWS, size=64)
    bounds = source.bounds.clone()
    bounds[:, 3] = last_row
    maps = torch.zeros(2, 1, 4, 4)
    encoded = EncodedViews(source.images, maps, maps, maps, None, source=replace(source, bounds=bounds))
    camera = scene.camera(yaw, SIZE)
    return RenderRequest(encoded, torch.zeros(13, 3), HEAD.volume, WINDOW, camera, mode)  # type: ignore[arg-type]


def wall(asked: RenderRequest, depth: float = 1.0) -> Frame:
    """An opaque grey plane through the head's origin, across the camera."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    k = asked.camera
    length = np.sqrt(((x - k.cx) / k.fx) ** 2 + ((y - k.cy) / k.fy) ** 2 + 1)
    rgba = np.full((SIZE, SIZE, 4), 0.5, np.float32)
    rgba[..., 3] = 1
    return Frame(rgba, (depth * length).astype(np.float32), 1.0, 0)


def expected(asked: RenderRequest, distance: np.ndarray) -> np.ndarray:
    """What of every pixel is kept, in numpy and step by step."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    origins, directions = pixel_rays(asked.camera, np.stack([x, y], axis=-1).reshape(-1, 2))
    near, far, _ = ray_box(origins, directions, asked.window)
    middle = origins + 0.5 * (near + far)[:, None] * directions
    deep = np.minimum(middle - asked.window.lower, asked.window.upper - middle).min(axis=1)
    points = origins + distance.reshape(-1, 1) * directions
    away = np.full(len(points), np.inf)
    for view, yaw in enumerate(YAWS):
        camera, bounds = scene.camera(yaw, 64), asked.encoded.source.bounds[view].numpy()
        pixels, depth = project(camera, points)
        outside = np.maximum(bounds[:2] - pixels, pixels - bounds[2:]) * depth[:, None] / [camera.fx, camera.fy]
        is_inside = (outside < 0).all(axis=1)
        off = np.where(is_inside, outside.max(axis=1), np.linalg.norm(np.maximum(outside, 0), axis=1))
        away = np.where(depth > 0, np.minimum(away, off), away)

    def eased(t: np.ndarray) -> np.ndarray:
        t = np.clip(t, 0, 1)
        return t * t * (3 - 2 * t)

    return (eased(deep / IN_BOX) * eased((BEYOND_PHOTOS - away) / (IN_PHOTOS + BEYOND_PHOTOS))).reshape(SIZE, SIZE)


@settings(max_examples=25, deadline=None)
@given(yaw=st.floats(-1.2, 1.2), last_row=st.floats(10, 63), depth=st.floats(0.85, 1.15))
def test_what_is_kept_is_what_geometry_says(yaw: float, last_row: float, depth: float) -> None:
    """Of every pixel, from wherever it is seen, and wherever the photos end; colours and distances stay."""
    asked = request(yaw, last_row)
    frame = wall(asked, depth)
    distance = frame.distance.copy()
    (shown,) = softened([frame], asked)

    np.testing.assert_allclose(shown.rgba[..., 3], expected(asked, distance), atol=2e-3)
    assert (shown.rgba[..., :3] == 0.5).all()
    assert (shown.distance == distance).all()


def test_an_avatar_fades_out_and_has_no_edge() -> None:
    """It is whole in the middle, gone at the box's border and well below the photos, and nowhere jumps between."""
    asked = request(0.0, last_row=40.0)
    (frame,) = softened([wall(asked)], asked)
    alpha = frame.rgba[..., 3]
    steps = [np.abs(np.diff(alpha, axis=axis)).max() for axis in (0, 1)]

    assert alpha[SIZE // 2, SIZE // 2] == 1
    assert alpha[0].max() == 0 and alpha[-1].max() == 0 and alpha[:, 0].max() == 0
    assert alpha[int(0.85 * SIZE)].max() < alpha[int(0.65 * SIZE)].max()
    assert max(steps) < 0.45


@pytest.mark.parametrize(
    ("mode", "channels"), [("alpha", slice(0, 3)), ("depth", slice(3, 4)), ("normal", slice(3, 4))]
)
def test_every_mode_fades_in_its_own_way(mode: str, channels: slice) -> None:
    """The picture of alpha gets darker, all others more transparent."""
    asked = request(mode=mode)
    before = wall(asked)
    kept = expected(asked, before.distance)
    (frame,) = softened([before], asked)
    others = [channel for channel in range(4) if channel not in range(*channels.indices(4))]

    np.testing.assert_allclose(frame.rgba[..., channels], wall(asked).rgba[..., channels] * kept[..., None], atol=2e-3)
    np.testing.assert_array_equal(frame.rgba[..., others], wall(asked).rgba[..., others])


def test_the_first_picture_comes_in_any_case() -> None:
    """A stream of requests that replace each other still shows something; what follows is given up."""
    asked = request()
    shown = list(softened([wall(asked), wall(asked), wall(asked)], asked, is_stale=lambda: True))

    assert len(shown) == 1
    assert 0 < shown[0].rgba[..., 3].mean() < 1
