"""The two image encoders of the published network (method: "Per photograph, once").

Both read the halved photo; their layers are named after what they do, and `checkpoint.py` knows the names that
published files use.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class GroupNorm(nn.GroupNorm):
    """Group norm that is exact on every memory layout.

    On the CPU torch (2.13) takes the variance of channels-last input as E[x²] - E[x]², which loses three digits
    on a mostly black photo; its kernel for contiguous input does not.
    """

    def forward(self, x: Float[Tensor, "v c h w"]) -> Float[Tensor, "v c h w"]:
        """Same size and width."""
        return super().forward(x.contiguous())


class PreActivationBlock(nn.Module):
    """Three GroupNorm-ReLU-conv stages giving C/2, C/4 and C/4 channels, concatenated, plus the input."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        widths = (channels_in, channels_out // 2, channels_out // 4, channels_out // 4)
        self.norms = nn.ModuleList(GroupNorm(min(32, c), c) for c in widths[:3])
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in zip(widths[:3], widths[1:], strict=True)
        )
        self.shortcut: nn.Module = nn.Identity()
        if channels_in != channels_out:
            self.shortcut = nn.Sequential(
                GroupNorm(min(32, channels_in), channels_in),
                nn.ReLU(),
                nn.Conv2d(channels_in, channels_out, 1, bias=False),
            )

    def forward(self, x: Float[Tensor, "v c h w"]) -> Float[Tensor, "v d h w"]:
        """Same size, `channels_out` channels."""
        stages, y = [], x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            y = conv(F.relu(norm(y)))
            stages.append(y)
        return torch.cat(stages, dim=1) + self.shortcut(x)


class Hourglass(nn.Module):
    """A recursive encoder-decoder (Newell et al., 2016) of constant width."""

    def __init__(self, depth: int, channels: int) -> None:
        super().__init__()
        self.skip = PreActivationBlock(channels, channels)
        self.down = PreActivationBlock(channels, channels)
        self.inner = Hourglass(depth - 1, channels) if depth > 1 else PreActivationBlock(channels, channels)
        self.up = PreActivationBlock(channels, channels)

    def forward(self, x: Float[Tensor, "v c h w"]) -> Float[Tensor, "v c h w"]:
        """Same size and width."""
        y = self.up(self.inner(self.down(F.avg_pool2d(x, 2))))
        return self.skip(x) + F.interpolate(y, scale_factor=2, mode="bicubic", align_corners=True)


class HourglassEncoder(nn.Module):
    """Geometry features: 64 channels at a quarter, 8 channels at the full size of the encoder's input."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.stem_norm = GroupNorm(32, 64)
        self.block1 = PreActivationBlock(64, 128)
        self.block2 = PreActivationBlock(128, 128)
        self.block3 = PreActivationBlock(128, 256)
        self.hourglass = Hourglass(4, 256)
        self.top_block = PreActivationBlock(256, 256)
        self.top_conv = nn.Conv2d(256, 256, 1)
        self.top_norm = GroupNorm(32, 256)
        self.low = nn.Conv2d(256, 64, 1)
        self.high_up = nn.ConvTranspose2d(128, 32, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.high_norm = GroupNorm(32, 32)
        self.high = nn.Conv2d(32, 8, 5, padding=2)

    def forward(
        self, images: Float[Tensor, "v 3 h w"]
    ) -> tuple[Float[Tensor, "v 64 h/4 w/4"], Float[Tensor, "v 8 h w"]]:
        """Low and high features of pictures in [0, 1]."""
        x = F.relu(self.stem_norm(self.stem(2 * images - 1)))
        x = self.block1(x)
        high = self.high(F.relu(self.high_norm(self.high_up(x))))
        y = self.block3(self.block2(F.avg_pool2d(x, 2)))
        y = self.top_conv(self.top_block(self.hourglass(y)))
        return self.low(F.relu(self.top_norm(y))), high


class ReplicationResidual(nn.Module):
    """Two replication-padded convs with instance norm, added to the input; no ReLU after the addition."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="replicate")
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="replicate")

    def forward(self, x: Float[Tensor, "v c h w"]) -> Float[Tensor, "v c h w"]:
        """Same size and width."""
        y = F.relu(F.instance_norm(self.conv1(x)))
        return x + F.instance_norm(self.conv2(y))


class TextureEncoder(nn.Module):
    """Texture features: 8 channels at half the size of the encoder's input (a Johnson et al. style network)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 64, 7, padding=3, padding_mode="replicate")
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in ((64, 128), (128, 256), (256, 512))
        )
        self.residual = nn.ModuleList(ReplicationResidual(512) for _ in range(4))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 3, stride=2, padding=1, output_padding=1) for a, b in ((512, 256), (256, 128))
        )
        self.out = nn.Conv2d(128, 8, 7, padding=3, padding_mode="replicate")

    def forward(self, images: Float[Tensor, "v 3 h w"]) -> Float[Tensor, "v 8 h/2 w/2"]:
        """Features of pictures in [0, 1]."""
        x = F.relu(F.instance_norm(self.stem(2 * images - 1)))
        for conv in self.down:
            x = F.relu(F.instance_norm(conv(x)))
        for block in self.residual:
            x = block(x)
        for conv in self.up:
            x = F.relu(F.instance_norm(conv(x)))
        return self.out(x)
