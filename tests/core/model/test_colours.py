"""Colours that samples are given: the photo's own, without its background."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core.model.colours import REACH, SOLID, USUAL_SIZE, carried_on
from kpnerf.core.model.heads import UNSEEN
from kpnerf.core.render.field import Field

from . import scene

SIDE = 32


def soft_disc() -> torch.Tensor:
    """A mask that falls from one to nothing over six pixels."""
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    away = torch.hypot(x - 15.5, y - 15.5)
    return ((13 - away) / 6).clamp(0, 1)[None, None]


@settings(deadline=None)
@given(st.lists(st.floats(0.05, 1), min_size=3, max_size=3))
def test_one_colour_stays_one_colour(rgb: list[float]) -> None:
    """On the outline, where the picture is darkened by its mask, and as far beyond as colours are carried on."""
    mask = soft_disc()
    colour = torch.tensor(rgb).view(1, 3, 1, 1).expand(1, 3, SIDE, SIDE)
    found = carried_on(colour * mask, mask)
    near = torch.nn.functional.max_pool2d((mask > SOLID).float(), 2 * REACH + 1, 1, REACH)[0, 0] > 0

    torch.testing.assert_close(found[..., near], colour[..., near], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found[..., ~near], (colour * mask)[..., ~near])


def test_colours_of_finer_pictures_go_on_just_as_far() -> None:
    """A picture of twice the size shows the same colours beyond an outline as the picture that it was made of."""
    up = torch.nn.functional.interpolate
    mask = up(soft_disc(), size=USUAL_SIZE // 8)[..., : USUAL_SIZE // 16]
    mask = torch.nn.functional.pad(mask, (0, USUAL_SIZE - mask.shape[-1], 0, USUAL_SIZE - mask.shape[-2]))
    picture = up(torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)), size=USUAL_SIZE) * mask
    coarse = carried_on(picture, mask)
    fine = carried_on(*(up(each, scale_factor=2) for each in (picture, mask)))

    beyond = (coarse != picture) & (mask <= SOLID)
    assert 500 < beyond.sum() < 5000
    again = torch.nn.functional.avg_pool2d(fine, 2)
    torch.testing.assert_close(again[mask.expand_as(again) > SOLID], coarse[mask.expand_as(again) > SOLID])
    assert (again - coarse)[beyond].abs().mean() < 0.03 < coarse[beyond].mean()


def test_inside_every_pixel_keeps_its_own() -> None:
    """Whatever its neighbours are; and nothing exceeds white where a mask is smaller than the picture says."""
    picture, mask = (
        torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)),
        torch.ones(2, 1, SIDE, SIDE),
    )
    torch.testing.assert_close(carried_on(picture, mask), picture)
    assert carried_on(picture, 0.6 * mask).max() == 1.0
    assert not carried_on(torch.zeros_like(picture), torch.zeros_like(mask)).any()


@torch.inference_mode()
def test_where_no_photo_has_a_say_there_is_nothing() -> None:
    """Behind all cameras, for instance: asked there, the layers would answer with their biases."""
    model = scene.network()
    encoded = model.encode(scene.source())
    points = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, -5.0], [5.0, 0.0, 0.0]])
    for field in (Field(model, encoded, scene.keypoints()), Field.of(model, encoded, scene.keypoints())):
        raw = field.raw_density(points)
        assert raw[0] != UNSEEN
        assert (raw[1:] == UNSEEN).all()
