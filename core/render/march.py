"""Rays through a density grid: skip what is empty, integrate the rest, find the surface.

All of it reads the grid only; the network is asked afterwards, for the colour of one point a ray where a surface is
sharp, of a few where what is seen is spread over some depth.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..model.keypoint_nerf import KeypointNeRF
from .compositing import ray_weights
from .grid import DensityGrid
from .sampling import ray_box

PROBES = 40
"""Occupancy look-ups a ray to find where it meets anything."""
VISIBLE = 4e-3
"""Alpha below which a ray is left empty: one step of an 8-bit picture."""


STRETCH, MOST_STEPS = 16, 240
"""Grid reads along a ray between two looks at whether it still sees anything, and at most."""
BLACK = 7.0
"""Optical depth behind which nothing shows: e^-7 is a quarter of a step of an 8-bit picture."""
THIN = 0.006
"""Depth, metres, over which the middle 80 % of what a ray sees may be spread and still count as one surface."""
SPREAD_SAMPLES = 4
"""Colours asked for on a ray that sees more than one surface."""


@dataclass(frozen=True, eq=False)
class Surfaces:
    """What rays meet in a grid. Rays that are not listed see nothing."""

    ray: Int[Tensor, "n"]
    """Which of the rays that were marched."""
    alpha: Float[Tensor, "n"]
    distance: Float[Tensor, "n"]
    """Metres along the ray, mean over what is seen."""
    points: Float[Tensor, "m 3"]
    """Where to ask for colour; at least one point a ray."""
    owner: Int[Tensor, "m"]
    """Index into the fields above of the ray that a point is on."""
    share: Float[Tensor, "m"]
    """Part of its ray's alpha that a point stands for; sums to one over a ray."""

    @staticmethod
    def none(like: Tensor) -> "Surfaces":
        """Nothing met."""
        empty, index = like.new_zeros(0), torch.zeros(0, dtype=torch.long, device=like.device)
        return Surfaces(index, empty, empty, like.new_zeros(0, 3), index, empty)


def march(
    model: KeypointNeRF,
    grid: DensityGrid,
    origin: Float[Tensor, "3"],
    directions: Float[Tensor, "r 3"],
    *,
    step: float,
) -> Surfaces:
    """Integrate density along rays from one origin; `step` in metres between grid reads."""
    near, far, hit = ray_box(origin, directions, grid.lattice.lower, grid.lattice.upper)
    ray = hit.nonzero()[:, 0]
    start, stop = _occupied_interval(grid, origin, directions[ray], near[ray], far[ray])
    kept = stop > start
    ray, start, stop = ray[kept], start[kept], stop[kept]
    if len(ray) == 0:
        return Surfaces.none(near)
    distances, density = _densities(model, grid, origin, directions[ray], start, stop, step)
    weights = ray_weights(density, distances, last=step)
    alpha = weights.sum(dim=-1)
    seen = alpha > VISIBLE
    ray, weights, distances, alpha = ray[seen], weights[seen], distances[seen], alpha[seen]
    if len(ray) == 0:
        return Surfaces.none(near)
    mean = (weights * distances).sum(dim=-1) / alpha
    cumulative = torch.cumsum(weights, dim=-1)
    spread = _quantile(cumulative, distances, 0.9) - _quantile(cumulative, distances, 0.1)
    every = torch.arange(len(ray), device=ray.device)
    owner, share, where = [], [], []
    for chosen, samples in ((every[spread <= THIN], 1), (every[spread > THIN], SPREAD_SAMPLES)):
        for sample in range(samples):
            owner.append(chosen)
            share.append(mean.new_full((len(chosen),), 1 / samples))
            where.append(_quantile(cumulative[chosen], distances[chosen], (sample + 0.5) / samples))
    owners = torch.cat(owner)
    points = origin + torch.cat(where)[:, None] * directions[ray[owners]]
    return Surfaces(ray, alpha.clamp(max=1), mean, points, owners, torch.cat(share))


def _densities(
    model: KeypointNeRF,
    grid: DensityGrid,
    origin: Float[Tensor, "3"],
    directions: Float[Tensor, "r 3"],
    start: Float[Tensor, "r"],
    stop: Float[Tensor, "r"],
    step: float,
) -> tuple[Float[Tensor, "r n"], Float[Tensor, "r n"]]:
    """Evenly spaced distances along rays and the density there, per metre.

    Read a stretch at a time, and only for rays that still see something: behind an opaque surface, and beyond
    `stop`, the density stays zero.
    """
    count = int(((stop - start).max() / step).ceil().clamp(2, MOST_STEPS))
    distances = start[:, None] + step * (torch.arange(count, device=start.device) + 0.5)
    density = torch.zeros_like(distances)
    depth = torch.zeros_like(start)
    for first in range(0, count, STRETCH):
        stretch = slice(first, min(first + STRETCH, count))
        active = ((depth < BLACK) & (distances[:, first] < stop)).nonzero()[:, 0]
        if len(active) == 0:
            break
        at = distances[active, stretch]
        read = model.density(grid.read(origin + at[..., None] * directions[active][:, None]))
        read = read * (at < stop[active, None])
        density[active, stretch] = read
        depth[active] += step * read.sum(dim=-1)
    return distances, density


def _occupied_interval(
    grid: DensityGrid,
    origin: Float[Tensor, "3"],
    directions: Float[Tensor, "r 3"],
    near: Float[Tensor, "r"],
    far: Float[Tensor, "r"],
) -> tuple[Float[Tensor, "r"], Float[Tensor, "r"]]:
    """Distances between which rays pass occupied blocks; empty (stop <= start) where they pass none."""
    share = torch.linspace(0, 1, PROBES, device=near.device)
    distances = near[:, None] + (far - near)[:, None] * share
    occupied = grid.is_occupied(origin + distances[..., None] * directions[:, None])
    step = (far - near) / (PROBES - 1)
    some = occupied.any(dim=-1)
    first = distances.gather(1, occupied.to(torch.uint8).argmax(dim=-1, keepdim=True))[:, 0] - step
    last_index = PROBES - 1 - occupied.flip(-1).to(torch.uint8).argmax(dim=-1, keepdim=True)
    last = distances.gather(1, last_index)[:, 0] + step
    start, stop = torch.maximum(first, near), torch.minimum(last, far)
    return torch.where(some, start, stop), stop


def _quantile(cumulative: Float[Tensor, "r n"], distances: Float[Tensor, "r n"], quantile: float) -> Float[Tensor, "r"]:
    """Distance before which a given part of what a ray sees lies, interpolated between samples.

    Unlike a mean, a quantile is never in the empty space between two surfaces.
    """
    target = quantile * cumulative[:, -1:]
    index = torch.searchsorted(cumulative, target).clamp(max=cumulative.shape[1] - 1)
    before = torch.where(index > 0, cumulative.gather(1, (index - 1).clamp(min=0)), torch.zeros_like(target))
    share = ((target - before) / (cumulative.gather(1, index) - before).clamp_min(1e-8)).clamp(0, 1)
    spacing = distances[:, 1:2] - distances[:, :1]
    return (distances.gather(1, index) + (share - 0.5) * spacing)[:, 0]
