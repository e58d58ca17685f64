"""What is said of photos whose faces do not keep still."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.calibration import calibrate
from kpnerf.core.observation import ViewObservation

from .seen_faces import nobody, person, photos_of

MOUTH = ((13, 14), (10, 152))
EYES = ((159, 145), (33, 133)), ((386, 374), (362, 263))


def opened(view: ViewObservation, pair: tuple[int, int], across: tuple[int, int], share: float) -> ViewObservation:
    """With two landmarks so far apart, as a share of the distance of two others."""
    landmarks = np.array(view.landmarks_px)
    up, down = pair
    middle, height = (landmarks[up] + landmarks[down]) / 2, np.linalg.norm(np.diff(landmarks[list(across)], axis=0))
    landmarks[up], landmarks[down] = middle - [0, share * height / 2], middle + [0, share * height / 2]
    return replace(view, landmarks_px=landmarks)


def looking(view: ViewObservation, *, mouth: float = 0.0, eyes: tuple[float, float] = (0.35, 0.35)) -> ViewObservation:
    """A face with its mouth and either eye so far open."""
    view = opened(view, *MOUTH, mouth)
    for (lids, corners), share in zip(EYES, eyes, strict=True):
        view = opened(view, lids, corners, share)
    return view


def told(*views: ViewObservation) -> list[str]:
    """The sentences about expressions."""
    return [sentence for sentence in calibrate(views).warnings if "expression" in sentence]


@pytest.mark.parametrize("mouth", [0.0, 0.12])
def test_one_expression_is_worth_no_word(mouth):
    """Whatever it is, and beside a photo that shows nobody."""
    views = [looking(view, mouth=mouth) for view in photos_of(person(), -30, 0, 30)]

    assert not told(*views)
    assert not told(views[0], nobody(), views[2])
    assert not told(views[0])


def test_an_open_mouth_beside_a_closed_one_is_told():
    """Of the widest and the most closed, by their names."""
    left, front, right = photos_of(person(), -30, 0, 30)
    (sentence,) = told(looking(left, mouth=0.09), looking(front, mouth=0.01), looking(right, mouth=0.2))

    assert sentence.startswith("The mouth is open in 2.jpg and closed in 1.jpg:")


def test_closed_eyes_are_told_but_not_a_wink():
    """Of a wink the other eye is as open as ever."""
    left, right = photos_of(person(), -20, 20)
    (sentence,) = told(looking(left, eyes=(0.1, 0.05)), looking(right))

    assert sentence.startswith("The eyes are open in 1.jpg and closed in 0.jpg:")
    assert not told(looking(left, eyes=(0.35, 0.05)), looking(right))
