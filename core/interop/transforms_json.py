"""Capture folders: `transforms.json` in nerfstudio's convention beside the pictures.

The file's poses are camera to world in OpenGL axes (y up, looking along -z), its principal points are measured from
the *corner* of the top-left pixel. Ours are OpenCV axes and pixel centres. `OPENCV_FROM_OPENGL` and `CORNER_PX` are
where the two meet; reading and writing both go through them. Beside the convention: `mask_path` per frame.
"""

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ..camera import Camera, Matrix4
from ..errors import UserError
from .capture import (
    KEYPOINTS_FILE_NAME,
    Capture,
    ListedPicture,
    makes_no_sense,
    places_in,
    read_json,
    read_keypoints,
    selected,
    stored_size,
)
from .lens import Distortion
from .poses import CORNER_PX, OPENCV_FROM_OPENGL, nearest_rotation

FILE_NAME = "transforms.json"

# --- reading ----------------------------------------------------------------------------------------------------


def find(path: Path) -> Path | None:
    """The camera file that a path is, or that is in it: `transforms.json`, or by its own name `transforms_train.json`
    and its like; None where there is none.
    """
    if path.name.startswith("transforms") and path.suffix == ".json":
        return path
    return path / FILE_NAME if (path / FILE_NAME).is_file() else None


def list_pictures(file: Path, names: Sequence[str] | None) -> list[ListedPicture]:
    """The pictures of a camera file, or those of some names only.

    Raises UserError, saying which frame, where something is missing or makes no sense.
    """
    scene = read_json(file)
    frames = scene.get("frames")
    if not isinstance(frames, list) or not frames:
        raise UserError(f"{file} lists no pictures.", "It needs “frames” with a “file_path” each.")
    if not all(isinstance(frame, dict) and isinstance(frame.get("file_path"), str) for frame in frames):
        raise UserError(f"A frame in {file} names no picture.", "Each needs a “file_path”.")
    listed = [PurePosixPath(frame["file_path"]).name for frame in frames]
    keypoints = read_keypoints(file.parent)
    return [_listed(file, {**scene, **frames[index]}, keypoints) for index in selected(listed, names)]


def _listed(file: Path, frame: dict[str, Any], keypoints: dict[str, Any]) -> ListedPicture:
    path = _picture_path(file.parent / frame["file_path"])
    try:
        size = (int(frame["w"]), int(frame["h"])) if frame.get("w") and frame.get("h") else stored_size(path)
        camera, distortion = _camera(frame, size)
    except (TypeError, ValueError, KeyError) as error:
        raise makes_no_sense(path.name, file, error) from error
    return ListedPicture(
        name=path.name,
        path=path,
        listed_in=file,
        size=size,
        camera=camera,
        distortion=distortion,
        places=places_in(keypoints, frame["file_path"]),
        mask_path=file.parent / frame["mask_path"] if frame.get("mask_path") else None,
    )


def _picture_path(path: Path) -> Path:
    """The file itself, or, as Blender's scenes leave it out, with the ending it lacks."""
    for candidate in (path, *(path.with_name(path.name + ending) for ending in (".png", ".jpg", ".jpeg", ".webp"))):
        if candidate.is_file():
            return candidate
    raise UserError(f"There is no picture {path}.", "Put it there, or correct the “file_path” of its frame.")


def _camera(frame: dict[str, Any], size: tuple[int, int]) -> tuple[Camera | None, Distortion | None]:
    """The camera of a picture of this size (width, height) and its distortion; none where the frame has no pose."""
    width, height = size
    matrix = frame.get("transform_matrix")
    if matrix is None:
        return None, None
    if frame.get("camera_model", "OPENCV") not in ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE"):
        raise UserError(f"The camera model “{frame['camera_model']}” cannot be read.", "Undistort the pictures first.")
    fx = frame.get("fl_x")
    if fx is None:
        fx = 0.5 * width / np.tan(0.5 * float(frame["camera_angle_x"]))
    camera = Camera(
        fx=float(fx),
        fy=float(frame.get("fl_y", fx)),
        cx=float(frame.get("cx", 0.5 * width)) - CORNER_PX,
        cy=float(frame.get("cy", 0.5 * height)) - CORNER_PX,
        width=width,
        height=height,
        world_from_camera=_rigid(np.asarray(matrix, dtype=np.float64)) @ OPENCV_FROM_OPENGL,
    )
    if not (camera.fx > 0 and camera.fy > 0):
        raise ValueError(f"a focal length of {camera.fx} pixels")
    return camera, Distortion.from_frame(frame)


def _rigid(matrix: np.ndarray) -> Matrix4:
    """The matrix with its rotation made exact; ValueError where it is none, nearly."""
    if matrix.shape not in ((3, 4), (4, 4)) or not np.isfinite(matrix).all():
        raise ValueError("its transform_matrix has to be 4 x 4")
    rigid = np.eye(4)
    rigid[:3, :3], rigid[:3, 3] = nearest_rotation(matrix[:3, :3]), matrix[:3, 3]
    return rigid


# --- writing ----------------------------------------------------------------------------------------------------


def write_capture(folder: str | Path, capture: Capture) -> None:
    """Write a capture folder: pictures and masks as PNG, cameras and keypoints as JSON.

    What `load_capture` reads from it is what was written, to the last bit of every pixel.
    """
    from PIL import Image

    folder = Path(folder)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    if any(mask is not None for mask in capture.masks):
        (folder / "masks").mkdir(exist_ok=True)
    frames, places = [], {}
    for photo, camera, mask, xy in zip(capture.photos, capture.cameras, capture.masks, capture.keypoints, strict=True):
        name = Path(photo.name).stem + ".png"
        frame: dict[str, Any] = {"file_path": f"images/{name}"}
        Image.fromarray(photo.rgb).save(folder / "images" / name)
        if mask is not None:
            frame["mask_path"] = f"masks/{name}"
            Image.fromarray(np.round(np.clip(mask, 0, 1) * 255).astype(np.uint8)).save(folder / "masks" / name)
        if camera is not None:
            frame |= camera_to_frame(camera)
        if xy is not None:
            places[name] = {key: [float(x), float(y)] for key, (x, y) in xy.items()}
        frames.append(frame)
    scene = {"camera_model": "OPENCV", "frames": frames}
    (folder / FILE_NAME).write_text(json.dumps(scene, indent=1), encoding="utf-8")
    if places:
        (folder / KEYPOINTS_FILE_NAME).write_text(json.dumps(places, indent=1), encoding="utf-8")


def camera_to_frame(camera: Camera) -> dict[str, Any]:
    """A camera in the words and the convention of `transforms.json`."""
    return {
        "fl_x": camera.fx,
        "fl_y": camera.fy,
        "cx": camera.cx + CORNER_PX,
        "cy": camera.cy + CORNER_PX,
        "w": camera.width,
        "h": camera.height,
        "transform_matrix": (camera.world_from_camera @ OPENCV_FROM_OPENGL).tolist(),
    }
