"""Lens distortion (Brown 1966, as OpenCV has it): read from a file, and taken out of pictures and points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..camera import Camera


@dataclass(frozen=True)
class Distortion:
    """Coefficients of x_distorted = x (1 + k1 r² + k2 r⁴ + k3 r⁶) + 2 p1 x y + p2 (r² + 2 x²), and the same for y."""

    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0
    k3: float = 0.0

    @classmethod
    def from_frame(cls, frame: Mapping[str, Any]) -> "Distortion | None":
        """The distortion that a frame of `transforms.json` speaks of; None when it speaks of none.

        Raises ValueError for a fourth radial coefficient, which belongs to another model.
        """
        if float(frame.get("k4") or 0.0) != 0.0:
            raise ValueError("k4 belongs to a fisheye lens")
        return cls.from_coefficients([float(frame.get(name) or 0.0) for name in ("k1", "k2", "p1", "p2", "k3")])

    @classmethod
    def from_coefficients(cls, coefficients: Sequence[float]) -> "Distortion | None":
        """The distortion of the first so many coefficients in OpenCV's order; None where all are zero.

        Raises ValueError for any that is no number, and for a sixth and later ones, which no equation here has.
        """
        if not np.isfinite(coefficients).all():
            raise ValueError("its distortion is no number")
        if any(coefficients[5:]):
            raise ValueError("its distortion has more than the five coefficients k1, k2, p1, p2, k3")
        found = cls(*(float(coefficient) for coefficient in coefficients[:5]))
        return None if found == cls() else found

    @property
    def coefficients(self) -> Float[np.ndarray, "5"]:
        """In OpenCV's order."""
        return np.array([self.k1, self.k2, self.p1, self.p2, self.k3])


def undistorted_pixels(
    pixels: Float[np.ndarray, "n 2"], camera: Camera, distortion: Distortion
) -> Float[np.ndarray, "n 2"]:
    """Where pixels of the distorted picture lie in the undistorted one."""
    import cv2

    if len(pixels) == 0:
        return pixels
    matrix = camera.intrinsics
    # The default stops after five iterations, half a pixel short at the edge of a wide lens.
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-10)
    bent = np.asarray(pixels, dtype=np.float64).reshape(-1, 1, 2)
    straight = cv2.undistortPointsIter(bent, matrix, distortion.coefficients, None, matrix, criteria)
    return straight.reshape(-1, 2)


def distorted_pixels(
    pixels: Float[np.ndarray, "n 2"], camera: Camera, distortion: Distortion
) -> Float[np.ndarray, "n 2"]:
    """The inverse of `undistorted_pixels`, by the equation itself."""
    focal, centre = np.array([camera.fx, camera.fy]), np.array([camera.cx, camera.cy])
    straight = (pixels - centre) / focal
    x, y = straight.T
    r2, (k1, k2, p1, p2, k3) = x * x + y * y, distortion.coefficients
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    across = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    down = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    return np.stack([across, down], axis=1) * focal + centre


def undistorted_image(image: np.ndarray, camera: Camera, distortion: Distortion) -> np.ndarray:
    """The picture as the same camera would have seen it through a pinhole; black where it saw nothing."""
    import cv2

    return cv2.undistort(image, camera.intrinsics, distortion.coefficients)


def undistorted_points(
    places: Mapping[str, tuple[float, float]], camera: Camera, distortion: Distortion
) -> dict[str, tuple[float, float]]:
    """Where named pixels of the distorted picture lie in the undistorted one."""
    pixels = np.array(list(places.values()), dtype=np.float64).reshape(-1, 2)
    straight = undistorted_pixels(pixels, camera, distortion)
    return {name: (float(x), float(y)) for name, (x, y) in zip(places, straight, strict=True)}
