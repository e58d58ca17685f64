"""Exposure and white balance, matched by skin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.core.commands.bench import sample_photos
from kpnerf.core.detection import detect
from kpnerf.core.exposure import LARGEST, matching_gains
from kpnerf.core.photo import load_photo

gain = st.floats(0.75, 1.3)


def face(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A blotchy picture and places on it."""
    rng = np.random.default_rng(seed)
    blotches = rng.uniform(70, 150, (12, 12, 3)).repeat(20, axis=0).repeat(20, axis=1)
    return blotches.astype(np.uint8), rng.uniform(30, 210, (300, 2))


@given(red=gain, green=gain, blue=gain)
def test_a_gain_is_found_and_taken_back(red: float, green: float, blue: float) -> None:
    """One photo's channels multiplied: after matching both have the same colours, and their mean is kept."""
    rgb, places = face()
    other = np.rint(rgb * np.array([red, green, blue])).astype(np.uint8)
    gains = matching_gains([rgb, other], [places, places])

    assert gains[0] / gains[1] == pytest.approx([red, green, blue], rel=0.02)
    assert gains.prod(axis=0) == pytest.approx(1, abs=1e-6)


def test_what_few_landmarks_say_does_not_count() -> None:
    """A third of the face in another colour (hidden, or shining) changes nothing."""
    rgb, places = face()
    other = rgb.copy()
    other[:, :80] = 230

    assert matching_gains([rgb, other], [places, places]) == pytest.approx(np.ones((2, 3)), abs=0.02)


def test_photos_that_say_nothing_keep_their_colours() -> None:
    """No face, one photo, a black picture, landmarks beyond the edge."""
    rgb, places = face()

    assert (matching_gains([rgb], [places]) == 1).all()
    assert (matching_gains([rgb, rgb], [places, None]) == 1).all()
    assert (matching_gains([rgb, 0 * rgb], [places, places]) == 1).all()
    assert (matching_gains([rgb, rgb], [places, places + 5000]) == 1).all()


def test_never_beyond_reason() -> None:
    """A photo five times darker is not multiplied by five."""
    rgb, places = face()
    gains = matching_gains([rgb, rgb // 5], [places, places])

    assert np.abs(np.log(gains)).max() <= LARGEST + 1e-9


def test_real_photographs_of_one_person() -> None:
    """The sample's photos, one of them made darker and warmer: the change is found through the real detector."""
    photos = [load_photo(path) for path in sample_photos()]
    landmarks = [detect(photo).landmarks_px for photo in photos]
    before = matching_gains([photo.rgb for photo in photos], landmarks)
    warm = np.array([0.9, 0.8, 0.7])
    pictures = [photos[0].rgb, (photos[1].rgb * warm).astype(np.uint8), photos[2].rgb]
    after = matching_gains(pictures, landmarks)

    assert np.abs(np.log(before)).max() < 0.15
    change = (after / before)[1] / (after / before)[0]
    assert change == pytest.approx(1 / warm, rel=0.05)
