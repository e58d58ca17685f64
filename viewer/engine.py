"""What the window needs from whatever draws the avatar."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float

from ..core.camera import Camera
from ..core.crops import same
from ..core.document import Document, RenderMode, RenderQuality
from ..core.mesh import Mesh
from ..core.probe import Probe


class Frame(Protocol):
    """One picture of the avatar, as far as it has come."""

    @property
    def rgba(self) -> Float[np.ndarray, "h w 4"]:
        """Straight alpha, 0 to 1, float32."""
        ...

    @property
    def progress(self) -> float:
        """0 to 1; 1 is as good as it gets."""
        ...


Focus = Callable[[], tuple[float, float] | None]
"""Where a picture should get better first, as a pixel (x, y) of it; asked again and again."""


class Engine(Protocol):
    """Draws avatars. One engine serves one thread."""

    @property
    def model(self) -> Any:
        """The network as it was trained: what refining starts from."""
        ...

    def encode(self, document: Document) -> object:
        """What the network knows of the photos; slow, and needed again only when photos or cameras change."""
        ...

    def frames(
        self,
        encoded: Any,
        document: Document,
        camera: Camera,
        *,
        mode: RenderMode,
        quality: RenderQuality,
        size: tuple[int, int],
        probe: Probe,
        polished: bool,
        focus: Focus = ...,
        is_stale: Callable[[], bool],
        tell: Callable[[str], None] = ...,
    ) -> Iterator[Frame]:
        """Ever better pictures of `size` (width, height); no more of them once `is_stale` says so.

        `probe` is what the modes that explain the avatar are asked about; for `polished` see `Avatar.frames`. `focus`
        orders the work and changes no finished picture. `tell` is told what a person should know, in a sentence.
        """
        ...

    def mesh(self, encoded: Any, document: Document, *, is_stale: Callable[[], bool]) -> Mesh | None:
        """The avatar's surface with its texture; None once `is_stale` says so. Raises UserError where there is none."""
        ...


LoadEngine = Callable[[], Engine]
"""Brings up an engine; slow, called by each thread that draws. Raises UserError where weights are missing."""


class Encodings:
    """The encodings of the last few documents, by the identity of what went into them.

    Dragging a keypoint changes neither photos, masks nor cameras, so its documents share one encoding; undoing a
    change of cameras finds the one before.
    """

    def __init__(self, capacity: int = 2) -> None:
        self._capacity = capacity
        self._entries: list[tuple[tuple[object, ...], object]] = []

    def find(self, document: Document) -> object | None:
        """The encoding of a document, or None."""
        key = document.encoded_from
        for entry in self._entries:
            if same(entry[0], key):
                self._entries = [entry, *(other for other in self._entries if other is not entry)]
                return entry[1]
        return None

    def keep(self, document: Document, encoded: object) -> None:
        """Remember an encoding, forgetting the one not used for longest."""
        self._entries = [(document.encoded_from, encoded), *self._entries][: self._capacity]


class Artist:
    """An engine that is brought up when it is first needed, and its memory; belongs to one thread, but for `engine`."""

    def __init__(self, load_engine: LoadEngine) -> None:
        self._load_engine = load_engine
        self._engine: Engine | None = None
        self._loading = threading.Lock()
        self._encodings = Encodings()

    def engine(self) -> Engine:
        """The engine; raises what bringing it up raised, and tries again the next time."""
        with self._loading:
            if self._engine is None:
                self._engine = self._load_engine()
            return self._engine

    def encoded(self, document: Document) -> object:
        """The encoding of a document, made only when none of the last few fits."""
        found = self._encodings.find(document)
        if found is None:
            found = self.engine().encode(document)
            self._encodings.keep(document, found)
        return found
