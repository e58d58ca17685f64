"""The comparison of encodings: same budgets, the best two from further seeds, a page."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from kpnerf.core.cli import main
from kpnerf.core.errors import UserError
from kpnerf.core.training import encodings
from kpnerf.core.training.encodings import Budget, Run, compare_encodings, small_network
from kpnerf.core.training.encodings_page import NAMES, dots, write_page
from kpnerf.core.training.suite import Condition

FRONT = Condition("front from the sides", ("left", "right"), ("front",))


def test_networks_differ_in_their_encoding_alone() -> None:
    """Nothing else may decide."""
    configs = {encoding: small_network(encoding) for encoding in encodings.ENCODINGS}

    assert len({replace(config, encoding="none") for config in configs.values()}) == 1
    assert set(configs) == set(NAMES) and not configs["z"].depth


def test_the_best_two_are_trained_again(people: Path, capture: Path, tmp_path: Path) -> None:
    """Every run leaves its figures; what is finished is not done again."""
    budget = Budget(1, asked=(FRONT,), side=24, quality="reference")
    asked: list[str] = []
    results = compare_encodings(
        people, [capture], tmp_path, budget, encodings=("none", "z", "relative_z_decay"), seeds=2, say=asked.append
    )
    first = {run.encoding: results[run][FRONT.name]["psnr_box"] for run in results if run.seed == 0}
    again = {run.encoding for run in results if run.seed == 1}

    assert len(first) == 3 and again == set(sorted(first, key=lambda encoding: -first[encoding])[:2])
    assert len(asked) == 5
    weights = tmp_path / "none-0" / "checkpoint.pt"
    before = weights.stat().st_mtime_ns
    figures = encodings._train_and_examine(Run("none", 0), people, [capture], tmp_path, budget)
    assert figures == results[Run("none", 0)] and weights.stat().st_mtime_ns == before


def test_a_page_shows_every_network(tmp_path: Path) -> None:
    """A dot for each seed, a row for each encoding, the spread where there are several."""
    rows = {
        encoding: [{"a question": {"psnr_box": 20.0 + number + seed}} for seed in range(3 if number < 2 else 1)]
        for number, encoding in enumerate(encodings.ENCODINGS)
    }
    page = write_page(tmp_path, rows, ["a question"], "Words & figures.").read_text(encoding="utf-8")

    assert page.count("<circle") == 9 and "Words &amp; figures." in page
    assert "21.00 ± 1.00" in page and ">24.00<" in page
    circles = [float(at) for at in re.findall(r'cx="([\d.]+)"', dots(rows, "a question"))]
    assert min(circles) >= 250 and max(circles) <= 640
    assert "Nothing to plot" in dots(rows, "another question")


def test_bad_numbers_are_refused(people: Path, tmp_path: Path) -> None:
    """Zero steps, and a folder with nobody in it."""
    assert main(["encodings", str(people), "--captures", "x", "--out", str(tmp_path), "--steps", "0"]) == 2
    with pytest.raises(UserError, match="holds no people"):
        compare_encodings(tmp_path, [], tmp_path / "out", Budget(1))
