"""A solved document whose photos show a coloured ball, and a small network with random weights."""

from dataclasses import replace

import numpy as np

from kpnerf.core.calibration import Calibration
from kpnerf.core.camera import Camera
from kpnerf.core.document import Document
from kpnerf.core.edits import apply_calibration
from kpnerf.core.keypoints import HEAD, Keypoints3D
from kpnerf.core.model.keypoint_nerf import KeypointNeRF

from .model import scene
from .staged import POINTS, staged_photo, staged_view

RADIUS = 0.02
YAWS = (-0.4, 0.0, 0.4)


def small_network(seed: int = 0) -> KeypointNeRF:
    """Sees pictures of 64 pixels a side."""
    model = scene.network(seed)
    model.config = replace(model.config, image_size=64)
    return model


def ball_document(yaws: tuple[float, ...] = YAWS, size: int = 96) -> Document:
    """Photos of a ball before the face, each from its camera; nothing in them was detected."""
    cameras = tuple(scene.camera(yaw, size) for yaw in yaws)
    views = []
    for index, (yaw, camera) in enumerate(zip(yaws, cameras, strict=True)):
        rgb, mask = _ball(camera)
        view = staged_view(f"{chr(97 + index)}.png", float(np.degrees(yaw)))
        photo = replace(staged_photo(view.name, index), rgb=rgb)
        views.append(replace(view, photo=photo, mask=mask))
    calibration = Calibration(
        cameras=cameras,
        keypoints=Keypoints3D(HEAD, POINTS, np.full(len(HEAD), len(yaws))),
        world_from_head=np.eye(4),
        residuals_px=np.zeros((len(yaws), len(HEAD))),
        residual_px=np.zeros(len(yaws)),
    )
    return apply_calibration(Document(views=tuple(views)), calibration)


def _ball(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Pixels coloured by where on the ball they are, and which of them show it."""
    y, x = np.meshgrid(np.arange(camera.height), np.arange(camera.width), indexing="ij")
    across, down = (x - camera.cx) / (camera.fx * RADIUS), (y - camera.cy) / (camera.fy * RADIUS)
    depth = np.sqrt(np.clip(1 - across**2 - down**2, 0, 1))
    normal = np.stack([across, down, -depth], axis=-1) @ camera.world_from_camera[:3, :3].T
    rgb = np.clip(128 + 100 * normal, 0, 255).astype(np.uint8)
    return rgb, (np.hypot(across, down) < 1).astype(np.float32)
