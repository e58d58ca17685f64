"""Loss terms: what they are zero for, and their gradients."""

import numpy as np
import pytest
import torch

from kpnerf.core.model.views import Choice
from kpnerf.core.training.losses import (
    OUTLINE_WEIGHT,
    choice_loss,
    depth_loss,
    extended,
    occupancy_loss,
    outline_weights,
    picture_losses,
    ssim_map,
)


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


def test_beyond_the_tolerance_depth_errors_count_less_and_less() -> None:
    """Small ones as without one, large ones as their logarithm; more is always worse."""
    truth = torch.zeros(1, 1, 4, 4)
    errors = (1e-4, 0.01, 0.1, 0.2)
    exact, forgiving = (
        [float(depth_loss(torch.full_like(truth, e), truth, tolerance=t)) for e in errors] for t in (torch.inf, 0.01)
    )

    assert exact == pytest.approx(errors)
    assert forgiving[0] == pytest.approx(1e-4, rel=0.01)
    assert forgiving == sorted(forgiving)
    assert forgiving[3] - forgiving[2] < 0.1 * (exact[3] - exact[2])


def choice_of(scores: torch.Tensor, around: float = 0.3) -> Choice:
    """Of three depths at every pixel of a map of four by four."""
    share = scores.log_softmax(dim=0)[None, :, None, None].expand(1, 3, 4, 4)
    return Choice(share, torch.tensor([-0.02, 0.0, 0.04]), torch.full((1, 1, 4, 4), around))


def a_disc(side: int = 64, radius: float = 20.0, behind: float = float("nan")) -> torch.Tensor:
    """Depths of a flat disc at 10 cm before something, or nothing."""
    y, x = torch.meshgrid(*(torch.arange(side) - side / 2 for _ in range(2)), indexing="ij")
    return torch.where(x**2 + y**2 < radius**2, -0.1, behind)[None, None]


@pytest.mark.parametrize("behind", [float("nan"), 0.05])
def test_depth_counts_more_just_within_an_outline(behind: float) -> None:
    """Of what lies before, not behind; before nothing, and before something else."""
    weights = outline_weights(a_disc(behind=behind))[0, 0]
    row = weights[32]
    assert row[32] == 1 and row[2] == 1
    assert row[51] == OUTLINE_WEIGHT and row[47] == OUTLINE_WEIGHT and row[44] == 1
    assert row[52:].max() == 1
    assert (outline_weights(torch.full((1, 1, 8, 8), float("nan"))) == 1).all()


def test_weights_tell_how_much_errors_count() -> None:
    """An error counts by its share of the weight; all weights alike change nothing."""
    truth = a_disc()
    wrong = torch.where(outline_weights(truth) > 1, torch.nan_to_num(truth) + 0.02, torch.nan_to_num(truth))
    plain, weighed = depth_loss(wrong, truth), depth_loss(wrong, truth, outline_weights(truth))
    share = float(plain / 0.02)
    assert float(weighed / 0.02) == pytest.approx(
        OUTLINE_WEIGHT * share / (1 - share + OUTLINE_WEIGHT * share), rel=1e-4
    )
    assert float(depth_loss(wrong, truth, torch.full_like(truth, 3.0))) == pytest.approx(float(plain), rel=1e-5)


def test_true_depth_goes_on_a_little_beyond_the_outline() -> None:
    """For two pixels; what was known stays."""
    truth = a_disc()
    more = extended(truth)
    known = ~torch.isnan(truth)
    assert (more[known] == truth[known]).all()
    new = ~torch.isnan(more) & ~known
    torch.testing.assert_close(more[new], torch.full_like(more[new], -0.1))
    row = (~torch.isnan(more))[0, 0, 32]
    assert row[52] and row[53] and not row[54]


def test_the_right_choice_costs_least() -> None:
    """Between two depths both are right, by how near they are; what is out of reach or empty costs nothing."""
    truth = torch.full((1, 1, 8, 8), 0.33)
    quarter = choice_loss(choice_of(torch.tensor([-20.0, 0.0, np.log(3.0)])), truth)
    for scores in ([-20.0, 0.0, 0.0], [-20.0, 0.0, 3.0], [0.0, 0.0, np.log(3.0)]):
        assert choice_loss(choice_of(torch.tensor(scores)), truth) > quarter

    assert float(quarter) == pytest.approx(-0.25 * np.log(0.25) - 0.75 * np.log(0.75), abs=1e-4)
    uniform = choice_of(torch.zeros(3))
    assert float(choice_loss(uniform, torch.full_like(truth, 0.5))) == 0.0
    assert float(choice_loss(uniform, torch.full_like(truth, torch.nan))) == 0.0


def test_choices_are_compared_corner_on_corner() -> None:
    """A map's last pixel is the picture's last, its first the first."""
    truth = torch.full((1, 1, 16, 16), torch.nan)
    truth[..., 15, 15] = 0.34
    share = torch.full((1, 3, 4, 4), -1e3)
    share[:, 2, 3, 3] = 0.0

    assert float(choice_loss(Choice(share, torch.tensor([-0.02, 0.0, 0.05]), torch.full((1, 1, 4, 4), 0.3)), truth)) > 1
    truth[..., 15, 15] = 0.349999
    assert (
        float(choice_loss(Choice(share, torch.tensor([-0.02, 0.0, 0.05]), torch.full((1, 1, 4, 4), 0.3)), truth)) < 0.1
    )
