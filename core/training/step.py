"""A training step: what the photos of several people and the rays through targets of them teach, differentiable."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..model.keypoint_nerf import KeypointNeRF
from ..model.stacks import Chosen, stacked
from ..model.views import EncodedViews
from .items import TrainingItem
from .losses import (
    LossWeights,
    choice_loss,
    depth_loss,
    extended,
    mean_where,
    occupancy_loss,
    outline_weights,
    picture_losses,
)
from .ray_rendering import render_rays

TOLERANCE = 0.02
"""Of the depths that photos correct for each other, metres (see `depth_loss`)."""
Terms = dict[str, Float[Tensor, ""]]
"""Loss terms by name."""


def training_losses(
    model: KeypointNeRF, encoded: Sequence[EncodedViews], items: Sequence[TrainingItem], weights: LossWeights
) -> Terms:
    """The mean over items, whose photos are encoded, of every weighted loss term, and of their sum under "total".

    Under autocast the network computes in bfloat16; rays, compositing and losses stay in float32. Items of equally many
    photos are worked on together.
    """
    return _together(
        encoded, items, lambda views, item: _ray_terms(model, views, item) | _depth_terms(views, item), weights
    )


def depth_losses(encoded: Sequence[EncodedViews], items: Sequence[TrainingItem], weights: LossWeights) -> Terms:
    """The same of what the photos alone teach; no ray is followed.

    Raises ValueError for a network that predicts no depth.
    """
    if encoded[0].depth is None:
        raise ValueError("this network predicts no depth")
    return _together(encoded, items, _depth_terms, weights)


def _together(
    encoded: Sequence[EncodedViews],
    items: Sequence[TrainingItem],
    terms_of: Callable[[EncodedViews, TrainingItem], Terms],
    weights: LossWeights,
) -> Terms:
    """The mean of the terms of items; not every item has every term: a photo that stands alone chooses from nothing."""
    counts = [len(views.low) for views in encoded]
    sums: dict[str, Tensor] = {}
    having: dict[str, int] = {}
    for count in sorted(set(counts)):
        these = [index for index, photos in enumerate(counts) if photos == count]
        terms = terms_of(stacked([encoded[index] for index in these]), stacked([items[index] for index in these]))
        for name, value in terms.items():
            sums[name] = sums.get(name, 0) + value * getattr(weights, name, 1.0) * len(these)
            having[name] = having.get(name, 0) + len(these)
    total = torch.stack([value for name, value in sums.items() if hasattr(weights, name)]).sum() / len(items)
    return {name: value / having[name] for name, value in sums.items()} | {"total": total}


def _ray_terms(model: KeypointNeRF, encoded: EncodedViews, item: TrainingItem) -> Terms:
    """What rays teach: of several items, as all here."""
    found = render_rays(model, encoded, item.keypoints, item.origins, item.directions, item.distances)
    with torch.autocast(found.raw.device.type, enabled=False):
        return _picture_terms(item, found.along, found.colour) | _occupancy_terms(item, found.asked, found.raw)


def _picture_terms(item: TrainingItem, along: Float[Tensor, "r s"], colour: Float[Tensor, "r 3"]) -> Terms:
    alpha, shown = along.sum(dim=-1), item.shown.flatten()
    true_rgb, true_alpha = item.rgb.flatten(0, 1), item.alpha.flatten()
    alpha, colour = torch.where(shown, alpha, true_alpha), torch.where(shown[:, None], colour, true_rgb)
    behind = item.background.flatten(0, 1)
    terms = picture_losses(
        colour + (1 - alpha)[:, None] * behind,
        alpha,
        true_rgb + (1 - true_alpha)[:, None] * behind,
        true_alpha,
        item.patch,
    )
    solid = (item.alpha > 0.95) & item.shown & ~torch.isnan(item.distance)
    surface = torch.nan_to_num(item.distance)[..., None]
    miss = (along.view(item.distances.shape) * (item.distances - surface).abs().clamp_max(0.1)).sum(dim=-1)
    return terms | {"distance": mean_where(miss, solid, dims=1).mean()}


def _occupancy_terms(item: TrainingItem, asked: Chosen, raw: Float[Tensor, "b n"]) -> Terms:
    nothing, surface = (item.alpha < 0.02)[..., None], item.distance[..., None]
    behind = torch.where(nothing, torch.inf, item.distances - surface)
    # Of what is neither empty nor seen, and of what only fills a row up, nothing is known.
    behind = torch.nan_to_num(behind, nan=1.0, posinf=torch.inf).flatten(1)
    behind = torch.where(asked.real, asked.of(behind), 1.0)
    opaque = (item.alpha > 0.95).repeat_interleave(item.distances.shape[-1], dim=1)
    told = torch.tensor(float(len(asked.places)) / len(raw), device=raw.device)
    return {"occupancy": occupancy_loss(raw, behind, asked.of(opaque)).mean(), "samples": told}


def _depth_terms(encoded: EncodedViews, item: TrainingItem) -> Terms:
    if encoded.depth is None:
        return {}
    with torch.autocast(encoded.depth.device.type, enabled=False):
        depth = encoded.depth
        true = item.source_depth.flatten(0, 1)
        truth, counting = (maps.view(item.source_depth.shape) for maps in (extended(true), outline_weights(true)))
        if not encoded.guesses:
            return {"depth": depth_loss(depth, truth, counting).mean()}
        alone, coarse = encoded.guesses
        compared = [depth_loss(each, truth, counting, tolerance=TOLERANCE) for each in (depth, coarse)]
        choices = torch.stack([choice_loss(choice, item.source_depth) for choice in encoded.choices])
        terms = torch.stack([depth_loss(alone, truth, counting), *compared])
        return {"depth": terms.sum(dim=0).mean(), "choice": choices.sum(dim=0).mean()}
