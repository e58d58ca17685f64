"""Whether what a widget shows is still what there is to show."""


class Changes:
    """Remembers what was shown last; values are compared by identity first, so that documents cost nothing."""

    def __init__(self) -> None:
        self._shown: tuple[object, ...] | None = None

    def seen(self, *values: object) -> bool:
        """Whether these very values were shown already; from now on they are."""
        before, self._shown = self._shown, values
        return before is not None and same(before, values)

    def forget(self) -> None:
        """Show everything anew."""
        self._shown = None


def same(before: tuple[object, ...], now: tuple[object, ...]) -> bool:
    """Whether two rows of values are the same, each by identity or, failing that, by equality."""
    return len(before) == len(now) and all(a is b or a == b for a, b in zip(before, now, strict=True))
