"""A screen for all tests that open windows, and programs, with a window or without, that are ended afterwards."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from kpnerf.core.photo import load_photo
from kpnerf.core.project_file import save_project
from kpnerf.core.source import load_source
from kpnerf.viewer.sample import sample_photos

from ..core.staged import staged_document
from .blob_engine import eventually
from .screen import Driven, Screen
from .test_session import Desk


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
def desk():
    """A program without a window, with three solved photos open."""
    desk = Desk(document=staged_document())
    yield desk
    desk.engine.gate.set()
    assert eventually(desk.session.close)


@pytest.fixture
def moved_project(tmp_path):
    """A project whose photos went from one folder to another."""
    here, there = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    there.mkdir()
    document = staged_document()
    views = []
    for view in document.views:
        Image.fromarray(view.photo.rgb).save(here / view.name)
        views.append(replace(view, photo=load_photo(here / view.name)))
    save_project(replace(document, views=tuple(views)), tmp_path / "moved.kpnerf")
    for view in views:
        (here / view.name).rename(there / view.name)
    return tmp_path / "moved.kpnerf"


@pytest.fixture
def start(screen, tmp_path):
    """Starts the program; what still runs at the end of the test is killed."""
    started = []

    def start(*arguments: str, folder: Path | None = None) -> Driven:
        """`folder`: the home of a program that ran before, and is remembered."""
        folder = folder or tmp_path / f"run{len(started)}"
        folder.mkdir(exist_ok=True)
        started.append(Driven(screen, folder, *arguments))
        return started[-1]

    yield start
    for driven in started:
        driven.kill()
