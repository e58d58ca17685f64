"""Photos to picture, the whole way: open this first.

    photos -> detect -> Keypoints2D -> calibrate -> Calibration -> encode -> EncodedViews -> RenderRequest -> Frame

The first three arrows make a `Document` (`source.load_source`); this file is the last three. Each stage keeps its last
result and runs again only when its input is not the object it had.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from .camera import Camera
from .crops import crop_size, crop_views, same
from .document import Document, RenderMode
from .errors import UserError
from .explaining import DRAWN, explained
from .mesh import Mesh
from .meshing import mesh_of
from .mirroring import mirror_image, side_light, with_mirror_image
from .model.additions import fingerprint, with_additions
from .model.checkpoint import load_weights
from .model.keypoint_nerf import KeypointNeRF
from .model.precision import fast_arithmetic
from .model.views import EncodedViews, SourceViews
from .photo_memory import PhotoMemory
from .probe import NO_PROBE, Probe
from .refinement import Refinement
from .render.lattices import Focus, nowhere
from .render.renderer import Frame, Quality, Renderer, RenderRequest
from .render.soft_edges import softened
from .render.view_modes import ViewMode
from .subject import SubjectView, depth_range

log = logging.getLogger(__name__)

WEIGHTS = Path(__file__).parents[1] / "assets" / "weights" / "head.safetensors"
SMOOTH = 5
"""Samples of a pixel that make edges smooth."""
NO_ROOM = "The graphics card has no memory left: pictures are made without it from now on, and take longer."


def load_model(path: Path | str = WEIGHTS) -> KeypointNeRF:
    """The head model, on the GPU where there is one. Raises UserError where the weights are missing or others."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return load_weights(path).to(device).channels_last()


def refined_model(model: KeypointNeRF, refinement: Refinement | None) -> KeypointNeRF:
    """The network as it was refined on a person; as it is where it was not, or where another network was."""
    if refinement is None:
        return model
    if refinement.network != fingerprint(model):
        log.warning("The refinement was made with other weights and is not used; refine again to have it back.")
        return model
    return with_additions(model, {name: torch.from_numpy(added.copy()) for name, added in refinement.weights.items()})


def source_views(crops: list[SubjectView], document: Document, device: torch.device) -> SourceViews:
    """The crops as the network takes them."""

    def tensor(arrays: list[np.ndarray]) -> torch.Tensor:
        return torch.from_numpy(np.stack(arrays).astype(np.float32)).to(device)

    cameras, schema = [crop.camera for crop in crops], document.schema
    return SourceViews(
        images=tensor([crop.image.transpose(2, 0, 1) for crop in crops]),
        masks=tensor([crop.mask[None] for crop in crops]),
        intrinsics=tensor([camera.intrinsics for camera in cameras]),
        camera_from_world=tensor([camera.camera_from_world for camera in cameras]),
        near_far=tensor([np.array(depth_range(camera.camera_from_world, schema.volume)) for camera in cameras]),
        bounds=tensor([np.array(crop.bounds) for crop in crops]),
    )


def encode_document(
    model: KeypointNeRF, document: Document, memory: PhotoMemory | None = None, *, largest: int | None = None
) -> EncodedViews:
    """What the network knows of a document's photos; keypoints play no part in it.

    Photos that show half a head are followed by the mirror image of one of them (see `mirroring`). With a `memory` of
    the same network only photos that have changed are looked at. For `largest` see `crop_size`.
    """
    device = next(model.parameters()).device
    size, mirror = crop_size(document, model.config.image_size, largest), document.mirror
    source, memory = source_views(crop_views(document, size), document, device), memory or PhotoMemory()
    with torch.inference_mode(), fast_arithmetic(device):
        if mirror is None:
            return model.compare(source, memory.look(model, source))
        image = mirror_image(source, mirror, side_light(document, mirror))
        photos, reflection = memory.look(model, SourceViews.joined([source, image])).divided([len(source.images), 1])
        return with_mirror_image(model.compare(source, photos), image, reflection)


def render_request(
    document: Document,
    encoded: EncodedViews,
    camera: Camera,
    *,
    mode: ViewMode = "colour",
    quality: Quality = "interactive",
    samples_per_pixel: int = 1,
    crisp: bool = False,
) -> RenderRequest:
    """A picture of the avatar from a camera in the head frame."""
    assert document.calibration is not None, "encode_document has refused a document without cameras"
    keypoints = torch.from_numpy(document.calibration.keypoints.xyz.astype(np.float32)).to(encoded.low.device)
    schema = document.schema
    return RenderRequest(encoded, keypoints, schema.volume, schema.box, camera, mode, quality, samples_per_pixel, crisp)


