"""What made a picture: which photo a pixel comes from, what a keypoint reaches, what no photo saw.

Each view mode here looks at the surface points of a finished picture, that is at the distances along its rays, and asks
the network, or the photos, about them once more. Colours are lit from the camera, so that the shape stays readable.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ..camera import Camera
from ..geometry import Box
from ..model.keypoint_nerf import KeypointNeRF
from ..model.precision import padded
from ..model.spatial import inside, project
from ..model.views import EncodedViews
from ..probe import PHOTO_COLOURS
from .painting import CameraRays
from .ray_kernels import VISIBLE
from .view_modes import ramp

InfluenceMode = Literal["photo", "blend", "influence", "unseen", "slice", "error"]
ROWS = 4096
"""Points the network is asked about between two looks at whether the work is still wanted."""
MOST_ERROR = 0.25
"""Mean difference of a colour's channels at which the scale of errors ends."""
SLICE_DEPTH = 0.01
"""A slice shows what a layer so many metres thick would hold back of the light."""
NEUTRAL = 0.55


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photo to compare with."""

    rgb: Float[Tensor, "h w 3"]
    mask: Float[Tensor, "h w"]
    camera: Camera
    """In the head frame."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What a picture was made of, and what is asked about it."""

    model: KeypointNeRF
    encoded: EncodedViews
    keypoints: Float[Tensor, "k 3"]
    box: Box
    photos: tuple[int, ...]
    """Of each encoded view, its place among the document's photos; views beyond those are mirror images."""
    chosen: tuple[int, ...]
    """Keypoints whose influence is shown."""
    depth: float
    """Metres of the slice behind the middle of the box."""
    against: Photograph | None
    """What errors are measured against."""


@torch.inference_mode()
def explain(
    mode: InfluenceMode,
    subject: Subject,
    camera: Camera,
    alpha: Float[np.ndarray, "h w"],
    distance: Float[np.ndarray, "h w"],
    *,
    stride: int = 1,
    is_stale: Callable[[], bool] = lambda: False,
) -> tuple[Float[np.ndarray, "h w 4"], int] | None:
    """The picture of a mode, straight alpha, and how many points the network was asked about.

    `alpha` and `distance` are those of a picture from `camera`, which is in the frame of the encoded views. With a
    `stride` only every so manieth row and column is asked about and then repeated. None once `is_stale` says so.
    """
    like = subject.encoded.low
    rays = CameraRays(camera, like)
    origin, directions = rays.origin, rays.every(stride)
    shape = directions.shape[:2]
    rgb, opacity = directions.new_full((*shape, 3), NEUTRAL), directions.new_zeros(shape)
    flat = directions.reshape(-1, 3)
    if mode == "slice":
        points, inside = _plane(camera, subject.box, subject.depth, origin, flat)
        values, asked = _densities(subject, points[inside], is_stale)
        if values is None:
            return None
        shown = values > VISIBLE
        where = inside.nonzero()[:, 0][shown]
        rgb.view(-1, 3)[where] = ramp(1 - values[shown])
        opacity.view(-1)[where] = 1.0
    else:
        opacity = torch.from_numpy(np.ascontiguousarray(alpha[::stride, ::stride])).to(like)
        far = torch.from_numpy(np.ascontiguousarray(distance[::stride, ::stride])).to(like)
        seen = ((opacity > VISIBLE) & (far > 0)).view(-1).nonzero()[:, 0]
        points = origin + far.view(-1)[seen, None] * flat[seen]
        normals = _normals(origin, directions, far).view(-1, 3)
        coloured = _colours(mode, subject, points, flat[seen], normals[seen], is_stale)
        if coloured is None:
            return None
        light = 0.45 + 0.55 * (normals[seen] * flat[seen]).sum(dim=-1, keepdim=True).abs()
        rgb.view(-1, 3)[seen] = coloured * (light if mode != "error" else 1.0)
        asked = 0 if mode == "influence" else len(seen)
    rgba = torch.cat([rgb, opacity[..., None]], dim=-1).clamp(0, 1).cpu().numpy()
    if stride > 1:
        rgba = rgba.repeat(stride, 0).repeat(stride, 1)[: camera.height, : camera.width]
    return np.ascontiguousarray(rgba, dtype=np.float32), asked


