"""Rendering for training: a fixed budget of samples a ray, differentiable, most of them near the surface."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..geometry import Box
from ..keypoints import HEAD
from ..model.keypoint_nerf import KeypointNeRF
from ..model.views import EncodedViews
from ..render.compositing import ray_weights
from ..render.sampling import ray_box
from .items import BOX_MARGIN, TrainingItem
from .losses import (
    LossWeights,
    choice_loss,
    depth_loss,
    extended,
    occupancy_loss,
    outline_weights,
    picture_losses,
)

STRATIFIED = 25
"""Samples spread over a ray, before those outside the visual hull are dropped."""
NEAR_SURFACE = (0.006, 0.006, 0.006, 0.006, 0.006, 0.02, 0.02, 0.02)
"""Further samples round the true surface: how far from it, standard deviations in metres."""

TOLERANCE = 0.02
"""Of the depths that photos correct for each other, metres (see `depth_loss`)."""
COLOUR_FROM = 1e-3
"""Samples of less weight in their ray are not given a colour of their own."""


def draw_distances(item: TrainingItem, generator: torch.Generator) -> Float[Tensor, "r n"]:
    """Sorted sample distances: one at random in each of 25 equal parts of the volume, eight round the true surface."""
    volume, window = HEAD.volume.grown(BOX_MARGIN), HEAD.box

    def crossed(box: Box) -> tuple[Tensor, Tensor, Tensor]:
        corners = (item.origins.new_tensor(corner) for corner in (box.lower, box.upper))
        return ray_box(item.origins, item.directions, *corners)

    near, far, _ = crossed(volume)
    _, _, hit = crossed(window)
    near, far = torch.where(hit, near, torch.zeros_like(near)), torch.where(hit, far, torch.full_like(far, 1e-3))
    rays = len(near)

    def random(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator).to(near)

    parts = torch.arange(STRATIFIED, device=near.device) + random(rays, STRATIFIED)
    stratified = near[:, None] + (far - near)[:, None] * parts / STRATIFIED
    jitter = torch.randn(rays, len(NEAR_SURFACE), generator=generator).to(near) * near.new_tensor(NEAR_SURFACE)
    anywhere = near[:, None] + (far - near)[:, None] * random(rays, len(NEAR_SURFACE))
    close = torch.where(torch.isnan(item.distance)[:, None], anywhere, item.distance[:, None] + jitter)
    return torch.cat([stratified, close], dim=-1).sort(dim=-1).values


def training_losses(
    model: KeypointNeRF, encoded: EncodedViews, item: TrainingItem, weights: LossWeights, generator: torch.Generator
) -> dict[str, Float[Tensor, ""]]:
    """Every loss term of an item whose photos are encoded, weighted, and their sum under "total".

    Under autocast the network computes in bfloat16; rays, compositing and losses stay in float32.
    """
    distances = draw_distances(item, generator)
    points = item.origins[:, None] + distances[..., None] * item.directions[:, None]
    rays, per_ray = distances.shape
    flat = points.reshape(-1, 3)
    with torch.no_grad():
        sighting, hull = model.sight(encoded, flat)
    chosen = hull.nonzero()[:, 0]
    kept, sighting = flat[chosen], sighting.of(chosen)
    raw, latent = model.geometry(encoded, item.keypoints, kept, sighting)
    with torch.autocast(flat.device.type, enabled=False):
        raw = raw.float()
        density = distances.new_zeros(rays * per_ray).index_put((chosen,), model.density(raw)).reshape(rays, per_ray)
        weights_along = ray_weights(density, distances, last=model.config.last_interval)
    worth = (weights_along.detach().reshape(-1)[chosen] > COLOUR_FROM).nonzero()[:, 0]
    coloured = chosen[worth]
    rgb, _ = model.colour(encoded, kept[worth], item.directions[coloured // per_ray], latent[worth], sighting.of(worth))
    with torch.autocast(flat.device.type, enabled=False):
        picture = _composite(weights_along, coloured, rgb.float())
        return _losses(item, weights, encoded, distances, chosen, raw, weights_along, picture)


def _composite(
    weights: Float[Tensor, "r s"], coloured: Int[Tensor, "m"], rgb: Float[Tensor, "m 3"]
) -> Float[Tensor, "r 3"]:
    """Colours of rays of which only some samples were given a colour.

    The others count as their ray's own colour: black would tell the density that growing there darkens the picture.
    """
    rays, per_ray = weights.shape
    ray = coloured // per_ray
    w = weights.reshape(-1)[coloured]
    colour = weights.new_zeros(rays, 3).index_add(0, ray, w[:, None] * rgb)
    weight = weights.new_zeros(rays).index_add(0, ray, w)
    own = (colour / weight.clamp_min(1e-6)[:, None]).detach()
    return colour + (weights.sum(dim=-1) - weight)[:, None] * own


def _losses(
    item: TrainingItem,
    weights: LossWeights,
    encoded: EncodedViews,
    distances: Float[Tensor, "r s"],
    chosen: Int[Tensor, "n"],
    raw: Float[Tensor, "n"],
    w: Float[Tensor, "r s"],
    colour: Float[Tensor, "r 3"],
) -> dict[str, Float[Tensor, ""]]:
    ray = chosen // distances.shape[1]
    alpha = w.sum(dim=-1)
    shown = item.shown
    terms = picture_losses(
        torch.where(shown[:, None], colour, item.rgb),
        torch.where(shown, alpha, item.alpha),
        item.rgb,
        item.alpha,
        item.patch,
    )
    opaque = item.alpha > 0.95
    surface = torch.nan_to_num(item.distance)
    solid = opaque & shown & ~torch.isnan(item.distance)
    miss = (w * (distances - surface[:, None]).abs().clamp_max(0.1)).sum(dim=-1)
    terms["distance"] = (miss * solid).sum() / solid.sum().clamp_min(1)
    behind = distances - surface[:, None]
    behind = torch.where((item.alpha < 0.02)[:, None], torch.full_like(behind, torch.inf), behind)
    unknown = torch.isnan(item.distance) & (item.alpha >= 0.02)
    behind = torch.where(unknown[:, None], torch.full_like(behind, 1.0), behind)
    terms["occupancy"] = occupancy_loss(raw, behind.reshape(-1)[chosen], opaque[ray])
    if encoded.depth is not None:
        terms |= _depth_terms(encoded, encoded.depth, item)
    return _weighed(terms, weights) | {"samples": torch.tensor(float(len(chosen)))}


def depth_losses(encoded: EncodedViews, item: TrainingItem, weights: LossWeights) -> dict[str, Float[Tensor, ""]]:
    """What the photos alone teach, weighted, and the sum under "total"; no ray is followed.

    Raises ValueError for a network that predicts no depth.
    """
    if encoded.depth is None:
        raise ValueError("this network predicts no depth")
    return _weighed(_depth_terms(encoded, encoded.depth, item), weights)


def _depth_terms(
    encoded: EncodedViews, depth: Float[Tensor, "v 1 h w"], item: TrainingItem
) -> dict[str, Float[Tensor, ""]]:
    truth, counting = extended(item.source_depth), outline_weights(item.source_depth)
    if not encoded.guesses:
        return {"depth": depth_loss(depth, truth, counting)}
    alone, coarse = encoded.guesses
    compared = [depth_loss(each, truth, counting, tolerance=TOLERANCE) for each in (depth, coarse)]
    choices = torch.stack([choice_loss(choice, item.source_depth) for choice in encoded.choices])
    return {"depth": depth_loss(alone, truth, counting) + torch.stack(compared).sum(), "choice": choices.sum()}


def _weighed(terms: dict[str, Float[Tensor, ""]], weights: LossWeights) -> dict[str, Float[Tensor, ""]]:
    scaled = {name: value * getattr(weights, name) for name, value in terms.items()}
    return scaled | {"total": torch.stack(list(scaled.values())).sum()}
