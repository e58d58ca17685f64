"""Where the tests find MakeHuman's data."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("KPNERF_MAKEHUMAN", Path(__file__).parents[4] / "shared" / "makehuman" / "data"))

needs_makehuman = pytest.mark.skipif(
    not (FOLDER / "3dobjs" / "base.obj").is_file(),
    reason=f"no MakeHuman data in {FOLDER}: name its folder in KPNERF_MAKEHUMAN",
)
