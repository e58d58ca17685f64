"""How loops are compiled for a processor: by numba, without the interpreter's lock, and kept from run to run."""

from collections.abc import Callable
from typing import Any

import numba
from numba.core.sigutils import normalize_signature

_loops: list[tuple[Any, str]] = []


def compiled(types: str = "") -> Callable[[Callable[..., Any]], Any]:
    """A loop that is compiled when it is first called, or by `compile_loops` for arguments of `types`.

    Sums may be reordered and divisions become multiplications, as in C for a compiler that is told to be fast; NaN and
    infinity stay what they are.
    """

    def loop(function: Callable[..., Any]) -> Any:
        fast = {"contract", "arcp", "nsz", "reassoc"}
        dispatcher = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=fast)(function)
        if types:
            _loops.append((dispatcher, types))
        return dispatcher

    return loop


def compile_loops() -> None:
    """Compile the loops of all modules that are loaded, where no earlier run has: seconds for each of them.

    For when a program is installed: of a first picture it would be half of the time.
    """
    for loop, types in _loops:
        arguments, _ = normalize_signature(types)  # by these it is found on disk, not by words
        loop.compile(arguments)
