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


class Pace:
    """Decides how long to rest after a frame."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._lively_until = clock() + LIVELY_SECONDS
        self._pointer: object = None

    def note(self, *, pointer: object = None, jobs: int = 0, moving: bool = False) -> None:
        """Tell of signs of life: where the pointer is, how many callbacks came, whether anything moves or is held."""
        if jobs or moving or (pointer is not None and pointer != self._pointer):
            self._lively_until = self._clock() + LIVELY_SECONDS
        self._pointer = pointer if pointer is not None else self._pointer

    def rest(self, spent: float, *, busy: bool) -> float:
        """Seconds to rest after a frame that took `spent` seconds; as long as the frame itself, or longer.

        While the hand moves, less where the next frame would come late.

        `busy`: something is being drawn or done that the window only has to follow.
        """
        if self._clock() < self._lively_until:
            # Never all of the processor: where others use it as well, what was asked for would not come at all.
            return max(min(max(LIVELY_FRAME - spent, spent), LATEST_LIVELY - spent), 0.25 * spent, 0.001)
        if busy:
            frame, times = BUSY_FRAME, 2.0
        else:
            frame, times = IDLE_FRAME, 3.0
        return min(max(frame - spent, times * spent, 0.001), LONGEST_REST)
