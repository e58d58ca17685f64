"""`make soak`: what takes minutes.

`python -m tests.soak [kills N] [commands N] [window MINUTES] [orbit MINUTES] [--seed N]`.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from . import kills

KILLS, COMMANDS, MINUTES = 200, 1000, 10.0
STEPS = 50
"""Commands in a row, before everything is taken back."""


def main() -> int:
    """Run what was named, or all of it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("parts", nargs="*", metavar="kills N | commands N | window MINUTES | orbit MINUTES")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    named = dict(zip(options.parts[::2], map(float, options.parts[1::2]), strict=True))
    chosen = named or {"kills": KILLS, "commands": COMMANDS, "window": MINUTES, "orbit": MINUTES}
    print(f"seed {options.seed}", flush=True)
    failed = False
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        if "kills" in chosen:
            failed |= _kill(Path(folder), int(chosen["kills"]), options.seed)
        if "commands" in chosen:
            _press(int(chosen["commands"]), options.seed)
        if "window" in chosen or "orbit" in chosen:
            failed |= _in_a_window(Path(folder), chosen, options.seed)
    return int(failed)


def _kill(folder: Path, count: int, seed: int) -> bool:
    tally = kills.Tally()
    for index in range(count):
        kills.kill_once(folder / "work", seed + index, tally)
    print(f"kills: {tally}", *tally.failures, sep="\n", flush=True)
    return bool(tally.failures)


def _in_a_window(folder: Path, chosen: dict[str, float], seed: int) -> bool:
    from kpnerf.core.project_file import save_project
    from kpnerf.core.source import load_source
    from kpnerf.viewer.sample import sample_photos

    from . import orbit, window

    project, is_flat = folder / "sample.kpnerf", True
    save_project(load_source(sample_photos()), project)
    if "window" in chosen:
        print(f"window: {window.run(folder / 'window', project, chosen['window'], seed)}", flush=True)
    if "orbit" in chosen:
        told, is_flat = orbit.run(folder / "orbit", project, chosen["orbit"])
        print(f"orbit: {told}", flush=True)
    return not is_flat


def _press(count: int, seed: int) -> None:
    import hypothesis
    from hypothesis.stateful import run_state_machine_as_test

    from .commands import RandomCommands

    began, tally = time.monotonic(), RandomCommands.tally
    while tally.commands < count:  # how many there are in a row is chance as well
        settings = hypothesis.settings(
            max_examples=-(-(count - tally.commands) // STEPS),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        run_state_machine_as_test(hypothesis.seed(seed + tally.commands)(RandomCommands), settings=settings)
    seconds = time.monotonic() - began
    print(
        f"commands: {tally.commands} in {tally.sessions} sessions, everything taken back "
        f"({tally.entries} entries, {tally.repeated} of them repeated by words), in {seconds:.0f} s",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
