"""Colours of photos as they are blended: without the background's share at outlines, and going on beyond them."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

SOLID = 0.5
"""Mask above which a pixel's own colour can be told from what is behind it."""
REACH, USUAL_SIZE = 4, 512
"""How far colours go on beyond the solid part, pixels of pictures of that side."""


def carried_on(images: Float[Tensor, "v 3 h w"], masks: Float[Tensor, "v 1 h w"]) -> Float[Tensor, "v 3 h w"]:
    """The colours of pictures that are multiplied by their masks, divided by them; beyond, the mean of those near by.

    An avatar's outline is as soft as its density makes it. Were the colours there darkened too, it would be twice as
    dark as the photo's, and fog that stands beyond it black.
    """
    solid = (masks > SOLID).to(images.dtype)
    own = (images / masks.clamp_min(SOLID)).clamp(0, 1) * solid
    # Means need no more pixels than that.
    finer = max(1, images.shape[-1] // USUAL_SIZE)
    near = F.avg_pool2d(torch.cat([own, solid], dim=1), finer)
    for side, edge in (((2 * REACH + 1, 1), (REACH, 0)), ((1, 2 * REACH + 1), (0, REACH))):
        near = F.avg_pool2d(near, side, stride=1, padding=edge)
    if finer > 1:
        near = F.interpolate(near, size=images.shape[-2:], mode="bilinear")
    total, share = near[:, :3], near[:, 3:]
    # One solid pixel is an 81st of the window, or a quarter of that: anything much less is rounding.
    around = total / share.clamp_min(1e-3)
    return torch.where(solid > 0, own, torch.where(share > 1e-3, around, images))
