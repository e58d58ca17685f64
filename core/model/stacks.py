"""Several subjects at once: a GPU wants few large steps, and subjects have unequal numbers of everything."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar, cast

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor

T = TypeVar("T")


def stacked(sets: Sequence[T]) -> T:
    """Dataclasses, tuples and tensors of the same shapes along a new first dimension; whatever else they hold is taken
    from the first."""
    first = sets[0]
    if isinstance(first, Tensor):
        return cast(T, first[None] if len(sets) == 1 else torch.stack(cast(Any, sets)))
    if isinstance(first, tuple):
        return cast(T, tuple(stacked(each) for each in zip(*cast(Any, sets), strict=True)))
    if not is_dataclass(first):
        return first
    values = {field.name: stacked([getattr(each, field.name) for each in sets]) for field in fields(first)}
    return cast(T, type(first)(**values))


@dataclass(frozen=True, eq=False)
class Chosen:
    """Some columns of every row of a table: as many as the longest choice has, the others filled with repetitions."""

    columns: Int[Tensor, "g n"]
    real: Bool[Tensor, "g n"]
    """Which are no repetitions."""
    entries: Int[Tensor, "m"]
    """Those that are none, counted through `columns`."""
    places: Int[Tensor, "m"]
    """The same, counted through the table."""

    @staticmethod
    def where(mask: Bool[Tensor, "g k"]) -> "Chosen":
        """The columns for which a mask holds, ascending."""
        row, column = mask.nonzero(as_tuple=True)
        counts = mask.sum(dim=1)
        most = int(counts.max())
        real = torch.arange(most, device=mask.device) < counts[:, None]
        columns = column.new_zeros(real.shape).masked_scatter(real, column)
        return Chosen(columns, real, real.flatten().nonzero()[:, 0], row * mask.shape[1] + column)

    def of(self, table: Shaped[Tensor, "g k *c"]) -> Shaped[Tensor, "g n *c"]:
        """Their values in a table."""
        index = self.columns.reshape(*self.columns.shape, *[1] * (table.ndim - 2))
        return table.take_along_dim(index, dim=1)

    def without_repetitions(self, values: Shaped[Tensor, "g n *c"]) -> Shaped[Tensor, "m *c"]:
        """What belongs to the real ones, row after row."""
        return values.flatten(0, 1).index_select(0, self.entries)
