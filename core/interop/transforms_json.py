"""Capture folders: `transforms.json` in nerfstudio's convention beside the pictures.

The file's poses are camera to world in OpenGL axes (y up, looking along -z), its principal points are measured from
the *corner* of the top-left pixel. Ours are OpenCV axes and pixel centres. `OPENCV_FROM_OPENGL` and `CORNER_PX` are
the only places where the two meet; reading and writing both go through them.

Beside the convention: `mask_path` per frame (else an alpha channel is the mask), and an optional `keypoints.json`,
{"file": {"keypoint": [x_px, y_px]}}, in pixels of the picture as it is stored, (0, 0) being a pixel's centre.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import Float

from ..camera import Camera, Matrix4
from ..errors import UserError
from ..names import match_name
from ..photo import Photo, load_photo
from .lens import Distortion, undistorted_image, undistorted_points

OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
"""Multiplied on the right of a camera-to-world matrix, it changes the camera's axes; its own inverse."""
CORNER_PX = 0.5
"""How far the top-left pixel's centre is from its corner."""

FILE_NAME = "transforms.json"
KEYPOINTS_FILE_NAME = "keypoints.json"

Places = Mapping[str, tuple[float, float]]
"""Pixels of keypoints by name."""


@dataclass(frozen=True, eq=False)
class Capture:
    """Pictures of one subject, with what is known about each; all fields have one entry a picture."""

    photos: tuple[Photo, ...]
    cameras: tuple[Camera | None, ...]
    """In world; None: not known."""
    masks: tuple[Float[np.ndarray, "h w"] | None, ...]
    """Foreground, 0 to 1, of the photo's size."""
    keypoints: tuple[Places | None, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The pictures' file names."""
        return tuple(photo.name for photo in self.photos)

    def select(self, names: Sequence[str]) -> "Capture":
        """The pictures of these names, given with or without ending, in this order; UserError for an unknown one."""
        chosen = [match_name(name, self.names) for name in names]
        return Capture(
            photos=tuple(self.photos[i] for i in chosen),
            cameras=tuple(self.cameras[i] for i in chosen),
            masks=tuple(self.masks[i] for i in chosen),
            keypoints=tuple(self.keypoints[i] for i in chosen),
        )


# --- reading ----------------------------------------------------------------------------------------------------


def load_capture(folder: str | Path, *, names: Sequence[str] | None = None, max_side: int = 2048) -> Capture:
    """Read a capture folder, or the pictures of some names only (given with or without ending).

    Pictures with lens distortion come back undistorted, their keypoints with them; they then are no longer the
    file's pixels and have no `path`. Pictures larger than `max_side` are scaled down, with their cameras.
    Raises UserError, saying which frame, where something is missing or makes no sense.
    """
    file = Path(folder)
    file = file if file.suffix == ".json" else file / FILE_NAME
    scene = _read_json(file)
    frames = scene.get("frames")
    if not isinstance(frames, list) or not frames:
        raise UserError(f"{file} lists no pictures.", "It needs “frames” with a “file_path” each.")
    if not all(isinstance(frame, dict) and isinstance(frame.get("file_path"), str) for frame in frames):
        raise UserError(f"A frame in {file} names no picture.", "Each needs a “file_path”.")
    if names is not None:
        listed = [PurePosixPath(frame["file_path"]).name for frame in frames]
        frames = [frames[match_name(name, listed)] for name in names]
    places_file = file.with_name(KEYPOINTS_FILE_NAME)
    places = _read_json(places_file) if places_file.exists() else {}
    pictures = [_load_frame(file, {**scene, **frame}, places, max_side) for frame in frames]
    photos, cameras, masks, keypoints = zip(*pictures, strict=True)
    return Capture(photos, cameras, masks, keypoints)


def is_capture(path: Path) -> bool:
    """Whether a path is a capture folder or its `transforms.json`."""
    return path.name == FILE_NAME or (path / FILE_NAME).is_file()


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file} cannot be read.", "A capture folder holds a transforms.json.") from error
    except ValueError as error:
        raise UserError(f"{file} is damaged: it is not JSON ({error}).", "Write it again.") from error
    if not isinstance(content, dict):
        raise UserError(f"{file} is not what it should be.", "Its outermost value has to be an object.")
    return content


