"""What a window under load is measured by: its memory, and frames that came late."""

import time

MOST_GROWTH = 50.0
"""By which memory may grow between the first minute and the end, megabytes."""


class Figures:
    """Follows the states of one window after another."""

    def __init__(self, minutes: float) -> None:
        self._began = time.monotonic()
        self._settled = min(60.0, 60 * minutes / 3)
        """Seconds until everything that is needed has been brought up."""
        self._first: float | None = None
        self._last = 0.0
        self._attended = self._late = 0
        self._longest = 0.0
        self._now: list[float] = [0, 0, 0.0]

    def note(self, state: dict) -> None:
        """What a window is like now."""
        self._last, self._now = state["memory"], state["attended"]
        if self._first is None and time.monotonic() - self._began >= self._settled:
            self._first = self._last

    def end_of_window(self) -> None:
        """Another window begins to count at nothing."""
        attended, late, longest = self._now
        self._attended, self._late = self._attended + int(attended), self._late + int(late)
        self._longest, self._now = max(self._longest, longest), [0, 0, 0.0]

    @property
    def growth(self) -> float:
        """Of memory, megabytes."""
        return 0.0 if self._first is None else self._last - self._first

    def __str__(self) -> str:
        share = 100 * self._late / max(self._attended, 1)
        first = self._last if self._first is None else self._first
        return (
            f"memory {first:.0f} MB after {self._settled:.0f} s, {self._last:.0f} MB at the end; "
            f"{self._attended} frames with a hand at work, {self._late} of them ({share:.1f} %) later than 50 ms, "
            f"the longest after {1000 * self._longest:.0f} ms"
        )
