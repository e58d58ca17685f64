"""The first picture of every step of an orbit on a GPU: whole, and as one recorded sequence of kernels.

Between two steps of an orbit only the rays are others. So what makes a picture of them is recorded once, with rays
and pixels in places that stay (a CUDA graph), and then done again with one launch instead of some hundred.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ..camera import Camera
from ..geometry import Box
from .field import Field
from .grid import DensityGrid
from .lattices import Canvas
from .march import march
from .painting import CameraRays, paired
from .ray_kernels import MOST_SAMPLES

logger = logging.getLogger(__name__)

Record = Callable[[Callable[[], Tensor]], tuple[Callable[[], None], Tensor]]
"""Records work; what does it again, on what is in the same tensors by then, and the tensor that it writes each time."""


def record(work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
    """By a CUDA graph. Raises what torch raises where something cannot be recorded."""
    # Kernels are compiled, and tables laid out, before: a graph takes in nothing but launches.
    work()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        values = work()
    return graph.replay, values


def colours_of(
    field: Field, grid: DensityGrid, window: Box, origin: Float[Tensor, "3"], directions: Float[Tensor, "n 3"]
) -> Float[Tensor, "n 8"]:
    """Pixels of rays, with one answer of the network for each, whatever it meets; channels as in `Canvas`.

    Nothing here depends on a number that the device would have to tell first: every ray is asked about.
    """
    seen = march(field, grid, window, origin, directions)
    where, _ = paired(seen)
    middle = (seen.samples // 2).long()[:, None]
    mixtures = field.mixtures(origin + where.gather(1, middle) * directions, directions)
    points = origin + where[..., None] * directions[:, None]
    colours = field.blend(points, mixtures[:, None].expand(-1, MOST_SAMPLES, -1))
    counted = torch.arange(MOST_SAMPLES, device=origin.device) < seen.samples[:, None]
    mean = (colours * counted[..., None]).sum(dim=1) / seen.samples.clamp_min(1)[:, None]
    values = directions.new_zeros(len(directions), Canvas.CHANNELS)
    # Of a ray that sees nothing the network may have said anything.
    values[:, :3] = torch.where(seen.samples[:, None] > 0, mean * seen.alpha[:, None], 0)
    values[:, 3], values[:, 4] = seen.alpha, seen.distance
    return values


@dataclass(frozen=True, eq=False)
class _Recorded:
    """A recording with the tensors that it reads and writes."""

    origin: Float[Tensor, "3"]
    directions: Float[Tensor, "n 3"]
    values: Float[Tensor, "n 8"]
    replay: Callable[[], None]


class FirstPictures:
    """Records when a second picture of the same field is wanted in the same size, and replays from then on.

    Where recording or replaying fails, the log is told once, and pictures come as they do without.
    """

    def __init__(self, record: Record = record) -> None:
        self._record = record
        self._of: tuple[object, ...] = ()
        self._size = (0, 0)
        self._recorded: _Recorded | None = None
        self._works = True

    def forget(self) -> None:
        """Let go of what was recorded, and of the memory that it holds."""
        self._of, self._recorded = (), None

    def draw(self, field: Field, grid: DensityGrid, window: Box, camera: Camera) -> Float[Tensor, "h w 8"] | None:
        """The picture, in a tensor that the next one overwrites; None where it has to be made in another way."""
        if not self._works:
            return None
        of, size = (field, grid, window), (camera.height, camera.width)
        if len(self._of) != len(of) or any(a is not b for a, b in zip(self._of, of, strict=True)) or size != self._size:
            self._of, self._size, self._recorded = of, size, None
            return None
        rays = CameraRays(camera, grid.raw)
        try:
            if self._recorded is None:
                self._recorded = self._record_for(field, grid, window, rays)
            known = self._recorded
            known.origin.copy_(rays.origin)
            known.directions.copy_(rays.every().view(-1, 3))
            known.replay()
        except Exception:  # of CUDA or Triton, for many reasons; none of them has to stop anybody
            self._works = False
            self.forget()
            logger.warning("An orbit cannot be recorded on this graphics card: pictures take longer", exc_info=True)
            return None
        return known.values.view(*size, -1)

    def _record_for(self, field: Field, grid: DensityGrid, window: Box, rays: CameraRays) -> _Recorded:
        origin, directions = rays.origin.clone(), rays.every().reshape(-1, 3).clone()
        replay, values = self._record(lambda: colours_of(field, grid, window, origin, directions))
        return _Recorded(origin, directions, values, replay)
