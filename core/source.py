"""From what a person names (photos or a folder of them, a project file, a capture folder) to a document."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from .camera import Camera
from .canonical import Landmarks
from .detection import detect
from .document import Document, DocumentView
from .edits import MAX_VIEWS, add_views, solve_cameras
from .errors import UserError
from .interop.capture import ListedPicture, Places
from .interop.conventions import Convention, fitting_reading
from .interop.formats import CAMERA_FILES, convention_of, is_capture, list_pictures
from .keypoints import HEAD, Keypoints2D, KeypointSchema
from .names import match_name
from .photo import Photo, load_photo
from .photo_records import is_picture
from .project_file import ENDING, open_project
from .same_person import same_person
from .several_faces import SeveralFaces

log = logging.getLogger(__name__)

Report = Callable[[str, float | None], None]
"""Told what is being done, in words, and the share that is done, 0 to 1, or None where nobody knows.

It may raise to stop the work; the exception comes through.
"""


def load_source(
    paths: Sequence[str | Path],
    *,
    schema: KeypointSchema = HEAD,
    names: Sequence[str] | None = None,
    report: Report | None = None,
) -> Document:
    """A document with cameras and keypoints solved, from photos, one project file, or one capture folder.

    `names` keeps only some pictures, given with or without ending. Raises UserError, also where nothing at all tells
    where the photos were taken: no face in any of them, and no camera given.
    """
    document = read_source(paths, schema=schema, names=names, report=report)
    if document.calibration is not None:
        return document
    document = solve_cameras(document, progress=report and (lambda share: report("Finding the cameras", share)))
    if document.shows_nobody:
        raise UserError(
            f"No face was found in {' or '.join(document.names)}.",
            "Choose photos that show the face, or open them in the window and place its points.",
        )
    return document


def read_source(
    paths: Sequence[str | Path],
    *,
    schema: KeypointSchema = HEAD,
    names: Sequence[str] | None = None,
    report: Report | None = None,
    show: Callable[[Document], None] | None = None,
) -> Document:
    """Like `load_source`, but solving the cameras is left to `edits.solve_cameras`.

    A person can then be shown the photos, and put points right, where solving fails; `show` is given the
    document as it grows, photo by photo. Of several faces in a photo the one is taken that the others show
    (`with_same_person`). Cameras of a capture folder in another convention than the usual one are read in theirs, where
    the faces tell which it is: `Document.reading`.
    """
    files = named_files([Path(path) for path in paths])
    if not files:
        raise UserError("No photos were named.", "Name photos, a project file or a capture folder.")
    projects = [file for file in files if file.suffix == ENDING]
    captures = [file for file in files if is_capture(file)]
    if (projects or captures) and len(files) > 1:
        raise UserError(
            f"{(projects + captures)[0].name} stands among other files.",
            "Name photos, or one project file, or one capture folder.",
        )
    if projects:
        return _only(open_project(files[0]), names)
    if names is not None and not captures:
        files = [files[match_name(name, [file.name for file in files])] for name in names]
    document = Document()
    pictures = _pictures(files, names, bool(captures))
    if len(pictures) > MAX_VIEWS:  # told before eight of them have been looked at
        raise UserError(f"{len(pictures)} photos are too many.", f"Choose at most {MAX_VIEWS} of one person.")
    for index, (name, make) in enumerate(pictures):
        if report is not None:
            report(f"Looking at {name}, {index + 1} of {len(pictures)}", index / len(pictures))
        document = add_views(document, [make(schema)])
        if show is not None:
            show(document)
    if captures:
        return _as_photos_show(document, convention_of(files[0]))
    return replace(document, views=with_same_person(document.views))


def named_files(paths: Sequence[Path]) -> list[Path]:
    """The same, with a folder's photos, by their names, in place of a folder that is no capture.

    Raises UserError where such a folder cannot be read, or holds no photos, or more than `MAX_VIEWS`.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir() or is_capture(path):
            files.append(path)
            continue
        try:
            photos = sorted(filter(is_picture, path.iterdir()))
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror}).", "Name photos, or another folder.") from error
        if not photos:
            raise UserError(
                f"{path} is a folder without photos, and without a {CAMERA_FILES}.",
                f"Name photos of one person, up to {MAX_VIEWS}, or a folder of them.",
            )
        if len(photos) > MAX_VIEWS:
            raise UserError(f"{path} holds {len(photos)} photos.", f"Name up to {MAX_VIEWS} of them, of one person.")
        files += photos
    return files


