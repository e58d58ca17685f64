"""Time the renderer: the interactive path, the reference and the published procedure side by side in one run.

Times are medians; pictures of the interactive path are compared with the reference's. A machine shared with other
work gives slower times, so it is the ratios that count. A refined picture is the first complete one, with one sample a
pixel; peak memory is that of the interactive path, before the reference and the published procedure run.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..camera import Camera, orbit_camera
from ..crops import crop_views
from ..document import Document
from ..edits import set_pose
from ..pipeline import WEIGHTS, Avatar, encode_document, render_request, source_views
from ..render import timing
from ..render.renderer import Renderer, RenderRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `kpnerf bench`."""
    parser.add_argument("source", nargs="*", type=Path, help="photos, project or capture; default: the bundled sample")
    parser.add_argument("--sizes", nargs="+", type=int, default=[128, 256, 512, 1024], metavar="N", help="pixels")
    parser.add_argument(
        "--reference-up-to", type=int, default=512, metavar="N", help="largest picture to make by the reference too"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, help="processor threads; default: torch's own choice")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")


def run(args: argparse.Namespace) -> int:
    """`kpnerf bench`."""
    from ..source import load_source

    if args.threads:
        torch.set_num_threads(args.threads)
    document = load_source(args.source or sample_photos())
    report = measure(Avatar.load(args.weights), document, args.sizes, args.reference_up_to, args.repeats)
    print(json.dumps(report, indent=2) if args.json else _as_text(report))
    return 0


def measure(avatar: Avatar, document: Document, sizes: list[int], reference_up_to: int, repeats: int) -> dict[str, Any]:
    """Everything, as nested figures; `summary` has those that are promised."""
    _say("encoding and baking")
    encoded = avatar.encode(document)
    renderer = Renderer(avatar.model)

    def request(size: int, yaw: float = 0.2) -> RenderRequest:
        return render_request(document, encoded, bench_camera(size, yaw))

    renderer.render(request(64))  # compiles and warms up
    dragged = [_with_a_camera_moved(document, 1e-3 * (turn + 1)) for turn in range(repeats)]
    stages = {
        "encode_ms": timing.median(
            timing.milliseconds(lambda: encode_document(avatar.model, document)) for _ in range(repeats)
        ),
        "encode_dragged_ms": timing.median(
            timing.milliseconds(lambda moved=moved: avatar.encode(moved)) for moved in dragged
        ),
    }
    stages |= timing.baking(avatar.model, request(64))
    report: dict[str, Any] = {"device": _device(avatar), "stages": stages, "sizes": {}}
    for size in sizes:
        _say(f"{size} x {size}")
        turned = [request(size, 0.2 + 0.02 * turn) for turn in range(repeats)]
        report["sizes"][str(size)] = timing.orbit(renderer, turned)
    _say("a drag, cancelling, other numbers of photos")
    stages |= timing.drag(renderer, request(256), events=min(100, 34 * repeats))
    renderer.render(request(64))
    stages["cancel_ms_p95"] = timing.cancelling(renderer, request(max(sizes)), trials=min(40, 14 * repeats))
    for views in (2, 8):
        few = timing.of_views(encoded, views)
        its_own = Renderer(avatar.model)
        asked = [replace(request(256, 0.2 + 0.02 * turn), encoded=few) for turn in range(repeats)]
        its_own.render(asked[0])
        stages[f"refined_256_of_{views}_photos_ms"] = timing.orbit(its_own, asked)["refined_ms"]
    # Here, because what follows is no part of what the window does, and holds far more.
    stages["peak_memory_mb"] = timing.peak_memory()
    for size in sizes:
        if size <= reference_up_to:
            _say(f"the reference, {size} x {size}")
            rows = report["sizes"][str(size)]
            rows |= _reference(renderer, request(size))
            rows["speedup"] = rows["reference_ms"] / rows["refined_ms"]
    _say("the published procedure")
    asked_small = request(timing.PUBLISHED_SIZE)
    source = source_views(crop_views(document, avatar.model.config.image_size), document, encoded.low.device)
    stages["published_64_ms"] = timing.published_procedure(
        avatar.model, source, asked_small.keypoints, asked_small.box, asked_small.camera
    )
    report["summary"] = _summary(report)
    return report


