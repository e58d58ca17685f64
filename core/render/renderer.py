"""From requests to pictures that get better: drawn on baked grids, or by the reference.

A picture of the interactive path asks the network about once a ray, for the colour of the surface that the grid shows.
All of it is done in pieces of a few milliseconds, and every one is a place to stop.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator

import torch

from ..model.keypoint_nerf import KeypointNeRF
from .drawing import (
    COARSE_LATTICE,
    PREVIEW,
    SHOW_EVERY,
    Drawing,
    Frame,
    Quality,
    RenderRequest,
    normals_from_distance,
    offsets,
    spacing_of,
    to_frame,
)
from .first_picture import FirstPictures
from .fused import FusedField
from .grids import BOX_MARGIN, Grids
from .lattices import LEAST_SIDE, SIDE, WIDE_SIDE, Canvas, Focus, nowhere
from .painting import CameraRays, Painting
from .pieces import never
from .reference import render_rays
from .sampling import meets, ray_box

__all__ = ["Frame", "Quality", "RenderRequest", "Renderer"]

STRIP = 4096
"""Rays of the reference between two looks at whether it is still wanted."""


class Renderer:
    """Renders requests; remembers the grids of the last edit. One thread at a time."""

    def __init__(self, model: KeypointNeRF) -> None:
        self.model = model.eval()
        self._known: Grids | None = None
        self._first = FirstPictures()
        self._halvings = 0
        """How often memory has run out, after which less is done at once."""

    @torch.inference_mode()
    def render(self, request: RenderRequest) -> Frame:
        """The finished picture."""
        # One at a time: all pictures of a large request together would take gigabytes.
        return deque(self.frames(request), maxlen=1).pop()

    def frames(
        self, request: RenderRequest, is_stale: Callable[[], bool] = never, focus: Focus = nowhere
    ) -> Iterator[Frame]:
        """Pictures from the first whole one to the finished one.

        Ends early once `is_stale` turns true, which is looked at every few milliseconds; but not before the first
        picture: a stream of requests that replace each other must still show something. The interactive path makes
        it better round `focus` first, which may move meanwhile. Where a GPU's memory runs out it begins again with
        less at once; raises torch.OutOfMemoryError where even that is too much.
        """
        with torch.inference_mode():
            if request.quality == "reference":
                yield from self._reference_frames(request, is_stale)
                return
            while True:
                side = self._side(request)
                try:
                    yield from self._interactive_frames(request, is_stale, focus, side)
                    return
                except torch.OutOfMemoryError:
                    if side <= LEAST_SIDE:
                        raise
                # Here, where the error holds on to nothing any more.
                self._halvings += 1
                self._known = None
                self._first.forget()
                torch.cuda.empty_cache()

    @torch.inference_mode()
    def baked(self, request: RenderRequest, is_stale: Callable[[], bool] = never) -> Grids | None:
        """The finest grids of a request, whatever its camera; None where they became unwanted."""
        grids = self._known = Grids.following(self._known, self.model, request)
        grids.finish(is_stale)
        return grids if grids.fine is not None else None

    def _side(self, request: RenderRequest) -> int:
        """Pixels along the side of a region: a GPU takes as much at once as its memory holds."""
        side = SIDE if request.encoded.low.device.type == "cpu" else WIDE_SIDE
        return max(side >> self._halvings, LEAST_SIDE)

    def _interactive_frames(
        self, request: RenderRequest, is_stale: Callable[[], bool], focus: Focus, side: int
    ) -> Iterator[Frame]:
        grids = self._known = Grids.following(self._known, self.model, request)
        what = request.camera, request.mode, request.window
        if grids.fine is None:
            grid, asked = grids.first_answer()
            grid = grids.shown(grid, crisp=request.crisp)
            preview = Drawing(request, Painting(grids.field, grid, *what), asked, is_stale, focus=focus, side=side)
            yield from preview.sketch()
            finest = max(2, spacing_of(request.camera, COARSE_LATTICE))  # the last level is the fine grid's in any case
            yield from preview.levels(finest, 0.0, PREVIEW)
            if is_stale():
                return
            asked = grids.finish(is_stale)
            if grids.fine is None:
                return
            # The fine grid takes over where the coarse one left off, never with a softer picture than that.
            grid = grids.shown(grids.fine, crisp=request.crisp)
            painting = Painting(grids.field, grid, *what, canvas=preview.painting.canvas)
            drawing = Drawing(request, painting, asked, is_stale, focus=focus, side=side, shown=preview.shown)
        else:
            grid = grids.shown(grids.fine, crisp=request.crisp)
            drawing = Drawing(request, Painting(grids.field, grid, *what), 0, is_stale, focus=focus, side=side)
            known = None
            if isinstance(grids.field, FusedField) and request.mode == "colour":
                known = self._first.draw(grids.field, grid, request.window, request.camera)
            yield from drawing.sketch(known)
        passes = offsets(request.samples_per_pixel)
        begin = drawing.progress
        whole = begin + (1 - begin) / (1 + len(passes))
        yield from drawing.levels(1, begin, whole)
        yield from drawing.further_samples(passes, whole)

    def _reference_frames(self, request: RenderRequest, is_stale: Callable[[], bool]) -> Iterator[Frame]:
        camera = request.camera
        like = request.encoded.low
        canvas = Canvas(camera.height, camera.width, like)
        rays = CameraRays(camera, like)
        origin, directions = rays.origin, rays.every().view(-1, 3)
        box = request.box.grown(BOX_MARGIN)
        lower, upper = (torch.as_tensor(corner).to(like) for corner in (box.lower, box.upper))
        values, samples = canvas.values.view(-1, Canvas.CHANNELS), 0
        rows_a_strip = max(1, STRIP // camera.width)
        shown = time.monotonic()
        for top in range(0, camera.height, rows_a_strip):
            pixels = torch.arange(
                top * camera.width, min(top + rows_a_strip, camera.height) * camera.width, device=like.device
            )
            near, far, _ = ray_box(origin, directions[pixels], lower, upper)
            hit = meets(origin, directions[pixels], request.window)
            pixels, near, far = pixels[hit], near[hit], far[hit]
            colours = render_rays(
                self.model, request.encoded, request.keypoints, origin, directions[pixels], near, far,
                is_stale=is_stale,
            )  # fmt: skip
            if is_stale():
                return
            values[pixels, :3], values[pixels, 3] = colours.rgb, colours.alpha
            values[pixels, 4] = torch.where(colours.alpha > 0, colours.distance, 0)
            samples += colours.samples
            done = min(1.0, (top + rows_a_strip) / camera.height)
            if done == 1.0 or time.monotonic() - shown > 4 * SHOW_EVERY:
                shown = time.monotonic()
                if request.mode == "normal":
                    normals_from_distance(canvas.values, origin, directions)
                frame = to_frame(request, canvas.values, done, samples)
                assert frame is not None
                yield frame
