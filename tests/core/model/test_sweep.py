"""Photos that correct each other's depth: the plane sweep against a ball whose depth is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kpnerf.core.model.spatial import project
from kpnerf.core.model.sweep import (
    EVIDENCE,
    GROUPS,
    MOST_OTHERS,
    RAYS,
    DepthSweep,
    evidence_of,
    nearest,
    rays_of,
    tried_depths,
)
from kpnerf.core.model.views import SourceViews

from . import scene

LOW, FINE, SIDE = 8, 6, 32
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


def test_rays_are_those_of_the_pixels() -> None:
    """Every point on a ray is seen where the ray starts from; the first two channels are where it passes the origin."""
    source = scene.source(YAWS)
    size = source.images.shape[-1]
    rays = rays_of(source, 16)
    assert rays.shape == (3, RAYS, 16, 16)
    pose = source.camera_from_world
    eye = -torch.einsum("vji,vj->vi", pose[:, :3, :3], pose[:, :3, 3])
    for view in range(3):
        points = eye[view] + 0.7 * rays[view, 2:].permute(1, 2, 0).reshape(-1, 3)
        pixels, _ = project(source.intrinsics[view : view + 1], pose[view : view + 1], points)
        expected = torch.linspace(0, size - 1, 16)
        torch.testing.assert_close(pixels[0, :, 0].view(16, 16), expected.expand(16, 16), atol=1e-3, rtol=0)
        torch.testing.assert_close(pixels[0, :, 1].view(16, 16), expected[:, None].expand(16, 16), atol=1e-3, rtol=0)

        straight = pose[view, 2, :3]
        reach = (-eye[view] @ straight) / (rays[view, 2:] * straight[:, None, None]).sum(dim=0)
        passing = eye[view] + (rays[view, 2:] * reach).permute(1, 2, 0)
        sideways = torch.einsum("ij,hwj->hwi", pose[view, :2, :3], passing)
        torch.testing.assert_close(10 * sideways, rays[view, :2].permute(1, 2, 0), atol=1e-4, rtol=0)


def test_other_photos_agree_where_the_depth_is_right() -> None:
    """There they show the same features, and a surface just there; before it they see beyond, behind it less far."""
    source = scene.source(YAWS)
    tried = torch.tensor([-0.03, -0.01, 0.0, 0.01, 0.03])
    maps = told(source, SIDE)
    volume = evidence_of(1, torch.tensor([0, 2]), source, maps, tried).view(len(tried), 2, EVIDENCE, SIDE, SIDE)
    points, _ = surface(source, SIDE)
    # What both others see well: the ball's side that faces all three.
    seen = torch.nan_to_num(points[1] @ torch.nn.functional.normalize(points[1, SIDE // 2, SIDE // 2], dim=0)) > 0.09
    assert seen.sum() > 20
    likeness = volume[:, 0, :GROUPS].mean(dim=1)[:, seen].mean(dim=1)
    behind = volume[:, 0, GROUPS + 1][:, seen].mean(dim=1)

    assert int(likeness.argmax()) == 2
    assert behind[0] < -0.7 and behind[4] > 0.7
    assert behind[1] < -0.2 < behind[2] < 0.2 < behind[3]
    assert volume[:, 0, -1][:, seen].min() == 1.0, "both contain them all"


def test_what_is_tried_lies_on_the_ray_of_its_pixel() -> None:
    """A photo asked about itself reads at every depth what it shows at the pixel."""
    source = scene.source(YAWS)
    maps = told(source, SIDE)
    tried = torch.tensor([-0.1, 0.0, 0.1])
    volume = evidence_of(0, torch.tensor([0]), source, maps, tried).view(3, 2, EVIDENCE, SIDE, SIDE)
    on = maps[0, -2] > 0.5

    torch.testing.assert_close(volume[0][:, : GROUPS + 1], volume[2][:, : GROUPS + 1], atol=1e-3, rtol=0)
    expected = torch.tanh(tried / 0.01)
    torch.testing.assert_close(
        volume[:, 0, GROUPS + 1][:, on], expected[:, None].expand(-1, int(on.sum())), atol=1e-2, rtol=0
    )
    assert not volume[..., ~on].any(), "nothing is looked for off the mask"


@pytest.fixture
def sweep() -> DepthSweep:
    """With weights that do something."""
    torch.manual_seed(0)
    sweep = DepthSweep(LOW, FINE)
    for parameter in sweep.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return sweep.eval()


def maps_of(source: SourceViews) -> tuple[torch.Tensor, ...]:
    """Masks, low and fine features and predicted depths, with something different in every photo."""
    views, generator = len(source.images), torch.Generator().manual_seed(1)
    low = torch.randn(views, LOW, SIDE // 4, SIDE // 4, generator=generator)
    fine = torch.randn(views, FINE, SIDE, SIDE, generator=generator)
    masks = torch.nn.functional.interpolate(source.masks, size=(SIDE, SIDE), mode="area")
    return masks, low, fine, 0.05 * torch.randn(views, 1, SIDE, SIDE, generator=generator)


@torch.no_grad()
def test_a_single_photo_and_a_new_network_change_nothing(sweep: DepthSweep) -> None:
    """There is nobody to ask, or nothing was learnt yet."""
    alone = scene.source((0.3,))
    depth = maps_of(alone)[-1]
    assert torch.equal(sweep(alone, *maps_of(alone)), depth)

    three = scene.source(YAWS)
    *maps, depth = maps_of(three)
    assert (sweep(three, *maps, depth) - depth).abs().max() > 1e-3
    torch.testing.assert_close(DepthSweep(LOW, FINE)(three, *maps, depth), depth, atol=1e-6, rtol=0)


@torch.no_grad()
def test_photos_correct_each_other_whatever_their_order(sweep: DepthSweep) -> None:
    """And one that shows nothing of the subject has nothing to correct."""
    source = scene.source(YAWS)
    maps = maps_of(source)
    order = torch.tensor([2, 0, 1])
    turned = SourceViews(**{name: values[order] for name, values in vars(source).items()})
    torch.testing.assert_close(
        sweep(turned, *(map[order] for map in maps)), sweep(source, *maps)[order], atol=1e-5, rtol=1e-4
    )

    empty = replace(source, masks=torch.zeros_like(source.masks))
    assert sweep(empty, torch.zeros_like(maps[0]), *maps[1:]).isfinite().all()


def test_the_nearest_photos_are_asked() -> None:
    """Of eight round a head; never the photo itself."""
    yaws = tuple(np.linspace(-1.4, 1.4, 8))
    asked = nearest(scene.source(yaws))
    assert [view for view, _ in asked] == list(range(8))
    assert sorted(asked[0][1].tolist()) == [1, 2, 3]
    assert sorted(asked[7][1].tolist()) == [4, 5, 6]
    assert all(len(others) == MOST_OTHERS and view not in others for view, others in asked)
    assert [others.tolist() for _, others in nearest(scene.source((0.0, 0.5)))] == [[1], [0]]


def test_the_depths_tried_are_closest_where_they_are_likeliest() -> None:
    """As many before the prediction as behind it, growing apart."""
    tried = tried_depths()
    torch.testing.assert_close(tried, -tried.flip(0))
    steps = tried.diff()[len(tried) // 2 :]
    assert (steps.diff() > 0).all() and tried.diff().min() > 0


def test_learning_reaches_features_and_predictions() -> None:
    """Depths learn through what is chosen and through what was predicted, features through their likeness."""
    torch.manual_seed(0)
    source, sweep = scene.source(YAWS), DepthSweep(LOW, FINE)
    torch.nn.init.normal_(sweep.choice.weight, std=0.2)
    masks, low, fine, depth = maps_of(source)
    low.requires_grad_(), depth.requires_grad_()
    sweep(source, masks, low, fine, depth).square().sum().backward()

    assert sweep.features.weight.grad is not None and sweep.features.weight.grad.abs().max() > 0
    assert low.grad is not None and depth.grad is not None and depth.grad.abs().max() > 0
