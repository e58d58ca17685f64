"""The radiance field of one set of photos and keypoints, asked for many points at once.

`Field` asks the network through torch, on any device. `CompiledField` is its fast twin on a processor: compiled loops
gather what the network's layers take, the layers themselves stay torch's. Both answer with *mixtures*: which part of
each photo's pixel shows at a point, and the colour the network adds itself. A mixture varies far more slowly across a
picture than colour does, so that a few of them make a sharp picture (see `painting`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..model.expression import worn
from ..model.keypoint_nerf import KeypointNeRF
from ..model.precision import ROW_STEP, fast_arithmetic, padded
from ..model.spatial import feet, project, read_maps
from ..model.views import EncodedViews
from . import kernels
from .pieces import look, never


class Field:
    """The network with photos and keypoints; any device, any configuration."""

    def __init__(self, model: KeypointNeRF, encoded: EncodedViews, keypoints: Float[Tensor, "k 3"]) -> None:
        self.model, self.encoded, self.keypoints = model, encoded, keypoints

    @staticmethod
    def of(model: KeypointNeRF, encoded: EncodedViews, keypoints: Float[Tensor, "k 3"]) -> "Field":
        """The fastest field there is for this device and configuration."""
        if is_compiled_for(model, encoded):
            return CompiledField(model, encoded, keypoints)
        device = encoded.low.device
        if device.type == "cpu":
            return Field(model, encoded, keypoints)
        # Above this file, which they build upon.
        from .fused import FusedField, works_on
        from .tiles import TiledField

        if is_usual(model, encoded) and works_on(device):
            return FusedField(model, encoded, keypoints)
        return TiledField(model, encoded, keypoints)

    @property
    def views(self) -> int:
        """How many photos there are."""
        return len(self.encoded.low)

    def in_hull(self, points: Float[Tensor, "n 3"]) -> Bool[Tensor, "n"]:
        """Whether points lie inside the visual hull."""
        return self.model.sight(self.encoded, points)[1]

    def raw_density(self, points: Float[Tensor, "n 3"], *, is_stale: Callable[[], bool] = never) -> Float[Tensor, "n"]:
        """Density before its activation. Raises Unwanted soon after `is_stale` has turned true."""
        points, count = padded(points), len(points)
        sighting, _ = self.model.sight(self.encoded, points)
        with fast_arithmetic(points.device):
            raw, _ = self.model.geometry(self.encoded, self.keypoints, points, sighting)
        return raw[:count].float()

    def mixtures(
        self,
        points: Float[Tensor, "n 3"],
        directions: Float[Tensor, "n 3"],
        *,
        is_stale: Callable[[], bool] = never,
    ) -> Float[Tensor, "n m"]:
        """Mixtures of points seen along unit directions. Raises Unwanted soon after `is_stale` has turned true."""
        points, directions, count = padded(points), padded(directions), len(points)
        sighting, _ = self.model.sight(self.encoded, points)
        with fast_arithmetic(points.device):
            _, latent = self.model.geometry(self.encoded, self.keypoints, points, sighting)
        look(is_stale)
        # Colour stays in float32: which photo wins is decided by small differences.
        rgb, shares = self.model.colour(self.encoded, points, directions, latent.float(), sighting)
        own = rgb - torch.einsum("vn,vnc->nc", shares, read_maps(self.encoded.colours, sighting.uv))
        return torch.cat([shares.T, own], dim=-1)[:count]

    def _as_worn(self, mixtures: Float[Tensor, "n m"], points: Float[Tensor, "n 3"]) -> Float[Tensor, "n m"]:
        """What a network that knows nothing of expressions has answered, with the one that the face is to have."""
        view = self.encoded.expression
        if view is None:
            return mixtures
        shares, own = mixtures.split([self.views, 3], dim=-1)
        return torch.cat([worn(shares.T, points, view).T, own], dim=-1)

    def blend(self, points: Float[Tensor, "n s 3"], mixtures: Float[Tensor, "n s m"]) -> Float[Tensor, "n s 3"]:
        """Colours of points whose mixtures are known."""
        sighting, _ = self.model.sight(self.encoded, points.reshape(-1, 3))
        flat = mixtures.reshape(-1, mixtures.shape[-1])
        photos = read_maps(self.encoded.colours, sighting.uv)
        rgb = torch.einsum("nv,vnc->nc", flat[:, : self.views], photos) + flat[:, self.views :]
        return rgb.reshape(points.shape)


def is_compiled_for(model: KeypointNeRF, encoded: EncodedViews) -> bool:
    """Whether the compiled loops do what this network does, and where it is."""
    return encoded.low.device.type == "cpu" and is_usual(model, encoded)


def is_usual(model: KeypointNeRF, encoded: EncodedViews) -> bool:
    """Whether a network is one that the fast fields know."""
    config = model.config
    return (
        type(model) is KeypointNeRF
        and config.abstain
        and encoded.depth is not None
        and encoded.depth.shape[-2:] == encoded.high.shape[-2:] == encoded.texture.shape[-2:]
        and config.encoding == "relative_z_decay"
    )


def camera_rows(encoded: EncodedViews) -> Float[Tensor, "v 29"]:
    """The views' cameras as the fast fields read them (see `ViewTables`)."""
    source = encoded.source
    camera, k = source.camera_from_world, source.intrinsics
    height, width = source.images.shape[-2:]
    size = camera.new_tensor([width - 1, height - 1]).expand(len(camera), 2)
    centres = -torch.einsum("vji,vj->vi", camera[:, :3, :3], camera[:, :3, 3])
    inside = torch.stack([k[:, 0, 0], k[:, 1, 1], k[:, 0, 2], k[:, 1, 2]], dim=-1)
    below = feet(source.bounds, height)
    rows = [camera[:, :3].reshape(-1, 12), inside, source.near_far, source.bounds, size, centres, below]
    return torch.cat(rows, dim=-1).float()


