"""Where the cameras stood: from face landmarks and skin in a few photos to cameras, 3D keypoints and residuals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from .bundle import Bundle, adjust, residuals, squares
from .camera import Camera, Matrix4
from .canonical import LANDMARKS, canonical_face, drift
from .doubts import doubts
from .errors import UserError
from .first_guess import first_bundle, focal_starts, lenses, refocused, shape_weights
from .geometry import transform
from .head_placement import camera_from_world, fit_head, in_head_frame, scale_of
from .keypoint_solving import solve_keypoints
from .keypoints import Keypoints3D
from .observation import ViewObservation, put_by_hand
from .tracking import track_skin

__all__ = ["Calibration", "ViewObservation", "calibrate", "solve_keypoints"]

MOST_VIEWS = 8
_DRIFT_ROUNDS = 2
_CHART_WIDTHS = (128, 256, 352, 352)
"""Resolutions at which the skin is followed, one after another as the cameras get better."""
_LANDMARKS_BESIDE_SKIN = 0.1
"""Beside the skin, landmarks count that much less: their errors are alike all over a face, so that hundreds of them
tell hardly more than a few."""
_SPOT_DEPTH_SIGMA = 0.02
"""How far a spot of skin may lie from the surface between the landmarks, metres of the head frame."""
_STILL = 1.2
"""Error of a spot over its standard deviation, median: 0.8 to 1.2 of faces that hold still (synthetic people, or two
cameras at once), 2 to 7 of real people whose photos were taken one after the other."""
_ALIKE = 25.0
"""So many spots move alike where a face moves."""
_GLANCE = 30
"""Steps after which it can be told how well spots fit."""


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

    @cached_property
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
    and the 3D landmarks are adjusted together, the landmarks held loosely to the mean face. Where the views bring
    their pictures, spots of skin are followed from photo to photo and decide the rest. With `shared_focal` all
    unknown focal lengths are one; None shares it among photos of one size whose files do not say otherwise.
    `progress` hears a share from 0 to 1; once `cancelled` says so the result so far is returned.

    World is the head frame, unless there are known poses: then it is theirs. A photo with too few points gets
    a frontal camera and a sentence in `warnings`. Raises UserError without photos or with more than eight.
    """
    if not views:
        raise UserError("There are no photos to calibrate.", "Add two or three photos of the person.")
    if len(views) > MOST_VIEWS:
        raise UserError(f"There are {len(views)} photos.", f"Choose at most {MOST_VIEWS} of them.")
    heard = progress or (lambda share: None)
    start, world_from_head = first_bundle(views, *lenses(views, shared_focal))
    ends = [
        _settled(views, refocused(start, world_from_head, factor), world_from_head, cancelled)
        for factor in focal_starts(start)
    ]
    bundle, world_from_head, _ = min(ends, key=lambda end: end[2])
    heard(0.4)
    if np.any(bundle.free_pose) and np.count_nonzero(_shows_skin(views, bundle)) >= 2:
        for done, width in enumerate(_CHART_WIDTHS, start=1):
            bundle, world_from_head = _on_skin(views, bundle, world_from_head, width, cancelled)
            heard(0.4 + 0.5 * done / len(_CHART_WIDTHS))
        bundle = _landmarks_for(views, bundle, world_from_head)
    if not any(view.pose_is_known for view in views):
        bundle, world_from_head = _in_frame_of_head(bundle, world_from_head)
    result = _result(views, bundle, world_from_head)
    heard(1.0)
    return result


