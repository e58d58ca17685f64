"""A painted face whose every pixel is known."""

import cv2
import numpy as np

from kpnerf.core.camera import Camera, orbit_camera
from kpnerf.core.canonical import canonical_face
from kpnerf.core.face_chart import face_chart
from kpnerf.core.geometry import project

SIZE = 400


def texture(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Blots of all sizes, 8-bit."""
    random = np.random.default_rng(seed)
    layers = [cv2.resize(random.normal(size=(n, n)), shape[::-1], interpolation=cv2.INTER_CUBIC) for n in (12, 30, 60)]
    return np.clip(128 + 35 * sum(layers), 0, 255).astype(np.uint8)


def camera(yaw: float) -> Camera:
    """A camera so many degrees to the person's left."""
    return orbit_camera(
        np.radians(yaw),
        0.05,
        0.7,
        target_in_world=np.array([0.0, 0.02, -0.03]),
        vertical_field_of_view=0.45,
        width=SIZE,
        height=SIZE,
    )


def photo_of(taken_with: Camera, seed: int = 0, face: np.ndarray | None = None) -> np.ndarray:
    """A face (the canonical one if not another) painted with blots: the chart's pixels drawn far to near as discs."""
    chart = face_chart(352)
    surface = chart.surface(canonical_face().points if face is None else face)
    pixels, depth = project(taken_with, surface[chart.inside])
    paint = texture(chart.inside.shape, seed)[chart.inside]
    picture = np.full((SIZE * 4, SIZE * 4), 110, dtype=np.uint8)
    for index in np.argsort(-depth):
        x, y = (pixels[index] + 0.5) * 4 - 0.5
        cv2.circle(picture, (round(x), round(y)), 3, int(paint[index]), -1)
    small = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return np.repeat(small[..., None], 3, axis=-1)
