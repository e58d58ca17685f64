"""Soft edges: where the subject's box cuts the avatar, and where it goes on beyond all photos, it fades away."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from jaxtyping import Float

from ..camera import Camera
from ..model.views import SourceViews
from .drawing import Frame, RenderRequest
from .field import in_parallel
from .lattices import BAND
from .pieces import each, never, pieces_of
from .pixel_kernels import fade


def softened(frames: Iterable[Frame], request: RenderRequest, is_stale: Callable[[], bool] = never) -> Iterator[Frame]:
    """The same pictures of a request with soft edges, in the same arrays; no more of them once `is_stale` says so, but
    the first in any case.

    Only what a picture shows becomes less, never its distances.
    """
    ray, box, photos = _rays(request.camera), np.stack([request.window.lower, request.window.upper]), None
    first, last = (0, 3) if request.mode == "alpha" else (3, 4)
    box = box.astype(np.float32)
    for index, frame in enumerate(frames):
        photos = _photos(request.encoded.source) if photos is None else photos
        shown, distance, known = frame.rgba, frame.distance, photos

        def work(
            band: slice, shown: np.ndarray = shown, distance: np.ndarray = distance, known: np.ndarray = known
        ) -> None:
            def rows(begin: int, end: int) -> None:
                fade(band.start + begin, band.start + end, ray, box, known, distance, first, last, shown)

            in_parallel(band.stop - band.start, rows, least=8)

        if not each(pieces_of(len(shown), BAND), work, is_stale=is_stale if index else never):
            return
        yield frame


def _rays(camera: Camera) -> Float[np.ndarray, "16"]:
    """Where a camera's pixels look: rotation, position, focal lengths and principal point."""
    pose = camera.world_from_camera
    lens = [camera.fx, camera.fy, camera.cx, camera.cy]
    return np.concatenate([pose[:3, :3].ravel(), pose[:3, 3], lens]).astype(np.float32)


def _photos(source: SourceViews) -> Float[np.ndarray, "v 20"]:
    """Poses, focal lengths, principal points, and what the photos cover."""
    poses = source.camera_from_world[:, :3, :4].flatten(1)
    k = source.intrinsics
    lens = [k[:, 0, 0], k[:, 1, 1], k[:, 0, 2], k[:, 1, 2]]
    columns = [poses.cpu().numpy(), *(value[:, None].cpu().numpy() for value in lens), source.bounds.cpu().numpy()]
    return np.ascontiguousarray(np.concatenate(columns, axis=1), dtype=np.float32)
