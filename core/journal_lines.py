"""The journal's file: lines that are whole or not there, of documents that share their parts.

Each line is a checksum and a JSON record. What several documents have in common (a photo, a mask, a view) is written
once, as a part with a number, so that an edit adds a few kilobytes. A line that was cut short by a crash ends the
reading; everything before it counts.
"""

import base64
import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .calibration import Calibration
from .camera import Camera
from .crash_log import state_folder
from .document import Document, DocumentView
from .keypoints import HEAD
from .lens_edits import straight_photo
from .mask_bytes import as_numbers, bytes_of
from .migrations import migrated
from .photo import Photo
from .photo_records import find_photos, from_png, photo_record, to_png
from .project_records import calibration_record, document_from_record, document_record, view_from_record, view_record
from .refinement import Refinement, refinement_from_bytes, refinement_to_bytes

Record = dict[str, Any]
SCHEMAS = {HEAD.name: HEAD}
ENDING = ".kpnerf-journal"


def journal_folder() -> Path:
    """Where journals are: one for each program that has something unsaved."""
    return state_folder() / "journals"


def line_of(record: Record) -> bytes:
    """A record as a line of the file."""
    content = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(content), content)


def whole_lines(content: bytes) -> Iterator[tuple[Record, int]]:
    """The records up to the first line that is not whole, each with where its line ends, bytes."""
    end = 0
    for line in content.splitlines(keepends=True):
        checksum, _, record = line[:-1].partition(b" ")
        if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(record):
            return
        end += len(line)
        yield json.loads(record), end


class PartsWriter:
    """Turns documents into lines; a part that was written before is only named by its number."""

    def __init__(self, folder: Path, first: int = 0) -> None:
        """`folder`: from where photos are seen. `first`: the number of the next part."""
        self._folder = folder
        self._next = first
        self._numbers: dict[int, tuple[object, int]] = {}  # by identity; the object is kept, so that no other gets it

    def document(self, document: Document) -> tuple[list[bytes], Record]:
        """The lines of what is new in a document, and the record that names all its parts."""
        lines: list[bytes] = []

        def part(value: object, content: Callable[[], Any]) -> int | None:
            if value is None:
                return None
            if id(value) not in self._numbers:
                record = content()  # may write parts of its own, with the numbers before this one's
                self._numbers[id(value)] = (value, self._next)
                lines.append(line_of({"part": self._next, "is": record}))
                self._next += 1
            return self._numbers[id(value)][1]

        views = [part(view, lambda view=view: self._view(view, part)) for view in document.views]
        solved = document.calibration
        calibration = part(solved, lambda: None if solved is None else calibration_record(solved))
        found = document.refinement
        refinement = part(found, lambda: None if found is None else _text(refinement_to_bytes(found)))
        rest = document_record(replace(document, views=(), calibration=None), [])
        parts = {"views": views, "calibration": calibration, "refinement": refinement}
        return lines, rest | {"kind": document.schema.name} | parts

    def _view(self, view: DocumentView, part: Callable[[object, Callable[[], Any]], int | None]) -> Record:
        loaded, mask, detected_mask = view.as_loaded, bytes_of(view, "mask"), bytes_of(view, "detected_mask")
        return view_record(view) | {
            "as_loaded": part(loaded, lambda: None if loaded is None else self._view(loaded, part)),
            "photo": None if loaded is not None else part(view.photo, lambda: self._photo(view.photo)),
            "mask": part(mask, lambda: _text(to_png(np.asarray(mask)))),
            "detected_mask": part(detected_mask, lambda: _text(to_png(np.asarray(detected_mask)))),
            "landmarks": part(view.landmarks_px, lambda: _text(_npy(np.asarray(view.landmarks_px)))),
        }

    def _photo(self, photo: Photo) -> Record:
        record = photo_record(photo, self._folder)
        return record if photo.path is not None else record | {"png": _text(to_png(photo.rgb))}


class PartsReader:
    """Turns records back into documents that share their parts, as those that were written did."""

    def __init__(self, parts: dict[int, Any], folders: list[Path]) -> None:
        """Reads the photos that the parts name; MissingPhotosError where some are nowhere."""
        self._parts = parts
        self._views: dict[str, DocumentView] = {}
        self._cameras: dict[str, Camera] = {}
        self._calibrations: dict[tuple, Calibration | None] = {}
        self._arrays: dict[int, np.ndarray] = {}
        self._straight: dict[tuple[int, float], Photo] = {}
        self._refinements: dict[int, Refinement] = {}
        numbers = [number for number, content in parts.items() if isinstance(content, dict) and "sha256" in content]
        found = find_photos([parts[number] for number in numbers], folders, lambda index: self._png(numbers[index]))
        self._photos = dict(zip(numbers, found, strict=True))

    def document(self, record: Record, version: int) -> Document:
        """The document of a record that was written in some format."""
        calibration = record["calibration"]
        whole: Record = {"views": [self._parts[number] for number in record["views"]], "version": version}
        whole |= {"calibration": None if calibration is None else self._parts[calibration]}
        whole = migrated(record | whole)
        views = [self._view(item, whole["kind"]) for item in whole["views"]]
        document = document_from_record(whole, views, self._refinement(whole["refinement"]))
        key = (calibration, *(id(view.camera) for view in views))
        shared = self._calibrations.setdefault(key, document.calibration)
        return replace(document, calibration=shared)

    def _view(self, record: Record, kind: str) -> DocumentView:
        key = json.dumps(record)
        if key not in self._views:
            mask, repaired = self._mask(record["mask"]), self._mask(record["detected_mask"])
            assert mask is not None
            as_loaded = None if record["as_loaded"] is None else self._view(self._parts[record["as_loaded"]], kind)
            photo, landmarks = self._photo(record, as_loaded), self._landmarks(record["landmarks"])
            view = view_from_record(record, photo, mask, landmarks, SCHEMAS[kind], repaired, as_loaded)
            if view.camera is not None:
                place = json.dumps(record["camera"])
                view = replace(view, camera=self._cameras.setdefault(place, view.camera))
            self._views[key] = view
        return self._views[key]

    def _photo(self, record: Record, as_loaded: DocumentView | None) -> Photo:
        if as_loaded is None:
            return self._photos[record["photo"]]
        key = id(as_loaded), record["distortion"]
        if key not in self._straight:
            self._straight[key] = straight_photo(as_loaded.photo, record["distortion"])
        return self._straight[key]

    def _refinement(self, number: int | None) -> Refinement | None:
        if number is None:
            return None
        if number not in self._refinements:
            self._refinements[number] = refinement_from_bytes(base64.b64decode(self._parts[number]))
        return self._refinements[number]

    def _mask(self, number: int | None) -> np.ndarray | None:
        return self._array(number, lambda content: as_numbers(from_png(content)))

    def _landmarks(self, number: int | None) -> np.ndarray | None:
        return self._array(number, lambda content: np.load(io.BytesIO(content)))

    def _array(self, number: int | None, read: Callable[[bytes], np.ndarray]) -> np.ndarray | None:
        if number is None:
            return None
        if number not in self._arrays:
            array = read(base64.b64decode(self._parts[number]))
            array.flags.writeable = False
            self._arrays[number] = array
        return self._arrays[number]

    def _png(self, number: int) -> np.ndarray:
        return from_png(base64.b64decode(self._parts[number]["png"]))


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
