"""Records of older formats, brought up to date.

Each function turns the record of one format into that of the next; a record is taken through all of them from the
format it was saved in. What a format is, is told beside the number that it leads to.
"""

from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
FORMAT_VERSION = 7
"""Of what this program writes. 1: the first. 2: with the history of what was done. 3: with the distortion of lenses.
4: with what refining on the person has found. 5: with what a single turned photo does not show, by a mirror.
6: with the path along which the avatar is filmed. 7: with whose expression it has."""


def _with_history(record: Record) -> Record:
    """1 to 2: nobody knows any more what was done."""
    return record | {"history": []}


def _with_distortion(record: Record) -> Record:
    """2 to 3: nobody has taken any out."""
    views = [{"distortion": 0.0, "as_loaded": None} | view for view in record["views"]]
    return record | {"views": views}


def _with_refinement(record: Record) -> Record:
    """3 to 4: nobody has refined it."""
    return record | {"refinement": None}


def _with_mirror(record: Record) -> Record:
    """4 to 5: as new projects have it."""
    return record | {"settings": {"mirror": True} | record["settings"]}


def _with_camera_path(record: Record) -> Record:
    """5 to 6: nobody has chosen any view of it."""
    return {"camera_path": {"views": [], "seconds": 2.0, "loop": False}} | record


def _with_expression(record: Record) -> Record:
    """6 to 7: as new projects have it. What was said of expressions is said anew."""
    calibration = record.get("calibration")
    if calibration is not None:
        kept = [sentence for sentence in calibration["warnings"] if "with one expression in all photos" not in sentence]
        record = record | {"calibration": calibration | {"warnings": kept}}
    return record | {"settings": {"expression": "automatic"} | record["settings"]}


MIGRATIONS: dict[int, Callable[[Record], Record]] = {
    1: _with_history,
    2: _with_distortion,
    3: _with_refinement,
    4: _with_mirror,
    5: _with_camera_path,
    6: _with_expression,
}


def migrated(record: Record) -> Record:
    """A record of any format up to `FORMAT_VERSION` as one of `FORMAT_VERSION`; KeyError where it has no version."""
    while record["version"] < FORMAT_VERSION:
        version = record["version"]
        record = MIGRATIONS[version](record) | {"version": version + 1}
    return record
