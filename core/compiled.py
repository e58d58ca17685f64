"""How loops are compiled for a processor: by numba, without the interpreter's lock, kept from run to run."""

from typing import Any

import numba

compiled: Any = numba.njit(nogil=True, fastmath={"contract", "arcp", "nsz", "reassoc"}, cache=True, error_model="numpy")
"""Sums may be reordered and divisions become multiplications, as a compiler for C does when told to be fast; NaN and
infinity stay what they are."""
