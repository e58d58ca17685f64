"""Work in pieces: all of it, once, and an end as soon as it is unwanted."""

import numpy as np
import pytest
import torch

from kpnerf.core.render.pieces import Paced, each, look, pieces_of


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


def test_the_window_goes_first_between_any_two_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """However work is cut; and in the middle of a piece that looks."""
    halts: list[None] = []
    monkeypatch.setattr("kpnerf.core.render.pieces.let_pass", lambda: halts.append(None))

    each(range(5), lambda piece: look(lambda: False))
    assert len(halts) == 10

    halts.clear()
    pieces: list[slice] = []
    Paced(10, least=10).each(1000, pieces.append)
    assert len(halts) == len(pieces) > 1


def test_an_end_in_the_middle_of_a_piece() -> None:
    """A part of a piece that finds itself unwanted ends all of it, and nothing else is taken for that."""
    done: list[int] = []

    def work(piece: int) -> None:
        done.append(piece)
        look(lambda: piece == 2)

    assert not each(range(10), work)
    assert done == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        each([0], lambda piece: 1 / piece)


def test_pieces_become_as_long_as_they_should(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an item costs, and wherever that changes; all of it once, within the bounds, a stop between any two."""
    now, cost, threads = [0.0], [1e-4], torch.get_num_threads()
    monkeypatch.setattr("kpnerf.core.render.pieces.time.thread_time", lambda: now[0])
    paced, pieces = Paced(1000, least=10), []

    def work(piece: slice) -> None:
        pieces.append(piece)
        now[0] += cost[0] * (piece.stop - piece.start)

    for cost[0], expected in ((1e-4, 40), (1e-5 / threads, 400 * threads), (1e-9, 1000 * threads), (1.0, 10 * threads)):
        pieces.clear()
        assert paced.each(20_000 * threads, work)
        sizes = [piece.stop - piece.start for piece in pieces]

        assert [i for piece in pieces for i in range(piece.start, piece.stop)] == list(range(20_000 * threads))
        assert 0.8 * expected <= np.median(sizes[8:]) <= 1.2 * max(expected, 10 * threads)
        assert all(size <= 1000 * threads for size in sizes)
        assert not paced.each(100, work, is_stale=lambda: True)
    assert paced.each(0, work)


def test_another_device_is_paced_by_nothing() -> None:
    """All items in one piece, as with pieces of a fixed length."""
    pieces: list[slice] = []

    assert Paced(8).each(1000, pieces.append, device=torch.device("meta"))
    assert pieces == [slice(0, 1000)]
