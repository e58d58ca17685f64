"""Edits of the path along which the avatar is filmed; like those of `edits`, pure functions of documents.

A view is kept to a ten-thousandth of a degree and a hundredth of a millimetre, which nobody sees: what a shell is
told of it is then short, and all of it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .camera_path import (
    FARTHEST,
    MAX_PITCH,
    NARROWEST,
    NEAREST,
    PORTRAIT,
    WIDEST,
    CameraPath,
    KeyView,
    framing_distance,
)
from .document import Document
from .errors import UserError
from .geometry import Box
from .steps import number_word

SHORTEST, LONGEST = 0.1, 60.0
"""Limits of the time from one view to the next, seconds."""
_ANGLE, _LENGTH = 4, 5
"""Decimal places of degrees and of metres."""


def add_to_path(document: Document, view: KeyView) -> Document:
    """With a view at the end of the path; UserError where it cannot be looked from there."""
    return _with_views(document, (*document.camera_path.views, _kept(view)))


def replace_in_path(document: Document, index: int, view: KeyView) -> Document:
    """With another view in place of one of the path."""
    views = list(document.camera_path.views)
    views[_checked(document, index)] = _kept(view)
    return _with_views(document, tuple(views))


def remove_from_path(document: Document, index: int) -> Document:
    """Without one view of the path."""
    views, index = document.camera_path.views, _checked(document, index)
    return _with_views(document, views[:index] + views[index + 1 :])


def move_in_path(document: Document, index: int, to: int) -> Document:
    """With one view of the path in another place, the others in the order that they were in."""
    views = list(document.camera_path.views)
    to = _checked(document, to)
    views.insert(to, views.pop(_checked(document, index)))
    return _with_views(document, tuple(views))


def clear_path(document: Document) -> Document:
    """Without any view on the path."""
    return _with_views(document, ())


def time_path(document: Document, *, seconds: float | None = None, loop: bool | None = None) -> Document:
    """With other seconds from one view to the next, and a way back to the first or none; None: as it is."""
    path = document.camera_path
    seconds, loop = path.seconds if seconds is None else seconds, path.loop if loop is None else loop
    if not SHORTEST <= seconds <= LONGEST:
        raise UserError(f"A view cannot take {seconds:g} s.", f"Give {SHORTEST:g} to {LONGEST:g} seconds.")
    return _with_path(document, replace(path, seconds=float(seconds), loop=loop))


# --- a view as a shell says it ----------------------------------------------------------------------------------


def view_of_numbers(numbers: Sequence[float], box: Box) -> KeyView:
    """Yaw and pitch in degrees, and where more is said the distance, the target, and the field of view in degrees.

    What is not said is as `kpnerf render --orbit` has it: the whole subject in the picture. Raises UserError for
    other than 2, 3, 6 or 7 numbers.
    """
    if len(numbers) not in (2, 3, 6, 7):
        advice = "Give YAW PITCH, then DISTANCE, then X Y Z, then FIELD_OF_VIEW, as far as they matter."
        raise UserError(f"{len(numbers)} numbers are no view.", advice)
    field_of_view = PORTRAIT if len(numbers) < 7 else float(np.deg2rad(numbers[6]))
    x, y, z = map(float, box.centre if len(numbers) < 6 else numbers[3:6])
    distance = framing_distance(box, field_of_view) if len(numbers) < 3 else numbers[2]
    return KeyView(float(np.deg2rad(numbers[0])), float(np.deg2rad(numbers[1])), distance, (x, y, z), field_of_view)


def words_of_view(view: KeyView) -> str:
    """The inverse of `view_of_numbers` for a view of a path, in one word."""
    yaw, pitch, field_of_view = np.rad2deg([view.yaw, view.pitch, view.field_of_view]).round(_ANGLE)
    return " ".join(map(number_word, (yaw, pitch, view.distance, *view.target, field_of_view)))


# --- small parts ------------------------------------------------------------------------------------------------


def _kept(view: KeyView) -> KeyView:
    """A view as a path keeps it; UserError where it cannot be."""
    numbers = (view.yaw, view.pitch, view.distance, *view.target, view.field_of_view)
    if not np.isfinite(numbers).all():
        raise UserError("A view that is not finite cannot be looked from.", "Give other numbers.")
    for what, value, (lower, upper), unit in (
        ("pitch", np.rad2deg(view.pitch), np.rad2deg([-MAX_PITCH, MAX_PITCH]), "degrees"),
        ("distance", view.distance, (NEAREST, FARTHEST), "metres"),
        ("field of view", np.rad2deg(view.field_of_view), np.rad2deg([NARROWEST, WIDEST]), "degrees"),
    ):
        if not lower - 1e-6 <= value <= upper + 1e-6:
            raise UserError(f"A {what} of {value:g} {unit} cannot be.", f"Give {lower:g} to {upper:g} {unit}.")
    x, y, z = (round(float(part), _LENGTH) for part in view.target)
    yaw = (view.yaw + np.pi) % (2 * np.pi) - np.pi
    yaw, pitch, field_of_view = (_rounded(angle) for angle in (yaw, view.pitch, view.field_of_view))
    return KeyView(yaw, pitch, round(float(view.distance), _LENGTH), (x, y, z), field_of_view)


def _rounded(angle: float) -> float:
    return float(np.deg2rad(round(float(np.rad2deg(angle)), _ANGLE)))


def _checked(document: Document, index: int) -> int:
    count = len(document.camera_path.views)
    if not 0 <= index < count:
        there = f"Choose one from 1 to {count}." if count else "Add one first."
        raise UserError(f"The path has no view {index + 1}.", there)
    return index


def _with_views(document: Document, views: tuple[KeyView, ...]) -> Document:
    return _with_path(document, replace(document.camera_path, views=views))


def _with_path(document: Document, path: CameraPath) -> Document:
    return document if path == document.camera_path else replace(document, camera_path=path)
