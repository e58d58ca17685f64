"""Rays rendered to learn from: differentiable, with a fixed budget of samples, for several subjects at once."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..model.keypoint_nerf import KeypointNeRF
from ..model.stacks import Chosen
from ..model.views import EncodedViews
from ..render.compositing import ray_weights

COLOUR_FROM = 1e-3
"""Samples of less weight in their ray are not given a colour of their own."""


class RenderedRays(NamedTuple):
    """All float32."""

    colour: Float[Tensor, "b*r 3"]
    """Premultiplied by alpha."""
    along: Float[Tensor, "b*r s"]
    """The weights of the samples of each ray; their sum is alpha."""
    asked: Chosen
    """Which of the samples are inside the visual hull."""
    raw: Float[Tensor, "b n"]
    """Density of those before its activation."""


def render_rays(
    model: KeypointNeRF,
    encoded: EncodedViews,
    keypoints: Float[Tensor, "b k 3"],
    origins: Float[Tensor, "b r 3"],
    directions: Float[Tensor, "b r 3"],
    distances: Float[Tensor, "b r s"],
) -> RenderedRays:
    """Rays of stacked subjects, asked at `distances` (metres, ascending).

    Under autocast the network computes in bfloat16; rays and compositing stay in float32.
    """
    items, rays, per_ray = distances.shape
    points = (origins[:, :, None] + distances[..., None] * directions[:, :, None]).flatten(1, 2)
    with torch.no_grad():
        sighting, hull = model.sight(encoded, points)
        asked = Chosen.where(hull)
        sighting = sighting.of(asked)
    kept = asked.of(points)
    raw, latent = model.geometry(encoded, keypoints, kept, sighting)
    with torch.autocast(points.device.type, enabled=False):
        raw = raw.float()
        density = distances.new_zeros(distances.numel())
        density = density.index_copy(0, asked.places, asked.without_repetitions(model.density(raw)))
        along = ray_weights(density.view(-1, per_ray), distances.flatten(0, 1), last=model.config.last_interval)
    weight = asked.of(along.detach().view(items, -1)) * asked.real
    worth = Chosen.where(weight > COLOUR_FROM)
    samples = worth.of(asked.columns)
    seen_along = directions.take_along_dim((samples // per_ray)[..., None], dim=1)
    rgb, _ = model.colour(encoded, worth.of(kept), seen_along, worth.of(latent), sighting.of(worth))
    first = torch.arange(items, device=samples.device)[:, None] * rays * per_ray
    with torch.autocast(points.device.type, enabled=False):
        colour = _composite(along, worth.without_repetitions(samples + first), worth.without_repetitions(rgb.float()))
    return RenderedRays(colour, along, asked, raw)


def _composite(
    weights: Float[Tensor, "r s"], coloured: Int[Tensor, "m"], rgb: Float[Tensor, "m 3"]
) -> Float[Tensor, "r 3"]:
    """Colours of rays of which only some samples were given a colour.

    The others count as their ray's own colour: black would tell the density that growing there darkens the picture.
    """
    rays, per_ray = weights.shape
    ray = coloured // per_ray
    w = weights.flatten().index_select(0, coloured)
    colour = weights.new_zeros(rays, 3).index_add(0, ray, w[:, None] * rgb)
    weight = weights.new_zeros(rays).index_add(0, ray, w)
    own = (colour / weight.clamp_min(1e-6)[:, None]).detach()
    return colour + (weights.sum(dim=-1) - weight)[:, None] * own
