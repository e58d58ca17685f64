"""An engine whose pictures are known: a coloured blob where each keypoint is seen, coarse first, then exact."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kpnerf.core.camera import Camera
from kpnerf.core.document import Document
from kpnerf.core.geometry import project
from kpnerf.core.mesh import Mesh, normals_of
from kpnerf.core.probe import NO_PROBE, Probe

STRIDES = (8, 2, 1)


@dataclass(frozen=True, eq=False)
class BlobFrame:
    """A picture and how far it is."""

    rgba: np.ndarray
    progress: float


class BlobEngine:
    """Draws in an instant, or as slowly as a test wants; counts what it was asked for."""

    def __init__(self, *, seconds_per_frame: float = 0.0) -> None:
        self.seconds_per_frame = seconds_per_frame
        self.encoded: list[Document] = []
        self.drawn: list[Camera] = []
        self.broken_off = 0
        self.focus: Callable[[], tuple[float, float] | None] = lambda: None
        """As the last picture was told it."""
        self.polished = False
        """Whether the last picture was to be."""
        self.tell: Callable[[str], None] = print
        self.gate = threading.Event()
        """Cleared by a test that wants drawing to stand still after its first frame."""
        self.gate.set()

    def encode(self, document: Document) -> object:
        """Remembers who asked."""
        self.encoded.append(document)
        return object()

    def frames(
        self,
        encoded: object,
        document: Document,
        camera: Camera,
        *,
        mode: str,
        quality: str,
        size: tuple[int, int],
        probe: Probe = NO_PROBE,
        polished: bool = False,
        focus: Callable[[], tuple[float, float] | None] = lambda: None,
        is_stale: Callable[[], bool],
        tell: Callable[[str], None] = print,
    ) -> Iterator[BlobFrame]:
        """Three pictures, unless it gets stale."""
        self.drawn.append(camera)
        self.focus, self.tell, self.polished = focus, tell, polished
        for index, stride in enumerate(STRIDES):
            if is_stale():
                self.broken_off += 1
                return
            yield BlobFrame(blobs(document, camera, size, stride), (index + 1) / len(STRIDES))
            deadline = time.monotonic() + self.seconds_per_frame
            while (time.monotonic() < deadline or not self.gate.is_set()) and not is_stale():
                time.sleep(0.001)

    def mesh(self, encoded: object, document: Document, *, is_stale: Callable[[], bool]) -> Mesh | None:
        """A quad through four of the keypoints, once the gate is open, unless it gets stale."""
        while not self.gate.is_set():
            if is_stale():
                self.broken_off += 1
                return None
            time.sleep(0.001)
        assert document.calibration is not None
        corners, quads = document.calibration.keypoints.xyz[:4].astype(np.float32), np.arange(4)[None]
        whole = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], np.float32)
        white = np.full((1, 1, 3), 255, np.uint8)
        return Mesh(corners, normals_of(corners, quads), quads, white[0].repeat(4, axis=0), white, whole)


def blobs(document: Document, camera: Camera, size: tuple[int, int], stride: int = 1) -> np.ndarray:
    """The picture itself: the nearer to a keypoint, the more of its colour."""
    assert document.calibration is not None
    pixels, _ = project(camera, document.calibration.keypoints.xyz)
    width, height = size
    y, x = np.mgrid[0:height:stride, 0:width:stride].astype(np.float32)
    colours = np.linspace(0.2, 1.0, len(pixels))
    rgba = np.zeros((*x.shape, 4), np.float32)
    for index, (u, v) in enumerate(pixels):
        near = np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * (0.03 * height) ** 2))
        rgba[..., 3] = np.maximum(rgba[..., 3], near)
        rgba[..., index % 3] = np.maximum(rgba[..., index % 3], near * colours[index])
    return np.ascontiguousarray(rgba.repeat(stride, 0).repeat(stride, 1)[:height, :width])


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return holds()
