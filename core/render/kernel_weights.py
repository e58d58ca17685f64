"""The two heads' parameters as the GPU's kernels read them: one row of padded matrices, one of vectors."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ..model.heads import COMPRESSED, LATENT, ColourHead, GeometryHead


def columns(count: int) -> int:
    """The side of a tile that holds so many: a power of two, at least 16, as products on tensor cores want it."""
    return max(16, 1 << (count - 1).bit_length())


@dataclass(frozen=True, eq=False)
class KernelWeights:
    """Parameters one after the other, each padded with zeros."""

    matrices: Float[Tensor, "m"]
    """Inputs by outputs, the transpose of torch's."""
    vectors: Float[Tensor, "b"]
    """Biases, and layers with one output; always float32."""


class _Row:
    """Collects parameters in the order in which a kernel reads them."""

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._matrices: list[Tensor] = []
        self._vectors: list[Tensor] = []

    def matrix(self, weight: Float[Tensor, "o i"], rows: int, outputs: int) -> None:
        """A layer's weight, or some columns of one, as (rows, outputs)."""
        weight = weight.detach().T
        padding = [0, outputs - weight.shape[1], 0, rows - weight.shape[0]]
        self._matrices.append(F.pad(weight.to(self._dtype), padding).reshape(-1))

    def vector(self, values: Float[Tensor, "c"], size: int) -> None:
        """A bias, or the weight of a single output."""
        self._vectors.append(F.pad(values.detach().float(), [0, size - len(values)]))

    def done(self) -> KernelWeights:
        """All of it."""
        return KernelWeights(torch.cat(self._matrices), torch.cat(self._vectors))


def geometry_weights(head: GeometryHead, keypoints: int, low: int, high: int, dtype: torch.dtype) -> KernelWeights:
    """As `triton_geometry.geometry` reads them, for maps with so many channels."""
    row = _Row(dtype)
    first, second, third, fourth = (layer for layer in head.per_view if isinstance(layer, nn.Linear))
    for function in range(7):
        row.matrix(first.weight[:, function * keypoints : (function + 1) * keypoints], columns(keypoints), 128)
    row.matrix(first.weight[:, 7 * keypoints : 7 * keypoints + low], columns(low), 128)
    row.matrix(first.weight[:, 7 * keypoints + low :], 16, 128)
    row.matrix(second.weight, 128, 128)
    row.matrix(third.weight[:, :128], 128, 128)
    row.matrix(third.weight[:, 128:], columns(high), 128)
    row.matrix(fourth.weight[:LATENT], 128, 64)
    for bias in (first.bias, second.bias, third.bias):
        row.vector(bias, 128)
    row.vector(fourth.bias[:LATENT], 64)
    confidence = fourth if head.view_confidence else nn.Linear(120, LATENT + 1).to(fourth.weight)
    row.vector(confidence.weight[LATENT], 128)
    row.vector(confidence.bias[LATENT:], 16)
    one, two, three = (layer for layer in head.pooled if isinstance(layer, nn.Linear))
    row.matrix(one.weight[:, :LATENT], 64, 64)
    row.matrix(one.weight[:, LATENT:], 64, 64)
    row.matrix(two.weight, 64, 64)
    row.vector(one.bias, 64)
    row.vector(two.bias, 64)
    row.vector(three.weight[1], 64)
    row.vector(three.bias[1:], 16)
    row.matrix(head.compress.weight[:, :LATENT], 64, 32)
    row.matrix(head.compress.weight[:, LATENT:], 64, 32)
    row.vector(head.compress.bias, 32)
    return row.done()


def colour_weights(head: ColourHead, features: int) -> KernelWeights:
    """As `triton_colour.colour` reads them, where a view gives so many features besides rgb; float32."""
    row, own = _Row(torch.float32), 3 + features
    width = own + COMPRESSED

    def split(weight: Float[Tensor, "o w"], outputs: int) -> None:
        """What meets a view's own channels, then what meets the latent."""
        row.matrix(weight[:, :own], 16, outputs)
        row.matrix(weight[:, own:], 32, outputs)

    row.vector(head.anisotropy.abs().expand(1), 16)
    for channel in range(4):
        row.vector(_linear(head.direction, 0).weight[:, channel], 16)
    row.vector(_linear(head.direction, 0).bias, 16)
    towards = _linear(head.direction, 2)
    row.matrix(towards.weight[:own], 16, 16)
    row.matrix(towards.weight[own:], 16, 32)
    row.vector(towards.bias[:own], 16)
    row.vector(towards.bias[own:], 32)
    base = _linear(head.base, 0)
    for part in base.weight.split(width, dim=1):
        split(part, 64)
    row.vector(base.bias, 64)
    row.matrix(_linear(head.base, 2).weight, 64, 32)
    row.vector(_linear(head.base, 2).bias, 32)
    row.matrix(_linear(head.visibility1, 0).weight, 32, 32)
    row.vector(_linear(head.visibility1, 0).bias, 32)
    residual = _linear(head.visibility1, 2)
    row.matrix(residual.weight[:32], 32, 32)
    row.vector(residual.bias[:32], 32)
    row.vector(residual.weight[32], 32)
    row.vector(residual.bias[32:], 16)
    row.matrix(_linear(head.visibility2, 0).weight, 32, 32)
    row.vector(_linear(head.visibility2, 0).bias, 32)
    row.vector(_linear(head.visibility2, 2).weight[0], 32)
    row.vector(_linear(head.visibility2, 2).bias, 16)
    out = _linear(head.out, 0)
    row.matrix(out.weight[:, :32], 32, 16)
    for channel in range(32, 37):
        row.vector(out.weight[:, channel], 16)
    row.vector(out.bias, 16)
    row.matrix(_linear(head.out, 2).weight, 16, 16)
    row.vector(_linear(head.out, 2).bias, 16)
    row.vector(_linear(head.out, 4).weight[0], 16)
    row.vector(_linear(head.out, 4).bias, 16)
    if isinstance(head.prior, nn.Sequential):
        mean, variance, seen = _linear(head.prior, 0).weight.split([width, width, 32], dim=1)
        split(mean, 64)
        split(variance, 64)
        row.matrix(seen, 32, 64)
        row.vector(_linear(head.prior, 0).bias, 64)
        row.matrix(_linear(head.prior, 2).weight, 64, 16)
        row.vector(_linear(head.prior, 2).bias, 16)
    return row.done()


def _linear(network: nn.Module, index: int) -> nn.Linear:
    layer = network.get_submodule(str(index))
    assert isinstance(layer, nn.Linear)
    return layer
