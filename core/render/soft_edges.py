"""Soft edges: where the subject's box cuts the avatar, and where it goes on beyond all photos, it fades away."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from jaxtyping import Float

from ..camera import Camera
from .drawing import Frame, RenderRequest
from .field import camera_rows, in_parallel
from .lattices import BAND
from .pieces import each, never, pieces_of
from .pixel_kernels import fade


def softened(frames: Iterable[Frame], request: RenderRequest, is_stale: Callable[[], bool] = never) -> Iterator[Frame]:
    """The same pictures of a request with soft edges, in the same arrays; no more of them once `is_stale` says so, but
    the first in any case.

    Only what a picture shows becomes less, never its distances.
    """
    ray, photos = _rays(request.camera), np.ascontiguousarray(camera_rows(request.encoded).cpu().numpy())
    box = np.stack([request.window.lower, request.window.upper]).astype(np.float32)
    first, last = (0, 3) if request.mode == "alpha" else (3, 4)

    def soften(frame: Frame, is_stale: Callable[[], bool]) -> bool:
        def part(band: slice) -> None:
            def rows(begin: int, end: int) -> None:
                begin, end = band.start + begin, band.start + end
                fade(begin, end, ray, box, photos, frame.distance, first, last, frame.rgba)

            in_parallel(band.stop - band.start, rows, least=8)

        return each(pieces_of(len(frame.rgba), BAND), part, is_stale=is_stale)

    for index, frame in enumerate(frames):
        if not soften(frame, is_stale if index else never):
            return
        yield frame


def _rays(camera: Camera) -> Float[np.ndarray, "16"]:
    """Where a camera's pixels look: rotation, position, focal lengths and principal point."""
    pose = camera.world_from_camera
    lens = [camera.fx, camera.fy, camera.cx, camera.cy]
    return np.concatenate([pose[:3, :3].ravel(), pose[:3, 3], lens]).astype(np.float32)
