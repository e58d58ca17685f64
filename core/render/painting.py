"""A picture under construction: ever finer lattices of pixels, each asking the network as little as it can.

Rays are marched for every pixel, and source photos are read for every pixel; but *mixtures* (which part of which
photo shows, see `field`) are asked of the network only where a pixel's neighbours on the coarser lattice disagree.
Elsewhere it inherits theirs: texture comes from the photos at full resolution, the network decides where from.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.nn import functional as F

from ..camera import Camera
from ..geometry import Box
from ..model.precision import ROW_STEP
from . import pixel_kernels, ray_kernels
from .field import CompiledField, Field, in_parallel
from .grid import DensityGrid
from .lattices import Canvas, Region, new_pixels
from .march import Seen, march
from .pieces import QUESTIONS, Paced, each, never, pieces_of
from .ray_kernels import ANYWHERE
from .view_modes import ViewMode

APART = 0.02
"""Metres: what lies further apart along rays shares no mixture, neither of neighbours nor of one ray."""
UNLIKE = 0.35
"""Largest difference between mixtures that a pixel inherits."""


RAYS = 2048
"""Rays that are followed without a pause, by each thread, at most."""


class Painting:
    """Fills a canvas, one region of a lattice after the other."""

    def __init__(
        self, field: Field, grid: DensityGrid, camera: Camera, mode: ViewMode, window: Box, canvas: Canvas | None = None
    ) -> None:
        self.field, self.grid, self.camera, self.mode, self.window = field, grid, camera, mode, window
        self.canvas = canvas or Canvas(camera.height, camera.width, grid.raw)
        self.samples = 0
        """How many points the network was asked about."""
        self._rays = CameraRays(camera, grid.raw)
        self._device = grid.raw.device
        self._following, self._finishing = Paced(RAYS), Paced(RAYS)
        half = ((camera.height + 1) // 2, (camera.width + 1) // 2)
        self._known_samples = np.zeros(half, np.uint8)
        self._known_where = np.zeros((*half, ray_kernels.MOST_MIXTURES), np.float32)
        self._known_mixtures = np.zeros((*half, ray_kernels.MOST_MIXTURES, field.views + 3), np.float32)

    def sketch(self, stride: int) -> None:
        """Fill every `stride`-th pixel soon, with one answer of the network a ray; leaves nothing to inherit."""
        whole = Region(0, 0, self.camera.height, self.camera.width)
        rays = self._follow(*new_pixels(whole, stride, stride), (0.0, 0.0))
        if self.mode == "colour":
            hits = rays.samples.nonzero()[:, 0]
            middle = (rays.samples[hits, None] // 2).long()
            at = self._rays.origin + rays.where[hits].gather(1, middle) * rays.directions[hits]

            def ask(piece: slice) -> None:
                rays.mixtures[hits[piece]] = self.field.mixtures(at[piece], rays.directions[hits[piece]])[:, None]

            self._questions(len(hits), ask)
            self.samples += len(hits)
        self._finish(rays, self._write)

    def paint(self, region: Region, spacing: int, stride: int, *, is_stale: Callable[[], bool] = never) -> bool:
        """Fill a region's pixels that are on the lattice of this spacing and on no coarser one; whether all of them.

        `stride` is the spacing of the coarsest lattice; all that are coarser than this one are painted already, in the
        region and next to it.
        """
        y, x = new_pixels(region, spacing, stride)
        rays = self._follow(y, x, (0.0, 0.0), spacing if spacing < stride else None, is_stale)
        return self._ask(rays, is_stale) and self._finish(rays, self._write, is_stale)

    def add(
        self, region: Region, offset: tuple[float, float], total: Tensor, *, is_stale: Callable[[], bool] = never
    ) -> bool:
        """Add to `total` (h, w, 8) what a region's pixels look like with the camera moved by part of a pixel (x, y);
        whether it came to an end. The whole picture is painted already.
        """

        def write(rays: Rays, piece: slice, values: Tensor) -> None:
            total[rays.y[piece], rays.x[piece]] += values

        y, x = new_pixels(region, 1, 1)
        rays = self._follow(y, x, offset, ANYWHERE, is_stale)
        return self._ask(rays, is_stale) and self._finish(rays, write, is_stale)

    def _questions(self, count: int, ask: Callable[[slice], object], is_stale: Callable[[], bool] = never) -> bool:
        return each(pieces_of(count, QUESTIONS, step=ROW_STEP, device=self._device), ask, is_stale=is_stale)

    def _follow(
        self,
        y: Tensor,
        x: Tensor,
        offset: tuple[float, float],
        spacing: int | None = None,
        is_stale: Callable[[], bool] = never,
    ) -> "Rays":
        """What the rays of pixels meet, and the mixtures that they inherit from neighbours at this spacing.

        Broken off by `is_stale`, rays see nothing.
        """
        rays = Rays.of(y, x, self.field.views, self._device)
        inherits = spacing is not None and self.mode == "colour" and isinstance(self.field, CompiledField)

        def follow(piece: slice) -> None:
            directions = self._rays.directions(y[piece] + offset[1], x[piece] + offset[0])
            seen = march(self.field, self.grid, self.window, self._rays.origin, directions)
            rays.directions[piece], rays.samples[piece] = directions, seen.samples
            rays.alpha[piece], rays.distance[piece] = seen.alpha, seen.distance
            rays.where[piece], rays.asked[piece] = paired(seen)
            if inherits and spacing is not None:
                self._inherit(rays, piece, spacing)

        self._following.each(len(y), follow, is_stale=is_stale, device=self._device)
        return rays

    def _inherit(self, rays: "Rays", piece: slice, spacing: int) -> None:
        y, x, samples, asked = (c[piece].numpy() for c in (rays.y, rays.x, rays.samples, rays.asked))
        mixtures, inherited = rays.mixtures[piece].numpy(), rays.inherited[piece].numpy()

        def work(begin: int, end: int) -> None:
            pixel_kernels.inherit(
                begin, end, y, x, spacing, samples, asked, self._known_samples, self._known_where,
                self._known_mixtures, APART, UNLIKE, mixtures, inherited,
            )  # fmt: skip

        in_parallel(len(y), work)

    def _ask(self, rays: "Rays", is_stale: Callable[[], bool]) -> bool:
        """Ask the network for the mixtures that no ray inherited; whether it came to an end."""
        if is_stale():
            return False
        if self.mode != "colour":
            return True
        order = torch.arange(ray_kernels.MOST_MIXTURES, device=self._device)
        wanted = (order < rays.samples[:, None]) & ~rays.inherited[:, None]
        which, points = wanted.nonzero(as_tuple=True)

        def ask(piece: slice) -> None:
            ray, point = which[piece], points[piece]
            along = rays.directions[ray]
            at = self._rays.origin + rays.asked[ray, point, None] * along
            rays.mixtures[ray, point] = self.field.mixtures(at, along, is_stale=is_stale)

        self.samples += len(which)
        return self._questions(len(which), ask, is_stale)

    def _finish(
        self, rays: "Rays", write: Callable[["Rays", slice, Tensor], None], is_stale: Callable[[], bool] = never
    ) -> bool:
        """Make pixels of what is known of their rays; whether it came to an end."""

        def finish(piece: slice) -> None:
            values = torch.zeros(piece.stop - piece.start, Canvas.CHANNELS, device=self._device)
            values[:, 3], values[:, 4] = rays.alpha[piece], rays.distance[piece]
            if self.mode == "colour":
                values[:, :3] = self._blend(rays, piece)
            elif self.mode == "normal":
                hit = rays.samples[piece] > 0
                at = self._rays.origin + rays.where[piece][hit, :1] * rays.directions[piece][hit]
                values[hit, 5:] = self.grid.normals(at)
            write(rays, piece, values)

        return self._finishing.each(len(rays.y), finish, is_stale=is_stale, device=self._device)

    def _write(self, rays: "Rays", piece: slice, values: Tensor) -> None:
        y, x = rays.y[piece], rays.x[piece]
        self.canvas.values[y, x] = values
        if self.mode == "colour" and isinstance(self.field, CompiledField):
            even = ((y % 2 == 0) & (x % 2 == 0)).numpy()
            into = (y.numpy()[even] // 2, x.numpy()[even] // 2)
            self._known_samples[into] = rays.samples[piece].numpy()[even]
            self._known_where[into] = rays.asked[piece].numpy()[even]
            self._known_mixtures[into] = rays.mixtures[piece].numpy()[even]

    def _blend(self, rays: "Rays", piece: slice) -> Float[Tensor, "r 3"]:
        """Premultiplied colours."""
        samples, alpha, where = rays.samples[piece], rays.alpha[piece], rays.where[piece]
        directions, mixtures = rays.directions[piece], rays.mixtures[piece]
        if not isinstance(self.field, CompiledField):
            points = self._rays.origin + where[..., None] * directions[:, None]
            # Two samples share a mixture where there are more of them.
            order = torch.arange(ray_kernels.MOST_SAMPLES, device=points.device)
            many = (samples > ray_kernels.MOST_MIXTURES)[:, None]
            shared = torch.where(many, order // 2, order.clamp(max=ray_kernels.MOST_MIXTURES - 1))[..., None]
            colours = self.field.blend(points, mixtures.gather(1, shared.expand(-1, -1, mixtures.shape[-1])))
            counted = order < samples[:, None]
            mean = (colours * counted[..., None]).sum(dim=1) / samples.clamp_min(1)[:, None]
            return mean * alpha[:, None]
        tables, rgb = self.field.tables, np.empty((len(samples), 3), np.float32)

        def work(begin: int, end: int) -> None:
            pixel_kernels.blend(
                begin, end, tables.cameras, tables.images, self._rays.origin.numpy(), directions.numpy(),
                samples.numpy(), alpha.numpy(), where.numpy(), mixtures.numpy(), rgb,
            )  # fmt: skip

        in_parallel(len(samples), work)
        return torch.from_numpy(rgb)


@dataclass(frozen=True, eq=False)
class Rays:
    """Some pixels' rays, filled in piece by piece."""

    y: Int[Tensor, "r"]
    x: Int[Tensor, "r"]
    directions: Float[Tensor, "r 3"]
    samples: UInt8[Tensor, "r"]
    alpha: Float[Tensor, "r"]
    distance: Float[Tensor, "r"]
    where: Float[Tensor, "r 8"]
    """As in `Seen`."""
    asked: Float[Tensor, "r 4"]
    """Distances where the network is asked."""
    mixtures: Float[Tensor, "r 4 m"]
    inherited: Bool[Tensor, "r"]
    """Whether the mixtures are those of neighbours."""

    @staticmethod
    def of(y: Tensor, x: Tensor, views: int, device: torch.device) -> "Rays":
        """Rays that see nothing yet."""
        count = len(y)

        def none(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.zeros(count, *shape, dtype=dtype, device=device)

        return Rays(
            y=y.to(device),
            x=x.to(device),
            directions=none(3),
            samples=none(dtype=torch.uint8),
            alpha=none(),
            distance=none(),
            where=none(ray_kernels.MOST_SAMPLES),
            asked=none(ray_kernels.MOST_MIXTURES),
            mixtures=none(ray_kernels.MOST_MIXTURES, views + 3),
            inherited=none(dtype=torch.bool),
        )


def paired(seen: Seen) -> tuple[Float[Tensor, "r 8"], Float[Tensor, "r 4"]]:
    """Where along rays samples are, and where the network is asked: at them, or between two where there are more.

    Of two that lie apart, as fog and the surface behind it do, the one nearer to the middle stands for both: between
    them is nothing to ask about, and what is true of one is wrong at the other.
    """
    many = (seen.samples > ray_kernels.MOST_MIXTURES)[:, None]
    pairs = seen.where.unflatten(1, (ray_kernels.MOST_MIXTURES, -1))
    first, second = pairs.unbind(-1)
    middle = pairs[:, 1:3].mean(dim=(1, 2))[:, None]
    nearer = torch.where((first - middle).abs() < (second - middle).abs(), first, second)
    apart = many & (second - first > APART)
    pairs = torch.where(apart[..., None], nearer[..., None], pairs)
    asked = torch.where(many, pairs.mean(dim=-1), seen.where[:, : ray_kernels.MOST_MIXTURES])
    return pairs.flatten(1), asked


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
        """Unit directions of pixels at rows and columns, which need not be whole."""
        camera = self._camera
        y, x = (c.to(self._rotation) for c in (y, x))
        slope = torch.stack([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, torch.ones_like(x)], dim=-1)
        return F.normalize(slope @ self._rotation.T, dim=-1)
