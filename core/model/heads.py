"""The two small networks that are asked at every sample: geometry and colour (method: "Per sample")."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

LATENT = 64
"""Width of one view's latent; mean and variance over views make twice as many."""
COMPRESSED = 24
"""Width of the latent that colour sees."""
TINY = 1e-30
"""Next to no say of a photo, of which there is still a logarithm."""
UNSEEN = -8.0
"""Raw density where no photo has a say: next to nothing. What the layers make of no view at all is the same everywhere,
whatever the photos, and stood beside their edges as thin dark walls.
"""


class Softplus100(nn.Module):
    """softplus with beta = 100: a ReLU with a rounded corner."""

    def forward(self, x: Float[Tensor, "*n c"]) -> Float[Tensor, "*n c"]:
        """Elementwise."""
        return F.softplus(x, beta=100)


def pool_views(
    x: Float[Tensor, "*b v n c"], weights: Float[Tensor, "*b v n"]
) -> tuple[Float[Tensor, "*b n c"], Float[Tensor, "*b n c"]]:
    """Mean and variance over views with weights that sum to at most one (IBRNet, equation 2)."""
    w = weights[..., None].to(x.dtype)
    mean = (w * x).sum(dim=-3, keepdim=True)
    return mean.squeeze(-3), (w * (x - mean).square()).sum(dim=-3)


def keep_variance(network: nn.Module) -> None:
    """Initialise linear layers for ReLU (He et al., 2015).

    torch's own choice shrinks a signal threefold a layer: after seven, density is the same everywhere and training
    spends its first thousand steps on finding out that it need not be.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)


class GeometryHead(nn.Module):
    """Per-view MLP, pooling over views, density and the compressed latent."""

    def __init__(self, inputs: int, high: int, *, smooth: bool, view_confidence: bool) -> None:
        super().__init__()
        self.view_confidence = view_confidence
        self.activation: nn.Module = Softplus100() if smooth else nn.ReLU()
        self.per_view = nn.ModuleList(
            [
                nn.Linear(inputs, 128),
                nn.Linear(128, 128),
                nn.Linear(128 + high, 120),
                nn.Linear(120, LATENT + int(view_confidence)),
            ]
        )
        self.pooled = nn.ModuleList([nn.Linear(2 * LATENT, 64), nn.Linear(64, 64), nn.Linear(64, 2)])
        self.compress = nn.Linear(2 * LATENT, COMPRESSED)
        keep_variance(self)

    def forward(
        self, encoded: Float[Tensor, "*b v n i"], high: Float[Tensor, "*b v n h"], weights: Float[Tensor, "*b v n"]
    ) -> tuple[Float[Tensor, "*b n"], Float[Tensor, "*b n 24"]]:
        """Raw density (before its activation) and the latent for colour; of several subjects at once.

        `weights` are the geometric confidences of the views, not yet normalised; with `view_confidence` the
        network multiplies them by what it thinks itself.
        """
        seen = (weights > 0).any(dim=-2)
        x = self.activation(self.per_view[0](encoded))
        x = self.activation(self.per_view[1](x))
        x = self.activation(self.per_view[2](torch.cat([x, high.to(x.dtype)], dim=-1)))
        x = self.per_view[3](x)
        if self.view_confidence:
            weights = weights * torch.sigmoid(x[..., LATENT].float()) + 1e-4 * weights
            x = x[..., :LATENT]
        weights = weights / (weights.sum(dim=-2, keepdim=True) + 1e-6)
        pooled = torch.cat(pool_views(x, weights), dim=-1)
        y = self.activation(self.pooled[0](pooled))
        y = self.activation(self.pooled[1](y))
        raw = self.pooled[2](y)[..., 1]
        return torch.where(seen, raw, UNSEEN), self.compress(pooled)


class ColourHead(nn.Module):
    """Image-based colour: how much of each source pixel shows at a sample, after IBRNet (CVPR 2021).

    With `prior` the network may also answer with a colour of its own, which competes with the source pixels: for
    places that no photo saw.
    """

    def __init__(self, features: int, *, prior: bool) -> None:
        super().__init__()
        width = 3 + features + COMPRESSED
        self.anisotropy = nn.Parameter(torch.tensor(0.2))
        self.direction = nn.Sequential(nn.Linear(4, 16), nn.ELU(), nn.Linear(16, width), nn.ELU())
        self.base = nn.Sequential(nn.Linear(3 * width, 64), nn.ELU(), nn.Linear(64, 32), nn.ELU())
        self.visibility1 = nn.Sequential(nn.Linear(32, 32), nn.ELU(), nn.Linear(32, 33), nn.ELU())
        self.visibility2 = nn.Sequential(nn.Linear(32, 32), nn.ELU(), nn.Linear(32, 1), nn.Sigmoid())
        self.out = nn.Sequential(nn.Linear(37, 16), nn.ELU(), nn.Linear(16, 8), nn.ELU(), nn.Linear(8, 1))
        self.prior: nn.Module | None = None
        if prior:
            self.prior = nn.Sequential(nn.Linear(2 * width + 32, 48), nn.ELU(), nn.Linear(48, 4))
        keep_variance(self)

    def forward(
        self,
        source_rgb: Float[Tensor, "*b v n 3"],
        features: Float[Tensor, "*b v n f"],
        latent: Float[Tensor, "*b n 24"],
        direction_difference: Float[Tensor, "*b v n 4"],
        say: Float[Tensor, "*b v n"],
    ) -> tuple[Float[Tensor, "*b n 3"], Float[Tensor, "*b v n"]]:
        """Colour of each sample and the blending weight of each view.

        `direction_difference` holds the unit difference of the viewing directions, then their dot product.
        `say` is how much of one each view has (see `Sighting`). The weights sum to one without a prior, to the share
        that photos have with one.
        """
        views = source_rgb.shape[:-1]

        def to_all(x: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b v n c"]:
            return x.unsqueeze(-3).expand(*views, -1)

        f = torch.cat([source_rgb.to(latent.dtype), features.to(latent.dtype), to_all(latent)], dim=-1)
        f = f + self.direction(direction_difference.to(f.dtype))
        closeness = torch.exp(self.anisotropy.abs() * (direction_difference[..., 3] - 1))
        weight = (closeness - closeness.amin(dim=-2, keepdim=True)) * say
        weight = weight / (weight.sum(dim=-2, keepdim=True) + 1e-8)
        mean, variance = pool_views(f, weight)
        x = self.base(torch.cat([to_all(mean), to_all(variance), f], dim=-1))
        residual = self.visibility1(x * weight[..., None].to(x.dtype))
        mask = say[..., None].to(x.dtype)
        x = x + residual[..., :32]
        visibility = mask * self.visibility2(x * torch.sigmoid(residual[..., 32:]) * mask)
        logits = self.out(torch.cat([x, visibility, direction_difference.to(x.dtype)], dim=-1))[..., 0].float()
        logits = logits + say.clamp_min(TINY).log()
        if self.prior is None:
            blend = torch.softmax(logits, dim=-2)
            return (blend[..., None] * source_rgb.float()).sum(dim=-3), blend
        seen = (mask * x).sum(dim=-3) / mask.sum(dim=-3).clamp_min(1)
        own = self.prior(torch.cat([mean, variance, seen], dim=-1)).float()
        blend = torch.softmax(torch.cat([logits, own[..., None, :, 3]], dim=-2), dim=-2)
        colours = torch.cat([source_rgb.float(), torch.sigmoid(own[..., None, :, :3])], dim=-3)
        return (blend[..., None] * colours).sum(dim=-3), blend[..., :-1, :]
