"""Project files: a document on the disk.

A `.kpnerf` file is a zip archive with

    project.json         everything but pixels, version and kind first
    masks/0.png …        the foreground of each view, 8 bits; 0.detected.png … as it was before a hand repaired it
    landmarks/0.npy …    the detector's landmarks, where there are any
    photos/0.png …       only pictures that are no file of their own, as an undistorted one
    refinement.safetensors   what refining on the person has found, where that was done

Of a view whose lens is straightened, “0.loaded” stands for masks and landmarks as they were loaded.

Photos stay where they are: the file knows their path, relative and absolute, and the SHA-256 of their bytes, by
which they are found again when they have moved. Numbers are written so that they read back to the last bit.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .atomic_file import replacing
from .document import Document, DocumentView
from .errors import UserError
from .keypoints import HEAD
from .lens_edits import straight_photo
from .migrations import FORMAT_VERSION, migrated
from .photo import Photo
from .photo_records import find_photos, from_png, mask_from_png, mask_to_png, photo_record, to_png
from .project_records import document_from_record, document_record, view_from_record
from .refinement import Refinement, refinement_from_bytes, refinement_to_bytes
from .steps import Step, steps_from_record, steps_record

ENDING = ".kpnerf"
SCHEMAS = {HEAD.name: HEAD}
REFINEMENT = "refinement.safetensors"

# --- saving -----------------------------------------------------------------------------------------------------


def save_project(document: Document, path: str | Path, *, history: Sequence[Step] = ()) -> None:
    """Write a document, all of it or nothing; the file that was there stays beside it as “….bak”.

    `history` is what was done to it so far. Raises UserError when the file cannot be written, and the old one is
    then untouched.
    """
    path = Path(path)
    with replacing(path, keep_backup=True) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            photos = [photo_record(_loaded(view).photo, path.absolute().parent) for view in document.views]
            refinement = None if document.refinement is None else REFINEMENT
            record = {"version": FORMAT_VERSION} | document_record(document, photos) | {"refinement": refinement}
            archive.writestr("project.json", json.dumps(record | {"history": steps_record(history)}, indent=1))
            if document.refinement is not None:
                archive.writestr(REFINEMENT, refinement_to_bytes(document.refinement))
            for index, view in enumerate(document.views):
                _store_arrays(archive, f"{index}", view)
                if view.as_loaded is not None:
                    _store_arrays(archive, f"{index}.loaded", view.as_loaded)
                photo = _loaded(view).photo
                if photo.path is None:
                    _store(archive, f"photos/{index}.png", to_png(photo.rgb))


def _loaded(view: DocumentView) -> DocumentView:
    return view if view.as_loaded is None else view.as_loaded


def _store_arrays(archive: zipfile.ZipFile, name: str, view: DocumentView) -> None:
    """Masks and landmarks."""
    _store(archive, f"masks/{name}.png", mask_to_png(view.mask))
    if view.detected_mask is not None:
        _store(archive, f"masks/{name}.detected.png", mask_to_png(view.detected_mask))
    if view.landmarks_px is not None:
        buffer = io.BytesIO()
        np.save(buffer, view.landmarks_px)
        archive.writestr(f"landmarks/{name}.npy", buffer.getvalue())


def _store(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name), content)  # as it is: a PNG does not shrink


# --- opening ----------------------------------------------------------------------------------------------------


def open_project(path: str | Path, *, search_folders: Sequence[str | Path] = ()) -> Document:
    """Read a document; photos that have moved are looked for, by content, beside the file and in `search_folders`.

    Files of older formats are brought up to date. Raises MissingPhotosError, a UserError that names them, when some
    photos cannot be found, and UserError when the file is damaged, of a newer version, or no project.
    """
    document, _ = open_with_history(path, search_folders=search_folders)
    return document


def open_with_history(
    path: str | Path, *, search_folders: Sequence[str | Path] = ()
) -> tuple[Document, tuple[Step, ...]]:
    """Like `open_project`, with what was done to the document before it was saved."""
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            record = json.loads(archive.read("project.json"))
            _check_version(path, record)
            record = migrated(record)
            photos = find_photos(
                [view["photo"] for view in record["views"]],
                [path.absolute().parent, *map(Path, search_folders)],
                lambda index: from_png(archive.read(f"photos/{index}.png")),
            )
            views = [
                _read_view(archive, f"{index}", item, photos[index], record["kind"])
                for index, item in enumerate(record["views"])
            ]
            refinement = _read_refinement(archive, record["refinement"])
            return document_from_record(record, views, refinement), steps_from_record(record["history"])
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


def _read_refinement(archive: zipfile.ZipFile, name: str | None) -> Refinement | None:
    return None if name is None else refinement_from_bytes(archive.read(name))


def _read_view(archive: zipfile.ZipFile, name: str, record: dict[str, Any], photo: Photo, kind: str) -> DocumentView:
    """`photo` is as it was loaded."""
    as_loaded = None
    if record["as_loaded"] is not None:
        as_loaded = _read_view(archive, f"{name}.loaded", record["as_loaded"], photo, kind)
        photo = straight_photo(photo, record["distortion"])
    mask = mask_from_png(archive.read(f"masks/{name}.png"))
    if mask.shape != photo.rgb.shape[:2]:
        raise ValueError("a mask has to be of its photo's size")
    landmarks = f"landmarks/{name}.npy"
    landmarks_px = np.load(io.BytesIO(archive.read(landmarks))) if landmarks in archive.namelist() else None
    detected = f"masks/{name}.detected.png"
    detected_mask = mask_from_png(archive.read(detected)) if detected in archive.namelist() else None
    return view_from_record(record, photo, mask, landmarks_px, SCHEMAS[kind], detected_mask, as_loaded)
