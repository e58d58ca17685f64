"""`make soak`: what takes minutes. `python -m tests.soak [kills N] [commands N] [window MINUTES] [--seed N]`."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from . import kills

KILLS, COMMANDS, MINUTES = 200, 1000, 10.0


def main() -> int:
    """Run what was named, or all of it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("parts", nargs="*", metavar="kills N | commands N | window MINUTES")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    named = dict(zip(options.parts[::2], map(float, options.parts[1::2]), strict=True))
    chosen = named or {"kills": KILLS, "commands": COMMANDS, "window": MINUTES}
    print(f"seed {options.seed}", flush=True)
    failed = False
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        if "kills" in chosen:
            failed |= _kill(Path(folder), int(chosen["kills"]), options.seed)
        if "commands" in chosen:
            _press(int(chosen["commands"]), options.seed)
        if "window" in chosen:
            from . import window

            print(f"window: {window.run(Path(folder) / 'window', chosen['window'], options.seed)}", flush=True)
    return int(failed)


def _kill(folder: Path, count: int, seed: int) -> bool:
    tally = kills.Tally()
    for index in range(count):
        kills.kill_once(folder / "work", seed + index, tally)
    print(f"kills: {tally}", *tally.failures, sep="\n", flush=True)
    return bool(tally.failures)


def _press(count: int, seed: int) -> None:
    import hypothesis
    from hypothesis.stateful import run_state_machine_as_test

    from .commands import RandomCommands

    began, steps = time.monotonic(), 50
    settings = hypothesis.settings(
        max_examples=max(count // steps, 1),
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(hypothesis.seed(seed)(RandomCommands), settings=settings)
    print(f"commands: {count}, everything taken back, in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
