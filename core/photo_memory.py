"""What the network made of photos, each by itself, kept until a photo, its outline or its camera is another.

A hand that drags a camera or brushes an outline changes one photo: the others need not be looked at again.
"""

import torch

from .model.keypoint_nerf import KeypointNeRF
from .model.views import LoneViews, SourceViews

_TOLD = ("camera_from_world", "intrinsics", "masks", "images")
"""All that the network is told of a photo, the quickest to differ first."""


class PhotoMemory:
    """Of one network, and of the photos that it was asked about last."""

    def __init__(self) -> None:
        self._known: tuple[SourceViews, LoneViews] | None = None

    def look(self, model: KeypointNeRF, source: SourceViews) -> LoneViews:
        """As `KeypointNeRF.look`; only photos that differ from those of the last time are looked at."""
        views = range(len(source.images))
        kept = {view: part for view in views if (part := self._recalled(source, view)) is not None}
        new = [view for view in views if view not in kept]
        if new:
            fresh = model.look(source.picked(new) if kept else source)
            kept |= {view: fresh.one(index) for index, view in enumerate(new)}
        alone = fresh if len(new) == len(views) else LoneViews.joined([kept[view] for view in views])
        self._known = source, alone
        return alone

    def _recalled(self, source: SourceViews, view: int) -> LoneViews | None:
        if self._known is None or self._known[0].images.device != source.images.device:
            return None
        known, alone = self._known
        for other in range(len(known.images)):
            if all(torch.equal(getattr(source, name)[view], getattr(known, name)[other]) for name in _TOLD):
                return alone.one(other)
        return None
