"""Cameras written as other programs write them, from their documentation: what the readers are held against."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from hypothesis import strategies as st
from PIL import Image
from scipy.spatial.transform import Rotation

from kpnerf.core.camera import Camera
from kpnerf.core.interop.capture import Capture, ListedPicture
from kpnerf.core.interop.lens import Distortion, distorted_pixels

MODEL_NUMBERS = {
    "SIMPLE_PINHOLE": 0,
    "PINHOLE": 1,
    "SIMPLE_RADIAL": 2,
    "RADIAL": 3,
    "OPENCV": 4,
    "OPENCV_FISHEYE": 5,
    "FULL_OPENCV": 6,
    "FOV": 7,
    "THIN_PRISM_FISHEYE": 10,
}
BENT = {"SIMPLE_PINHOLE": 0, "PINHOLE": 0, "SIMPLE_RADIAL": 1, "RADIAL": 2, "OPENCV": 4, "FULL_OPENCV": 5}
"""Models that can be read, and how many coefficients of distortion of each."""

SMALL = st.lists(st.floats(-3, 3), min_size=3, max_size=3).map(np.array)
"""Axes times angles, and places."""
COEFFICIENTS = st.lists(st.floats(-0.02, 0.02), min_size=5, max_size=5)
FOCALS = st.floats(50, 5000)
CENTRES = st.floats(-0.2, 1.2)
"""In widths and heights."""


@dataclass(frozen=True)
class Written:
    """A picture of a camera file: what every format has to say in its own way."""

    name: str
    size: tuple[int, int]
    focals: tuple[float, float]
    corner: tuple[float, float]
    """The principal point, pixels from the top-left pixel's corner."""
    bend: tuple[float, ...]
    """k1, k2, p1, p2, k3."""
    rotation: Rotation
    """From the world to the camera."""
    translation: np.ndarray

    @classmethod
    def by(cls, name: str, camera: Camera, bend: Sequence[float] = (0.0,) * 5) -> "Written":
        """Of one of our cameras."""
        return cls(
            name,
            (camera.width, camera.height),
            (camera.fx, camera.fy),
            (camera.cx + 0.5, camera.cy + 0.5),
            tuple(bend),
            Rotation.from_matrix(camera.camera_from_world[:3, :3]),
            camera.camera_from_world[:3, 3],
        )

    def pixels_from_corner(self, points_in_world: np.ndarray) -> np.ndarray:
        """Where the distorting lens shows points, from the corner of the top-left pixel, as COLMAP measures."""
        x, y, z = (self.rotation.apply(points_in_world) + self.translation).T
        u, v = x / z, y / z
        k1, k2, p1, p2, k3 = self.bend
        r2 = u * u + v * v
        radial = k1 * r2 + k2 * r2**2 + k3 * r2**3
        across = u + u * radial + 2 * p1 * u * v + p2 * (r2 + 2 * u * u)
        down = v + v * radial + 2 * p2 * u * v + p1 * (r2 + 2 * v * v)
        return np.stack([across * self.focals[0] + self.corner[0], down * self.focals[1] + self.corner[1]], axis=1)

    def points_before(self, count: int = 20) -> np.ndarray:
        """Points of the world that the camera sees about its axis."""
        random = np.random.default_rng(count)
        ahead = np.concatenate([random.uniform(-0.5, 0.5, (count, 2)), np.ones((count, 1))], axis=1)
        return self.rotation.inv().apply(ahead * random.uniform(0.5, 3, (count, 1)) - self.translation)


def seen_through(listed: ListedPicture, pixels: np.ndarray) -> np.ndarray:
    """Pixels of our pinhole where the lens that was read shows them, from the corner of the top-left pixel."""
    return distorted_pixels(pixels, listed.camera, listed.distortion or Distortion()) + 0.5