def _settled(
    views: Sequence[ViewObservation],
    bundle: Bundle,
    world_from_head: Matrix4,
    cancelled: Callable[[], bool] | None,
) -> tuple[Bundle, Matrix4, float]:
    """Adjusted, with where the head then is, and the cost.

    Poses that are held fix a world in which the head has to be found: it is laid on the landmarks and adjusted
    once more. Where all poses are free the mean face itself holds the head in place.
    """
    solved, reached = adjust(bundle, cancelled=cancelled)
    for _ in range(_DRIFT_ROUNDS):
        solved, reached = adjust(_drifted(views, solved, world_from_head), cancelled=cancelled)
    held = ~bundle.free_pose & (bundle.weights > 0).any(axis=1)
    fitted = fit_head(solved.points[:LANDMARKS], _shape_evidence(bundle)) if held.any() else None
    if fitted is None:
        return solved, world_from_head, reached
    prior_points, prior_weights = solved.prior_points.copy(), solved.prior_weights.copy()
    prior_points[:LANDMARKS] = transform(fitted, canonical_face().points)
    prior_weights[:LANDMARKS] = shape_weights(fitted)
    again = replace(solved, prior_points=prior_points, prior_weights=prior_weights)
    solved, reached = adjust(_drifted(views, again, fitted), cancelled=cancelled)
    refitted = fit_head(solved.points[:LANDMARKS], _shape_evidence(bundle))
    return solved, fitted if refitted is None else refitted, reached


def _shape_evidence(bundle: Bundle) -> Float[np.ndarray, "478"]:
    """How much each landmark's place says about where the head is: nothing where no view saw it."""
    seen = (bundle.weights[:, :LANDMARKS] > 0).any(axis=0)
    return np.where(seen, bundle.prior_weights[:LANDMARKS], 0.0)


def _drifted(views: Sequence[ViewObservation], bundle: Bundle, world_from_head: Matrix4) -> Bundle:
    """With the landmarks where the detector would see them from where the cameras are now."""
    head_from_world = np.linalg.inv(world_from_head)
    offsets = np.zeros_like(bundle.offsets)
    for index, (view, pose) in enumerate(zip(views, bundle.camera_from_world, strict=True)):
        position = transform(head_from_world, -pose[:3, :3].T @ pose[:3, 3])
        moved = drift(canonical_face(), position) @ world_from_head[:3, :3].T
        offsets[index, :LANDMARKS] = np.where(put_by_hand(view)[:, None], 0.0, moved)
    return replace(bundle, offsets=offsets)


def _shows_skin(views: Sequence[ViewObservation], bundle: Bundle) -> Bool[np.ndarray, "v"]:
    """Views that have both a picture and a pose."""
    return (bundle.weights > 0).any(axis=1) & np.array([view.picture is not None for view in views])


def _on_skin(
    views: Sequence[ViewObservation],
    bundle: Bundle,
    world_from_head: Matrix4,
    width: int,
    cancelled: Callable[[], bool] | None,
) -> tuple[Bundle, Matrix4]:
    """Cameras adjusted to spots of skin followed from photo to photo, then landmarks adjusted to these cameras."""
    shows = _shows_skin(views, bundle)
    pictures = [view.picture if shown else None for view, shown in zip(views, shows, strict=True)]
    tracks = track_skin(pictures, _cameras(views, bundle), bundle.points, width=width)
    by_hand = np.stack([put_by_hand(view) for view in views])
    spots, scale = len(tracks.points), scale_of(world_from_head)
    joined = replace(
        bundle,
        points=np.concatenate([bundle.points, tracks.points]),
        offsets=np.concatenate([bundle.offsets, np.zeros((len(views), spots, 3))], axis=1),
        pixels_px=np.concatenate([bundle.pixels_px, tracks.pixels_px], axis=1),
        weights=np.concatenate(
            [bundle.weights * np.where(by_hand, 1.0, _LANDMARKS_BESIDE_SKIN), tracks.weights], axis=1
        ),
        prior_points=np.concatenate([bundle.prior_points, tracks.points]),
        prior_weights=np.append(bundle.prior_weights, np.full(spots, 1 / (_SPOT_DEPTH_SIGMA * scale))),
    )
    # Before anything is loosened: a spot that counts for less misses by more.
    joined, _ = adjust(joined, iterations=_GLANCE, cancelled=cancelled)
    loosened = joined.weights.copy()
    loosened[:, LANDMARKS:] /= _looseness(joined)
    solved, world_from_head, _ = _settled(views, replace(joined, weights=loosened), world_from_head, cancelled)
    # Beside the skin the landmarks hardly leave the mean face: smooth, as the next round of following wants it.
    adjusted = replace(
        bundle,
        camera_from_world=solved.camera_from_world,
        log_focals=solved.log_focals,
        points=solved.points[:LANDMARKS],
        offsets=solved.offsets[:, :LANDMARKS],
        prior_points=solved.prior_points[:LANDMARKS],
        prior_weights=solved.prior_weights[:LANDMARKS],
    )
    return adjusted, world_from_head


