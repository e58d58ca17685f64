"""Questions to the network in tiles that fit the memory of a graphics card."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..model.keypoint_nerf import KeypointNeRF
from ..model.views import EncodedViews
from .field import Field
from .pieces import look, never

LEAST = 1024
"""Rows of a tile below which its size cannot be what is wrong."""
PLAIN_TILE = 1 << 15
"""Points that go through torch's layers at once: about a gigabyte of intermediate values for eight photos."""


def in_tiles(count: int, rows: int, work: Callable[[int, int], None], *, is_stale: Callable[[], bool] = never) -> int:
    """Do `work(begin, end)` for `count` rows, `rows` at a time.

    Where memory runs out the tile is done again in halves, and so are those that follow: gives the rows that went
    through. Raises torch.OutOfMemoryError where even `LEAST` rows do not, Unwanted between two tiles once `is_stale`
    is true.
    """
    begin = 0
    while begin < count:
        look(is_stale)
        end = min(begin + rows, count)
        try:
            work(begin, end)
        except torch.OutOfMemoryError:
            if rows <= LEAST:
                raise
            rows = max(LEAST, rows // 2)
            # What is cached may be whole tiles of the size that did not fit.
            torch.cuda.empty_cache()
            continue
        begin = end
    return rows


class TiledField(Field):
    """The plain field on another device than the processor, asked as much at once as its memory holds."""

    def __init__(
        self,
        model: KeypointNeRF,
        encoded: EncodedViews,
        keypoints: Float[Tensor, "k 3"],
        *,
        tile: int = PLAIN_TILE,
    ) -> None:
        super().__init__(model, encoded, keypoints)
        self.tile = tile
        """Points at once; less after memory has run out."""

    def in_hull(self, points: Float[Tensor, "n 3"]) -> Bool[Tensor, "n"]:
        """See Field."""
        hull = points.new_empty(len(points), dtype=torch.bool)
        return self._filled(hull, lambda rows: Field.in_hull(self, points[rows]))

    def raw_density(self, points: Float[Tensor, "n 3"], *, is_stale: Callable[[], bool] = never) -> Float[Tensor, "n"]:
        """See Field."""
        raw = points.new_empty(len(points))
        return self._filled(raw, lambda rows: Field.raw_density(self, points[rows]), is_stale)

    def mixtures(
        self,
        points: Float[Tensor, "n 3"],
        directions: Float[Tensor, "n 3"],
        *,
        is_stale: Callable[[], bool] = never,
    ) -> Float[Tensor, "n m"]:
        """See Field."""
        mixtures = points.new_empty(len(points), self.views + 3)
        return self._filled(mixtures, lambda rows: Field.mixtures(self, points[rows], directions[rows]), is_stale)

    def blend(self, points: Float[Tensor, "n s 3"], mixtures: Float[Tensor, "n s m"]) -> Float[Tensor, "n s 3"]:
        """See Field."""
        return self._filled(torch.empty_like(points), lambda rows: Field.blend(self, points[rows], mixtures[rows]))

    def _filled(self, answers: Tensor, ask: Callable[[slice], Tensor], is_stale: Callable[[], bool] = never) -> Tensor:
        def work(begin: int, end: int) -> None:
            answers[begin:end] = ask(slice(begin, end))

        self.tile = in_tiles(len(answers), self.tile, work, is_stale=is_stale)
        return answers