@dataclass(frozen=True, eq=False)
class ViewTables:
    """Encoded views laid out for the compiled loops: a pixel's channels lie side by side."""

    cameras: Float[np.ndarray, "v 29"]
    """Rows of world-to-camera (12), fx, fy, cx, cy, near, far, bounds (4), width - 1, height - 1, centre (3), feet (2).
    """
    masks: Float[np.ndarray, "v h w"]
    images: Float[np.ndarray, "v h w 3"]
    low: Float[np.ndarray, "v hl wl cl"]
    fine: Float[np.ndarray, "v hf wf c"]
    """High features, depth, texture features."""
    high: int

    @staticmethod
    def of(encoded: EncodedViews) -> "ViewTables":
        """Copies."""
        source = encoded.source
        assert encoded.depth is not None

        def table(maps: Tensor) -> np.ndarray:
            return np.ascontiguousarray(maps.detach().float().permute(0, 2, 3, 1).numpy())

        return ViewTables(
            cameras=np.ascontiguousarray(camera_rows(encoded).numpy()),
            masks=np.ascontiguousarray(source.masks[:, 0].float().numpy()),
            images=table(encoded.colours),
            low=table(encoded.low),
            fine=table(torch.cat([encoded.high, encoded.depth, encoded.texture], dim=1)),
            high=encoded.high.shape[1],
        )


_tables: list[tuple[EncodedViews, ViewTables]] = []


def _tables_of(encoded: EncodedViews) -> ViewTables:
    """The tables of the last encodings; laid out once for all their fields."""
    for known, tables in _tables:
        if known is encoded:
            return tables
    tables = ViewTables.of(encoded)
    _tables[:] = [(encoded, tables), *_tables[:1]]
    return tables


