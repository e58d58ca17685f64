"""Pictures that explain the avatar."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from kpnerf.core.geometry import Box
from kpnerf.core.keypoints import HEAD
from kpnerf.core.probe import PHOTO_COLOURS
from kpnerf.core.render.influence import Photograph, Subject, explain, reach, shares

from ..model.scene import RADIUS, camera, keypoints, network, source

SIZE = 48


@pytest.fixture(autouse=True)
def without_gradients():
    """Nothing here is trained."""
    with torch.inference_mode():
        yield


@cache
def encoded_ball(**changes: bool):
    """A network and what it knows of the ball."""
    model = network(**changes)
    return model, model.encode(source())


def subject(**changes) -> Subject:
    """The ball of the scene with a network of small random weights."""
    model, encoded = encoded_ball()
    fields = {
        "model": model,
        "encoded": encoded,
        "keypoints": keypoints(),
        "box": Box(np.full(3, -0.15), np.full(3, 0.15)),
        "photos": (0, 2, 3),
        "chosen": (),
        "depth": 0.0,
        "against": None,
    }
    return Subject(**(fields | changes))


def ball(yaw: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Alpha and distance of the true ball seen by a camera, and the points its rays meet."""
    seen_by = camera(yaw, SIZE)
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    slope = np.stack([(x - seen_by.cx) / seen_by.fx, (y - seen_by.cy) / seen_by.fy, np.ones((SIZE, SIZE))], axis=-1)
    rays = slope @ seen_by.world_from_camera[:3, :3].T
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    origin = seen_by.position_in_world
    along = -rays @ origin
    short = along**2 - (origin @ origin - RADIUS**2)
    distance = np.where(short > 0, along - np.sqrt(np.maximum(short, 0)), 0).astype(np.float32)
    return (distance > 0).astype(np.float32), distance, origin + distance[..., None] * rays


def test_influence_is_the_gaussian_of_the_nearest_chosen_point():
    """exp(-|p - k|^2 / 2 sigma^2), by hand."""
    k = keypoints()
    points = torch.randn(50, 3, generator=torch.Generator().manual_seed(3)) * 0.1
    expected = np.exp(-((points - k[4]).square().sum(dim=1).numpy()) / (2 * 0.05**2))
    both = np.maximum(expected, np.exp(-((points - k[7]).square().sum(dim=1).numpy()) / (2 * 0.05**2)))

    np.testing.assert_allclose(reach(k, (4,), points, 0.05).numpy(), expected, rtol=1e-4)
    np.testing.assert_allclose(reach(k, (4, 7), points, 0.05).numpy(), both, rtol=1e-4)


def test_the_selected_point_glows_where_it_is_and_sigma_widens_it():
    """Brightest at the pixel that shows the keypoint; a larger reach makes more of the ball bright."""
    alpha, distance, points = ball(0.0)
    at = tuple(np.array([20, 24]))
    near = torch.from_numpy(points[at][None]).float()
    rgba, asked = explain("influence", subject(keypoints=near, chosen=(0,)), camera(0.0, SIZE), alpha, distance)
    wide = subject(keypoints=near, chosen=(0,))
    wide = Subject(**{**vars(wide), "model": wide.model.reaching(0.2)})
    wider, _ = explain("influence", wide, camera(0.0, SIZE), alpha, distance)
    brightness = (rgba[..., :3] * alpha[..., None]).sum(axis=-1)

    assert asked == 0
    assert np.abs(np.array(np.unravel_index(brightness.argmax(), brightness.shape)) - at).max() <= 2
    assert wider[alpha > 0, 0].mean() > 1.5 * rgba[alpha > 0, 0].mean()


def test_shares_are_the_network_s_own_and_sum_to_what_photos_have():
    """With a prior at most one, without one exactly one; and photos have their places in the document."""
    with_prior = subject()
    points = torch.from_numpy(ball(0.0)[2][20:28, 20:28].reshape(-1, 3)).float()
    towards = torch.nn.functional.normalize(points - torch.tensor([0.0, 0.0, -1.0]), dim=-1)
    weights, rgb = shares(with_prior, points, towards)
    model, encoded = encoded_ball(prior=False)
    bare = subject(model=model, encoded=encoded)
    total, _ = shares(bare, points, towards)

    assert weights.shape == (3, len(points)) and rgb.shape == (len(points), 3)
    assert float(weights.sum(dim=0).max()) < 1.0
    np.testing.assert_allclose(total.sum(dim=0).numpy(), 1.0, atol=1e-5)


