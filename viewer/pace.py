"""How often the window is drawn.

Where there is no graphics card, every frame takes processor time away from the avatar; so frames come fast only
while a hand or a movement needs them.
"""

import time
from collections.abc import Callable

LIVELY_SECONDS = 0.7
"""How long after the last movement of the hand frames still come fast."""
LIVELY_FRAME, BUSY_FRAME, IDLE_FRAME = 1 / 60, 1 / 20, 1 / 15
LONGEST_REST = 0.12
LATEST_LIVELY = 0.033
"""From one lively frame to the next, where it can be had: a hand notices more than 50 ms."""
LEFT_OVER = 0.15
"""Of the time that lively frames take, so much is left to others."""
MOST_OWED = 0.1
"""Seconds of that which may be left later, once frames are quick again."""


class Pace:
    """Decides how long to rest after a frame."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._lively_until = clock() + LIVELY_SECONDS
        self._pointer: object = None
        self._owed = 0.0

    def note(self, *, pointer: object = None, jobs: int = 0, moving: bool = False) -> None:
        """Tell of signs of life: where the pointer is, how many callbacks came, whether anything moves or is held."""
        if jobs or moving or (pointer is not None and pointer != self._pointer):
            self._lively_until = self._clock() + LIVELY_SECONDS
        self._pointer = pointer if pointer is not None else self._pointer

    def rest(self, spent: float, *, busy: bool) -> float:
        """Seconds to rest after a frame that took `spent` seconds; as long as the frame itself, or longer.

        While the hand moves, less where the next frame would come late; what was too little is made up for later.

        `busy`: something is being drawn or done that the window only has to follow.
        """
        if self._clock() < self._lively_until:
            rest = max(min(max(LIVELY_FRAME - spent, spent), LATEST_LIVELY - spent), 0.001)
            # Never all of the processor: where others use it as well, what was asked for would not come at all.
            self._owed += LEFT_OVER * spent
            if self._owed - rest > MOST_OWED:
                rest = max(rest, LEFT_OVER * spent)
            self._owed = max(self._owed - rest, 0.0)
            return rest
        self._owed = 0.0
        if busy:
            frame, times = BUSY_FRAME, 2.0
        else:
            frame, times = IDLE_FRAME, 3.0
        return min(max(frame - spent, times * spent, 0.001), LONGEST_REST)
