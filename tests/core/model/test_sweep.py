"""Photos that correct each other's depth: the plane sweep against a ball whose depth is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kpnerf.core.model.keypoint_nerf import KeypointNeRF, ModelConfig
from kpnerf.core.model.pyramid import PyramidEncoder
from kpnerf.core.model.rays import rays_of
from kpnerf.core.model.sweep import (
    COARSE,
    FINE,
    GROUP,
    MOST_OTHERS,
    Asked,
    DepthSweep,
    Sweep,
    Swept,
    Tried,
    contrast_of,
    evidence_channels,
    evidence_of,
    nearest,
    round_each,
)
from kpnerf.core.model.views import SourceViews

from . import scene

LOW, HIGH, TOLD, SIDE = 8, 6, 4, 32
YAWS = (-0.5, 0.0, 0.5)


def surface(source: SourceViews, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Where the rays of maps of that side meet the ball in the world, NaN where they miss; and its depth relative to
    the world's origin."""
    rays = rays_of(source, side)
    pose = source.camera_from_world
    eye = -torch.einsum("vji,vj->vi", pose[:, :3, :3], pose[:, :3, 3])
    along = rays[:, 2:].permute(0, 2, 3, 1)
    middle = -(along * eye[:, None, None]).sum(dim=-1)
    inside = middle.square() - eye.square().sum(dim=-1)[:, None, None] + scene.RADIUS**2
    points = eye[:, None, None] + along * (middle - inside.sqrt())[..., None]
    depth = torch.einsum("vj,vhwj->vhw", pose[:, 2, :3], points)
    return points, depth


def told(source: SourceViews, side: int) -> torch.Tensor:
    """Features that say where on the ball a pixel lies, the mask, and the true depth."""
    points, depth = surface(source, side)
    features = torch.cat([torch.cos(k * 60 * points) for k in range(1, 5)], dim=-1).permute(0, 3, 1, 2)
    maps = torch.cat([features, (~depth.isnan()).float()[:, None], depth[:, None]], dim=1)
    return torch.nan_to_num(maps)


def asked(view: int, *others: int) -> Asked:
    """Some photos about one."""
    return Asked(torch.tensor([view]), torch.tensor([others]))


