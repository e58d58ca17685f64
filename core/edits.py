"""Edits: pure functions from a document to a document.

Each checks what it is given (UserError says what was wrong), clamps points to their photo, and re-solves the 3D
keypoints with the cameras kept, so that a document's parts agree at every moment, also in the middle of a drag.
What an edit does not touch is shared with the document before it, by identity.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from .agreement import check_view, reprojected, resolved, with_camera, with_keypoints, with_view
from .calibration import Calibration, calibrate
from .camera import Matrix4
from .document import RENDER_MODES, RENDER_QUALITIES, Document, DocumentView, RenderSettings
from .errors import UserError
from .expressions import AUTOMATIC, MIXED
from .keypoints import PointState
from .names import free_name
from .refinement import Refinement
from .world_scale import keep_scale

MAX_VIEWS = 8

# --- views ------------------------------------------------------------------------------------------------------


def add_views(document: Document, views: Sequence[DocumentView]) -> Document:
    """With more photos, at most eight in all; the calibration has to be solved again.

    A photo whose name is taken gets a number, because views are told apart by name.
    """
    if len(document.views) + len(views) > MAX_VIEWS:
        raise UserError(
            f"{len(document.views) + len(views)} photos are too many.", f"Choose at most {MAX_VIEWS} of one person."
        )
    joined = list(document.views)
    for view in views:
        name = free_name(view.name, [other.name for other in joined])
        joined.append(view if name == view.name else replace(view, photo=replace(view.photo, name=name)))
    return replace(document, views=tuple(joined), calibration=None)


def remove_view(document: Document, view: int) -> Document:
    """Without one photo; the cameras of the others stay, the keypoints are solved from them."""
    check_view(document, view)
    kept = [index for index in range(len(document.views)) if index != view]
    calibration = document.calibration
    if calibration is not None and kept:
        calibration = replace(
            calibration,
            cameras=tuple(calibration.cameras[index] for index in kept),
            residuals_px=calibration.residuals_px[kept],
            residual_px=calibration.residual_px[kept],
        )
    else:
        calibration = None
    remaining = tuple(document.views[index] for index in kept)
    return resolved(replace(document, views=remaining, calibration=calibration))


def hold_out(document: Document, view: int, *, held_out: bool = True) -> Document:
    """With a photo kept to compare with, or used again as a source of the avatar; one source has to remain."""
    changed = with_view(document, view, replace(check_view(document, view), held_out=held_out))
    if not changed.sources:
        raise UserError("The last photo cannot be held out.", "Use another photo as a source first.")
    return resolved(changed)


# --- keypoints --------------------------------------------------------------------------------------------------


def move_keypoint(document: Document, view: int, name: str, xy_px: tuple[float, float]) -> Document:
    """With a keypoint put by hand at a pixel, clamped to the photo; it counts as visible from then on."""
    return move_keypoints(document, view, {name: xy_px})


def move_keypoints(document: Document, view: int, places_px: Mapping[str, tuple[float, float]]) -> Document:
    """With several keypoints of a photo put by hand, as `move_keypoint` does with one; solved once for all."""
    before = check_view(document, view)
    keypoints = before.keypoints
    for name, xy_px in places_px.items():
        index = _keypoint_index(before, name)
        if not np.isfinite(xy_px).all():
            raise UserError(f"{xy_px} is no place in a photo.", "Give two finite numbers of pixels.")
        keypoints = keypoints.moved(index, clamp_to_photo(before, xy_px))
    return with_keypoints(document, view, keypoints)


def occlude_keypoint(document: Document, view: int, name: str, *, occluded: bool = True) -> Document:
    """With a keypoint marked as hidden in a photo (kept, but not used for geometry), or as visible again."""
    before = check_view(document, view)
    flags = before.keypoints.occluded.copy()
    flags[_keypoint_index(before, name)] = occluded
    return with_keypoints(document, view, replace(before.keypoints, occluded=flags))


def unplace_keypoint(document: Document, view: int, name: str) -> Document:
    """With a keypoint taken back: nobody knows where it is, until other views tell or a hand places it."""
    before = check_view(document, view)
    index = _keypoint_index(before, name)
    state, confidence = before.keypoints.state.copy(), before.keypoints.confidence.copy()
    state[index], confidence[index] = PointState.UNPLACED, 0.0
    return with_keypoints(document, view, replace(before.keypoints, state=state, confidence=confidence))


def snap_to_detection(document: Document, view: int, name: str) -> Document:
    """With a keypoint back where the detector saw it; UserError when the detector did not see it."""
    before = check_view(document, view)
    index = _keypoint_index(before, name)
    if before.detected.state[index] != PointState.DETECTED:
        raise UserError(f"The {name} was not detected in {before.name}.", "Place it by hand.")
    fields = {}
    for field in ("xy_px", "state", "confidence", "occluded"):
        array = getattr(before.keypoints, field).copy()
        array[index] = getattr(before.detected, field)[index]
        fields[field] = array
    return with_keypoints(document, view, replace(before.keypoints, **fields))


def swap_sides(document: Document, view: int, names: Iterable[str]) -> Document:
    """With each named point of a photo and its partner on the other side of the body exchanged.

    They take everything with them: place, origin, confidence, visibility. UserError when none has a partner.
    """
    before = check_view(document, view)
    schema, order = before.keypoints.schema, np.arange(len(before.keypoints.schema))
    chosen = {_keypoint_index(before, name) for name in names}
    for pair in schema.mirror_pairs:
        right, left = schema.index(pair[0]), schema.index(pair[1])
        if chosen & {right, left}:
            order[[right, left]] = left, right
    if np.array_equal(order, np.arange(len(order))):
        raise UserError(
            "None of these points has a partner on the other side.", "Choose an eye, cheek or mouth corner."
        )
    fields = {field: getattr(before.keypoints, field)[order] for field in ("xy_px", "state", "confidence", "occluded")}
    return with_keypoints(document, view, replace(before.keypoints, **fields))


def clamp_to_photo(view: DocumentView, xy_px: tuple[float, float]) -> tuple[float, float]:
    """The nearest place inside the photo; its area reaches half a pixel beyond the outermost pixel centres."""
    width, height = view.size
    x, y = xy_px
    return float(np.clip(x, -0.5, width - 0.5)), float(np.clip(y, -0.5, height - 0.5))


# --- cameras ----------------------------------------------------------------------------------------------------


def set_focal(document: Document, view: int, focal_px: float) -> Document:
    """With another focal length (pixels), the pose kept; solving starts from it, or keeps it where it is locked."""
    before = check_view(document, view)
    if not (np.isfinite(focal_px) and focal_px > 0):
        raise UserError(f"A focal length of {focal_px} pixels does not exist.", "Give a number above zero.")
    camera = None if before.camera is None else replace(before.camera, fx=focal_px, fy=focal_px)
    return with_camera(document, view, replace(before, focal_px=focal_px), camera)


def set_pose(document: Document, view: int, world_from_camera: Matrix4) -> Document:
    """With a camera moved; UserError when it has no lens yet or the matrix is no rigid pose in metres."""
    before = check_view(document, view)
    if before.camera is None:
        raise UserError(f"The camera of {before.name} is not known yet.", "Solve the cameras first.")
    rotation = np.asarray(world_from_camera)[:3, :3]
    rigid = np.isfinite(world_from_camera).all() and np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-5)
    if not rigid or np.linalg.det(rotation) < 0 or not np.allclose(world_from_camera[3], [0, 0, 0, 1]):
        raise UserError("That is no pose of a camera.", "Give a rotation and a translation in metres.")
    return with_camera(document, view, before, before.camera.posed(world_from_camera))


def set_principal_point(document: Document, view: int, cx_px: float, cy_px: float) -> Document:
    """With the optical axis through another pixel, which solving keeps from then on.

    Raises UserError where the camera is not known, or the pixel lies farther out than the photo is large.
    """
    before = check_view(document, view)
    if before.camera is None:
        raise UserError(f"The camera of {before.name} is not known yet.", "Solve the cameras first.")
    width, height = before.size
    if not (-width <= cx_px <= 2 * width and -height <= cy_px <= 2 * height):
        raise UserError(f"The point {cx_px:g}, {cy_px:g} is far outside {before.name}.", "Choose a nearer one.")
    camera = replace(before.camera, cx=float(cx_px), cy=float(cy_px))
    return with_camera(document, view, replace(before, lock_centre=True), camera)


def set_lens(document: Document, view: int, fx: float, fy: float, cx: float, cy: float) -> Document:
    """With another lens in a camera as it is now, pixels; solving is told nothing of it and may change it again."""
    before = check_view(document, view)
    if before.camera is None:
        raise UserError(f"The camera of {before.name} is not known yet.", "Solve the cameras first.")
    if not np.isfinite([fx, fy, cx, cy]).all() or min(fx, fy) <= 0:
        raise UserError("That is no lens.", "Give focal lengths above zero and a principal point, in pixels.")
    return with_camera(document, view, before, replace(before.camera, fx=fx, fy=fy, cx=cx, cy=cy))


def lock(
    document: Document,
    view: int,
    *,
    pose: bool | None = None,
    focal: bool | None = None,
    centre: bool | None = None,
) -> Document:
    """With a camera's pose, focal length or principal point kept, or released, when solving; None: as it is.

    A released principal point goes back to the middle of the photo with the next solution: a face alone does not
    tell where it is.
    """
    before = check_view(document, view)
    centre = before.lock_centre if centre is None else centre
    pose = before.lock_pose if pose is None else pose
    focal = before.lock_focal if focal is None else focal
    return with_view(document, view, replace(before, lock_pose=pose, lock_focal=focal, lock_centre=centre))


def solve_cameras(
    document: Document,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Document:
    """With cameras and keypoints solved from the keypoints and locks as they are; UserError when that fails.

    `progress` hears a share from 0 to 1; once `cancelled` says so, the document comes back as it was.
    """
    calibration = calibrate(document.observations(), progress=progress, cancelled=cancelled)
    return document if cancelled is not None and cancelled() else apply_calibration(document, calibration)


def apply_calibration(document: Document, calibration: Calibration) -> Document:
    """With the cameras and keypoints that `calibrate` found for `document.observations()`, at the known scale."""
    calibration = keep_scale(calibration, document.known_distance, [view.lock_pose for view in document.views])
    views = tuple(
        view if view.camera is camera else replace(view, camera=camera)
        for view, camera in zip(document.views, calibration.cameras, strict=True)
    )
    return reprojected(replace(document, views=views, calibration=calibration))


# --- drawing ----------------------------------------------------------------------------------------------------


def set_render_settings(document: Document, settings: RenderSettings) -> Document:
    """With the avatar drawn another way."""
    if not 16 <= settings.resolution <= 4096:
        raise UserError(f"A picture of {settings.resolution} pixels cannot be drawn.", "Choose 16 to 4096.")
    if settings.mode not in RENDER_MODES:
        raise UserError(f"There is no view mode “{settings.mode}”.", f"Choose one of {', '.join(RENDER_MODES)}.")
    if settings.quality not in RENDER_QUALITIES:
        raise UserError(f"There is no quality “{settings.quality}”.", f"Choose one of {', '.join(RENDER_QUALITIES)}.")
    if not 0.005 <= settings.sigma <= 1.0:
        raise UserError(f"An influence of {settings.sigma} m is out of range.", "Choose 0.005 to 1 metre.")
    if settings.expression not in (AUTOMATIC, MIXED, document.settings.expression):
        settings = replace(settings, expression=document.names[document.view_index(settings.expression)])
    return document if settings == document.settings else replace(document, settings=settings)


def set_refinement(document: Document, refinement: Refinement | None) -> Document:
    """With the network refined on this person, or as it was trained."""
    return document if refinement is document.refinement else replace(document, refinement=refinement)


def _keypoint_index(view: DocumentView, name: str) -> int:
    names = view.keypoints.schema.names
    if name not in names:
        raise UserError(f"There is no keypoint called “{name}”.", f"The keypoints are: {', '.join(names)}.")
    return names.index(name)
