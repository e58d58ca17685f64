"""Every edit by a name and words, as a shell gives them: the table behind `kpnerf edit` and behind replaying."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import camera_edits, edits, lens_edits, mask_edits, path_edits
from .camera_path import KeyView
from .document import Document
from .errors import UserError
from .steps import Operation


@dataclass(frozen=True)
class Kind:
    """A kind of operation."""

    words: tuple[str, ...]
    """What it is given, as a help text names it."""
    summary: str
    perform: Callable[..., Document]
    """Given the document and one text for each of `words`."""


def perform(document: Document, operation: Operation) -> Document:
    """A document with an operation done to it; UserError where it cannot be done or is no operation."""
    name, *words = operation
    kind = KINDS.get(name)
    if kind is None:
        raise UserError(f"There is no edit called “{name}”.", f"There are: {', '.join(KINDS)}.")
    if len(words) != len(kind.words):
        raise UserError(f"--{name} takes {' '.join(kind.words) or 'nothing'}, not {len(words)} words.")
    return kind.perform(document, *words)


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise UserError(f"“{word}” is no number.", "Write it like 123.5.") from None


# --- photos -----------------------------------------------------------------------------------------------------


def _add(document: Document, photo: str) -> Document:
    from .photo import load_photo
    from .source import view_of, with_same_person  # the detector is loaded only where it is needed

    return edits.add_views(document, with_same_person([view_of(load_photo(Path(photo)))], document.views))


def _remove(document: Document, view: str) -> Document:
    return edits.remove_view(document, document.view_index(view))


def _hold_out(document: Document, view: str) -> Document:
    return edits.hold_out(document, document.view_index(view))


def _use(document: Document, view: str) -> Document:
    return edits.hold_out(document, document.view_index(view), held_out=False)


def _face(document: Document, view: str, x: str, y: str) -> Document:
    from .another_face import with_face_at  # the detector is loaded only where it is needed

    return with_face_at(document, document.view_index(view), (_number(x), _number(y)))


def _paint(document: Document, view: str, radius: str, path: str) -> Document:
    return _stroke(document, view, radius, path, add=True)


def _erase(document: Document, view: str, radius: str, path: str) -> Document:
    return _stroke(document, view, radius, path, add=False)


def _stroke(document: Document, view: str, radius: str, path: str, *, add: bool) -> Document:
    numbers = _all_numbers(path)
    if len(numbers) % 2:
        raise UserError("A path of the brush has an x without a y.", "Write it like “10,20 30,40”.")
    places = list(zip(numbers[::2], numbers[1::2], strict=True))
    return mask_edits.paint_mask(document, document.view_index(view), places, _number(radius), add=add)


def _restore_mask(document: Document, view: str) -> Document:
    return mask_edits.restore_mask(document, document.view_index(view))


# --- keypoints --------------------------------------------------------------------------------------------------


def _move(document: Document, keypoint: str, view: str, x: str, y: str) -> Document:
    return edits.move_keypoint(document, document.view_index(view), keypoint, (_number(x), _number(y)))


def _occlude(document: Document, keypoint: str, view: str) -> Document:
    return edits.occlude_keypoint(document, document.view_index(view), keypoint)


def _show(document: Document, keypoint: str, view: str) -> Document:
    return edits.occlude_keypoint(document, document.view_index(view), keypoint, occluded=False)


def _delete(document: Document, keypoint: str, view: str) -> Document:
    return edits.unplace_keypoint(document, document.view_index(view), keypoint)


def _to_detection(document: Document, keypoint: str, view: str) -> Document:
    return edits.snap_to_detection(document, document.view_index(view), keypoint)


def _swap_sides(document: Document, keypoint: str, view: str) -> Document:
    return edits.swap_sides(document, document.view_index(view), [keypoint])


# --- cameras ----------------------------------------------------------------------------------------------------


def _focal(document: Document, view: str, pixels: str) -> Document:
    return edits.set_focal(document, document.view_index(view), _number(pixels))


def _principal_point(document: Document, view: str, x: str, y: str) -> Document:
    return edits.set_principal_point(document, document.view_index(view), _number(x), _number(y))


def _pose(document: Document, view: str, numbers: str) -> Document:
    pose = np.eye(4)
    pose[:3] = np.reshape(_numbers(numbers, 12), (3, 4))
    return edits.set_pose(document, document.view_index(view), pose)


def _lens(document: Document, view: str, numbers: str) -> Document:
    fx, fy, cx, cy = _numbers(numbers, 4)
    return edits.set_lens(document, document.view_index(view), fx, fy, cx, cy)


def _distortion(document: Document, view: str, share: str) -> Document:
    return lens_edits.set_distortion(document, document.view_index(view), _number(share))


def _lock(document: Document, view: str, part: str) -> Document:
    return edits.lock(document, document.view_index(view), **{_part(part): True})


def _release(document: Document, view: str, part: str) -> Document:
    return edits.lock(document, document.view_index(view), **{_part(part): False})


def _scale(document: Document, first: str, second: str, metres: str) -> Document:
    return camera_edits.scale_to_distance(document, first, second, _number(metres))


def _part(word: str) -> str:
    if word not in PARTS:
        raise UserError(f"A camera has no “{word}” to lock.", f"It has: {', '.join(PARTS)}.")
    return word


def _numbers(words: str, count: int) -> list[float]:
    numbers = _all_numbers(words)
    if len(numbers) != count:
        raise UserError(f"{len(numbers)} numbers are not {count}.", "Put them in one pair of quotes.")
    return numbers


def _all_numbers(words: str) -> list[float]:
    return [_number(word) for word in words.replace(",", " ").split()]


# --- drawing ----------------------------------------------------------------------------------------------------


def _set(document: Document, setting: str, value: str) -> Document:
    settings = document.settings
    readers: dict[str, Callable[[str], Any]] = {
        "resolution": lambda word: int(_number(word)),
        "quality": str,
        "mode": str,
        "sigma": _number,
        "background": lambda word: None if word == "none" else tuple(_numbers(word, 3)),
        "mirror": _switch,
        "expression": str,
    }
    if setting not in readers:
        raise UserError(f"There is no setting “{setting}”.", f"There are: {', '.join(readers)}.")
    return edits.set_render_settings(document, replace(settings, **{setting: readers[setting](value)}))


def _switch(word: str) -> bool:
    if word not in _SWITCH:
        raise UserError(f"“{word}” is neither on nor off.", "Say on or off.")
    return _SWITCH[word]


# --- the path of a film -----------------------------------------------------------------------------------------


def _path_add(document: Document, view: str) -> Document:
    return path_edits.add_to_path(document, _key_view(document, view))


def _path_replace(document: Document, number: str, view: str) -> Document:
    return path_edits.replace_in_path(document, _index(number), _key_view(document, view))


def _path_remove(document: Document, number: str) -> Document:
    return path_edits.remove_from_path(document, _index(number))


def _path_move(document: Document, number: str, place: str) -> Document:
    return path_edits.move_in_path(document, _index(number), _index(place))


def _path_seconds(document: Document, seconds: str) -> Document:
    return path_edits.time_path(document, seconds=_number(seconds))


def _path_loop(document: Document, switch: str) -> Document:
    return path_edits.time_path(document, loop=_switch(switch))


def _key_view(document: Document, view: str) -> KeyView:
    return path_edits.view_of_numbers(_all_numbers(view), document.shown)


def _index(number: str) -> int:
    if not number.isdecimal():
        raise UserError(f"“{number}” is no number of a view.", "Count from 1.")
    return int(number) - 1


# --- refining ---------------------------------------------------------------------------------------------------


def _refine(document: Document) -> Document:
    from .pipeline import load_model
    from .refine import refine  # the network is loaded only where it is needed

    outcome = refine(load_model(), document)
    if outcome.refinement is None:
        raise UserError(f"{outcome.sentence}.", "Leave this edit out.")
    return edits.set_refinement(document, outcome.refinement)


def _unrefine(document: Document) -> Document:
    return edits.set_refinement(document, None)


_SWITCH = {"on": True, "off": False}
PARTS = ("pose", "focal", "centre")
KINDS: dict[str, Kind] = {
    "move": Kind(("KEYPOINT", "VIEW", "X", "Y"), "put a keypoint at a pixel", _move),
    "occlude": Kind(("KEYPOINT", "VIEW"), "mark a keypoint as hidden", _occlude),
    "show": Kind(("KEYPOINT", "VIEW"), "mark it as visible again", _show),
    "delete": Kind(("KEYPOINT", "VIEW"), "take a keypoint back; other photos may tell where it is", _delete),
    "to-detection": Kind(("KEYPOINT", "VIEW"), "put a keypoint back where the detector saw it", _to_detection),
    "swap-sides": Kind(("KEYPOINT", "VIEW"), "exchange a keypoint with its partner on the other side", _swap_sides),
    "add": Kind(("PHOTO",), "add a photo; the cameras have to be solved again", _add),
    "remove": Kind(("VIEW",), "take a photo out", _remove),
    "hold-out": Kind(("VIEW",), "keep a photo only to compare with", _hold_out),
    "use": Kind(("VIEW",), "use it as a source again", _use),
    "face": Kind(("VIEW", "X", "Y"), "of several faces, take the one at a pixel; then --solve", _face),
    "paint": Kind(("VIEW", "RADIUS", "PATH"), "brush on the foreground: pixels “x,y x,y …” in quotes", _paint),
    "erase": Kind(("VIEW", "RADIUS", "PATH"), "the same, taking away from it", _erase),
    "restore-mask": Kind(("VIEW",), "have the foreground as it was detected", _restore_mask),
    "focal": Kind(("VIEW", "PX"), "give a camera another focal length", _focal),
    "principal-point": Kind(("VIEW", "X", "Y"), "have the optical axis go through a pixel", _principal_point),
    "pose": Kind(("VIEW", "NUMBERS"), "move a camera: three rows of world_from_camera, 12 numbers in quotes", _pose),
    "lens": Kind(("VIEW", "NUMBERS"), "change a lens only: fx fy cx cy in quotes, for the camera as it is now", _lens),
    "distortion": Kind(("VIEW", "SHARE"), "take out what the lens adds to a corner's distance, as -0.03", _distortion),
    "lock": Kind(("VIEW", "PART"), f"keep a part of a camera when solving: {', '.join(PARTS)}", _lock),
    "release": Kind(("VIEW", "PART"), "no longer keep it", _release),
    "solve": Kind((), "find cameras and keypoints in space again", edits.solve_cameras),
    "scale": Kind(("KEYPOINT", "KEYPOINT", "METRES"), "tell how far two keypoints are apart", _scale),
    "refine": Kind((), "refine the avatar on this person; takes minutes", _refine),
    "unrefine": Kind((), "take off what refining found", _unrefine),
    "set": Kind(
        ("SETTING", "VALUE"),
        "resolution, quality, mode, sigma, background, mirror (on, off) or expression (a photo, automatic, mixed) of "
        "the avatar",
        _set,
    ),
    "path-add": Kind(
        ("ORBIT",),
        "add a view to the path of `kpnerf film`: in quotes yaw and pitch, as of `kpnerf render --orbit`; then, as far "
        "as they matter, distance in metres, target (x y z in the head frame), field of view",
        _path_add,
    ),
    "path-replace": Kind(("NUMBER", "ORBIT"), "put another view in place of one, counted from 1", _path_replace),
    "path-remove": Kind(("NUMBER",), "take a view off the path", _path_remove),
    "path-move": Kind(("NUMBER", "PLACE"), "put a view in another place of the path, both counted from 1", _path_move),
    "path-clear": Kind((), "take all views off it", path_edits.clear_path),
    "path-seconds": Kind(("SECONDS",), "from one view to the next", _path_seconds),
    "path-loop": Kind(("SWITCH",), "on: after the last view comes the first again; off: the film ends", _path_loop),
}
"""By name, in the order of the help text."""