def reach(
    keypoints: Float[Tensor, "k 3"], chosen: Sequence[int], points: Float[Tensor, "n 3"], sigma: float
) -> Float[Tensor, "n"]:
    """The influence of keypoints: exp(-|p - k|² / 2σ²) of the nearest of those chosen; of all where none is."""
    targets = keypoints[list(chosen)] if chosen else keypoints
    squared = (points[:, None] - targets).square().sum(dim=-1).min(dim=1).values
    return torch.exp(-0.5 * squared / sigma**2)


def shares(
    subject: Subject,
    points: Float[Tensor, "n 3"],
    directions: Float[Tensor, "n 3"],
    is_stale: Callable[[], bool] = lambda: False,
) -> tuple[Float[Tensor, "v n"], Float[Tensor, "n 3"]] | None:
    """How much of each photo's pixel shows at surface points seen along unit directions, and their colours.

    What the shares of a point lack to one is the network's own colour, or a mirror image's.
    """
    photos = len(subject.photos)
    weights, colours = points.new_zeros(photos, len(points)), torch.zeros_like(points)
    for rows in torch.arange(len(points), device=points.device).split(ROWS):
        if is_stale():
            return None
        some = padded(rows)
        sighting, _ = subject.model.sight(subject.encoded, points[some])
        _, latent = subject.model.geometry(subject.encoded, subject.keypoints, points[some], sighting)
        rgb, blend = subject.model.colour(subject.encoded, points[some], directions[some], latent.float(), sighting)
        weights[:, rows], colours[rows] = blend[:photos, : len(rows)].to(points), rgb[: len(rows)].to(points)
    return weights, colours


def _colours(
    mode: InfluenceMode,
    subject: Subject,
    points: Float[Tensor, "n 3"],
    directions: Float[Tensor, "n 3"],
    normals: Float[Tensor, "n 3"],
    is_stale: Callable[[], bool],
) -> Float[Tensor, "n 3"] | None:
    if mode == "influence":
        near = reach(subject.keypoints, subject.chosen, points, subject.model.config.sigma)
        return _heat(near)
    known = shares(subject, points, directions, is_stale)
    if known is None:
        return None
    weights, rgb = known
    palette = points.new_tensor(PHOTO_COLOURS)[[photo % len(PHOTO_COLOURS) for photo in subject.photos]]
    own = (1 - weights.sum(dim=0)).clamp(0, 1)
    if mode == "photo":
        best: Int[Tensor, "n"] = weights.argmax(dim=0)
        grey = torch.full_like(rgb, NEUTRAL)
        return torch.where((own > weights.max(dim=0).values)[:, None], grey, palette[best])
    if mode == "blend":
        return weights.T @ palette + own[:, None] * NEUTRAL
    if mode == "unseen":
        # What lies below all photos borrows their lowest rows, but nobody has seen it.
        source = subject.encoded.source
        pixels, depth = project(source.intrinsics, source.camera_from_world, points)
        seen = (inside(pixels, source.bounds, slack=0.0) & (depth > 0))[: len(subject.photos)].any(dim=0)
        return _heat(torch.where(seen, own, 1.0))
    return _errors(subject.against, points, normals, rgb)


