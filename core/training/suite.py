"""The whole examination of a network: people it was not trained on, photographed and spoilt in every way that matters.

A capture (see `captures`) has three photographs to work from, two between them and two beyond. A `Condition` says
which of them make the avatar, which are rendered, and what is spoilt on purpose.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Literal

import numpy as np
from jaxtyping import Float

from ..camera import Camera
from ..document import Document, DocumentView
from ..edits import apply_calibration, solve_cameras
from ..errors import UserError
from ..keypoints import HEAD
from ..photo import Photo
from ..pipeline import Avatar
from ..render.renderer import Quality
from ..source import read_source, view_of
from .evaluation import Truth, compare, truth_of
from .generators import CHANGED, USUAL, generator_of

THREE = ("left", "front", "right")
BETWEEN = ("between_left", "between_right")
BEYOND = ("beyond_left", "beyond_right")


@dataclass(frozen=True)
class Condition:
    """One question that is asked of the network."""

    name: str
    sources: tuple[str, ...] = THREE
    targets: tuple[str, ...] = BETWEEN
    given: Literal["cameras", "masks", "photos"] = "cameras"
    """What is known besides the photos: cameras and masks, masks only, or nothing."""
    keypoint_error: float = 0.0
    """Metres by which every 3D keypoint is off, in a random direction each."""
    cut: str = ""
    """The photo whose left half of the face lies beyond its edge."""
    generator: str = USUAL.name
    """Only captures that this generator wrote are asked (see `generators`)."""


CONDITIONS = (
    Condition("three photos, between them"),
    Condition("three photos, 23° beyond them", targets=BEYOND),
    Condition("four photos, between them", ("left", *BETWEEN, "right"), ("front",)),
    Condition("two photos 36° apart, between them", BETWEEN, ("front",)),
    Condition("one photo, 18° aside", ("front",), BETWEEN),
    Condition("one photo, 35° aside", ("front",), ("left", "right")),
    Condition("cameras found", given="masks"),
    Condition("cameras and masks found", given="photos"),
    Condition("keypoints off by 2 mm", keypoint_error=0.002),
    Condition("keypoints off by 5 mm", keypoint_error=0.005),
    Condition("keypoints off by 10 mm", keypoint_error=0.010),
    Condition("one head cut by the edge", cut="left"),
    Condition("changed generator, between", generator=CHANGED.name),
    Condition("changed generator, 23° beyond", targets=BEYOND, generator=CHANGED.name),
)


@dataclass(frozen=True, eq=False)
class Result:
    """One picture of the avatar beside the truth."""

    condition: str
    capture: str
    target: str
    degrees: float
    """Angle between the target's and the nearest source's direction, seen from the head."""
    figures: dict[str, float]
    rendered: Float[np.ndarray, "h w 4"]
    truth: Truth


def examine(
    avatar: Avatar,
    captures: Sequence[Path],
    *,
    conditions: Sequence[Condition] = CONDITIONS,
    size: int = 256,
    quality: Quality = "interactive",
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Result]:
    """Every condition of every capture, picture by picture.

    Captures of the changed generator are asked its conditions, all others the rest.
    A condition that a capture cannot be asked (cameras that are not found) is told to `say` and left out. Raises
    UserError where a folder is no capture, or one without cameras.
    """
    for folder in captures:
        written_by = (generator_of(folder) or USUAL.mark).rpartition("-")[0]
        known = read_source([folder])
        if any(view.camera is None for view in known.views):
            raise UserError(f"{folder} has pictures without cameras.", "The examination needs to know them all.")
        for number, condition in enumerate(conditions):
            if condition.generator != written_by:
                continue
            try:
                yield from _ask(avatar, folder, known, condition, size, quality, np.random.default_rng(number))
            except UserError as error:
                say(f"{folder.name}, {condition.name}: {error}")


def _ask(
    avatar: Avatar,
    folder: Path,
    known: Document,
    condition: Condition,
    size: int,
    quality: Quality,
    rng: np.random.Generator,
) -> Iterator[Result]:
    document = _given(known, condition)
    document = _off(document, condition.keypoint_error, rng)
    assert document.calibration is not None
    encoded = avatar.encode(document, largest=size)
    cameras = document.calibration.head_cameras
    towards = [_direction(cameras[index]) for index in document.sources]
    for name in condition.targets:
        index = document.view_index(name)
        view, seen_from = document.views[index], cameras[index]
        # Masks that were found are for the sources; the truth stays true.
        mask = known.views[known.view_index(name)].mask
        truth = truth_of(view.photo.rgb, mask, seen_from, document.schema.box, size)
        rendered = avatar.picture(encoded, document, truth.camera, quality=quality).rgba
        nearest = max(float(_direction(seen_from) @ direction) for direction in towards)
        degrees = float(np.degrees(np.arccos(np.clip(nearest, -1, 1))))
        yield Result(condition.name, folder.name, name, degrees, compare(rendered, truth), rendered, truth)


def _given(known: Document, condition: Condition) -> Document:
    """The photos of a condition, its targets held out, cameras solved with no more than what it gives.

    The camera of a target is found like the others, from its own landmarks: nothing else says where it stood.
    """
    views = [known.views[known.view_index(name)] for name in condition.sources]
    views = [_cut(view) if PurePath(view.name).stem == condition.cut else view for view in views]
    if condition.given == "photos":
        views = [replace(view, mask=view_of(view.photo).mask) for view in views]
    views += [replace(known.views[known.view_index(name)], held_out=True) for name in condition.targets]
    if condition.given != "cameras":
        views = [replace(view, camera=None, lock_pose=False, lock_focal=False) for view in views]
    return solve_cameras(Document(tuple(views)))


def _cut(view: DocumentView) -> DocumentView:
    """As if the photo ended at the middle of the face: what is left is looked at anew."""
    middle = int(view.keypoints.xy_px[HEAD.index("nose tip"), 0])
    assert view.camera is not None
    height, width = view.mask.shape
    photo = Photo(view.photo.name, None, view.photo.rgb[:, middle:], view.photo.focal_px, view.photo.sha256 + "-cut")
    camera = view.camera.cropped(middle, 0, width - middle, height)
    return view_of(photo, camera=camera, mask=view.mask[:, middle:])


def _off(document: Document, error: float, rng: np.random.Generator) -> Document:
    """With every 3D keypoint displaced by `error` metres."""
    calibration = document.calibration
    if error == 0 or calibration is None:
        return document
    away = rng.normal(size=calibration.keypoints.xyz.shape)
    away *= error / np.linalg.norm(away, axis=1, keepdims=True)
    keypoints = replace(calibration.keypoints, xyz=calibration.keypoints.xyz + away)
    return apply_calibration(document, replace(calibration, keypoints=keypoints))


def _direction(camera: Camera) -> Float[np.ndarray, "3"]:
    """Unit vector from the head to a camera in its frame."""
    return camera.position_in_world / np.linalg.norm(camera.position_in_world)
