"""A photo as another camera in the same place sees it, to be laid over the avatar pixel by pixel."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from .camera import Camera
from .document import Document
from .subject import cut_to_box

SAME_PLACE = 1e-4
"""Distance of two optical centres that count as one, metres."""


@dataclass(frozen=True, eq=False)
class SeenPhoto:
    """A photo resampled for a camera that stands where it was taken."""

    rgb: Float[np.ndarray, "h w 3"]
    """In [0, 1]; black where the photo ends."""
    covered: Float[np.ndarray, "h w"]
    """1 where the photo reaches."""
    mask: Float[np.ndarray, "h w"]
    """The subject's foreground, cut to the projection of its box."""

    @property
    def truth(self) -> Float[np.ndarray, "h w 3"]:
        """What the avatar alone should look like over black."""
        return self.rgb * self.mask[..., None]


def view_at(document: Document, camera: Camera) -> int | None:
    """The photo that was taken from where a camera (head frame) is and into the half-space it looks at, or None."""
    if document.calibration is None:
        return None
    for index, taken in enumerate(document.calibration.head_cameras):
        apart = float(np.linalg.norm(taken.position_in_world - camera.position_in_world))
        if apart < SAME_PLACE and taken.world_from_camera[:3, 2] @ camera.world_from_camera[:3, 2] > 0:
            return index
    return None


def seen_photo(document: Document, view: int, camera: Camera) -> SeenPhoto:
    """The photo of a view through `camera` (head frame), which has to stand where the photo was taken.

    Where two pinholes share their place, pixels go to pixels by the homography K' R' R^-1 K^-1 whatever the scene is:
    the photo fits exactly. Pixel centres are at whole numbers on both sides. A photo that shrinks is low-passed first.
    """
    assert document.calibration is not None, "a view without a camera cannot be looked through"
    taken, known = document.calibration.head_cameras[view], document.views[view]
    mask = cut_to_box(known.mask, taken, document.schema.box).astype(np.float32)
    picture = _stacked(known.photo.rgb, mask)
    resampled = _through(picture, taken, camera)
    return SeenPhoto(resampled[..., :3], resampled[..., 4], resampled[..., 3])


def _stacked(rgb: UInt8[np.ndarray, "h w 3"], mask: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w 5"]:
    colours = rgb.astype(np.float32) / 255
    return np.concatenate([colours, mask[..., None], np.ones_like(mask)[..., None]], axis=-1)


def _through(picture: Float[np.ndarray, "h w 5"], taken: Camera, camera: Camera) -> Float[np.ndarray, "h2 w2 5"]:
    import cv2

    rotation = taken.world_from_camera[:3, :3].T @ camera.world_from_camera[:3, :3]
    photo_from_camera = taken.intrinsics @ rotation @ np.linalg.inv(camera.intrinsics)
    photo_from_camera /= photo_from_camera[2, 2]
    if camera.width == taken.width and camera.height == taken.height and np.allclose(photo_from_camera, np.eye(3)):
        return picture
    scale = camera.fy / taken.fy
    if scale < 0.9:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.35 / scale)
    layers = [
        cv2.warpPerspective(
            np.ascontiguousarray(picture[..., part]),
            photo_from_camera,
            (camera.width, camera.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        for part in (slice(0, 3), slice(3, 4), slice(4, 5))
    ]
    return np.concatenate([layer.reshape(camera.height, camera.width, -1) for layer in layers], axis=-1)
