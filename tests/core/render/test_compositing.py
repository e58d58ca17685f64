"""Compositing and sampling against what can be computed by hand."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core.render.compositing import composite, ray_weights
from kpnerf.core.render.sampling import importance, ray_box, uniform


def test_weights_of_a_constant_medium() -> None:
    """Alpha of a homogeneous slab is 1 - exp(-σ d), whatever the sampling."""
    distances = torch.tensor([[0.0, 0.1, 0.15, 0.4]])
    weights = ray_weights(torch.full_like(distances, 3.0), distances, last=0.1)

    torch.testing.assert_close(weights.sum(), 1 - torch.exp(torch.tensor(-1.5)))


@settings(max_examples=30)
@given(st.lists(st.floats(0, 500), min_size=3, max_size=30))
def test_weights_never_exceed_one(density: list[float]) -> None:
    """Light is absorbed once: weights are not negative and sum to at most one, open end included."""
    distances = torch.linspace(1, 2, len(density))[None]
    weights = ray_weights(torch.tensor([density]), distances, last=1e10)

    assert weights.min() >= 0
    assert weights.sum() <= 1 + 1e-5


def test_gradient_of_compositing() -> None:
    """Autograd agrees with finite differences in double precision."""
    density = torch.rand(2, 5, dtype=torch.float64, requires_grad=True)
    distances = torch.linspace(0, 1, 5, dtype=torch.float64).expand(2, 5)
    rgb = torch.rand(2, 5, 3, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(
        lambda d, c: composite(ray_weights(d, distances, last=0.1), c, distances), (density, rgb)
    )


def test_importance_samples_follow_the_weight() -> None:
    """All fine samples of a single heavy interval lie in it, in order."""
    distances = uniform(torch.tensor([0.0]), torch.tensor([1.0]), 11)
    weights = torch.zeros(1, 11)
    weights[0, 5] = 1.0
    fine = importance(distances, weights, 16)

    assert ((fine[0, 1:-1] > 0.44) & (fine[0, 1:-1] < 0.56)).all()
    assert (fine[0, 1:] >= fine[0, :-1]).all()


def test_ray_box_from_inside_and_beside() -> None:
    """From inside near is zero; a ray beside the box misses."""
    lower, upper = -torch.ones(3), torch.ones(3)
    near, far, hit = ray_box(torch.zeros(3), torch.tensor([[0.0, 0.0, 1.0]]), lower, upper)
    _, _, missed = ray_box(torch.tensor([0.0, 3.0, 0.0]), torch.tensor([[0.0, 0.0, 1.0]]), lower, upper)

    assert hit.item() and near.item() == 0 and far.item() == 1
    assert not missed.item()
