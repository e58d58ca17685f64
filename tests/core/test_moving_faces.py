"""Cameras of painted faces that hold still between photos, and of faces that move as people's do."""

import numpy as np
import pytest

from kpnerf.core.calibration import calibrate
from kpnerf.core.canonical import canonical_face
from kpnerf.core.geometry import project
from kpnerf.core.observation import ViewObservation

from .painted_face import SIZE, camera, photo_of
from .seen_faces import CHOSEN, keypoints

REACH = 0.03
"""How far round a muscle the face moves with it, metres."""


def moved(seed: int, metres: float) -> np.ndarray:
    """The canonical face pulled at six places, so far on average."""
    random, face = np.random.default_rng(seed), canonical_face().points
    pull = np.zeros_like(face)
    for _ in range(6):
        muscle, direction = face[random.integers(len(face))], random.normal(size=3)
        pull += direction * np.exp(-np.sum((face - muscle) ** 2, axis=1) / (2 * REACH**2))[:, None]
    return face + metres * pull / np.sqrt(np.mean(np.sum(pull**2, axis=1)))


def photographed(yaw: float, face: np.ndarray, seed: int) -> ViewObservation:
    """A photo of a painted face, with landmarks as a detector finds them."""
    pixels, _ = project(camera(yaw), face)
    pixels = pixels + np.random.default_rng(seed).normal(size=pixels.shape) * 0.3
    picture = photo_of(camera(yaw), face=face)
    return ViewObservation(f"{seed}.png", SIZE, SIZE, None, keypoints(pixels[CHOSEN]), pixels, picture=picture)


def found(yaws: tuple[float, ...], faces: list[np.ndarray]) -> tuple[float, list[float]]:
    """Focal length over the true one, and the angles at which the cameras come out, degrees."""
    views = [photographed(yaw, face, index) for index, (yaw, face) in enumerate(zip(yaws, faces, strict=True))]
    cameras = calibrate(views).head_cameras
    places = [one.position_in_world for one in cameras]
    return cameras[0].fx / camera(0).fx, [float(np.degrees(np.arctan2(x, -z))) for x, _, z in places]


def test_a_face_that_holds_still_is_believed_to_the_last_spot():
    """Three photos 25 degrees apart fix focal length and angles."""
    focal, angles = found((-25.0, 0.0, 25.0), [canonical_face().points] * 3)

    assert focal == pytest.approx(1.0, abs=0.03)
    np.testing.assert_allclose(angles, [-25, 0, 25], atol=1.5)


@pytest.mark.parametrize(("yaws", "seed"), [((-25.0, 0.0, 25.0), 10), ((-12.0, 12.0), 0)], ids=("three", "two"))
def test_a_face_that_moves_between_photos_makes_no_absurd_cameras(yaws, seed):
    """Skin that moves by three millimetres says something else about the lens with every photo, and all of it alike.

    Believed to a fraction of a pixel it makes the focal length two to six times as long, and turns cameras aside.
    """
    focal, angles = found(yaws, [moved(seed + index, 0.003) for index in range(len(yaws))])

    assert 0.6 < focal < 1.6
    np.testing.assert_allclose(angles, yaws, atol=10)
