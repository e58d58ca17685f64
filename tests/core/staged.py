"""A document without photographs: grey pictures, known cameras round a head, keypoints where they project."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from kpnerf.core.calibration import Calibration
from kpnerf.core.camera import Camera, orbit_camera
from kpnerf.core.canonical import canonical_face
from kpnerf.core.document import Document, DocumentView
from kpnerf.core.edits import apply_calibration
from kpnerf.core.geometry import project
from kpnerf.core.interop.transforms_json import Capture, write_capture
from kpnerf.core.keypoints import HEAD, Keypoints2D, Keypoints3D, PointState
from kpnerf.core.photo import Photo

WIDTH, HEIGHT = 320, 240
POINTS = canonical_face().points[list(HEAD.landmarks)]
"""The keypoints' true places, metres in the head frame."""


def staged_camera(yaw: float) -> Camera:
    """A camera a metre from the head, `yaw` degrees to the side."""
    return orbit_camera(
        np.deg2rad(yaw),
        0.05,
        1.0,
        target_in_world=HEAD.box.centre,
        vertical_field_of_view=np.deg2rad(30),
        width=WIDTH,
        height=HEIGHT,
    )


def staged_photo(name: str, shade: int) -> Photo:
    """A grey picture with a slope, so that no two are alike."""
    rgb = np.full((HEIGHT, WIDTH, 3), shade, dtype=np.uint8)
    rgb[..., 0] += np.arange(WIDTH, dtype=np.uint8) // 8
    return Photo(name=name, path=None, rgb=rgb, focal_px=None, sha256=hashlib.sha256(rgb.tobytes()).hexdigest())


def staged_view(name: str, yaw: float, shade: int = 80) -> DocumentView:
    """A view whose keypoints were placed exactly where the camera sees them; the camera itself is not in it.

    The detector was two pixels off, to the right and down.
    """
    pixels, _ = project(staged_camera(yaw), POINTS)
    count = len(HEAD)
    detected = Keypoints2D(
        schema=HEAD,
        xy_px=pixels + 2.0,
        state=np.full(count, PointState.DETECTED),
        confidence=np.full(count, 0.9),
        occluded=np.zeros(count, dtype=bool),
    )
    keypoints = replace(detected, xy_px=pixels, state=np.full(count, PointState.PLACED))
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    mask[20:220, 60:260] = np.float32(200) / np.float32(255)
    return DocumentView(
        photo=staged_photo(name, shade), mask=mask, landmarks_px=None, detected=detected, keypoints=keypoints
    )


def staged_document(yaws: tuple[float, ...] = (-30.0, 0.0, 30.0)) -> Document:
    """A solved document; its views are called a.png, b.png, c.png, …"""
    views = tuple(staged_view(f"{chr(97 + i)}.png", yaw, 60 + 20 * i) for i, yaw in enumerate(yaws))
    calibration = Calibration(
        cameras=tuple(staged_camera(yaw) for yaw in yaws),
        keypoints=Keypoints3D(HEAD, POINTS, np.full(len(HEAD), len(yaws))),
        world_from_head=np.eye(4),
        residuals_px=np.zeros((len(yaws), len(HEAD))),
        residual_px=np.zeros(len(yaws)),
    )
    return apply_calibration(Document(views=views), calibration)


def staged_capture(folder: Path) -> Path:
    """A capture folder of the staged document, its keypoints given."""
    views = staged_document().views
    places = tuple(
        {name: (float(x), float(y)) for name, (x, y) in zip(HEAD.names, view.keypoints.xy_px, strict=True)}
        for view in views
    )
    photos, masks = tuple(view.photo for view in views), tuple(view.mask for view in views)
    write_capture(folder, Capture(photos, tuple(view.camera for view in views), masks, places))
    return folder