def test_each_pixel_has_the_colour_of_the_photo_it_comes_from():
    """By the photo's place in the document, lit: the hue is the palette's."""
    model, encoded = encoded_ball(prior=False)
    bare = subject(model=model, encoded=encoded)
    alpha, distance, points = ball(0.5)
    rgba, asked = explain("photo", bare, camera(0.5, SIZE), alpha, distance)
    origin = camera(0.5, SIZE).position_in_world
    inside = np.argwhere(alpha > 0)
    hit = torch.from_numpy(points[alpha > 0]).float()
    towards = torch.nn.functional.normalize(hit - torch.from_numpy(origin.copy()).float(), dim=-1)
    two_best = shares(bare, hit, towards)[0].topk(2, dim=0)
    best = two_best.indices[0].numpy()
    clear = (two_best.values[0] - two_best.values[1]).numpy() > 0.01  # else rounding may choose either
    colours = np.array(PHOTO_COLOURS)[np.array(bare.photos)[best]]
    shown = rgba[inside[:, 0], inside[:, 1], :3]
    hues = shown / np.linalg.norm(shown, axis=-1, keepdims=True)

    assert asked == len(hit) and clear.mean() > 0.8
    expected = colours / np.linalg.norm(colours, axis=-1, keepdims=True)
    np.testing.assert_allclose(hues[clear], expected[clear], atol=1e-3)
    np.testing.assert_array_equal(rgba[..., 3], alpha)


def test_the_error_against_a_picture_of_the_avatar_itself_is_nothing():
    """Dark where the photo shows the surface, neutral grey behind its horizon, bright against another photo."""
    made = subject()
    alpha, distance, points = ball(0.0)
    origin = torch.from_numpy(camera(0.0, SIZE).position_in_world.copy()).float()
    hit = torch.from_numpy(points[alpha > 0]).float()
    rgb = np.zeros((SIZE, SIZE, 3), np.float32)
    rgb[alpha > 0] = shares(made, hit, torch.nn.functional.normalize(hit - origin, dim=-1))[1].numpy()
    own = Photograph(torch.from_numpy(rgb), torch.from_numpy(alpha), camera(0.0, SIZE))
    other = Photograph(torch.from_numpy(1 - rgb), torch.from_numpy(alpha), camera(0.0, SIZE))
    middle = np.s_[18:30, 18:30]
    small, _ = explain("error", subject(against=own), camera(0.0, SIZE), alpha, distance)
    large, _ = explain("error", subject(against=other), camera(0.0, SIZE), alpha, distance)
    behind = camera(np.pi, SIZE)
    turned = ball(np.pi)
    grey, _ = explain("error", subject(against=own), behind, turned[0], turned[1])

    assert small[middle][..., 0].max() < 0.2
    assert large[middle][..., :3].mean() > small[middle][..., :3].mean() + 0.1
    np.testing.assert_allclose(grey[middle][..., :3], 0.55, atol=1e-3)


def test_a_slice_is_where_the_network_is_dense_in_the_plane():
    """Asked only inside the hull; a plane behind everything shows nothing."""
    made = subject()
    empty = np.zeros((SIZE, SIZE), np.float32)
    rgba, asked = explain("slice", made, camera(0.0, SIZE), empty, empty)
    none, no_questions = explain("slice", subject(depth=1.0), camera(0.0, SIZE), empty, empty)
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    radius = np.hypot(x - 23.5, y - 23.5) / camera(0.0, SIZE).fx

    assert 100 < asked < SIZE * SIZE
    assert rgba[..., 3][radius > 0.13].max() == 0.0
    assert none[..., 3].max() == 0.0 and no_questions == 0


def test_a_stride_repeats_pixels_and_staleness_ends_it():
    """The first answer is coarse and of the right size; nobody waits for what nobody wants."""
    alpha, distance, _ = ball(0.0)
    coarse, asked = explain("unseen", subject(), camera(0.0, SIZE), alpha, distance, stride=4)

    assert coarse.shape == (SIZE, SIZE, 4) and asked <= (SIZE // 4) ** 2
    np.testing.assert_array_equal(coarse[:4, :4], np.broadcast_to(coarse[0, 0], (4, 4, 4)))
    assert explain("blend", subject(), camera(0.0, SIZE), alpha, distance, is_stale=lambda: True) is None


def test_another_reach_is_the_same_network():
    """Weights are shared, only what keypoints reach differs; the schema's own reach is the network's."""
    model = network()
    twin = model.reaching(0.08)

    assert twin.config.sigma == 0.08 and model.config.sigma == pytest.approx(HEAD.sigma)
    assert next(twin.parameters()) is next(model.parameters())


def test_what_only_stands_in_counts_as_unseen() -> None:
    """Below the lower edge of all photos a colour is borrowed: nobody has seen it, whatever the network makes of it."""
    model, _ = encoded_ball()
    photos = source()
    bounds = photos.bounds.clone()
    bounds[:, 3] = 32.0
    alpha, distance, points = ball(0.0)
    cut = subject(encoded=model.encode(replace(photos, bounds=bounds)))
    rgb = explain("unseen", cut, camera(0.0, SIZE), alpha, distance)[0][..., :3]
    hues = rgb / np.linalg.norm(rgb, axis=-1, keepdims=True)

    below, above = (alpha > 0) & (points[..., 1] > 0.03), (alpha > 0) & (points[..., 1] < -0.03)
    assert below.sum() > 50
    np.testing.assert_allclose(hues[below], hues[below][:1].repeat(below.sum(), 0), atol=1e-3)
    assert np.ptp(hues[above], axis=0).max() > 0.01
    assert hues[below].mean(axis=0) @ hues[above].mean(axis=0) < 0.99
