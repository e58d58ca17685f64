"""What training minimises. No pretrained perceptual network: structure comes from SSIM and image gradients."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ..model.sweep import round_each
from ..model.views import Choice

OUTLINE_REACH, OUTLINE_STEP, OUTLINE_WEIGHT = 6, 0.02, 4.0
"""Pixels that are beside an outline, how much farther what is behind it lies at least (metres), and how much they
count (see `outline_weights`)."""


def gaussian_window(size: int, sigma: float, like: Tensor) -> Float[Tensor, "n"]:
    """A normalised one-dimensional Gaussian."""
    x = torch.arange(size, dtype=like.dtype, device=like.device) - 0.5 * (size - 1)
    window = torch.exp(-0.5 * (x / sigma) ** 2)
    return window / window.sum()


def ssim_map(
    a: Float[Tensor, "b c h w"], b: Float[Tensor, "b c h w"], *, size: int = 11, sigma: float = 1.5
) -> Float[Tensor, "b c h2 w2"]:
    """Structural similarity of pictures in [0, 1] at every full window (Wang et al., 2004)."""
    channels = a.shape[1]
    window = gaussian_window(size, sigma, a)

    def blur(x: Tensor) -> Tensor:
        x = F.conv2d(x, window.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
        return F.conv2d(x, window.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)

    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return luminance * (2 * covariance + c2) / (var_a + var_b + c2)


@dataclass(frozen=True)
class LossWeights:
    """How much each term counts."""

    colour: float = 8.0
    square: float = 40.0
    structure: float = 0.5
    gradient: float = 2.0
    alpha: float = 2.0
    distance: float = 5.0
    occupancy: float = 1.0
    depth: float = 20.0
    choice: float = 0.2


def picture_losses(
    rgb: Float[Tensor, "r 3"],
    alpha: Float[Tensor, "r"],
    true_rgb: Float[Tensor, "r 3"],
    true_alpha: Float[Tensor, "r"],
    patch: int,
) -> dict[str, Float[Tensor, ""]]:
    """Colour, squared colour (what PSNR measures), structure, gradient and alpha terms of rendered patches."""

    def pictures(x: Tensor) -> Float[Tensor, "b c p p"]:
        return x.reshape(-1, patch, patch, x.shape[-1] if x.ndim > 1 else 1).permute(0, 3, 1, 2)

    a, b = pictures(rgb), pictures(true_rgb)
    dx = (a[..., 1:] - a[..., :-1]) - (b[..., 1:] - b[..., :-1])
    dy = (a[..., 1:, :] - a[..., :-1, :]) - (b[..., 1:, :] - b[..., :-1, :])
    return {
        "colour": (rgb - true_rgb).abs().mean(),
        "square": (rgb - true_rgb).square().mean(),
        "structure": 1 - ssim_map(a, b, size=7).mean(),
        "gradient": dx.abs().mean() + dy.abs().mean(),
        "alpha": (alpha - true_alpha).abs().mean(),
    }


def mean_where(values: Tensor, counting: Tensor, *, dims: int) -> Tensor:
    """The mean over so many last dimensions of what counts, and by how much; zero where nothing does."""
    last = tuple(range(-dims, 0))
    return (values * counting).sum(dim=last) / counting.sum(dim=last).clamp_min(1)


def occupancy_loss(
    raw: Float[Tensor, "*b n"], behind: Float[Tensor, "*b n"], opaque: Bool[Tensor, "*b n"]
) -> Float[Tensor, "*b"]:
    """Cross-entropy of samples whose occupancy the target photo tells.

    `behind` is the distance of a sample behind the true surface of its ray, metres, and +inf where the ray meets
    nothing. Up to 4 mm before a surface, and all along a ray that meets nothing, is empty; from 2 to 12 mm behind
    an `opaque` surface is full; what lies deeper is anyone's guess.
    """
    empty = (behind < -0.004) | torch.isposinf(behind)
    full = (behind > 0.002) & (behind < 0.012) & opaque
    known = empty | full
    loss = F.binary_cross_entropy_with_logits(raw, full.to(raw.dtype), reduction="none")
    return mean_where(loss, known, dims=1)


def outline_weights(truth: Float[Tensor, "v 1 h w"]) -> Float[Tensor, "v 1 h w"]:
    """How much the depth of a pixel counts: more beside something farther away, or nothing (NaN), and on steep sides.

    What lies just within an outline is the outline for a camera a little to the side: there a wrong depth is seen in
    every picture, in the middle of a cheek in none.
    """
    far = torch.where(torch.isnan(truth), torch.inf, truth)
    side = 2 * OUTLINE_REACH + 1
    farthest = F.max_pool2d(far, (side, 1), stride=1, padding=(OUTLINE_REACH, 0))
    farthest = F.max_pool2d(farthest, (1, side), stride=1, padding=(0, OUTLINE_REACH))
    return 1 + (OUTLINE_WEIGHT - 1) * (farthest - far > OUTLINE_STEP).to(truth.dtype)


def extended(truth: Float[Tensor, "v 1 h w"]) -> Float[Tensor, "v 1 h w"]:
    """True depth that goes on for two pixels beyond the outline, as it was there on average.

    Maps are read between pixels: at an outline, what is predicted just outside it has a share in what is read.
    """
    known = ~torch.isnan(truth)
    total, count = (round_each(x, 5) for x in (torch.nan_to_num(truth), known.to(truth.dtype)))
    return torch.where(known, truth, torch.where(count > 0, total / count, torch.nan))


def depth_loss(
    predicted: Float[Tensor, "*b v 1 h w"],
    truth: Float[Tensor, "*b v 1 H W"],
    weights: Float[Tensor, "*b v 1 H W"] | None = None,
    *,
    tolerance: float = torch.inf,
) -> Float[Tensor, "*b"]:
    """L1 of the encoder's depth against the true one, metres, where there is a surface (NaN elsewhere), for each of
    several subjects.

    Errors beyond `tolerance` (metres) count less and less, as its logarithm: a strand of hair missed by 5 cm says
    little about the face behind it.
    """

    def fitting(maps: Tensor) -> Tensor:
        return F.interpolate(maps.flatten(0, -4), size=predicted.shape[-2:], mode="nearest").view(predicted.shape)

    truth = fitting(truth)
    known = (~torch.isnan(truth)).to(predicted.dtype)
    if weights is not None:
        known = known * fitting(weights)
    error = (predicted - torch.nan_to_num(truth)).abs()
    if math.isfinite(tolerance):
        error = tolerance * torch.log1p(error / tolerance)
    return mean_where(error, known, dims=4)


def choice_loss(choice: Choice, truth: Float[Tensor, "*b v 1 H W"]) -> Float[Tensor, "*b"]:
    """Cross-entropy of a choice of depths against the two that the true one lies between.

    Only where there is a surface, and within reach. An error of the mean depth alone says little about which of the
    depths was wrong: comparing photos would be learnt several times more slowly.
    """
    rows, columns = (
        torch.linspace(0, full - 1, count, device=truth.device).round().long()
        for full, count in zip(truth.shape[-2:], choice.share.shape[-2:], strict=True)
    )
    away = truth[..., rows[:, None], columns] - choice.around
    tried = choice.depths.view(-1, choice.depths.shape[-1])[0]
    known = (away > tried[0]) & (away < tried[-1])
    above = torch.searchsorted(tried, torch.where(known, away, 0.0)).clamp(1, len(tried) - 1)
    low, high = tried[above - 1], tried[above]
    part = ((torch.where(known, away, low) - low) / (high - low)).clamp(0, 1)
    entropy = -(1 - part) * choice.share.gather(-3, above - 1) - part * choice.share.gather(-3, above)
    return mean_where(entropy, known, dims=4)
