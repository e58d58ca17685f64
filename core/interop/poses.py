"""Poses as camera files write them, made exact."""

import numpy as np
from jaxtyping import Float

from ..camera import Matrix3, Matrix4

OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
"""Multiplied on the right of a camera-to-world matrix, it changes the camera's axes; its own inverse."""
CORNER_PX = 0.5
"""How far the top-left pixel's centre is from its corner, which many programs measure from."""

_ROUNDED = 0.01
"""How far the singular values of a rotation may be from one: files hold few digits."""


def nearest_rotation(matrix: np.ndarray) -> Matrix3:
    """The rotation that was meant by its rounded digits; ValueError where it is none, nearly."""
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        raise ValueError("its rotation has to be 3 x 3")
    u, singular, vt = np.linalg.svd(matrix)
    if abs(singular - 1).max() > _ROUNDED or np.linalg.det(u @ vt) < 0:
        raise ValueError("its matrix is no rotation")
    return u @ vt


def rotation_from_quaternion(wxyz: Float[np.ndarray, "4"]) -> Matrix3:
    """The rotation of a quaternion of about unit length, its real part first; ValueError for any other."""
    length = float(np.linalg.norm(wxyz))
    if not abs(length - 1) < _ROUNDED:  # neither where it is not a number
        raise ValueError(f"a quaternion of length {length:.3g}")
    w, x, y, z = np.asarray(wxyz, dtype=np.float64) / length
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + 2 * w * cross + 2 * cross @ cross


def pose_of_world_to_camera(rotation: Matrix3, translation: Float[np.ndarray, "3"]) -> Matrix4:
    """`world_from_camera` of a camera that sees a point at `rotation @ point + translation`.

    Raises ValueError where the translation is no number.
    """
    if not np.isfinite(translation).all():
        raise ValueError("its place is no number")
    pose = np.eye(4)
    pose[:3, :3] = rotation.T
    pose[:3, 3] = -rotation.T @ translation
    return pose
