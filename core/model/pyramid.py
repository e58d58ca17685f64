"""The light encoder of the head model: one feature pyramid that serves geometry, colour and depth."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """Pre-activation residual block of two 3x3 convs with group norm."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, channels), nn.GroupNorm(8, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Float[Tensor, "v c h w"]) -> Float[Tensor, "v c h w"]:
        """Same size and width."""
        y = self.conv1(F.relu(_normed(self.norm1, x)))
        return x + self.conv2(F.relu(_normed(self.norm2, y)))


def _normed(norm: nn.GroupNorm, x: Float[Tensor, "v c h w"]) -> Float[Tensor, "v c h w"]:
    """In the dtype that `x` has, statistics in float32: autocast would write it out in float32, for the convolution
    after it to read and round."""
    with torch.autocast(x.device.type, enabled=False):
        return F.group_norm(x, norm.num_groups, norm.weight.to(x.dtype), norm.bias.to(x.dtype), norm.eps)


class PyramidEncoder(nn.Module):
    """A U-shaped network from a masked picture (RGB and mask) to feature maps; nearly all of the 7 M parameters.

    The coarsest level is a 32nd of the input, so that for a 256² picture every feature has seen the whole head. The
    finest has the input's own resolution: the network of half that size says what is there, a few narrow layers on
    the picture itself say where exactly it ends.
    """

    WIDTHS = (32, 64, 128, 192, 256)
    BLOCKS = (1, 2, 2, 2, 1)
    MERGING = 2
    """Blocks of each level on the way up."""
    LEARNT, DETAIL = 16, 16
    LOW, HIGH, TEXTURE = 64, LEARNT + 4, 8
    """The last four of the high features are the picture itself: photos that show one place show one colour there."""

    def __init__(self, rays: int = 0) -> None:
        """`rays`: channels that say where the pixels' rays run."""
        super().__init__()
        widths = self.WIDTHS
        self.stem = nn.Conv2d(4 + rays, widths[0], 5, stride=2, padding=2)
        self.levels = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
            for width, blocks in zip(widths, self.BLOCKS, strict=True)
        )
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(widths[:-1], widths[1:], strict=True)
        )
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in zip(widths[:-1], widths[1:], strict=True))
        self.merge = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width) for _ in range(self.MERGING))) for width in widths[:-1]
        )
        self.low = nn.Conv2d(widths[1], self.LOW, 1)
        fine = self.LEARNT + self.TEXTURE + 1
        self.fine = nn.Conv2d(widths[0], fine, 3, padding=1)
        self.edges = nn.Conv2d(4, self.DETAIL, 3, padding=1)
        self.context = nn.Conv2d(widths[0], self.DETAIL, 1)
        self.mix = nn.Conv2d(self.DETAIL, self.DETAIL, 3, padding=1)
        self.detail = nn.Conv2d(self.DETAIL, fine, 3, padding=1, bias=False)
        nn.init.zeros_(self.detail.weight)

    def forward(
        self, x: Float[Tensor, "v 4 h w"], rays: Float[Tensor, "v r h w"] | None = None
    ) -> tuple[
        Float[Tensor, "v 64 h/4 w/4"],
        Float[Tensor, "v 20 h w"],
        Float[Tensor, "v 8 h w"],
        Float[Tensor, "v 1 h w"],
    ]:
        """Low, high and texture features, and depth relative to the world's origin (metres)."""
        picture = 2 * x - 1
        x = self.stem(picture if rays is None else torch.cat([picture, rays], dim=1))
        skips: list[Tensor] = []
        for level, blocks in enumerate(self.levels):
            x = blocks(x)
            if level < len(self.down):
                skips.append(x)
                x = self.down[level](x)
        low = x
        for level in reversed(range(len(self.up))):
            x = F.interpolate(self.up[level](x), scale_factor=2, mode="bilinear", align_corners=False)
            x = self.merge[level](x + skips[level])
            if level == 1:
                low = self.low(F.relu(x))
        x = F.relu(x)
        fine = doubled(self.fine(x)).float().add_(self._detail(picture, x))
        learnt, texture, depth = torch.split(fine, [self.LEARNT, self.TEXTURE, 1], dim=1)
        return low.float(), torch.cat([learnt, picture.float()], dim=1), texture, 0.1 * depth

    def _detail(self, picture: Float[Tensor, "v 4 h w"], x: Float[Tensor, "v 32 h/2 w/2"]) -> Float[Tensor, "v 25 h w"]:
        y = F.relu(self.edges(picture) + doubled(self.context(x)))
        return self.detail(F.relu(self.mix(y)))


def doubled(x: Float[Tensor, "v c h w"]) -> Float[Tensor, "v c 2*h 2*w"]:
    """Twice the size, corner on corner: maps of every resolution are read with the same coordinate."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
