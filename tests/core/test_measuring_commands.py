"""`kpnerf eval` and `kpnerf bench`, whole, on the bundled sample."""

import json
from pathlib import Path

import pytest

from kpnerf.core.cli import main
from kpnerf.core.commands.bench import sample_photos


def test_a_photo_predicted_from_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cameras found, written as a capture, and the front predicted from left and right: better than a flat guess."""
    capture = tmp_path / "capture"
    assert main(["calibrate", *map(str, sample_photos()), "-o", str(capture)]) == 0
    capsys.readouterr()
    command = ["eval", str(capture), "--sources", "left", "right", "--target", "front", "--size", "96"]
    assert main([*command, "--quality", "interactive", "--json", "-o", str(tmp_path / "pictures")]) == 0
    report = json.loads(capsys.readouterr().out)

    assert set(report["targets"]) == {"front.png"}
    assert report["mean"]["psnr_box"] == report["targets"]["front.png"]["psnr_box"] > 17
    assert report["mean"]["mask_overlap"] > 0.8
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 1


def test_bench_reports_both_renderers(capsys: pytest.CaptureFixture[str]) -> None:
    """One run times reference and interactive path, compares their pictures, and prints JSON with a summary."""
    assert main(["bench", "--sizes", "48", "--repeats", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    rows = report["sizes"]["48"]

    assert rows["reference_samples"] > rows["interactive_samples"] > 0
    assert rows["psnr_to_reference"] > 25
    assert {"orbit_fps", "refined_48_ms", "refined_48_speedup", "refined_48_psnr"} <= set(report["summary"])
    assert report["stages"]["fine_bake_samples"] > 0
