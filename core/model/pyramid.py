"""The light encoder of the head model: one feature pyramid that serves geometry, colour and depth."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """Pre-activation residual block of two 3x3 convs with group norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, channels), nn.GroupNorm(8, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Float[Tensor, "v c h w"]) -> Float[Tensor, "v c h w"]:
        """Same size and width."""
        y = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(y)))


class PyramidEncoder(nn.Module):
    """A U-shaped network from a masked picture (RGB and mask) to feature maps; 5.9 M parameters.

    The coarsest level is a 32nd of the input, so that for a 256² picture every feature has seen the whole head.
    """

    WIDTHS = (32, 64, 128, 192, 256)
    BLOCKS = (1, 2, 2, 2, 1)
    LOW, HIGH, TEXTURE = 64, 16, 8

    def __init__(self) -> None:
        super().__init__()
        widths = self.WIDTHS
        self.stem = nn.Conv2d(4, widths[0], 5, stride=2, padding=2)
        self.levels = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
            for width, blocks in zip(widths, self.BLOCKS, strict=True)
        )
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(widths[:-1], widths[1:], strict=True)
        )
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in zip(widths[:-1], widths[1:], strict=True))
        self.merge = nn.ModuleList(ResidualBlock(width) for width in widths[:-1])
        self.low = nn.Conv2d(widths[1], self.LOW, 1)
        self.fine = nn.Conv2d(widths[0], self.HIGH + self.TEXTURE + 1, 3, padding=1)

    def forward(
        self, x: Float[Tensor, "v 4 h w"]
    ) -> tuple[
        Float[Tensor, "v 64 h/4 w/4"],
        Float[Tensor, "v 16 h/2 w/2"],
        Float[Tensor, "v 8 h/2 w/2"],
        Float[Tensor, "v 1 h/2 w/2"],
    ]:
        """Low, high and texture features, and depth relative to the world's origin (metres)."""
        x = self.stem(2 * x - 1)
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
        fine = self.fine(F.relu(x)).float()
        high, texture, depth = torch.split(fine, [self.HIGH, self.TEXTURE, 1], dim=1)
        return low.float(), high, texture, 0.1 * depth
