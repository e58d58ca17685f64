"""Where the cameras stood: from face landmarks in a few photos to cameras, 3D keypoints and residuals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from .bundle import Bundle, adjust, residuals
from .camera import Camera, Matrix4
from .canonical import canonical_face, drift, foreshortening
from .errors import UserError
from .geometry import transform
from .head_placement import camera_from_world, fit_head, in_head_frame, place_head, scale_of
from .keypoint_solving import solve_keypoints
from .keypoints import Keypoints3D
from .observation import FEWEST_POINTS, ViewObservation, landmark_measurements, pixels_per_metre
from .pose import pose_from_points

__all__ = ["Calibration", "ViewObservation", "calibrate", "solve_keypoints"]

MOST_VIEWS = 8
_USUAL_FOCAL, _USUAL_FOCAL_SIGMA = 1.4, 0.5
"""Focal length over the longer side of the picture where nothing tells it, and the spread of its logarithm: from a
phone's wide lens (0.7) to a portrait lens or a cropped picture (3)."""
_FOCAL_STARTS = (0.6, 1.0, 1.8)
"""Where to start from, as a multiple of the guess; the best end is taken."""
_TOLD_FOCAL_SIGMA = 0.05
_SHAPE_LOOSENESS = 2.0
"""How much more than the people it was measured on a person may differ from the mean face."""
_DRIFTS = 2
_CORRELATION = 3.0
"""Errors of neighbouring landmarks are alike, so that nine of them tell what one independent landmark would."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Cameras and 3D keypoints of a set of photos."""

    cameras: tuple[Camera, ...]
    """One a view, in world: the head frame, or that of the cameras that were known."""
    keypoints: Keypoints3D
    world_from_head: Matrix4
    """A similarity: metres of the head frame to whatever the world counts in."""
    residuals_px: Float[np.ndarray, "v k"]
    """Distance of each keypoint's projection from where it was seen; NaN where it was not usable."""
    residual_px: Float[np.ndarray, "v"]
    """Median over all landmarks that were used in a view; NaN where there were none."""
    warnings: tuple[str, ...] = ()
    """Sentences for the person about what is doubtful."""

    @property
    def head_cameras(self) -> tuple[Camera, ...]:
        """The cameras among metres of the head frame."""
        return tuple(in_head_frame(camera, self.world_from_head) for camera in self.cameras)


