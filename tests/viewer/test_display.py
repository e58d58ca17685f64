"""Machines without a screen."""

import os
import subprocess
import sys

import pytest

from kpnerf.viewer.display import screen_scale

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


@pytest.fixture
def screen():
    """With OpenGL, and no graphics card behind it."""
    screen = Screen()
    yield screen
    screen.close()


def test_a_window_without_a_graphics_card_is_told_apart(screen):
    """Its frames would compete with the avatar for the processor; before there is a window nothing is known."""
    program = """if True:
        import dearpygui.dearpygui as dpg
        from kpnerf.viewer.display import is_drawn_by_processor
        before = is_drawn_by_processor()
        dpg.create_context(); dpg.create_viewport(width=64, height=64); dpg.setup_dearpygui(); dpg.show_viewport()
        dpg.render_dearpygui_frame()
        print(before, is_drawn_by_processor())"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"DISPLAY": screen.name, "LIBGL_ALWAYS_SOFTWARE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.stdout.split() == ["False", "True"], run.stderr


@pytest.mark.parametrize("arguments", [["--size", "wide"], ["--size", "0x100"], ["--scale", "9"]])
def test_nonsense_on_the_command_line_is_refused(arguments, capsys):
    """By argparse, with what would be right."""
    from kpnerf.viewer.app import main

    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "no s" in capsys.readouterr().err


def test_text_is_as_large_as_the_desktop_wants(monkeypatch):
    """Its variable comes first, then the dots per inch of X; nonsense and no screen at all are an ordinary screen."""
    for name in ("GDK_SCALE", "QT_SCALE_FACTOR"):
        monkeypatch.delenv(name, raising=False)
    own = Screen("320x200", ("-noreset",))  # or it forgets settings with the last program that leaves
    monkeypatch.setenv("DISPLAY", own.name)
    scales = [screen_scale()]
    for dpi in ("144", "wide", "9600"):
        settings = f"*foreground: black\nXft.dpi:\t{dpi}\n"
        words = ["xprop", "-root", "-f", "RESOURCE_MANAGER", "8s", "-set", "RESOURCE_MANAGER", settings]
        subprocess.run(words, check=True)
        scales.append(screen_scale())
    monkeypatch.setenv("GDK_SCALE", "2")
    scales.append(screen_scale())
    own.close()
    monkeypatch.setenv("GDK_SCALE", "large")
    scales.append(screen_scale())

    assert scales == [1.0, 1.5, 1.0, 4.0, 2.0, 1.0]
