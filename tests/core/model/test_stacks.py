"""Several subjects at once, with unequal numbers of everything."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.core.model.stacks import Chosen, stacked

from . import scene


@given(st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=1, max_size=5))
def test_what_is_chosen_is_what_the_mask_says(rows: list[list[bool]]) -> None:
    """Row after row, ascending, without what fills shorter rows up; counted through a table it is found again."""
    mask = torch.tensor(rows)
    table = torch.arange(mask.numel() * 2).view(*mask.shape, 2)
    chosen = Chosen.where(mask)

    assert torch.equal(chosen.without_repetitions(chosen.of(table)), table[mask])
    assert torch.equal(chosen.places, mask.flatten().nonzero()[:, 0])
    assert chosen.columns.shape == chosen.real.shape == (len(rows), int(mask.sum(dim=1).max()))
    assert torch.equal(chosen.real.sum(dim=1), mask.sum(dim=1))
    assert torch.equal(chosen.of(table), table.take_along_dim(chosen.columns[..., None], dim=1))


def test_gradients_reach_what_was_chosen_once() -> None:
    """Repetitions that are left out give none."""
    table = torch.rand(2, 3, requires_grad=True)
    chosen = Chosen.where(torch.tensor([[True, False, False], [True, True, True]]))
    chosen.without_repetitions(chosen.of(table)).sum().backward()

    assert table.grad is not None
    assert table.grad.tolist() == [[1, 0, 0], [1, 1, 1]]


@torch.no_grad()
def test_subjects_are_asked_at_once() -> None:
    """What the network says of stacked subjects is what it says of each."""
    model = scene.network(3).eval()
    encoded = [model.encode(scene.source(yaws)) for yaws in ((-0.4, 0.3), (0.0, 0.6))]
    together = stacked(encoded)
    points = 0.1 * torch.randn(2, 50, 3, generator=torch.Generator().manual_seed(0))
    keypoints = scene.keypoints() + torch.tensor([[[0.0]], [[0.01]]])
    ahead = torch.nn.functional.normalize(points + 1, dim=-1)

    sighting, hull = model.sight(together, points)
    raw, latent = model.geometry(together, keypoints, points, sighting)
    rgb, shares = model.colour(together, points, ahead, latent, sighting)
    for index, views in enumerate(encoded):
        alone, inside = model.sight(views, points[index])
        expected, its_latent = model.geometry(views, keypoints[index], points[index], alone)
        colour, its_shares = model.colour(views, points[index], ahead[index], its_latent, alone)
        assert torch.equal(hull[index], inside) and 0 < inside.sum() < 50
        for found, each in ((raw, expected), (latent, its_latent), (rgb, colour), (shares, its_shares)):
            torch.testing.assert_close(found[index], each, atol=1e-5, rtol=1e-4)
