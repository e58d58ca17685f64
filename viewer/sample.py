"""The photos that come with the program."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from ..core.errors import UserError


@cache
def sample_folder() -> Path:
    """Where they are."""
    return Path(str(files("kpnerf.assets") / "samples" / "person"))


def is_sample(sources: Sequence[Path]) -> bool:
    """Whether it is these photos that were opened, and not somebody's own."""
    return bool(sources) and sources[0].parent == sample_folder()


def sample_photos() -> list[Path]:
    """Their files, in order; UserError where the installation has none."""
    photos = sorted(sample_folder().glob("*.jpg"))
    if not photos:
        raise UserError("The sample photos are missing from this installation.", "Open photos of your own.")
    return photos
