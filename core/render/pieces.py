"""Work in pieces of a few milliseconds, between which it lets the window be drawn, or turns out to be unwanted."""

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import torch

from ..processor import let_pass

Piece = TypeVar("Piece")
QUESTIONS = 512
"""Points that the network is asked about at once, for each of torch's threads."""
PIECE = 0.004
"""Processor seconds that a piece should take, where its size is learnt."""


class Unwanted(Exception):
    """What is being worked on has become unwanted."""


def never() -> bool:
    """Not stale."""
    return False


def look(is_stale: Callable[[], bool]) -> None:
    """Between two parts of a piece; raises Unwanted, which `each` takes for its end."""
    let_pass()
    if is_stale():
        raise Unwanted


def each(pieces: Iterable[Piece], work: Callable[[Piece], object], *, is_stale: Callable[[], bool] = never) -> bool:
    """Work on one piece after the other; whether it came to an end before `is_stale` turned true."""
    for piece in pieces:
        let_pass()
        if is_stale():
            return False
        try:
            work(piece)
        except Unwanted:
            return False
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


class Paced:
    """Cuts work whose cost differs from place to place into pieces of about `PIECE` seconds, by how long the last took.

    Time is that of the calling thread's processor: what else runs on the machine makes pieces no smaller.
    """

    def __init__(self, most: int, *, least: int = 256) -> None:
        """`most`, `least`: items of a piece for each of torch's threads, which share it."""
        threads = torch.get_num_threads()
        self._least, self._most = least * threads, most * threads
        self.items = (self._least + self._most) // 2
        """Of the next piece."""

    def each(
        self,
        count: int,
        work: Callable[[slice], object],
        *,
        is_stale: Callable[[], bool] = never,
        device: torch.device | None = None,
    ) -> bool:
        """Work on `count` items; whether it came to an end before `is_stale` turned true. As `pieces_of` has it,
        another device than the processor takes them all at once.
        """
        if device is not None and device.type != "cpu":
            return each(pieces_of(count, count, device=device), work, is_stale=is_stale)
        begin = 0
        while begin < count:
            let_pass()
            if is_stale():
                return False
            rest = count - begin
            end = begin + -(-rest // -(-rest // self.items))
            start = time.thread_time()
            work(slice(begin, end))
            self._learn(end - begin, time.thread_time() - start)
            begin = end
        return True

    def _learn(self, items: int, seconds: float) -> None:
        # By no more than twice at once: a single piece may have been a lucky, or an unlucky one.
        wanted = min(max(items * PIECE / max(seconds, 1e-6), self.items / 2), 2.0 * self.items)
        self.items = int(min(max(wanted, self._least), self._most))
