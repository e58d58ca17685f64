"""Frames and bars of photos: found where they are, and taken for nothing that the camera saw."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.core.borders import content_of, known_part
from kpnerf.core.crops import crop_views
from kpnerf.core.photo import Photo

from .staged import staged_document

HEIGHT, WIDTH = 60, 80


def picture(seed: int = 0) -> np.ndarray:
    """Noise in all colours but the darkest and the lightest."""
    return np.random.default_rng(seed).integers(70, 190, (HEIGHT, WIDTH, 3)).astype(np.uint8)


@given(st.tuples(*[st.integers(0, 12)] * 4), st.sampled_from([0, 250]), st.booleans())
def test_bars_on_any_side_are_found(bars: tuple[int, int, int, int], level: int, blurred: bool) -> None:
    """Exactly, but for lines that scaling has mixed from both and for as many to be sure of it."""
    left, top, right, bottom = bars
    rgb = picture()
    inner = rgb[top : HEIGHT - bottom, left : WIDTH - right].copy()
    rgb[:] = level
    rgb[top : HEIGHT - bottom, left : WIDTH - right] = inner
    if blurred:
        rgb[top : top + 1] = rgb[top : top + 1] // 2 + level // 2
    found = content_of(rgb)
    expected = left, top, WIDTH - right, HEIGHT - bottom
    spare = [
        (found[0] - left) if left else 0,
        found[1] - top if top else 0,
        expected[2] - found[2],
        expected[3] - found[3],
    ]

    assert all(0 <= lines <= 3 for lines in spare)
    assert all(at == edge for at, edge, bar in zip(found, (0, 0, WIDTH, HEIGHT), bars, strict=True) if bar == 0)


def test_a_frame_within_a_frame_is_one() -> None:
    """A white one round a black line."""
    rgb = picture()
    rgb[:7], rgb[-7:], rgb[:, :7], rgb[:, -7:] = 0, 0, 0, 0
    rgb[:5], rgb[-5:], rgb[:, :5], rgb[:, -5:] = 255, 255, 255, 255
    left, top, right, bottom = content_of(rgb)

    assert all(7 <= lines <= 11 for lines in (left, top, WIDTH - right, HEIGHT - bottom))


def test_a_backdrop_is_no_border() -> None:
    """A person before a plain wall, a wall alone, a horizon that is not level, and a picture of noise stay whole."""
    wall = np.full((HEIGHT, WIDTH, 3), 240, np.uint8)
    person = wall.copy()
    person[20:, 25:55] = picture()[20:, 25:55]
    slope = wall.copy()
    slope[(np.arange(HEIGHT)[:, None] > 15 + np.arange(WIDTH) // 8)] = 40

    for rgb in (wall, person, slope, picture()):
        assert content_of(rgb) == (0, 0, WIDTH, HEIGHT)


def test_nobody_goes_on_beyond_an_edge_that_is_empty() -> None:
    """Where the person touches an edge, or below, nothing is known beyond; of a photo of nobody, on any side."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    nobody = known_part(mask, (2, 3, WIDTH - 4, HEIGHT - 5))
    mask[20:, 30:50] = 1
    alone = known_part(mask, (0, 0, WIDTH, HEIGHT))
    mask[50:, 30:] = 1
    shoulder = known_part(mask, (0, 0, WIDTH, HEIGHT))
    cut = known_part(mask, (10, 25, 45, HEIGHT))

    assert nobody == (2, 3, WIDTH - 5, HEIGHT - 6)
    assert alone == (-np.inf, -np.inf, np.inf, HEIGHT - 1)
    assert shoulder == (-np.inf, -np.inf, WIDTH - 1, HEIGHT - 1)
    assert cut == (-np.inf, 25, 44, HEIGHT - 1)


@pytest.mark.parametrize("level", [0, 255])
def test_a_frame_is_outside_the_photo_for_the_network(level: int) -> None:
    """Crops end where the picture in the frame does, and nothing in them has the frame's colour."""
    document = staged_document()
    view = document.views[0]
    rgb = np.random.default_rng(1).integers(70, 190, view.photo.rgb.shape).astype(np.uint8)
    rgb[-6:], rgb[:, :4] = level, level
    photo = Photo(view.photo.name, None, rgb, None, "")
    close = replace(view.camera, fx=2.5 * view.camera.fx, fy=2.5 * view.camera.fy)
    whole = replace(view, photo=photo, mask=np.ones(rgb.shape[:2], np.float32), landmarks_px=None, camera=close)
    calibration = replace(document.calibration, cameras=(close, *document.calibration.cameras[1:]))
    document = replace(document, views=(whole, *document.views[1:]), calibration=calibration)
    crop = crop_views(document, 128)[0]
    scale = crop.camera.fx / close.fx
    left, bottom = (np.array([crop.bounds[0], crop.bounds[3]]) - [crop.camera.cx, crop.camera.cy]) / scale
    shown = 255 * crop.image[crop.mask > 0.999]

    assert 4 <= left + close.cx + 0.5 < 8 and 6 <= rgb.shape[0] - 0.5 - (bottom + close.cy) < 10
    assert len(shown) > 1000 and 60 < shown.min() and shown.max() < 200
