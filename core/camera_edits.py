"""Edits of all cameras at once: the world's scale, and cameras that follow points being moved."""

from dataclasses import replace

import numpy as np

from .bundle import Bundle, adjust
from .calibration import Calibration
from .document import Document
from .edits import apply_calibration
from .errors import UserError
from .geometry import project
from .head_placement import camera_from_world
from .keypoint_solving import solve_keypoints
from .observation import FEWEST_POINTS, FLOOR_PX
from .world_scale import LONGEST, SHORTEST, KnownDistance, scaled_to

_POINT_SIGMA = 0.004
"""How far a keypoint may move in space while cameras follow a point, metres of the head frame."""
_FOCAL_SIGMA = 0.05
"""The same for the logarithm of a focal length."""
_STEPS = 6


def scale_to_distance(document: Document, first: str, second: str, metres: float) -> Document:
    """With the world stretched so that two keypoints are `metres` apart, now and whenever cameras are solved again.

    The avatar and what cameras see stay the same; cameras, exports and the panel's metres become true ones. Raises
    UserError where there are no cameras, the keypoints are one or unknown, or the distance cannot be.
    """
    if document.calibration is None:
        raise UserError("The cameras are not known yet.", "Solve the cameras first.")
    for name in (first, second):
        if name not in document.schema.names:
            names = ", ".join(document.schema.names)
            raise UserError(f"There is no keypoint called “{name}”.", f"The keypoints are: {names}.")
    if first == second:
        raise UserError("A distance needs two different keypoints.", "Select two.")
    if not SHORTEST <= metres <= LONGEST:
        raise UserError(f"A distance of {metres:g} m cannot be.", f"Give metres from {SHORTEST:g} to {LONGEST:g}.")
    known = KnownDistance(first, second, float(metres))
    scaled = scaled_to(document.calibration, known, [view.lock_pose for view in document.views])
    return apply_calibration(replace(document, known_distance=known), scaled)


def cameras_following(before: Document, after: Document) -> Document:
    """`after`, in which a hand has moved keypoints, with the cameras moved as these movements say.

    A few steps of bundle adjustment about the cameras as they are: every point that was not moved is taken to be
    where it is seen already, so that cameras rest until a point moves, and answer within milliseconds while one is
    dragged. Locks are kept. What the photos' skin says is not asked: solving again does that.
    """
    base, moved = before.calibration, after.calibration
    if base is None or moved is None or before.names != after.names:
        return after
    bundle = _displaced(before, after, base)
    if not bundle.free_pose.any() and not bundle.free_focal.any():
        return after
    solved, _ = adjust(bundle, iterations=_STEPS)
    cameras = []
    for index, camera in enumerate(base.cameras):
        focal = float(np.exp(solved.log_focals[bundle.group[index]]))
        held = not bundle.free_pose[index] and not bundle.free_focal[bundle.group[index]]
        pose = np.linalg.inv(camera_from_world(solved.camera_from_world[index], base.world_from_head))
        lens = replace(camera, fx=focal, fy=focal * camera.fy / camera.fx)
        cameras.append(camera if held else lens.posed(pose))
    keypoints, residuals_px = solve_keypoints(after.observations(), cameras, base.world_from_head)
    medians = [np.nan if np.isnan(row).all() else float(np.nanmedian(row)) for row in residuals_px]
    followed = replace(
        moved,
        cameras=tuple(cameras),
        keypoints=keypoints,
        residuals_px=residuals_px,
        residual_px=np.array(medians),
    )
    return apply_calibration(after, followed)


def _displaced(before: Document, after: Document, base: Calibration) -> Bundle:
    """Keypoints at the pixels where they are seen, but for those that were moved: by so much beside that."""
    points, cameras = base.keypoints.xyz, base.head_cameras
    pixels = np.stack([project(camera, points)[0] for camera in cameras])
    usable = np.zeros(pixels.shape[:2], dtype=bool)
    for index, (old, new) in enumerate(zip(before.views, after.views, strict=True)):
        usable[index] = old.keypoints.usable & new.keypoints.usable & (not new.held_out)
        pixels[index] += np.where(usable[index][:, None], new.keypoints.xy_px - old.keypoints.xy_px, 0.0)
    enough = usable.sum(axis=1) >= FEWEST_POINTS
    lenses = [(camera.fx, view.lock_focal) for camera, view in zip(cameras, after.views, strict=True)]
    lens_of = {lens: index for index, lens in enumerate(dict.fromkeys(lenses))}
    group = np.array([lens_of[lens] for lens in lenses])
    free_focal = np.array([not locked for _, locked in lens_of])
    free_focal &= np.array([enough[group == index].any() for index in range(len(lens_of))])
    log_focals = np.log([focal for focal, _ in lens_of])
    return Bundle(
        camera_from_world=np.stack([camera.camera_from_world for camera in cameras]),
        log_focals=log_focals,
        points=points,
        offsets=np.zeros((len(cameras), len(points), 3)),
        pixels_px=pixels,
        weights=usable / (4 * FLOOR_PX),
        centres_px=np.array([[camera.cx, camera.cy] for camera in cameras]),
        aspects=np.array([camera.fy / camera.fx for camera in cameras]),
        group=group,
        prior_points=points,
        prior_weights=np.full(len(points), 1 / _POINT_SIGMA),
        prior_log_focals=log_focals,
        prior_focal_weights=np.full(len(log_focals), 1 / _FOCAL_SIGMA),
        free_pose=np.array([not view.lock_pose for view in after.views]) & enough,
        free_focal=free_focal,
        outlier=float("inf"),
    )
