"""Bundle adjustment: cameras, focal lengths and points that explain pixels best, in numpy, in milliseconds.

Gauss-Newton steps with Levenberg's damping on the normal equations, the points eliminated by their Schur
complement (Triggs et al. 1999, section 6): with V views and N points only a system of at most 7 V unknowns is
solved densely. Outliers lose their weight by a Cauchy loss. A prior on each point and on each focal length says
what a face looks like, and so keeps depth and focal length apart where the views alone could not.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, eq=False)
class Bundle:
    """Everything a bundle adjustment moves, and everything it is held by."""

    camera_from_world: Float[np.ndarray, "v 4 4"]
    log_focals: Float[np.ndarray, "g"]
    """Natural logarithm of horizontal focal lengths in pixels, one per group of views that share a lens."""
    points: Float[np.ndarray, "n 3"]
    offsets: Float[np.ndarray, "v n 3"]
    """Where each view sees a point that it does not see where the others do, less the point; held fixed."""
    pixels_px: Float[np.ndarray, "v n 2"]
    weights: Float[np.ndarray, "v n"]
    """1 / standard deviation in pixels; 0 where a point was not seen."""
    centres_px: Float[np.ndarray, "v 2"]
    """Principal points, held fixed."""
    aspects: Float[np.ndarray, "v"]
    """Vertical over horizontal focal length, held fixed."""
    group: Int[np.ndarray, "v"]
    """Index into `log_focals` of each view."""
    prior_points: Float[np.ndarray, "n 3"]
    prior_weights: Float[np.ndarray, "n"]
    """1 / standard deviation in metres of each point about its prior; 0 for none."""
    prior_log_focals: Float[np.ndarray, "g"]
    prior_focal_weights: Float[np.ndarray, "g"]
    """1 / standard deviation of the logarithm."""
    free_pose: Bool[np.ndarray, "v"]
    free_focal: Bool[np.ndarray, "g"]
    free_points: bool = True
    outlier: float = 2.0
    """Standardised residual from which an observation begins to lose its weight; infinite for plain least squares."""


def adjust(
    bundle: Bundle, *, iterations: int = 60, cancelled: Callable[[], bool] | None = None
) -> tuple[Bundle, float]:
    """The bundle moved to a minimum of `cost` nearby, and that cost.

    Stops when a step gains less than a millionth, when no step gains, or when `cancelled` says so.
    """
    current, damping = cost(bundle), 1e-4
    for _ in range(iterations):
        if cancelled is not None and cancelled():
            break
        equations = _normal_equations(bundle)
        gained = 0.0
        while damping < 1e8:
            candidate = _moved(bundle, _solve(equations, bundle, damping))
            reached = cost(candidate)
            if reached < current:
                gained, bundle, current = current - reached, candidate, reached
                damping = max(damping / 5, 1e-9)
                break
            damping *= 6
        if gained < 1e-6 * current:
            break
    return bundle, current


def residuals(bundle: Bundle) -> tuple[Float[np.ndarray, "v n 2"], Float[np.ndarray, "v n"]]:
    """Projection minus observation in pixels, and depth in metres; meaningless where a weight is 0."""
    in_camera = _in_camera(bundle)
    depth = in_camera[..., 2]
    safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
    focal = _focals(bundle)
    projected = in_camera[..., :2] / safe[..., None] * focal[:, None, :] + bundle.centres_px[:, None, :]
    return projected - bundle.pixels_px, depth


def squares(bundle: Bundle, error: Float[np.ndarray, "v n 2"]) -> Float[np.ndarray, "v n"]:
    """How far off observations are, squared, in their standard deviations; 0 where nothing was seen."""
    return bundle.weights**2 * np.sum(error**2, axis=-1)


def cost(bundle: Bundle) -> float:
    """Half the robust sum of squares, infinite where a point lies behind the camera that saw it."""
    error, depth = residuals(bundle)
    seen = bundle.weights > 0
    if np.any(depth[seen] <= 0):
        return float("inf")
    squared = squares(bundle, error)[seen]
    if np.isfinite(bundle.outlier):
        squared = bundle.outlier**2 * np.log1p(squared / bundle.outlier**2)
    total = squared.sum()
    if bundle.free_points:
        total += np.sum((bundle.prior_weights[:, None] * (bundle.points - bundle.prior_points)) ** 2)
    total += np.sum((bundle.prior_focal_weights * (bundle.log_focals - bundle.prior_log_focals)) ** 2)
    return 0.5 * float(total)


def jacobians(
    bundle: Bundle,
) -> tuple[Float[np.ndarray, "v n 2 6"], Float[np.ndarray, "v n 2"], Float[np.ndarray, "v n 2 3"]]:
    """Derivatives of the projected pixels: by pose (rotation vector and translation, both in camera axes, the
    rotation about the world origin), by the logarithm of the focal length, and by the point."""
    by_place, by_focal = _by_place(bundle, _in_camera(bundle))
    rotation = bundle.camera_from_world[:, :3, :3]
    x, y, z = ((bundle.points + bundle.offsets) @ rotation.transpose(0, 2, 1)).transpose(2, 0, 1)[..., None]
    by_x, by_y, by_z = by_place.transpose(3, 0, 1, 2)
    by_turn = np.stack([y * by_z - z * by_y, z * by_x - x * by_z, x * by_y - y * by_x], axis=-1)
    return np.concatenate([by_turn, by_place], axis=-1), by_focal, _by_point(bundle, by_place)


def _by_place(
    bundle: Bundle, in_camera: Float[np.ndarray, "v n 3"]
) -> tuple[Float[np.ndarray, "v n 2 3"], Float[np.ndarray, "v n 2"]]:
    """Derivatives of the projected pixels by the place in camera axes, and by the logarithm of the focal length."""
    focal = _focals(bundle)[:, None, :]
    inverse = 1.0 / np.where(np.abs(in_camera[..., 2]) < 1e-9, 1e-9, in_camera[..., 2])
    slope = in_camera[..., :2] * inverse[..., None]
    by_place = np.zeros((*in_camera.shape[:2], 2, 3))
    by_place[..., 0, 0] = focal[..., 0] * inverse
    by_place[..., 1, 1] = focal[..., 1] * inverse
    by_place[..., :, 2] = -focal * slope * inverse[..., None]
    return by_place, focal * slope


def _by_point(bundle: Bundle, by_place: Float[np.ndarray, "v n 2 3"]) -> Float[np.ndarray, "v n 2 3"]:
    """Derivatives by the point in the world."""
    # As one matrix a view: a product for every point would be called for each.
    return (by_place.reshape(len(by_place), -1, 3) @ bundle.camera_from_world[:, :3, :3]).reshape(by_place.shape)


@dataclass(frozen=True, eq=False)
class _NormalEquations:
    """J^T J and -J^T r in blocks: cameras (poses, then focals), and points."""

    cameras: np.ndarray
    cameras_right: np.ndarray
    points: np.ndarray
    points_right: np.ndarray
    mixed: np.ndarray
    free: np.ndarray


def _normal_equations(bundle: Bundle) -> _NormalEquations:
    views, count = bundle.weights.shape
    groups = len(bundle.log_focals)
    error, _ = residuals(bundle)
    # Cauchy loss as reweighting: an observation of standardised residual s counts 1 / (1 + s^2 / c^2).
    weight = bundle.weights**2 / (1 + squares(bundle, error) / bundle.outlier**2)
    if not (bundle.free_pose.any() or bundle.free_focal.any()):
        return _equations_of_points(bundle, error, weight)
    by_pose, by_focal, by_point = jacobians(bundle)
    by_camera = np.concatenate([by_pose, by_focal[..., None]], axis=-1)
    weighted = by_camera * weight[..., None, None]
    flat = weighted.reshape(views, 2 * count, 7).transpose(0, 2, 1)
    blocks = flat @ by_camera.reshape(views, 2 * count, 7)
    rights = -(flat @ error.reshape(views, 2 * count, 1))[..., 0]

    size = 6 * views + groups
    cameras, right = np.zeros((size, size)), np.zeros(size)
    for v in range(views):
        columns = np.append(np.arange(6 * v, 6 * v + 6), 6 * views + bundle.group[v])
        cameras[np.ix_(columns, columns)] += blocks[v]
        right[columns] += rights[v]
    prior = bundle.prior_focal_weights**2
    focal_columns = np.arange(6 * views, size)
    cameras[focal_columns, focal_columns] += prior
    right[focal_columns] -= prior * (bundle.log_focals - bundle.prior_log_focals)

    free = np.concatenate([np.repeat(bundle.free_pose, 6), bundle.free_focal])
    if not bundle.free_points:
        return _NormalEquations(cameras, right, np.zeros((0, 3, 3)), np.zeros((0, 3)), np.zeros((0, 3, size)), free)
    mixed = np.zeros((count, 3, size))
    for v in range(views):
        by_x, by_y = (by_point[v, :, axis, :, None] * weighted[v, :, axis, None] for axis in range(2))
        mixed[:, :, 6 * v : 6 * v + 6] = by_x[..., :6] + by_y[..., :6]
        mixed[:, :, 6 * views + bundle.group[v]] += by_x[..., 6] + by_y[..., 6]
    points, points_right = _point_blocks(bundle, by_point, error, weight)
    return _NormalEquations(cameras, right, points, points_right, mixed, free)


def _equations_of_points(
    bundle: Bundle, error: Float[np.ndarray, "v n 2"], weight: Float[np.ndarray, "v n"]
) -> _NormalEquations:
    """The same where all cameras are held: no block of theirs is worth its time, also while a point is dragged."""
    size = 6 * len(weight) + len(bundle.log_focals)
    points, points_right = np.zeros((0, 3, 3)), np.zeros((0, 3))
    if bundle.free_points:
        by_place, _ = _by_place(bundle, _in_camera(bundle))
        points, points_right = _point_blocks(bundle, _by_point(bundle, by_place), error, weight)
    nothing = np.zeros((len(points), 3, size))
    return _NormalEquations(
        np.zeros((size, size)), np.zeros(size), points, points_right, nothing, np.zeros(size, dtype=bool)
    )


def _point_blocks(
    bundle: Bundle,
    by_point: Float[np.ndarray, "v n 2 3"],
    error: Float[np.ndarray, "v n 2"],
    weight: Float[np.ndarray, "v n"],
) -> tuple[Float[np.ndarray, "n 3 3"], Float[np.ndarray, "n 3"]]:
    scaled = by_point * weight[..., None, None]
    prior = bundle.prior_weights**2
    points, points_right = prior[:, None, None] * np.eye(3), prior[:, None] * (bundle.prior_points - bundle.points)
    for j in range(3):
        points_right[:, j] -= np.einsum("vni,vni->n", scaled[..., j], error)
        for k in range(3):
            points[:, j, k] += np.einsum("vni,vni->n", scaled[..., j], by_point[..., k])
    return points, points_right


def _solve(equations: _NormalEquations, bundle: Bundle, damping: float) -> tuple[np.ndarray, np.ndarray]:
    """Steps of the cameras (zeros where they are held) and of the points."""
    free = equations.free
    step = np.zeros(len(free))
    cameras = equations.cameras[np.ix_(free, free)]
    cameras = cameras + np.diag(damping * np.diag(cameras) + 1e-12)
    right, point_step = equations.cameras_right[free], np.zeros_like(bundle.points)
    if not bundle.free_points:
        if free.any():
            step[free] = np.linalg.solve(cameras, right)
        return step, point_step
    diagonal = np.einsum("njj->nj", equations.points)
    inverse = _inverse(equations.points + (damping * diagonal + 1e-12)[:, :, None] * np.eye(3))
    point_right = equations.points_right
    if free.any():
        mixed = equations.mixed if free.all() else equations.mixed[:, :, free]
        solved = _times(inverse, mixed)
        rows = mixed.reshape(-1, mixed.shape[-1])
        reduced = cameras - rows.T @ solved.reshape(rows.shape)
        step[free] = np.linalg.solve(reduced, right - solved.reshape(rows.shape).T @ point_right.ravel())
        point_right = point_right - (rows @ step[free]).reshape(-1, 3)
    return step, _times(inverse, point_right[..., None])[..., 0]


def _inverse(matrices: Float[np.ndarray, "n 3 3"]) -> Float[np.ndarray, "n 3 3"]:
    """Of symmetric positive matrices, by their Cholesky factors: what a general solver does for one after the other."""
    a, b, c, d, e, f = (matrices[:, row, column] for row, column in ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)))
    # Rows of the inverse of the lower factor.
    p = 1 / np.sqrt(a)
    below, last = b * p, d * p
    r = 1 / np.sqrt(c - below**2)
    beside = (e - last * below) * r
    u = 1 / np.sqrt(f - last**2 - beside**2)
    q = -below * p * r
    s, t = -(last * p + beside * q) * u, -beside * r * u
    lower = np.zeros_like(matrices)
    lower[:, 0, 0], lower[:, 1, 0], lower[:, 1, 1] = p, q, r
    lower[:, 2, 0], lower[:, 2, 1], lower[:, 2, 2] = s, t, u
    return np.einsum("nki,nkj->nij", lower, lower)


def _times(matrices: Float[np.ndarray, "n 3 3"], columns: Float[np.ndarray, "n 3 c"]) -> Float[np.ndarray, "n 3 c"]:
    """Products of small matrices: three terms at a time, where matrix multiplication is called for each."""
    return sum(matrices[:, :, k, None] * columns[:, None, k] for k in range(3))


def _moved(bundle: Bundle, steps: tuple[np.ndarray, np.ndarray]) -> Bundle:
    camera_step, point_step = steps
    views = len(bundle.camera_from_world)
    poses = bundle.camera_from_world.copy()
    for v in np.nonzero(bundle.free_pose)[0]:
        turn = rotation_from_vector(camera_step[6 * v : 6 * v + 3])
        poses[v, :3, :3] = turn @ poses[v, :3, :3]
        poses[v, :3, 3] += camera_step[6 * v + 3 : 6 * v + 6]
    return replace(
        bundle,
        camera_from_world=poses,
        log_focals=bundle.log_focals + camera_step[6 * views :],
        points=bundle.points + point_step,
    )


def rotation_from_vector(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """The rotation about an axis by its length in radians (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    first = 1 - angle**2 / 6 if angle < 1e-4 else np.sin(angle) / angle
    second = 0.5 - angle**2 / 24 if angle < 1e-4 else (1 - np.cos(angle)) / angle**2
    return np.eye(3) + first * cross + second * cross @ cross


def _in_camera(bundle: Bundle) -> Float[np.ndarray, "v n 3"]:
    rotation, translation = bundle.camera_from_world[:, :3, :3], bundle.camera_from_world[:, :3, 3]
    return (bundle.points + bundle.offsets) @ rotation.transpose(0, 2, 1) + translation[:, None, :]


def _focals(bundle: Bundle) -> Float[np.ndarray, "v 2"]:
    horizontal = np.exp(bundle.log_focals)[bundle.group]
    return np.stack([horizontal, horizontal * bundle.aspects], axis=-1)
