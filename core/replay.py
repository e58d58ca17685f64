"""From two documents to the operations between them, and from a history to command lines that repeat it.

Nobody has to register what an edit was: it is read off what it did, performed on the document before, and kept only
where that gives the document after. An edit that no operation can express is told as such.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import permutations
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from .camera import Camera
from .camera_path import KeyView
from .document import Document, DocumentView
from .edits import add_views
from .errors import UserError
from .history import Entry
from .keypoints import Keypoints2D, PointState
from .operations import PARTS, perform
from .path_edits import words_of_view
from .photo import Photo
from .steps import Operation, Step, number_word

_FREE = (PointState.UNPLACED, PointState.REPROJECTED)
_known: "WeakKeyDictionary[Entry, Step]" = WeakKeyDictionary()


def steps_of(entries: Sequence[Entry]) -> tuple[Step, ...]:
    """What was done from each entry to the next; the first entry is where they begin."""
    steps = []
    for before, after in zip(entries, entries[1:], strict=False):
        if after not in _known:
            operations = after.operations or operations_between(before.document, after.document)
            _known[after] = Step(after.label, operations)
        steps.append(_known[after])
    return tuple(steps)


def operations_between(before: Document, after: Document) -> tuple[Operation, ...] | None:
    """Operations that lead from one document to the other, or None where there are none that do."""
    done: list[Operation] = []
    current = before
    try:
        for difference in (_views, _keypoints, _known_distance, _solution, _cameras, _refinement, _settings, _path):
            for operation in difference(current, after):
                done.append(operation)
                if operation == ("solve",):  # takes long, and is never one of several
                    return tuple(done) if len(done) == 1 and _agree(current, after, solved=True) else None
                if operation[0] == "add":  # looks at the photo again, which has been done
                    current = add_views(current, [view for view in after.views if str(view.photo.path) == operation[1]])
                elif operation[0] != "face":  # looks at it once more, for the face that it has already
                    current = perform(current, operation)
    except (UserError, ValueError, KeyError):
        return None
    return tuple(done) if _agree(current, after) else None


def command_lines(steps: Sequence[Step], project: Path) -> str:
    """The shell commands that make a project from what it began with; what no shell can do is a remark."""
    lines, begun = [], False
    for step in steps:
        if step.operations is None:
            lines += ["-o " + shlex.quote(str(project))] if begun else []
            lines.append(f"# {step.label}: by hand, and not to be repeated from here")
            begun = False
            continue
        for name, *words in step.operations:
            if name == "open":
                lines.append(f"kpnerf calibrate {shlex.join(words)} -o {shlex.quote(str(project))}")
                continue
            if not begun:
                lines.append(f"kpnerf edit {shlex.quote(str(project))}")
                begun = True
            lines.append(shlex.join([f"--{name}", *words]))
    if begun:
        lines.append(f"-o {shlex.quote(str(project))}")
    return "".join(
        f"{'  ' if line.startswith('-') else ''}{line}{_continued(lines[index + 1 : index + 2])}\n"
        for index, line in enumerate(lines)
    )


def _continued(following: list[str]) -> str:
    return " \\" if following and following[0].startswith("-") else ""


# --- what is different ------------------------------------------------------------------------------------------


def _views(before: Document, after: Document) -> Iterator[Operation]:
    for name in before.names:
        if name not in after.names:
            yield "remove", name
    for view in after.views:
        if view.name not in before.names and view.photo.path is not None:
            yield "add", str(view.photo.path)
            if view.faces is not None and view.landmarks_px is not None:  # alone, or later, another may be chosen
                middle = 0.5 * (view.landmarks_px.min(axis=0) + view.landmarks_px.max(axis=0))
                yield "face", view.name, *map(number_word, middle)
    for old, new in _pairs(before, after):
        if old.held_out != new.held_out:
            yield "hold-out" if new.held_out else "use", new.name
        if old.distortion != new.distortion:
            yield "distortion", new.name, number_word(new.distortion)
        for part in PARTS:
            if getattr(old, f"lock_{part}") != getattr(new, f"lock_{part}"):
                yield "lock" if getattr(new, f"lock_{part}") else "release", new.name, part
        if old.detected_mask is not None and new.detected_mask is None:
            yield "restore-mask", new.name


def _keypoints(before: Document, after: Document) -> Iterator[Operation]:
    for old, new in _pairs(before, after):
        if old.keypoints is new.keypoints:
            continue
        for index, name in enumerate(new.keypoints.schema.names):
            state = new.keypoints.state[index]
            hidden = bool(old.keypoints.occluded[index])
            if not _same_point(old.keypoints, new.keypoints, index):
                if state == PointState.PLACED:
                    x, y = new.keypoints.xy_px[index]
                    yield "move", name, new.name, number_word(x), number_word(y)
                    hidden = False
                elif state == PointState.DETECTED:
                    yield "to-detection", name, new.name
                    hidden = bool(new.detected.occluded[index])
                else:
                    yield "delete", name, new.name
            if hidden != new.keypoints.occluded[index]:
                yield "occlude" if new.keypoints.occluded[index] else "show", name, new.name


def _known_distance(before: Document, after: Document) -> Iterator[Operation]:
    known = after.known_distance
    if known is not None and known != before.known_distance:
        yield "scale", known.first, known.second, number_word(known.metres)


def _solution(before: Document, after: Document) -> Iterator[Operation]:
    now, then = after.calibration, before.calibration
    if now is not None and (then is None or not np.array_equal(now.world_from_head, then.world_from_head)):
        yield ("solve",)
    elif now is not None and then is not None and now.warnings is not then.warnings and now.warnings != then.warnings:
        yield ("solve",)


def _cameras(before: Document, after: Document) -> Iterator[Operation]:
    for old, new in _pairs(before, after):
        focal = new.focal_px
        if focal is not None and focal != old.focal_px:
            yield "focal", new.name, number_word(focal)
        if new.camera is None or old.camera is None or _same_camera(old.camera, new.camera):
            continue
        lens = (new.camera.fx, new.camera.fy, new.camera.cx, new.camera.cy)
        if focal != old.focal_px and focal is not None:
            was = (focal, focal, old.camera.cx, old.camera.cy)
        else:
            was = (old.camera.fx, old.camera.fy, old.camera.cx, old.camera.cy)
        if lens != was:
            yield "lens", new.name, " ".join(map(number_word, lens))
        if not np.array_equal(old.camera.world_from_camera, new.camera.world_from_camera):
            yield "pose", new.name, " ".join(map(number_word, new.camera.world_from_camera[:3].ravel()))


def _refinement(before: Document, after: Document) -> Iterator[Operation]:
    if after.refinement is None and before.refinement is not None:
        yield ("unrefine",)


def _settings(before: Document, after: Document) -> Iterator[Operation]:
    for field in fields(after.settings):
        value = getattr(after.settings, field.name)
        if value != getattr(before.settings, field.name):
            yield "set", field.name, _setting_word(value)


def _path(before: Document, after: Document) -> Iterator[Operation]:
    old, new = before.camera_path, after.camera_path
    yield from _path_views(old.views, new.views)
    if new.seconds != old.seconds:
        yield "path-seconds", number_word(new.seconds)
    if new.loop != old.loop:
        yield "path-loop", _switch_word(new.loop)


def _path_views(old: tuple[KeyView, ...], new: tuple[KeyView, ...]) -> Iterator[Operation]:
    if len(new) == len(old):
        changed = [index for index, (was, view) in enumerate(zip(old, new, strict=True)) if view != was]
        for start, end in permutations(changed[:1] + changed[-1:], 2):
            rest = old[:start] + old[start + 1 :]
            if (*rest[:end], old[start], *rest[end:]) == new:
                yield "path-move", str(start + 1), str(end + 1)
                return
        for number, (was, view) in enumerate(zip(old, new, strict=True), start=1):
            if view != was:
                yield "path-replace", str(number), words_of_view(view)
        return
    for index in range(len(old)):
        if old[:index] + old[index + 1 :] == new:
            yield "path-remove", str(index + 1)
            return
    if new[: len(old)] != old:
        yield ("path-clear",)
        old = ()
    for view in new[len(old) :]:
        yield "path-add", words_of_view(view)


def _switch_word(on: bool) -> str:
    return "on" if on else "off"


def _setting_word(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return _switch_word(value)
    if isinstance(value, tuple):
        return " ".join(map(number_word, value))
    return number_word(value) if isinstance(value, float) else str(value)


def _pairs(before: Document, after: Document) -> list[tuple[DocumentView, DocumentView]]:
    """Views of the same name that are not the same."""
    old = {view.name: view for view in before.views}
    return [(old[view.name], view) for view in after.views if view.name in old and old[view.name] is not view]


# --- whether it is the same -------------------------------------------------------------------------------------


def _agree(a: Document, b: Document, *, solved: bool = False) -> bool:
    """Whether two documents say the same; of one that was solved meanwhile, all but what solving finds."""
    if a.names != b.names or a.settings != b.settings or a.known_distance != b.known_distance:
        return False
    if a.refinement is not b.refinement or a.camera_path != b.camera_path:
        return False
    if not solved and not _same_world(a, b):
        return False
    return all(x is y or _same_fields(x, y, solved) for x, y in zip(a.views, b.views, strict=True))


def _same_fields(a: DocumentView | Photo, b: DocumentView | Photo, solved: bool) -> bool:
    return all(_same(getattr(a, field.name), getattr(b, field.name), solved) for field in fields(a))


def _same_world(a: Document, b: Document) -> bool:
    if a.calibration is None or b.calibration is None:
        return a.calibration is b.calibration
    return np.array_equal(a.calibration.world_from_head, b.calibration.world_from_head)


def _same(a: object, b: object, solved: bool) -> bool:
    if a is b:
        return True
    if isinstance(a, Keypoints2D) and isinstance(b, Keypoints2D):
        return all(_same_point(a, b, index) for index in range(len(a.schema))) and np.array_equal(
            a.occluded, b.occluded
        )
    if (isinstance(a, DocumentView) and isinstance(b, DocumentView)) or (isinstance(a, Photo) and isinstance(b, Photo)):
        return _same_fields(a, b, solved)
    if isinstance(a, Camera | None) and isinstance(b, Camera | None):
        return solved or (a is not None and b is not None and _same_camera(a, b))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    return not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray) and a == b


def _same_point(a: Keypoints2D, b: Keypoints2D, index: int) -> bool:
    """Whether a hand or the detector put it in the same place; where it reprojects to follows from the others."""
    if a.state[index] in _FREE or b.state[index] in _FREE:
        return a.state[index] in _FREE and b.state[index] in _FREE
    here, there = ((each.state[index], each.confidence[index], *each.xy_px[index]) for each in (a, b))
    return bool(np.array_equal(here, there))


def _same_camera(a: Camera, b: Camera) -> bool:
    lenses = ((camera.fx, camera.fy, camera.cx, camera.cy) for camera in (a, b))
    return len(set(lenses)) == 1 and np.array_equal(a.world_from_camera, b.world_from_camera)
