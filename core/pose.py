"""Resection: where a camera stood, from points of known shape and their pixels."""

import numpy as np
from jaxtyping import Float

from .bundle import Bundle, adjust, rotation_from_vector
from .camera import Matrix3, Matrix4

_FEWEST_POINTS = 4
"""With fewer points a pose is not determined."""


def pose_from_points(
    points_in_world: Float[np.ndarray, "n 3"],
    pixels_px: Float[np.ndarray, "n 2"],
    intrinsics: Matrix3,
    weights: Float[np.ndarray, "n"],
) -> tuple[Matrix4, float]:
    """camera_from_world that projects points onto pixels, and its robust cost; weights are 1 / sigma in pixels.

    The best of several descents: from the scaled orthographic pose in closed form, and from a fan of views of
    the front, which also settle points that lie nearly in a plane. Raises ValueError below four used points.
    """
    used = weights > 0
    if np.count_nonzero(used) < _FEWEST_POINTS:
        raise ValueError(f"{np.count_nonzero(used)} points do not determine a pose")
    points, pixels, weights = points_in_world[used], pixels_px[used], weights[used]
    slopes = (pixels - intrinsics[:2, 2]) / np.array([intrinsics[0, 0], intrinsics[1, 1]])
    starts = [_scaled_orthographic(points, slopes, weights)]
    starts += [
        _placed(rotation_from_vector(np.array([0.0, yaw, 0.0])), points, slopes, weights) for yaw in (-0.8, 0.0, 0.8)
    ]
    first = [_descend(start, points, pixels, weights, intrinsics, iterations=5) for start in starts]
    likeliest = min(first, key=lambda pose_and_cost: pose_and_cost[1])[0]
    return _descend(likeliest, points, pixels, weights, intrinsics, iterations=40)


def _descend(
    camera_from_world: Matrix4,
    points: Float[np.ndarray, "n 3"],
    pixels_px: Float[np.ndarray, "n 2"],
    weights: Float[np.ndarray, "n"],
    intrinsics: Matrix3,
    *,
    iterations: int,
) -> tuple[Matrix4, float]:
    """A bundle adjustment of one camera whose lens and points are known."""
    log_focal = np.log(intrinsics[:1, 0])
    bundle = Bundle(
        camera_from_world=camera_from_world[None],
        log_focals=log_focal,
        points=points,
        offsets=np.zeros((1, len(points), 3)),
        pixels_px=pixels_px[None],
        weights=weights[None],
        centres_px=intrinsics[None, :2, 2],
        aspects=intrinsics[1:2, 1] / intrinsics[:1, 0],
        group=np.zeros(1, dtype=int),
        prior_points=points,
        prior_weights=np.zeros(len(points)),
        prior_log_focals=log_focal,
        prior_focal_weights=np.zeros(1),
        free_pose=np.ones(1, dtype=bool),
        free_focal=np.zeros(1, dtype=bool),
        free_points=False,
    )
    solved, reached = adjust(bundle, iterations=iterations)
    return solved.camera_from_world[0], reached


def _scaled_orthographic(
    points: Float[np.ndarray, "n 3"], slopes: Float[np.ndarray, "n 2"], weights: Float[np.ndarray, "n"]
) -> Matrix4:
    """The pose under an affine camera, its two rows made orthonormal (the first step of POSIT, DeMenthon 1995)."""
    w = weights / weights.sum()
    root = np.sqrt(w)[:, None]
    rows = np.linalg.lstsq(root * (points - w @ points), root * (slopes - w @ slopes), rcond=1e-6)[0].T
    u, _, vt = np.linalg.svd(rows, full_matrices=False)
    two = u @ vt
    return _placed(np.vstack([two, np.cross(two[0], two[1])]), points, slopes, weights)


def _placed(
    rotation: Matrix3,
    points: Float[np.ndarray, "n 3"],
    slopes: Float[np.ndarray, "n 2"],
    weights: Float[np.ndarray, "n"],
) -> Matrix4:
    """A camera turned so, moved so that the points appear where, and as large as, they were seen."""
    w = weights / weights.sum()
    turned = points @ rotation.T
    size = np.sqrt(w @ np.sum((turned - w @ turned)[:, :2] ** 2, axis=1))
    seen = np.sqrt(w @ np.sum((slopes - w @ slopes) ** 2, axis=1))
    depth = size / max(seen, 1e-9)
    pose = np.eye(4)
    pose[:3, :3] = rotation
    pose[:3, 3] = np.append(w @ slopes * depth, depth) - w @ turned
    return pose
