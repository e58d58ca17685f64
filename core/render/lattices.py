"""A picture as interleaved sub-pictures, and the canvas that they fill."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def bit_reversed_lattices(stride: int) -> list[tuple[int, int]]:
    """The (row, column) offsets of stride² interleaved sub-pictures, each far from those before.

    `stride` is a power of two. The first 4^k of them are the even lattice of stride / 2^k: bits of the
    index are dealt out in turn, the most significant bit of the offsets first.
    """
    bits = stride.bit_length() - 1
    offsets = []
    for index in range(stride * stride):
        row = column = 0
        for bit in range(bits):
            pair = (index >> (2 * bit)) & 3
            shift = bits - 1 - bit
            # 0, 3, 1, 2: the diagonal neighbour is the farthest, so it comes first.
            row |= ((0, 1, 0, 1)[pair]) << shift
            column |= ((0, 1, 1, 0)[pair]) << shift
        offsets.append((row, column))
    return offsets


class Canvas:
    """Channels of a picture under construction: premultiplied rgb, alpha, distance, normal."""

    CHANNELS = 8

    def __init__(self, height: int, width: int, like: Tensor) -> None:
        self.values = torch.zeros(height, width, self.CHANNELS, dtype=torch.float32, device=like.device)

    def spread(self, stride: int) -> Float[Tensor, "h w 8"]:
        """The picture that every `stride`-th pixel of every `stride`-th row makes, bilinearly.

        Known pixels keep their value and their place, so nothing moves when a finer lattice is known.
        """
        if stride == 1:
            return self.values
        height, width, _ = self.values.shape
        known = self.values[::stride, ::stride].permute(2, 0, 1)[None]
        rows, columns = known.shape[-2:]
        y = torch.arange(height, device=known.device) / stride / max(rows - 1, 1) * 2 - 1
        x = torch.arange(width, device=known.device) / stride / max(columns - 1, 1) * 2 - 1
        at = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]
        filled = F.grid_sample(known, at, mode="bilinear", padding_mode="border", align_corners=True)
        return filled[0].permute(1, 2, 0)
