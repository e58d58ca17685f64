"""The fused kernels against their plain twins: in Triton's interpreter anywhere, compiled where there is a GPU."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kpnerf.core.model.keypoint_nerf import KeypointNeRF
from kpnerf.core.model.pyramid import PyramidEncoder
from kpnerf.core.render.kernel_weights import columns, geometry_weights

from ..model import scene

ROOT = Path(__file__).parents[3]
Differences = dict[str, dict[str, float]]

needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="Triton is not installed: it is made for Linux only"
)
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU to run compiled kernels on")
slow = pytest.mark.timeout(900)


def differences(how: str) -> Differences:
    """What a process of its own found (see `fused_cases`)."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.core.render.fused_cases", how],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def interpreted() -> Differences:
    """All cases in the interpreter, one after the other."""
    return differences("interpreted")


@needs_triton
@slow
@pytest.mark.parametrize("views", [1, 2, 3, 8])
def test_any_number_of_photos(interpreted: Differences, views: int) -> None:
    """Hull, density, mixtures and blended colours are the twins', also of points that no photo sees."""
    case = interpreted[f"{views} views"]

    assert 0 < case["in_hull"] < 1 and case["unseen"] > 0 and case["raw_scale"] > 0.01
    assert case["hull"] == 0
    assert case["raw"] < 1e-5
    assert case["mixtures"] < 1e-4
    assert case["blend"] < 1e-5


@needs_triton
@slow
@pytest.mark.parametrize("changed", ["smooth", "view_confidence", "prior"])
def test_other_networks(interpreted: Differences, changed: str) -> None:
    """With softplus, without the views' own confidence, without a colour of its own."""
    case = interpreted[changed]

    assert case["raw"] < 1e-5 and case["mixtures"] < 1e-4


@needs_triton
@slow
def test_marching(interpreted: Differences) -> None:
    """Rays that meet a hard surface, fog, and the hull's border see what the compiled loop on a processor sees."""
    case = interpreted["march"]

    assert case["hit"] > 20 and case["kinds"] > 1
    assert case["alpha_mean"] < 1e-3
    assert case["distance_mean"] < 1e-3
    assert case["alike"] > 0.9
    assert case["where"] < 3e-3


@needs_triton
@slow
def test_a_picture(interpreted: Differences) -> None:
    """The whole renderer on the fused field draws what it draws on the compiled one."""
    case = interpreted["picture"]

    assert case["visible"] > 0.05
    assert case["mean"] < 5e-3


@needs_triton
@slow
def test_the_compiler_takes_every_kernel() -> None:
    """To machine code, for Ampere, with no more shared memory than a graphics card at home has.

    The interpreter is blind to types that change in a loop, sizes that are not known in time, and memory.
    """
    found = differences("compiled")
    assert len(found) == 7
    assert all(0 <= kernel["shared"] <= 99 * 1024 for kernel in found.values())


@needs_triton
@needs_gpu
@slow
def test_on_the_gpu() -> None:
    """Compiled: bfloat16 to what it leaves, TF32 to what that does, rays alike, and a picture by the whole renderer."""
    found = differences("device")

    for case in (found[f"{views} views"] for views in (1, 2, 3, 8)):
        assert case["hull"] < 1e-3
        assert case["raw_mean"] < 0.02 * case["raw_scale"]
        assert case["mixtures_mean"] < 0.01
    assert found["float32"]["raw_mean"] < 5e-3 * found["float32"]["raw_scale"]
    assert found["float32"]["mixtures_mean"] < 2e-3
    assert found["march"]["alike"] > 0.9 and found["march"]["distance_mean"] < 1e-3
    assert found["picture"]["visible"] > 0.05 and found["picture"]["mean"] < 0.01


def test_padding_adds_nothing() -> None:
    """Weights are laid out in tiles whose sides are powers of two; what is added is zero."""
    model: KeypointNeRF = scene.network(3)
    low, high = PyramidEncoder.LOW, PyramidEncoder.HIGH
    weights = geometry_weights(model.geometry_head, 13, low, high, torch.float32)
    head = model.geometry_head
    layers = [*head.per_view, *head.pooled, head.compress]
    # Of the last pooled layer only the density's row is asked for.
    expected = sum(float(layer.weight.detach().abs().sum()) for layer in layers if layer is not head.pooled[2])
    confidence = float(head.per_view[3].weight[64].detach().abs().sum())

    assert [columns(count) for count in (3, 13, 16, 24, 64)] == [16, 16, 16, 32, 64]
    assert float(weights.matrices.abs().sum()) == pytest.approx(expected - confidence, rel=1e-5)
    assert (
        len(weights.matrices) == (7 * 16 + 64 + 16 + 128 + 128 + columns(high) + 64) * 128 + 3 * 64 * 64 + 2 * 64 * 32
    )