def _load_frame(
    file: Path, frame: dict[str, Any], places: dict[str, Any], max_side: int
) -> tuple[Photo, Camera | None, np.ndarray | None, Places | None]:
    path = _picture_path(file.parent / frame["file_path"])
    photo = load_photo(path, max_side=max_side)
    mask = _load_mask(file.parent, frame, path, photo)
    xy = _load_places(places, frame["file_path"], path)
    try:
        camera, distortion, stored_size = _load_camera(frame, path, photo)
    except (TypeError, ValueError, KeyError) as error:
        raise UserError(f"The camera of {path.name} makes no sense ({error}).", f"Correct it in {file}.") from error
    scale = photo.width / stored_size[0]
    if xy is not None:
        xy = {name: tuple((np.asarray(place) + CORNER_PX) * scale - CORNER_PX) for name, place in xy.items()}
    if distortion is not None and camera is not None:
        rgb = undistorted_image(photo.rgb, camera, distortion)
        photo = replace(photo, rgb=rgb, path=None)
        mask = None if mask is None else undistorted_image(mask, camera, distortion)
        xy = None if xy is None else undistorted_points(xy, camera, distortion)
    return photo, camera, mask, xy


def _picture_path(path: Path) -> Path:
    """The file itself, or, as Blender's scenes leave it out, with the ending it lacks."""
    for candidate in (path, *(path.with_name(path.name + ending) for ending in (".png", ".jpg", ".jpeg", ".webp"))):
        if candidate.is_file():
            return candidate
    raise UserError(f"There is no picture {path}.", "Put it there, or correct the “file_path” of its frame.")


def _load_mask(folder: Path, frame: dict[str, Any], path: Path, photo: Photo) -> np.ndarray | None:
    from PIL import Image

    source = folder / frame["mask_path"] if frame.get("mask_path") else path
    try:
        with Image.open(source) as image:
            if source == path and "A" not in image.getbands():
                return None
            band = image.getchannel("A") if "A" in image.getbands() else image.convert("L")
            if band.size != (photo.width, photo.height):
                band = band.resize((photo.width, photo.height), Image.Resampling.BOX)
            return np.asarray(band, dtype=np.float32) / np.float32(255)
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"The mask {source} cannot be read.", "Replace it, or leave out its “mask_path”.") from error


def _load_places(places: dict[str, Any], listed: str, path: Path) -> Places | None:
    by_name = {PurePosixPath(key).name: value for key, value in places.items()}
    by_stem = {PurePosixPath(key).stem: value for key, value in places.items()}
    found = places.get(listed) or by_name.get(path.name) or by_stem.get(path.stem)
    if found is None:
        return None
    try:
        return {str(name): (float(xy[0]), float(xy[1])) for name, xy in found.items()}
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise UserError(f"The keypoints of {path.name} make no sense.", "Each needs two pixels: [x, y].") from error


def _load_camera(
    frame: dict[str, Any], path: Path, photo: Photo
) -> tuple[Camera | None, Distortion | None, tuple[int, int]]:
    """The camera of the photo as loaded, its distortion, and the size (width, height) that the file speaks of."""
    from PIL import Image

    with Image.open(path) as image:
        width, height = int(frame.get("w") or image.width), int(frame.get("h") or image.height)
    if abs(width * photo.height - height * photo.width) > max(width, height):
        raise UserError(
            f"{path.name} is {photo.width} x {photo.height}, but its frame says {width} x {height}.",
            "Leave out “w” and “h”, or undo the picture's rotation.",
        )
    matrix = frame.get("transform_matrix")
    if matrix is None:
        return None, None, (width, height)
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
    return camera.resized(photo.width, photo.height), Distortion.from_frame(frame), (width, height)


def _rigid(matrix: np.ndarray) -> Matrix4:
    """The matrix with its rotation made exact; ValueError where it is none, nearly."""
    if matrix.shape == (3, 4):
        matrix = np.concatenate([matrix, [[0.0, 0.0, 0.0, 1.0]]])
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise ValueError("its transform_matrix has to be 4 x 4")
    u, singular, vt = np.linalg.svd(matrix[:3, :3])
    if abs(singular - 1).max() > 0.01 or np.linalg.det(u @ vt) < 0:
        raise ValueError("its transform_matrix is no rotation")
    rigid = matrix.copy()
    rigid[:3, :3] = u @ vt
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
