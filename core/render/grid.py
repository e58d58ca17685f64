"""Density on a regular grid over the subject's box: baked once per edit, read by every ray of every picture.

Density does not depend on the target camera, so an orbit never asks the network for it again. Nodes store the raw
value before its activation, which makes a surface between two nodes as sharp as the network drew it; nodes outside
the visual hull store `EMPTY`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from ..geometry import Box
from ..model.keypoint_nerf import EncodedViews, KeypointNeRF
from ..model.precision import fast_arithmetic, padded
from .reference import ROWS

EMPTY = -8.0
"""Raw density of a node outside the hull."""
FAINT = 3.0
"""Density per metre below which a node counts as empty when space is skipped."""
OPAQUE = 150.0
"""Density per metre above which, some cells deep, nothing can be seen any more: 8 cells of 7 mm pass e^-8."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Where the nodes are; spacing is the same along every axis."""

    lower: Float[Tensor, "3"]
    upper: Float[Tensor, "3"]
    shape: tuple[int, int, int]
    """Nodes along z, y, x."""
    spacing: float
    """Metres."""

    @staticmethod
    def over(box: Box, nodes: int, like: Tensor) -> "Lattice":
        """A lattice with `nodes` nodes along the box's longest side."""
        extent = torch.as_tensor(box.upper - box.lower)
        spacing = float(extent.max()) / (nodes - 1)
        counts = [int(torch.ceil(side / spacing - 1e-6)) + 1 for side in extent]
        lower = torch.as_tensor(box.lower).to(like)
        upper = lower + spacing * (torch.tensor(counts).to(like) - 1)
        return Lattice(lower, upper, (counts[2], counts[1], counts[0]), spacing)

    def positions(self, nodes: Int[Tensor, "n"]) -> Float[Tensor, "n 3"]:
        """World positions of nodes given by flat index."""
        _, height, width = self.shape
        z, rest = nodes // (height * width), nodes % (height * width)
        return self.lower + self.spacing * torch.stack([rest % width, rest // width, z], dim=-1).to(self.lower)

    def normalised(self, points: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n 3"]:
        """Positions to [-1, 1] across the lattice, as `grid_sample` wants them."""
        return 2 * (points - self.lower) / (self.upper - self.lower) - 1


@dataclass(frozen=True, eq=False)
class HullNodes:
    """The nodes inside the visual hull: they depend on cameras and masks, not on keypoints."""

    lattice: Lattice
    nodes: Int[Tensor, "n"]
    """To ask the network about."""
    buried: Int[Tensor, "b"]
    """Too deep to be seen; they take the value of the coarser grid."""


@dataclass(frozen=True, eq=False)
class DensityGrid:
    """Raw density at the nodes, and a coarse map of where anything is."""

    lattice: Lattice
    raw: Float[Tensor, "1 1 z y x"]
    occupied: Bool[Tensor, "bz by bx"]
    """Blocks of `BLOCK`³ cells that hold density, or touch one that does."""
    buried: Bool[Tensor, "bz by bx"]
    """Blocks that are opaque, as are all their neighbours: light does not get there."""
    samples: int
    """How many times the network was asked."""

    BLOCK = 2

    def read(self, points: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n"]:
        """Trilinear raw density at points."""
        flat = self.lattice.normalised(points).reshape(1, 1, 1, -1, 3)
        values = F.grid_sample(self.raw, flat, mode="bilinear", padding_mode="border", align_corners=True)
        return values.reshape(points.shape[:-1])

    def is_occupied(self, points: Float[Tensor, "*n 3"]) -> Bool[Tensor, "*n"]:
        """Whether the block that a point lies in holds anything."""
        return self._block(self.occupied, points)

    def is_buried(self, points: Float[Tensor, "*n 3"]) -> Bool[Tensor, "*n"]:
        """Whether the block that a point lies in is deep inside."""
        return self._block(self.buried, points)

    def _block(self, blocks: Bool[Tensor, "bz by bx"], points: Float[Tensor, "*n 3"]) -> Bool[Tensor, "*n"]:
        block = ((points - self.lattice.lower) / (self.lattice.spacing * self.BLOCK)).long()
        z, y, x = (block[..., axis].clamp(0, size - 1) for axis, size in zip((2, 1, 0), blocks.shape, strict=True))
        return blocks[z, y, x]

    def normals(self, points: Float[Tensor, "n 3"]) -> Float[Tensor, "n 3"]:
        """Unit normals, against the gradient of the raw density (central differences over two cells)."""
        steps = 2 * self.lattice.spacing * torch.eye(3).to(points)
        gradient = self.read(points[:, None] + steps) - self.read(points[:, None] - steps)
        return -F.normalize(gradient, dim=-1)


def hull_nodes(
    model: KeypointNeRF, encoded: EncodedViews, lattice: Lattice, *, parent: DensityGrid | None = None
) -> HullNodes:
    """The nodes worth asking for: inside the hull, and near the surface of a coarser grid where one is given."""
    total = lattice.shape[0] * lattice.shape[1] * lattice.shape[2]
    everywhere = torch.arange(total, device=lattice.lower.device)
    kept, buried = [], []
    for rows in everywhere.split(8 * ROWS):
        points = lattice.positions(rows)
        if parent is not None:
            deep = parent.is_buried(points)
            near = parent.is_occupied(points) & ~deep
            buried.append(rows[deep])
            rows, points = rows[near], points[near]
        _, hull = model.sight(encoded, points)
        kept.append(rows[hull])
    return HullNodes(lattice, torch.cat(kept), torch.cat(buried) if buried else everywhere[:0])


def bake(
    model: KeypointNeRF,
    encoded: EncodedViews,
    keypoints: Float[Tensor, "k 3"],
    hull: HullNodes,
    *,
    parent: DensityGrid | None = None,
    is_stale: Callable[[], bool] = lambda: False,
) -> DensityGrid | None:
    """Ask the network for the density of all hull nodes; None where the result went out of date meanwhile.

    `parent` is the grid that `hull` was found with, if any.
    """
    lattice = hull.lattice
    depth, height, width = lattice.shape
    raw = encoded.low.new_full((depth * height * width,), EMPTY)
    if parent is not None:
        raw[hull.buried] = parent.read(lattice.positions(hull.buried))
    for rows in hull.nodes.split(ROWS):
        if is_stale():
            return None
        points = lattice.positions(padded(rows))
        sighting, _ = model.sight(encoded, points)
        with fast_arithmetic(points.device):
            values, _ = model.geometry(encoded, keypoints, points, sighting)
        raw[rows] = values[: len(rows)].float()
    volume = raw.view(1, 1, depth, height, width)
    occupied, buried = _blocks(model.density(volume))
    return DensityGrid(lattice, volume, occupied, buried, len(hull.nodes))


def _blocks(density: Float[Tensor, "1 1 z y x"]) -> tuple[Bool[Tensor, "bz by bx"], Bool[Tensor, "bz by bx"]]:
    """Largest and smallest density over the nodes of each block, upper faces included, and over its neighbours."""
    block = DensityGrid.BLOCK
    padded = F.pad(density, [0, block, 0, block, 0, block])
    largest = F.max_pool3d(padded, kernel_size=block + 1, stride=block)
    smallest = -F.max_pool3d(-padded, kernel_size=block + 1, stride=block)
    around = F.pad(smallest, [1] * 6)
    occupied = F.max_pool3d(largest, kernel_size=3, stride=1, padding=1)[0, 0] > FAINT
    buried = -F.max_pool3d(-around, kernel_size=3, stride=1)[0, 0] > OPAQUE
    return occupied, buried
