"""Memory that was freed goes back to the system."""

import ctypes
import sys
import time

EVERY_SECONDS = 5.0


class Tidy:
    """Now and then gives back what the C library keeps of freed memory, where it keeps any (glibc).

    Arrays of a picture come and go between objects that stay, so that its heap frays: by some megabytes a minute
    while points are dragged, without end, though no more of it is in use. Giving back takes about two milliseconds.
    """

    def __init__(self, every: float = EVERY_SECONDS) -> None:
        """`every`: seconds from one time to the next."""
        self._every = every
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
        self._next = time.monotonic() + every

    def now_and_then(self) -> bool:
        """To be called often; whether something was done this time."""
        if self._trim is None or time.monotonic() < self._next:
            return False
        self._trim(0)
        self._next = time.monotonic() + self._every
        return True
