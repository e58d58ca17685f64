"""Short versions of what `make soak` does for minutes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def soak(*parts: str) -> str:
    """What it prints, in a process of its own that may fork and be killed."""
    command = [sys.executable, "-m", "tests.soak", *parts, "--seed", "1"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)

    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_kills_at_random_moments_lose_no_finished_edit():
    """In the middle of edits, saves and exports; every project file is whole."""
    assert "6 of 6 kills lost nothing" in soak("kills", "6")


def test_random_commands_can_all_be_taken_back():
    """No traceback, the very first document again, and every entry repeats what it did."""
    told = soak("commands", "100")

    assert int(told.partition("commands: ")[2].split()[0]) >= 100
    assert "everything taken back" in told


@pytest.mark.window
def test_random_mouse_and_keys():
    """In a real window; a few seconds here, minutes in `make soak`, which also tells memory and late frames."""
    told = soak("window", "0.1")

    assert "no traceback" in told
    assert " MB at the end" in told and "later than 50 ms" in told
