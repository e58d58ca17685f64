"""The avatar against the photo that was taken from where it is looked at: wipe, flicker, difference, opacity.

No window needed.
"""

from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from ..core.comparison import SeenPhoto, seen_photo, view_at
from ..core.document import Document
from ..core.figures import Likeness, likeness
from .gestures import Button, DragEnded, Dragged, DragStarted, Gesture
from .render_lane import Rendered

ComparisonKind = Literal["wipe", "flicker", "difference", "opacity"]
COMPARISON_KINDS: tuple[ComparisonKind, ...] = get_args(ComparisonKind)
FLICKER_SECONDS = 0.5
"""How long each of the two pictures is shown."""
REACH = 10.0
"""How near, in screen pixels, the pointer has to come to the divider."""


class Comparing:
    """How the person compares, and what there is to compare with at the moment."""

    def __init__(self) -> None:
        self.kind: ComparisonKind | None = None
        """None: only the avatar is shown."""
        self.divider = 0.5
        """Share of the viewport's width left of the divider: there is the avatar, right of it the photo."""
        self.opacity = 0.5
        """Of the photo over the avatar."""
        self._seen: tuple[tuple[object, ...], SeenPhoto] | None = None
        self._likeness: tuple[Rendered, Likeness | None] | None = None

    def view_of(self, document: Document, shown: Rendered) -> int | None:
        """The photo that a picture can be compared with, or None."""
        return view_at(document, shown.job.camera)

    def photo(self, document: Document, shown: Rendered) -> SeenPhoto | None:
        """That photo for the very pixels of the picture."""
        view = self.view_of(document, shown)
        if view is None or document.calibration is None:
            return None
        known = document.views[view]
        parts = (known.photo.rgb, known.mask, known.camera, document.calibration.world_from_head, shown.job.camera)
        if self._seen is None or any(a is not b for a, b in zip(self._seen[0], parts, strict=True)):
            self._seen = parts, seen_photo(document, view, shown.job.camera)
        return self._seen[1]

    def likeness(self, document: Document, shown: Rendered | None) -> Likeness | None:
        """PSNR and SSIM of a finished picture in colour; None as long as there is none, or no photo."""
        if shown is None or shown.frame.progress < 1 or shown.job.mode != "colour":
            return None
        if self._likeness is None or self._likeness[0] is not shown:
            seen = self.photo(document, shown)
            found = None if seen is None else likeness(shown.frame.rgba, seen.truth, seen.mask)
            self._likeness = shown, found
        return self._likeness[1]

    def picture(self, document: Document, shown: Rendered, now: float) -> Float[np.ndarray, "h w 4"]:
        """What to show for a picture of the avatar: itself, or mixed with the photo."""
        seen = None if self.kind is None else self.photo(document, shown)
        if seen is None or self.kind is None:
            return shown.picture
        return mixed(
            self.kind,
            shown.picture,
            shown.frame.rgba,
            seen,
            divider=self.divider,
            opacity=self.opacity,
            photo_is_on=self.photo_is_on(now),
        )

    def photo_is_on(self, now: float) -> bool:
        """Flicker: whether it is the photo's turn at a time in seconds."""
        return int(now / FLICKER_SECONDS) % 2 == 1

    def state(self, now: float) -> tuple[object, ...]:
        """All that the look of a comparison depends on."""
        turn = self.photo_is_on(now) if self.kind == "flicker" else None
        return self.kind, self.divider, self.opacity, turn


class DividerGestures:
    """The divider of a wipe, dragged."""

    def __init__(self, comparing: Comparing, reach: float = REACH) -> None:
        self._comparing = comparing
        self._reach = reach
        self._dragging = False

    def handle(self, gesture: Gesture, width: float) -> bool:
        """Do what a gesture means in a viewport of this width, if it means the divider; whether it does."""
        if self._comparing.kind != "wipe":
            self._dragging = False
            return False
        match gesture:
            case DragStarted(Button.LEFT, origin):
                self._dragging = abs(origin.x - self._comparing.divider * width) <= self._reach
                return self._dragging
            case Dragged() if self._dragging:
                self._comparing.divider = float(np.clip(gesture.pointer.x / max(width, 1.0), 0.0, 1.0))
                return True
            case DragEnded() if self._dragging:
                self._dragging = False
                return True
        return False


def mixed(
    kind: ComparisonKind,
    picture: Float[np.ndarray, "h w 4"],
    rgba: Float[np.ndarray, "h w 4"],
    seen: SeenPhoto,
    *,
    divider: float = 0.5,
    opacity: float = 0.5,
    photo_is_on: bool = False,
) -> Float[np.ndarray, "h w 4"]:
    """An opaque picture of the avatar mixed with a photo; where the photo ends, the avatar stays.

    `picture` is the avatar before its backdrop, `rgba` the avatar alone. The difference is that of avatar and
    foreground, both over black, and nothing beyond the photo.
    """
    result = np.ones_like(picture)
    if kind == "difference":
        apart = np.abs(rgba[..., :3] * rgba[..., 3:] - seen.truth)
        result[..., :3] = apart * seen.covered[..., None]
        return result
    share = seen.covered[..., None].copy()
    if kind == "wipe":
        share[:, : round(divider * picture.shape[1])] = 0.0
    elif kind == "opacity":
        share *= opacity
    elif not photo_is_on:
        share[:] = 0.0
    result[..., :3] = picture[..., :3] + share * (seen.rgb - picture[..., :3])
    return result
