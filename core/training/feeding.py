"""The material of training steps, made ahead of them by helpers, and brought to where they are computed."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import groupby, islice

import torch
import torch.multiprocessing as mp

from .items import TrainingItem, draw_items
from .population import Population


def helpers(people: Population, device: torch.device, count: int) -> Executor:
    """Threads; beside a GPU processes: from the thread that feeds it, others would take the interpreter."""
    if device.type == "cpu" and not people.processes:
        return ThreadPoolExecutor(count)
    return ProcessPoolExecutor(count, mp.get_context("spawn"), initializer=_stand_back)


def _stand_back() -> None:
    """One core for each helper, and that after the thread whose steps they work ahead of."""
    torch.set_num_threads(1)
    if hasattr(os, "nice"):
        os.nice(5)


def drawn_ahead(
    pool: Executor,
    people: Population,
    numbers: Iterable[int],
    *,
    ahead: int,
    seed: int,
    patches: int,
    patch: int,
) -> Iterator[TrainingItem]:
    """The items of these numbers, in their order; helpers work on so many people at a time.

    What is of one person is drawn together, wherever in it a run begins.
    """
    together = (list(of_one) for _, of_one in groupby(numbers, lambda number: number // people.each))

    def ask(of_one: list[int]) -> Future[list[TrainingItem]]:
        drawn = [people.draw(seed=seed, step=number) for number in of_one]
        return pool.submit(draw_items, drawn[0][0], [rng for _, rng in drawn], patches=patches, patch=patch)

    waiting = deque(map(ask, islice(together, ahead)))
    while waiting:
        yield from waiting.popleft().result()
        waiting.extend(map(ask, islice(together, 1)))


def on_device(steps: Iterator[tuple[TrainingItem, ...]], device: torch.device) -> Iterator[tuple[TrainingItem, ...]]:
    """The same items on the device that computes; those of the next step arrive while a GPU works on this one."""
    if device.type == "cpu":
        yield from steps
        return
    arriving = torch.cuda.Stream(device)

    def fetched() -> tuple[TrainingItem, ...] | None:
        with torch.cuda.stream(arriving):
            items = next(steps, None)
            moved = None if items is None else tuple(item.to(device) for item in items)
        arriving.synchronize()
        return moved

    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(fetched)
        while (items := following.result()) is not None:
            following = thread.submit(fetched)
            yield items
            # Its memory is that of the items after the next: a step ends before they are asked for.