class CompiledField(Field):
    """The same answers on a processor, several times sooner."""

    def __init__(self, model: KeypointNeRF, encoded: EncodedViews, keypoints: Float[Tensor, "k 3"]) -> None:
        super().__init__(model, encoded, keypoints)
        self.tables = _tables_of(encoded)
        source = encoded.source
        _, depth = project(source.intrinsics, source.camera_from_world, keypoints)
        self._keypoints = np.ascontiguousarray(keypoints.float().numpy())
        self._keypoint_depth = np.ascontiguousarray(depth.numpy())

    def in_hull(self, points: Float[Tensor, "n 3"]) -> Bool[Tensor, "n"]:
        """See Field."""
        tables, hull = self.tables, np.empty(len(points), bool)
        at = np.ascontiguousarray(points.numpy())
        in_parallel(len(at), lambda a, b: kernels.in_hull(a, b, tables.cameras, tables.masks, at, hull))
        return torch.from_numpy(hull)

    def raw_density(self, points: Float[Tensor, "n 3"], *, is_stale: Callable[[], bool] = never) -> Float[Tensor, "n"]:
        """See Field."""
        return self._geometry(np.ascontiguousarray(points.numpy()), is_stale)[0][: len(points)]

    def mixtures(
        self,
        points: Float[Tensor, "n 3"],
        directions: Float[Tensor, "n 3"],
        *,
        is_stale: Callable[[], bool] = never,
    ) -> Float[Tensor, "n m"]:
        """See Field."""
        tables, views, count = self.tables, self.views, len(points)
        at, along = np.ascontiguousarray(points.numpy()), np.ascontiguousarray(directions.numpy())
        _, latent = self._geometry(at, is_stale)
        look(is_stale)
        rows = len(latent)
        texture = tables.fine.shape[-1] - tables.high - 1
        rgb = np.zeros((views, rows, 3), np.float32)
        features = np.zeros((views, rows, texture + 3), np.float32)
        difference = np.zeros((views, rows, 4), np.float32)
        say = np.zeros((views, rows), np.float32)

        def gather(begin: int, end: int) -> None:
            kernels.gather_colour(
                begin, end, tables.cameras, tables.images, tables.fine, tables.high, at, along,
                rgb, features, difference, say,
            )  # fmt: skip

        in_parallel(count, gather)
        look(is_stale)
        photos = torch.from_numpy(rgb)
        colour, shares = self.model.colour_head(
            photos,
            torch.from_numpy(features),
            latent.float(),
            torch.from_numpy(difference),
            torch.from_numpy(say),
        )
        own = colour - (shares[..., None] * photos).sum(dim=0)
        return self._as_worn(torch.cat([shares.T, own], dim=-1)[:count], points)

    def _geometry(self, points: Float[np.ndarray, "n 3"], is_stale: Callable[[], bool]) -> tuple[Tensor, Tensor]:
        """Raw density and latent; rows beyond the points are padding."""
        tables, views, count = self.tables, self.views, len(points)
        rows = -(-count // ROW_STEP) * ROW_STEP
        channels = 7 * len(self._keypoints) + tables.low.shape[-1] + 3
        with fast_arithmetic(torch.device("cpu")) as arithmetic:
            kind = np.uint16 if arithmetic._enabled else np.float32
            inputs = np.zeros((views, rows, channels), kind)
            skip = np.zeros((views, rows, tables.high), kind)
            weights = np.zeros((views, rows), np.float32)

            def gather(begin: int, end: int) -> None:
                kernels.gather_geometry(
                    begin, end, tables.cameras, tables.low, tables.fine, tables.high, points,
                    self._keypoints, self._keypoint_depth, self.model.config.sigma,
                    inputs, skip, weights,
                )  # fmt: skip

            in_parallel(count, gather)
            look(is_stale)
            raw, latent = self.model.geometry_head(_tensor(inputs), _tensor(skip), torch.from_numpy(weights))
        return raw.float(), latent


def _tensor(values: np.ndarray) -> Tensor:
    """A float32 array, or the bits of a bfloat16 one, as a tensor on the same memory."""
    if values.dtype == np.uint16:
        return torch.from_numpy(values.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(values)


@cache
def _workers(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="kernel")


def in_parallel(count: int, work: Callable[[int, int], None], *, least: int = 256) -> None:
    """Run a compiled loop over parts of `count` items side by side, one of them on the calling thread."""
    threads = min(torch.get_num_threads(), count // least)
    if threads <= 1:
        if count:
            work(0, count)
        return
    edges = [count * part // threads for part in range(threads + 1)]
    others = [_workers(threads - 1).submit(work, *part) for part in zip(edges[:-2], edges[1:-1], strict=True)]
    work(edges[-2], edges[-1])
    for other in others:
        other.result()
