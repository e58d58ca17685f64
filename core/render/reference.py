"""The reference renderer: 64 uniform and 64 importance samples a ray, composited as published.

Two things differ from the published code, neither of which changes a picture: the photos are encoded once, not
per frame, and samples outside the visual hull, whose density is zero, are never evaluated.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ..model.keypoint_nerf import KeypointNeRF
from ..model.views import EncodedViews
from . import sampling
from .compositing import composite, ray_weights

COARSE, FINE = 64, 64
ROWS = 8192
"""Samples a chunk: small enough for the cache, where matrix products are several times faster."""


@dataclass(frozen=True, eq=False)
class RayColours:
    """What rays see."""

    rgb: Float[Tensor, "r 3"]
    """Premultiplied by alpha."""
    alpha: Float[Tensor, "r"]
    distance: Float[Tensor, "r"]
    """Metres from the camera along the ray."""
    coarse_rgb: Float[Tensor, "r 3"]
    samples: int
    """How many samples the network was asked for."""


def query_in_hull(
    model: KeypointNeRF,
    encoded: EncodedViews,
    keypoints: Float[Tensor, "k 3"],
    points: Float[Tensor, "n 3"],
    directions: Float[Tensor, "n 3"],
    *,
    is_stale: Callable[[], bool] = lambda: False,
) -> tuple[Float[Tensor, "n 3"], Float[Tensor, "n"], int]:
    """Colour and density (per metre) of samples, zero outside the hull, and how many were evaluated.

    When `is_stale` turns true the rest stays zero: the caller is about to throw the result away.
    """
    rgb, density, evaluated = points.new_zeros(len(points), 3), points.new_zeros(len(points)), 0
    for rows in torch.arange(len(points), device=points.device).split(4 * ROWS):
        _, hull = model.sight(encoded, points[rows])
        for chosen in rows[hull].split(ROWS):
            if is_stale():
                return rgb, density, evaluated
            colour, raw, _ = model.query(encoded, keypoints, points[chosen], directions[chosen])
            rgb[chosen], density[chosen] = colour.to(rgb), model.density(raw).to(density)
            evaluated += len(chosen)
    return rgb, density, evaluated


def render_rays(
    model: KeypointNeRF,
    encoded: EncodedViews,
    keypoints: Float[Tensor, "k 3"],
    origin: Float[Tensor, "3"],
    directions: Float[Tensor, "r 3"],
    near: Float[Tensor, "r"],
    far: Float[Tensor, "r"],
    *,
    is_stale: Callable[[], bool] = lambda: False,
) -> RayColours:
    """Render rays from one origin along unit directions between distances `near` and `far` (metres)."""

    def ask(distances: Float[Tensor, "r n"]) -> tuple[Float[Tensor, "r n 3"], Float[Tensor, "r n"], int]:
        points = origin + distances[..., None] * directions[:, None]
        along = directions[:, None].expand_as(points).reshape(-1, 3)
        rgb, density, evaluated = query_in_hull(
            model, encoded, keypoints, points.reshape(-1, 3), along, is_stale=is_stale
        )
        return rgb.reshape(points.shape), density.reshape(distances.shape), evaluated

    last = model.config.last_interval
    coarse = sampling.uniform(near, far, COARSE)
    coarse_rgb, coarse_density, first = ask(coarse)
    weights = ray_weights(coarse_density, coarse, last=last)
    coarse_colour, _, _ = composite(weights, coarse_rgb, coarse)
    fine = sampling.importance(coarse, weights, FINE)
    fine_rgb, fine_density, second = ask(fine)
    distances, order = torch.sort(torch.cat([coarse, fine], dim=-1), dim=-1)
    density = torch.cat([coarse_density, fine_density], dim=-1).gather(1, order)
    rgb = torch.cat([coarse_rgb, fine_rgb], dim=1).gather(1, order[..., None].expand(-1, -1, 3))
    colour, alpha, distance = composite(ray_weights(density, distances, last=last), rgb, distances)
    return RayColours(colour, alpha, distance, coarse_colour, first + second)
