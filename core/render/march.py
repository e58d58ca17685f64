"""Rays through a density grid: skip what is empty, integrate the rest, find where colour is wanted.

All of it reads the grid only; the network is asked afterwards, for one point a ray where a surface is sharp, for a few
where what is seen is spread over some depth.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional as F

from ..geometry import Box
from . import ray_kernels
from .compositing import ray_weights
from .field import CompiledField, Field, in_parallel
from .fused import FusedField
from .grid import DensityGrid
from .ray_kernels import BLACK, MOST_SAMPLES, VISIBLE
from .sampling import meets, ray_box

STEP = 0.75
"""Between two grid reads along a ray, in grid cells."""
THIN = 0.006
"""Depth, metres, over which the middle 80 % of what a ray sees may be spread and still count as one surface."""
PROBES = 96
"""Occupancy look-ups a ray to find where it meets anything."""
STRETCH, MOST_READS = 16, 480
"""Grid reads along a ray between two looks at whether it still sees anything, and at most."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What rays meet in a grid."""

    samples: UInt8[Tensor, "r"]
    """How many points of a ray want a colour; 0 where it sees nothing."""
    alpha: Float[Tensor, "r"]
    distance: Float[Tensor, "r"]
    """Metres along the ray, mean over what is seen."""
    where: Float[Tensor, "r 8"]
    """Distances of the points that want a colour; each stands for an equal part of alpha."""


def march(
    field: Field, grid: DensityGrid, window: Box, origin: Float[Tensor, "3"], directions: Float[Tensor, "r 3"]
) -> Seen:
    """Integrate density along rays from one origin; those that do not meet the window see nothing."""
    if isinstance(field, FusedField):
        return Seen(*field.march(grid, window, origin, directions, STEP * grid.lattice.spacing, THIN))
    if not isinstance(field, CompiledField):
        return march_in_torch(field, grid, window, origin, directions)
    count, lattice = len(directions), grid.lattice
    samples, alpha = np.empty(count, np.uint8), np.empty(count, np.float32)
    distance, where = np.empty(count, np.float32), np.zeros((count, MOST_SAMPLES), np.float32)
    raw, blocks, clear, tables = grid.raw[0, 0].numpy(), grid.blocks.numpy(), grid.clear.numpy(), field.tables
    step = STEP * lattice.spacing
    through = ray_kernels.let_through(step, float(field.model.config.density_scale))
    corners = np.stack([window.lower, window.upper]).astype(np.float64)
    lower, eye = lattice.lower.double().numpy(), origin.double().numpy()
    along = np.ascontiguousarray(directions.numpy())

    def work(begin: int, end: int) -> None:
        ray_kernels.march(
            begin, end, tables.cameras, tables.masks, corners, raw, blocks, clear, lower, lattice.spacing,
            *through, eye, along, step, THIN, samples, alpha, distance, where,
        )  # fmt: skip

    in_parallel(count, work)
    return Seen(*map(torch.from_numpy, (samples, alpha, distance, where)))


def march_in_torch(
    field: Field, grid: DensityGrid, window: Box, origin: Float[Tensor, "3"], directions: Float[Tensor, "r 3"]
) -> Seen:
    """The same in torch, on any device: evenly spaced reads between the first and the last occupied block."""
    step = STEP * grid.lattice.spacing
    near, far, hit = ray_box(origin, directions, grid.lattice.lower, grid.lattice.upper)
    start, stop = _occupied_interval(grid, origin, directions, near, far)
    through = meets(origin, directions, window)
    ray = (hit & through & (stop > start)).nonzero()[:, 0]
    rays = len(directions)
    seen = Seen(
        samples=torch.zeros(rays, dtype=torch.uint8, device=near.device),
        alpha=torch.zeros_like(near),
        distance=torch.zeros_like(near),
        where=near.new_zeros(rays, MOST_SAMPLES),
    )
    if len(ray) == 0:
        return seen
    distances, density = _densities(field, grid, origin, directions[ray], start[ray], stop[ray], step)
    weights = ray_weights(density, distances, last=step)
    alpha = weights.sum(dim=-1)
    kept = alpha > VISIBLE
    ray, weights, distances, alpha = ray[kept], weights[kept], distances[kept], alpha[kept]
    cumulative = torch.cumsum(weights, dim=-1)
    spread = _quantile(cumulative, distances, 0.9) - _quantile(cumulative, distances, 0.1)
    samples = torch.full_like(ray, MOST_SAMPLES)
    samples[spread <= 4 * THIN] = 4
    samples[spread <= 2 * THIN] = 2
    samples[spread <= THIN] = 1
    seen.samples[ray] = samples.to(torch.uint8)
    seen.alpha[ray] = alpha.clamp(max=1)
    seen.distance[ray] = (weights * distances).sum(dim=-1) / alpha
    for count in (1, 2, 4, MOST_SAMPLES):
        of = samples == count
        for sample in range(count):
            seen.where[ray[of], sample] = _quantile(cumulative[of], distances[of], (sample + 0.5) / count)
    return seen


def _densities(
    field: Field,
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
    count = int(((stop - start).max() / step).ceil().clamp(2, MOST_READS))
    distances = start[:, None] + step * (torch.arange(count, device=start.device) + 0.5)
    density = torch.zeros_like(distances)
    depth = torch.zeros_like(start)
    for first in range(0, count, STRETCH):
        stretch = slice(first, min(first + STRETCH, count))
        active = ((depth < BLACK) & (distances[:, first] < stop)).nonzero()[:, 0]
        if len(active) == 0:
            break
        at = distances[active, stretch]
        points = origin + at[..., None] * directions[active][:, None]
        read = field.model.density(grid.read(points)) * (at < stop[active, None])
        holds = grid.in_blocks(grid.blocks, points)
        cut = holds == grid.BORDER
        read[cut] *= field.in_hull(points[cut])
        read[holds == grid.NOTHING] = 0
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
    """Distances between which rays pass near occupied blocks; empty (stop <= start) where they pass none."""
    # Probes step over the corner of a block, never over it and its neighbours.
    around = (
        F.max_pool3d((grid.blocks != grid.NOTHING)[None, None].float(), kernel_size=3, stride=1, padding=1)[0, 0] > 0
    )
    share = torch.linspace(0, 1, PROBES, device=near.device)
    distances = near[:, None] + (far - near)[:, None] * share
    occupied = grid.in_blocks(around, origin + distances[..., None] * directions[:, None])
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
