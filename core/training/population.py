"""Whom a network is trained on: the people of a folder, or new ones for as long as it learns."""

import os
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from ..errors import UserError
from .dataset import PICTURE_SIZE, photograph_person
from .generators import USUAL, Generator
from .makehuman import MakeHuman
from .scenes import SceneRenderer

Arrays = dict[str, np.ndarray]
"""A person's pictures, as `photograph_person` gives them."""
FIRST_SEED, SEEDS = 1_000_000, 1_000_000
"""Of people drawn while a network learns: beyond those of all who are kept in files, and apart from run to run."""


class People:
    """The people of a data folder written by `kpnerf synth`; more may arrive while it is read."""

    each, processes = 1, False
    """Items in a row that are of one person, and whether they can only be made in other processes."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.refresh()

    def __len__(self) -> int:
        return len(self.files)

    def refresh(self) -> None:
        """Look for new files. Raises UserError where there are none at all."""
        self.files = sorted(self.folder.glob("person_*.npz"))
        if not self.files:
            raise UserError(f"{self.folder} holds no people.", "Write some with `kpnerf synth`.")

    def draw(self, *, seed: int, step: int) -> tuple[Callable[[], Arrays], np.random.Generator]:
        """What gives the pictures of an item's person, wherever it is called, and the randomness that the rest of the
        item follows from."""
        rng = np.random.default_rng([seed, step])
        return partial(read_person, self.files[int(rng.integers(len(self.files)))]), rng


class Passersby:
    """People of MakeHuman data whom nobody met before and nobody meets again.

    A network that meets the same few thousand five times each learns them by heart: half of what it gains on them it
    does not gain on others (figures: `assets/weights/head.md`).
    """

    each, processes = 2, True
    """To photograph somebody takes longer than to make an item of it; OpenGL is one thread's affair."""

    def __init__(self, data_folder: Path | str) -> None:
        """Raises UserError where the folder holds no MakeHuman data."""
        self.data_folder = MakeHuman(Path(data_folder)).folder
        self._met = 0

    def __len__(self) -> int:
        """So many as were asked for."""
        return self._met

    def refresh(self) -> None:
        """There is nothing to look for."""

    def draw(self, *, seed: int, step: int) -> tuple[Callable[[], Arrays], np.random.Generator]:
        """The same."""
        number = step // self.each
        self._met = max(self._met, number + 1)
        photographed = partial(photographed_of, self.data_folder, FIRST_SEED + SEEDS * seed + number)
        return photographed, np.random.default_rng([seed, step])


Population = People | Passersby


def population_of(folder: Path | str) -> Population:
    """The people that a folder holds, or that are made of it where it is a MakeHuman data folder; UserError where it
    holds neither."""
    return Passersby(folder) if (Path(folder) / "3dobjs").is_dir() else People(folder)


def read_person(file: Path) -> Arrays:
    """The pictures of a file that `dataset.write_person` wrote."""
    with np.load(file) as arrays:
        return {name: arrays[name] for name in arrays.files}


def photographed_of(data_folder: Path, seed: int, *, generator: Generator = USUAL) -> Arrays:
    """The same of somebody who is photographed now. What that takes is kept for the next: in a process of its own."""
    data, renderer = _studio(data_folder)
    return photograph_person(data, renderer, seed, generator=generator)


@lru_cache(maxsize=1)
def _studio(data_folder: Path) -> tuple[MakeHuman, SceneRenderer]:
    # One core a process: several of them must not fight over the cores with llvmpipe's own threads.
    os.environ.setdefault("LP_NUM_THREADS", "1")
    return MakeHuman(data_folder), SceneRenderer(PICTURE_SIZE)
