"""Time the renderer: the interactive path and the reference side by side in one run.

Times are medians; every picture of the interactive path is compared with the reference's. A machine shared with
other work gives slower times, so it is the ratios that count.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..camera import Camera, orbit_camera
from ..document import Document
from ..model.keypoint_nerf import EncodedViews
from ..pipeline import WEIGHTS, Avatar, encode_document, render_request
from ..render.renderer import Frame, Grids, Renderer, RenderRequest

REFERENCE_UP_TO = 128
"""Largest picture for which the reference is timed unless asked for more: it takes its time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `kpnerf bench`."""
    parser.add_argument("source", nargs="*", type=Path, help="photos, project or capture; default: the bundled sample")
    parser.add_argument("--sizes", nargs="+", type=int, default=[128, 256], metavar="N", help="picture sizes, pixels")
    parser.add_argument("--reference-up-to", type=int, default=REFERENCE_UP_TO, metavar="N")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, help="processor threads; default: torch's own choice")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")


def run(args: argparse.Namespace) -> int:
    """`kpnerf bench`."""
    from ..source import load_source
    from ..training.evaluation import psnr

    if args.threads:
        torch.set_num_threads(args.threads)
    document = load_source(args.source or sample_photos())
    avatar = Avatar.load(args.weights)
    report: dict[str, Any] = {"device": _device(avatar), "stages": _stages(avatar, document, args.repeats)}
    encoded = avatar.encode(document)
    report["sizes"] = {}
    for size in args.sizes:
        camera = bench_camera(size, yaw=0.2)
        rows = _interactive(avatar, document, encoded, size, args.repeats)
        if size <= args.reference_up_to:
            request = render_request(document, encoded, camera, quality="reference")
            start = time.perf_counter()
            reference = avatar.renderer.render(request)
            rows["reference_ms"] = 1000 * (time.perf_counter() - start)
            rows["reference_samples"] = reference.samples
            picture = avatar.renderer.render(render_request(document, encoded, camera))
            rows["psnr_to_reference"] = psnr(_over_black(picture), _over_black(reference))
            rows["speedup"] = rows["reference_ms"] / rows["interactive_ms"]
        report["sizes"][str(size)] = rows
    report["summary"] = _summary(report)
    print(json.dumps(report, indent=2) if args.json else _as_text(report))
    return 0


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


def timed(work: Callable[[], object], repeats: int) -> float:
    """Median milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times))


def _over_black(frame: Frame) -> np.ndarray:
    return frame.rgba[..., :3] * frame.rgba[..., 3:]


def _device(avatar: Avatar) -> str:
    device = next(avatar.model.parameters()).device
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu, {torch.get_num_threads()} threads"


@torch.inference_mode()
def _stages(avatar: Avatar, document: Document, repeats: int) -> dict[str, float]:
    """Milliseconds of encoding and of baking the grids from nothing, and the samples that baking took."""
    encoded = avatar.encode(document)
    request = render_request(document, encoded, bench_camera(64, 0.0))
    found: dict[str, float] = {"encode_ms": timed(lambda: encode_document(avatar.model, document), repeats)}
    grids = Grids.following(None, avatar.model, request)
    for name, work in (("coarse", grids.first_answer), ("fine", lambda: grids.finish(lambda: False))):
        start = time.perf_counter()
        work()
        found[f"{name}_bake_ms"] = 1000 * (time.perf_counter() - start)
    assert grids.coarse is not None and grids.fine is not None
    found |= {"coarse_bake_samples": grids.coarse.samples, "fine_bake_samples": grids.fine.samples}
    return found


def _interactive(
    avatar: Avatar, document: Document, encoded: EncodedViews, size: int, repeats: int
) -> dict[str, float]:
    """An orbit that pauses, and an edit: first picture and finished picture."""
    renderer = Renderer(avatar.model)
    renderer.render(render_request(document, encoded, bench_camera(size, 0.0)))
    first, finished, samples = [], [], 0
    for turn in range(max(repeats, 3)):
        request = render_request(document, encoded, bench_camera(size, 0.2 + 0.02 * turn))
        start = time.perf_counter()
        for index, frame in enumerate(renderer.frames(request)):
            if index == 0:
                first.append(time.perf_counter() - start)
            samples = frame.samples
        finished.append(time.perf_counter() - start)
    edits = []
    for turn in range(max(repeats, 3)):
        base = render_request(document, encoded, bench_camera(size, 0.2))
        moved = base.keypoints.clone()
        moved[4, 0] += 1e-3 * (turn + 1)
        request = RenderRequest(encoded, moved, base.box, base.camera)
        start = time.perf_counter()
        next(iter(renderer.frames(request)))
        edits.append(time.perf_counter() - start)
    return {
        "orbit_first_lattice_ms": 1000 * float(np.median(first)),
        "interactive_ms": 1000 * float(np.median(finished)),
        "interactive_samples": samples,
        "edit_to_picture_ms": 1000 * float(np.median(edits)),
    }


def _summary(report: dict[str, Any]) -> dict[str, float]:
    sizes: dict[str, dict[str, float]] = report["sizes"]
    lowest = min(rows["orbit_first_lattice_ms"] for rows in sizes.values())
    summary = {"orbit_fps": 1000 / lowest}
    for size, rows in sizes.items():
        summary[f"refined_{size}_ms"] = rows["interactive_ms"]
        if "speedup" in rows:
            summary[f"refined_{size}_speedup"] = rows["speedup"]
            summary[f"refined_{size}_psnr"] = rows["psnr_to_reference"]
    return summary


def _as_text(report: dict[str, Any]) -> str:
    lines = [f"device: {report['device']}", ""]
    lines += [f"{name:<28}{value:>12.1f}" for name, value in report["stages"].items()]
    for size, rows in report["sizes"].items():
        lines += ["", f"{size} x {size}"]
        lines += [f"  {name:<26}{value:>12.1f}" for name, value in rows.items()]
    lines += ["", "summary"] + [f"  {name:<26}{value:>12.1f}" for name, value in report["summary"].items()]
    return "\n".join(lines)