def _reference(renderer: Renderer, request: RenderRequest) -> dict[str, float]:
    """The reference's time and samples, and how near the interactive picture comes to it."""
    start = time.perf_counter()
    reference = renderer.render(replace(request, quality="reference"))
    found = {"reference_ms": 1000 * (time.perf_counter() - start), "reference_samples": reference.samples}
    return found | timing.fidelity(renderer.render(request), reference)


def sample_photos() -> list[Path]:
    """The bundled sample."""
    folder = Path(__file__).parents[2] / "assets" / "samples" / "person"
    return sorted(folder.glob("*.jpg"))


def bench_camera(size: int, yaw: float) -> Camera:
    """A camera between the sample's photos, the head and shoulders filling the picture."""
    return orbit_camera(
        yaw,
        0.05,
        1.0,
        target_in_world=np.array([0.0, 0.02, 0.02]),
        vertical_field_of_view=0.45,
        width=size,
        height=size,
    )


def _with_a_camera_moved(document: Document, metres: float) -> Document:
    """As while a hand drags the first photo's camera."""
    assert document.calibration is not None, "it has been encoded"
    view = document.sources[0]
    pose = document.calibration.cameras[view].world_from_camera.copy()
    pose[0, 3] += metres
    return set_pose(document, view, pose)


def _say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def _device(avatar: Avatar) -> str:
    device = next(avatar.model.parameters()).device
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu, {torch.get_num_threads()} threads"


def _summary(report: dict[str, Any]) -> dict[str, float]:
    """Promised figures; the published procedure is measured at 64² and scaled by the number of pixels."""
    stages, sizes = report["stages"], report["sizes"]
    summary = {
        "orbit_fps": 1000 / min(rows["first_lattice_ms"] for rows in sizes.values()),
        "edit_to_picture_ms_median": stages["edit_ms_median"],
        "edit_to_picture_ms_p95": stages["edit_ms_p95"],
        "cancel_ms_p95": stages["cancel_ms_p95"],
        "eight_photos_to_two": stages["refined_256_of_8_photos_ms"] / stages["refined_256_of_2_photos_ms"],
        "peak_memory_mb": stages["peak_memory_mb"],
    }
    for size, rows in sizes.items():
        summary[f"refined_{size}_ms"] = rows["refined_ms"]
        published = stages["published_64_ms"] * (int(size) / timing.PUBLISHED_SIZE) ** 2
        summary[f"published_{size}_speedup"] = published / rows["refined_ms"]
        if "speedup" in rows:
            summary[f"refined_{size}_speedup"] = rows["speedup"]
            summary[f"refined_{size}_psnr"] = rows["psnr"]
    ordered = sorted(sizes, key=int)
    for smaller, larger in zip(ordered[:-1], ordered[1:], strict=True):
        ratio = sizes[larger]["refined_ms"] / sizes[smaller]["refined_ms"]
        summary[f"time_{larger}_to_{smaller}"] = ratio
    return summary


def _as_text(report: dict[str, Any]) -> str:
    lines = [f"device: {report['device']}", ""]
    lines += [f"{name:<32}{value:>12.1f}" for name, value in report["stages"].items()]
    for size, rows in report["sizes"].items():
        lines += ["", f"{size} x {size}"]
        lines += [f"  {name:<30}{value:>12.{3 if name == 'largest_error' else 1}f}" for name, value in rows.items()]
    lines += ["", "summary"] + [f"  {name:<30}{value:>12.1f}" for name, value in report["summary"].items()]
    return "\n".join(lines)
