"""What is made once for many tests of the core, and what makes pictures cheap where they need not be fine."""

from pathlib import Path

import pytest

from kpnerf.core.cli import main
from kpnerf.core.commands.bench import sample_photos
from kpnerf.core.render import grids


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled sample with the cameras that are found for it."""
    folder = tmp_path_factory.mktemp("sample") / "capture"
    assert main(["calibrate", *map(str, sample_photos()), "-o", str(folder)]) == 0
    return folder


@pytest.fixture
def coarse_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the usual nodes: pictures come in the same way, of a subject whose edges are less exact."""
    monkeypatch.setattr(grids, "COARSE_NODES", 32)
    monkeypatch.setattr(grids, "FINE_NODES", 64)
