"""Which people are drawn, and in what light: those to train on, and strangers who are never trained on.

The changed generator keeps some skins, hair and outfits to itself and lights, develops and spoils its pictures by
other rules, so that what a network has learnt of one generator does not pass for knowledge of people.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError
from .lighting import Lighting, draw_lighting, draw_sky
from .makehuman import MakeHuman

HELD_OUT_SKINS = (
    "old_darkskinned_male_diffuse",
    "middleage_lightskinned_male_diffuse2",
    "young_lightskinned_female_diffuse3",
)
HELD_OUT_HAIR = ("bob02", "short03")
HELD_OUT_OUTFITS = ("female_sportsuit01", "male_casualsuit05")
MARK = "generator.json"
"""The file that tells which generator wrote a folder."""


@dataclass(frozen=True)
class Generator:
    """A way to draw people and their pictures."""

    name: str
    version: int
    """Grows whenever the same seed gives another person or picture."""
    held_out: bool
    """Whether it draws from what is held out of training, and from nothing else."""
    lighting: Callable[[np.random.Generator], Lighting]
    noisy: bool = False
    """Whether its photographs have a sensor's noise, a white balance of their own and are compressed."""

    @property
    def mark(self) -> str:
        """Name and version, as the files say it."""
        return f"{self.name}-{self.version}"

    def skins(self, data: MakeHuman) -> list[Path]:
        """The skins it uses. Raises UserError where the folder has none of them."""
        kept = self._kept(data, [path.stem for path in data.skins], HELD_OUT_SKINS, "skins")
        return [path for path in data.skins if path.stem in kept]

    def hair(self, data: MakeHuman) -> list[str]:
        """The hair proxies it uses; likewise."""
        return self._kept(data, list(data.names("hair")), HELD_OUT_HAIR, "hair")

    def outfits(self, data: MakeHuman) -> list[str]:
        """The clothes it uses; likewise."""
        clothes = [name for name in data.names("clothes") if not name.startswith("shoes")]
        return self._kept(data, clothes, HELD_OUT_OUTFITS, "clothes")

    def _kept(self, data: MakeHuman, names: list[str], held_out: tuple[str, ...], what: str) -> list[str]:
        kept = [name for name in names if (name in held_out) == self.held_out]
        if not kept:
            raise UserError(
                f"{data.folder} has no {what} for the {self.name} generator.",
                f"It needs {'one of ' + ', '.join(held_out) if self.held_out else 'others than those held out'}.",
            )
        return kept


USUAL = Generator("usual", 3, held_out=False, lighting=draw_lighting)
CHANGED = Generator("changed", 3, held_out=True, lighting=draw_sky, noisy=True)
GENERATORS = {generator.name: generator for generator in (USUAL, CHANGED)}


def mark_folder(folder: Path, generator: Generator, *, holds_data: bool) -> None:
    """Write into a folder which generator fills it.

    holds_data: whether there are pictures in it already. Raises UserError where another generator, or another
    version, wrote them.
    """
    before = generator_of(folder)
    if before != generator.mark and (before is not None or holds_data):
        raise UserError(
            f"{folder} holds people of another generator ({before or 'an earlier version'}, not {generator.mark}).",
            "Name an empty folder.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(json.dumps({"generator": generator.mark}) + "\n", encoding="utf-8")


def generator_of(folder: Path) -> str | None:
    """The mark of a folder; None where it bears none."""
    path = folder / MARK
    if not path.is_file():
        return None
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["generator"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} does not say which generator wrote the folder.", "Name another folder.") from error
