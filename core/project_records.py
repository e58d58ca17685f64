"""The parts of a document as JSON records, and back; `project_file` puts them into an archive.

Records name their fields as the values in Python do. A number that is not there is null.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from .calibration import Calibration
from .camera import Camera
from .camera_path import CameraPath, KeyView
from .document import Document, DocumentView, RenderSettings
from .keypoints import Keypoints2D, Keypoints3D, KeypointSchema, PointState
from .photo import Photo
from .refinement import Refinement
from .world_scale import KnownDistance

Record = dict[str, Any]


def document_record(document: Document, photos: Sequence[Record]) -> Record:
    """All of a document but pixels, landmarks and refinement; `photos` are the records of its photos, in order."""
    return {
        "kind": document.schema.name,
        "settings": settings_record(document.settings),
        "views": [view_record(view) | {"photo": photo} for view, photo in zip(document.views, photos, strict=True)],
        "calibration": None if document.calibration is None else calibration_record(document.calibration),
        "known_distance": None if document.known_distance is None else asdict(document.known_distance),
        "camera_path": asdict(document.camera_path),
    }


def document_from_record(
    record: Record, views: Sequence[DocumentView], refinement: Refinement | None = None
) -> Document:
    """The inverse of `document_record`, with the parts that are kept elsewhere.

    `views` are what `view_from_record` made of its views.
    """
    return Document(
        views=tuple(views),
        calibration=calibration_from_record(record["calibration"], views),
        settings=settings_from_record(record["settings"]),
        known_distance=known_distance_from_record(record.get("known_distance")),
        refinement=refinement,
        camera_path=camera_path_from_record(record["camera_path"]),
    )


def settings_record(settings: RenderSettings) -> Record:
    """The drawing of the avatar."""
    return asdict(settings)


def settings_from_record(record: Record) -> RenderSettings:
    """The inverse of `settings_record`."""
    background = record["background"]
    return RenderSettings(**{**record, "background": None if background is None else tuple(background)})


def known_distance_from_record(record: Record | None) -> KnownDistance | None:
    """The inverse of `asdict`; files from before there were any have none."""
    return None if record is None else KnownDistance(**record)


def camera_path_from_record(record: Record) -> CameraPath:
    """The inverse of `asdict`."""
    views = [KeyView(**{**view, "target": tuple(view["target"])}) for view in record["views"]]
    return CameraPath(**{**record, "views": tuple(views)})


def camera_record(camera: Camera) -> Record:
    """A camera in the program's own convention: OpenCV axes, metres, pixel centres."""
    return {
        "fx": camera.fx,
        "fy": camera.fy,
        "cx": camera.cx,
        "cy": camera.cy,
        "width": camera.width,
        "height": camera.height,
        "world_from_camera": camera.world_from_camera.tolist(),
    }


def camera_from_record(record: Record) -> Camera:
    """The inverse of `camera_record`."""
    return Camera(**{**record, "world_from_camera": np.array(record["world_from_camera"], dtype=np.float64)})


def keypoints_record(keypoints: Keypoints2D) -> Record:
    """The points of a picture, by name."""
    return {
        name: {
            "xy_px": keypoints.xy_px[index].tolist(),
            "state": PointState(int(keypoints.state[index])).name.lower(),
            "confidence": float(keypoints.confidence[index]),
            "occluded": bool(keypoints.occluded[index]),
        }
        for index, name in enumerate(keypoints.schema.names)
    }


def keypoints_from_record(record: Record, schema: KeypointSchema) -> Keypoints2D:
    """The inverse of `keypoints_record`."""
    points = [record[name] for name in schema.names]
    return Keypoints2D(
        schema=schema,
        xy_px=np.array([point["xy_px"] for point in points], dtype=np.float64),
        state=np.array([PointState[point["state"].upper()] for point in points], dtype=np.int64),
        confidence=np.array([point["confidence"] for point in points], dtype=np.float64),
        occluded=np.array([point["occluded"] for point in points], dtype=bool),
    )


def view_record(view: DocumentView) -> Record:
    """A view without its photo, mask and landmarks."""
    return {
        "detected": keypoints_record(view.detected),
        "keypoints": keypoints_record(view.keypoints),
        "camera": None if view.camera is None else camera_record(view.camera),
        "focal_px": view.focal_px,
        "lock_pose": view.lock_pose,
        "lock_focal": view.lock_focal,
        "lock_centre": view.lock_centre,
        "held_out": view.held_out,
        "distortion": view.distortion,
        "as_loaded": None if view.as_loaded is None else view_record(view.as_loaded),
    }


def view_from_record(
    record: Record,
    photo: Photo,
    mask: np.ndarray,
    landmarks_px: np.ndarray | None,
    schema: KeypointSchema,
    detected_mask: np.ndarray | None = None,
    as_loaded: DocumentView | None = None,
) -> DocumentView:
    """The inverse of `view_record`, with the parts that are kept elsewhere."""
    return DocumentView(
        photo=photo,
        mask=mask,
        landmarks_px=landmarks_px,
        detected=keypoints_from_record(record["detected"], schema),
        keypoints=keypoints_from_record(record["keypoints"], schema),
        camera=None if record["camera"] is None else camera_from_record(record["camera"]),
        focal_px=record["focal_px"],
        lock_pose=record["lock_pose"],
        lock_focal=record["lock_focal"],
        lock_centre=record.get("lock_centre", False),
        held_out=record["held_out"],
        detected_mask=detected_mask,
        distortion=record["distortion"],
        as_loaded=as_loaded,
    )


def calibration_record(calibration: Calibration) -> Record:
    """A calibration without its cameras, which are the views'."""
    keypoints = calibration.keypoints
    return {
        "keypoints_in_head": dict(zip(keypoints.schema.names, keypoints.xyz.tolist(), strict=True)),
        "views_of_keypoint": keypoints.views.tolist(),
        "world_from_head": calibration.world_from_head.tolist(),
        "residuals_px": _nulls(calibration.residuals_px),
        "residual_px": _nulls(calibration.residual_px),
        "warnings": list(calibration.warnings),
    }


def calibration_from_record(record: Record | None, views: Sequence[DocumentView]) -> Calibration | None:
    """The inverse of `calibration_record`, with the views' cameras; null is no calibration."""
    if record is None:
        return None
    cameras = tuple(view.camera for view in views if view.camera is not None)
    schema = views[0].keypoints.schema
    xyz = [record["keypoints_in_head"][name] for name in schema.names]
    return Calibration(
        cameras=cameras,
        keypoints=Keypoints3D(schema, np.array(xyz), np.array(record["views_of_keypoint"], dtype=np.int64)),
        world_from_head=np.array(record["world_from_head"], dtype=np.float64),
        residuals_px=np.array(record["residuals_px"], dtype=np.float64),
        residual_px=np.array(record["residual_px"], dtype=np.float64),
        warnings=tuple(record["warnings"]),
    )


def _nulls(numbers: np.ndarray) -> list:
    """Nested lists with None for NaN, which JSON does not have; numpy reads None back as NaN."""
    nested = numbers.astype(object)
    nested[~np.isfinite(numbers)] = None
    return nested.tolist()
