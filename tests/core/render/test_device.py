"""Pictures on another device than the processor, without such a device."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from kpnerf.core.render.field import Field
from kpnerf.core.render.tiles import LEAST, TiledField, in_tiles
from kpnerf.core.render.transfer import to_host

from ..model import scene


@pytest.mark.timeout(600)
def test_the_renderer_on_a_device_that_only_pretends() -> None:
    """Encoding, every view mode, the reference and every explanation are the processor's, where tensors of two devices
    in one operation are refused; and pictures are copied back only to be shown.
    """
    ran = subprocess.run(
        [sys.executable, "-m", "tests.core.render.on_a_device"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    found = json.loads(ran.stdout.splitlines()[-1])

    assert set(found["refused"]) == {"two devices", "numpy", "index"}
    assert found["field"] == "TiledField"
    assert found["encoding"] < 1e-5 and found["reference"] < 1e-5
    assert len(found["explained"]) > 4 and max(found["explained"].values()) < 1e-5
    for mode in ("colour", "normal", "depth"):
        assert max(found[mode]["errors"]) < 1e-5
        assert min(found[mode]["visible"]) > 0.05
    # Asking the network never waits for the device: numbers stay there until they are shown or counted.
    asking = ("field.", "tiles.", "keypoint_nerf.", "heads.", "spatial.")
    assert not [why for why in found["colour"]["waits"] if why.split(" in ")[1].startswith(asking)]


def test_too_little_memory_makes_tiles_smaller() -> None:
    """A tile that does not fit is done again in halves; nothing is left out, nothing done twice."""
    done: list[tuple[int, int]] = []

    def work(begin: int, end: int) -> None:
        if end - begin > 2500:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        done.append((begin, end))

    rows = in_tiles(10_000, 8192, work)

    assert rows == 2048
    assert done == [(begin, min(begin + 2048, 10_000)) for begin in range(0, 10_000, 2048)]


def test_no_memory_at_all_is_no_question_of_tiles() -> None:
    """Where not even a small tile fits, whoever asked has to go elsewhere."""

    def work(begin: int, end: int) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(torch.OutOfMemoryError):
        in_tiles(10 * LEAST, 4 * LEAST, work)


@torch.inference_mode()
def test_a_field_that_runs_out_of_memory_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers as if nothing had been, and remembers what fits."""
    model, source, keypoints = scene.network(3), scene.source(), scene.keypoints()
    encoded = model.encode(source)
    points = 0.1 * torch.randn(3000, 3, generator=torch.Generator().manual_seed(0))
    directions = torch.nn.functional.normalize(points, dim=-1)
    plain, tiled = Field(model, encoded, keypoints), TiledField(model, encoded, keypoints, tile=4096)
    raw, mixtures = plain.raw_density(points), plain.mixtures(points, directions)
    answer, asked = model.geometry, []

    def once(*arguments: object) -> tuple[torch.Tensor, torch.Tensor]:
        asked.append(len(arguments[2]))  # type: ignore[arg-type]
        if len(asked) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return answer(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "geometry", once)

    torch.testing.assert_close(tiled.raw_density(points), raw, atol=1e-4, rtol=1e-2)
    torch.testing.assert_close(tiled.mixtures(points, directions), mixtures, atol=1e-3, rtol=1e-2)
    assert tiled.tile == 2048
    assert max(asked[1:]) <= 2048


def test_pictures_of_the_processor_are_not_copied() -> None:
    """Arrays share the tensors' memory where it is the processor's, whatever their layout."""
    picture, distance = torch.rand(3, 4, 4), torch.rand(4, 3).T
    arrays = to_host(picture, distance)

    assert np.shares_memory(arrays[0], picture.numpy())
    np.testing.assert_array_equal(arrays[1], distance.numpy())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU to copy from")
def test_pictures_of_a_gpu_are_copied() -> None:
    """What the device computed last is in them."""
    picture = torch.rand(64, 64, 4, device="cuda")
    (array,) = to_host(picture.sin())

    np.testing.assert_allclose(array, np.sin(picture.cpu().numpy()), atol=1e-6)
