"""A surface of quads."""

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
