"""Loss terms: what they are zero for, and their gradients."""

import numpy as np
import pytest
import torch

from kpnerf.core.training.losses import depth_loss, occupancy_loss, picture_losses, ssim_map


def test_ssim_of_equal_and_of_unlike_pictures() -> None:
    """One for equal pictures, symmetric, lower for noise than for a slight change of brightness."""
    a = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    noise = (a + 0.3 * torch.randn(a.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)

    assert ssim_map(a, a).mean().item() == pytest.approx(1.0, abs=1e-5)
    torch.testing.assert_close(ssim_map(a, noise), ssim_map(noise, a), atol=1e-5, rtol=0)
    assert ssim_map(a, noise).mean() < ssim_map(a, a * 0.95).mean()


def test_picture_losses_vanish_for_the_truth() -> None:
    """All terms are zero where the rendering is the picture."""
    rgb, alpha = torch.rand(2 * 16 * 16, 3), torch.rand(2 * 16 * 16)
    losses = picture_losses(rgb, alpha, rgb, alpha, 16)

    assert max(float(value) for value in losses.values()) < 1e-5


def test_picture_loss_gradients() -> None:
    """Autograd agrees with finite differences in double precision."""
    generator = torch.Generator().manual_seed(0)
    rgb = torch.rand(8 * 8, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    truth = torch.rand(8 * 8, 3, dtype=torch.float64, generator=generator)
    alpha = torch.rand(8 * 8, dtype=torch.float64, generator=generator)

    def total(x: torch.Tensor) -> torch.Tensor:
        return torch.stack(list(picture_losses(x, alpha, truth, alpha, 8).values())).sum()

    assert torch.autograd.gradcheck(total, rgb, eps=1e-6, atol=1e-4)


def test_occupancy_knows_front_and_back() -> None:
    """Right answers cost little, wrong ones much; what nobody can know costs nothing."""
    behind = torch.tensor([-0.02, torch.inf, 0.006, 0.05])
    opaque = torch.tensor([True, False, True, True])
    right = occupancy_loss(torch.tensor([-9.0, -9.0, 9.0, 0.0]), behind, opaque)
    wrong = occupancy_loss(torch.tensor([9.0, 9.0, -9.0, 0.0]), behind, opaque)
    unknown = occupancy_loss(torch.tensor([-9.0, -9.0, 9.0, 123.0]), behind, opaque)

    assert right < 1e-3 < 5 < wrong
    torch.testing.assert_close(right, unknown)


def test_depth_loss_ignores_where_there_is_no_surface() -> None:
    """NaN means nothing is there; a constant error elsewhere is the loss."""
    truth = torch.full((1, 1, 8, 8), float("nan"))
    truth[..., :4, :] = 0.5

    assert float(depth_loss(torch.full((1, 1, 4, 4), 0.52), truth)) == pytest.approx(0.02, abs=1e-6)
    assert np.isfinite(float(depth_loss(torch.zeros(1, 1, 4, 4), torch.full((1, 1, 8, 8), float("nan")))))
