"""A picture under construction: sub-pictures on interleaved lattices, each asking the network as little as it can.

Rays are marched for every pixel, and source photos are read for every pixel; but *mixtures* (which part of which
photo shows, see `field`) are asked of the network only where a pixel's neighbours on the coarser lattice disagree.
Elsewhere it inherits theirs: texture comes from the photos at full resolution, the network decides where from.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ..camera import Camera
from ..geometry import Box
from . import ray_kernels
from .field import ROWS, CompiledField, Field, in_parallel
from .grid import DensityGrid
from .lattices import Canvas
from .march import Seen, march
from .view_modes import ViewMode

APART = 0.012
"""Largest difference of distance, metres, between a pixel and one that it inherits from."""
UNLIKE = 0.2
"""Largest difference between mixtures that a pixel inherits."""


class Painting:
    """Fills a canvas, one lattice after the other."""

    def __init__(self, field: Field, grid: DensityGrid, camera: Camera, mode: ViewMode, window: Box) -> None:
        self.field, self.grid, self.camera, self.mode, self.window = field, grid, camera, mode, window
        self.canvas = Canvas(camera.height, camera.width, grid.raw)
        self.samples = 0
        """How many points the network was asked about."""
        self._rays = CameraRays(camera, grid.raw)
        half = ((camera.height + 1) // 2, (camera.width + 1) // 2)
        self._known_samples = np.zeros(half, np.uint8)
        self._known_where = np.zeros((*half, ray_kernels.MOST_MIXTURES), np.float32)
        self._known_mixtures = np.zeros((*half, ray_kernels.MOST_MIXTURES, field.views + 3), np.float32)

    def sketch(self, stride: int) -> None:
        """Fill every `stride`-th pixel soon, with one answer of the network a ray; leaves nothing to inherit."""
        self._paint(0, 0, stride, self._sketched)

    def paint(
        self, row: int, column: int, stride: int, finest: int, *, is_stale: Callable[[], bool] = lambda: False
    ) -> bool:
        """Fill every `stride`-th pixel from (row, column); whether it came to an end.

        `finest` is the spacing of the even lattice that this one is part of; all coarser even lattices are painted
        already. Where it is `stride` itself there are none.
        """
        spacing = finest if finest < stride else 0
        mix = partial(self._mixtures, spacing=spacing, is_stale=is_stale)
        return self._paint(row, column, stride, mix)

    def _paint(
        self, row: int, column: int, stride: int, mix: Callable[[Seen, Tensor, Tensor, Tensor], Tensor | None]
    ) -> bool:
        camera = self.camera
        rows = torch.arange(row, camera.height, stride)
        columns = torch.arange(column, camera.width, stride)
        y, x = (c.reshape(-1) for c in torch.meshgrid(rows, columns, indexing="ij"))
        directions = self._rays.directions(y, x)
        seen = march(self.field, self.grid, self.window, self._rays.origin, directions)
        values = directions.new_zeros(len(y), Canvas.CHANNELS)
        values[:, 3], values[:, 4] = seen.alpha, seen.distance
        if self.mode == "colour":
            mixtures = mix(seen, directions, y, x)
            if mixtures is None:
                return False
            values[:, :3] = self._blend(seen, directions, mixtures)
        elif self.mode == "normal":
            hit = seen.samples > 0
            values[hit, 5:] = self.grid.normals(self._rays.origin + seen.where[hit, :1] * directions[hit])
        self.canvas.values[row::stride, column::stride] = values.view(len(rows), len(columns), -1)
        return True

    def _sketched(self, seen: Seen, directions: Float[Tensor, "r 3"], y: Tensor, x: Tensor) -> Float[Tensor, "r 4 m"]:
        mixtures = directions.new_zeros(len(y), ray_kernels.MOST_MIXTURES, self.field.views + 3)
        rays = seen.samples.nonzero()[:, 0]
        along = directions[rays]
        middle = seen.where[rays].gather(1, (seen.samples[rays, None] // 2).long())
        mixtures[rays] = self.field.mixtures(self._rays.origin + middle * along, along)[:, None]
        self.samples += len(rays)
        return mixtures

    def _mixtures(
        self,
        seen: Seen,
        directions: Float[Tensor, "r 3"],
        y: Tensor,
        x: Tensor,
        *,
        spacing: int,
        is_stale: Callable[[], bool],
    ) -> Float[Tensor, "r s m"] | None:
        mixtures = directions.new_zeros(len(y), ray_kernels.MOST_MIXTURES, self.field.views + 3)
        counts = seen.samples.long()
        wanted = torch.arange(ray_kernels.MOST_MIXTURES, device=counts.device) < counts[:, None]
        where = _asked_where(seen)
        inherits = isinstance(self.field, CompiledField)
        if inherits and spacing:
            wanted &= ~self._inherit(seen, where, y, x, spacing, mixtures)[:, None]
        for rays, points in zip(*(index.split(ROWS) for index in wanted.nonzero(as_tuple=True)), strict=True):
            if is_stale():
                return None
            along = directions[rays]
            at = self._rays.origin + where[rays, points, None] * along
            mixtures[rays, points] = self.field.mixtures(at, along)
            self.samples += len(rays)
        if inherits:
            even = ((y % 2 == 0) & (x % 2 == 0)).numpy()
            into = (y.numpy()[even] // 2, x.numpy()[even] // 2)
            self._known_samples[into] = seen.samples.numpy()[even]
            self._known_where[into] = where.numpy()[even]
            self._known_mixtures[into] = mixtures.numpy()[even]
        return mixtures

    def _inherit(self, seen: Seen, where: Tensor, y: Tensor, x: Tensor, spacing: int, mixtures: Tensor) -> Tensor:
        inherited = np.zeros(len(y), bool)

        def work(begin: int, end: int) -> None:
            ray_kernels.inherit(
                begin, end, y.numpy(), x.numpy(), spacing, seen.samples.numpy(), where.numpy(),
                self._known_samples, self._known_where, self._known_mixtures, APART, UNLIKE,
                mixtures.numpy(), inherited,
            )  # fmt: skip

        in_parallel(len(y), work)
        return torch.from_numpy(inherited)

    def _blend(
        self, seen: Seen, directions: Float[Tensor, "r 3"], mixtures: Float[Tensor, "r s m"]
    ) -> Float[Tensor, "r 3"]:
        """Premultiplied colours."""
        if not isinstance(self.field, CompiledField):
            points = self._rays.origin + seen.where[..., None] * directions[:, None]
            # Two samples share a mixture where there are more of them.
            order = torch.arange(ray_kernels.MOST_SAMPLES, device=points.device)
            many = (seen.samples > ray_kernels.MOST_MIXTURES)[:, None]
            shared = torch.where(many, order // 2, order.clamp(max=ray_kernels.MOST_MIXTURES - 1))[..., None]
            each = self.field.blend(points, mixtures.gather(1, shared.expand(-1, -1, mixtures.shape[-1])))
            counted = torch.arange(ray_kernels.MOST_SAMPLES, device=each.device) < seen.samples[:, None]
            mean = (each * counted[..., None]).sum(dim=1) / seen.samples.clamp_min(1)[:, None]
            return mean * seen.alpha[:, None]
        tables, rgb = self.field.tables, np.empty((len(directions), 3), np.float32)

        def work(begin: int, end: int) -> None:
            ray_kernels.blend(
                begin, end, tables.cameras, tables.images, self._rays.origin.numpy(), directions.numpy(),
                seen.samples.numpy(), seen.alpha.numpy(), seen.where.numpy(), mixtures.numpy(), rgb,
            )  # fmt: skip

        in_parallel(len(directions), work)
        return torch.from_numpy(rgb)


def _asked_where(seen: Seen) -> Float[Tensor, "r 4"]:
    """Where along rays the network is asked: at their samples, or between two where there are more of them."""
    between = seen.where.unflatten(1, (ray_kernels.MOST_MIXTURES, -1)).mean(dim=-1)
    return torch.where(
        (seen.samples > ray_kernels.MOST_MIXTURES)[:, None], between, seen.where[:, : ray_kernels.MOST_MIXTURES]
    )


class CameraRays:
    """Where the pixels of a camera look."""

    def __init__(self, camera: Camera, like: Tensor) -> None:
        self._camera = camera
        pose = torch.from_numpy(camera.world_from_camera.copy()).to(like)
        self.origin: Float[Tensor, "3"] = pose[:3, 3].contiguous()
        self._rotation = pose[:3, :3]

    def every(self, stride: int = 1) -> Float[Tensor, "h w 3"]:
        """Unit directions of every `stride`-th pixel of every `stride`-th row."""
        rows = torch.arange(0, self._camera.height, stride)
        columns = torch.arange(0, self._camera.width, stride)
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        return self.directions(y.reshape(-1), x.reshape(-1)).view(len(rows), len(columns), 3)

    def directions(self, y: Tensor, x: Tensor) -> Float[Tensor, "n 3"]:
        """Unit directions of pixels at integer rows and columns."""
        camera = self._camera
        y, x = (c.to(self._rotation) for c in (y, x))
        slope = torch.stack([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, torch.ones_like(x)], dim=-1)
        return F.normalize(slope @ self._rotation.T, dim=-1)