def calibrate(
    views: Sequence[ViewObservation],
    *,
    shared_focal: bool | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Calibration:
    """Cameras, 3D keypoints and residuals of one to eight photos of a person.

    Each unknown camera first gets the pose in which the mean face fits its landmarks; then poses, focal lengths
    and the 3D landmarks are adjusted together, the landmarks held loosely to the mean face. With `shared_focal`
    all unknown focal lengths are one; None shares it among photos of one size whose files do not say otherwise.
    `progress` hears a share from 0 to 1; once `cancelled` says so the result so far is returned.

    World is the head frame, unless there are known poses: then it is theirs. A photo with too few points gets
    a frontal camera and a sentence in `warnings`. Raises UserError without photos or with more than eight.
    """
    if not views:
        raise UserError("There are no photos to calibrate.", "Add two or three photos of the person.")
    if len(views) > MOST_VIEWS:
        raise UserError(f"There are {len(views)} photos.", f"Choose at most {MOST_VIEWS} of them.")
    start, world_from_head = _start(views, *_lenses(views, shared_focal))
    factors = _FOCAL_STARTS if np.any(start.free_focal & (start.prior_focal_weights < 1 / _TOLD_FOCAL_SIGMA)) else (1.0,)
    ends = []
    for index, factor in enumerate(factors):
        ends.append(_settled(_refocused(start, world_from_head, factor), world_from_head, cancelled))
        if progress is not None:
            progress((index + 1) / (len(factors) + 1))
    bundle, world_from_head, _ = min(ends, key=lambda end: end[2])
    if not any(view.pose_is_known for view in views):
        bundle, world_from_head = _in_frame_of_head(bundle, world_from_head)
    result = _result(views, bundle, world_from_head)
    if progress is not None:
        progress(1.0)
    return result


def _lenses(
    views: Sequence[ViewObservation], shared_focal: bool | None
) -> tuple[Float[np.ndarray, "g"], Int[np.ndarray, "v"]]:
    """A focal length in pixels to begin with for each lens, and which lens took which view."""
    keys: list[object] = []
    for index, view in enumerate(views):
        told = None if view.focal_px is None else round(view.focal_px)
        alone = view.focal_is_known or shared_focal is False
        keys.append(index if alone else "shared" if shared_focal else (view.width, view.height, told))
    lenses = list(dict.fromkeys(keys))
    group = np.array([lenses.index(key) for key in keys])
    guesses = [_known_focal(view) or _USUAL_FOCAL * max(view.width, view.height) for view in views]
    return np.array([np.median(np.array(guesses)[group == lens]) for lens in range(len(lenses))]), group


def _known_focal(view: ViewObservation) -> float | None:
    return view.camera.fx if view.camera is not None else view.focal_px


def _start(
    views: Sequence[ViewObservation], focals: Float[np.ndarray, "g"], group: Int[np.ndarray, "v"]
) -> tuple[Bundle, Matrix4]:
    """Every camera with the pose in which the mean face fits, ready to be adjusted, and where the head is."""
    face = canonical_face()
    pixels, weights, in_head = _faces_fitted(views, focals[group])
    known = np.array([view.pose_is_known for view in views])
    known_cameras = [camera for view in views if view.pose_is_known and (camera := view.camera) is not None]
    world_from_head = np.eye(4)
    if known_cameras:
        known_in_head = [pose for pose, is_known in zip(in_head, known, strict=True) if is_known]
        world_from_head = place_head(known_cameras, pixels[known], weights[known], known_in_head)
    poses = []
    for view, pose, focal in zip(views, in_head, focals[group], strict=True):
        if view.pose_is_known and view.camera is not None:
            poses.append(view.camera.camera_from_world)
        else:
            poses.append(camera_from_world(_frontal(view, focal) if pose is None else pose, world_from_head))
    solvable = np.array([pose is not None for pose in in_head])
    lenses = range(len(focals))
    points = transform(world_from_head, face.points)
    told = np.array([any(_known_focal(views[v]) for v in np.flatnonzero(group == lens)) for lens in lenses])
    held = np.array([all(views[v].focal_is_known for v in np.flatnonzero(group == lens)) for lens in lenses])
    bundle = Bundle(
        camera_from_world=np.stack(poses),
        log_focals=np.log(focals),
        points=points,
        offsets=np.zeros((len(views), *points.shape)),
        pixels_px=pixels,
        weights=weights * (solvable | known)[:, None],
        centres_px=np.stack([view.centre_px for view in views]),
        aspects=np.array([view.aspect for view in views]),
        group=group,
        prior_points=points,
        prior_weights=_shape_weights(world_from_head),
        prior_log_focals=np.log(focals),
        prior_focal_weights=1 / np.where(told, _TOLD_FOCAL_SIGMA, _USUAL_FOCAL_SIGMA),
        free_pose=solvable & ~known,
        free_focal=~held & np.array([bool(solvable[group == lens].any()) for lens in lenses]),
    )
    return bundle, world_from_head


def _faces_fitted(
    views: Sequence[ViewObservation], focals: Float[np.ndarray, "v"]
) -> tuple[Float[np.ndarray, "v 478 2"], Float[np.ndarray, "v 478"], list[Matrix4 | None]]:
    """Pixels, weights, and camera_from_head of the mean face in each view; None with too few points."""
    face = canonical_face()
    pixels, weights, poses = [], [], []
    for view, focal in zip(views, focals, strict=True):
        seen, weight = landmark_measurements(view, np.ones(len(face.points)))
        pose = None
        if np.count_nonzero(weight) >= FEWEST_POINTS:
            x, y = view.centre_px
            intrinsics = np.array([[focal, 0.0, x], [0.0, focal * view.aspect, y], [0.0, 0.0, 1.0]])
            pose, _ = pose_from_points(face.points, seen, intrinsics, weight)
            trust = foreshortening(face.normals @ pose[:3, :3].T, transform(pose, face.points))
            seen, weight = landmark_measurements(view, trust)
        pixels.append(seen)
        weights.append(weight / _CORRELATION)
        poses.append(pose)
    return np.stack(pixels), np.stack(weights), poses


def _frontal(view: ViewObservation, focal: float) -> Matrix4:
    """camera_from_head straight in front, so far away that the face appears as large as it seems to be."""
    pose = np.eye(4)
    pose[2, 3] = focal / pixels_per_metre(view)
    return pose


def _shape_weights(world_from_head: Matrix4) -> Float[np.ndarray, "478"]:
    """1 / sigma of each landmark about the mean face, in the world's unit."""
    spread = np.sqrt(np.mean(canonical_face().spread ** 2, axis=1))
    return 1 / (_SHAPE_LOOSENESS * spread * scale_of(world_from_head))


def _refocused(bundle: Bundle, world_from_head: Matrix4, factor: float) -> Bundle:
    """With every free focal length `factor` times as long, and those cameras that much farther from the head."""
    longer = np.where(bundle.free_focal, factor, 1.0)
    poses = bundle.camera_from_world.copy()
    for v in np.flatnonzero(bundle.free_pose):
        head_in_camera = transform(poses[v], world_from_head[:3, 3])
        poses[v, :3, 3] += (longer[bundle.group[v]] - 1.0) * np.array([0.0, 0.0, head_in_camera[2]])
    return replace(bundle, camera_from_world=poses, log_focals=bundle.log_focals + np.log(longer))


def _settled(
    bundle: Bundle, world_from_head: Matrix4, cancelled: Callable[[], bool] | None
) -> tuple[Bundle, Matrix4, float]:
    """Adjusted, with where the head then is, and the cost.

    Poses that are held fix a world in which the head has to be found: it is laid on the landmarks and adjusted
    once more. Where all poses are free the mean face itself holds the head in place.
    """
    solved, reached = adjust(bundle, cancelled=cancelled)
    for _ in range(_DRIFTS):
        solved, reached = adjust(_drifted(solved, world_from_head), cancelled=cancelled)
    seen = (bundle.weights > 0).any(axis=0)
    if not np.any(~bundle.free_pose & (bundle.weights > 0).any(axis=1)):
        return solved, world_from_head, reached
    fitted = fit_head(solved.points, np.where(seen, bundle.prior_weights, 0.0))
    if fitted is None:
        return solved, world_from_head, reached
    prior = transform(fitted, canonical_face().points)
    again = replace(solved, prior_points=prior, prior_weights=_shape_weights(fitted))
    solved, reached = adjust(again, cancelled=cancelled)
    refitted = fit_head(solved.points, np.where(seen, bundle.prior_weights, 0.0))
    return solved, fitted if refitted is None else refitted, reached


def _drifted(bundle: Bundle, world_from_head: Matrix4) -> Bundle:
    """With the landmarks where the detector would see them from where the cameras are now."""
    head_from_world = np.linalg.inv(world_from_head)
    positions = [-pose[:3, :3].T @ pose[:3, 3] for pose in bundle.camera_from_world]
    moved = np.stack([drift(canonical_face(), transform(head_from_world, position)) for position in positions])
    return replace(bundle, offsets=moved @ world_from_head[:3, :3].T)


def _in_frame_of_head(bundle: Bundle, world_from_head: Matrix4) -> tuple[Bundle, Matrix4]:
    """Points and cameras moved, and scaled, so that the mean face lies on the landmarks and world is the head."""
    seen = (bundle.weights > 0).any(axis=0)
    fitted = fit_head(bundle.points, np.where(seen, bundle.prior_weights, 0.0))
    if fitted is None:
        return bundle, world_from_head
    head_from_world = np.linalg.inv(fitted)
    poses = np.stack([camera_from_world(pose, head_from_world) for pose in bundle.camera_from_world])
    return replace(bundle, camera_from_world=poses, points=transform(head_from_world, bundle.points)), np.eye(4)


def _result(views: Sequence[ViewObservation], bundle: Bundle, world_from_head: Matrix4) -> Calibration:
    """The adjusted bundle as cameras, keypoints and residuals; cameras that were known are the same objects."""
    focals = np.exp(bundle.log_focals)[bundle.group]
    cameras = []
    for v, view in enumerate(views):
        if view.camera is not None and view.pose_is_known and view.focal_is_known:
            cameras.append(view.camera)
            continue
        x, y = view.centre_px
        cameras.append(
            Camera(
                fx=float(focals[v]),
                fy=float(focals[v] * view.aspect),
                cx=float(x),
                cy=float(y),
                width=view.width,
                height=view.height,
                world_from_camera=np.linalg.inv(bundle.camera_from_world[v]),
            )
        )
    keypoints, residuals_px = solve_keypoints(views, cameras, world_from_head)
    error, _ = residuals(bundle)
    distance = np.linalg.norm(error, axis=-1)
    used = bundle.weights > 0
    residual_px = np.array([np.median(distance[v][used[v]]) if used[v].any() else np.nan for v in range(len(views))])
    return Calibration(
        cameras=tuple(cameras),
        keypoints=keypoints,
        world_from_head=world_from_head,
        residuals_px=residuals_px,
        residual_px=residual_px,
        warnings=_doubts(views, cameras, world_from_head, residual_px),
    )


def _doubts(
    views: Sequence[ViewObservation],
    cameras: Sequence[Camera],
    world_from_head: Matrix4,
    residual_px: Float[np.ndarray, "v"],
) -> tuple[str, ...]:
    """Sentences about what a person should not rely on."""
    return ()