def _as_photos_show(document: Document, written: Convention) -> Document:
    """With the given cameras in the convention that the faces speak for."""
    reading = fitting_reading(document.observations(), written)
    if reading.is_usual:
        return document
    views = tuple(
        view if view.camera is None else replace(view, camera=reading.of(view.camera)) for view in document.views
    )
    return replace(document, views=views, reading=reading)


def _pictures(
    files: Sequence[Path], names: Sequence[str] | None, is_folder: bool
) -> list[tuple[str, Callable[[KeypointSchema], DocumentView]]]:
    """Names of pictures, and how to make a view of each; photo files are read only then, one after another."""
    if not is_folder:
        return [(file.name, partial(_view_of_file, file)) for file in files]
    return [(listed.name, partial(_view_of_listed, listed)) for listed in list_pictures(files[0], names=names)]


def _view_of_file(file: Path, schema: KeypointSchema) -> DocumentView:
    return view_of(load_photo(file), schema)


def _view_of_listed(listed: ListedPicture, schema: KeypointSchema) -> DocumentView:
    picture = listed.load()
    return view_of(picture.photo, schema, camera=picture.camera, mask=picture.mask, places=picture.keypoints)


def view_of(
    photo: Photo,
    schema: KeypointSchema = HEAD,
    *,
    camera: Camera | None = None,
    mask: np.ndarray | None = None,
    places: Places | None = None,
    face: Landmarks | None = None,
) -> DocumentView:
    """A photo with what the detector sees in it; a given camera, mask and given places of keypoints come first.

    `face`: which of several it is, as `faces_of` has found it; without it the largest is taken, which `faces` says.

    A given camera is locked. Masks are kept in steps of 1/255, so that a project file holds what was computed.
    """
    seen = detect(photo, schema, face)
    others = seen.others if face is None else 0
    foreground = np.clip(seen.mask if mask is None else mask, 0, 1)
    return DocumentView(
        photo=photo,
        mask=(np.round(foreground * 255) / 255).astype(np.float32),
        landmarks_px=seen.landmarks_px,
        detected=seen.keypoints,
        keypoints=_placed(seen.keypoints, places or {}, photo.name),
        camera=camera,
        lock_pose=camera is not None,
        lock_focal=camera is not None,
        faces=SeveralFaces(1 + others) if others else None,
    )


def with_same_person(views: Sequence[DocumentView], beside: Sequence[DocumentView] = ()) -> tuple[DocumentView, ...]:
    """Photos with the face taken, where they show several, of the person whom the others show, or those `beside` them.

    Where it is not clear whose face that is, the largest stays, and `DocumentView.faces` says so. Photos that show one
    face each cost nothing, and come back as they are.
    """
    return tuple(view if view.faces is None else _of_same_person(view, (*beside, *views)) for view in views)


def _of_same_person(view: DocumentView, known: Sequence[DocumentView]) -> DocumentView:
    found = same_person(view, known)
    if found is None or view.faces is None:
        return view
    face, like = found
    if face is view.landmarks_px:
        return replace(view, faces=None)
    taken = view_of(view.photo, view.keypoints.schema, face=face)
    return replace(taken, faces=replace(view.faces, like=like))


def _placed(keypoints: Keypoints2D, places: Places, photo_name: str) -> Keypoints2D:
    for name, xy_px in places.items():
        if name in keypoints.schema.names:
            keypoints = keypoints.moved(keypoints.schema.index(name), xy_px)
        else:
            log.warning("%s: the %s schema has no keypoint “%s”", photo_name, keypoints.schema.name, name)
    return keypoints


def _only(document: Document, names: Sequence[str] | None) -> Document:
    if names is None:
        return document
    kept = [document.views[document.view_index(name)] for name in names]
    return replace(document, views=tuple(kept), calibration=None)
