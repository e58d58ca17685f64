"""The `kpnerf` program: every capability without a window."""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from .crash_log import log_crash
from .errors import UserError
from .processor import share_processor

OK, FAILED, USER_ERROR, INTERRUPTED = 0, 1, 2, 130
"""Exit codes."""


@dataclass(frozen=True)
class Command:
    """A command; its module offers `add_arguments(parser)` and `run(options) -> int`, and is loaded when called."""

    summary: str
    module: str
    """Relative to this package."""
    shares: bool = True
    """Its threads sleep while they wait. Awake they are a little faster alone, and far slower beside others."""


COMMANDS = {
    "detect": Command("find keypoints and foreground in photos", ".commands.detect"),
    "calibrate": Command("find cameras and 3D keypoints", ".commands.calibrate"),
    "edit": Command("edit a project as in the window, or print how it was made", ".commands.edit"),
    "refine": Command("adapt the network to one person", ".commands.refine"),
    "render": Command("draw the avatar once", ".commands.render"),
    "turntable": Command("film the avatar from around", ".commands.turntable"),
    "film": Command("film the avatar along the path of a project", ".commands.film"),
    "mesh": Command("write the avatar as a textured mesh", ".commands.mesh"),
    "eval": Command("compare the avatar with photos that it has not seen", ".training.evaluation"),
    "bench": Command("time the renderer", ".commands.bench"),
    "synth": Command("make pictures of synthetic people to train on", ".training.synth"),
    "train": Command("train the network", ".training.train", shares=False),
    "encodings": Command("compare spatial encodings at equal budgets", ".training.encodings", shares=False),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, without the program's name; returns the exit code."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except UserError as error:
        print(error, file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has had enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        file = log_crash(error)
        where = f" The details are in {file}." if file else ""
        print(f"This should not have happened: {type(error).__name__}: {error}.{where}", file=sys.stderr)
        return FAILED


def _run(arguments: list[str]) -> int:
    chosen = _overview().parse_args(arguments[:1] or ["--help"])
    command = COMMANDS[chosen.command]
    if command.shares:
        share_processor()
    module = importlib.import_module(command.module, __package__)
    parser = _Parser(
        prog=f"kpnerf {chosen.command}",
        description=(module.__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return module.run(parser.parse_args(arguments[1:])) or OK


def _overview() -> argparse.ArgumentParser:
    lines = [f"  {name:<11}{command.summary}" for name, command in COMMANDS.items()]
    parser = _Parser(
        prog="kpnerf",
        usage="kpnerf COMMAND …",
        description="Photos of a person in, an avatar out.",
        epilog="\n".join(["commands:", *lines, "", "`kpnerf COMMAND --help` tells more."]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of the commands below")
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are UserErrors."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{self.prog}: {message}.", f"`{self.prog} --help` tells what can be said.")


if __name__ == "__main__":
    sys.exit(main())
