"""3D keypoints from pixels and given cameras: quick enough to run at every movement of the mouse."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .bundle import Bundle, adjust, residuals
from .camera import Camera, Matrix4
from .canonical import canonical_face, drift
from .head_placement import in_head_frame
from .keypoints import Keypoints3D, PointState
from .observation import ViewObservation, landmark_measurements

_SHAPE_SIGMA = 0.008
"""How far a keypoint of a real person may lie from the mean face, metres: loose, for where rays meet they decide."""
_STEPS = 4


def solve_keypoints(
    views: Sequence[ViewObservation], cameras: Sequence[Camera], world_from_head: Matrix4
) -> tuple[Keypoints3D, Float[np.ndarray, "v k"]]:
    """The schema's points in the head frame and, per view and point, the distance of their projection in pixels.

    Each point is the likeliest one given its usable pixels and the mean face: two rays fix it, one leaves the
    depth to the face, none leaves it on the face. Residuals are NaN where a point is not usable.
    """
    usable = np.stack([view.keypoints.usable for view in views])
    solved, _ = adjust(keypoint_bundle(views, cameras, world_from_head), iterations=_STEPS)
    error, _ = residuals(solved)
    distance = np.where(usable, np.linalg.norm(error, axis=-1), np.nan)
    return Keypoints3D(schema=views[0].keypoints.schema, xyz=solved.points, views=usable.sum(axis=0)), distance


def keypoint_bundle(views: Sequence[ViewObservation], cameras: Sequence[Camera], world_from_head: Matrix4) -> Bundle:
    """What the views say about the schema's points in the head frame, cameras held, the points still on the mean face.

    Its weights are zero exactly where a point is not usable.
    """
    schema = views[0].keypoints.schema
    landmarks = np.array(schema.landmarks)
    head_cameras = [in_head_frame(camera, world_from_head) for camera in cameras]
    measured = [
        landmark_measurements(view, np.ones(len(canonical_face().points)))  # trust comes with the keypoints
        for view in views
    ]
    confidence = np.stack([np.clip(view.keypoints.confidence, 1e-3, 1.0) for view in views])
    weights = np.stack([weight[landmarks] for _, weight in measured]) * confidence
    face = canonical_face()
    prior = face.points[landmarks]
    by_hand = np.stack([view.keypoints.state == PointState.PLACED for view in views])
    offsets = np.stack([drift(face, camera.position_in_world)[landmarks] for camera in head_cameras])
    return Bundle(
        camera_from_world=np.stack([camera.camera_from_world for camera in head_cameras]),
        log_focals=np.log([camera.fx for camera in cameras]),
        points=prior,
        offsets=np.where(by_hand[..., None], 0.0, offsets),
        pixels_px=np.stack([view.keypoints.xy_px for view in views]),
        weights=weights,
        centres_px=np.array([[camera.cx, camera.cy] for camera in cameras]),
        aspects=np.array([camera.fy / camera.fx for camera in cameras]),
        group=np.arange(len(views)),
        prior_points=prior,
        prior_weights=np.full(len(landmarks), 1 / _SHAPE_SIGMA),
        prior_log_focals=np.zeros(len(views)),
        prior_focal_weights=np.zeros(len(views)),
        free_pose=np.zeros(len(views), dtype=bool),
        free_focal=np.zeros(len(views), dtype=bool),
        outlier=float("inf"),
    )
