"""A screen for all tests that open windows, and programs that are ended afterwards."""

import shutil

import pytest

from kpnerf.core.project_file import save_project
from kpnerf.core.source import load_source
from kpnerf.viewer.sample import sample_photos

from .screen import Driven, Screen


@pytest.fixture(scope="session")
def screen():
    """An X server of our own."""
    missing = [program for program in ("Xvfb", "xdotool") if shutil.which(program) is None]
    assert not missing, f"install {', '.join(missing)}: apt-get install xvfb xdotool"
    screen = Screen()
    yield screen
    screen.close()


@pytest.fixture(scope="session")
def sample_project(tmp_path_factory):
    """The sample, detected and solved once, as a project file: it opens in a moment."""
    path = tmp_path_factory.mktemp("sample") / "sample.kpnerf"
    save_project(load_source(sample_photos()), path)
    return path


@pytest.fixture
def start(screen, tmp_path):
    """Starts the program; what still runs at the end of the test is killed."""
    started = []

    def start(*arguments: str) -> Driven:
        folder = tmp_path / f"run{len(started)}"
        folder.mkdir()
        started.append(Driven(screen, folder, *arguments))
        return started[-1]

    yield start
    for driven in started:
        driven.kill()
