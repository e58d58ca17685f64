"""The half of a head that photos do not show: the mirror image of the other half stands in for it.

Of what no photo shows the network knows nothing. Beyond the nose, or an ear, it would go on with the last pixels that
it sees, as stripes. A mirrored photo, taken by a mirrored camera, is one more view like any other, but for five things:
it has a say only on the half that is missing; none below the neck, since shoulders seldom turn with a head; its outline
carves nothing, since a parting and an ear are never quite as on the other side; for the same reason it corrects no
photo's depth, and none corrects its; and since light came to it from the wrong side, it is made as bright as what the
photo does show of the missing half.
"""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from .canonical import LANDMARKS, canonical_face
from .document import Document
from .exposure import gain_between, skin_colours
from .model.spatial import project
from .model.views import EncodedViews, PhotoMaps, SourceViews
from .unseen_half import Mirror

LOWEST = 0.13
"""How far below the head's origin a mirrored photo has a say, metres: down to the foot of the neck."""
RADIUS = 0.09
"""Of a head, metres: how far round it something lies is told by where that is on such a ball."""
MIDDLE, WELL_SEEN = 0.005, 0.35
"""How far from the middle of the face landmarks of a side lie, metres; cosine between where skin faces and the camera
from which its colour can be told, at least."""


def side_light(document: Document, mirror: Mirror) -> Float[np.ndarray, "3"]:
    """What to multiply red, green and blue of the half of a face that is mirrored by for the light on the other half.

    By pairs of landmarks, one of which lies on that other half where the photo still shows it well.
    """
    global _last_colours
    index = document.sources[mirror.source]
    assert document.calibration is not None, "there is no mirror without cameras"
    view, face = document.views[index], canonical_face()
    towards = document.calibration.head_cameras[index].position_in_world - face.points
    cosine = np.sum(face.normals * towards, axis=1) / np.linalg.norm(towards, axis=1)
    told = np.flatnonzero((face.points[:, 0] * mirror.side > MIDDLE) & (cosine > WELL_SEEN))
    photo, landmarks, colours = _last_colours
    if photo is not view.photo or landmarks is not view.landmarks_px:
        colours = skin_colours(view.photo.rgb, view.landmarks_px, LANDMARKS)
        _last_colours = view.photo, view.landmarks_px, colours
    return gain_between(colours, np.stack([told, face.mirror[told]], axis=1))


_last_colours: tuple[object, object, Float[np.ndarray, "478 3"]] = None, None, np.full((LANDMARKS, 3), np.nan)
"""Of a photo with its landmarks: a camera that is dragged changes nothing about them."""


def mirror_image(source: SourceViews, mirror: Mirror, gain: Float[np.ndarray, "3"]) -> SourceViews:
    """A photo's mirror image as the mirrored camera takes it, in the head frame, whose plane x = 0 is the mirror; its
    colours multiplied by a `gain`.
    """
    photo = source.picked([mirror.source])
    last = photo.images.shape[-1] - 1
    flip = torch.diag(photo.intrinsics.new_tensor([-1.0, 1.0, 1.0, 1.0]))
    intrinsics = photo.intrinsics.clone()
    intrinsics[:, 0, 2] = last - intrinsics[:, 0, 2]
    # Mirrored once among the points, once in the picture: a rotation again.
    camera = flip @ photo.camera_from_world @ flip
    x, z = mirror.side * np.sin(mirror.begins), -np.cos(mirror.begins)
    left, top, right, bottom = photo.bounds.unbind(-1)
    ends = float(_height_of_row(photo, bottom, -RADIUS * mirror.side))
    marks = intrinsics.new_tensor([[0, LOWEST, 0], [-RADIUS * mirror.side, ends, 0], [RADIUS * x, 0, RADIUS * z]])
    pixels, _ = project(intrinsics, camera, marks)
    lowest = pixels[:, :2, 1].amin(dim=1)
    left, right, bottom = last - right, last - left, torch.minimum(bottom, lowest.maximum(top))
    begins = pixels[:, 2, 0].clamp(left, right)
    left, right = (begins, right) if mirror.side > 0 else (left, begins)
    return replace(
        photo,
        images=(photo.images.flip(-1) * photo.images.new_tensor(gain)[:, None, None]).clamp(0, 1),
        masks=photo.masks.flip(-1),
        intrinsics=intrinsics,
        camera_from_world=camera,
        bounds=torch.stack([left, top, right, bottom], dim=-1),
    )


def _height_of_row(photo: SourceViews, row: Float[torch.Tensor, "1"], x: float) -> Float[torch.Tensor, "1"]:
    """The y, metres in the head frame, at which one photo has its `row` above and below the point (x, 0, 0).

    Where its shown part ends on the shown side: were it to end lower in the mirror image, that would be alone there,
    and knows nothing of that side's neck.
    """
    pose, k = photo.camera_from_world, photo.intrinsics
    slope = (row - k[:, 1, 2]) / k[:, 1, 1]
    _, across, along = (pose[:, :3, 0] * x + pose[:, :3, 3]).unbind(-1)
    # A camera that lies on its side has its rows beside the head: then this is a number, no more.
    return (slope * along - across) / (pose[:, 1, 1] - slope * pose[:, 2, 1]).clamp_min(0.2)


def with_mirror_image(encoded: EncodedViews, image: SourceViews, alone: PhotoMaps) -> EncodedViews:
    """Photos, and after them a mirror image as `KeypointNeRF.look` sees it; its outline leaves everything standing."""
    image = replace(image, masks=torch.ones_like(image.masks))
    return EncodedViews(*encoded.joined(alone).maps, source=SourceViews.joined([encoded.source, image]))
