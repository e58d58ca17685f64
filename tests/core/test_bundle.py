"""Bundle adjustment: its derivatives, its minimum, and what it holds."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.bundle import Bundle, adjust, cost, jacobians, residuals, rotation_from_vector

from .seen_faces import CHOSEN, camera, person


@pytest.fixture
def small_bundle():
    """Two views, six points, two lenses whose pixels are not square."""
    random = np.random.default_rng(11)
    poses = np.stack([camera(yaw).camera_from_world for yaw in (-25, 20)])
    points = person()[CHOSEN[:6]]
    return Bundle(
        camera_from_world=poses,
        log_focals=np.log([900.0, 700.0]),
        points=points,
        offsets=random.normal(size=(2, 6, 3)) * 0.002,
        pixels_px=random.uniform(200, 400, (2, 6, 2)),
        weights=random.uniform(0.2, 1, (2, 6)),
        centres_px=np.array([[320.0, 400.0], [300.0, 390.0]]),
        aspects=np.array([1.0, 1.1]),
        group=np.array([0, 1]),
        prior_points=points + 0.01,
        prior_weights=np.full(6, 50.0),
        prior_log_focals=np.log([1000.0, 800.0]),
        prior_focal_weights=np.array([2.0, 3.0]),
        free_pose=np.array([True, True]),
        free_focal=np.array([True, True]),
    )


def slope(function, size: int) -> np.ndarray:
    """Central differences of an array-valued function of `size` numbers, about zero; the last axis is the number."""
    step = 1e-6
    return np.stack([(function(step * unit) - function(-step * unit)) / (2 * step) for unit in np.eye(size)], axis=-1)


def test_derivatives_against_differences(small_bundle):
    """By turning and moving a camera, by the logarithm of its focal length, and by a point."""

    def pixels(**changed) -> np.ndarray:
        return residuals(replace(small_bundle, **changed))[0]

    def posed(step: np.ndarray) -> np.ndarray:
        poses = small_bundle.camera_from_world.copy()
        poses[:, :3, :3] = rotation_from_vector(step[:3]) @ poses[:, :3, :3]
        poses[:, :3, 3] += step[3:]
        return pixels(camera_from_world=poses)

    by_pose, by_focal, by_point = jacobians(small_bundle)

    np.testing.assert_allclose(by_pose, slope(posed, 6), rtol=1e-5, atol=1e-3)
    focal_slope = slope(lambda step: pixels(log_focals=small_bundle.log_focals + step), 1)
    np.testing.assert_allclose(by_focal, focal_slope[..., 0], rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(
        by_point, slope(lambda step: pixels(points=small_bundle.points + step), 3), rtol=1e-5, atol=1e-3
    )


def test_adjusting_ends_in_a_minimum(small_bundle):
    """The cost falls, and falls no further in any direction of any unknown."""
    projected = small_bundle.pixels_px + residuals(small_bundle)[0]
    start = replace(small_bundle, pixels_px=projected + np.random.default_rng(2).normal(0, 2, projected.shape))
    ended, reached = adjust(start, iterations=300)

    def cost_of_point(step: np.ndarray) -> np.ndarray:
        return np.array(cost(replace(ended, points=ended.points + step)))

    def cost_of_lens(step: np.ndarray) -> np.ndarray:
        return np.array(cost(replace(ended, log_focals=ended.log_focals + step)))

    assert reached == pytest.approx(cost(ended)) and reached < cost(start)
    assert np.abs(slope(cost_of_point, 3)).max() < 1e-3 * np.abs(ended.prior_weights**2).max()
    assert np.abs(slope(cost_of_lens, 2)).max() < 0.1


def test_what_is_held_stays(small_bundle):
    """A pose and a lens that are not free do not move at all."""
    held = replace(small_bundle, free_pose=np.array([False, True]), free_focal=np.array([True, False]))
    ended, _ = adjust(held)

    np.testing.assert_array_equal(ended.camera_from_world[0], held.camera_from_world[0])
    assert ended.log_focals[1] == held.log_focals[1]
    assert not np.array_equal(ended.camera_from_world[1], held.camera_from_world[1])
