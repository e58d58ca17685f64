"""Where the head is in a world, and cameras carried between that world and the head frame."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .camera import Camera, Matrix4, look_at
from .canonical import canonical_face
from .geometry import similarity, transform, triangulate

_FEWEST_POINTS = 4
_KEPT_SHARE = 0.9
_LEAST_PARALLAX = np.radians(2.0)
"""Below this angle between its rays a triangulated face is not to be believed."""


def scale_of(b_from_a: Matrix4) -> float:
    """How much longer lengths are in b than in a; 1 for a rigid transform."""
    return float(np.cbrt(np.linalg.det(b_from_a[:3, :3])))


def in_head_frame(camera: Camera, world_from_head: Matrix4) -> Camera:
    """The same camera among metres of the head frame."""
    scale = scale_of(world_from_head)
    head_from_world = np.linalg.inv(world_from_head)
    pose = np.eye(4)
    pose[:3, :3] = head_from_world[:3, :3] * scale @ camera.world_from_camera[:3, :3]
    pose[:3, 3] = transform(head_from_world, camera.world_from_camera[:3, 3])
    return camera.posed(pose)


def camera_from_world(camera_from_head: Matrix4, world_from_head: Matrix4) -> Matrix4:
    """The rigid pose in the world of a camera that has this pose among metres of the head."""
    scale = scale_of(world_from_head)
    pose = np.eye(4)
    pose[:3, :3] = camera_from_head[:3, :3] @ (world_from_head[:3, :3] / scale).T
    pose[:3, 3] = scale * camera_from_head[:3, 3] - pose[:3, :3] @ world_from_head[:3, 3]
    return pose


def place_head(
    cameras: Sequence[Camera],
    pixels_px: Float[np.ndarray, "v 478 2"],
    weights: Float[np.ndarray, "v 478"],
    camera_from_head: Sequence[Matrix4 | None],
) -> Matrix4:
    """The similarity world_from_head, by cameras that are known and what they see of the face.

    Best by landmarks that two cameras triangulate, which also tells the world's scale; else by the pose of the
    mean face in one camera (scale 1); else, where no camera sees a face, by where the cameras look.
    """
    useful = [index for index, pose in enumerate(camera_from_head) if pose is not None]
    if len(useful) >= 2:
        points = triangulate([cameras[index] for index in useful], pixels_px[useful], weights[useful])
        fitted = fit_head(points, weights[useful].sum(axis=0))
        if fitted is not None and parallax([cameras[index] for index in useful], fitted[:3, 3]) > _LEAST_PARALLAX:
            return fitted
    for index in useful:
        pose = camera_from_head[index]
        if pose is not None:
            return cameras[index].world_from_camera @ pose
    return _where_they_look(cameras)


def fit_head(points_in_world: Float[np.ndarray, "478 3"], weights: Float[np.ndarray, "478"]) -> Matrix4 | None:
    """The similarity that lays the mean face on landmarks, but for the tenth that fits worst.

    Points that are not finite or of weight zero do not count; None where fewer than four remain.
    """
    face = canonical_face().points
    weights = np.where(np.isfinite(points_in_world).all(axis=1), weights, 0.0)
    if np.count_nonzero(weights) < _FEWEST_POINTS:
        return None
    points = np.nan_to_num(points_in_world)
    fitted = similarity(face, points, weights)
    for _ in range(3):
        distance = np.linalg.norm(transform(fitted, face) - points, axis=1)
        kept = np.where(distance <= np.quantile(distance[weights > 0], _KEPT_SHARE), weights, 0.0)
        if np.count_nonzero(kept) < _FEWEST_POINTS:
            break
        fitted = similarity(face, points, kept)
    return fitted


def parallax(cameras: Sequence[Camera], target_in_world: Float[np.ndarray, "3"]) -> float:
    """Largest angle between two cameras as seen from the target, radians."""
    towards = np.stack([camera.position_in_world - target_in_world for camera in cameras])
    towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-12)
    return float(np.arccos(np.clip(towards @ towards.T, -1.0, 1.0)).max())


def _where_they_look(cameras: Sequence[Camera]) -> Matrix4:
    """Closest to all optical axes, facing the middle of the cameras; a metre ahead of a single one."""
    centres = np.array([[[camera.cx, camera.cy]] for camera in cameras])
    target = triangulate(list(cameras), centres, np.ones((len(cameras), 1)))[0]
    if not np.isfinite(target).all():
        target = transform(cameras[0].world_from_camera, np.array([0.0, 0.0, 1.0]))
    placed = look_at(np.mean([camera.position_in_world for camera in cameras], axis=0), target)
    placed[:3, 3] = target
    return placed
