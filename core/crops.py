"""The source photos as pictures of the subject; what a hand has not changed is kept from the last time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from .camera import Camera
from .document import Document, DocumentView
from .errors import UserError
from .exposure import matching_gains
from .geometry import Box
from .subject import SubjectView, crop_subject, framed

MUCH_FINER = 1.5
"""By how much a photo has to show the subject finer for its pictures to be twice as large."""


def crop_size(document: Document, usual: int, largest: int | None = None) -> int:
    """Side of the pictures that colours are to be read from, pixels: `usual`, or twice that where a photo shows the
    subject much finer. What the network looks at stays as large as it is; eyelashes and stubble do not.

    `largest`: longest side of what will be drawn, where that is known. Of small pictures with a sample a pixel finer
    colours would make noise.
    """
    if document.calibration is None or (largest is not None and largest <= usual):
        return usual
    cameras, frame = document.calibration.head_cameras, document.schema.frame
    sides = [framed(document.views[index].photo.content, cameras[index], frame)[2] for index in document.sources]
    return 2 * usual if max(sides, default=0) > MUCH_FINER * usual else usual


def crop_views(document: Document, size: int) -> list[SubjectView]:
    """The source photos as pictures of the subject, alike in exposure. Raises UserError while there are no cameras.

    A photo whose outline, camera and exposure are those of the last time gives the same object as then.
    """
    global _last
    if document.calibration is None or not document.sources:
        raise UserError("The cameras are not known yet.", "Place keypoints in two photos and solve the cameras.")
    views = [document.views[index] for index in document.sources]
    cameras = [document.calibration.head_cameras[index] for index in document.sources]
    asked = [
        _Asked(view, camera, gain, document.schema.frame, size)
        for view, camera, gain in zip(views, cameras, _gains(views).astype(np.float32), strict=True)
    ]
    before = _last  # once: another thread may ask about another document meanwhile
    known = [next((crop for other, crop in before if each.is_like(other)), None) for each in asked]
    crops = [each.crop() if crop is None else crop for each, crop in zip(asked, known, strict=True)]
    _last = list(zip(asked, crops, strict=True))
    return crops


@dataclass(frozen=True, eq=False)
class _Asked:
    """All that a crop follows from."""

    view: DocumentView
    camera: Camera
    gain: Float[np.ndarray, "3"]
    frame: Box
    size: int

    def crop(self) -> SubjectView:
        photo = self.view.photo
        crop = crop_subject(photo.rgb, self.view.mask, self.camera, self.frame, self.size, photo.content)
        return replace(crop, image=(crop.image * self.gain).clip(0, 1))

    def is_like(self, other: "_Asked") -> bool:
        a, b = self.camera, other.camera
        return (
            same((self.view.photo, self.view.mask, self.frame), (other.view.photo, other.view.mask, other.frame))
            and (self.size, a.width, a.height) == (other.size, b.width, b.height)
            and np.array_equal(self.gain, other.gain)
            and np.array_equal(a.intrinsics, b.intrinsics)
            and np.array_equal(a.world_from_camera, b.world_from_camera)
        )


_last: list[tuple[_Asked, SubjectView]] = []
_known_gains: tuple[tuple[object, ...], np.ndarray] = (), np.ones((0, 3))


def _gains(views: list[DocumentView]) -> Float[np.ndarray, "v 3"]:
    """The last answer where photos and landmarks are the same: cameras and masks that a hand drags change nothing."""
    global _known_gains
    key = tuple(part for view in views for part in (view.photo, view.landmarks_px))
    known, gains = _known_gains
    if not same(known, key):
        gains = matching_gains([view.photo.rgb for view in views], [view.landmarks_px for view in views])
        _known_gains = key, gains
    return gains


def same(a: Sequence[object], b: Sequence[object]) -> bool:
    """Whether both hold the same objects."""
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
