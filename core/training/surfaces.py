"""Textured meshes in the head frame: what people, their hair and all that they wear is made of."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from .appearance import Look
from .makehuman import WavefrontMesh

LOWEST_Y = 0.62
"""Metres below the head's origin at which bodies are cut off: well under the subject box."""
SKULL_CENTRE = np.array([0.0, -0.02, 0.02])


class Drawn(Enum):
    """Textures that are drawn, not read (see `textures`)."""

    WHITE = "white"
    STRANDS = "strands"
    CELLS = "cells"


@dataclass(frozen=True, eq=False)
class Surface:
    """One textured mesh of a person."""

    name: str
    positions: Float[np.ndarray, "n 3"]
    """Metres in the head frame."""
    normals: Float[np.ndarray, "n 3"]
    uv: Float[np.ndarray, "n 2"]
    regions: Float[np.ndarray, "n 4"]
    """Of skin: beard, cheeks, scalp, lips (see `anatomy.skin_regions`).

    Where the look has strands: place along the hair (root 0 to tip 1), metres inside the edge at which it is cut,
    thinning (0 to 1), shade. Zero elsewhere.
    """
    triangles: Int[np.ndarray, "f 3"]
    texture: Path | Drawn
    look: Look
    second_texture: Path | None = None
    mix: float = 0.0
    """Share of the second texture."""
    transparent: bool = False
    """Drawn with blended edges: hair, brows, lashes, clear lenses."""


def smooth_normals(positions: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "n 3"]:
    """Vertex normals, triangles weighing by their area."""
    a, b, c = (positions[triangles[:, k]] for k in range(3))
    of_faces = np.repeat(np.cross(b - a, c - a), 3, axis=0)
    normals = np.stack(
        [np.bincount(triangles.ravel(), of_faces[:, axis], minlength=len(positions)) for axis in range(3)], axis=1
    )
    return unit(normals)


def unit(vectors: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Vectors of length one; zero stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def rounded(
    positions: Float[np.ndarray, "n 3"], normals: Float[np.ndarray, "n 3"], share: float = 0.6
) -> Float[np.ndarray, "n 3"]:
    """Normals of hair: cards lit by their own flicker, a head of hair answers light as a rounded whole."""
    outward = unit((positions - SKULL_CENTRE) * [1.0, 0.6, 1.0])
    turned = normals * np.where((normals * outward).sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    return unit((1 - share) * turned + share * outward)


def grid_triangles(rows: int, columns: int, *, closed: bool = False) -> Int[np.ndarray, "f 3"]:
    """Triangles of a grid of vertices, row by row; `closed` joins the last column to the first."""
    across = columns if closed else columns - 1
    row, column = (index.ravel() for index in np.meshgrid(np.arange(rows - 1), np.arange(across), indexing="ij"))
    here, beside = row * columns + column, row * columns + (column + 1) % columns
    return np.concatenate(
        [np.stack([here, beside, here + columns], 1), np.stack([beside, beside + columns, here + columns], 1)]
    )


def plain_surface(
    name: str,
    positions: Float[np.ndarray, "n 3"],
    triangles: Int[np.ndarray, "f 3"],
    look: Look,
    *,
    normals: Float[np.ndarray, "n 3"] | None = None,
    uv: Float[np.ndarray, "n 2"] | None = None,
    regions: Float[np.ndarray, "n 4"] | None = None,
    texture: Path | Drawn = Drawn.WHITE,
    transparent: bool = False,
) -> Surface:
    """A surface of a mesh that was made here and not read."""
    count = len(positions)
    normals = smooth_normals(positions, triangles) if normals is None else normals
    return Surface(
        name=name,
        positions=positions.astype(np.float32),
        normals=normals.astype(np.float32),
        uv=(np.zeros((count, 2)) if uv is None else uv).astype(np.float32),
        regions=(np.zeros((count, 4)) if regions is None else regions).astype(np.float32),
        triangles=triangles.astype(np.int32),
        texture=texture,
        look=look,
        transparent=transparent,
    )


def cut_surface(
    name: str,
    positions: Float[np.ndarray, "v 3"],
    normals: Float[np.ndarray, "v 3"],
    mesh: WavefrontMesh,
    *,
    keep: Bool[np.ndarray, "f"],
    regions: Float[np.ndarray, "v 4"],
    texture: Path,
    look: Look,
    second_texture: Path | None = None,
    mix: float = 0.0,
    transparent: bool = False,
) -> Surface:
    """Split vertices where their texture coordinates differ; drop what is not kept or lies far below the head."""
    keep = keep & (positions[mesh.triangles, 1].min(axis=1) < LOWEST_Y)
    corner_vertex, corner_uv = mesh.triangles[keep].ravel(), mesh.triangle_uv[keep].ravel()
    corner = corner_vertex.astype(np.int64) * (len(mesh.uv) + 1) + corner_uv
    _, first, index = np.unique(corner, return_index=True, return_inverse=True)
    vertex = corner_vertex[first]
    return Surface(
        name=name,
        positions=positions[vertex].astype(np.float32),
        normals=normals[vertex].astype(np.float32),
        uv=mesh.uv[corner_uv[first]],
        regions=regions[vertex].astype(np.float32),
        triangles=index.reshape(-1, 3).astype(np.int32),
        texture=texture,
        look=look,
        second_texture=second_texture,
        mix=mix,
        transparent=transparent,
    )
