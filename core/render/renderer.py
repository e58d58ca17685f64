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
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ..camera import Camera
from ..geometry import Box
from ..model.keypoint_nerf import EncodedViews, KeypointNeRF
from ..model.precision import fast_arithmetic, padded
from .grid import DensityGrid, HullNodes, Lattice, bake, hull_nodes
from .lattices import Canvas, bit_reversed_lattices
from .march import march
from .reference import render_rays
from .sampling import ray_box
from .view_modes import ViewMode, shade

Quality = Literal["interactive", "reference"]

COARSE_NODES, FINE_NODES = 64, 112
"""Nodes along the longest side of the box: first answer to an edit, and what it is refined to."""
FIRST_LATTICE = 64
"""Side of the first sub-picture, pixels."""
TILE = 1024
"""Rays between two looks at whether the work is still wanted."""
BOX_MARGIN = 0.01
"""How far beyond the subject's box rays are followed, metres (method: "Per ray")."""
SHOW_EVERY = 0.05
"""Seconds between two pictures handed out while lattices fill."""


@dataclass(frozen=True, eq=False)
class RenderRequest:
    """Everything a picture depends on. Compared by identity."""

    encoded: EncodedViews
    keypoints: Float[Tensor, "k 3"]
    """Metres, in the world of the encoded views' cameras."""
    box: Box
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
        self._hulls: dict[int, HullNodes] = {}
        self._hulls_of: EncodedViews | None = None
        self._grids: dict[int, DensityGrid] = {}
        self._grids_of: tuple[EncodedViews, Tensor] | None = None

    @torch.inference_mode()
    def render(self, request: RenderRequest) -> Frame:
        """The finished picture."""
        *_, finished = self.frames(request)
        return finished

    def frames(self, request: RenderRequest, is_stale: Callable[[], bool] = lambda: False) -> Iterator[Frame]:
        """Pictures from the first whole one to the finished one.

        Ends early once `is_stale` turns true, which is looked at between tiles; but not before the first picture:
        a stream of requests that replace each other must still show something.
        """
        with torch.inference_mode():
            if request.quality == "reference":
                yield from self._reference_frames(request, is_stale)
            else:
                yield from self._interactive_frames(request, is_stale)

    def _interactive_frames(self, request: RenderRequest, is_stale: Callable[[], bool]) -> Iterator[Frame]:
        fine_ready = FINE_NODES in self._current_grids(request)
        grid, asked = self.grid(request, FINE_NODES if fine_ready else COARSE_NODES)
        assert grid is not None
        last_share = 1.0 if fine_ready else 0.3
        for frame in self._lattices(request, grid, asked, is_stale, until=last_share):
            yield frame
            if not fine_ready and frame.progress >= last_share - 1e-9:
                break
        if fine_ready or is_stale():
            return
        grid, asked = self.grid(request, FINE_NODES, is_stale)
        if grid is not None and not is_stale():
            yield from self._lattices(request, grid, asked, is_stale, begin=last_share)

    def _current_grids(self, request: RenderRequest) -> dict[int, DensityGrid]:
        if (
            self._grids_of is None
            or self._grids_of[0] is not request.encoded
            or (self._grids_of[1] is not request.keypoints and not torch.equal(self._grids_of[1], request.keypoints))
        ):
            self._grids, self._grids_of = {}, (request.encoded, request.keypoints)
        if self._hulls_of is not request.encoded:
            self._hulls, self._hulls_of = {}, request.encoded
        return self._grids

    def grid(
        self, request: RenderRequest, nodes: int, is_stale: Callable[[], bool] = lambda: False
    ) -> tuple[DensityGrid | None, int]:
        """The density grid of a request, baked unless known, and how many samples that took just now."""
        grids = self._current_grids(request)
        if nodes in grids:
            return grids[nodes], 0
        encoded = request.encoded
        lattice = Lattice.over(request.box.grown(BOX_MARGIN), nodes, encoded.low)
        parent = grids.get(COARSE_NODES) if nodes > COARSE_NODES else None
        if parent is not None:
            hull = hull_nodes(self.model, encoded, lattice, parent=parent)
        else:
            if nodes not in self._hulls:
                self._hulls[nodes] = hull_nodes(self.model, encoded, lattice)
            hull = self._hulls[nodes]
        grid = bake(self.model, encoded, request.keypoints, hull, parent=parent, is_stale=is_stale)
        if grid is None:
            return None, 0
        grids[nodes] = grid
        return grid, grid.samples

    def _lattices(
        self,
        request: RenderRequest,
        grid: DensityGrid,
        samples: int,
        is_stale: Callable[[], bool],
        *,
        begin: float = 0.0,
        until: float = 1.0,
    ) -> Iterator[Frame]:
        camera = request.camera
        stride = 2 ** max(0, math.ceil(math.log2(max(camera.width, camera.height) / FIRST_LATTICE)))
        canvas = Canvas(camera.height, camera.width, grid.raw)
        origin, directions = camera_rays(camera, grid.raw)
        offsets = bit_reversed_lattices(stride)
        # A grid that is about to be refined is shown at the first level only, then the fine one fills everything.
        wanted = offsets[: max(1, len(offsets) // 4)] if until < 1 else offsets
        # The fine grid takes over where the coarse one left off, never with a softer picture than that.
        sharper = max(1, len(offsets) // 4) if begin > 0 else 1
        shown, known, picture = -math.inf, 1, canvas.values
        for index, (row, column) in enumerate(wanted):
            rows = torch.arange(row, camera.height, stride, device=directions.device)
            columns = torch.arange(column, camera.width, stride, device=directions.device)
            pixels = (rows[:, None] * camera.width + columns).reshape(-1)
            first = index == 0 and begin == 0
            for tile in pixels.split(TILE):
                if not first and is_stale():
                    return
                samples += self._shade_tile(request, grid, origin, directions, tile, canvas.values.view(-1, 8))
            if index + 1 == known * known:  # an even lattice is complete: the picture can be shown sharper
                picture, known = canvas.spread(stride // known), 2 * known
                shown = -math.inf
            last = index == len(wanted) - 1
            if index + 1 < sharper:
                continue
            if last or time.monotonic() - shown > SHOW_EVERY:
                shown = time.monotonic()
                progress = begin + (until - begin) * (index + 1) / len(wanted)
                yield to_frame(request, picture, 1.0 if last and until == 1 else progress, samples)

    def _shade_tile(
        self,
        request: RenderRequest,
        grid: DensityGrid,
        origin: Float[Tensor, "3"],
        directions: Float[Tensor, "p 3"],
        pixels: Int[Tensor, "n"],
        values: Float[Tensor, "p 8"],
    ) -> int:
        """Write the pixels of a tile; the number of samples that the network was asked about."""
        rays = directions[pixels]
        seen = march(self.model, grid, origin, rays, step=0.75 * grid.lattice.spacing)
        tile = values.new_zeros(len(pixels), Canvas.CHANNELS)
        asked = 0
        if len(seen.ray):
            tile[seen.ray, 3] = seen.alpha
            tile[seen.ray, 4] = seen.distance
            if request.mode == "colour":
                weight = seen.alpha[seen.owner] * seen.share
                rgb = self._colours(request, seen.points, rays[seen.ray[seen.owner]])
                tile[:, :3].index_add_(0, seen.ray[seen.owner], rgb * weight[:, None])
                asked = len(seen.points)
            elif request.mode == "normal":
                first = seen.owner.new_zeros(len(seen.ray))
                first[seen.owner] = torch.arange(len(seen.owner), device=first.device)
                tile[seen.ray, 5:] = grid.normals(seen.points[first])
        values[pixels] = tile
        return asked

    def _colours(
        self, request: RenderRequest, points: Float[Tensor, "n 3"], directions: Float[Tensor, "n 3"]
    ) -> Float[Tensor, "n 3"]:
        """Colours of surface points seen along unit directions."""
        rows = padded(torch.arange(len(points), device=points.device))
        points, directions, count = points[rows], directions[rows], len(points)
        sighting, _ = self.model.sight(request.encoded, points)
        with fast_arithmetic(points.device):
            _, latent = self.model.geometry(request.encoded, request.keypoints, points, sighting)
        # Colour stays in float32: which photo wins is decided by small differences.
        rgb, _ = self.model.colour(request.encoded, points, directions, latent.float(), sighting)
        return rgb[:count]

    def _reference_frames(self, request: RenderRequest, is_stale: Callable[[], bool]) -> Iterator[Frame]:
        camera = request.camera
        like = request.encoded.low
        canvas = Canvas(camera.height, camera.width, like)
        origin, directions = camera_rays(camera, like)
        box = request.box.grown(BOX_MARGIN)
        lower, upper = (torch.as_tensor(corner).to(like) for corner in (box.lower, box.upper))
        values, samples = canvas.values.view(-1, Canvas.CHANNELS), 0
        rows_a_strip = max(1, 4 * TILE // camera.width)
        shown = time.monotonic()
        for top in range(0, camera.height, rows_a_strip):
            pixels = torch.arange(
                top * camera.width, min(top + rows_a_strip, camera.height) * camera.width, device=like.device
            )
            near, far, hit = ray_box(origin, directions[pixels], lower, upper)
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


def camera_rays(camera: Camera, like: Tensor) -> tuple[Float[Tensor, "3"], Float[Tensor, "p 3"]]:
    """Origin and unit directions of all pixels' rays, row by row."""
    rows = torch.arange(camera.height, dtype=torch.float32, device=like.device)
    columns = torch.arange(camera.width, dtype=torch.float32, device=like.device)
    y, x = torch.meshgrid((rows - camera.cy) / camera.fy, (columns - camera.cx) / camera.fx, indexing="ij")
    pose = torch.from_numpy(camera.world_from_camera.copy()).to(like)
    slope = torch.stack([x, y, torch.ones_like(x)], dim=-1).reshape(-1, 3)
    return pose[:3, 3], F.normalize(slope @ pose[:3, :3].T, dim=-1)


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
