"""The least that one picture of the sample can cost, and how far from that the renderer is.

    python -m tests.benchmarks.floor [--size 512]

Counts the multiplications of the network for the samples that the renderer asks about, measures what this processor
multiplies and reads a second, and divides. The renderer's own time is processor time of one thread.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import nn

from kpnerf.core.commands.bench import bench_camera, sample_photos
from kpnerf.core.model.keypoint_nerf import KeypointNeRF
from kpnerf.core.pipeline import Avatar, render_request
from kpnerf.core.render.renderer import Renderer
from kpnerf.core.source import load_source

H200_FLOPS, H200_BYTES = 990e12, 4.8e12
"""A second, of the data sheet: dense bfloat16, and memory."""


def layers(network: nn.Module) -> float:
    """Floating-point operations of a network's layers for one row."""
    return float(sum(2 * layer.weight.numel() for layer in network.modules() if isinstance(layer, nn.Linear)))


def operations(model: KeypointNeRF, views: int) -> float:
    """Floating-point operations of the layers for one sample seen by so many views."""
    geometry, colour = model.geometry_head, model.colour_head
    once = layers(geometry.pooled) + layers(geometry.compress) + (layers(colour.prior) if colour.prior else 0.0)
    return views * (layers(geometry.per_view) + layers(colour) - (layers(colour.prior) if colour.prior else 0.0)) + once


def reads(model: KeypointNeRF, views: int) -> float:
    """Bytes of maps and photos that one sample reads: four neighbours of every channel, in float32."""
    pyramid = model.geometry_encoder
    channels = sum(int(getattr(pyramid, name)) for name in ("LOW", "HIGH", "TEXTURE")) + 1 + 3
    return 4.0 * 4 * views * channels


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """Processor time of the fastest of several calls."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Print the floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    size = parser.parse_args().size
    torch.set_num_threads(1)
    avatar, document = Avatar.load(), load_source(sample_photos())
    encoded = avatar.encode(document)
    renderer, request = Renderer(avatar.model), render_request(document, encoded, bench_camera(size, 0.2))
    renderer.render(request)
    frame = renderer.render(request)
    taken = seconds(lambda: renderer.render(request), 3)
    views, pixels = len(encoded.low), int((frame.rgba[..., 3] > 0).sum())
    flops, read = frame.samples * operations(avatar.model, views), frame.samples * reads(avatar.model, views)
    rows = {dtype: torch.ones(2048, 2048, dtype=dtype) for dtype in (torch.bfloat16, torch.float32)}
    rate = {dtype: 2 * 2048**3 / seconds(lambda a=a: a @ a) for dtype, a in rows.items()}
    source, target = (torch.ones(1 << 26) for _ in range(2))
    bandwidth = 2 * 4 * (1 << 26) / seconds(lambda: target.copy_(source))
    print(f"{size} x {size}: {pixels} pixels show something, {frame.samples} samples of the network, {views} photos")
    print(f"one sample: {operations(avatar.model, views) / 1e6:.3f} MFLOP, {reads(avatar.model, views) / 1e3:.2f} kB")
    print(f"one picture: {flops / 1e9:.1f} GFLOP, {read / 1e6:.0f} MB")
    print(
        f"one thread here: {rate[torch.bfloat16] / 1e9:.0f} GFLOP/s bfloat16, {rate[torch.float32] / 1e9:.0f} float32,"
    )
    print(f"                 {bandwidth / 1e9:.1f} GB/s copied")
    least = max(flops / rate[torch.bfloat16], read / bandwidth)
    print(f"floor here: {1000 * least:.0f} ms, taken {1000 * taken:.0f} ms, {taken / least:.1f} times the floor")
    print(f"floor of an H200: {1000 * max(flops / H200_FLOPS, read / H200_BYTES):.3f} ms")


if __name__ == "__main__":
    main()
