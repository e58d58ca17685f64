"""The field on a GPU: the same answers by fused kernels (see `triton_geometry`, `triton_colour`).

Triton comes with torch's CUDA builds on Linux. Where it is missing, or cannot compile, `TiledField` does the same in
torch.
"""

import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from ..geometry import Box
from ..model.keypoint_nerf import KeypointNeRF
from ..model.spatial import project
from ..model.views import EncodedViews
from .field import camera_rows
from .grid import DensityGrid
from .kernel_weights import KernelWeights, colour_weights, columns, geometry_weights
from .pieces import never
from .ray_kernels import BLACK, MOST_SAMPLES, MOST_STEPS, VISIBLE
from .tiles import TiledField, in_tiles

logger = logging.getLogger(__name__)

TILE = 1 << 17
"""Points asked about at once: enough to fill any GPU, and a millisecond or two on a small one."""
WARPS = 8
"""Of one program of the heads, which has few points: what it keeps of them has to fit its registers."""
FEW_POINTS = 32
"""Points of one program of the colour head. With 64, Hopper multiplies in another way, which Triton 3.6 compiles
wrongly for matrices as narrow as these: it reads beyond its shared memory, or says something else without a word.
"""
MANY_POINTS = 256
"""Points of one program of the others."""
RAYS = 32
"""Rays of one program: a warp, which goes on until its last ray is done."""


@cache
def works_on(device: torch.device) -> bool:
    """Whether kernels can be compiled for a device and run there; asked once."""
    if device.type != "cuda" or torch.version.cuda is None or importlib.util.find_spec("triton") is None:
        return False
    # Older ones multiply neither bfloat16 nor TF32.
    if torch.cuda.get_device_capability(device) < (8, 0):
        return False
    try:
        from .triton_points import in_hull

        hull = torch.ones(1, dtype=torch.int8, device=device)
        nothing = torch.zeros(1, 3, device=device)
        in_hull[(1,)](nothing, 1, nothing, nothing, hull, 0, 2, 2, POINTS=MANY_POINTS)
        torch.cuda.synchronize(device)
    except Exception:
        # A missing C compiler, an old driver: many things can be in the way, and none of them has to stop anybody.
        logger.warning("Kernels cannot be compiled for this graphics card: pictures take longer", exc_info=True)
        return False
    return True


