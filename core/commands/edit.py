"""Edit a project as in the window, in the order given: keypoints, cameras, photos, and solving again.

A VIEW is a photo's name, with or without ending; pixels count from the middle of its top left pixel. `--history`
prints the commands that made the project, whoever made it: edits of the window are among them.
"""

import argparse
from pathlib import Path
from typing import Any

from ..errors import UserError
from . import options as shared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    from ..operations import KINDS

    parser.add_argument("project", type=Path, metavar="PROJECT", help="a .kpnerf file")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="where to save it; may be PROJECT itself")
    parser.add_argument("--history", action="store_true", help="print what was done, as commands")
    shared.add_json(parser)
    for name, kind in KINDS.items():
        parser.add_argument(
            f"--{name}",
            nargs=len(kind.words),
            metavar=kind.words or None,
            action=_InOrder,
            dest="operations",
            help=kind.summary,
        )


class _InOrder(argparse.Action):
    """Options that are operations: kept in the order of the command line, each as often as it stands there."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        operation = ((option_string or "").lstrip("-"), *values)
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or []), operation])


def run(options: argparse.Namespace) -> int:
    """Open, edit, save; or tell."""
    from ..operations import perform
    from ..project_file import ENDING, open_with_history, save_project
    from ..replay import command_lines
    from ..steps import Step, steps_record

    operations = options.operations or []
    if options.history and not operations:
        _, history = open_with_history(options.project)
        if options.json:
            shared.print_json(steps_record(history))
        else:
            print(command_lines(history, options.project), end="")
        return 0
    if not operations:
        raise UserError("Nothing was to be done.", "Name edits, such as --solve, or --history.")
    if options.output is None:
        raise UserError("Where the result goes was not said.", "Add -o OUT; the project's own name replaces it.")
    if options.output.suffix != ENDING:
        raise UserError(f"{options.output} is no project.", f"Let its name end in {ENDING}.")
    document, history = open_with_history(options.project)
    for operation in operations:
        try:
            document = perform(document, operation)
        except UserError as error:
            raise UserError(f"--{' '.join(operation)}: {error.what_happened}", error.what_to_do) from error
    done = (*history, *(Step(_label(operation), (operation,)) for operation in operations))
    save_project(document, options.output, history=done)
    residual = None if document.calibration is None else document.calibration.residual_px.tolist()
    if options.json:
        shared.print_json({"path": str(options.output), "operations": len(operations), "residual_px": residual})
    elif residual is not None:
        for name, pixels in zip(document.names, residual, strict=True):
            print(f"{name}  residual {pixels:.2f} px")
    return 0


def _label(operation: tuple[str, ...]) -> str:
    """For the history: “Move nose tip”."""
    name, *words = operation
    return " ".join([name.replace("-", " ").capitalize(), *words[:1]])
