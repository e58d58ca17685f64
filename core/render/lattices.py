"""A picture in levels: lattices of pixels, each twice as fine as the one before, and the canvas that they fill."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from .pieces import each, never, pieces_of

SIDE, WIDE_SIDE, LEAST_SIDE = 128, 512, 64
"""Pixels of a lattice along the side of a region: of a processor, of another device, and where memory has run out."""
BAND = 32
"""Rows of a canvas that are worked on without a pause."""
Focus = Callable[[], tuple[float, float] | None]
"""Where a picture should get better first, as a pixel (x, y); asked again and again, for it moves like a hand."""


@dataclass(frozen=True)
class Region:
    """A rectangle of pixels; `bottom` and `right` are outside."""

    top: int
    left: int
    bottom: int
    right: int


def nowhere() -> None:
    """No place comes first."""


def levels(stride: int) -> list[int]:
    """Spacings from `stride`, a power of two, down to 1."""
    return [stride >> level for level in range(stride.bit_length())]


def regions(height: int, width: int, spacing: int, pixels: int = SIDE) -> list[Region]:
    """A picture cut into parts of about as many pixels of a lattice, `pixels` along their sides."""
    side = pixels * spacing
    return [
        Region(top, left, min(top + side, height), min(left + side, width))
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]


def nearest_first(parts: Sequence[Region], focus: Focus) -> Iterator[Region]:
    """Every part once, next always the one that is nearest to where the focus is by then; without one, in order."""
    left = list(parts)
    while left:
        at = focus()
        index = 0 if at is None else min(range(len(left)), key=lambda number: _away(left[number], *at))
        yield left.pop(index)


def _away(part: Region, x: float, y: float) -> float:
    """How far a part is from a place: nothing for those that hold it, but the more central the nearer."""
    across = max(part.left - x, x - (part.right - 1), 0.0)
    down = max(part.top - y, y - (part.bottom - 1), 0.0)
    middle = abs(0.5 * (part.left + part.right) - x) + abs(0.5 * (part.top + part.bottom) - y)
    return across * across + down * down + 1e-6 * middle


def new_pixels(region: Region, spacing: int, stride: int) -> tuple[Int[Tensor, "n"], Int[Tensor, "n"]]:
    """Rows and columns of a region's pixels that are on the lattice of this spacing and on no coarser one.

    `stride` is the spacing of the coarsest lattice, all of whose pixels are new.
    """
    rows = torch.arange(-(-region.top // spacing) * spacing, region.bottom, spacing)
    columns = torch.arange(-(-region.left // spacing) * spacing, region.right, spacing)
    y, x = (c.reshape(-1) for c in torch.meshgrid(rows, columns, indexing="ij"))
    if spacing == stride:
        return y, x
    new = ((y // spacing) % 2 == 1) | ((x // spacing) % 2 == 1)
    return y[new], x[new]


class Canvas:
    """Channels of a picture under construction: premultiplied rgb, alpha, distance, normal."""

    CHANNELS = 8

    def __init__(self, height: int, width: int, like: Tensor) -> None:
        self.values = torch.zeros(height, width, self.CHANNELS, dtype=torch.float32, device=like.device)

    def spread(self, spacing: int, region: Region | None = None, *, is_stale: Callable[[], bool] = never) -> bool:
        """Fill a region bilinearly from every `spacing`-th pixel of every `spacing`-th row; whether all of it.

        Those pixels keep their value and their place, so nothing moves when a finer lattice is known.
        """
        height, width, _ = self.values.shape
        part = region or Region(0, 0, height, width)
        if spacing == 1:
            return True
        share = torch.arange(spacing, device=self.values.device) / spacing
        columns = torch.arange(part.left // spacing, -(-part.right // spacing) + 1, device=share.device) * spacing
        columns.clamp_(max=(width - 1) // spacing * spacing)
        first = part.top // spacing
        rows = pieces_of(-(-part.bottom // spacing) - first, max(1, BAND // spacing), device=share.device)

        def fill(band: slice) -> None:
            lines = torch.arange(first + band.start, first + band.stop + 1, device=share.device) * spacing
            lines.clamp_(max=(height - 1) // spacing * spacing)
            known = self.values[lines][:, columns]
            down = torch.lerp(known[:-1, None], known[1:, None], share[:, None, None]).flatten(0, 1)
            across = torch.lerp(down[:, :-1, None], down[:, 1:, None], share[:, None]).flatten(1, 2)
            top, left = (first + band.start) * spacing, part.left // spacing * spacing
            bottom = min((first + band.stop) * spacing, part.bottom)
            begin = max(top, part.top)
            here = across[begin - top : bottom - top, part.left - left : part.right - left]
            self.values[begin:bottom, part.left : part.right] = here

        return each(rows, fill, is_stale=is_stale)
