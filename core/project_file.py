"""Project files: a document on the disk.

A `.kpnerf` file is a zip archive with

    project.json         everything but pixels, version and kind first
    masks/0.png …        the foreground of each view, 8 bits
    landmarks/0.npy …    the detector's landmarks, where there are any
    photos/0.png …       only pictures that are no file of their own, as an undistorted one

Photos stay where they are: the file knows their path, relative and absolute, and the SHA-256 of their bytes, by
which they are found again when they have moved. Numbers are written so that they read back to the last bit.
"""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .atomic_file import replacing
from .document import Document, DocumentView
from .errors import UserError
from .keypoints import HEAD
from .photo import Photo, load_photo
from .project_records import (
    calibration_from_record,
    calibration_record,
    settings_from_record,
    settings_record,
    view_from_record,
    view_record,
)

ENDING = ".kpnerf"
FORMAT_VERSION = 1
SCHEMAS = {HEAD.name: HEAD}
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


class MissingPhotosError(UserError):
    """Photos of a project that are neither where they were nor where else was looked."""

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__(
            f"These photos have moved or changed: {', '.join(str(path) for path in paths)}.",
            "Put them beside the project file, or choose the folder that they are in.",
        )
        self.paths = tuple(paths)


# --- saving -----------------------------------------------------------------------------------------------------


def save_project(document: Document, path: str | Path) -> None:
    """Write a document, all of it or nothing; the file that was there stays beside it as “….bak”.

    Raises UserError when it cannot be written, and the old file is then untouched.
    """
    path = Path(path)
    with replacing(path, keep_backup=True) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("project.json", json.dumps(_project_record(document, path.absolute().parent), indent=1))
            for index, view in enumerate(document.views):
                mask = np.round(np.clip(view.mask, 0, 1) * 255).astype(np.uint8)
                _write_png(archive, f"masks/{index}.png", mask)
                if view.landmarks_px is not None:
                    buffer = io.BytesIO()
                    np.save(buffer, view.landmarks_px)
                    archive.writestr(f"landmarks/{index}.npy", buffer.getvalue())
                if view.photo.path is None:
                    _write_png(archive, f"photos/{index}.png", view.photo.rgb)


def _project_record(document: Document, folder: Path) -> dict[str, Any]:
    return {
        "version": FORMAT_VERSION,
        "kind": document.schema.name,
        "settings": settings_record(document.settings),
        "views": [view_record(view) | {"photo": _photo_record(view.photo, folder)} for view in document.views],
        "calibration": None if document.calibration is None else calibration_record(document.calibration),
    }


def _photo_record(photo: Photo, folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = {"name": photo.name, "sha256": photo.sha256, "focal_px": photo.focal_px}
    if photo.path is not None:
        absolute = photo.path.absolute()
        record |= {"path": str(absolute), "relative_path": os.path.relpath(absolute, folder)}
    return record | {"width": photo.width, "height": photo.height}


def _write_png(archive: zipfile.ZipFile, name: str, pixels: np.ndarray) -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    archive.writestr(zipfile.ZipInfo(name), buffer.getvalue())  # stored: a PNG does not shrink


# --- opening ----------------------------------------------------------------------------------------------------


def open_project(path: str | Path, *, search_folders: Sequence[str | Path] = ()) -> Document:
    """Read a document; photos that have moved are looked for, by content, beside the file and in `search_folders`.

    Raises MissingPhotosError, a UserError that names them, when some cannot be found, and UserError when the file
    is damaged, of a newer version, or no project.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            record = json.loads(archive.read("project.json"))
            _check_version(path, record)
            photos = _find_photos(archive, record, [path.absolute().parent, *map(Path, search_folders)])
            views = tuple(
                _read_view(archive, index, item, photos[index], record["kind"])
                for index, item in enumerate(record["views"])
            )
            return Document(
                views=views,
                calibration=calibration_from_record(record["calibration"], views),
                settings=settings_from_record(record["settings"]),
            )
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.", "Check the name and the folder.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).", "Check its permissions.") from error
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError, SyntaxError) as error:
        backup = path.with_name(path.name + ".bak")
        advice = f"Its backup may be whole: {backup}." if backup.exists() else "Choose another file."
        raise UserError(f"{path.name} is damaged or no project.", advice) from error


def _check_version(path: Path, record: dict[str, Any]) -> None:
    if record["version"] > FORMAT_VERSION:
        raise UserError(
            f"{path.name} was saved by a newer version of this program (format {record['version']}).",
            f"Update the program; this one reads up to format {FORMAT_VERSION}.",
        )
    if record["kind"] not in SCHEMAS:
        raise UserError(
            f"{path.name} shows a subject of kind “{record['kind']}”.", f"This program knows: {', '.join(SCHEMAS)}."
        )


def _read_view(archive: zipfile.ZipFile, index: int, record: dict[str, Any], photo: Photo, kind: str) -> DocumentView:
    mask = _read_png(archive, f"masks/{index}.png").astype(np.float32) / np.float32(255)
    if mask.shape != photo.rgb.shape[:2]:
        raise ValueError("a mask has to be of its photo's size")
    landmarks = f"landmarks/{index}.npy"
    landmarks_px = np.load(io.BytesIO(archive.read(landmarks))) if landmarks in archive.namelist() else None
    return view_from_record(record, photo, mask, landmarks_px, SCHEMAS[kind])


def _read_png(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(archive.read(name))) as image:
        return np.asarray(image)


def _find_photos(archive: zipfile.ZipFile, record: dict[str, Any], folders: Sequence[Path]) -> list[Photo]:
    photos: list[Photo] = []
    missing: list[Path] = []
    elsewhere: dict[str, Path] | None = None
    for index, view in enumerate(record["views"]):
        wanted = view["photo"]
        if "path" not in wanted:
            rgb = _read_png(archive, f"photos/{index}.png")
            photos.append(Photo(wanted["name"], None, rgb, wanted["focal_px"], wanted["sha256"]))
            continue
        found = next(
            (
                candidate
                for candidate in (folders[0] / wanted["relative_path"], Path(wanted["path"]))
                if _sha256(candidate) == wanted["sha256"]
            ),
            None,
        )
        if found is None:
            elsewhere = _pictures_by_content(folders) if elsewhere is None else elsewhere
            found = elsewhere.get(wanted["sha256"])
        if found is None:
            missing.append(Path(wanted["path"]))
            continue
        photo = load_photo(found, max_side=max(wanted["width"], wanted["height"]))
        photos.append(replace(photo, name=wanted["name"], focal_px=wanted["focal_px"]))
    if missing:
        raise MissingPhotosError(missing)
    return photos


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
