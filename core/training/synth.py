"""Write a training set of synthetic people: `python -m kpnerf.core.training.synth --data DIR --out DIR`."""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ..errors import UserError
from .captures import CAPTURE_YAWS, LEVEL_YAWS, render_capture, render_sample
from .dataset import person_path, write_person
from .generators import GENERATORS, USUAL, Generator, mark_folder
from .makehuman import MakeHuman
from .population import photographed_of
from .scenes import SceneRenderer

Progress = Callable[[int, int], None]
"""Told how many people are done, and of how many."""


def synthesise(
    data_folder: Path,
    out_folder: Path,
    *,
    people: int,
    first_seed: int = 0,
    processes: int = 1,
    generator: Generator = USUAL,
    progress: Progress | None = None,
) -> list[Path]:
    """Photograph `people` synthetic people, one file each, and return the files.

    Files that exist are kept: an interrupted run goes on where it stopped. Raises UserError where the data folder
    holds no MakeHuman data, and where `out_folder` holds people of another generator or of an earlier version.
    """
    MakeHuman(data_folder)
    mark_folder(out_folder, generator, holds_data=any(out_folder.glob("person_*.npz")))
    seeds = list(range(first_seed, first_seed + people))
    missing = [seed for seed in seeds if not person_path(out_folder, seed).exists()]
    done = len(seeds) - len(missing)
    if progress:
        progress(done, people)
    if missing:
        # Spawned, not forked: an OpenGL context does not survive a fork.
        context = multiprocessing.get_context("spawn")
        work = partial(_photograph, data_folder, out_folder, generator.name)
        with context.Pool(min(processes, len(missing))) as pool:
            for _ in pool.imap_unordered(work, missing):
                done += 1
                if progress:
                    progress(done, people)
    return [person_path(out_folder, seed) for seed in seeds]


def _photograph(data_folder: Path, out_folder: Path, generator: str, seed: int) -> None:
    write_person(person_path(out_folder, seed), photographed_of(data_folder, seed, generator=GENERATORS[generator]))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `kpnerf synth` takes."""
    parser.add_argument("--data", type=Path, required=True, help="data folder of a MakeHuman installation")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--people", type=int, default=420, help="how many people (default 420)")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first person (default 0)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one per core")
    parser.add_argument("--size", type=int, default=512, help="side of the pictures of --captures, --sample (512)")
    parser.add_argument(
        "--generator",
        choices=tuple(GENERATORS),
        default=USUAL.name,
        help="`changed`: skins, hair, clothes, light and noise held out of training, to evaluate on (usual)",
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--captures", action="store_true", help="write captures to evaluate on instead, a folder each")
    instead.add_argument("--level", action="store_true", help="the same from just 0, 15, 35 and 55 degrees, by no hand")
    instead.add_argument("--sample", action="store_true", help="write three JPEG photographs of one person instead")


def run(options: argparse.Namespace) -> int:
    """Make the pictures; returns the exit code. Raises UserError."""
    from tqdm import tqdm

    generator = GENERATORS[options.generator]
    if options.sample:
        data, renderer = MakeHuman(options.data), SceneRenderer(options.size)
        render_sample(data, options.first_seed, options.out, renderer=renderer, generator=generator)
    elif options.captures or options.level:
        data, renderer = MakeHuman(options.data), SceneRenderer(options.size)
        yaws, spread = (LEVEL_YAWS, 0.0) if options.level else (CAPTURE_YAWS, 1.0)
        for seed in tqdm(range(options.first_seed, options.first_seed + options.people), unit="person"):
            folder = options.out / f"person_{seed}"
            render_capture(data, seed, folder, renderer=renderer, yaws=yaws, spread=spread, generator=generator)
    else:
        with tqdm(total=options.people, unit="person") as bar:
            synthesise(
                options.data,
                options.out,
                people=options.people,
                first_seed=options.first_seed,
                processes=options.processes,
                generator=generator,
                progress=lambda done, _: bar.update(done - bar.n),
            )
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command line by itself; returns the exit code."""
    parser = argparse.ArgumentParser(prog="kpnerf synth", description="Make pictures of synthetic people.")
    add_arguments(parser)
    try:
        return run(parser.parse_args(argv))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
