"""Where along its rays the network is asked in training: a fixed budget, most of it near the surface."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..geometry import Box
from ..render.sampling import meets, ray_box

BOX_MARGIN = 0.01
"""How far rays are followed beyond the subject's volume, metres."""
STRATIFIED = 18
"""Samples spread over a ray, before those outside the visual hull are dropped."""
NEAR_SURFACE = (0.006, 0.006, 0.006, 0.006, 0.006, 0.02, 0.02, 0.02)
"""Further samples round the surface: how far from it, standard deviations in metres."""


def draw_distances(
    origins: Float[Tensor, "*#r 3"],
    directions: Float[Tensor, "r 3"],
    surface: Float[Tensor, "r"],
    generator: torch.Generator,
    *,
    volume: Box,
    window: Box | None = None,
    stratified: int = STRATIFIED,
    near_surface: Sequence[float] = NEAR_SURFACE,
) -> Float[Tensor, "r s"]:
    """Sorted sample distances: one at random in each of `stratified` equal parts of the volume, the others round the
    surface (metres along the ray; anywhere where it is NaN). Rays that miss the volume, or the window, end at once."""
    grown = volume.grown(BOX_MARGIN)
    near, far, hit = ray_box(origins, directions, *(directions.new_tensor(c) for c in (grown.lower, grown.upper)))
    if window is not None:
        hit = meets(origins, directions, window)
    near, far = torch.where(hit, near, 0.0)[:, None], torch.where(hit, far, 1e-3)[:, None]
    shape = (len(near), len(near_surface))
    # Drawn on the processor, wherever the rays are: the same everywhere.
    parts = torch.arange(stratified) + torch.rand(len(near), stratified, generator=generator)
    anywhere = torch.rand(*shape, generator=generator).to(near)
    jitter = torch.randn(*shape, generator=generator).to(near) * near.new_tensor(near_surface)
    close = surface[:, None] + jitter
    close = torch.where(torch.isnan(close), near + (far - near) * anywhere, close)
    return torch.cat([near + (far - near) * (parts / stratified).to(near), close], dim=-1).sort(dim=-1).values
