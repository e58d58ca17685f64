"""What is made once for many tests of the core."""

from pathlib import Path

import pytest

from kpnerf.core.cli import main
from kpnerf.core.commands.bench import sample_photos


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled sample with the cameras that are found for it."""
    folder = tmp_path_factory.mktemp("sample") / "capture"
    assert main(["calibrate", *map(str, sample_photos()), "-o", str(folder)]) == 0
    return folder
