"""What was done to a document, in words that a shell takes: `kpnerf edit` performs them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Operation = tuple[str, ...]
"""Its name, as after the dashes of `kpnerf edit`, and what it is given, as it would be typed."""


@dataclass(frozen=True)
class Step:
    """One entry of a history, without its document."""

    label: str
    """In words for a menu: “Move nose tip”."""
    operations: tuple[Operation, ...] | None
    """What leads to it from the entry before; None where no shell could do it, as with a brush."""


def number_word(value: float) -> str:
    """A number as a word that reads back to the last bit, and that no shell takes for an option."""
    return np.format_float_positional(value, trim="-")


def opening(sources: Sequence[str | Path]) -> Step:
    """The first step of all: photos, or a capture folder, that were looked at and solved."""
    return Step("Open", (("open", *(str(Path(source).absolute()) for source in sources)),))


def steps_record(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """For a project file."""
    return [
        {
            "label": step.label,
            "operations": None if step.operations is None else [list(words) for words in step.operations],
        }
        for step in steps
    ]


def steps_from_record(records: Sequence[dict[str, Any]]) -> tuple[Step, ...]:
    """The inverse of `steps_record`."""
    return tuple(
        Step(
            record["label"],
            None if record["operations"] is None else tuple(tuple(map(str, words)) for words in record["operations"]),
        )
        for record in records
    )
