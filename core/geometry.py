"""Pure functions on points, rays and boxes (numpy, float64); the torch twins live beside the network."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from .camera import Camera, Matrix4


def transform(b_from_a: Matrix4, points_in_a: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Apply a 4x4 rigid or similarity transform to points."""
    return points_in_a @ b_from_a[:3, :3].T + b_from_a[:3, 3]


def project(
    camera: Camera, points_in_world: Float[np.ndarray, "*n 3"]
) -> tuple[Float[np.ndarray, "*n 2"], Float[np.ndarray, "*n"]]:
    """Pixels and depths (metres along the optical axis) of points; pixels are meaningless where depth <= 0."""
    in_camera = transform(camera.camera_from_world, points_in_world)
    depth = in_camera[..., 2]
    safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)[..., None]
    pixels = in_camera[..., :2] / safe * np.array([camera.fx, camera.fy]) + np.array([camera.cx, camera.cy])
    return pixels, depth


def unproject(
    camera: Camera, pixels_px: Float[np.ndarray, "*n 2"], depth: Float[np.ndarray, "*n"]
) -> Float[np.ndarray, "*n 3"]:
    """World points at `depth` metres along the optical axis behind `pixels_px`; the inverse of `project`."""
    slope = (pixels_px - np.array([camera.cx, camera.cy])) / np.array([camera.fx, camera.fy])
    in_camera = np.concatenate([slope, np.ones_like(slope[..., :1])], axis=-1) * depth[..., None]
    return transform(camera.world_from_camera, in_camera)


def pixel_rays(
    camera: Camera, pixels_px: Float[np.ndarray, "*n 2"]
) -> tuple[Float[np.ndarray, "*n 3"], Float[np.ndarray, "*n 3"]]:
    """Origins and unit directions in world of the rays through pixels."""
    slope = (pixels_px - np.array([camera.cx, camera.cy])) / np.array([camera.fx, camera.fy])
    in_camera = np.concatenate([slope, np.ones_like(slope[..., :1])], axis=-1)
    directions = in_camera @ camera.world_from_camera[:3, :3].T
    directions = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    return np.broadcast_to(camera.position_in_world, directions.shape).copy(), directions


@dataclass(frozen=True, eq=False)
class Box:
    """An axis-aligned box, metres."""

    lower: Float[np.ndarray, "3"]
    upper: Float[np.ndarray, "3"]

    @property
    def corners(self) -> Float[np.ndarray, "8 3"]:
        """The eight corners."""
        pick = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(8, 3)
        return np.where(pick == 1, self.upper, self.lower).astype(float)

    @property
    def centre(self) -> Float[np.ndarray, "3"]:
        """The middle."""
        return 0.5 * (np.asarray(self.lower, float) + np.asarray(self.upper, float))

    def grown(self, margin: float) -> "Box":
        """The box with each face moved outwards by `margin` metres."""
        return Box(np.asarray(self.lower, float) - margin, np.asarray(self.upper, float) + margin)


def ray_box(
    origins: Float[np.ndarray, "n 3"], directions: Float[np.ndarray, "n 3"], box: Box
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"], Bool[np.ndarray, "n"]]:
    """Distances at which rays enter and leave a box, and whether they meet it in front of the origin (slab test)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1.0 / np.where(np.abs(directions) < 1e-12, 1e-12, directions)
    a, b = (box.lower - origins) * inverse, (box.upper - origins) * inverse
    # Axis by axis: numpy reduces an axis of three slowly.
    x, y, z = np.moveaxis(np.minimum(a, b), -1, 0)
    near = np.maximum(np.maximum(x, y), np.maximum(z, 0.0))
    x, y, z = np.moveaxis(np.maximum(a, b), -1, 0)
    far = np.minimum(np.minimum(x, y), z)
    return near, far, far > near


def triangulate(
    cameras: list[Camera], pixels_px: Float[np.ndarray, "v n 2"], weights: Float[np.ndarray, "v n"]
) -> Float[np.ndarray, "n 3"]:
    """World points closest to the weighted viewing rays of each point, in the least-squares sense.

    The midpoint method: each ray with origin c and unit direction d asks (I - d d^T)(x - c) = 0. A point with
    fewer than two rays of positive weight has no answer and comes back as NaN.
    """
    views, count = pixels_px.shape[:2]
    lhs, rhs = np.zeros((count, 3, 3)), np.zeros((count, 3))
    for v in range(views):
        used = weights[v] > 0
        origin, direction = pixel_rays(cameras[v], np.where(used[:, None], pixels_px[v], 0.0))
        across = weights[v][:, None, None] * (np.eye(3) - direction[:, :, None] * direction[:, None, :])
        across[~used] = 0.0
        lhs += across
        rhs += np.einsum("nij,nj->ni", across, origin)
    points = np.full((count, 3), np.nan)
    solvable = (weights > 0).sum(axis=0) >= 2
    regular = lhs[solvable] + 1e-12 * np.eye(3)
    points[solvable] = np.linalg.solve(regular, rhs[solvable][..., None])[..., 0]
    return points


def similarity(
    source: Float[np.ndarray, "n 3"],
    target: Float[np.ndarray, "n 3"],
    weights: Float[np.ndarray, "n"] | None = None,
    *,
    with_scale: bool = True,
) -> Matrix4:
    """The transform target_from_source, rotation, translation and scale, that fits points best (Umeyama 1991)."""
    w = np.ones(len(source)) if weights is None else np.asarray(weights, float)
    w = w / w.sum()
    mean_source, mean_target = w @ source, w @ target
    a, b = source - mean_source, target - mean_target
    u, singular, vt = np.linalg.svd((w[:, None] * b).T @ a)
    flip = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(flip) @ vt
    scale = (singular * flip).sum() / (w @ (a**2).sum(axis=1)) if with_scale else 1.0
    fitted = np.eye(4)
    fitted[:3, :3] = scale * rotation
    fitted[:3, 3] = mean_target - scale * rotation @ mean_source
    return fitted