def _errors(
    against: Photograph | None, points: Float[Tensor, "n 3"], normals: Float[Tensor, "n 3"], rgb: Float[Tensor, "n 3"]
) -> Float[Tensor, "n 3"]:
    """How far colours are from the photo's where it shows the points' front; neutral elsewhere."""
    grey = torch.full_like(rgb, NEUTRAL)
    if against is None:
        return grey
    camera = against.camera
    intrinsics = torch.from_numpy(camera.intrinsics).to(points)[None]
    pixels, depth = project(intrinsics, torch.from_numpy(camera.camera_from_world).to(points)[None], points)
    maps = torch.cat([against.rgb, against.mask[..., None]], dim=-1).to(points).permute(2, 0, 1)[None]
    size = points.new_tensor([camera.width, camera.height])
    at = (pixels + 0.5) / size * 2 - 1
    found = F.grid_sample(maps, at[:, :, None], mode="bilinear", padding_mode="zeros", align_corners=False)
    photo = found[0, :, :, 0].T
    towards = points - points.new_tensor(camera.position_in_world.tolist())
    faces = (F.normalize(towards, dim=-1) * normals).sum(dim=-1) < -0.1
    shown = (depth[0] > 0) & (photo[:, 3] > 0.5) & faces
    error = (rgb - photo[:, :3]).abs().mean(dim=-1) / MOST_ERROR
    return torch.where(shown[:, None], _heat(error), grey)


def _densities(
    subject: Subject, points: Float[Tensor, "n 3"], is_stale: Callable[[], bool]
) -> tuple[Float[Tensor, "n"] | None, int]:
    """What a layer of `SLICE_DEPTH` would hold back at each point, 0 outside the hull; how many were asked about."""
    opacity, asked = points.new_zeros(len(points)), 0
    for rows in torch.arange(len(points), device=points.device).split(4 * ROWS):
        _, hull = subject.model.sight(subject.encoded, points[rows])
        for chosen in rows[hull].split(ROWS):
            if is_stale():
                return None, asked
            some = padded(chosen)
            sighting, _ = subject.model.sight(subject.encoded, points[some])
            raw, _ = subject.model.geometry(subject.encoded, subject.keypoints, points[some], sighting)
            density = subject.model.density(raw[: len(chosen)])
            opacity[chosen] = (1 - torch.exp(-density.float() * SLICE_DEPTH)).to(opacity)
            asked += len(chosen)
    return opacity, asked


def _plane(
    camera: Camera, box: Box, depth: float, origin: Float[Tensor, "3"], directions: Float[Tensor, "p 3"]
) -> tuple[Float[Tensor, "p 3"], Tensor]:
    """Where rays meet the plane through the middle of the box (moved back by `depth`) that faces the camera."""
    forward = directions.new_tensor(camera.world_from_camera[:3, 2].tolist())
    middle = directions.new_tensor(box.centre.tolist()) + depth * forward
    along = ((middle - origin) @ forward) / (directions @ forward)
    points = origin + along[:, None] * directions
    lower, upper = (points.new_tensor(np.asarray(corner, float).tolist()) for corner in (box.lower, box.upper))
    return points, ((points >= lower) & (points <= upper)).all(dim=-1) & (along > 0)


def _normals(
    origin: Float[Tensor, "3"], directions: Float[Tensor, "h w 3"], distance: Float[Tensor, "h w"]
) -> Float[Tensor, "h w 3"]:
    """Towards the camera; where a neighbour shows nothing, straight at it."""
    points = origin + distance[..., None] * directions
    right = torch.roll(points, -1, dims=1) - torch.roll(points, 1, dims=1)
    down = torch.roll(points, -1, dims=0) - torch.roll(points, 1, dims=0)
    normals = F.normalize(torch.cross(down, right, dim=-1), dim=-1)
    normals = torch.where((normals * directions).sum(dim=-1, keepdim=True) > 0, -normals, normals)
    empty = distance <= 0
    bare = empty.clone()
    for dimension in (0, 1):
        for shift in (1, -1):
            bare |= torch.roll(empty, shift, dims=dimension)
    return torch.where(bare[..., None], -directions, normals)


def _heat(values: Float[Tensor, "n"]) -> Float[Tensor, "n 3"]:
    """0 dark blue, 1 pale yellow."""
    return ramp((1 - values).clamp(0, 1))
