"""Captures: pictures of one subject with their cameras, whichever program's files told of them.

A format's module makes a `ListedPicture` of each picture that its files speak of; from there on all formats are one.
Beside any camera file there may be a `keypoints.json`, {"file": {"keypoint": [x_px, y_px]}}, in pixels of the picture
as it is stored, (0, 0) being a pixel's centre. An alpha channel is a mask where nothing else is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import Float

from ..camera import Camera
from ..errors import UserError
from ..names import match_name
from ..photo import Photo, load_photo
from .lens import Distortion, undistorted_image, undistorted_points
from .poses import CORNER_PX

KEYPOINTS_FILE_NAME = "keypoints.json"

Places = Mapping[str, tuple[float, float]]
"""Pixels of keypoints by name."""


@dataclass(frozen=True, eq=False)
class CapturedPicture:
    """A picture with what is known about it."""

    photo: Photo
    camera: Camera | None
    """In world; None: not known."""
    mask: Float[np.ndarray, "h w"] | None
    """Foreground, 0 to 1, of the photo's size."""
    keypoints: Places | None


@dataclass(frozen=True, eq=False)
class Capture:
    """Pictures of one subject, with what is known about each; all fields have one entry a picture."""

    photos: tuple[Photo, ...]
    cameras: tuple[Camera | None, ...]
    """In world; None: not known."""
    masks: tuple[Float[np.ndarray, "h w"] | None, ...]
    """Foreground, 0 to 1, of the photo's size."""
    keypoints: tuple[Places | None, ...]

    @classmethod
    def of(cls, pictures: Sequence[CapturedPicture]) -> "Capture":
        """These pictures."""
        return cls(
            photos=tuple(picture.photo for picture in pictures),
            cameras=tuple(picture.camera for picture in pictures),
            masks=tuple(picture.mask for picture in pictures),
            keypoints=tuple(picture.keypoints for picture in pictures),
        )

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


@dataclass(frozen=True, eq=False)
class ListedPicture:
    """What a camera file tells about one picture, whose pixels nobody has read yet."""

    name: str
    """File name with its ending, or what else tells it apart from the others."""
    path: Path
    listed_in: Path
    """The camera file."""
    size: tuple[int, int]
    """Width and height, pixels, of the picture that the file speaks of; the one at `path` may be a smaller copy."""
    camera: Camera | None
    """Of a picture of that size, in world."""
    distortion: Distortion | None
    places: Places | None
    """Keypoints in pixels of that size."""
    mask_path: Path | None = None
    """None: an alpha channel, if the picture has one."""

    def load(self, *, max_side: int = 2048) -> CapturedPicture:
        """Read the picture, scaled down to `max_side` pixels with all that belongs to it, and without its distortion.

        An undistorted photo no longer is the file's pixels and has no `path`. Raises UserError where picture or mask
        cannot be read, or is no copy of what the camera file speaks of.
        """
        photo = replace(load_photo(self.path, max_side=max_side), name=self.name)
        mask = self._load_mask(photo)
        width, height = self.size
        if abs(width * photo.height - height * photo.width) > max(self.size):
            raise UserError(
                f"{self.name} is {photo.width} x {photo.height}, but {self.listed_in.name} says {width} x {height}.",
                "Take the picture that its camera was found for, or undo its rotation.",
            )
        places, scale = self.places, photo.width / width
        if places is not None:
            places = {name: _scaled(place, scale) for name, place in places.items()}
        if self.camera is None:
            return CapturedPicture(photo, None, mask, places)
        camera = self.camera.resized(photo.width, photo.height)
        if self.distortion is not None:
            photo = replace(photo, rgb=undistorted_image(photo.rgb, camera, self.distortion), path=None)
            mask = None if mask is None else undistorted_image(mask, camera, self.distortion)
            places = None if places is None else undistorted_points(places, camera, self.distortion)
        return CapturedPicture(photo, camera, mask, places)

    def _load_mask(self, photo: Photo) -> np.ndarray | None:
        from PIL import Image

        source = self.mask_path or self.path
        try:
            with Image.open(source) as image:
                if source == self.path and "A" not in image.getbands():
                    return None
                band = image.getchannel("A") if "A" in image.getbands() else image.convert("L")
                if band.size != (photo.width, photo.height):
                    band = band.resize((photo.width, photo.height), Image.Resampling.BOX)
                return np.asarray(band, dtype=np.float32) / np.float32(255)
        except (OSError, SyntaxError, ValueError) as error:
            raise UserError(
                f"The mask {source} cannot be read.", "Replace it, or leave out its “mask_path”."
            ) from error


def _scaled(place: tuple[float, float], scale: float) -> tuple[float, float]:
    """A pixel of a picture in its copy of another size; both are measured from pixel centres."""
    x, y = ((value + CORNER_PX) * scale - CORNER_PX for value in place)
    return x, y


# --- for the modules of formats ---------------------------------------------------------------------------------


def selected(listed: Sequence[str], names: Sequence[str] | None) -> list[int]:
    """Indices of the pictures asked for, given with or without ending, in that order; of all where names is None."""
    return list(range(len(listed))) if names is None else [match_name(name, listed) for name in names]


def stored_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture as its file has it, not turned upright; UserError where it is none."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path} is not a photo.", "Put a JPEG or PNG in its place.") from error


def makes_no_sense(name: str, file: Path, error: Exception) -> UserError:
    """The sentence for a picture whose camera cannot be what a file says."""
    return UserError(f"The camera of {name} makes no sense ({error}).", f"Correct it in {file}.")


def read_json(file: Path) -> dict[str, Any]:
    """The object that a JSON file holds; UserError where it holds none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file} cannot be read.", "Check the name and the folder.") from error
    except ValueError as error:
        raise UserError(f"{file} is damaged: it is not JSON ({error}).", "Write it again.") from error
    if not isinstance(content, dict):
        raise UserError(f"{file} is not what it should be.", "Its outermost value has to be an object.")
    return content


def read_keypoints(folder: Path) -> dict[str, Any]:
    """The `keypoints.json` of a folder, for `places_in`; empty where there is none."""
    file = folder / KEYPOINTS_FILE_NAME
    return read_json(file) if file.exists() else {}


def places_in(keypoints: Mapping[str, Any], listed: str) -> Places | None:
    """The entry of a picture, told by its path as listed, its file name, or that without its ending.

    None where there is none; UserError where it makes no sense.
    """
    path = PurePosixPath(listed)
    by_name = {PurePosixPath(key).name: value for key, value in keypoints.items()}
    by_stem = {PurePosixPath(key).stem: value for key, value in keypoints.items()}
    found = keypoints.get(listed) or by_name.get(path.name) or by_stem.get(path.stem)
    if found is None:
        return None
    try:
        return {str(name): (float(xy[0]), float(xy[1])) for name, xy in found.items()}
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise UserError(f"The keypoints of {path.name} make no sense.", "Each needs two pixels: [x, y].") from error
