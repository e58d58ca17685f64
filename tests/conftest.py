"""Checks every annotated shape and type of the core while the tests run, and shares the tests out where many run them.

With `-n 2`, one process opens windows, one after the other, while the other computes: windows wait most of the time,
and two of them at once would wait for each other.
"""

import functools
import importlib.util
import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

if "PYTEST_XDIST_WORKER" in os.environ:  # read by the numerical libraries when they are first imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Compiled by numba as it is written: loaded before the checks that would be woven into it.
import kpnerf.core.patch_kernels
import kpnerf.core.render.kernels
import kpnerf.core.render.pixel_kernels
import kpnerf.core.render.ray_kernels

from . import runtime_types

# So it is with Triton, where there is one.
if importlib.util.find_spec("triton"):
    import kpnerf.core.render.triton_colour
    import kpnerf.core.render.triton_geometry
    import kpnerf.core.render.triton_march
    import kpnerf.core.render.triton_points  # noqa: F401

# Installed before any test module imports the core, or the modules would be loaded unchecked.
install_import_hook("kpnerf.core", f"{runtime_types.__name__}.checked")


@functools.cache
def opens_windows(file: Path) -> bool:
    """Whether tests of a file do."""
    return "mark.window" in file.read_text(encoding="utf-8")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Windows come first where tests are shared out: they are the longest part that stays together."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not opens_windows(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Whole files go to one process, because their tests share what was made for them; all windows go to one."""
    from xdist.scheduler import LoadFileScheduling

    class WindowsTogether(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "windows" if opens_windows(config.rootpath / file) else file

    config.option.loadscopereorder = False  # in the order that they are in, and not by the number of tests
    return WindowsTogether(config, log)


@pytest.fixture
def coarse_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the usual nodes: pictures come in the same way, of a subject whose edges are less exact."""
    from kpnerf.core.render import grids

    monkeypatch.setattr(grids, "COARSE_NODES", 32)
    monkeypatch.setattr(grids, "FINE_NODES", 64)