def blank(file: Path, size: tuple[int, int] = (64, 48)) -> Path:
    """A picture with nothing on it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 90)).save(file)
    return file


def pictures_of(capture: Capture, folder: Path) -> None:
    """The photos of a capture as files."""
    folder.mkdir(parents=True, exist_ok=True)
    for photo in capture.photos:
        Image.fromarray(photo.rgb).save(folder / photo.name)


def write_colmap(folder: Path, pictures: Mapping[str, Sequence[Written]], *, binary: bool) -> Path:
    """A model: pictures by the camera model that each is to be of."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = [(model, written) for model, some in pictures.items() for written in some]
    cameras = [(key, model, written.size, _parameters(model, written)) for key, (model, written) in enumerate(flat, 1)]
    shots = [
        (written.rotation.as_quat()[[3, 0, 1, 2]].tolist(), list(written.translation), key, written.name)
        for key, (_, written) in enumerate(flat, 1)
    ]
    if binary:
        lenses = b"".join(
            struct.pack(f"<iiQQ{len(numbers)}d", key, MODEL_NUMBERS[model], *size, *numbers)
            for key, model, size, numbers in cameras
        )
        poses = b"".join(
            struct.pack("<I7di", 1000 - key, *turn, *place, key)
            + name.encode()
            + b"\0"
            + struct.pack("<Q", key)
            + key * struct.pack("<ddQ", 1.5, 2.5, 2**64 - 1)  # places of points, of which there are some
            for turn, place, key, name in shots
        )
        (folder / "cameras.bin").write_bytes(struct.pack("<Q", len(cameras)) + lenses)
        (folder / "images.bin").write_bytes(struct.pack("<Q", len(shots)) + poses)
        return folder
    lines = [_line(key, model, *size, *numbers) for key, model, size, numbers in cameras]
    (folder / "cameras.txt").write_text("# Camera list\n" + "\n".join(lines) + "\n")
    lines = [
        _line(1000 - key, *turn, *place, key, name) + "\n" + _line(*(key - 1) * [1.5, 2.5, -1])
        for turn, place, key, name in shots
    ]
    (folder / "images.txt").write_text("# Image list\n# with two lines each\n" + "\n".join(lines) + "\n")
    return folder


def write_easymocap(
    folder: Path, pictures: Sequence[Written], *, matrices: bool = False, lens_key: str = "dist", sizes: bool = True
) -> Path:
    """The two files; `matrices`: rotations as `Rot_` instead of `R_`."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [Path(written.name).stem for written in pictures]
    head = "\r\n".join(["%YAML:1.0", "---", "names:", *(f'  - "{name}"' for name in names), ""])
    intrinsics, extrinsics = head, head
    for name, written in zip(names, pictures, strict=True):
        (fx, fy), (cx, cy) = written.focals, np.array(written.corner) - 0.5  # from a pixel's centre, as OpenCV has it
        intrinsics += _matrix(f"K_{name}", np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]))
        intrinsics += _matrix(f"{lens_key}_{name}", np.array([written.bend]))
        if sizes:
            intrinsics += f"H_{name}: {written.size[1]}\r\nW_{name}: {written.size[0]}\r\n"
        if matrices:
            extrinsics += _matrix(f"Rot_{name}", written.rotation.as_matrix())
        else:
            extrinsics += _matrix(f"R_{name}", cv2.Rodrigues(written.rotation.as_matrix())[0])
        extrinsics += _matrix(f"T_{name}", np.array(written.translation).reshape(3, 1))
    (folder / "intri.yml").write_text(intrinsics, newline="")
    (folder / "extri.yml").write_text(extrinsics, newline="")
    return folder


def _parameters(model: str, written: Written) -> list[float]:
    if model not in BENT:
        return {"OPENCV_FISHEYE": 8, "FOV": 5, "THIN_PRISM_FISHEYE": 12}[model] * [40.0]
    focals = written.focals if model in ("PINHOLE", "OPENCV", "FULL_OPENCV") else written.focals[:1]
    rest = [0.0, 0.0, 0.0] if model == "FULL_OPENCV" else []
    return [*focals, *written.corner, *written.bend[: BENT[model]], *rest]


def _line(*values: object) -> str:
    return " ".join(str(value) for value in values)


def _matrix(key: str, matrix: np.ndarray) -> str:
    numbers = ", ".join(repr(float(value)) for value in matrix.ravel())
    rows, columns = matrix.shape
    return f"{key}: !!opencv-matrix\r\n  rows: {rows}\r\n  cols: {columns}\r\n  dt: d\r\n  data: [{numbers}]\r\n"
