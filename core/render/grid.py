"""Density on a regular grid over the subject's box: baked once per edit, read by every ray of every picture.

Density does not depend on the target camera, so an orbit never asks the network for it again. Nodes store the raw
value before its activation, which makes a surface between two nodes as sharp as the network drew it. The visual hull
is not in those values: they go on for a cell beyond it, and rays are cut where the masks really end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped, UInt8
from torch import Tensor
from torch.nn import functional as F

from ..geometry import Box
from ..model.heads import UNSEEN
from ..model.precision import ROW_STEP
from . import ray_kernels
from .field import Field
from .pieces import QUESTIONS, each, never, pieces_of

EMPTY = UNSEEN
"""Raw density of a node well outside the hull."""
FAINT = 3.0
"""Density per metre below which a node counts as empty when space is skipped."""
OPAQUE = 300.0
"""Density per metre above which, some cells deep, nothing can be seen any more."""
LAYERS = 2
"""Layers of nodes, or of blocks, that are looked at without a pause: a few milliseconds."""
REACH = 2.5
"""How far a keypoint is felt, in sigmas, by an edit's first answer: e^-3 of its weight is left there."""


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

    def layers(self, chosen: slice) -> Float[Tensor, "n 3"]:
        """World positions of all nodes of some layers along z, in the order of their flat indices."""
        z, y, x = (torch.arange(size, device=self.lower.device) for size in self.shape)
        grid = torch.stack(torch.meshgrid(z[chosen], y, x, indexing="ij")[::-1], dim=-1)
        return (self.lower + self.spacing * grid.to(self.lower)).reshape(-1, 3)

    def flat(self, layers: slice) -> slice:
        """Flat indices of the nodes of some layers along z."""
        area = self.shape[1] * self.shape[2]
        return slice(layers.start * area, layers.stop * area)

    def everywhere(self) -> Int[Tensor, "n"]:
        """Flat indices of all nodes."""
        return torch.arange(self.shape[0] * self.shape[1] * self.shape[2], device=self.lower.device)

    def normalised(self, points: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n 3"]:
        """Positions to [-1, 1] across the lattice, as `grid_sample` wants them."""
        return 2 * (points - self.lower) / (self.upper - self.lower) - 1


@dataclass(frozen=True, eq=False)
class DensityGrid:
    """Raw density at the nodes, and a coarse map of where anything is."""

    lattice: Lattice
    raw: Float[Tensor, "1 1 z y x"]
    hull: Bool[Tensor, "1 1 z y x"]
    """Nodes inside the visual hull, as far as they are `worth` anything."""
    blocks: UInt8[Tensor, "bz by bx"]
    """What `BLOCK`³ cells hold: `NOTHING`, density throughout, or density that the hull's `BORDER` cuts."""
    clear: UInt8[Tensor, "bz by bx"]
    """How many blocks away the nearest one is that holds anything, as far as `ray_kernels.FARTHEST`."""
    worth: Bool[Tensor, "z y x"]
    """Cells (by their lower corner) where a finer grid may differ: near something, and not deep inside it."""
    samples: int
    """How many times the network was asked."""

    BLOCK = ray_kernels.BLOCK
    NOTHING, FILLED, BORDER = 0, 1, 2

    @staticmethod
    def of(
        lattice: Lattice, raw: Float[Tensor, "n"], hull: Bool[Tensor, "1 1 z y x"], field: Field, samples: int
    ) -> "DensityGrid":
        """With the maps that follow from the values."""
        grid = _surveyed(lattice, raw, hull, field, samples, never)
        assert grid is not None
        return grid

    def steeper(self, gain: float, level: float) -> "DensityGrid":
        """With the difference of all values to `level` times `gain`, which is more than one.

        The maps stay: whatever is next to nothing becomes still less.
        """
        return replace(self, raw=level + gain * (self.raw - level))

    def read(self, points: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n"]:
        """Trilinear raw density at points."""
        flat = self.lattice.normalised(points).reshape(1, 1, 1, -1, 3)
        values = F.grid_sample(self.raw, flat, mode="bilinear", padding_mode="border", align_corners=True)
        return values.reshape(points.shape[:-1])

    def in_blocks(self, blocks: Shaped[Tensor, "bz by bx"], points: Float[Tensor, "*n 3"]) -> Shaped[Tensor, "*n"]:
        """What a map of blocks says at points."""
        return self._at(blocks, points, self.BLOCK)

    def is_worth(self, points: Float[Tensor, "*n 3"]) -> Bool[Tensor, "*n"]:
        """Whether a finer grid may differ at points."""
        return self._at(self.worth, points, 1)

    def _at(self, cells: Shaped[Tensor, "z y x"], points: Float[Tensor, "*n 3"], side: int) -> Shaped[Tensor, "*n"]:
        cell = ((points - self.lattice.lower) / (self.lattice.spacing * side)).long()
        z, y, x = (cell[..., axis].clamp(0, size - 1) for axis, size in zip((2, 1, 0), cells.shape, strict=True))
        return cells[z, y, x]

    def normals(self, points: Float[Tensor, "n 3"]) -> Float[Tensor, "n 3"]:
        """Unit normals, against the gradient of the raw density (central differences over two cells)."""
        steps = 2 * self.lattice.spacing * torch.eye(3).to(points)
        gradient = self.read(points[:, None] + steps) - self.read(points[:, None] - steps)
        return -F.normalize(gradient, dim=-1)


def _surveyed(
    lattice: Lattice,
    raw: Float[Tensor, "n"],
    hull: Bool[Tensor, "1 1 z y x"],
    field: Field,
    samples: int,
    is_stale: Callable[[], bool],
) -> DensityGrid | None:
    """A grid with its maps, made of a few layers of blocks at a time; None where it became unwanted."""
    volume, block, device = raw.view(1, 1, *lattice.shape), DensityGrid.BLOCK, raw.device
    counts = [-(-nodes // block) for nodes in lattice.shape]
    blocks = torch.zeros(counts, dtype=torch.uint8, device=device)
    worth = torch.zeros(lattice.shape, dtype=torch.bool, device=device)

    def survey(rows: slice) -> None:
        first, end = block * rows.start, block * rows.stop
        # A layer before the cells and two behind them, as if nothing were beyond the lattice.
        within = slice(max(first - 1, 0), end + 2)
        density = field.model.density(volume[0, 0, within])
        open_air = ~hull[0, 0, within]
        around = [1, 2, 1, 2, within.start - (first - 1), end + 2 - (within.start + len(density))]
        density, open_air = F.pad(density, around), F.pad(open_air, around)
        # The eight corners of a cell and of the cells around it.
        most, least = _largest(density, 4, 1), -_largest(-density, 4, 1)
        depth, height, width = worth[first:end].shape
        worth[first:end] = ((most > FAINT) & (least < OPAQUE))[:depth, :height, :width]
        inner = slice(1, None)
        occupied = _largest(density[inner, inner, inner], block + 1, block) > FAINT
        border = _largest(open_air[inner, inner, inner], block + 1, block)
        here = occupied.to(torch.uint8) * (1 + border.to(torch.uint8))
        blocks[rows] = here[: len(blocks[rows]), : counts[1], : counts[2]]

    if not each(pieces_of(counts[0], LAYERS, device=device), survey, is_stale=is_stale):
        return None
    clear = np.empty(blocks.shape, np.uint8)
    ray_kernels.clearance(blocks.cpu().numpy(), clear)
    return DensityGrid(lattice, volume, hull, blocks, torch.from_numpy(clear).to(device), worth, samples)


def _largest(values: Shaped[Tensor, "z y x"], size: int, stride: int) -> Shaped[Tensor, "bz by bx"]:
    """Largest value of every window of size³, one axis after the other."""
    for axis in range(3):
        windows = (values.shape[axis] - size) // stride + 1
        reach = stride * (windows - 1) + 1
        first, *others = (
            values.narrow(axis, k, reach)[tuple(slice(None, None, stride if d == axis else 1) for d in range(3))]
            for k in range(size)
        )
        for other in others:
            first = torch.maximum(first, other)
        values = first
    return values


def hull_of(field: Field, lattice: Lattice) -> Bool[Tensor, "1 1 z y x"]:
    """Which nodes lie inside the visual hull: it depends on cameras and masks only."""
    hull = torch.zeros(lattice.shape, dtype=torch.bool, device=lattice.lower.device)

    def look(layers: slice) -> None:
        hull.view(-1)[lattice.flat(layers)] = field.in_hull(lattice.layers(layers))

    each(pieces_of(len(hull), LAYERS, device=hull.device), look)
    return hull[None, None]


def _grown(hull: Bool[Tensor, "1 1 z y x"]) -> Bool[Tensor, "n"]:
    """With all neighbours of nodes in the hull: cells that its border cuts need a value at every corner."""
    return _largest(F.pad(hull[0, 0], [1] * 6), 3, 1).reshape(-1)


def bake(
    field: Field,
    lattice: Lattice,
    hull: Bool[Tensor, "1 1 z y x"],
    *,
    is_stale: Callable[[], bool] = never,
) -> DensityGrid | None:
    """Ask the network for the density all over the hull; None where that became unwanted meanwhile."""
    nodes = lattice.everywhere()
    raw = field.encoded.low.new_full((len(nodes),), EMPTY)
    return _ask(field, lattice, raw, hull, nodes[_grown(hull)], is_stale)


def refine(
    field: Field, lattice: Lattice, coarse: DensityGrid, *, is_stale: Callable[[], bool] = never
) -> DensityGrid | None:
    """A finer grid: the coarse one everywhere, the network where that may differ; None where it became unwanted."""
    device = coarse.raw.device
    raw = torch.empty(lattice.shape, device=device)
    worth, hull = (torch.zeros(lattice.shape, dtype=torch.bool, device=device) for _ in range(2))

    def read(layers: slice) -> None:
        nodes, positions = lattice.flat(layers), lattice.layers(layers)
        raw.view(-1)[nodes] = coarse.read(positions)
        chosen = coarse.is_worth(positions)
        worth.view(-1)[nodes] = chosen
        hull.view(-1)[nodes][chosen] = field.in_hull(positions[chosen])

    if not each(pieces_of(len(raw), LAYERS, device=device), read, is_stale=is_stale):
        return None
    asked = torch.zeros_like(worth)

    def choose(layers: slice) -> None:
        # A layer before and one behind, as if nothing were beyond the lattice.
        within = hull[max(layers.start - 1, 0) : layers.stop + 1]
        beyond = [int(layers.start == 0), int(layers.stop == len(hull))]
        near = _largest(F.pad(within, [1, 1, 1, 1, *beyond]), 3, 1)
        raw[layers].masked_fill_(worth[layers] & ~near, EMPTY)
        asked[layers] = worth[layers] & near

    if not each(pieces_of(len(raw), LAYERS, device=device), choose, is_stale=is_stale):
        return None
    nodes = asked.view(-1).nonzero()[:, 0]
    return _ask(field, lattice, raw.view(-1), hull[None, None], nodes, is_stale)


def adjust(field: Field, grid: DensityGrid, before: Float[Tensor, "k 3"]) -> DensityGrid:
    """A grid after its keypoints moved: asked again only near its surface and within reach of what moved.

    Not exact, and several times sooner than baking: what a hand sees while it drags.
    """
    now, lattice = field.keypoints, grid.lattice
    moved = (now != before).any(dim=-1)
    if not moved.any():
        return grid
    around = torch.cat([now[moved], before[moved]])
    nodes = lattice.everywhere()[_grown(grid.hull)]
    positions = lattice.positions(nodes)
    near = torch.cdist(positions, around).amin(dim=-1) < REACH * field.model.config.sigma
    chosen = nodes[near & grid.is_worth(positions)]
    adjusted = _ask(field, lattice, grid.raw.reshape(-1).clone(), grid.hull, chosen)
    assert adjusted is not None
    return adjusted


def _ask(
    field: Field,
    lattice: Lattice,
    raw: Float[Tensor, "m"],
    hull: Bool[Tensor, "1 1 z y x"],
    nodes: Int[Tensor, "n"],
    is_stale: Callable[[], bool] = never,
) -> DensityGrid | None:
    def ask(rows: slice) -> None:
        raw[nodes[rows]] = field.raw_density(lattice.positions(nodes[rows]), is_stale=is_stale)

    pieces = pieces_of(len(nodes), QUESTIONS, step=ROW_STEP, device=raw.device)
    if not each(pieces, ask, is_stale=is_stale):
        return None
    return _surveyed(lattice, raw, hull, field, len(nodes), is_stale)
