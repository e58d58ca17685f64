"""The thread that draws what is on the screen: the newest request wins."""

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from ..core.camera import Camera
from ..core.document import Document, RenderMode, RenderQuality
from ..core.free_memory import Tidy
from ..core.probe import Probe
from ..core.processor import give_way
from .backdrop import Backdrop, composite_unless
from .engine import Artist, Frame, LoadEngine

logger = logging.getLogger(__name__)

Activity = Literal["loading", "encoding", "refining", "idle"]


@dataclass(frozen=True, eq=False)
class RenderJob:
    """Everything one picture depends on, captured when it was asked for."""

    document: Document
    camera: Camera
    """In the head frame, of the size of the picture."""
    mode: RenderMode
    quality: RenderQuality
    backdrop: Backdrop
    probe: Probe = Probe()
    polished: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.camera.width, self.camera.height


@dataclass(frozen=True, eq=False)
class Rendered:
    """A picture, as far as it has come."""

    generation: int
    job: RenderJob
    frame: Frame
    picture: Float[np.ndarray, "h w 4"]
    """The frame over its backdrop."""


@dataclass(frozen=True, eq=False)
class RenderFailed:
    """There will be no picture for this job."""

    generation: int
    job: RenderJob
    error: Exception


class RenderLane:
    """Draws on a thread of its own; a newer request replaces the one being drawn.

    Every request gets a number. The engine asks between tiles whether a newer one is waiting, and stops if so,
    but not before a request has shown its first, coarsest picture: a hand that never rests sees the avatar
    follow instead of nothing at all.
    """

    def __init__(self, load_engine: LoadEngine) -> None:
        self._artist = Artist(load_engine)
        self._wake = threading.Condition()
        self._waiting: tuple[int, RenderJob] | None = None
        self._generation = 0
        self._newest: Rendered | RenderFailed | None = None
        self._closing = False
        self.focus: tuple[float, float] | None = None
        """Where pictures get better first, as shares of their width and height; a picture being drawn follows it."""
        self._told: deque[str] = deque()
        self._activity: Activity = "idle"
        self.idle = threading.Event()
        """Set while nothing is being drawn: slow tasks wait for it between their steps."""
        self.idle.set()
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)
        self._thread.start()

    # --- called by the window

    @property
    def activity(self) -> Activity:
        """What the thread does now."""
        return self._activity

    @property
    def generation(self) -> int:
        """Number of the newest request."""
        return self._generation

    def prepare(self) -> None:
        """Bring the engine up on a further thread, beside looking at photos, whose picture will ask for it.

        Nobody waits for that; what goes wrong happens again with the first picture, and is told there.
        """
        threading.Thread(target=self._prepare, name="prepare", daemon=True).start()

    def submit(self, job: RenderJob) -> int:
        """Ask for a picture; whatever was asked before is dropped. Returns the number of the request."""
        with self._wake:
            self._generation += 1
            self._waiting = (self._generation, job)
            self.idle.clear()
            self._wake.notify()
            return self._generation

    def take(self) -> Rendered | RenderFailed | None:
        """The newest result nobody has taken yet, or None."""
        with self._wake:
            newest, self._newest = self._newest, None
            return newest

    def take_told(self) -> str | None:
        """What a person should know and has not been told yet, one sentence at a time."""
        return self._told.popleft() if self._told else None

    def stop(self) -> None:
        """Stop drawing at the next opportunity."""
        with self._wake:
            self._closing = True
            self._waiting = None
            self._wake.notify()

    def close(self, timeout: float = 2.0) -> bool:
        """Stop drawing; whether the thread ended in time (seconds)."""
        self.stop()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- the thread

    def _run(self) -> None:
        give_way()
        tidy = Tidy()
        while True:
            tidy.now_and_then()
            with self._wake:
                while self._waiting is None and not self._closing:
                    self._activity = "idle"
                    self.idle.set()
                    self._wake.wait()
                if self._closing:
                    self._activity = "idle"
                    self.idle.set()
                    return
                assert self._waiting is not None
                (generation, job), self._waiting = self._waiting, None
            try:
                self._draw(generation, job)
            except Exception as error:
                self._publish(RenderFailed(generation, job, error))

    def _prepare(self) -> None:
        give_way()
        try:
            self._artist.engine()
        except Exception:
            logger.info("The engine cannot be brought up yet", exc_info=True)

    def _draw(self, generation: int, job: RenderJob) -> None:
        self._activity = "loading"
        engine = self._artist.engine()
        self._activity = "encoding"
        encoded = self._artist.encoded(job.document)
        self._activity = "refining"
        shown = False

        def is_stale() -> bool:
            return self._closing or (shown and self._generation != generation)

        def focus() -> tuple[float, float] | None:
            at, (width, height) = self.focus, job.size
            return None if at is None else (at[0] * width - 0.5, at[1] * height - 0.5)

        for frame in engine.frames(
            encoded,
            job.document,
            job.camera,
            mode=job.mode,
            quality=job.quality,
            size=job.size,
            probe=job.probe,
            polished=job.polished,
            focus=focus,
            tell=self._told.append,
            is_stale=is_stale,
        ):
            picture = composite_unless(frame.rgba, job.backdrop, is_stale)
            if picture is None:
                return
            self._publish(Rendered(generation, job, frame, picture))
            shown = True
            if is_stale():
                return

    def _publish(self, result: Rendered | RenderFailed) -> None:
        with self._wake:
            self._newest = result
