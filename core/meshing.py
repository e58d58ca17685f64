"""The avatar as a mesh with a texture: what other programs can open.

The surface passes where a thin layer of the finest grid holds back half of the light, or where the visual hull ends. At
its vertices the network is asked which part of which photo shows there, seen from straight ahead; between them photos
are read for every texel, as they are for every pixel of a picture.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from scipy.ndimage import gaussian_filter
from torch import Tensor

from .errors import UserError
from .geometry import Box
from .mesh import Mesh, largest_part, normals_of
from .model.precision import ROW_STEP
from .model.spatial import inside, normalised, project, read_maps
from .render.field import Field
from .render.grid import DensityGrid
from .render.pieces import QUESTIONS, each, never, pieces_of
from .surface_nets import surface_nets

LAYER = 0.01
"""Metres of the avatar's inside that hold back half of the light where its surface is. Of half as many a face is half a
millimetre nearer to the truth, but shoulders of a single photo, which are little more than fog, are missing.
"""
CUT = 0.1
"""Of a mask: where the hull ends."""
SMOOTH = 0.7
"""Of the surface, in cells (a Gaussian's sigma): what is smaller is grain, and tunnels through fog."""
TILE = 8
"""Texels along a quad's side. The outermost lie on its edges, which it shares with its neighbours."""
TEXELS = 1 << 14
"""Texels, or nodes, that each of torch's threads works on without a pause."""


@torch.inference_mode()
def mesh_of(field: Field, grid: DensityGrid, window: Box, *, is_stale: Callable[[], bool] = never) -> Mesh | None:
    """The avatar's surface in its colours; None where that became unwanted.

    It ends where the window does, and where photos do: what is made up below them would be walls of stripes. Raises
    UserError where there is no surface.
    """
    values = _sides(field, grid, window, is_stale)
    if values is None:
        return None
    nodes, quads = largest_part(*surface_nets(gaussian_filter(values, SMOOTH, mode="nearest")))
    if len(quads) == 0:
        raise UserError(
            "There is nothing to make a mesh of.", "Look at the outlines of the photos: is somebody in them?"
        )
    lattice = grid.lattice
    vertices = lattice.lower.cpu().numpy() + np.float32(lattice.spacing) * nodes.astype(np.float32)
    normals = normals_of(vertices, quads)
    points, towards = (torch.from_numpy(part).to(lattice.lower) for part in (vertices, -normals))
    mixtures = points.new_zeros(len(points), field.views + 3)

    def ask(rows: slice) -> None:
        mixtures[rows] = field.mixtures(points[rows], towards[rows], is_stale=is_stale)

    if not each(pieces_of(len(points), QUESTIONS, step=ROW_STEP, device=points.device), ask, is_stale=is_stale):
        return None
    texture = _painted(field, points, mixtures, torch.from_numpy(quads).to(points.device), is_stale)
    if texture is None:
        return None
    colours = _bytes(field.blend(points[:, None], mixtures[:, None])[:, 0])
    return Mesh(vertices, normals, quads, colours, texture, _places(len(quads)))


def _sides(
    field: Field, grid: DensityGrid, window: Box, is_stale: Callable[[], bool]
) -> Float[np.ndarray, "z y x"] | None:
    """At each node more than zero inside the avatar, less outside, zero on its surface; continuous, from -1 to 1."""
    values = (grid.raw[0, 0] - field.model.raw_of(math.log(2) / LAYER)).clamp(-1, 1).flatten()
    solid = (values > 0).nonzero()[:, 0]
    lower, upper = (values.new_tensor(np.asarray(corner, float).tolist()) for corner in (window.lower, window.upper))

    def cut(rows: slice) -> None:
        nodes = solid[rows]
        points = grid.lattice.positions(nodes)
        in_window = torch.minimum(points - lower, upper - points).amin(dim=-1) / grid.lattice.spacing
        on_masks = (_least_on_masks(field, points) - CUT) / CUT
        values[nodes] = torch.minimum(values[nodes], torch.minimum(in_window, on_masks).clamp(-1, 1))

    if not each(pieces_of(len(solid), TEXELS, device=values.device), cut, is_stale=is_stale):
        return None
    return values.view(grid.lattice.shape).cpu().numpy()


def _least_on_masks(field: Field, points: Float[Tensor, "n 3"]) -> Float[Tensor, "n"]:
    """The least that masks of photos which contain a point tell of it, 0 to 1; 0 where none contains it."""
    source = field.encoded.source
    pixels, depth = project(source.intrinsics, source.camera_from_world, points)
    contain = inside(pixels, source.bounds, slack=0.0) & (depth > 0)
    height, width = source.images.shape[-2:]
    told = read_maps(source.masks, normalised(pixels, width, height))[..., 0]
    return torch.where(contain, told, 1.0).amin(dim=0) * contain.any(dim=0)


# --- the texture: a tile of TILE x TILE texels for each quad, as many in a row as there are rows -------------------


def _columns(quads: int) -> int:
    return math.ceil(math.sqrt(quads))


def _places(quads: int) -> Float[np.ndarray, "q 4 2"]:
    columns = _columns(quads)
    first = np.stack([np.arange(quads) % columns, np.arange(quads) // columns], axis=-1) * TILE + 0.5
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * (TILE - 1)
    size = TILE * np.array([columns, -(-quads // columns)])
    return ((first[:, None] + corners) / size).astype(np.float32)


def _painted(
    field: Field,
    points: Float[Tensor, "n 3"],
    mixtures: Float[Tensor, "n m"],
    quads: Int[Tensor, "q 4"],
    is_stale: Callable[[], bool],
) -> UInt8[np.ndarray, "h w 3"] | None:
    """Points and mixtures of vertices, interpolated to the texels of their quads, and what photos show there."""
    at = torch.linspace(0, 1, TILE, device=points.device)
    down, across = torch.meshgrid(at, at, indexing="ij")
    shares = torch.stack([(1 - across) * (1 - down), across * (1 - down), across * down, (1 - across) * down], dim=-1)
    columns = _columns(len(quads))
    rows = -(-len(quads) // columns)
    tiles = np.zeros((rows * columns, TILE, TILE, 3), np.uint8)

    def paint(chosen: slice) -> None:
        corners = quads[chosen]
        some, mixed = (
            torch.einsum("yxc,qck->qyxk", shares, values[corners]).flatten(1, 2) for values in (points, mixtures)
        )
        tiles[chosen] = _bytes(field.blend(some, mixed)).reshape(-1, TILE, TILE, 3)

    if not each(pieces_of(len(quads), TEXELS // TILE**2), paint, is_stale=is_stale):
        return None
    sheet = tiles.reshape(rows, columns, TILE, TILE, 3).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(sheet.reshape(rows * TILE, columns * TILE, 3))


def _bytes(colours: Float[Tensor, "*n 3"]) -> UInt8[np.ndarray, "*n 3"]:
    return (colours.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
