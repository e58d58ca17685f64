"""Projection, bilinear reads and spatial encodings."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.core import geometry
from kpnerf.core.model.spatial import (
    border_weight,
    encode_position,
    encoding_channels,
    inside,
    normalised,
    periodic,
    project,
    read_maps,
)

from . import scene


def test_projection_agrees_with_the_plain_one() -> None:
    """The torch projection gives the pixels and depths of `geometry.project`."""
    views, points = scene.source(), torch.rand(50, 3, generator=torch.Generator().manual_seed(0)) * 0.2 - 0.1
    pixels, depth = project(views.intrinsics, views.camera_from_world, points)
    for index, yaw in enumerate((-0.5, 0.0, 0.5)):
        expected, expected_depth = geometry.project(scene.camera(yaw), points.double().numpy())

        np.testing.assert_allclose(pixels[index].numpy(), expected, atol=1e-3)
        np.testing.assert_allclose(depth[index].numpy(), expected_depth, atol=1e-5)


def test_projection_stays_exact_under_autocast() -> None:
    """bfloat16 would put a projection pixels away; autocast must not reach it."""
    views, points = scene.source(), torch.rand(50, 3) * 0.2 - 0.1
    plain, _ = project(views.intrinsics, views.camera_from_world, points)
    with torch.autocast("cpu", torch.bfloat16):
        cast, _ = project(views.intrinsics, views.camera_from_world, points)

    assert cast.dtype == torch.float32
    torch.testing.assert_close(cast, plain)


@given(st.floats(-2, 2))
def test_periodic_is_what_the_method_says(value: float) -> None:
    """x, sin πx, cos πx, sin 2πx, cos 2πx, sin 4πx, cos 4πx: the double-angle shortcut changes nothing."""
    direct = [value]
    for frequency in (1, 2, 4):
        direct += [math.sin(frequency * math.pi * value), math.cos(frequency * math.pi * value)]
    encoded = periodic(torch.tensor([value], dtype=torch.float64))[:, 0]

    torch.testing.assert_close(encoded, torch.tensor(direct, dtype=torch.float64), atol=1e-9, rtol=0)


@pytest.mark.parametrize("encoding", ["none", "z", "relative_z", "relative_z_decay", "canonical_xyz"])
def test_channel_counts(encoding: str) -> None:
    """Each encoding of the paper's comparison has as many channels as it promises."""
    points, depth = torch.rand(5, 3), torch.rand(3, 5)
    encoded = encode_position(encoding, points, depth, torch.rand(13, 3), torch.rand(3, 13), 0.05)

    assert encoded.shape == (3, 5, encoding_channels(encoding, 13))


def test_keypoint_encoding_order_and_decay() -> None:
    """All keypoints of the first value come first; each value fades with the Gaussian of its keypoint."""
    points, keypoints = torch.rand(4, 3) * 0.1, torch.rand(3, 3) * 0.1
    depth, keypoint_depth, sigma = torch.rand(2, 4), torch.rand(2, 3), 0.05
    encoded = encode_position("relative_z_decay", points, depth, keypoints, keypoint_depth, sigma)
    view, sample, keypoint, function = 1, 2, 1, 4  # cos 2πδ
    gap = depth[view, sample] - keypoint_depth[view, keypoint]
    fade = torch.exp(-(points[sample] - keypoints[keypoint]).square().sum() / (2 * sigma**2))

    torch.testing.assert_close(
        encoded[view, sample, function * 3 + keypoint], torch.cos(2 * math.pi * gap) * fade, atol=1e-6, rtol=1e-5
    )


def test_a_far_keypoint_changes_nothing() -> None:
    """Ten sigma away an edit of a keypoint leaves the encoding as it was: edits are local."""
    points = torch.zeros(1, 3)
    near = torch.tensor([[0.02, 0.0, 0.0], [0.5, 0.0, 0.0]])
    far_moved = near + torch.tensor([[0.0, 0.0, 0.0], [0.02, 0.0, 0.01]])
    encode = [
        encode_position("relative_z_decay", points, torch.ones(1, 1), k, 1 + k[None, :, 2], 0.05)
        for k in (near, far_moved)
    ]

    torch.testing.assert_close(encode[0], encode[1], atol=1e-12, rtol=0)


def test_maps_are_read_at_pixel_centres() -> None:
    """Reading at the pixel (3, 2) gives that pixel; half way between two gives their mean; outside, the border."""
    maps = torch.arange(20.0).view(1, 1, 4, 5)
    pixels = torch.tensor([[[3.0, 2.0], [0.5, 0.0], [-7.0, 0.0]]])
    values = read_maps(maps, normalised(pixels, 5, 4))[0, :, 0]

    torch.testing.assert_close(values, torch.tensor([13.0, 0.5, 0.0]))


def test_inside_and_border_weight() -> None:
    """A view is sure in the middle of its photo, half sure a tenth from the edge, and says nothing outside."""
    pixels, bounds = torch.tensor([[[5.0, 5.0], [10.2, 5.0]]]), torch.tensor([[0.0, 0.0, 10.0, 10.0]])

    assert inside(pixels, bounds, slack=0.0).tolist() == [[True, False]]
    assert inside(pixels, bounds, slack=0.05).tolist() == [[True, True]]
    torch.testing.assert_close(border_weight(torch.tensor([0.1, 0.9])), torch.tensor([0.5, 0.5]))
    assert border_weight(torch.tensor(0.5)) > 0.99
