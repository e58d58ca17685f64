"""Machines without a screen."""

import os
import subprocess
import sys

import pytest

from .screen import Screen


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "There is no screen to open a window on (DISPLAY is not set)."),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "this desktop offers only Wayland"),
        ({"DISPLAY": ":987"}, "The screen :987 does not answer."),
    ],
)
def test_without_a_screen_one_sentence_and_exit_code_2(environment, said):
    """The toolkit would abort the process."""
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    run = subprocess.run(
        [sys.executable, "-c", "import sys; from kpnerf.viewer.app import main; sys.exit(main([]))"],
        env=bare | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == 2
    assert said in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


@pytest.fixture
def screen_without_opengl():
    """An X server that was told to leave GLX out."""
    screen = Screen(extra=("-extension", "GLX"))
    yield screen
    screen.close()


def test_a_screen_without_opengl_is_told(screen_without_opengl):
    """Remote desktops may have none."""
    run = subprocess.run(
        [sys.executable, "-c", "import sys; from kpnerf.viewer.app import main; sys.exit(main([]))"],
        env=os.environ | {"DISPLAY": screen_without_opengl.name},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == 2
    assert "has no OpenGL" in run.stderr


@pytest.mark.parametrize("arguments", [["--size", "wide"], ["--size", "0x100"], ["--scale", "9"]])
def test_nonsense_on_the_command_line_is_refused(arguments, capsys):
    """By argparse, with what would be right."""
    from kpnerf.viewer.app import main

    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "no s" in capsys.readouterr().err
