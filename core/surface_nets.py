"""How a surface is drawn through a grid of values: closed, and a manifold, as printers and solvers want it."""

from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Index = tuple[Int[np.ndarray, "m"], ...]
"""Of nodes, cells or faces: z, y, x. A cell, or the face of one, is where its first corner is."""

_CORNERS = tuple(np.ndindex(2, 2, 2))


def surface_nets(
    values: Float[np.ndarray, "z y x"],
) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "q 4"]]:
    """Vertices (x, y, z, in steps of the grid) and quads of the surface where values pass zero, more than zero inside:
    in every cell a vertex for each sheet of it, in the middle of where that meets the cell's edges (Gibson 1998,
    "Constrained elastic surface nets"; a vertex a sheet as in Nielson 2004, "Dual marching cubes").

    Closed, for nothing is inside beyond the grid; no edge has more than two quads.
    """
    values = np.pad(values.astype(np.float32), 1, constant_values=-1.0)
    inside = values > 0
    corners = [_at(inside, corner) for corner in _CORNERS]
    cells = np.nonzero(np.logical_or.reduce(corners) & ~np.logical_and.reduce(corners))
    number = np.full(corners[0].shape, -1)
    number[cells] = np.arange(len(cells[0]))
    sheet, sheets = _sheets(inside, cells, number)
    first_vertex = np.cumsum(sheets) - sheets
    sums, counts, quads = np.zeros((sheets.sum(), 3)), np.zeros((sheets.sum(), 1)), []
    for axis in range(3):
        here, there = (np.moveaxis(values, axis, 0)[half] for half in (slice(None, -1), slice(1, None)))
        crosses = np.moveaxis((here > 0) != (there > 0), 0, axis)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.moveaxis(here / (here - there), 0, axis)
        for step in np.ndindex(2, 2):
            offset = _offset(axis, step)
            edge = tuple(cell + by for cell, by in zip(cells, offset, strict=True))
            met = np.nonzero(crosses[edge])[0]
            at = first_vertex[met] + sheet[met, _edge(axis, step)]
            place = np.tile(np.array(offset, float), (len(met), 1))
            place[:, axis] = share[edge][met]
            np.add.at(sums, at, place + np.stack(cells, axis=-1)[met])
            np.add.at(counts, at, 1)
        edges = np.nonzero(crosses)
        around = []
        for step in ((1, 1), (0, 1), (0, 0), (1, 0)):
            cell = number[tuple(part - by for part, by in zip(edges, _offset(axis, step), strict=True))]
            around.append(first_vertex[cell] + sheet[cell, _edge(axis, step)])
        ring = np.stack(around, axis=-1)
        # Counterclockwise among z, y, x is clockwise among x, y, z.
        quads.append(np.where(inside[edges][:, None], ring[:, ::-1], ring))
    return (sums / np.maximum(counts, 1) - 1)[:, ::-1], np.concatenate(quads)


def _sheets(
    inside: Bool[np.ndarray, "z y x"], cells: Index, number: Int[np.ndarray, "cz cy cx"]
) -> tuple[Int[np.ndarray, "m 12"], Int[np.ndarray, "m"]]:
    """To which sheet of the surface in its cell each edge of it belongs, and how many sheets there are.

    A face whose corners are inside and outside by turns parts what is inside, as seen from both of its cells. Where it
    would have one sheet on either side, and so an edge with four quads, it joins what is inside instead (Wenger 2013,
    "Isosurfaces", manifold dual marching cubes).
    """
    code = sum(_at(inside, corner)[cells].astype(np.int64) << bit for bit, corner in enumerate(_CORNERS))
    by_turns = [_by_turns(inside, axis) for axis in range(3)]
    while True:
        kinds, kind = np.unique(code, return_inverse=True)
        known = [_sheets_of(int(each)) for each in kinds]
        sheet = np.array([sheet for sheet, _ in known], np.int64).reshape(-1, 12)[kind]
        joining = []
        for axis, faces in enumerate(by_turns):
            before = number[tuple(part - (d == axis) for d, part in enumerate(faces))]
            after, one_sheet = number[faces], np.ones(len(faces[0]), bool)
            for cell, side in ((before, 1), (after, 0)):
                met = sheet[cell][:, list(_edges_of_face(axis, side))]
                one_sheet &= (met == met[:, :1]).all(axis=1)
                one_sheet &= ~_joins(code[cell], axis, side)
            joining += [(before[one_sheet], axis, 1), (after[one_sheet], axis, 0)]
        if not any(len(cell) for cell, _, _ in joining):
            return sheet, np.array([count for _, count in known], np.int64)[kind]
        for cell, axis, side in joining:
            code[cell] |= 1 << _face_bit(axis, side)


