"""A request, the pictures that answer it, and the way from the first of them to the last.

A picture of the interactive path arrives in levels: the first is a small whole picture, each further one fills pixels
between, none is thrown away. Once every pixel is known, further samples of it are averaged.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ..camera import Camera
from ..geometry import Box
from ..model.views import EncodedViews
from .lattices import BAND, SIDE, Focus, Region, levels, nearest_first, nowhere, regions
from .painting import Painting
from .pieces import each, never, pieces_of
from .transfer import to_host
from .view_modes import ViewMode, shade

Quality = Literal["interactive", "reference"]

FIRST_LATTICE, COARSE_LATTICE = 64, 400
"""Longer sides, pixels at most, of the first level, and of the last that is filled from the coarse grid."""
PREVIEW = 0.3
"""Progress up to which the coarse grid is shown."""
SHOW_EVERY, SHOW_SHARE = 0.05, 0.1
"""Seconds between two pictures handed out while a level fills, at least; share of all time that handing out takes."""


@dataclass(frozen=True, eq=False)
class RenderRequest:
    """Everything a picture depends on. Compared by identity."""

    encoded: EncodedViews
    keypoints: Float[Tensor, "k 3"]
    """Metres, in the world of the encoded views' cameras."""
    box: Box
    """Where anything can be."""
    window: Box
    """Rays that do not meet it see nothing."""
    camera: Camera
    mode: ViewMode = "colour"
    quality: Quality = "interactive"
    samples_per_pixel: int = 1
    """How many are averaged where there is time; rounded up to an odd number. The reference takes one."""
    crisp: bool = False
    """Surfaces are steeper than the network has learnt them (see `Grids.shown`); never those of the reference."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture, perhaps not yet a finished one."""

    rgba: Float[np.ndarray, "h w 4"]
    """Straight alpha, 0 to 1."""
    distance: Float[np.ndarray, "h w"]
    """Metres from the camera along each ray; 0 where nothing is."""
    progress: float
    """Share of the work done; 1 for the last frame."""
    samples: int
    """Points that the network was asked about for this picture, baking included."""


class Drawing:
    """A picture on its way from the first level to the last sample; hands out what it looks like meanwhile."""

    def __init__(
        self,
        request: RenderRequest,
        painting: Painting,
        asked: int,
        is_stale: Callable[[], bool],
        *,
        focus: Focus = nowhere,
        side: int = SIDE,
        shown: int | None = None,
    ) -> None:
        self.stride = spacing_of(request.camera, FIRST_LATTICE)
        self.painting = painting
        self.shown = shown or self.stride
        """Spacing of the lattice that the canvas shows everywhere."""
        self.progress = 0.0 if shown is None else PREVIEW
        self._request, self._asked, self._is_stale = request, asked, is_stale
        self._focus, self._side = focus, side
        self._next = 0.0

    def sketch(self, known: Float[Tensor, "h w 8"] | None = None) -> Iterator[Frame]:
        """The first whole picture; comes in any case. `known`: it has been made already, in every pixel."""
        if known is None:
            self.painting.sketch(self.stride)
            self.painting.canvas.spread(self.stride)
        else:
            self.painting.canvas.values.copy_(known)
            self.painting.samples += known[..., 0].numel()
            self.stride = self.shown = 1
        yield from self._hand_out(0.0, even_stale=True)

    def levels(self, finest: int, begin: float, end: float) -> Iterator[Frame]:
        """All levels down to one of this spacing; progress goes from `begin` to `end`."""
        camera, canvas = self._request.camera, self.painting.canvas
        spacings = [spacing for spacing in levels(self.stride) if spacing >= min(finest, self.stride)]
        last, done = spacings[-1], 0
        count = math.ceil(camera.height / last) * math.ceil(camera.width / last)
        for spacing in spacings:
            # Levels that are softer than what is shown are painted, but never spread.
            shows = spacing <= self.shown
            for region in nearest_first(regions(camera.height, camera.width, spacing, self._side), self._focus):
                if not self.painting.paint(region, spacing, self.stride, is_stale=self._is_stale):
                    return
                if shows and not canvas.spread(spacing, region, is_stale=self._is_stale):
                    return
                done += _pixels(region, spacing) - (_pixels(region, 2 * spacing) if spacing < self.stride else 0)
                if shows and done < count and time.monotonic() > self._next:
                    yield from self._hand_out(begin + (end - begin) * done / count)
            if shows:
                self.shown = spacing
                yield from self._hand_out(end if spacing == last else begin + (end - begin) * done / count)
        self.progress = end

    def further_samples(self, passes: list[tuple[float, float]], begin: float) -> Iterator[Frame]:
        """The mean of more and more samples a pixel; pictures come where the mean of their offsets is nothing."""
        if not passes or self._is_stale():
            return
        camera, values = self._request.camera, self.painting.canvas.values
        total = values.clone()
        bands = pieces_of(camera.height, BAND, device=values.device)
        for index, offset in enumerate(passes, start=1):
            for region in nearest_first(regions(camera.height, camera.width, 1, self._side), self._focus):
                if not self.painting.add(region, offset, total, is_stale=self._is_stale):
                    return
            if index % 2 == 0:

                def average(band: slice, count: int = index + 1) -> None:
                    values[band, :, :4] = total[band, :, :4] / count
                    values[band, :, 5:] = F.normalize(total[band, :, 5:], dim=-1)

                if not each(bands, average, is_stale=self._is_stale):
                    return
                share = index / len(passes)
                yield from self._hand_out(1.0 if share == 1 else begin + (1 - begin) * share)

    def _hand_out(self, progress: float, *, even_stale: bool = False) -> Iterator[Frame]:
        begin = time.monotonic()
        samples = self._asked + self.painting.samples
        frame = to_frame(
            self._request, self.painting.canvas.values, progress, samples, never if even_stale else self._is_stale
        )
        if frame is None:
            return
        yield frame
        now = time.monotonic()
        self._next = now + max(SHOW_EVERY, (now - begin) / SHOW_SHARE)


