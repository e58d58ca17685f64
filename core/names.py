"""Telling pictures, and folders of them, apart by their names."""

from collections.abc import Collection, Sequence
from pathlib import PurePath

from .errors import UserError


def match_name(name: str, names: Sequence[str]) -> int:
    """Index of the picture called `name` among file names, given with or without ending; UserError when none is."""
    if name in names:
        return names.index(name)
    stems = [PurePath(candidate).stem for candidate in names]
    if stems.count(name) == 1:
        return stems.index(name)
    known = ", ".join(names) or "none"
    if name in stems:
        raise UserError(f"More than one picture is called “{name}”.", f"Give the ending too: {known}.")
    raise UserError(f"There is no picture called “{name}”.", f"The pictures are: {known}.")


def free_name(name: str, taken: Collection[str]) -> str:
    """`name`, or the first of "name (2).jpg", "name (3).jpg", … whose stem nobody has: stems are names too."""
    stems = {PurePath(other).stem for other in taken}
    stem, ending = PurePath(name).stem, PurePath(name).suffix
    candidate, number = stem, 2
    while candidate in stems:
        candidate, number = f"{stem} ({number})", number + 1
    return candidate + ending


def short_names(paths: Sequence[PurePath]) -> list[str]:
    """As many last parts of paths as tell them apart; different paths have different names."""
    count, names = 1, [path.name for path in paths]
    while len(set(names)) < len(set(paths)):
        count += 1
        names = ["/".join(path.parts[-count:]) for path in paths]
    return names