@dataclass(frozen=True, eq=False)
class DeviceTables:
    """Encoded views laid out for the kernels: a pixel's channels lie side by side."""

    cameras: Float[Tensor, "v 29"]
    masks: Float[Tensor, "v h w"]
    images: Float[Tensor, "v h w 3"]
    low: Float[Tensor, "v hl wl cl"]
    high: Float[Tensor, "v hf wf ch"]
    """Low and high features in the precision of the geometry head."""
    depth: Float[Tensor, "v hf wf"]
    texture: Float[Tensor, "v hf wf ct"]

    @staticmethod
    def of(encoded: EncodedViews, dtype: torch.dtype) -> "DeviceTables":
        """Copies."""
        source = encoded.source
        assert encoded.depth is not None

        def table(maps: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
            return maps.detach().to(dtype).permute(0, 2, 3, 1).contiguous()

        return DeviceTables(
            cameras=camera_rows(encoded),
            masks=source.masks[:, 0].float().contiguous(),
            images=table(encoded.colours),
            low=table(encoded.low, dtype),
            high=table(encoded.high, dtype),
            depth=encoded.depth[:, 0].detach().float().contiguous(),
            texture=table(encoded.texture),
        )


_tables: list[tuple[EncodedViews, torch.dtype, DeviceTables]] = []
_weights: list[tuple[KeypointNeRF, torch.dtype, tuple[object, ...], KernelWeights, KernelWeights]] = []


def _tables_of(encoded: EncodedViews, dtype: torch.dtype) -> DeviceTables:
    """The tables of the last encodings; laid out once for all their fields."""
    for known, precision, tables in _tables:
        if known is encoded and precision is dtype:
            return tables
    tables = DeviceTables.of(encoded, dtype)
    _tables[:] = [(encoded, dtype, tables), *_tables[:1]]
    return tables


def _weights_of(model: KeypointNeRF, encoded: EncodedViews, dtype: torch.dtype) -> tuple[KernelWeights, KernelWeights]:
    """The heads' parameters, laid out anew only where they are others, or have been trained meanwhile."""
    parameters = [*model.geometry_head.parameters(), *model.colour_head.parameters()]
    state = tuple((p.data_ptr(), 0 if p.is_inference() else p._version) for p in parameters)
    for known, precision, then, geometry, colour in _weights:
        if known.geometry_head is model.geometry_head and precision is dtype and then == state:
            return geometry, colour
    low, high, texture = (maps.shape[1] for maps in (encoded.low, encoded.high, encoded.texture))
    geometry = geometry_weights(model.geometry_head, model.config.keypoints, low, high, dtype)
    colour = colour_weights(model.colour_head, texture + 3)
    _weights[:] = [(model, dtype, state, geometry, colour)]
    return geometry, colour


class FusedField(TiledField):
    """The same answers on a GPU, with one kernel for each kind of question."""

    def __init__(
        self,
        model: KeypointNeRF,
        encoded: EncodedViews,
        keypoints: Float[Tensor, "k 3"],
        *,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        super().__init__(model, encoded, keypoints, tile=TILE)
        self.tables = _tables_of(encoded, dtype)
        self._geometry_weights, self._colour_weights = _weights_of(model, encoded, dtype)
        source = encoded.source
        _, depth = project(source.intrinsics, source.camera_from_world, keypoints)
        self._points = _points(encoded.low.device)
        self._windows: list[tuple[Box, Tensor]] = []
        self._keypoints, self._keypoint_depth = keypoints.float().contiguous(), depth.contiguous()

    def in_hull(self, points: Float[Tensor, "n 3"]) -> Bool[Tensor, "n"]:
        """See Field."""
        from .triton_points import in_hull

        tables, points = self.tables, points.contiguous()
        hull = torch.empty(len(points), dtype=torch.int8, device=points.device)
        if len(points):
            in_hull[(_programs(len(points), MANY_POINTS),)](
                points, len(points), tables.cameras, tables.masks, hull, self.views, *tables.masks.shape[1:],
                POINTS=MANY_POINTS,
            )  # fmt: skip
        return hull.bool()

    def raw_density(self, points: Float[Tensor, "n 3"], *, is_stale: Callable[[], bool] = never) -> Float[Tensor, "n"]:
        """See Field."""
        points = points.contiguous()
        raw = points.new_empty(len(points))

        def work(begin: int, end: int) -> None:
            self._geometry(points[begin:end], raw=raw[begin:end])

        self.tile = in_tiles(len(points), self.tile, work, is_stale=is_stale)
        return raw

    def mixtures(
        self,
        points: Float[Tensor, "n 3"],
        directions: Float[Tensor, "n 3"],
        *,
        is_stale: Callable[[], bool] = never,
    ) -> Float[Tensor, "n m"]:
        """See Field."""
        from .triton_colour import colour

        points, directions = points.contiguous(), directions.contiguous()
        tables, weights = self.tables, self._colour_weights
        mixtures = points.new_empty(len(points), self.views + 3)

        def work(begin: int, end: int) -> None:
            latent = points.new_empty(end - begin, 24)
            self._geometry(points[begin:end], latent=latent)
            colour[(_programs(end - begin, FEW_POINTS),)](
                points[begin:end], directions[begin:end], end - begin, tables.cameras, tables.images, tables.texture,
                tables.depth, latent, weights.matrices, weights.vectors, mixtures[begin:end],
                self.views, 0, *tables.images.shape[1:3], *tables.depth.shape[1:],
                TEXTURE=tables.texture.shape[-1], PRIOR=self.model.config.prior,
                VIEWS=max(2, 1 << (self.views - 1).bit_length()), POINTS=FEW_POINTS, num_warps=WARPS, num_stages=1,
            )  # fmt: skip

        self.tile = in_tiles(len(points), self.tile, work, is_stale=is_stale)
        return self._as_worn(mixtures, points)

    def blend(self, points: Float[Tensor, "n s 3"], mixtures: Float[Tensor, "n s m"]) -> Float[Tensor, "n s 3"]:
        """See Field."""
        from .triton_points import blend

        flat, tables = points.reshape(-1, 3).contiguous(), self.tables
        rgb = torch.empty_like(flat)
        if len(flat):
            blend[(_programs(len(flat), MANY_POINTS),)](
                flat, len(flat), tables.cameras, tables.images, mixtures.reshape(len(flat), -1).contiguous(), rgb,
                self.views, *tables.images.shape[1:3], POINTS=MANY_POINTS,
            )  # fmt: skip
        return rgb.reshape(points.shape)

    def march(
        self,
        grid: DensityGrid,
        window: Box,
        origin: Float[Tensor, "3"],
        directions: Float[Tensor, "r 3"],
        step: float,
        thin: float,
    ) -> tuple[UInt8[Tensor, "r"], Float[Tensor, "r"], Float[Tensor, "r"], Float[Tensor, "r 8"]]:
        """What rays from one origin meet in a grid, as `march.Seen` has it: samples, alpha, distance, where.

        Reads are `step` metres apart; within `thin` metres everything is one surface.
        """
        from .triton_march import march

        directions, tables, lattice = directions.contiguous(), self.tables, grid.lattice
        count, blocks = len(directions), grid.blocks.contiguous()
        samples = torch.empty(count, dtype=torch.uint8, device=directions.device)
        alpha, distance = directions.new_empty(count), directions.new_empty(count)
        where = directions.new_zeros(count, MOST_SAMPLES)
        if count:
            corners = self._corners(window)
            march[(_programs(count, RAYS),)](
                origin.contiguous(), directions, count, corners, grid.raw.contiguous(), blocks, lattice.lower,
                tables.cameras, tables.masks, samples, alpha, distance, where,
                lattice.spacing, *lattice.shape, *blocks.shape[1:], self.views, *tables.masks.shape[1:],
                step, float(self.model.config.density_scale), thin, BLACK, VISIBLE, MOST_STEPS,
                BLOCK=grid.BLOCK, RAYS=RAYS, num_warps=1,
            )  # fmt: skip
        return samples, alpha, distance, where

    def _corners(self, window: Box) -> Float[Tensor, "2 3"]:
        """The window's lowest and highest corner; copied to the device once and kept, for what is recorded cannot copy
        and goes on reading them.
        """
        for known, corners in self._windows:
            if known is window:
                return corners
        corners = torch.from_numpy(np.stack([window.lower, window.upper]).astype(np.float32)).to(self._keypoints)
        self._windows.append((window, corners))
        return corners

    def _geometry(
        self,
        points: Float[Tensor, "n 3"],
        *,
        raw: Float[Tensor, "n"] | None = None,
        latent: Float[Tensor, "n 24"] | None = None,
    ) -> None:
        """Write raw density, or the latent."""
        from .triton_geometry import geometry

        tables, config, weights = self.tables, self.model.config, self._geometry_weights
        low, high = tables.low.shape, tables.high.shape
        geometry[(_programs(len(points), self._points),)](
            points, len(points), tables.cameras, tables.low, tables.high, tables.depth, self._keypoints,
            self._keypoint_depth, weights.matrices, weights.vectors, raw, latent,
            -0.5 / config.sigma**2, self.views, 0, low[1], low[2], high[1], high[2],
            KEYPOINTS=len(self._keypoints), LOW=low[3], HIGH=high[3],
            KEYPOINT_COLUMNS=columns(len(self._keypoints)), LOW_COLUMNS=columns(low[3]), HIGH_COLUMNS=columns(high[3]),
            SMOOTH=config.smooth, CONFIDENCE=config.view_confidence, DENSITY=raw is not None,
            POINTS=self._points, num_warps=WARPS, num_stages=1,
        )  # fmt: skip


def _points(device: torch.device) -> int:
    """Points of one program of the geometry head: Hopper and its successor multiply 64 rows at once, others 16."""
    if device.type == "cuda" and torch.cuda.get_device_capability(device)[0] in (9, 10):
        return 64
    return 32


def _programs(count: int, points: int) -> int:
    return -(-count // points)
