"""The half of a head that a single turned photo does not show: the mirror image of the other half stands in for it.

Of one photo the network knows no more than what it shows. Beyond the nose it would go on with the last pixels that it
sees, as stripes. A mirrored photo, taken by a mirrored camera, is one more view like any other, but for three things:
it has no say below the neck, since shoulders seldom turn with a head; its outline carves nothing, since a parting and
an ear are never quite as on the other side; and for the same reason neither corrects the other's depth.
"""

from dataclasses import replace

import torch

from .model.spatial import project
from .model.views import EncodedViews, PhotoMaps, SourceViews

LOWEST = 0.13
"""How far below the head's origin a mirrored photo has a say, metres: down to the foot of the neck."""


def with_mirror_images(source: SourceViews) -> SourceViews:
    """Photos and, after them, their mirror images as mirrored cameras take them; all in the head frame, whose plane
    x = 0 is the mirror.
    """
    last = source.images.shape[-1] - 1
    mirror = torch.diag(source.intrinsics.new_tensor([-1.0, 1.0, 1.0, 1.0]))
    intrinsics = source.intrinsics.clone()
    intrinsics[:, 0, 2] = last - intrinsics[:, 0, 2]
    # Mirrored once among the points, once in the picture: a rotation again.
    cameras = mirror @ source.camera_from_world @ mirror
    pixels, _ = project(intrinsics, cameras, intrinsics.new_tensor([[0.0, LOWEST, 0.0]]))
    left, top, right, bottom = source.bounds.unbind(-1)
    bottom = torch.minimum(bottom, pixels[:, 0, 1].maximum(top))
    mirrored = SourceViews(
        images=source.images.flip(-1),
        masks=source.masks.flip(-1),
        intrinsics=intrinsics,
        camera_from_world=cameras,
        near_far=source.near_far,
        bounds=torch.stack([last - right, top, last - left, bottom], dim=-1),
    )
    return SourceViews.joined([source, mirrored])


def seen_apart(source: SourceViews, alone: PhotoMaps) -> EncodedViews:
    """Photos and their mirror images as `KeypointNeRF.look` sees each: they correct nothing of one another, for no head
    is quite symmetrical, and outlines of mirror images, the second half of the views, leave everything standing.
    """
    masks = source.masks.clone()
    masks[len(masks) // 2 :] = 1.0
    return EncodedViews(*alone.maps, source=replace(source, masks=masks))
