"""Our network with published weights against numbers that the published implementation computed."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from kpnerf.core.model.checkpoint import read_published
from kpnerf.core.model.keypoint_nerf import KeypointNeRF
from kpnerf.core.model.views import EncodedViews, SourceViews
from kpnerf.core.render.reference import RayColours, render_rays
from kpnerf.core.render.sampling import ray_box

FOLDER = Path(os.environ.get("KPNERF_ORACLE", Path(__file__).parents[4] / "shared" / "oracle"))
NEEDED = ("scene.npz", "expected.npz", "make_checkpoint.py", "keys.txt")

pytestmark = pytest.mark.skipif(
    not all((FOLDER / name).is_file() for name in NEEDED),
    reason=f"no oracle in {FOLDER}: name its folder in KPNERF_ORACLE",
)


@dataclass(frozen=True, eq=False)
class Oracle:
    """Scene, expectation and what our network makes of the scene."""

    model: KeypointNeRF
    encoded: EncodedViews
    keypoints: torch.Tensor
    expected: dict[str, np.ndarray]
    scene: dict[str, np.ndarray]


def tensor(array: np.ndarray) -> torch.Tensor:
    """Float32 on the CPU."""
    return torch.from_numpy(np.asarray(array)).float()


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """The made-up checkpoint read as a published one, and the scene encoded."""
    scene, expected = (dict(np.load(FOLDER / name)) for name in ("scene.npz", "expected.npz"))
    checkpoint = tmp_path_factory.mktemp("oracle") / "official.ckpt"
    options = {name: str(expected[key].item()) for name, key in (
        ("--seed", "seed"), ("--density-scale", "density_scale"), ("--density-shift", "density_shift"),
    )}  # fmt: skip
    command = [sys.executable, str(FOLDER / "make_checkpoint.py"), str(FOLDER / "keys.txt"), str(checkpoint)]
    subprocess.run(command + [part for pair in options.items() for part in pair], check=True)
    model = read_published(checkpoint)
    poses = torch.eye(4).repeat(3, 1, 1)
    poses[:, :3] = tensor(scene["Rt"])
    size = float(scene["width"]) - 1
    source = SourceViews(
        images=tensor(scene["images_u8"]).permute(0, 3, 1, 2) / 255,
        masks=(tensor(scene["masks_u8"])[:, None] > 0).float(),
        intrinsics=tensor(scene["K"]),
        camera_from_world=poses,
        near_far=torch.tensor([[float(scene["znear"]), float(scene["zfar"])]] * 3),
        bounds=torch.tensor([[0.0, 0.0, size, size]] * 3),
    )
    with torch.inference_mode():
        encoded = model.encode(source)
    return Oracle(model, encoded, tensor(scene["kpt3d"]), expected, scene)


@pytest.mark.parametrize(
    ("ours", "theirs", "step"),
    [("low", "geometry_features_low", 8), ("high", "geometry_features_high", 32), ("texture", "texture_features", 16)],
)
def test_feature_maps(oracle: Oracle, ours: str, theirs: str, step: int) -> None:
    """Every feature map agrees to 1e-4."""
    maps = getattr(oracle.encoded, ours)[:, :, ::step, ::step].numpy()

    np.testing.assert_allclose(maps, oracle.expected[theirs], atol=1e-4, rtol=0)


def test_samples(oracle: Oracle) -> None:
    """Hull membership is the same; raw density agrees to 5e-3 and colour to 5e-5 wherever a sample is valid."""
    points, directions = (tensor(oracle.expected[name]) for name in ("points", "view_directions"))
    with torch.inference_mode():
        rgb, raw, hull = oracle.model.query(oracle.encoded, oracle.keypoints, points, directions)
    valid = oracle.expected["valid"]

    np.testing.assert_array_equal(hull.numpy(), valid)
    np.testing.assert_allclose(raw.numpy()[valid], oracle.expected["raw_density"][valid], atol=5e-3, rtol=0)
    np.testing.assert_allclose(rgb.numpy()[valid], oracle.expected["rgb"][valid], atol=5e-5, rtol=0)


@pytest.fixture(scope="module")
def rays(oracle: Oracle) -> tuple[RayColours, torch.Tensor]:
    """The target at 64² by our reference renderer, and which of its pixels meet the subject's box."""
    intrinsics, pose = oracle.expected["render_K"], oracle.scene["target_Rt"].astype(np.float64)
    y, x = np.meshgrid(np.arange(64), np.arange(64), indexing="ij")
    slope = [(x - intrinsics[0, 2]) / intrinsics[0, 0], (y - intrinsics[1, 2]) / intrinsics[1, 1], np.ones_like(x)]
    directions = np.stack(slope, axis=-1).reshape(-1, 3) @ pose[:, :3]
    directions = tensor(directions / np.linalg.norm(directions, axis=-1, keepdims=True))
    origin = tensor(-pose[:, :3].T @ pose[:, 3])
    lower, upper = tensor(oracle.scene["bounds"])
    near, far, hit = ray_box(origin, directions, lower - 0.01, upper + 0.01)
    with torch.inference_mode():
        colours = render_rays(
            oracle.model, oracle.encoded, oracle.keypoints, origin, directions[hit], near[hit], far[hit]
        )
    return colours, hit


@pytest.mark.parametrize(
    ("ours", "theirs", "tolerance"),
    [
        ("rgb", "render_rgb", 1e-3),
        ("alpha", "render_alpha", 2e-3),
        ("distance", "render_depth", 5e-3),
        ("coarse_rgb", "render_rgb_coarse", 1e-3),
    ],
)
def test_rendering(
    oracle: Oracle, rays: tuple[RayColours, torch.Tensor], ours: str, theirs: str, tolerance: float
) -> None:
    """99.9 % of the rendered values agree within what float32 itself is uncertain by."""
    colours, hit = rays
    expected = oracle.expected[theirs]
    values = getattr(colours, ours).reshape(int(hit.sum()), -1)
    picture = torch.zeros(64 * 64, values.shape[1])
    picture[hit] = values
    error = np.abs(picture.T.reshape(expected.shape).numpy() - expected)

    assert np.quantile(error, 0.999) <= tolerance


def test_another_layer_order_would_show(oracle: Oracle) -> None:
    """The comparison is sharp: swapping two equally shaped layers of the colour head moves colour beyond tolerance."""
    points, directions = (tensor(oracle.expected[name]) for name in ("points", "view_directions"))
    first, second = oracle.model.colour_head.visibility1[0], oracle.model.colour_head.visibility2[0]
    with torch.inference_mode():
        first.weight.data, second.weight.data = second.weight.data, first.weight.data
        rgb, _, _ = oracle.model.query(oracle.encoded, oracle.keypoints, points, directions)
        first.weight.data, second.weight.data = second.weight.data, first.weight.data
    valid = oracle.expected["valid"]

    assert np.abs(rgb.numpy()[valid] - oracle.expected["rgb"][valid]).max() > 5e-4
