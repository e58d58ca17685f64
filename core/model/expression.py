"""One expression for a face whose photos show several.

Blended, open eyes and closed ones make ghosts, and so do shoulders: whoever makes a face has moved, and may have
changed clothes. On the front of the face, that is where expressions are, and below the head one photo's shares count
many times what the network makes of them; where that photo hardly sees a place, its share is next to nothing and stays
so. Shapes are hardly any different, and remain as all photos have them.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

STRENGTH = 30.0
"""How many times as much the photo's shares count. Of people who hold still it costs .26 dB between the photos,
on the face alone."""
AROUND = (math.radians(45.0), math.radians(70.0))
"""How far round the head the face's front reaches, and where it has ended: outer corners of eyes lie at 39 degrees."""
ABOVE = (0.07, 0.11)
"""The same upwards from the origin of the head frame, metres; brows lie at 0.034."""
BELOW = (0.09, 0.13)
"""And downwards; chins lie at 0.092, of open mouths lower."""
NECK = (0.1, 0.14)
"""How far down heads reach, and where no part of one is any more."""


def led(points: Float[Tensor, "*b n 3"]) -> Float[Tensor, "*b n"]:
    """How far points of the head frame belong to the front of the face, or to what is below the head, from 0 to 1."""
    x, y, z = points.unbind(-1)
    turned = torch.atan2(x, -z).abs()
    front = _until(turned, *AROUND) * _until(-y, *ABOVE) * _until(y, *BELOW)
    return torch.maximum(front, 1 - _until(y, *NECK))


def worn(shares: Float[Tensor, "*b v n"], points: Float[Tensor, "*b n 3"], view: int) -> Float[Tensor, "*b v n"]:
    """Shares of photos in colours, of which those of one view count more on the front of the face and below the head.

    Their sum stays: what the network adds itself is neither more nor less.
    """
    more = 1 + (STRENGTH - 1) * led(points).to(shares.dtype)
    own = shares[..., view, :]
    total = shares.sum(dim=-2)
    less = total / (total + (more - 1) * own).clamp_min(1e-12)
    changed = shares * less.unsqueeze(-2)
    changed[..., view, :] = own * more * less
    return changed


def _until(values: Float[Tensor, "*n"], whole: float, nothing: float) -> Float[Tensor, "*n"]:
    """1 up to `whole`, 0 from `nothing` on, smoothly between."""
    share = ((nothing - values) / (nothing - whole)).clamp(0, 1)
    return share * share * (3 - 2 * share)
