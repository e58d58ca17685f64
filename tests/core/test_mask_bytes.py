"""Masks as bytes in views, as numbers for everybody else."""

import gc
import threading
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.document import Document
from kpnerf.core.history import History
from kpnerf.core.mask_bytes import as_bytes, as_numbers, bytes_of
from kpnerf.core.mask_edits import paint_mask

from .staged import staged_document

EVERY_STEP = np.arange(256, dtype=np.float32)[None].repeat(4, axis=0) / np.float32(255)


def test_every_step_goes_there_and_back():
    """To the bit, in float32; what lies between steps goes to the nearer one, what lies outside to the end."""
    again = as_numbers(as_bytes(EVERY_STEP))

    np.testing.assert_array_equal(again, EVERY_STEP)
    assert again.dtype == np.float32 and not again.flags.writeable
    np.testing.assert_array_equal(as_bytes(np.array([[-1.0, 0.4 / 255, 0.6 / 255, 7.0]])), [[0, 0, 1, 255]])


def test_the_same_bytes_are_the_same_numbers_while_anybody_holds_them():
    """An encoder that keeps a mask recognises it in every later document that shares it, and in no other."""
    view = staged_document().views[0]
    held = view.mask

    assert replace(view, held_out=True).mask is held
    assert replace(view, mask=held).mask is held
    assert replace(view, mask=held.copy()).mask is not held
    assert bytes_of(replace(view, lock_pose=True), "mask") is bytes_of(view, "mask")
    with pytest.raises(ValueError, match="read-only"):
        held[0, 0] = 1


def test_numbers_that_nobody_holds_are_let_go():
    """Only bytes stay; the next to ask gets new numbers of the same values."""
    steps = as_bytes(EVERY_STEP)
    numbers = as_numbers(steps)
    expected = numbers.copy()
    tracemalloc.start()
    try:
        del numbers
        gc.collect()
        for _ in range(50):
            np.testing.assert_array_equal(as_numbers(steps), expected)
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert left < 50 * EVERY_STEP.nbytes / 4


def test_a_history_of_strokes_takes_a_byte_a_pixel():
    """Twelve strokes on a photo of a quarter of a megapixel: three megabytes instead of twelve."""
    view = staged_document().views[0]
    photo = replace(view.photo, rgb=np.zeros((500, 500, 3), np.uint8))
    history = History(Document(views=(replace(view, photo=photo, mask=np.zeros((500, 500), np.float32)),)))
    tracemalloc.start()
    try:
        for index in range(12):
            history.do("Paint", paint_mask(history.document, 0, [(40.0 * index, 250.0)], 20.0))
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 3e6 < taken < 4.5e6
    covered = [entry.document.views[0].mask.sum() for entry in history.entries]
    assert all(before < after for before, after in zip(covered, covered[1:], strict=False))


def test_threads_agree_on_the_numbers():
    """The render thread and the journal ask at the same time: nobody sees numbers of another mask."""
    masks = [as_bytes(np.full((40, 40), value / 255, np.float32)) for value in range(20)]
    wrong: list[int] = []

    def ask() -> None:
        for round_ in range(200):
            value = round_ % len(masks)
            numbers = as_numbers(masks[value])
            if as_numbers(masks[value]) is not numbers or round(float(numbers[3, 3]) * 255) != value:
                wrong.append(value)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
