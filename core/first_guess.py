"""Where a calibration begins: one fitted mean face a photo, and everything that holds the adjustment."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from .bundle import Bundle
from .camera import Matrix4
from .canonical import canonical_face, foreshortening
from .geometry import transform
from .head_placement import camera_from_world, place_head, scale_of
from .observation import FEWEST_POINTS, ViewObservation, landmark_measurements, pixels_per_metre, put_by_hand
from .pose import pose_from_points

_USUAL_FOCAL, _USUAL_FOCAL_SIGMA = 1.4, 0.38
"""Focal length over the longer side of the picture where nothing tells it, and the spread of its logarithm: from a
phone's wide lens (0.7) to a portrait lens or a cropped picture (3)."""
_LEAST_TURN, _ONE_SIDED_FOCAL_SIGMA = np.radians(5.0), 0.1
"""Photos from one side say next to nothing about the focal length: then the guess is held more tightly."""
_FOCAL_STARTS = (0.6, 1.0, 1.8)
"""Where an unknown focal length starts from, as a multiple of the usual one; the best end is taken."""
_TOLD_FOCAL_SIGMA = 0.05
"""Spread of the logarithm where EXIF or a person says it: stabilisers and focusing change it by so much."""
_SHAPE_LOOSENESS = 2.0
"""How much more than the people it was measured on a person may differ from the mean face."""
_CORRELATION = 3.0
"""Errors of neighbouring landmarks are alike, so that nine of them tell what one independent landmark would."""


def lenses(
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


def first_bundle(
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
    guess_sigma = _USUAL_FOCAL_SIGMA if _turn(in_head) > _LEAST_TURN else _ONE_SIDED_FOCAL_SIGMA
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
        prior_weights=shape_weights(world_from_head),
        prior_log_focals=np.log(focals),
        prior_focal_weights=1 / np.where(told, _TOLD_FOCAL_SIGMA, guess_sigma),
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
        weights.append(np.where(put_by_hand(view), weight, weight / _CORRELATION))
        poses.append(pose)
    return np.stack(pixels), np.stack(weights), poses


def _turn(camera_from_head: Sequence[Matrix4 | None]) -> float:
    """Largest angle between two views of the head, radians; 0 for a single one."""
    turns = np.array([pose[2, :3] for pose in camera_from_head if pose is not None]).reshape(-1, 3)
    return float(np.arccos(np.clip(turns @ turns.T, -1.0, 1.0)).max(initial=0.0))


def _frontal(view: ViewObservation, focal: float) -> Matrix4:
    """camera_from_head straight in front, so far away that the face appears as large as it seems to be."""
    pose = np.eye(4)
    pose[2, 3] = focal / pixels_per_metre(view)
    return pose


def shape_weights(world_from_head: Matrix4) -> Float[np.ndarray, "478"]:
    """1 / sigma of each landmark about the mean face, in the world's unit."""
    spread = np.sqrt(np.mean(canonical_face().spread ** 2, axis=1))
    return 1 / (_SHAPE_LOOSENESS * spread * scale_of(world_from_head))


def focal_starts(bundle: Bundle) -> tuple[float, ...]:
    """Multiples of the first focal lengths to start from: one where all of them are known or told."""
    guessed = bundle.free_focal & (bundle.prior_focal_weights < 1 / _TOLD_FOCAL_SIGMA)
    return _FOCAL_STARTS if guessed.any() else (1.0,)


def refocused(bundle: Bundle, world_from_head: Matrix4, factor: float) -> Bundle:
    """With every free focal length `factor` times as long, and those cameras that much farther from the head."""
    longer = np.where(bundle.free_focal, factor, 1.0)
    poses = bundle.camera_from_world.copy()
    for v in np.flatnonzero(bundle.free_pose):
        head_in_camera = transform(poses[v], world_from_head[:3, 3])
        poses[v, :3, 3] += (longer[bundle.group[v]] - 1.0) * np.array([0.0, 0.0, head_in_camera[2]])
    return replace(bundle, camera_from_world=poses, log_focals=bundle.log_focals + np.log(longer))
