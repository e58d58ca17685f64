"""The recorded picture of an orbit: what it shows, and when there is one. A CUDA graph itself needs a GPU."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from kpnerf.core.camera import Camera
from kpnerf.core.keypoints import HEAD
from kpnerf.core.render.field import CompiledField, Field
from kpnerf.core.render.first_picture import FirstPictures, record
from kpnerf.core.render.grid import DensityGrid, Lattice, hull_of
from kpnerf.core.render.painting import Painting

from ..model import scene

SIZE = 40


@pytest.fixture(scope="module", params=[Field, CompiledField])
def ball(request: pytest.FixtureRequest) -> tuple[Field, DensityGrid]:
    """A ball in front of the photos of the scene, soft enough for rays that want several samples."""
    model = scene.network(3)
    with torch.inference_mode():
        field = request.param(model, model.encode(scene.source()), scene.keypoints())
        lattice = Lattice.over(HEAD.box, 40, field.encoded.low)
        raw = 40 * (0.07 - lattice.positions(lattice.everywhere()).norm(dim=-1))
        return field, DensityGrid.of(lattice, raw, hull_of(field, lattice), field, 0)


class Again:
    """Does with every replay what a CUDA graph does: the same work, on what is in its tensors by then."""

    def __init__(self) -> None:
        self.recorded = self.replayed = 0
        self.broken = False

    def record(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        """As `first_picture.record`."""
        self.recorded += 1
        self.work, self.values = work, work()
        return self.replay, self.values

    def replay(self) -> None:
        """Once more."""
        if self.broken:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        self.replayed += 1
        self.values.copy_(self.work())


def painted(ball: tuple[Field, DensityGrid], camera: Camera) -> Tensor:
    """The same picture, by the way that asks only where something is."""
    painting = Painting(*ball, camera, "colour", HEAD.box)
    painting.sketch(1)
    return painting.canvas.values


@torch.inference_mode()
def test_what_is_replayed_is_the_picture_of_the_new_camera(ball: tuple[Field, DensityGrid]) -> None:
    """From the second one on: recorded once, and right for every camera of that size."""
    graphs = Again()
    pictures = FirstPictures(graphs.record)

    assert pictures.draw(*ball, HEAD.box, scene.camera(0.0, SIZE)) is None
    for yaw in (0.1, 0.3, -0.4):
        drawn = pictures.draw(*ball, HEAD.box, scene.camera(yaw, SIZE))
        assert drawn is not None
        expected = painted(ball, scene.camera(yaw, SIZE))
        assert float((expected[..., 3] > 0.5).float().mean()) > 0.05
        torch.testing.assert_close(drawn, expected, atol=2e-3, rtol=1e-3)
    assert (graphs.recorded, graphs.replayed) == (1, 3)


@torch.inference_mode()
def test_what_was_recorded_is_dropped_with_what_it_was_recorded_of(ball: tuple[Field, DensityGrid]) -> None:
    """Another field, grid, window or size begins anew, and so does what was told to forget."""
    field, grid = ball
    graphs, camera = Again(), scene.camera(0.0, 16)
    pictures = FirstPictures(graphs.record)
    others = [
        (type(field)(field.model, field.encoded, field.keypoints), grid, HEAD.box, camera),
        (field, replace(grid), HEAD.box, camera),
        (field, grid, HEAD.box.grown(0.01), camera),
        (field, grid, HEAD.box, scene.camera(0.0, 18)),
    ]

    for count, other in enumerate(others):
        for expected in (False, True, True):
            assert (pictures.draw(field, grid, HEAD.box, camera) is not None) == expected
        assert pictures.draw(*other) is None
        assert graphs.recorded == count + 1
    pictures.draw(*others[-1])
    pictures.forget()
    assert pictures.draw(*others[-1]) is None


@torch.inference_mode()
@pytest.mark.parametrize("when", ["recording", "replaying"])
def test_a_card_that_cannot_is_told_once_and_asked_no_more(
    ball: tuple[Field, DensityGrid], when: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Pictures then come in the usual way, whatever else is drawn."""
    graphs = Again()
    # There is no CUDA graph where there is no GPU, so that recording fails for real.
    pictures = FirstPictures(graphs.record if when == "replaying" else record)
    graphs.broken = True
    if when == "recording" and torch.cuda.is_available():
        pytest.skip("a GPU can record")
    with caplog.at_level(logging.WARNING):
        drawn = [pictures.draw(*ball, HEAD.box, scene.camera(yaw, size)) for yaw in (0, 1, 2) for size in (16, 16)]

    assert drawn == [None] * 6
    assert len(caplog.records) == 1
    assert graphs.recorded == (when == "replaying")