def _looseness(bundle: Bundle) -> float:
    """How many times farther off a spot of skin may be than where it was found tells, by how the spots fit; 1 or more.

    A face that moved between the photos moved all over: its spots are wrong together, and no number of them makes up
    for it. Nor does it in two photos, which a deeper face that turned less explains almost as well (the bas-relief
    ambiguity, Belhumeur et al. 1999): between those two, errors far below a pixel would decide.
    """
    weights = bundle.weights[:, LANDMARKS:]
    seen = np.count_nonzero(weights, axis=0)
    if not len(seen):
        return 1.0
    missed = squares(bundle, residuals(bundle)[0])[:, LANDMARKS:].sum(axis=0)
    # Two coordinates a photo, less the three that place the spot.
    moved = max(0.0, float(np.median(missed / (2 * seen - 3))) / _STILL**2 - 1)
    ambiguous = np.count_nonzero(weights.any(axis=1)) == 2
    return float(np.sqrt(1 + _ALIKE * (moved + ambiguous)))


def _landmarks_for(views: Sequence[ViewObservation], bundle: Bundle, world_from_head: Matrix4) -> Bundle:
    """The landmarks that these cameras see, the cameras held."""
    held = replace(
        _drifted(views, bundle, world_from_head),
        free_pose=np.zeros_like(bundle.free_pose),
        free_focal=np.zeros_like(bundle.free_focal),
    )
    fitted, _ = adjust(held)
    return replace(bundle, points=fitted.points, offsets=fitted.offsets)


def _in_frame_of_head(bundle: Bundle, world_from_head: Matrix4) -> tuple[Bundle, Matrix4]:
    """Points and cameras moved, and scaled, so that the mean face lies on the landmarks and world is the head."""
    fitted = fit_head(bundle.points, _shape_evidence(bundle))
    if fitted is None:
        return bundle, world_from_head
    head_from_world = np.linalg.inv(fitted)
    poses = np.stack([camera_from_world(pose, head_from_world) for pose in bundle.camera_from_world])
    moved = replace(
        bundle,
        camera_from_world=poses,
        points=transform(head_from_world, bundle.points),
        offsets=bundle.offsets @ head_from_world[:3, :3].T,
    )
    return moved, np.eye(4)


def _cameras(views: Sequence[ViewObservation], bundle: Bundle) -> tuple[Camera, ...]:
    """The bundle's cameras; one that was known altogether is the very object that was given."""
    cameras = []
    for view, pose, lens in zip(views, bundle.camera_from_world, bundle.group, strict=True):
        if view.camera is not None and view.pose_is_known and view.focal_is_known:
            cameras.append(view.camera)
            continue
        focal = float(np.exp(bundle.log_focals[lens]))
        x, y = view.centre_px
        cameras.append(
            Camera(
                fx=focal,
                fy=focal * view.aspect,
                cx=float(x),
                cy=float(y),
                width=view.width,
                height=view.height,
                world_from_camera=np.linalg.inv(pose),
            )
        )
    return tuple(cameras)


def _result(views: Sequence[ViewObservation], bundle: Bundle, world_from_head: Matrix4) -> Calibration:
    """The adjusted bundle as cameras, keypoints and residuals."""
    cameras = _cameras(views, bundle)
    keypoints, residuals_px = solve_keypoints(views, cameras, world_from_head)
    error, _ = residuals(bundle)
    distance = np.where(bundle.weights > 0, np.linalg.norm(error, axis=-1), np.nan)
    residual_px = np.array([np.nan if np.isnan(row).all() else np.nanmedian(row) for row in distance])
    return Calibration(
        cameras=cameras,
        keypoints=keypoints,
        world_from_head=world_from_head,
        residuals_px=residuals_px,
        residual_px=residual_px,
        warnings=doubts(views, cameras, world_from_head[:3, 3], residual_px),
    )
