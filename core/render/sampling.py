"""Where along a ray to look (method: "Per ray"; Mildenhall et al., 2020, section 5.2)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..geometry import Box


def ray_box(
    origin: Float[Tensor, "*#r 3"],
    directions: Float[Tensor, "r 3"],
    lower: Float[Tensor, "3"],
    upper: Float[Tensor, "3"],
) -> tuple[Float[Tensor, "r"], Float[Tensor, "r"], Bool[Tensor, "r"]]:
    """Distances at which rays, with one origin or one each, enter and leave a box, and which meet it (slab test)."""
    inverse = 1 / torch.where(directions.abs() < 1e-9, directions.new_tensor(1e-9), directions)
    a, b = (lower - origin) * inverse, (upper - origin) * inverse
    near = torch.minimum(a, b).amax(dim=-1).clamp_min(0)
    far = torch.maximum(a, b).amin(dim=-1)
    return near, far, far > near


def meets(origin: Float[Tensor, "*#r 3"], directions: Float[Tensor, "r 3"], box: Box) -> Bool[Tensor, "r"]:
    """Which rays meet a box."""
    return ray_box(origin, directions, *(torch.as_tensor(corner).to(directions) for corner in (box.lower, box.upper)))[
        2
    ]


def uniform(near: Float[Tensor, "r"], far: Float[Tensor, "r"], count: int) -> Float[Tensor, "r n"]:
    """Evenly spaced distances, both ends included."""
    t = torch.linspace(0, 1, count, dtype=near.dtype, device=near.device)
    return near[:, None] + (far - near)[:, None] * t


def importance(
    distances: Float[Tensor, "r n"], weights: Float[Tensor, "r n"], count: int
) -> Float[Tensor, "r {count}"]:
    """Distances drawn by inverse-transform sampling of the inner weights, deterministically (even quantiles).

    The bins lie between the midpoints of `distances`; each inner weight, raised by 1e-5, fills one.
    """
    edges = 0.5 * (distances[:, 1:] + distances[:, :-1])
    mass = weights[:, 1:-1] + 1e-5
    cdf = torch.cumsum(mass / mass.sum(dim=-1, keepdim=True), dim=-1)
    cdf = torch.cat([torch.zeros_like(cdf[:, :1]), cdf], dim=-1)
    u = torch.linspace(0, 1, count, dtype=cdf.dtype, device=cdf.device).expand(len(cdf), count).contiguous()
    right = torch.searchsorted(cdf, u, right=True).clamp(max=cdf.shape[-1] - 1)
    left = (torch.searchsorted(cdf, u, right=True) - 1).clamp(min=0)
    cdf_left, cdf_right = cdf.gather(1, left), cdf.gather(1, right)
    gap = cdf_right - cdf_left
    share = (u - cdf_left) / torch.where(gap < 1e-5, torch.ones_like(gap), gap)
    edge_left = edges.gather(1, left)
    return edge_left + share * (edges.gather(1, right) - edge_left)
