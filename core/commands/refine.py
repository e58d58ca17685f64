"""Adapt the network to the person in the photos, where photos that were left out gain by it.

Every photo is rendered from the others, with itself hidden, and what is learnt from the difference is judged by a
photo that was left out, each in turn. Where one of them would get worse by more than 0.1 dB, or they gain less than
0.1 dB on average, nothing is changed, and one sentence says so. With -o, the result is written as a project (.kpnerf),
refined or not; `kpnerf edit PROJECT --unrefine -o PROJECT` takes it off again. The JSON has the PSNR, dB, of each
photo that was left out, before and after.
"""

import argparse
import time
from pathlib import Path

from ..errors import UserError
from . import options as shared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    shared.add_source(parser)
    parser.add_argument("--minutes", type=_minutes, default=2.0, metavar="M", help="at most; default: 2")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="a .kpnerf file; may be SOURCE itself")
    shared.add_json(parser)


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= 600:
        raise ValueError(text)
    return minutes


def run(options: argparse.Namespace) -> int:
    """Solve, refine, report, write."""
    from ..edits import set_refinement
    from ..pipeline import load_model
    from ..project_file import ENDING, save_project
    from ..refine import refine
    from ..steps import Step
    from ..training.refining import RefineSettings
    from .calibrate import history_of

    if options.output is not None and options.output.suffix != ENDING:
        raise UserError(f"{options.output} is no project.", f"Let its name end in {ENDING}.")
    report = shared.reporter(quiet=options.json)
    document = shared.load(options.source, quiet=options.json)
    began = time.monotonic()
    outcome = refine(
        load_model(),
        document,
        settings=RefineSettings(minutes=options.minutes),
        report=report or (lambda text, share: None),
    )
    seconds = time.monotonic() - began
    if options.output is not None:
        history = history_of(options.source)
        if outcome.refinement is not None:
            document = set_refinement(document, outcome.refinement)
            history = (*history, Step("Refine on this person", (("refine",),)))
        save_project(document, options.output, history=history)
    if options.json:
        shared.print_json(
            {
                "applied": outcome.refinement is not None,
                "sentence": outcome.sentence,
                "seconds": seconds,
                "left_out": [
                    {"view": each.photo, "before_db": each.before_db, "after_db": each.after_db}
                    for each in outcome.left_out
                ],
            }
        )
        return 0
    for each in outcome.left_out:
        print(f"{each.photo}  left out  {each.before_db:.2f} dB, refined {each.after_db:.2f} dB")
    print(outcome.sentence)
    return 0
