"""The rules of the house: who imports whom, what loads where, what a wheel holds, how long a file may be."""

import ast
import importlib.util
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 400
PACKAGES = ("core", "viewer")
ABSENT = () if importlib.util.find_spec("triton") else ("triton_",)
"""Beginnings of names of modules that cannot be loaded here: kernels in a language made for Linux only."""


def modules(*, under: str = "") -> list[str]:
    """Names of all modules, as installed, of the packages or of one folder in them."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    names = (file.relative_to(ROOT).with_suffix("").parts for file in sorted(files))
    dotted = ["kpnerf." + ".".join(parts).removesuffix(".__init__") for parts in names]
    loadable = [name for name in dotted if not name.rpartition(".")[2].startswith(ABSENT)]
    return [name for name in loadable if name.startswith(f"kpnerf.{under}")]


def python(script: str, *arguments: str, **options) -> str:
    """What a script prints in an interpreter of its own; its error output where it fails."""
    run = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=200, **options
    )

    assert run.returncode == 0, run.stderr
    return run.stdout


def test_import_rules_are_kept():
    """The contracts in pyproject.toml: window on top, panels apart, pipeline in layers, documents without torch.

    In a process of its own: the linter turns off the loggers of the one that it runs in.
    """
    linter = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    checked = subprocess.run([sys.executable, "-c", linter], cwd=ROOT, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_is_too_long_to_be_read_at_a_sitting(package):
    """At four hundred lines a file is two files."""
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in (ROOT / package).rglob("*.py")
    }

    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_test_says_what_it_shows():
    """A docstring on each test function."""
    silent = [
        f"{file.name}::{node.name}"
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert silent == []


WITHOUT = """
import importlib, importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


@pytest.mark.parametrize("folder", ["core.model", "core.render"])
def test_network_and_renderer_load_where_only_torch_and_numpy_are(folder):
    """On a GPU server: no detector, no window, no OpenCV, no scipy, no pictures."""
    absent = {"mediapipe", "dearpygui", "cv2", "scipy", "PIL", "imageio_ffmpeg", "moderngl", "matplotlib", "tqdm"}
    names = modules(under=folder)

    assert len(names) > 3
    python(WITHOUT.format(absent=absent), *names)


def test_the_trainer_loads_where_no_window_and_no_detector_are():
    """Training runs on GPU servers too."""
    python(WITHOUT.format(absent={"mediapipe", "dearpygui", "moderngl"}), *modules(under="core.training"))


def test_documents_load_without_torch():
    """Editing answers at once; the network may take its seconds later."""
    names = [
        "kpnerf.core.document",
        "kpnerf.core.edits",
        "kpnerf.core.history",
        "kpnerf.core.source",
        "kpnerf.core.cli",
    ]
    python(WITHOUT.format(absent={"torch", "dearpygui"}), *names)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel that `python -m build` makes of this tree; of a copy, because setuptools builds in the tree itself."""
    folder = tmp_path_factory.mktemp("wheel")
    for part in (*PACKAGES, "assets"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / part, folder)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, folder]
    run = subprocess.run(command, capture_output=True, text=True, timeout=200, cwd=folder)

    assert run.returncode == 0, run.stdout + run.stderr
    return next(folder.glob("*.whl"))


def test_every_package_is_listed():
    """A folder with code that pyproject.toml forgets would be missing for everyone but us."""
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    there = {
        "kpnerf." + ".".join(file.parent.relative_to(ROOT).parts)
        for package in (*PACKAGES, "assets")
        for file in (ROOT / package).rglob("*.py")
    }

    assert listed == there


def test_the_wheel_holds_every_file_of_the_tree(wheel):
    """Code and assets, and nothing else but its own papers."""
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    code = {f"kpnerf/{file.relative_to(ROOT)}" for package in PACKAGES for file in (ROOT / package).rglob("*.py")}
    assets = {
        f"kpnerf/{file.relative_to(ROOT)}"
        for file in (ROOT / "assets").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    assert inside == code | assets


def test_every_module_imports_from_the_wheel(wheel, tmp_path):
    """Unpacked elsewhere, with this tree nowhere on the path."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    script = (
        "import importlib, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "sys.meta_path[:] = [finder for finder in sys.meta_path if 'editable' not in repr(finder)]\n"
        "for name in sys.argv[2:]:\n"
        "    module = importlib.import_module(name)\n"
        "    assert module.__file__.startswith(sys.argv[1]), module.__file__\n"
    )
    python(script, str(tmp_path), *modules(), "kpnerf.assets", cwd=tmp_path)


def test_annotations_are_checked_while_tests_run():
    """Shapes and types of the core's functions; a check that has gone silent would be no check."""
    import numpy as np
    from jaxtyping import TypeCheckError

    from kpnerf.core.geometry import transform

    assert transform(np.eye(4), np.zeros((5, 3))).shape == (5, 3)
    with pytest.raises(TypeCheckError):
        transform(np.eye(4), np.zeros((5, 2)))
