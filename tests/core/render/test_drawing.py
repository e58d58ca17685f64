"""A picture from its first level to its last sample: nothing shifts, edges get smooth, and the focus comes first."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from kpnerf.core.keypoints import HEAD
from kpnerf.core.render.drawing import Drawing, Frame, RenderRequest, offsets
from kpnerf.core.render.field import CompiledField, Field
from kpnerf.core.render.grid import DensityGrid, Lattice, hull_of
from kpnerf.core.render.lattices import SIDE, Focus, nowhere
from kpnerf.core.render.painting import Painting
from kpnerf.core.render.pieces import never

from ..model import scene

SIZE = 128


@pytest.fixture(scope="module")
def ball() -> tuple[Field, DensityGrid]:
    """A hard ball, 14 cm across, in front of the three photos of the scene."""
    model = scene.network(3)
    with torch.inference_mode():
        field = Field.of(model, model.encode(scene.source()), scene.keypoints())
        lattice = Lattice.over(HEAD.box, 96, field.encoded.low)
        raw = 600 * (0.07 - lattice.positions(lattice.everywhere()).norm(dim=-1))
        return field, DensityGrid.of(lattice, raw, hull_of(field, lattice), field, 0)


def request(field: Field, size: int = SIZE, **changes: object) -> RenderRequest:
    """The ball from between two photos."""
    asked = RenderRequest(field.encoded, field.keypoints, HEAD.box, HEAD.box, scene.camera(0.2, size))
    return replace(asked, **changes)  # type: ignore[arg-type]


@torch.inference_mode()
def frames(
    ball: tuple[Field, DensityGrid], asked: RenderRequest, focus: Focus = nowhere, side: int = SIDE
) -> Iterator[Frame]:
    """Pictures of it, sketch, levels and further samples."""
    drawing = Drawing(asked, Painting(*ball, asked.camera, asked.mode, asked.window), 0, never, focus=focus, side=side)
    yield from drawing.sketch()
    yield from drawing.levels(1, 0.0, 0.5)
    yield from drawing.further_samples(offsets(asked.samples_per_pixel), 0.5)


def over_black(frame: Frame) -> np.ndarray:
    """Premultiplied colours and alpha."""
    return np.concatenate([frame.rgba[..., :3] * frame.rgba[..., 3:], frame.rgba[..., 3:]], axis=-1)


def centre(picture: np.ndarray) -> np.ndarray:
    """Where the middle of what is opaque lies, pixels."""
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    alpha = picture[..., 3]
    return np.array([(alpha * x).sum(), (alpha * y).sum()]) / alpha.sum()


@pytest.mark.parametrize("samples", [1, 2, 5, 8, 9])
def test_offsets_stay_in_the_pixel_and_mean_nothing(samples: int) -> None:
    """With the first sample they are as many as asked for, or one more; pair by pair nothing shifts."""
    found = np.array(offsets(samples)).reshape(-1, 2)

    assert len(found) + 1 in (samples, samples + 1)
    assert np.abs(found).max(initial=0) <= 0.5
    np.testing.assert_allclose(found[0::2] + found[1::2], 0, atol=1e-12)
    assert len({tuple(row) for row in found.round(6)}) == len(found)


def test_no_level_and_no_sample_shifts_the_picture(ball: tuple[Field, DensityGrid]) -> None:
    """The ball's middle stays within a twentieth of a pixel, from the first level to the mean of nine samples."""
    centres = np.array([centre(over_black(frame)) for frame in frames(ball, request(ball[0], samples_per_pixel=9))])

    assert len(centres) >= 3 + 4
    assert np.abs(centres - centres.mean(axis=0)).max() < 0.05


def test_more_samples_come_nearer_to_a_picture_four_times_as_large(ball: tuple[Field, DensityGrid]) -> None:
    """Averaged over blocks of 4 x 4 pixels, that is what a pixel should show: the error falls with each pair."""
    *_, large = frames(ball, request(ball[0], 4 * SIZE))
    truth = over_black(large).reshape(SIZE, 4, SIZE, 4, 4).mean(axis=(1, 3))
    *_, one, three, five = frames(ball, request(ball[0], samples_per_pixel=5))
    errors = [float(np.square(over_black(frame) - truth).mean()) for frame in (one, three, five)]

    assert isinstance(ball[0], CompiledField)
    assert errors[1] < 0.7 * errors[0]
    assert errors[2] < 0.7 * errors[1]


def test_what_is_looked_at_gets_better_first(ball: tuple[Field, DensityGrid], monkeypatch: pytest.MonkeyPatch) -> None:
    """Half way through the last level the focus shows its final pixels, the far corner not yet."""
    monkeypatch.setattr("kpnerf.core.render.drawing.SHOW_EVERY", 0.0)
    monkeypatch.setattr("kpnerf.core.render.drawing.SHOW_SHARE", 1e9)
    pictures = [over_black(frame) for frame in frames(ball, request(ball[0]), focus=lambda: (86.0, 64.0), side=32)]
    near, far = np.s_[64:80, 70:96], np.s_[48:80, 32:52]
    when = [
        min(index for index, picture in enumerate(pictures) if np.array_equal(picture[part], pictures[-1][part]))
        for part in (near, far)
    ]

    assert when[0] < when[1]
