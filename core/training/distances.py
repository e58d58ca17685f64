"""Where along its rays a training step asks the network: a fixed budget, most of it near the surface."""

import torch
from jaxtyping import Float
from torch import Tensor

from ..geometry import Box
from ..keypoints import HEAD
from ..render.sampling import ray_box

BOX_MARGIN = 0.01
"""How far rays are followed beyond the subject's volume, metres."""
STRATIFIED = 18
"""Samples spread over a ray, before those outside the visual hull are dropped."""
NEAR_SURFACE = (0.006, 0.006, 0.006, 0.006, 0.006, 0.02, 0.02, 0.02)
"""Further samples round the true surface: how far from it, standard deviations in metres."""


def draw_distances(
    origins: Float[Tensor, "r 3"], directions: Float[Tensor, "r 3"], surface: Float[Tensor, "r"], seed: int
) -> Float[Tensor, "r 26"]:
    """Sorted sample distances: one at random in each of 18 equal parts of the volume, eight round the true surface
    (metres along the ray; anywhere where it is NaN)."""
    volume, window = HEAD.volume.grown(BOX_MARGIN), HEAD.box
    generator = torch.Generator().manual_seed(seed)

    def crossed(box: Box) -> tuple[Tensor, Tensor, Tensor]:
        corners = (origins.new_tensor(corner) for corner in (box.lower, box.upper))
        return ray_box(origins, directions, *corners)

    near, far, _ = crossed(volume)
    _, _, hit = crossed(window)
    near, far = torch.where(hit, near, 0.0)[:, None], torch.where(hit, far, 1e-3)[:, None]
    rays, close = len(near), len(NEAR_SURFACE)
    parts = torch.arange(STRATIFIED) + torch.rand(rays, STRATIFIED, generator=generator)
    stratified = near + (far - near) * parts / STRATIFIED
    jitter = torch.randn(rays, close, generator=generator) * near.new_tensor(NEAR_SURFACE)
    anywhere = near + (far - near) * torch.rand(rays, close, generator=generator)
    around = torch.where(torch.isnan(surface)[:, None], anywhere, surface[:, None] + jitter)
    return torch.cat([stratified, around], dim=-1).sort(dim=-1).values
