"""How the numerical libraries use a processor that others use too."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

BEHIND = 10
"""By how much threads that compute are less urgent than the window’s: steps of `nice`."""

LONGEST_HALT = 0.05
"""Seconds after which computing goes on in any case: drawing may have to wait for something itself."""
_is_clear = threading.Event()
_is_clear.set()


def share_processor() -> None:
    """Keep numerical libraries from spinning while they wait: window and network share what may be two cores.

    With all threads spinning the first picture took ten times as long, and solving cameras twice. The libraries read
    this when they are first imported, so that it comes before everything else.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def give_way() -> None:
    """Have this thread, and all that it starts, compute when the window need not be drawn.

    On Linux, where a thread has a priority of its own; with as many computing threads as cores a frame would else
    wait for its turn like one of them.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + BEHIND)  # 0: this thread


@contextmanager
def right_of_way() -> Iterator[None]:
    """Let threads that compute halt meanwhile: for drawing that the processor does itself.

    It is done by as many threads as there are cores, and late as soon as one of them is.
    """
    _is_clear.clear()
    try:
        yield
    finally:
        _is_clear.set()


def let_pass() -> None:
    """Called between pieces of a computation: wait while somebody has the right of way."""
    if not _is_clear.is_set():
        _is_clear.wait(LONGEST_HALT)
