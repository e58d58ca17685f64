"""Photos as parts of a file: named by path and content, found again by content when they have moved."""

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .errors import UserError
from .photo import Photo, load_photo

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
Record = dict[str, Any]


class MissingPhotosError(UserError):
    """Photos of a project that are neither where they were nor where else was looked."""

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__(
            f"These photos have moved or changed: {', '.join(str(path) for path in paths)}.",
            "Put them beside the project file, or choose the folder that they are in.",
        )
        self.paths = tuple(paths)


def photo_record(photo: Photo, folder: Path) -> Record:
    """A photo without its pixels; its place also as seen from `folder`. One that is no file has no place."""
    record: Record = {"name": photo.name, "sha256": photo.sha256, "focal_px": photo.focal_px}
    if photo.path is not None:
        absolute = photo.path.absolute()
        record |= {"path": str(absolute), "relative_path": os.path.relpath(absolute, folder)}
    return record | {"width": photo.width, "height": photo.height}


def find_photos(
    wanted: Sequence[Record], folders: Sequence[Path], embedded: Callable[[int], np.ndarray]
) -> list[Photo]:
    """Read the photos of some records: from where they were, or by content from one of `folders`.

    Relative places count from the first folder. `embedded` gives the pixels of the photo with an index that is no
    file. Raises MissingPhotosError, which names all that cannot be found.
    """
    photos: list[Photo] = []
    missing: list[Path] = []
    elsewhere: dict[str, Path] | None = None
    for index, record in enumerate(wanted):
        if "path" not in record:
            photos.append(Photo(record["name"], None, embedded(index), record["focal_px"], record["sha256"]))
            continue
        known = (folders[0] / record["relative_path"], Path(record["path"]))
        found = next((place for place in known if _sha256(place) == record["sha256"]), None)
        if found is None:
            elsewhere = _pictures_by_content(folders) if elsewhere is None else elsewhere
            found = elsewhere.get(record["sha256"])
        if found is None:
            missing.append(Path(record["path"]))
            continue
        photo = load_photo(found, max_side=max(record["width"], record["height"]))
        photos.append(replace(photo, name=record["name"], focal_px=record["focal_px"]))
    if missing:
        raise MissingPhotosError(missing)
    return photos


def to_png(pixels: np.ndarray) -> bytes:
    """A picture of 8 bits, grey or RGB, without loss."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def from_png(content: bytes) -> np.ndarray:
    """The inverse of `to_png`."""
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


def mask_to_png(mask: np.ndarray) -> bytes:
    """A foreground from 0 to 1, in steps of 1/255."""
    return to_png(np.round(np.clip(mask, 0, 1) * 255).astype(np.uint8))


def mask_from_png(content: bytes) -> np.ndarray:
    """The inverse of `mask_to_png`."""
    return from_png(content).astype(np.float32) / np.float32(255)


def is_picture(file: Path) -> bool:
    """Whether a file is a picture by its name; hidden ones are not meant, such as what macOS puts beside others."""
    return file.suffix.lower() in PICTURE_ENDINGS and not file.name.startswith(".")


def _pictures_by_content(folders: Sequence[Path]) -> dict[str, Path]:
    files = [
        file
        for folder in folders
        if folder.is_dir()
        for file in sorted(folder.iterdir())
        if file.suffix.lower() in PICTURE_ENDINGS
    ]
    return {digest: file for file in files if (digest := _sha256(file)) is not None}


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
