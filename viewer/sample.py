"""The photos that come with the program."""

from importlib.resources import files
from pathlib import Path

from ..core.errors import UserError


def sample_folder() -> Path:
    """Where they are."""
    return Path(str(files("kpnerf.assets") / "samples" / "person"))


def sample_photos() -> list[Path]:
    """Their files, in order; UserError where the installation has none."""
    photos = sorted(sample_folder().glob("*.jpg"))
    if not photos:
        raise UserError("The sample photos are missing from this installation.", "Open photos of your own.")
    return photos