@cache
def _sheets_of(code: int) -> tuple[tuple[int, ...], int]:
    """For one kind of cell: the sheet of every edge, zero where none meets it, and how many sheets there are.

    The lowest eight bits of the kind say which corners are inside, the next six which faces join what is inside.
    """
    within = {corner: bool(code >> bit & 1) for bit, corner in enumerate(_CORNERS)}
    crossed = {}
    for axis in range(3):
        for step in np.ndindex(2, 2):
            ends = tuple(_offset(axis, step, along) for along in (0, 1))
            if within[ends[0]] != within[ends[1]]:
                crossed[_edge(axis, step)] = ends
    links = []
    for axis in range(3):
        for side in range(2):
            edges = [edge for edge in _edges_of_face(axis, side) if edge in crossed]
            if len(edges) == 4:
                # Round each corner of one kind, the surface goes from edge to edge.
                kind = bool(code >> _face_bit(axis, side) & 1)
                middles = {corner for edge in edges for corner in crossed[edge] if within[corner] != kind}
                links += [tuple(edge for edge in edges if corner in crossed[edge]) for corner in middles]
            elif edges:
                links.append(tuple(edges))
    order = sorted(crossed)
    pairs = np.array([[order.index(edge) for edge in link] for link in links], np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(pairs.shape[1], bool), tuple(pairs)), shape=(len(order), len(order)))
    count, label = connected_components(graph, directed=False)
    found = dict(zip(order, label.tolist(), strict=True))
    return tuple(found.get(edge, 0) for edge in range(12)), int(count)


def _by_turns(inside: Bool[np.ndarray, "z y x"], axis: int) -> Index:
    """Faces across an axis, but for those of the grid's border, whose corners are inside and outside by turns."""
    a, b, c, d = (
        _at(inside, _offset(axis, step), [each for each in range(3) if each != axis]) for step in np.ndindex(2, 2)
    )
    return np.nonzero((a == d) & (b == c) & (a != b))


def _at(values: Bool[np.ndarray, "z y x"], corner: tuple[int, ...], axes: list[int] | None = None) -> np.ndarray:
    """Of every cell, or of every face along two axes: the value at one of its corners."""
    cut = [slice(None)] * 3
    for axis in range(3) if axes is None else axes:
        cut[axis] = slice(1, None) if corner[axis] else slice(None, -1)
    return values[tuple(cut)]


def _offset(axis: int, step: tuple[int, ...], along: int = 0) -> tuple[int, int, int]:
    """The corner of a cell so many steps along the other two axes, in the order after this one."""
    offset = [0, 0, 0]
    offset[axis], offset[(axis + 1) % 3], offset[(axis + 2) % 3] = along, *step
    return offset[0], offset[1], offset[2]


def _edge(axis: int, step: tuple[int, ...]) -> int:
    """Number of a cell's edge along an axis."""
    return 4 * axis + 2 * step[0] + step[1]


@cache
def _edges_of_face(axis: int, side: int) -> tuple[int, ...]:
    """The four edges of a cell's face across an axis."""
    other, third = (axis + 1) % 3, (axis + 2) % 3
    # The axes that follow `other` are `third` and `axis`, those that follow `third` are `axis` and `other`.
    return (*(_edge(other, (t, side)) for t in (0, 1)), *(_edge(third, (side, t)) for t in (0, 1)))


def _face_bit(axis: int, side: int) -> int:
    """Which bit of a kind of cell says whether a face joins what is inside."""
    return 8 + 2 * axis + side


def _joins(code: Int[np.ndarray, "m"], axis: int, side: int) -> Bool[np.ndarray, "m"]:
    return (code >> _face_bit(axis, side) & 1).astype(bool)
