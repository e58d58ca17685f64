"""A tiny scene for tests of the network and the renderer: a ball seen by a few cameras, small random weights."""

from dataclasses import replace

import numpy as np
import torch

from kpnerf.core.camera import Camera, orbit_camera
from kpnerf.core.keypoints import HEAD
from kpnerf.core.model.keypoint_nerf import KeypointNeRF, ModelConfig
from kpnerf.core.model.views import SourceViews
from kpnerf.core.subject import depth_range

RADIUS = 0.1
CONFIG = ModelConfig(keypoints=13, sigma=0.05, encoder="pyramid", encoder_size=64)


def camera(yaw: float, size: int = 64) -> Camera:
    """A camera a metre from the head's origin."""
    return orbit_camera(
        yaw, 0.05, 1.0, target_in_world=np.zeros(3), vertical_field_of_view=0.5, width=size, height=size
    )


def keypoints() -> torch.Tensor:
    """Thirteen points on the ball, the same in every run."""
    points = np.random.default_rng(0).normal(size=(len(HEAD), 3))
    return torch.from_numpy(RADIUS * points / np.linalg.norm(points, axis=1, keepdims=True)).float()


def source(yaws: tuple[float, ...] = (-0.5, 0.0, 0.5), size: int = 64) -> SourceViews:
    """Pictures of a coloured ball of 10 cm radius round the head's origin."""
    cameras = [camera(yaw, size) for yaw in yaws]
    images, masks = [], []
    for view in cameras:
        y, x = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
        # A ball's outline is nearly this circle; the tests need no more.
        mask = np.hypot(x - view.cx, y - view.cy) < view.fx * RADIUS
        images.append(np.stack([x / size, y / size, 0.5 + 0 * x]) * mask)
        masks.append(mask[None])

    def tensor(arrays: list[np.ndarray]) -> torch.Tensor:
        return torch.from_numpy(np.stack(arrays).astype(np.float32))

    return SourceViews(
        images=tensor(images),
        masks=tensor(masks),
        intrinsics=tensor([view.intrinsics for view in cameras]),
        camera_from_world=tensor([view.camera_from_world for view in cameras]),
        near_far=tensor([np.array(depth_range(view.camera_from_world, HEAD.box)) for view in cameras]),
        bounds=torch.tensor([[0.0, 0.0, size - 1.0, size - 1.0]] * len(cameras)),
    )


def network(seed: int = 0, **changes: bool) -> KeypointNeRF:
    """A head network with random weights."""
    torch.manual_seed(seed)
    return KeypointNeRF(replace(CONFIG, **changes)).eval()
