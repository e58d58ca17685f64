"""From a request to pictures that get better: ever finer lattices on a baked grid, or the reference.

A picture of the interactive path asks the network about once a ray, for the colour of the surface that the grid shows.
It arrives in levels: the first is a small whole picture, each further one fills pixels between, none is thrown away.
Once every pixel is known, further samples of it can be averaged. All of it is done in pieces of a few milliseconds,
and every one is a place to stop.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ..camera import Camera
from ..geometry import Box
from ..model.keypoint_nerf import EncodedViews, KeypointNeRF
from .field import Field
from .grid import DensityGrid, Lattice, adjust, bake, hull_of, refine
from .lattices import BAND, Canvas, Region, levels, regions
from .painting import CameraRays, Painting
from .pieces import each, never, pieces_of
from .reference import render_rays
from .sampling import meets, ray_box
from .transfer import to_host
from .view_modes import ViewMode, shade

Quality = Literal["interactive", "reference"]

COARSE_NODES, FINE_NODES = 64, 144
"""Nodes along the longest side of the volume: first answer to an edit, and what it is refined to."""
FIRST_LATTICE = 64
"""Side of the first level, pixels at most."""
COARSE_SPACING = 4
"""Of the finest lattice that is filled from the coarse grid, before the fine one is there."""
STRIP = 4096
"""Rays of the reference between two looks at whether it is still wanted."""
PREVIEW = 0.3
"""Progress up to which the coarse grid is shown."""
BOX_MARGIN = 0.01
"""How far beyond the subject's volume rays are followed, metres (method: "Per ray")."""
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
    focus: tuple[float, float] | None = None
    """The pixel (x, y) round which the picture gets better first."""


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


