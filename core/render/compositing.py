"""Emission-absorption compositing of samples along rays (Max, 1995; Mildenhall et al., 2020, equation 3)."""

import torch
from jaxtyping import Float
from torch import Tensor


def ray_weights(density: Float[Tensor, "r n"], distances: Float[Tensor, "r n"], *, last: float) -> Float[Tensor, "r n"]:
    """w_i = (1 - exp(-σ_i Δ_i)) Π_{j<i} exp(-σ_j Δ_j) with Δ_i the distance to the next sample (metres); the last
    sample stands for `last` metres."""
    delta = torch.cat([distances[:, 1:] - distances[:, :-1], torch.full_like(distances[:, :1], last)], dim=-1)
    optical = density * delta
    # Shifted, not subtracted: the open end would swallow the digits of everything before it.
    before = torch.cat([torch.zeros_like(optical[:, :1]), torch.cumsum(optical[:, :-1], dim=-1)], dim=-1)
    return -torch.expm1(-optical) * torch.exp(-before)


def composite(
    weights: Float[Tensor, "r n"], rgb: Float[Tensor, "r n 3"], distances: Float[Tensor, "r n"]
) -> tuple[Float[Tensor, "r 3"], Float[Tensor, "r"], Float[Tensor, "r"]]:
    """Premultiplied colour, alpha, and mean distance Σ w t / (Σ w + 1e-8) of rays."""
    alpha = weights.sum(dim=-1)
    colour = (weights[..., None] * rgb).sum(dim=-2)
    return colour, alpha, (weights * distances).sum(dim=-1) / (alpha + 1e-8)