class Avatar:
    """The network with its memory; what the window and the command line talk to.

    `encode` and `frames` may be called from different threads: one picture is rendered at a time.
    """

    def __init__(self, model: KeypointNeRF) -> None:
        self.model = model
        self.renderer = Renderer(model)
        self._other: tuple[float, Refinement | None, Renderer] | None = None
        self._rendering = threading.Lock()
        self._encoded: tuple[int | None, tuple[object, ...], EncodedViews] | None = None
        self._photos = PhotoMemory()
        self._shown: tuple[EncodedViews, EncodedViews] | None = None
        self._has_moved = self._has_told = False

    @staticmethod
    def load(path: Path | str = WEIGHTS) -> "Avatar":
        """With the bundled weights. Raises UserError where they are missing or of another shape."""
        return Avatar(load_model(path))

    def encode(self, document: Document, *, largest: int | None = None) -> EncodedViews:
        """Feature maps of the source photos, from memory where photos, masks and cameras are the same objects.

        `largest`: longest side of the pictures that will be drawn, pixels, where there is such a limit.
        """
        key, known = document.encoded_from, self._encoded
        if known is not None and known[0] == largest and same(known[1], key):
            return known[2]
        encoded = self._encode(document, largest)
        self._encoded = (largest, key, encoded)
        return encoded

    def _encode(self, document: Document, largest: int | None) -> EncodedViews:
        while True:
            try:
                return encode_document(self.model, document, self._photos, largest=largest)
            except torch.OutOfMemoryError:
                self._refuse_twice()
            with self._rendering:
                self._move_to_processor()

    def frames(
        self,
        encoded: EncodedViews,
        document: Document,
        camera: Camera,
        *,
        mode: RenderMode = "colour",
        quality: Quality = "interactive",
        size: tuple[int, int] | None = None,
        probe: Probe = NO_PROBE,
        samples_per_pixel: int = SMOOTH,
        polished: bool = False,
        focus: Focus = nowhere,
        is_stale: Callable[[], bool] = lambda: False,
        tell: Callable[[str], None] = log.warning,
    ) -> Iterator[Frame]:
        """Pictures that get better, until the finished one or until `is_stale`; `size` is (width, height).

        They get better first round `focus`, which is asked for a pixel (x, y) of the pictures again and again.
        `polished` is to be looked at, not compared: the avatar fades where its box cuts it, and beyond all photos, and
        its surfaces are crisper than the network has learnt them, but for the reference. Where a graphics card's memory
        runs out the processor goes on, which `tell` is told in a sentence, once.
        """
        if size is not None and size != (camera.width, camera.height):
            camera = camera.resized(*size)

        def drawn() -> Iterator[Frame]:
            here, renderer, shown = self._here(encoded, document), self._renderer_of(document), DRAWN.get(mode)
            request = render_request(
                document,
                here,
                camera,
                mode=shown or "depth",
                quality=quality,
                # What explains a picture asks about one surface point a pixel.
                samples_per_pixel=samples_per_pixel if shown else 1,
                crisp=polished,
            )
            frames = renderer.frames(request, is_stale, focus)
            if shown is not None:
                return softened(frames, request, is_stale) if polished else frames
            return explained(mode, renderer.model, here, document, camera, probe, frames, is_stale)

        with self._rendering:
            while True:
                self._tell(tell)
                try:
                    yield from drawn()
                    return
                except torch.OutOfMemoryError:
                    self._refuse_twice()
                self._move_to_processor()

    def picture(
        self,
        encoded: EncodedViews,
        document: Document,
        camera: Camera,
        *,
        mode: RenderMode = "colour",
        quality: Quality = "interactive",
        probe: Probe = NO_PROBE,
        samples_per_pixel: int = 1,
        polished: bool = False,
    ) -> Frame:
        """The finished picture."""
        frames = self.frames(
            encoded,
            document,
            camera,
            mode=mode,
            quality=quality,
            probe=probe,
            samples_per_pixel=samples_per_pixel,
            polished=polished,
        )
        return deque(frames, maxlen=1).pop()

    def mesh(
        self, encoded: EncodedViews, document: Document, *, is_stale: Callable[[], bool] = lambda: False
    ) -> Mesh | None:
        """The avatar's surface with its texture, in the head frame; None once `is_stale` says so.

        Raises UserError where nothing of the subject is left of the photos.
        """
        with self._rendering:
            while True:
                try:
                    here, camera = self._here(encoded, document), document.views[document.sources[0]].camera
                    assert camera is not None, "encode has refused a document without cameras"
                    request = render_request(document, here, camera)
                    grids = self._renderer_of(document).baked(request, is_stale)
                    if grids is None or grids.fine is None:
                        return None
                    return mesh_of(grids.field, grids.fine, request.window, is_stale=is_stale)
                except torch.OutOfMemoryError:
                    self._refuse_twice()
                self._move_to_processor()

    def _renderer_of(self, document: Document) -> Renderer:
        """Of the network as it was trained, or of one that was refined, or whose keypoints reach as far as wanted."""
        sigma, refinement = document.settings.sigma, document.refinement
        if sigma == document.schema.sigma and refinement is None:
            return self.renderer
        known = self._other
        if known is None or known[0] != sigma or known[1] is not refinement:
            known = sigma, refinement, Renderer(refined_model(self.model, refinement).reaching(sigma))
            self._other = known
        return known[2]

    def _here(self, encoded: EncodedViews, document: Document) -> EncodedViews:
        """Encoded views where the network is by now, with whose expression the document has chosen; the same object for
        the same views.
        """
        device = next(self.model.parameters()).device
        face = None if document.expression is None else document.sources.index(document.expression)
        if encoded.low.device == device and encoded.expression == face:
            return encoded
        known = self._shown
        if known is None or known[0] is not encoded or known[1].expression != face or known[1].low.device != device:
            known = self._shown = encoded, replace(encoded.to(device), expression=face)
        return known[1]

    def _refuse_twice(self) -> None:
        if self._has_moved:
            raise UserError("There is not enough memory for this picture.", "Close other programs, and try again.")

    def _move_to_processor(self) -> None:
        self._has_moved = True
        self._encoded = self._other = None
        self._photos = PhotoMemory()
        self.renderer = Renderer(self.model.to("cpu"))
        torch.cuda.empty_cache()

    def _tell(self, tell: Callable[[str], None]) -> None:
        if self._has_moved and not self._has_told:
            self._has_told = True
            tell(NO_ROOM)