class Renderer:
    """Renders requests; remembers the grids of the last edit. One thread at a time."""

    def __init__(self, model: KeypointNeRF) -> None:
        self.model = model.eval()
        self._known: Grids | None = None

    @torch.inference_mode()
    def render(self, request: RenderRequest) -> Frame:
        """The finished picture."""
        # One at a time: all pictures of a large request together would take gigabytes.
        for frame in self.frames(request):
            finished = frame
        return finished

    def frames(self, request: RenderRequest, is_stale: Callable[[], bool] = never) -> Iterator[Frame]:
        """Pictures from the first whole one to the finished one.

        Ends early once `is_stale` turns true, which is looked at every few milliseconds; but not before the first
        picture: a stream of requests that replace each other must still show something.
        """
        with torch.inference_mode():
            if request.quality == "reference":
                yield from self._reference_frames(request, is_stale)
            else:
                yield from self._interactive_frames(request, is_stale)

    def _interactive_frames(self, request: RenderRequest, is_stale: Callable[[], bool]) -> Iterator[Frame]:
        grids = self._known = Grids.following(self._known, self.model, request)
        what = request.camera, request.mode, request.window
        if grids.fine is None:
            grid, asked = grids.first_answer()
            preview = Drawing(request, Painting(grids.field, grid, *what), asked, is_stale)
            yield from preview.sketch()
            yield from preview.levels(COARSE_SPACING, 0.0, PREVIEW)
            if is_stale():
                return
            asked = grids.finish(is_stale)
            if grids.fine is None:
                return
            # The fine grid takes over where the coarse one left off, never with a softer picture than that.
            painting = Painting(grids.field, grids.fine, *what, canvas=preview.painting.canvas)
            drawing = Drawing(request, painting, asked, is_stale, shown=preview.shown)
        else:
            drawing = Drawing(request, Painting(grids.field, grids.fine, *what), 0, is_stale)
            yield from drawing.sketch()
        passes = offsets(request.samples_per_pixel)
        begin = drawing.progress
        whole = begin + (1 - begin) / (1 + len(passes))
        yield from drawing.levels(1, begin, whole)
        yield from drawing.further_samples(passes, whole)

    def _reference_frames(self, request: RenderRequest, is_stale: Callable[[], bool]) -> Iterator[Frame]:
        camera = request.camera
        like = request.encoded.low
        canvas = Canvas(camera.height, camera.width, like)
        rays = CameraRays(camera, like)
        origin, directions = rays.origin, rays.every().view(-1, 3)
        box = request.box.grown(BOX_MARGIN)
        lower, upper = (torch.as_tensor(corner).to(like) for corner in (box.lower, box.upper))
        values, samples = canvas.values.view(-1, Canvas.CHANNELS), 0
        rows_a_strip = max(1, STRIP // camera.width)
        shown = time.monotonic()
        for top in range(0, camera.height, rows_a_strip):
            pixels = torch.arange(
                top * camera.width, min(top + rows_a_strip, camera.height) * camera.width, device=like.device
            )
            near, far, _ = ray_box(origin, directions[pixels], lower, upper)
            hit = meets(origin, directions[pixels], request.window)
            pixels, near, far = pixels[hit], near[hit], far[hit]
            colours = render_rays(
                self.model, request.encoded, request.keypoints, origin, directions[pixels], near, far,
                is_stale=is_stale,
            )  # fmt: skip
            if is_stale():
                return
            values[pixels, :3], values[pixels, 3] = colours.rgb, colours.alpha
            values[pixels, 4] = torch.where(colours.alpha > 0, colours.distance, 0)
            samples += colours.samples
            done = min(1.0, (top + rows_a_strip) / camera.height)
            if done == 1.0 or time.monotonic() - shown > 4 * SHOW_EVERY:
                shown = time.monotonic()
                if request.mode == "normal":
                    normals_from_distance(canvas.values, origin, directions)
                frame = to_frame(request, canvas.values, done, samples)
                assert frame is not None
                yield frame


@dataclass(eq=False)
class Grids:
    """What is known of the field of some photos and keypoints, coarse and fine."""

    field: Field
    box: Box
    lattice: Lattice
    hull: Bool[Tensor, "1 1 z y x"]
    coarse: DensityGrid | None = None
    fine: DensityGrid | None = None
    before: tuple[DensityGrid, Float[Tensor, "k 3"]] | None = None
    """The coarse grid of the last keypoints that had one, and those keypoints."""

    @staticmethod
    def following(known: "Grids | None", model: KeypointNeRF, request: RenderRequest) -> "Grids":
        """`known` where it is of this request; otherwise new ones, with what they can take from `known`."""
        encoded, keypoints, box = request.encoded, request.keypoints, request.box
        if known is not None and (known.field.encoded is not encoded or known.box is not box):
            known = None
        if known is not None and torch.equal(known.field.keypoints, keypoints):
            return known
        field = Field.of(model, encoded, keypoints)
        if known is not None:
            before = known.before if known.coarse is None else (known.coarse, known.field.keypoints)
            return Grids(field, box, known.lattice, known.hull, before=before)
        lattice = Lattice.over(box.grown(BOX_MARGIN), COARSE_NODES, encoded.low)
        return Grids(field, box, lattice, hull_of(field, lattice))

    def first_answer(self) -> tuple[DensityGrid, int]:
        """A grid that is there soon, and how many samples that took; after an edit not an exact one."""
        if self.coarse is not None:
            return self.coarse, 0
        if self.before is not None:
            grid = adjust(self.field, *self.before)
            # The next edit of the same drag goes on from here.
            self.before = grid, self.field.keypoints
            return grid, grid.samples
        self.coarse = bake(self.field, self.lattice, self.hull)
        assert self.coarse is not None
        return self.coarse, self.coarse.samples

    def finish(self, is_stale: Callable[[], bool]) -> int:
        """Bake what is missing, exactly; how many samples that took. Unwanted meanwhile, it stays missing."""
        asked = 0
        if self.coarse is None:
            self.coarse = bake(self.field, self.lattice, self.hull, is_stale=is_stale)
            asked += self.coarse.samples if self.coarse else 0
        if self.coarse is not None and self.fine is None:
            lattice = Lattice.over(self.box.grown(BOX_MARGIN), FINE_NODES, self.field.encoded.low)
            self.fine = refine(self.field, lattice, self.coarse, is_stale=is_stale)
            asked += self.fine.samples if self.fine else 0
        return asked


class Drawing:
    """A picture on its way from the first level to the last sample; hands out what it looks like meanwhile."""

    def __init__(
        self,
        request: RenderRequest,
        painting: Painting,
        asked: int,
        is_stale: Callable[[], bool],
        *,
        shown: int | None = None,
    ) -> None:
        longer = max(request.camera.width, request.camera.height)
        self.stride = 2 ** max(0, math.ceil(math.log2(longer / FIRST_LATTICE)))
        self.painting = painting
        self.shown = shown or self.stride
        """Spacing of the lattice that the canvas shows everywhere."""
        self.progress = 0.0 if shown is None else PREVIEW
        self._request, self._asked, self._is_stale = request, asked, is_stale
        self._next = 0.0

    def sketch(self) -> Iterator[Frame]:
        """The first whole picture; comes in any case."""
        self.painting.sketch(self.stride)
        self.painting.canvas.spread(self.stride)
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
            for region in regions(camera.height, camera.width, spacing, self._request.focus):
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
            for region in regions(camera.height, camera.width, 1, self._request.focus):
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
