"""The half of a head that photos do not show: the mirror image of the other half stands in for it.

Of what no photo shows the network knows nothing. Beyond the nose, or an ear, it would go on with the last pixels that
it sees, as stripes. A mirrored photo, taken by a mirrored camera, is one more view like any other, but for four things:
it has a say only on the half that is missing; none below the neck, since shoulders seldom turn with a head; its outline
carves nothing, since a parting and an ear are never quite as on the other side; and for the same reason it corrects no
photo's depth, and none corrects its.
"""

from dataclasses import replace

import numpy as np
import torch

from .model.spatial import project
from .model.views import EncodedViews, PhotoMaps, SourceViews
from .unseen_half import Mirror

LOWEST = 0.13
"""How far below the head's origin a mirrored photo has a say, metres: down to the foot of the neck."""
RADIUS = 0.09
"""Of a head, metres: how far round it something lies is told by where that is on such a ball."""


def mirror_image(source: SourceViews, mirror: Mirror) -> SourceViews:
    """A photo's mirror image as the mirrored camera takes it, in the head frame, whose plane x = 0 is the mirror."""
    photo = source.picked([mirror.source])
    last = photo.images.shape[-1] - 1
    flip = torch.diag(photo.intrinsics.new_tensor([-1.0, 1.0, 1.0, 1.0]))
    intrinsics = photo.intrinsics.clone()
    intrinsics[:, 0, 2] = last - intrinsics[:, 0, 2]
    # Mirrored once among the points, once in the picture: a rotation again.
    camera = flip @ photo.camera_from_world @ flip
    x, z = mirror.side * np.sin(mirror.begins), -np.cos(mirror.begins)
    marks = intrinsics.new_tensor([[0.0, LOWEST, 0.0], [RADIUS * x, 0.0, RADIUS * z]])
    pixels, _ = project(intrinsics, camera, marks)
    left, top, right, bottom = photo.bounds.unbind(-1)
    left, right, bottom = last - right, last - left, torch.minimum(bottom, pixels[:, 0, 1].maximum(top))
    begins = pixels[:, 1, 0].clamp(left, right)
    left, right = (begins, right) if mirror.side > 0 else (left, begins)
    return replace(
        photo,
        images=photo.images.flip(-1),
        masks=photo.masks.flip(-1),
        intrinsics=intrinsics,
        camera_from_world=camera,
        bounds=torch.stack([left, top, right, bottom], dim=-1),
    )


def with_mirror_image(encoded: EncodedViews, image: SourceViews, alone: PhotoMaps) -> EncodedViews:
    """Photos, and after them a mirror image as `KeypointNeRF.look` sees it; its outline leaves everything standing."""
    image = replace(image, masks=torch.ones_like(image.masks))
    return EncodedViews(*encoded.joined(alone).maps, source=SourceViews.joined([encoded.source, image]))
