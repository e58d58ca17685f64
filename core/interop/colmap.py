"""COLMAP's models: `cameras` and `images`, as `.txt` or `.bin`, in or under a folder with the pictures.

Poses are world to camera in OpenCV axes, as ours are; principal points are measured from the *corner* of the top-left
pixel. A model has a scale of its own, which the faces in the pictures tell afterwards.
"""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from ..camera import Camera
from ..errors import UserError
from .capture import ListedPicture, makes_no_sense, places_in, read_keypoints, selected
from .colmap_files import MODELS, Lens, Shot, read_lenses, read_shots
from .lens import Distortion
from .poses import CORNER_PX, pose_of_world_to_camera, rotation_from_quaternion

_PLACES = ("", "sparse/0", "sparse", "colmap/sparse/0")
"""Where in a folder its model may be."""
_ENDINGS = (".bin", ".txt")
"""Binary first, as COLMAP has it where there are both."""
_FOCAL_LENGTHS = {"SIMPLE_PINHOLE": 1, "PINHOLE": 2, "SIMPLE_RADIAL": 1, "RADIAL": 1, "OPENCV": 2, "FULL_OPENCV": 2}
"""Models that can be read, and how many focal lengths they begin with; what comes after the principal point are
coefficients of distortion in OpenCV's order.
"""


def find(path: Path) -> Path | None:
    """The folder of the model that a path is, is a file of, or has in one of the usual places; None for none."""
    if path.suffix in _ENDINGS and path.stem in ("cameras", "images"):
        return path.parent
    folders = [path / place for place in _PLACES]
    whole = (folder for folder in folders if _ending(folder) is not None)
    parts = (folder for folder in folders if _files(folder))
    return next(whole, None) or next(parts, None)


def list_pictures(model: Path, names: Sequence[str] | None) -> list[ListedPicture]:
    """The pictures of the model in a folder, or those of some names only.

    Raises UserError, saying which picture, where something is missing, damaged, or of a lens that cannot be read.
    """
    ending = _ending(model)
    if ending is None:
        there = " and ".join(file.name for file in _files(model)) or "nothing"
        raise UserError(
            f"Of COLMAP's files in {model} there is only {there}.",
            "Put cameras.txt and images.txt there, or cameras.bin and images.bin.",
        )
    cameras, images = model / f"cameras{ending}", model / f"images{ending}"
    lenses, shots = read_lenses(cameras), read_shots(images)
    if not shots:
        raise UserError(f"{images} lists no pictures.", "Have COLMAP place some first.")
    folders = _folders_of_pictures(model)
    keypoints = read_keypoints(folders[-1])
    chosen = names_of(shots)
    listed = []
    for index in selected(chosen, names):
        shot = shots[index]
        path = _picture_path(shot, folders, images)
        lens = lenses.get(shot.camera)
        if lens is None:
            raise UserError(
                f"{images} takes {shot.name} with camera {shot.camera}, which {cameras.name} does not have.",
                "Put two files of one model there.",
            )
        if lens.model not in _FOCAL_LENGTHS:
            raise UserError(
                f"The camera model “{lens.model}” of {shot.name} cannot be read.",
                "Have “colmap image_undistorter” undistort the pictures, and open the folder that it writes.",
            )
        try:
            camera, distortion = _camera(lens, shot)
        except ValueError as error:
            raise makes_no_sense(shot.name, model, error) from error
        listed.append(
            ListedPicture(
                name=chosen[index],
                path=path,
                listed_in=cameras,
                size=(lens.width, lens.height),
                camera=camera,
                distortion=distortion,
                places=places_in(keypoints, shot.name),
            )
        )
    return listed


def names_of(shots: Sequence[Shot]) -> list[str]:
    """What the pictures are called: by their files, or, where two are called alike, with their folders before it."""
    files = [PurePosixPath(shot.name).name for shot in shots]
    return files if len(set(files)) == len(files) else [shot.name.replace("/", "_") for shot in shots]


def _camera(lens: Lens, shot: Shot) -> tuple[Camera, Distortion | None]:
    focals = _FOCAL_LENGTHS[lens.model]
    if len(lens.parameters) != dict(MODELS)[lens.model]:
        raise ValueError(f"{lens.model} with {len(lens.parameters)} parameters")
    fx, fy = lens.parameters[0], lens.parameters[focals - 1]
    cx, cy, *coefficients = lens.parameters[focals:]
    if not (0 < fx < np.inf and 0 < fy < np.inf and np.isfinite([cx, cy]).all()):
        raise ValueError(f"a focal length of {fx} pixels and a principal point at {cx}, {cy}")
    if lens.width < 1 or lens.height < 1:
        raise ValueError(f"a picture of {lens.width} x {lens.height} pixels")
    rotation = rotation_from_quaternion(np.array(shot.quaternion))
    camera = Camera(
        fx=fx,
        fy=fy,
        cx=cx - CORNER_PX,
        cy=cy - CORNER_PX,
        width=lens.width,
        height=lens.height,
        world_from_camera=pose_of_world_to_camera(rotation, np.array(shot.translation)),
    )
    return camera, Distortion.from_coefficients(coefficients)


# --- where files are --------------------------------------------------------------------------------------------


def _files(folder: Path) -> list[Path]:
    files = [folder / f"{stem}{ending}" for ending in _ENDINGS for stem in ("cameras", "images")]
    return [file for file in files if file.is_file()]


def _ending(folder: Path) -> str | None:
    """The ending of the model's files; None where there are no two of one ending."""
    endings = [file.suffix for file in _files(folder)]
    return next((ending for ending in _ENDINGS if endings.count(ending) == 2), None)


def _folders_of_pictures(model: Path) -> list[Path]:
    """Where pictures may be: in the model's folder, and in those above it that COLMAP makes for a model, up to the
    capture folder, which is the last.
    """
    above = [model.absolute()]
    while re.fullmatch(r"\d+|sparse|colmap", above[-1].name):
        above.append(above[-1].parent)
    return above


def _picture_path(shot: Shot, folders: Sequence[Path], images: Path) -> Path:
    for folder in folders:
        for path in (folder / "images" / shot.name, folder / shot.name):
            if path.is_file():
                return path
    raise UserError(f"There is no picture {shot.name}, which {images} lists.", f"Put it into {folders[-1] / 'images'}.")
