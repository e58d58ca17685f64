"""The density grids of some photos and keypoints: coarse for the first answer, fine for the picture that stays."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..geometry import Box
from ..model.keypoint_nerf import KeypointNeRF
from .drawing import RenderRequest
from .field import Field
from .grid import DensityGrid, Lattice, adjust, bake, hull_of, refine

COARSE_NODES, FINE_NODES = 64, 144
"""Nodes along the longest side of the volume: first answer to an edit, and what it is refined to."""
STEEPNESS, TURN = 2.0, 30.0
"""Of crisp surfaces: what differences of raw density are multiplied by, and the density per metre that stays."""
BOX_MARGIN = 0.01
"""How far beyond the subject's volume rays are followed, metres (method: "Per ray")."""


@dataclass(eq=False)
class Grids:
    """What is known of the field of some photos and keypoints, coarse and fine."""

    field: Field
    box: Box
    lattice: Lattice
    hull: Bool[Tensor, "1 1 z y x"]
    coarse: DensityGrid | None = None
    fine: DensityGrid | None = None
    before: tuple[DensityGrid, Float[Tensor, "k 3"]] | None = None
    """The coarse grid of the last keypoints that had one, and those keypoints."""

    _crisp: tuple[tuple[DensityGrid, DensityGrid], ...] = ()

    @staticmethod
    def following(known: "Grids | None", model: KeypointNeRF, request: RenderRequest) -> "Grids":
        """`known` where it is of this request; otherwise new ones, with what they can take from `known`."""
        encoded, keypoints, box = request.encoded, request.keypoints, request.box
        if known is not None and (known.field.encoded is not encoded or known.box is not box):
            known = None
        if known is not None and torch.equal(known.field.keypoints, keypoints):
            return known
        field = Field.of(model, encoded, keypoints)
        if known is not None:
            before = known.before if known.coarse is None else (known.coarse, known.field.keypoints)
            return Grids(field, box, known.lattice, known.hull, before=before)
        lattice = Lattice.over(box.grown(BOX_MARGIN), COARSE_NODES, encoded.low)
        return Grids(field, box, lattice, hull_of(field, lattice))

    def first_answer(self) -> tuple[DensityGrid, int]:
        """A grid that is there soon, and how many samples that took; after an edit not an exact one."""
        if self.coarse is not None:
            return self.coarse, 0
        if self.before is not None:
            grid = adjust(self.field, *self.before)
            # The next edit of the same drag goes on from here.
            self.before = grid, self.field.keypoints
            return grid, grid.samples
        self.coarse = bake(self.field, self.lattice, self.hull)
        assert self.coarse is not None
        return self.coarse, self.coarse.samples

    def shown(self, grid: DensityGrid, *, crisp: bool) -> DensityGrid:
        """One of these grids as a picture reads it; of the same grid always the same object.

        Where photos leave depth open the network hedges, and is right to: fog is the mean of what may be there. To the
        eye a surface in the middle of it is more like a person, though farther from the truth (synthetic people, 18
        degrees between the photos, 23 and 55 beyond them: -0.4, -0.4, -0.5 dB; SSIM -.001, +.004, +.012).
        """
        if not crisp:
            return grid
        for known, steep in self._crisp:
            if known is grid:
                return steep
        steep = grid.steeper(STEEPNESS, self.field.model.raw_of(TURN))
        self._crisp = ((grid, steep), *self._crisp[:1])
        return steep

    def finish(self, is_stale: Callable[[], bool]) -> int:
        """Bake what is missing, exactly; how many samples that took. Unwanted meanwhile, it stays missing."""
        asked = 0
        if self.coarse is None:
            self.coarse = bake(self.field, self.lattice, self.hull, is_stale=is_stale)
            asked += self.coarse.samples if self.coarse else 0
        if self.coarse is not None and self.fine is None:
            lattice = Lattice.over(self.box.grown(BOX_MARGIN), FINE_NODES, self.field.encoded.low)
            self.fine = refine(self.field, lattice, self.coarse, is_stale=is_stale)
            asked += self.fine.samples if self.fine else 0
        return asked
