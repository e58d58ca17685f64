"""`kpnerf eval` and `kpnerf bench`, whole, on the bundled sample."""

import json
from pathlib import Path

import pytest

from kpnerf.core.cli import main
from kpnerf.core.render import timing


@pytest.mark.usefixtures("coarse_grids")
def test_a_photo_predicted_from_the_others(capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cameras found, written as a capture, and the front predicted from left and right: better than a flat guess."""
    command = ["eval", str(capture), "--sources", "left", "right", "--target", "front", "--size", "96"]
    assert main([*command, "--quality", "interactive", "--json", "-o", str(tmp_path / "pictures")]) == 0
    report = json.loads(capsys.readouterr().out)

    assert set(report["targets"]) == {"front.png"}
    assert report["mean"]["psnr_box"] == report["targets"]["front.png"]["psnr_box"] > 17
    assert report["mean"]["mask_overlap"] > 0.8
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 1


def test_cameras_found_again(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cameras that were found and written as a capture count as known, and are found again as they were."""
    assert main(["eval", str(capture), "--cameras"]) == 0
    table = capsys.readouterr().out.splitlines()

    name, views, rotation, focal, *_ = (cell.strip() for cell in table[2].strip("|").split("|"))
    assert (name, views) == ("capture", "3")
    assert float(rotation.rstrip("°")) < 0.5 and abs(float(focal.rstrip("% "))) < 3
    assert table[-1].startswith("| median")


@pytest.mark.usefixtures("coarse_grids")
def test_bench_reports_all_renderers(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run times all paths, compares their pictures, and prints JSON with the promised summary."""
    monkeypatch.setattr(timing, "PUBLISHED_SIZE", 12)
    # A few of the many times that a measurement is repeated.
    drag, cancelling = timing.drag, timing.cancelling
    monkeypatch.setattr(timing, "drag", lambda *asked, events: drag(*asked, events=4))
    monkeypatch.setattr(timing, "cancelling", lambda *asked, trials: cancelling(*asked, trials=4))
    assert (
        main(["bench", str(capture), "--sizes", "48", "64", "--repeats", "1", "--reference-up-to", "48", "--json"]) == 0
    )
    report = json.loads(capsys.readouterr().out)
    rows = report["sizes"]["48"]

    assert rows["reference_samples"] > rows["refined_samples"] > 0
    assert rows["psnr"] > 25
    promised = {"orbit_fps", "refined_48_ms", "refined_48_speedup", "refined_48_psnr", "published_64_speedup"}
    promised |= {"edit_to_picture_ms_median", "edit_to_picture_ms_p95", "cancel_ms_p95", "peak_memory_mb"}
    assert promised <= set(report["summary"])
    assert report["stages"]["fine_bake_samples"] > 0
