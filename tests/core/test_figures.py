"""Figures of merit whose right answers are known."""

import numpy as np
import pytest

from kpnerf.core.figures import ms_ssim, outline_distance, ssim


def clouds(seed: int, size: int = 192) -> np.ndarray:
    """A smooth random picture."""
    import cv2

    noise = np.random.default_rng(seed).random((size, size, 3))
    blurred = cv2.GaussianBlur(noise, (0, 0), 4)
    return (blurred - blurred.min()) / np.ptp(blurred)


def test_ms_ssim_forgives_fine_noise_more_than_ssim_does() -> None:
    """Equal pictures are 1; noise is lost at coarse scales; another picture is another picture at all of them."""
    a = clouds(0)
    noisy = np.clip(a + np.random.default_rng(1).normal(0, 0.08, a.shape), 0, 1)

    assert ms_ssim(a, a) == pytest.approx(1.0)
    assert ssim(a, noisy) < ms_ssim(a, noisy) < 1
    assert ms_ssim(a, clouds(2)) < 0.5
    assert np.isnan(ms_ssim(a[:100], a[:100]))


def test_outline_distance_of_shifted_and_grown_squares() -> None:
    """A square grown by three pixels is three away on every side; an edge of the picture is no outline."""
    square = np.zeros((80, 80), bool)
    square[20:60, 20:60] = True
    grown = np.zeros_like(square)
    grown[17:63, 17:63] = True
    at_the_edge = np.zeros_like(square)
    at_the_edge[20:60, :] = True

    assert outline_distance(square, square) == 0
    assert outline_distance(square, grown) == pytest.approx(3, abs=0.1)
    assert outline_distance(at_the_edge, at_the_edge) == 0
    assert np.isnan(outline_distance(square, np.ones_like(square)))
