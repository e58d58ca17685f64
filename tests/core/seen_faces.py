"""Photos of faces whose every millimetre is known: no pictures, only what a detector would say."""

import numpy as np

from kpnerf.core.calibration import Calibration
from kpnerf.core.camera import Camera, look_at
from kpnerf.core.canonical import canonical_face, drift
from kpnerf.core.geometry import project
from kpnerf.core.keypoints import HEAD, Keypoints2D, PointState
from kpnerf.core.observation import ViewObservation

WIDTH, HEIGHT, FOCAL = 640, 800, 900.0
CHOSEN = list(HEAD.landmarks)


def person(seed: int = 0) -> np.ndarray:
    """Landmarks of somebody, metres in the head frame: the mean face a little wider, longer, and a little uneven."""
    random = np.random.default_rng(seed)
    stretched = canonical_face().points * (1 + random.uniform(-0.02, 0.02, 3))
    return stretched + random.normal(size=stretched.shape) * 0.2 * canonical_face().spread


def stranger() -> np.ndarray:
    """Somebody else, whose face is a good deal longer and whose nose and chin are others."""
    return canonical_face().points * [0.8, 1.3, 0.6] + np.array([0.0, 0.02, 0.0])


def camera(yaw: float, *, pitch: float = 3.0, distance: float = 0.75) -> Camera:
    """A camera `yaw` degrees to the person's left, looking at the middle of the face."""
    yaw, pitch = np.deg2rad(yaw), np.deg2rad(pitch)
    place = distance * np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
    middle = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    return Camera(FOCAL, FOCAL, *middle, WIDTH, HEIGHT, look_at(place, np.array([0.0, 0.02, -0.03])))


def keypoints(xy_px: np.ndarray, state: PointState = PointState.DETECTED) -> Keypoints2D:
    """All the schema's points, visible, in one state."""
    known = float(state in (PointState.DETECTED, PointState.PLACED))
    return Keypoints2D(
        HEAD, xy_px, np.full(len(HEAD), state), np.full(len(HEAD), known), np.zeros(len(HEAD), dtype=bool)
    )


def seen_by(taken_with: Camera, face: np.ndarray, name: str = "photo.jpg", noise_px: float = 1.0) -> ViewObservation:
    """A photo as the detector sees it: landmarks drawn a little towards the front, and a pixel of noise."""
    random = np.random.default_rng(int(1e6 * abs(taken_with.position_in_world[0])) + 1)
    pixels, _ = project(taken_with, face + drift(canonical_face(), taken_with.position_in_world))
    pixels = pixels + random.normal(size=pixels.shape) * noise_px
    return ViewObservation(name, WIDTH, HEIGHT, None, keypoints(pixels[CHOSEN]), pixels)


def nobody(name: str = "nobody.jpg") -> ViewObservation:
    """A photo without a face, its points laid out in the middle."""
    return ViewObservation(name, WIDTH, HEIGHT, None, keypoints(np.full((len(HEAD), 2), 300.0), PointState.UNPLACED))


def photos_of(face: np.ndarray, *yaws: float) -> list[ViewObservation]:
    """One photo a yaw."""
    return [seen_by(camera(yaw), face, f"{index}.jpg") for index, yaw in enumerate(yaws)]


def turn_between(a: Camera, b: Camera) -> np.ndarray:
    """The rotation from one camera to another."""
    return a.world_from_camera[:3, :3].T @ b.world_from_camera[:3, :3]


def degrees(rotation: np.ndarray) -> float:
    """Angle of a rotation."""
    return float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))


def turn_errors(found: Calibration, *yaws: float) -> list[float]:
    """Degrees by which the rotation between each camera and the next is off."""
    true = [camera(yaw) for yaw in yaws]
    pairs = range(len(yaws) - 1)
    return [
        degrees(turn_between(found.cameras[i], found.cameras[i + 1]).T @ turn_between(true[i], true[i + 1]))
        for i in pairs
    ]


def check_sound(found: Calibration, views: list[ViewObservation]) -> None:
    """Whatever the photos: everything finite, cameras rigid and in front of the head, in the photos' sizes."""
    assert len(found.cameras) == len(views)
    assert np.isfinite(found.keypoints.xyz).all() and np.isfinite(found.world_from_head).all()
    for one, view in zip(found.head_cameras, views, strict=True):
        rotation = one.world_from_camera[:3, :3]

        assert (one.width, one.height) == (view.width, view.height)
        assert 0.3 * WIDTH < one.fx < 10 * WIDTH
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)
        assert (project(one, found.keypoints.xyz)[1] > 0).all()
    usable = np.stack([view.keypoints.usable for view in views])
    np.testing.assert_array_equal(np.isfinite(found.residuals_px), usable)
