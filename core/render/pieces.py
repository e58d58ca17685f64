"""Work in pieces of a few milliseconds, between which it may turn out to be unwanted."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import torch

Piece = TypeVar("Piece")
QUESTIONS = 512
"""Points that the network is asked about without a pause, for each of torch's threads."""


def never() -> bool:
    """Not stale."""
    return False


def each(pieces: Iterable[Piece], work: Callable[[Piece], object], *, is_stale: Callable[[], bool] = never) -> bool:
    """Work on one piece after the other; whether it came to an end before `is_stale` turned true."""
    for piece in pieces:
        if is_stale():
            return False
        work(piece)
    return True


def pieces_of(count: int, most: int, *, step: int = 1, device: torch.device | None = None) -> list[slice]:
    """`count` items as slices of at most `most` for each of torch's threads, which share a piece; one slice on another
    device than the processor.

    They are of even length, but for what rounding to a multiple of `step` makes.
    """
    if count == 0:
        return []
    if device is not None and device.type != "cpu":
        return [slice(0, count)]
    units = -(-count // step)
    parts = min(-(-units * step // (most * torch.get_num_threads())), units)
    edges = [min(units * part // parts * step, count) for part in range(parts + 1)]
    return [slice(begin, end) for begin, end in zip(edges[:-1], edges[1:], strict=True)]
