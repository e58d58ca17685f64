"""Work in pieces: all of it, once, and an end as soon as it is unwanted."""

import pytest
import torch

from kpnerf.core.render.pieces import each, pieces_of


@pytest.mark.parametrize(("count", "most", "step"), [(0, 8, 1), (1, 8, 1), (100, 8, 1), (5000, 512, 256), (3, 2, 256)])
def test_pieces_are_everything_once(count: int, most: int, step: int) -> None:
    """In order, none longer than allowed, each but the last a multiple of the step."""
    pieces = pieces_of(count, most, step=step)
    longest = max(most * torch.get_num_threads(), step)

    assert [index for piece in pieces for index in range(piece.start, piece.stop)] == list(range(count))
    assert all(piece.stop - piece.start <= longest for piece in pieces)
    assert all((piece.stop - piece.start) % step == 0 for piece in pieces[:-1])


def test_another_device_takes_all_at_once() -> None:
    """It has its own way to share work, and memory for it."""
    assert pieces_of(1000, 8, device=torch.device("meta")) == [slice(0, 1000)]


def test_nothing_is_begun_once_unwanted() -> None:
    """What was done before it turned stale stays done, nothing more is."""
    done: list[int] = []

    assert not each(range(10), done.append, is_stale=lambda: len(done) >= 4)
    assert done == [0, 1, 2, 3]
    assert each(range(3), done.append)
