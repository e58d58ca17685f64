"""People to train on that cost nothing to make."""

from pathlib import Path

import numpy as np
import pytest

from kpnerf.core.keypoints import HEAD

from ..model import scene


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two balls of different size in the files' layout, 64² pictures from eight sides."""
    folder = tmp_path_factory.mktemp("people")
    yaws = np.linspace(-1.2, 1.2, 8)
    views = scene.source(tuple(yaws))
    for index, scale in enumerate((1.0, 0.9)):
        mask = views.masks[:, 0].numpy()
        depth = np.where(mask > 0, 1.0 - 0.09 * scale, 0).astype(np.float16)
        rgba = np.concatenate([views.images.permute(0, 2, 3, 1).numpy() * scale, mask[..., None]], axis=-1)
        landmarks = np.zeros((468, 3), np.float32)
        landmarks[list(HEAD.landmarks)] = scene.keypoints().numpy() * scale
        np.savez(
            folder / f"person_{index:05d}.npz",
            rgba=(rgba * 255).astype(np.uint8),
            depth=depth,
            intrinsics=views.intrinsics.numpy(),
            camera_from_world=views.camera_from_world.numpy(),
            landmarks=landmarks,
            yaw=yaws.astype(np.float32),
            pitch=np.zeros(8, np.float32),
            seed=index,
        )
    return folder
