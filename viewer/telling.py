"""What a session has to tell a person, and what it has to ask."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core.photo_records import MissingPhotosError


@dataclass(frozen=True, eq=False)
class MissingPhotos:
    """Photos that are not where they were, and how to go on once somebody says where they are."""

    error: MissingPhotosError
    near: Path
    """Where to begin looking."""
    look_in: Callable[[Path], None]
    """Try again with a folder."""


@dataclass(frozen=True)
class Status:
    """The line at the bottom of the window."""

    kind: Literal["ready", "busy", "note", "error"]
    text: str
    share: float | None = None
    """How much is done, 0 to 1, where that is known."""