def test_other_photos_agree_where_the_depth_is_right() -> None:
    """There they show the same features, and a surface just there; before it they see beyond, behind it less far."""
    source = scene.source(YAWS)
    tried = torch.tensor([-0.03, -0.01, 0.0, 0.01, 0.03])
    maps = told(source, SIDE)
    _, _, (evidence,) = evidence_of(asked(1, 0, 2), source, maps, tried)
    points, _ = surface(source, SIDE)
    # What both others see well: the ball's side that faces all three.
    seen = torch.nan_to_num(points[1] @ torch.nn.functional.normalize(points[1, SIDE // 2, SIDE // 2], dim=0)) > 0.09
    assert seen.sum() > 20
    mean, _ = evidence[seen[maps[1, -2] > 0.5]].mean(dim=0).chunk(2, dim=-1)
    groups = (maps.shape[1] - 2) // GROUP
    assert mean.shape[-1] == evidence_channels(maps.shape[1] - 2)
    alike, unlike, behind = mean[:, :groups].mean(dim=1), mean[:, groups : 2 * groups].mean(dim=1), mean[:, -3]

    assert int(alike.argmax()) == int(unlike.argmax()) == 2
    assert behind[0] < -0.7 and behind[4] > 0.7
    assert behind[1] < -0.2 < behind[2] < 0.2 < behind[3]
    assert mean[:, -1].min() == 1.0, "both contain them all"


def test_what_is_tried_lies_on_the_ray_of_its_pixel() -> None:
    """A photo asked about itself reads at every depth what it shows there; nothing is looked for off its mask."""
    source = scene.source(YAWS)
    maps = told(source, SIDE)
    tried = torch.tensor([-0.1, 0.0, 0.1])
    _, _, (evidence,) = evidence_of(asked(0, 0), source, maps, tried)
    mean, best = evidence.chunk(2, dim=-1)
    groups = (maps.shape[1] - 2) // GROUP
    looks = slice(2 * groups + 1)

    assert len(mean) == (maps[0, -2] > 0.5).sum()
    torch.testing.assert_close(mean, best)
    torch.testing.assert_close(mean[:, 0, looks], mean[:, 2, looks], atol=1e-3, rtol=0)
    assert mean[:, :, groups : 2 * groups].abs().max() < 1e-2, "no photo is unlike itself"
    expected = torch.tanh(tried / 0.01)
    torch.testing.assert_close(mean[:, :, -3], expected.expand(len(mean), 3), atol=1e-2, rtol=0)


@pytest.fixture
def sweep() -> DepthSweep:
    """With weights that do something."""
    torch.manual_seed(0)
    sweep = DepthSweep(LOW, HIGH, TOLD)
    for parameter in sweep.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return sweep.eval()


def maps_of(source: SourceViews) -> tuple[torch.Tensor, ...]:
    """Masks, low and fine features and predicted depths, with something different in every photo."""
    views, generator = len(source.images), torch.Generator().manual_seed(1)
    low = torch.randn(views, LOW, SIDE // 4, SIDE // 4, generator=generator)
    fine = torch.randn(views, HIGH, SIDE, SIDE, generator=generator)
    masks = torch.nn.functional.interpolate(source.masks, size=(SIDE, SIDE), mode="area")
    return masks, low, fine, 0.05 * torch.randn(views, 1, SIDE, SIDE, generator=generator)


def swept(sweep: DepthSweep, source: SourceViews, *maps: torch.Tensor) -> Swept:
    """What several photos know once they have been compared."""
    found = sweep(source, *maps)
    assert isinstance(found, Swept)
    return found


@torch.no_grad()
def test_a_new_network_changes_nothing(sweep: DepthSweep) -> None:
    """As nothing was learnt yet."""
    three = scene.source(YAWS)
    *maps, depth = maps_of(three)
    assert (swept(sweep, three, *maps, depth).depth - depth).abs().max() > 1e-3
    new = DepthSweep(LOW, HIGH, TOLD)
    for stage in (new.coarse, new.fine):
        torch.nn.init.zeros_(stage.judge[-1].weight)
    found = swept(new, three, *maps, depth)
    torch.testing.assert_close(found.depth, depth, atol=1e-6, rtol=0)
    assert not found.low.any() and not found.fine.any()


@torch.no_grad()
def test_the_depth_that_others_agree_on_is_chosen() -> None:
    """By layers that say nothing but how unlike the photos are there, at every pixel as far off as the prediction."""
    source = scene.source(YAWS)
    maps = told(source, SIDE)
    off = 0.015 * torch.cos(torch.arange(SIDE) / 8.0)
    stage = Sweep(FINE, 12, WIDTH := 8, windows=(3, 4), dilations=())
    for parameter in stage.parameters():
        torch.nn.init.zeros_(parameter)
    groups = 12 // GROUP
    stage.compare.weight[0, groups : 2 * groups] = -1.0  # how unlike they are, a positive number
    stage.judge[0].weight[0, 0], stage.judge[2].weight[0, 0] = 1.0, -20.0
    masks, features = maps[:, -2:-1], maps[:, :-2]
    depth = maps[:, -1:] + off * masks
    context = torch.zeros(3, WIDTH, SIDE, SIDE)
    _, correction, choice = stage(source, features, context, masks, depth, nearest(source, [3]))
    points, _ = surface(source, SIDE)
    seen = torch.nan_to_num(points[1] @ torch.nn.functional.normalize(points[1, SIDE // 2, SIDE // 2], dim=0)) > 0.085

    torch.testing.assert_close(choice.share.exp().sum(dim=1), torch.ones(3, SIDE, SIDE))
    torch.testing.assert_close(choice.around, depth)
    left = (depth + correction - maps[:, -1:])[1, 0][seen]
    assert left.abs().mean() < 0.3 * off.expand(SIDE, SIDE)[seen].abs().mean()


@torch.no_grad()
def test_features_are_told_what_was_found(sweep: DepthSweep) -> None:
    """The low ones and the first of the fine; in a network the picture itself, which is the rest of them, stays."""
    three = scene.source(YAWS)
    masks, low, fine, depth = maps_of(three)
    found = swept(sweep, three, masks, low, fine, depth)
    assert found.low.shape == low.shape and found.low.any()
    assert found.fine.shape == fine[:, :TOLD].shape and found.fine.any()
    assert found.coarse.shape == depth.shape

    torch.manual_seed(0)
    network = KeypointNeRF(replace(ModelConfig.head(), encoder_size=64)).eval()
    before = network.encode(three)
    torch.nn.init.normal_(network.sweep.tell_fine.weight)
    after = network.encode(three)
    learnt = PyramidEncoder.LEARNT
    assert (before.high[:, :learnt] != after.high[:, :learnt]).any()
    torch.testing.assert_close(after.high[:, learnt:], before.high[:, learnt:], atol=0, rtol=0)


@torch.no_grad()
def test_photos_correct_each_other_whatever_their_order(sweep: DepthSweep) -> None:
    """And one that shows nothing of the subject has nothing to correct."""
    source = scene.source(YAWS)
    maps = maps_of(source)
    order = [2, 0, 1]
    turned = source.picked(order)
    found, again = swept(sweep, source, *maps), swept(sweep, turned, *(map[order] for map in maps))
    for values, expected in ((again.depth, found.depth), (again.low, found.low), (again.fine, found.fine)):
        torch.testing.assert_close(values, expected[order], atol=1e-5, rtol=1e-4)

    empty = replace(source, masks=torch.zeros_like(source.masks))
    assert swept(sweep, empty, torch.zeros_like(maps[0]), *maps[1:]).depth.isfinite().all()


def test_the_nearest_photos_are_asked() -> None:
    """Of eight round a head; never the photo itself."""
    yaws = tuple(np.linspace(-1.4, 1.4, 8))
    ((views, others),) = nearest(scene.source(yaws), [8])
    assert views.tolist() == list(range(8))
    assert sorted(others[0].tolist()) == [1, 2, 3]
    assert sorted(others[7].tolist()) == [4, 5, 6]
    assert others.shape == (8, MOST_OTHERS) and not (views[:, None] == others).any()


def test_photos_that_ask_equally_many_come_together() -> None:
    """Of three subjects two have two photos; all that is heard is what every photo hears by itself."""
    source = scene.source((0.0, 0.5, 0.1, 0.4, 0.6, 0.2, 0.3))
    pairs, three = nearest(source, [2, 3, 2])
    assert pairs.views.tolist() == [0, 1, 5, 6] and pairs.others.tolist() == [[1], [0], [6], [5]]
    assert three.views.tolist() == [2, 3, 4] and three.others.shape == (3, 2)

    # Unequal numbers of pixels: one photo is cut, one empty.
    maps = told(source, SIDE)
    maps[3, -2, SIDE // 2 :], maps[5, -2] = 0, 0
    tried = torch.tensor([-0.02, 0.0, 0.02])
    for together in (pairs, three):
        places, pixels, said = evidence_of(together, source, maps, tried)
        apart = [evidence_of(one, source, maps, tried) for one in together.each()]
        torch.testing.assert_close(
            pixels.without_repetitions(said), torch.cat([found.without_repetitions(each) for _, found, each in apart])
        )
        assert torch.equal(places, torch.cat([each for each, _, _ in apart]))
        on_masks = torch.zeros(len(maps), SIDE**2, dtype=torch.bool)
        on_masks[together.views] = (maps[together.views, -2] > 0).flatten(1)
        assert torch.equal(places, on_masks.flatten().nonzero()[:, 0])


@torch.no_grad()
def test_subjects_encoded_at_once_know_nothing_of_each_other() -> None:
    """All maps are those of one after the other; a single photo among them is compared with none."""
    torch.manual_seed(0)
    model = KeypointNeRF(replace(ModelConfig.head(), encoder_size=64)).eval()
    for layer in (model.sweep.tell_fine, model.sweep.tell_low, model.sweep.rest, model.sweep.coarse.choice):
        torch.nn.init.normal_(layer.weight, std=0.1)
    sources = [scene.source(yaws) for yaws in (YAWS, (0.2,), (-0.3, 0.6))]
    for found, source in zip(model.encode_all(sources), sources, strict=True):
        expected = model.encode(source)
        assert found.source is source and len(found.guesses) == len(expected.guesses)
        for name in ("low", "high", "texture", "depth"):
            torch.testing.assert_close(getattr(found, name), getattr(expected, name), atol=1e-5, rtol=1e-4)
        for choice, other in zip(found.choices, expected.choices, strict=True):
            torch.testing.assert_close(choice.share, other.share, atol=1e-4, rtol=1e-4)
    (alone,) = model.encode_all(sources[1:2])
    assert not alone.guesses
    for found, looked in zip(alone.maps, model.look(sources[1]).maps, strict=True):
        torch.testing.assert_close(found, looked, atol=0, rtol=0)


def test_contrast_knows_neither_exposure_nor_shade() -> None:
    """A brighter photo, or one with light added, has the same; a flat one has none, even a noisy one next to none."""
    picture = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    middle = (slice(None), slice(None), slice(8, -8), slice(8, -8))
    contrast = contrast_of(picture)
    assert contrast.shape == (2, 4, 32, 32)
    torch.testing.assert_close(contrast_of(0.7 * picture + 0.2)[middle], contrast[middle], atol=0.05, rtol=0)
    spread = contrast[:, :3].square().mean(dim=1).mean()
    assert 0.7 < float(spread) < 1.5
    assert contrast_of(torch.full_like(picture, 0.4))[middle].abs().max() < 1e-3
    assert contrast_of(0.4 + 0.002 * picture)[middle].abs().max() < 0.1


@pytest.mark.parametrize("side", [3, 4, 5, 8])
def test_windows_lie_round_their_pixel(side: int) -> None:
    """Their mean over a ramp is the ramp, away from the edges: no window lies to one side."""
    ramp = torch.arange(32.0).expand(1, 1, 32, 32)
    torch.testing.assert_close(round_each(ramp, side)[..., 8:-8, 8:-8], ramp[..., 8:-8, 8:-8])


@pytest.mark.parametrize("tried", [COARSE, FINE])
def test_the_depths_tried_are_closest_where_they_are_likeliest(tried: Tried) -> None:
    """As many before the prediction as behind it, growing apart."""
    depths = tried.depths()
    torch.testing.assert_close(depths, -depths.flip(0))
    steps = depths.diff()[len(depths) // 2 :]
    assert (steps.diff() > 0).all() and depths.diff().min() > 0
    assert float(depths[-1]) == pytest.approx(tried.reach)


def test_the_second_sweep_reaches_as_far_as_the_first_is_coarse() -> None:
    """What the first cannot tell apart the second still tries."""
    assert COARSE.depths().diff().max() < FINE.reach


def test_learning_reaches_features_and_predictions() -> None:
    """Depths learn through what is chosen and through what was predicted, features through their likeness."""
    torch.manual_seed(0)
    source, sweep = scene.source(YAWS), DepthSweep(LOW, HIGH, TOLD)
    for stage in (sweep.coarse, sweep.fine):
        torch.nn.init.normal_(stage.choice.weight, std=0.2)
    masks, low, fine, depth = maps_of(source)
    low.requires_grad_(), fine.requires_grad_(), depth.requires_grad_()
    swept(sweep, source, masks, low, fine, depth).depth.square().sum().backward()

    for layer in (sweep.low_features, sweep.fine_features):
        assert layer.weight.grad is not None and layer.weight.grad.abs().max() > 0
    for maps in (low, fine, depth):
        assert maps.grad is not None and maps.grad.abs().max() > 0
