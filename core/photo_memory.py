"""What the network made of photos, each by itself, kept until a photo, its outline or its camera is another.

A hand that drags a camera or brushes an outline changes one photo: the others need not be looked at again.
"""

import torch

from .model.keypoint_nerf import KeypointNeRF
from .model.views import PhotoMaps, SourceViews

_TOLD = ("camera_from_world", "intrinsics", "masks", "images")
"""All that the network is told of a photo, the quickest to differ first."""


class PhotoMemory:
    """Of one network, and of the photos that it was asked about last."""

    def __init__(self) -> None:
        self._known: tuple[SourceViews, PhotoMaps] | None = None

    def look(self, model: KeypointNeRF, source: SourceViews) -> PhotoMaps:
        """As `KeypointNeRF.look`; only photos that differ from those of the last time are looked at."""
        places = [self._place(source, view) for view in range(len(source.images))]
        new = [view for view, place in enumerate(places) if place is None]
        if self._known is None or len(new) == len(places):
            alone = model.look(source)
        else:
            alone = self._known[1]
            if new:
                after = len(alone.low)
                alone = alone.joined(model.look(source.picked(new)))
                places = [after + new.index(view) if place is None else place for view, place in enumerate(places)]
            alone = alone.picked([place for place in places if place is not None])
        self._known = source, alone
        return alone

    def _place(self, source: SourceViews, view: int) -> int | None:
        """Which photo of the last time this one is."""
        if self._known is None or self._known[0].images.device != source.images.device:
            return None
        known = self._known[0]
        for other in range(len(known.images)):
            if all(torch.equal(getattr(source, name)[view], getattr(known, name)[other]) for name in _TOLD):
                return other
        return None
