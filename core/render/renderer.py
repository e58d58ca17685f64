"""From a request to pictures that get better: interleaved lattices on a baked grid, or the reference.

A picture of the interactive path asks the network about once a ray, for the colour of the surface that the grid shows.
It arrives as stride² sub-pictures in bit-reversed order: the first is a small whole picture, each further one fills
pixels between, none is thrown away, and every one is a place to stop.
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
from .lattices import Canvas, bit_reversed_lattices
from .painting import CameraRays, Painting
from .reference import render_rays
from .sampling import meets, ray_box
from .view_modes import ViewMode, shade

Quality = Literal["interactive", "reference"]

COARSE_NODES, FINE_NODES = 64, 144
"""Nodes along the longest side of the volume: first answer to an edit, and what it is refined to."""
FIRST_LATTICE = 64
"""Side of the first sub-picture, pixels."""
STRIP = 4096
"""Rays of the reference between two looks at whether it is still wanted."""
PREVIEW = 0.3
"""Progress up to which the coarse grid is shown."""
BOX_MARGIN = 0.01
"""How far beyond the subject's volume rays are followed, metres (method: "Per ray")."""
SHOW_EVERY = 0.05
"""Seconds between two pictures handed out while lattices fill."""


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
        *_, finished = self.frames(request)
        return finished

    def frames(self, request: RenderRequest, is_stale: Callable[[], bool] = lambda: False) -> Iterator[Frame]:
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
        if grids.fine is None:
            grid, asked = grids.first_answer()
            yield from _lattices(request, grids.field, grid, asked, is_stale, until=PREVIEW)
            if is_stale():
                return
            asked = grids.finish(is_stale)
            if grids.fine is None:
                return
            yield from _lattices(request, grids.field, grids.fine, asked, is_stale, begin=PREVIEW)
        else:
            yield from _lattices(request, grids.field, grids.fine, 0, is_stale)

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
                yield to_frame(request, canvas.values, done, samples)


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


def _lattices(
    request: RenderRequest,
    field: Field,
    grid: DensityGrid,
    asked: int,
    is_stale: Callable[[], bool],
    *,
    begin: float = 0.0,
    until: float = 1.0,
) -> Iterator[Frame]:
    """Pictures whose progress goes from `begin` to `until`."""
    camera = request.camera
    stride = 2 ** max(0, math.ceil(math.log2(max(camera.width, camera.height) / FIRST_LATTICE)))
    painting = Painting(field, grid, camera, request.mode, request.window)
    offsets = bit_reversed_lattices(stride)
    few = max(1, len(offsets) // 16)
    # A grid that is about to be refined is shown at the first levels only, then the fine one fills everything.
    wanted = offsets[:few] if until < 1 else offsets
    # The fine grid takes over where the coarse one left off, never with a softer picture than that.
    sharper = few if begin > 0 else 1
    if begin == 0:
        painting.sketch(stride)
        yield to_frame(request, painting.canvas.spread(stride), 0.0, asked + painting.samples)
    shown, known, picture = time.monotonic(), 1, painting.canvas.values
    for index, (row, column) in enumerate(wanted):
        level = stride >> ((index.bit_length() + 1) // 2)
        if is_stale() or not painting.paint(row, column, stride, level, is_stale=is_stale):
            return
        if index + 1 == known * known:  # an even lattice is complete: the picture can be shown sharper
            picture, known = painting.canvas.spread(stride // known), 2 * known
            shown = -math.inf if index else shown
        last = index == len(wanted) - 1
        if index + 1 < sharper:
            continue
        if last or time.monotonic() - shown > SHOW_EVERY:
            shown = time.monotonic()
            progress = begin + (until - begin) * (index + 1) / len(wanted)
            yield to_frame(request, picture, 1.0 if last and until == 1 else progress, asked + painting.samples)


def normals_from_distance(
    values: Float[Tensor, "h w 8"], origin: Float[Tensor, "3"], directions: Float[Tensor, "p 3"]
) -> None:
    """Write normals of the surface that the distances describe (cross product of neighbouring points)."""
    height, width, _ = values.shape
    points = origin + values[..., 4:5] * directions.view(height, width, 3)
    right = torch.roll(points, -1, dims=1) - torch.roll(points, 1, dims=1)
    down = torch.roll(points, -1, dims=0) - torch.roll(points, 1, dims=0)
    values[..., 5:] = F.normalize(torch.cross(down, right, dim=-1), dim=-1)


def to_frame(request: RenderRequest, values: Float[Tensor, "h w 8"], progress: float, samples: int) -> Frame:
    """The picture that the view mode makes of the canvas."""
    rgba = shade(request.mode, values, request.camera, request.box)
    return Frame(rgba.cpu().numpy(), values[..., 4].cpu().numpy().copy(), progress, samples)
