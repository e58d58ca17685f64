"""EasyMocap's folders: `intri.yml` and `extri.yml`, OpenCV's YAML, beside `images`.

Poses are world to camera in OpenCV axes, metres; principal points are measured from the centre of the top-left pixel.
All is as ours, then. A camera's picture is `images/CAMERA.jpg`, or the first of the folder `images/CAMERA`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..camera import Camera, Matrix3
from ..errors import UserError
from ..photo_records import PICTURE_ENDINGS, is_picture
from .capture import ListedPicture, makes_no_sense, places_in, read_keypoints, selected, stored_size
from .lens import Distortion
from .poses import nearest_rotation, pose_of_world_to_camera

INTRINSICS, EXTRINSICS = "intri.yml", "extri.yml"
_SKEW = 1e-6
"""Of the focal length: what rounding leaves of none."""


def find(path: Path) -> Path | None:
    """The folder of the camera files that a path is, or is one of; None for any other."""
    if path.name in (INTRINSICS, EXTRINSICS):
        return path.parent
    return path if any((path / name).is_file() for name in (INTRINSICS, EXTRINSICS)) else None


def list_pictures(folder: Path, names: Sequence[str] | None) -> list[ListedPicture]:
    """A picture of each camera in a folder, or of those of some names only.

    Raises UserError, saying which camera, where something is missing or makes no sense.
    """
    lenses, poses = _Storage(folder / INTRINSICS), _Storage(folder / EXTRINSICS)
    cameras = lenses.names()
    if not cameras:
        raise UserError(f"{lenses.file} lists no cameras.", "It needs “names”, and a “K_” for each of them.")
    pictures = [_picture(folder / "images", camera) for camera in cameras]
    called = [camera + (path.suffix if path else "") for camera, path in zip(cameras, pictures, strict=True)]
    keypoints = read_keypoints(folder)
    listed = []
    for index in selected(called, names):
        path, camera = pictures[index], cameras[index]
        if path is None:
            raise UserError(
                f"There is no picture of the camera “{camera}” that {lenses.file} lists.",
                f"Put it there as {folder / 'images' / camera}.jpg.",
            )
        size = lenses.size(camera) or stored_size(path)
        try:
            seen, distortion = _camera(lenses, poses, camera, size)
        except ValueError as error:
            raise makes_no_sense(called[index], folder, error) from error
        listed.append(
            ListedPicture(
                name=called[index],
                path=path,
                listed_in=lenses.file,
                size=size,
                camera=seen,
                distortion=distortion,
                places=places_in(keypoints, called[index]),
            )
        )
    return listed


def _camera(
    lenses: "_Storage", poses: "_Storage", name: str, size: tuple[int, int]
) -> tuple[Camera, Distortion | None]:
    matrix = lenses.matrix(f"K_{name}")
    distortion = lenses.matrix(f"dist_{name}", f"D_{name}", default=np.zeros(5))
    translation = poses.matrix(f"T_{name}")
    if matrix.shape != (3, 3) or not (0 < matrix[0, 0] < np.inf and 0 < matrix[1, 1] < np.inf):
        raise ValueError(f"K_{name} is no matrix of a lens")
    if not np.isfinite(matrix).all() or abs(matrix[0, 1]) > _SKEW * matrix[0, 0]:
        raise ValueError(f"K_{name} is of pixels that are no rectangles")
    if translation.size != 3:
        raise ValueError(f"T_{name} has to be three numbers")
    camera = Camera(
        fx=float(matrix[0, 0]),
        fy=float(matrix[1, 1]),
        cx=float(matrix[0, 2]),
        cy=float(matrix[1, 2]),
        width=size[0],
        height=size[1],
        world_from_camera=pose_of_world_to_camera(_rotation(poses, name), translation.reshape(3)),
    )
    return camera, Distortion.from_coefficients(distortion.reshape(-1).tolist())


def _rotation(poses: "_Storage", name: str) -> Matrix3:
    """Of `R_`, an axis times an angle, or of `Rot_`, a matrix; both are found under either name."""
    import cv2

    matrix = poses.matrix(f"R_{name}", f"Rot_{name}")
    if matrix.size == 3 and np.isfinite(matrix).all():
        matrix = cv2.Rodrigues(matrix.reshape(3))[0]
    return nearest_rotation(matrix)


def _picture(images: Path, camera: str) -> Path | None:
    """The picture of a camera, or the first of its folder, in the order of names."""
    for ending in PICTURE_ENDINGS:
        for path in (images / f"{camera}{ending}", images / f"{camera}{ending.upper()}"):
            if path.is_file():
                return path
    folder = images / camera
    if not folder.is_dir():
        return None
    return min(filter(is_picture, folder.iterdir()), default=None)


class _Storage:
    """A YAML file of OpenCV's kind."""

    def __init__(self, file: Path) -> None:
        import cv2

        self.file = file
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            beside = EXTRINSICS if file.name == INTRINSICS else INTRINSICS
            raise UserError(f"There is no {file}.", f"EasyMocap writes it beside {beside}: put it there.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{file} cannot be read.", "Write it again with EasyMocap.") from error
        try:
            self._storage: Any = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        except (cv2.error, SystemError) as error:
            raise UserError(f"{file} is damaged, or no YAML of OpenCV's kind.", "Write it again.") from error

    def names(self) -> list[str]:
        """The cameras, in the file's order; a number that nobody put into quotes is a name, too."""
        node = self._storage.getNode("names")
        items = [node.at(index) for index in range(node.size())] if node.isSeq() else []
        return [item.string() if item.isString() else str(int(item.real())) for item in items]

    def size(self, camera: str) -> tuple[int, int] | None:
        """Width and height of the camera's pictures, pixels; None where the file does not tell."""
        nodes = [self._storage.getNode(f"{side}_{camera}") for side in "WH"]
        width, height = (int(node.real()) if node.isInt() else 0 for node in nodes)
        return (width, height) if width > 0 and height > 0 else None

    def matrix(self, *keys: str, default: np.ndarray | None = None) -> np.ndarray:
        """The matrix of the first of these keys that the file has; ValueError where it has none, or another thing."""
        import cv2

        for key in keys:
            node = self._storage.getNode(key)
            if node.isNone():
                continue
            try:
                found = node.mat() if node.isMap() else None
            except cv2.error:
                found = None
            if found is None:
                raise ValueError(f"{key} in {self.file.name} is no matrix")
            return np.asarray(found, dtype=np.float64)
        if default is None:
            raise ValueError(f"{self.file.name} has no {' and no '.join(keys)}")
        return default
