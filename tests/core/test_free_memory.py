"""Freed memory goes back to the system."""

import ctypes
import sys

import pytest

from kpnerf.core.free_memory import Tidy

BLOCK, KEPT, BLOCKS = 60_000, 5_000, 1500


def resident() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(
    sys.platform != "linux", reason="only the C library of Linux keeps freed memory that can be asked for"
)
def test_what_lies_between_kept_objects_is_given_back() -> None:
    """Ninety megabytes freed between small blocks that stay, which the heap cannot give back from its end."""
    libc, tidy = ctypes.CDLL(None), Tidy(every=0.0)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    blocks = [(libc.malloc(BLOCK), libc.malloc(KEPT)) for _ in range(BLOCKS)]
    for large, _ in blocks:
        ctypes.memset(large, 1, BLOCK)
        libc.free(large)
    before = resident()
    try:
        assert tidy.now_and_then()
        assert before - resident() > 0.7 * BLOCK * BLOCKS
    finally:
        for _, small in blocks:
            libc.free(small)


def test_it_is_done_now_and_then() -> None:
    """However often it is asked for."""
    assert not any(Tidy().now_and_then() for _ in range(3))
