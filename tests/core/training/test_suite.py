"""The examination: its conditions on real photographs, and the page that comes of it."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kpnerf.core.cli import main
from kpnerf.core.errors import UserError
from kpnerf.core.pipeline import Avatar
from kpnerf.core.training.generators import CHANGED, mark_folder
from kpnerf.core.training.report_page import scatter
from kpnerf.core.training.suite import CONDITIONS, Condition, examine

FRONT = Condition("front from the sides", ("left", "right"), ("front",))
pytestmark = pytest.mark.usefixtures("coarse_grids")


def test_conditions_spoil_what_they_say(capture: Path) -> None:
    """Every kind of condition gives a picture; losing half of a face costs, finding cameras anew hardly does."""
    asked = [
        FRONT,
        replace(FRONT, name="found", given="photos"),
        replace(FRONT, name="spoilt", keypoint_error=0.01, cut="left"),
    ]
    complaints: list[str] = []
    results = {
        result.condition: result
        for result in examine(Avatar.load(), [capture], conditions=asked, size=96, say=complaints.append)
    }

    assert not complaints and len(results) == 3
    usual = results[FRONT.name].figures["psnr_box"]
    assert usual > 17
    assert abs(results["found"].figures["psnr_box"] - usual) < 2
    assert results["spoilt"].figures["psnr_box"] < usual
    assert 20 < results[FRONT.name].degrees < 40


def test_captures_are_asked_what_their_generator_is_for(capture: Path, tmp_path: Path) -> None:
    """A capture marked as the changed generator's is asked its conditions and no others."""
    stranger = tmp_path / "stranger"
    shutil.copytree(capture, stranger)
    mark_folder(stranger, CHANGED, holds_data=False)
    asked = [FRONT, replace(FRONT, name="strangers", generator="changed")]
    found = [
        (result.capture, result.condition)
        for result in examine(Avatar.load(), [capture, stranger], conditions=asked, size=64)
    ]

    assert found == [(capture.name, FRONT.name), ("stranger", "strangers")]
    assert {condition.generator for condition in CONDITIONS} == {"usual", "changed"}


def test_a_page_is_written_by_one_command(
    capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`kpnerf eval --suite` leaves a page whose pictures exist and whose worst ones are shown."""
    monkeypatch.setattr("kpnerf.core.training.suite.CONDITIONS", (FRONT,))
    assert main(["eval", str(capture), "--suite", "--size", "64", "--quality", "interactive", "-o", str(tmp_path)]) == 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")

    assert "front from the sides" in page and "The worst five" in page and "<svg" in page
    named = set(re.findall(r'src="(pictures/[^"]+)"', page))
    assert named and all((tmp_path / name).is_file() for name in named)
    assert "psnr_box" in capsys.readouterr().out


def test_conditions_have_names_of_their_own() -> None:
    """Rows of the table are told apart by them; targets are never among the sources."""
    assert len({condition.name for condition in CONDITIONS}) == len(CONDITIONS)
    assert all(not set(condition.sources) & set(condition.targets) for condition in CONDITIONS)


def test_what_cannot_be_examined_is_said(tmp_path: Path) -> None:
    """A folder of nothing, and a page that is to go nowhere."""
    with pytest.raises(UserError):
        next(examine(Avatar.load(), [tmp_path]))
    assert main(["eval", str(tmp_path), "--suite"]) == 2


def test_points_lie_within_the_plot() -> None:
    """The largest value is above the smallest, and what is not finite is left out."""
    circles = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', scatter([0, 10, 20], [15, 30, float("nan")], "x", "y"))

    assert len(circles) == 2
    (x0, y0), (x1, y1) = ((float(x), float(y)) for x, y in circles)
    assert 0 < x0 < x1 < 560 and 0 < y1 < y0 < 260
