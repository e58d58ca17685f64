"""The `kpnerf` program: what it prints, where, and with which exit code."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kpnerf.core.cli import COMMANDS, Command, main

from .staged import staged_capture

ROOT = Path(__file__).parents[2]


def kpnerf(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The program as a shell starts it."""
    return subprocess.run(
        [sys.executable, "-m", "kpnerf.core.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | (environment or {}),
        timeout=240,
    )


@pytest.fixture
def capture(tmp_path) -> Path:
    """A capture folder with known cameras and keypoints, and nothing on its pictures."""
    return staged_capture(tmp_path / "capture")


# --- help, and being told off


def test_help_is_quick_and_loads_no_torch():
    """Under a second on two cores, and the list names every command."""
    start = time.perf_counter()
    run = kpnerf("--help")
    seconds = time.perf_counter() - start
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "kpnerf.core.cli", "--help"], capture_output=True, text=True
    ).stderr

    assert run.returncode == 0 and seconds < 3
    assert all(f"  {name} " in run.stdout for name in COMMANDS)
    for heavy in ("torch", "mediapipe", "cv2", "scipy", "numpy"):
        assert f"| {heavy}\n" not in loaded


@pytest.mark.parametrize("name", ["detect", "calibrate", "render", "turntable", "film"])
def test_the_help_of_a_command_loads_no_torch(name):
    """It says what the command is for, and answers at once."""
    script = f"import sys; from kpnerf.core.cli import main; main(['{name}', '--help'])"
    run = subprocess.run([sys.executable, "-X", "importtime", "-c", script], capture_output=True, text=True, timeout=60)

    assert run.returncode == 0
    assert f"usage: kpnerf {name}" in run.stdout and "SOURCE" in run.stdout
    assert "| torch\n" not in run.stderr


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(name, capsys):
    """Also those that live with what they run."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    assert ended.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 4


def test_without_a_command_the_overview_is_shown(capsys):
    """As for --help."""
    with pytest.raises(SystemExit) as ended:
        main([])

    assert ended.value.code == 0
    assert "calibrate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["paint"], "invalid choice: 'paint'"),
        (["render", "a.png"], "the following arguments are required: -o/--output"),
        (["render", "a.png", "-o", "b.png", "--size", "0"], "--size"),
        (["render", "a.png", "-o", "b.png", "--background", "reddish"], "--background"),
        (["render", "a.png", "-o", "b.png", "--view", "a", "--orbit", "1", "2"], "not allowed with"),
        (["detect", "gone.png"], "There is no file gone.png"),
        (["detect", "."], "folder without photos, and without a transforms.json"),
        (["calibrate", "gone.kpnerf", "a.png"], "gone.kpnerf stands among other files"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_exit_code_2(arguments, sentence, capsys):
    """On the error output; the standard output stays empty, so that a pipe gets nothing."""
    code = main(arguments)
    told = capsys.readouterr()

    assert code == 2
    assert sentence in told.err and len(told.err.strip().splitlines()) == 1
    assert "Traceback" not in told.err and told.out == ""


# --- what went wrong that nobody foresaw


def add_arguments(parser) -> None:
    """What the command that goes wrong takes: this module stands in for it."""
    parser.add_argument("how")


def run(options) -> int:
    """Goes wrong as it is told."""
    if options.how == "raise":
        raise ZeroDivisionError("one over nothing")
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
    return 0


def test_an_unforeseen_failure_is_logged_and_told_in_a_sentence(monkeypatch, tmp_path, capsys):
    """Exit code 1; the traceback is in the person's state folder, not on the terminal."""
    monkeypatch.setitem(COMMANDS, "bench", Command("goes wrong", __name__))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    code = main(["bench", "raise"])
    told = capsys.readouterr()
    log = tmp_path / "kpnerf-viewer" / "errors.log"

    assert code == 1
    assert "ZeroDivisionError: one over nothing" in told.err and str(log) in told.err
    assert "Traceback" not in told.err
    assert "Traceback" in log.read_text() and "in run" in log.read_text()


def test_an_unforeseen_failure_without_a_place_for_the_log(monkeypatch, tmp_path, capsys):
    """It is told all the same."""
    (tmp_path / "file").touch()
    monkeypatch.setitem(COMMANDS, "bench", Command("goes wrong", __name__))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    assert main(["bench", "raise"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_an_interruption_ends_with_130(monkeypatch, capsys):
    """As shells expect of Ctrl+C."""
    monkeypatch.setitem(COMMANDS, "bench", Command("is interrupted", __name__))
    # A shell's background jobs ignore SIGINT, and so would the tests when they are one.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = main(["bench", "interrupt"])
    finally:
        signal.signal(signal.SIGINT, before)

    assert code == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_reader_that_has_had_enough_is_no_failure(capture):
    """`kpnerf calibrate … --json | head -1` ends quietly."""
    command = f"{sys.executable} -m kpnerf.core.cli calibrate {capture} --json | true; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=240)

    assert run.stdout.strip() == "0"
    assert "Traceback" not in run.stderr and "BrokenPipe" not in run.stderr
