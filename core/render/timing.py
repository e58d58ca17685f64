"""How long the stages of the renderer take, and how good what they make is."""

import resource
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import torch

from ..camera import Camera
from ..figures import psnr
from ..geometry import Box
from ..model.keypoint_nerf import KeypointNeRF
from ..model.views import EncodedViews, SourceViews
from .grids import Grids
from .painting import CameraRays
from .reference import ROWS
from .renderer import Frame, Renderer, RenderRequest
from .sampling import ray_box

PUBLISHED_SAMPLES = 192
"""Points a ray that the published code asks its network about: 64, and 64 + 64 once more for the fine picture."""
PUBLISHED_SIZE = 64
"""Side of the picture that the published procedure is measured at; its cost grows with the number of pixels."""


def milliseconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - start)


def median(times: Iterable[float]) -> float:
    """Middle value."""
    return float(np.median(list(times)))


@torch.inference_mode()
def baking(model: KeypointNeRF, request: RenderRequest) -> dict[str, float]:
    """Milliseconds of baking the grids from nothing, and the samples that took."""
    grids = Grids.following(None, model, request)
    found = {"coarse_bake_ms": milliseconds(grids.first_answer)}
    found["fine_bake_ms"] = milliseconds(lambda: grids.finish(lambda: False))
    assert grids.coarse is not None and grids.fine is not None
    return found | {"coarse_bake_samples": grids.coarse.samples, "fine_bake_samples": grids.fine.samples}


def orbit(renderer: Renderer, requests: Iterable[RenderRequest]) -> dict[str, float]:
    """First and finished picture of one request after the other, the grids known."""
    first, finished, samples = [], [], 0
    for request in requests:
        start = time.perf_counter()
        for index, frame in enumerate(renderer.frames(request)):
            if index == 0:
                first.append(time.perf_counter() - start)
            samples = frame.samples
        finished.append(time.perf_counter() - start)
    return {
        "first_lattice_ms": 1000 * median(first),
        "refined_ms": 1000 * median(finished),
        "refined_samples": samples,
    }


def drag(renderer: Renderer, request: RenderRequest, *, events: int = 100) -> dict[str, float]:
    """A keypoint dragged by 3 cm in many small steps, each step's picture shown before the next: time to it."""
    times = []
    for event in range(1, events + 1):
        moved = request.keypoints.clone()
        moved[4, 0] += 0.03 * event / events
        edited = replace(request, keypoints=moved)
        start = time.perf_counter()
        next(iter(renderer.frames(edited)))
        times.append(1000 * (time.perf_counter() - start))
    tenth = max(1, events // 10)
    return {
        "edit_ms_median": median(times),
        "edit_ms_p95": float(np.percentile(times, 95)),
        "edit_ms_first_tenth": median(times[:tenth]),
        "edit_ms_last_tenth": median(times[-tenth:]),
    }


def cancelling(renderer: Renderer, request: RenderRequest, *, trials: int = 40) -> float:
    """95th percentile of the milliseconds between wanting a refinement stopped, at any moment, and its end."""
    whole = milliseconds(lambda: renderer.render(request)) / 1000
    moments = np.linspace(0.15, 0.9, trials) * whole
    times = []
    for moment in moments:
        wanted = threading.Event()
        asked: list[float] = []

        def stop(wanted: threading.Event = wanted, asked: list[float] = asked) -> None:
            asked.append(time.perf_counter())
            wanted.set()

        timer = threading.Timer(float(moment), stop)
        timer.start()
        for _ in renderer.frames(request, wanted.is_set):
            pass
        end = time.perf_counter()
        timer.cancel()
        if asked:
            times.append(1000 * (end - asked[0]))
    return float(np.percentile(times, 95)) if times else float("nan")


@torch.inference_mode()
def published_procedure(
    model: KeypointNeRF, source: SourceViews, keypoints: torch.Tensor, box: Box, camera: Camera
) -> float:
    """Milliseconds of a picture as published: photos encoded for it, every sample of every ray through all layers."""
    start = time.perf_counter()
    encoded = model.encode(source)
    rays = CameraRays(camera, encoded.low)
    directions = rays.every().view(-1, 3)
    near, far, hit = ray_box(
        rays.origin, directions, *(torch.as_tensor(c).to(directions) for c in (box.lower, box.upper))
    )
    directions, near, far = directions[hit], near[hit], far[hit]
    share = torch.linspace(0, 1, PUBLISHED_SAMPLES, device=near.device)
    distances = near[:, None] + (far - near)[:, None] * share
    points = (rays.origin + distances[..., None] * directions[:, None]).reshape(-1, 3)
    along = directions[:, None].expand(-1, PUBLISHED_SAMPLES, -1).reshape(-1, 3)
    for rows in torch.arange(len(points), device=points.device).split(ROWS):
        model.query(encoded, keypoints, points[rows], along[rows])
    return 1000 * (time.perf_counter() - start)


def fidelity(picture: Frame, reference: Frame) -> dict[str, float]:
    """PSNR over black, dB, and the largest error of a channel."""
    a, b = (frame.rgba[..., :3] * frame.rgba[..., 3:] for frame in (picture, reference))
    return {"psnr": psnr(a, b), "largest_error": float(np.abs(a - b).max())}


def peak_memory() -> float:
    """Most memory this process has held so far, megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def of_views(encoded: EncodedViews, count: int) -> EncodedViews:
    """As if there were `count` photos: the first ones, over and over."""
    return encoded.picked([view % len(encoded.low) for view in range(count)])
