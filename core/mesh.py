"""A surface of quads, and how one is drawn through a grid of values."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True, eq=False)
class Mesh:
    """A closed surface of quads, and its picture: of each of them a square in the texture."""

    vertices: Float[np.ndarray, "n 3"]
    """Metres of the head frame."""
    normals: Float[np.ndarray, "n 3"]
    quads: Int[np.ndarray, "q 4"]
    """Counterclockwise, seen from outside."""
    colours: UInt8[np.ndarray, "n 3"]
    """Of the vertices."""
    texture: UInt8[np.ndarray, "h w 3"]
    places: Float[np.ndarray, "q 4 2"]
    """Where the corners of quads are in the texture: shares of its width and height, from its upper left corner."""


def surface_nets(
    values: Float[np.ndarray, "z y x"],
) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "q 4"]]:
    """Vertices (x, y, z, in steps of the grid) and quads of the surface where values pass zero, more than zero inside:
    a vertex in every cell that it passes, in the middle of where it meets the cell's edges (Gibson 1998, "Constrained
    elastic surface nets").

    Closed, for nothing is inside beyond the grid.
    """
    values = np.pad(values.astype(np.float32), 1, constant_values=-1.0)
    inside = values > 0
    halves = slice(None, -1), slice(1, None)
    corners = [inside[halves[z], halves[y], halves[x]] for z, y, x in np.ndindex(2, 2, 2)]
    cells = np.nonzero(np.logical_or.reduce(corners) & ~np.logical_and.reduce(corners))
    number = np.full(corners[0].shape, -1)
    number[cells] = np.arange(len(cells[0]))
    sums, counts, quads = np.zeros((len(cells[0]), 3)), np.zeros((len(cells[0]), 1)), []
    for axis in range(3):
        first, second = (np.moveaxis(values, axis, 0)[half] for half in halves)
        crosses = np.moveaxis((first > 0) != (second > 0), 0, axis)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.moveaxis(first / (first - second), 0, axis)
        others = [(axis + 1) % 3, (axis + 2) % 3]
        for step in np.ndindex(2, 2):
            offset = np.zeros(3, int)
            offset[others] = step
            edge = tuple(cell + by for cell, by in zip(cells, offset, strict=True))
            met = crosses[edge]
            counts[met] += 1
            sums[met] += offset
            sums[met, axis] += share[edge][met]
        edges = np.stack(np.nonzero(crosses))
        around = []
        for step in ((1, 1), (0, 1), (0, 0), (1, 0)):
            cell = edges.copy()
            cell[others] -= np.array(step)[:, None]
            around.append(number[tuple(cell)])
        ring = np.stack(around, axis=-1)
        # Counterclockwise among z, y, x is clockwise among x, y, z.
        quads.append(np.where(inside[tuple(edges)][:, None], ring[:, ::-1], ring))
    vertices = sums / np.maximum(counts, 1) + np.stack(cells, axis=-1) - 1
    return vertices[:, ::-1], np.concatenate(quads)


def largest_part(
    vertices: Float[np.ndarray, "n 3"], quads: Int[np.ndarray, "q 4"]
) -> tuple[Float[np.ndarray, "m 3"], Int[np.ndarray, "p 4"]]:
    """The connected part with the most vertices: what floats before a face belongs to nobody, nor do hollows in it."""
    if len(quads) == 0:
        return vertices[:0], quads
    ends = np.concatenate([quads[:, [corner, (corner + 1) % 4]] for corner in range(4)]).T
    edges = coo_array((np.ones(len(ends[0]), bool), tuple(ends)), shape=(len(vertices), len(vertices)))
    _, part = connected_components(edges, directed=False)
    kept: Bool[np.ndarray, "n"] = part == np.bincount(part).argmax()
    number = np.cumsum(kept) - 1
    return vertices[kept], number[quads[kept[quads[:, 0]]]]


def normals_of(vertices: Float[np.ndarray, "n 3"], quads: Int[np.ndarray, "q 4"]) -> Float[np.ndarray, "n 3"]:
    """Unit normals of vertices, outwards: of the quads around them, larger ones counting more."""
    a, b, c, d = (vertices[quads[:, corner]] for corner in range(4))
    across = np.cross(c - a, d - b)
    normals = np.zeros(vertices.shape)
    for corner in range(4):
        np.add.at(normals, quads[:, corner], across)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    return (normals / np.maximum(length, 1e-12)).astype(np.float32)
