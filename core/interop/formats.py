"""Whose capture folder it is: nerfstudio's, EasyMocap's or COLMAP's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from . import colmap, conventions, easymocap, transforms_json
from .capture import Capture, ListedPicture
from .conventions import Convention

CAMERA_FILES = "transforms.json, COLMAP's cameras and images, or EasyMocap's intri.yml and extri.yml"


@dataclass(frozen=True)
class Format:
    """How captures of one program are found and read."""

    find: Callable[[Path], Path | None]
    """What `list_pictures` is to be given for a path that a person names; None where it is of another format."""
    list_pictures: Callable[[Path, Sequence[str] | None], list[ListedPicture]]
    convention: Convention


FORMATS = (
    Format(transforms_json.find, transforms_json.list_pictures, conventions.TRANSFORMS_JSON),
    Format(easymocap.find, easymocap.list_pictures, conventions.EASYMOCAP),
    Format(colmap.find, colmap.list_pictures, conventions.COLMAP),
)
"""The first one that fits is taken: what was made from a model of COLMAP often lies above it."""


def is_capture(path: Path) -> bool:
    """Whether a path is a capture folder or one of its camera files."""
    return any(one.find(path) is not None for one in FORMATS)


def list_pictures(path: Path, *, names: Sequence[str] | None = None) -> list[ListedPicture]:
    """The pictures of a capture folder, or those of some names only (given with or without ending); none is read yet.

    Raises UserError, saying which picture, where something is missing or makes no sense.
    """
    one, found = _format(path)
    return one.list_pictures(found, names)


def load_capture(folder: str | Path, *, names: Sequence[str] | None = None, max_side: int = 2048) -> Capture:
    """Read a capture folder, or the pictures of some names only (given with or without ending).

    Pictures with lens distortion come back undistorted, their keypoints with them; they then are no longer the
    file's pixels and have no `path`. Pictures larger than `max_side` are scaled down, with their cameras.
    Raises UserError, saying which picture, where something is missing or makes no sense.
    """
    return Capture.of([listed.load(max_side=max_side) for listed in list_pictures(Path(folder), names=names)])


def convention_of(path: Path) -> Convention:
    """The convention that a capture folder's camera files are written in, if their program wrote them."""
    return _format(path)[0].convention


def _format(path: Path) -> tuple[Format, Path]:
    for one in FORMATS:
        found = one.find(path)
        if found is not None:
            return one, found
    raise UserError(f"There are no cameras in {path}.", f"A capture folder holds a {CAMERA_FILES}.")
