"""Documents whose parts agree: what every edit ends with.

3D keypoints and residuals belong to the views' keypoints and cameras as they are, and points that nobody placed lie
where the other views say. What is not touched is shared with the document before, by identity.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from .calibration import solve_keypoints
from .camera import Camera
from .document import Document, DocumentView
from .errors import UserError
from .geometry import project, transform
from .keypoints import Keypoints2D, PointState


def check_view(document: Document, view: int) -> DocumentView:
    """A view by its index; UserError when there is none."""
    if not 0 <= view < len(document.views):
        raise UserError(f"There is no photo number {view + 1}.", f"There are {len(document.views)}.")
    return document.views[view]


def with_view(document: Document, view: int, after: DocumentView) -> Document:
    """With one view replaced, and nothing else: for what neither keypoints nor cameras depend on."""
    views = list(document.views)
    views[view] = after
    return replace(document, views=tuple(views))


def with_keypoints(document: Document, view: int, keypoints: Keypoints2D) -> Document:
    """With the keypoints of a view replaced."""
    return resolved(with_view(document, view, replace(document.views[view], keypoints=keypoints)))


def with_camera(document: Document, view: int, before: DocumentView, camera: Camera | None) -> Document:
    """With a view replaced by `before` with another camera, the calibration's too."""
    calibration = document.calibration
    if calibration is not None and camera is not None:
        cameras = list(calibration.cameras)
        cameras[view] = camera
        calibration = replace(calibration, cameras=tuple(cameras))
    views = list(document.views)
    views[view] = replace(before, camera=camera)
    return resolved(replace(document, views=tuple(views), calibration=calibration))


def resolved(document: Document) -> Document:
    """With 3D keypoints and residuals that belong to the views' keypoints and cameras as they are now."""
    calibration = document.calibration
    if calibration is None:
        return document
    keypoints, residuals_px = solve_keypoints(document.observations(), calibration.cameras, calibration.world_from_head)
    solved = replace(
        calibration, keypoints=keypoints, residuals_px=residuals_px, residual_px=_median_per_view(residuals_px)
    )
    return reprojected(replace(document, calibration=solved))


def _median_per_view(residuals_px: Float[np.ndarray, "v k"]) -> Float[np.ndarray, "v"]:
    return np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in residuals_px])


def reprojected(document: Document) -> Document:
    """With every point that nobody placed filled in from the other views, once two of them know it."""
    calibration = document.calibration
    if calibration is None:
        return document
    known = calibration.keypoints.views >= 2
    in_world = transform(calibration.world_from_head, calibration.keypoints.xyz)
    views = tuple(
        _filled_in(view, camera, in_world, known)
        for view, camera in zip(document.views, calibration.cameras, strict=True)
    )
    return replace(document, views=views)


def _filled_in(
    view: DocumentView, camera: Camera, in_world: Float[np.ndarray, "k 3"], known: np.ndarray
) -> DocumentView:
    before = view.keypoints
    free = (before.state == PointState.UNPLACED) | (before.state == PointState.REPROJECTED)
    if not free.any():
        return view
    pixels, depth = project(camera, in_world)
    filled = free & known & (depth > 0)
    xy, state = before.xy_px.copy(), before.state.copy()
    width, height = view.size
    xy[filled] = np.clip(pixels[filled], -0.5, [width - 0.5, height - 0.5])
    state[filled] = PointState.REPROJECTED
    state[free & ~filled] = PointState.UNPLACED
    return replace(view, keypoints=replace(before, xy_px=xy, state=state))
