"""The paper's question: which spatial encoding serves a radiance field of heads best, at equal budgets?

Small networks are trained that differ in nothing but their encoding, and asked about people whom none of them has
seen. They predict no depth: how far a sample lies behind a predicted surface would be an encoding of its own. The
best two are trained twice more from other seeds, which says how much of a difference is chance. A folder that holds
finished runs goes on where it stopped.
"""

import argparse
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from ..errors import UserError
from ..model.keypoint_nerf import ModelConfig
from ..model.spatial import Encoding
from ..pipeline import Avatar
from ..render.renderer import Quality
from .encodings_page import write_page
from .population import People
from .suite import CONDITIONS, Condition, examine
from .trainer import Trainer, TrainingSettings

ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
ASKED = tuple(
    condition
    for condition in CONDITIONS
    if condition.name
    in (
        "three photos, between them",
        "three photos, 23° beyond them",
        "keypoints off by 10 mm",
        "changed generator, between",
        "changed generator, 23° beyond",
    )
)
"""What every network is asked; the first decides which two are the best."""
ENCODER_SIZE, PICTURE_SIZE = 128, 128
"""Sides of the pictures that the small networks see, and usually of those they are judged by, pixels."""
SEEDS = 3
"""Of the best two encodings; the others are trained from the first alone."""


@dataclass(frozen=True)
class Budget:
    """What every network gets, and by what it is judged."""

    steps: int
    patches: int = 1
    learning_rate: float = 1e-3
    asked: tuple[Condition, ...] = ASKED
    side: int = PICTURE_SIZE
    """Of the pictures that it is judged by, pixels."""
    quality: Quality = "interactive"


@dataclass(frozen=True)
class Run:
    """One network."""

    encoding: Encoding
    seed: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.encoding}-{self.seed}"


Figures = dict[str, dict[str, float]]
"""By condition: mean figures over the pictures asked about."""


def small_network(encoding: Encoding) -> ModelConfig:
    """The head model without predicted depth, on pictures of half the size."""
    return replace(ModelConfig.head(encoding), depth=False, encoder_size=ENCODER_SIZE)


def compare_encodings(
    data: Path,
    captures: Sequence[Path],
    folder: Path,
    budget: Budget,
    *,
    encodings: Sequence[Encoding] = ENCODINGS,
    seeds: int = SEEDS,
    processes: int = 1,
    say: Callable[[str], None] = print,
) -> dict[Run, Figures]:
    """Train and examine all encodings once, then the best two from further seeds; figures of every run.

    Raises UserError where there are no people to train on, or a folder to be examined with is no capture.
    """
    People(data)
    folder.mkdir(parents=True, exist_ok=True)
    results: dict[Run, Figures] = {}
    first = budget.asked[0].name
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_one_core_each) as pool:

        def work(runs: Sequence[Run]) -> None:
            waiting = {pool.submit(_train_and_examine, run, data, captures, folder, budget): run for run in runs}
            for future in as_completed(waiting):
                run = waiting[future]
                results[run] = future.result()
                say(f"{run.name}: {results[run][first]['psnr_box']:.2f} dB")

        work([Run(encoding, 0) for encoding in encodings])
        best = sorted(encodings, key=lambda encoding: -results[Run(encoding, 0)][first]["psnr_box"])[:2]
        work([Run(encoding, seed) for encoding in best for seed in range(1, seeds)])
    return results


def _one_core_each() -> None:
    torch.set_num_threads(1)


def _train_and_examine(run: Run, data: Path, captures: Sequence[Path], folder: Path, budget: Budget) -> Figures:
    known = folder / run.name / "figures.json"
    if known.is_file():
        return json.loads(known.read_text(encoding="utf-8"))
    settings = TrainingSettings(
        steps=budget.steps, patches=budget.patches, learning_rate=budget.learning_rate, seed=run.seed
    )
    trainer = Trainer(small_network(run.encoding), settings, data, folder / run.name, device="cpu")
    trainer.run()
    rows: dict[str, list[dict[str, float]]] = {condition.name: [] for condition in budget.asked}
    avatar = Avatar(trainer.averaged_model())
    for result in examine(avatar, captures, conditions=budget.asked, size=budget.side, quality=budget.quality):
        rows[result.condition].append({name: value for name, value in result.figures.items() if np.isfinite(value)})
    figures = {
        name: {figure: float(np.mean([row[figure] for row in found if figure in row])) for figure in found[0]}
        for name, found in rows.items()
        if found
    }
    temporary = known.with_suffix(".new")
    temporary.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    os.replace(temporary, known)
    return figures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `kpnerf encodings`."""
    parser.add_argument("data", type=Path, help="folder of people written by `kpnerf synth`")
    parser.add_argument("--captures", type=Path, nargs="+", required=True, metavar="CAPTURE", help="people to judge by")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs and the page; goes on where it was")
    parser.add_argument("--steps", type=int, default=1500, help="of every network (default 1500)")
    parser.add_argument("--processes", type=int, default=1, help="networks trained side by side, a core each")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")


def run(options: argparse.Namespace) -> int:
    """`kpnerf encodings`."""
    if options.steps < 1 or options.processes < 1:
        raise UserError("--steps and --processes count from one.", "Give larger numbers.")
    quiet = options.json
    results = compare_encodings(
        options.data,
        options.captures,
        options.out,
        Budget(options.steps),
        processes=options.processes,
        say=(lambda _: None) if quiet else print,
    )
    rows: dict[str, list[Figures]] = {
        encoding: [results[run] for run in sorted(results, key=lambda r: r.seed) if run.encoding == encoding]
        for encoding in ENCODINGS
    }
    about = (
        f"Every network was trained for {options.steps} steps of {Budget.patches * 32 * 32} rays on the same "
        f"{len(People(options.data))} people, and asked about {len(options.captures)} others at {PICTURE_SIZE}². "
        "None predicts depth."
    )
    page = write_page(options.out, rows, [condition.name for condition in ASKED], about)
    if quiet:
        print(json.dumps(rows, indent=2))
    else:
        print(f"The table and the plot are in {page}.")
    return 0