def spacing_of(camera: Camera, pixels: int) -> int:
    """Spacing of the finest lattice of so many pixels a side, at most."""
    return 2 ** max(0, math.ceil(math.log2(max(camera.width, camera.height) / pixels)))


def offsets(samples: int) -> list[tuple[float, float]]:
    """Where in a pixel (x, y; pixels from its centre) further samples lie, so that there are `samples` with the first.

    Points of the additive sequence of Roberts (2018), each followed by its mirror image: every pair's mean is nothing.
    """
    pairs = []
    for index in range(1, samples // 2 + 1):
        x, y = ((0.5 + index * step) % 1 - 0.5 for step in (0.7548776662, 0.5698402910))
        pairs += [(x, y), (-x, -y)]
    return pairs


def _pixels(region: Region, spacing: int) -> int:
    """How many pixels of a lattice lie in a region."""
    height, width = (
        -(-end // spacing) - -(-begin // spacing)
        for begin, end in ((region.top, region.bottom), (region.left, region.right))
    )
    return height * width


def normals_from_distance(
    values: Float[Tensor, "h w 8"], origin: Float[Tensor, "3"], directions: Float[Tensor, "p 3"]
) -> None:
    """Write normals of the surface that the distances describe (cross product of neighbouring points)."""
    height, width, _ = values.shape
    points = origin + values[..., 4:5] * directions.view(height, width, 3)
    right = torch.roll(points, -1, dims=1) - torch.roll(points, 1, dims=1)
    down = torch.roll(points, -1, dims=0) - torch.roll(points, 1, dims=0)
    values[..., 5:] = F.normalize(torch.cross(down, right, dim=-1), dim=-1)


def to_frame(
    request: RenderRequest,
    values: Float[Tensor, "h w 8"],
    progress: float,
    samples: int,
    is_stale: Callable[[], bool] = never,
) -> Frame | None:
    """The picture that the view mode makes of the canvas; None where it became unwanted meanwhile."""
    height, width, _ = values.shape
    rgba, distance = np.empty((height, width, 4), np.float32), np.empty((height, width), np.float32)

    def copy(band: slice) -> None:
        shown = shade(request.mode, values[band], request.camera, request.box)
        rgba[band], distance[band] = to_host(shown, values[band, :, 4])

    if not each(pieces_of(height, BAND, device=values.device), copy, is_stale=is_stale):
        return None
    return Frame(rgba, distance, progress, samples)
