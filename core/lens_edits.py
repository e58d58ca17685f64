"""Edits of what a lens does to straight lines: distortion taken out of a photo and of all that is known in it.

The rest of the program knows pinholes only. A view whose lens bends lines holds the straightened picture, mask and
points, and beside them everything as it was loaded: another coefficient starts from there, and none at all gives back
the very photo.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from .agreement import check_view, resolved, with_view
from .camera import Camera
from .document import Document, DocumentView
from .errors import UserError
from .interop.lens import Distortion, distorted_pixels, undistorted_image, undistorted_pixels
from .keypoints import Keypoints2D
from .photo import Photo

LEAST, MOST = -0.12, 0.25
"""Of the distortion; from -4/27 down, corners of the photo would lie nowhere in the straightened one."""


def set_distortion(document: Document, view: int, distortion: float) -> Document:
    """With another radial distortion taken out of a photo (Brown 1966, first coefficient, radius 1 at the corners).

    Photo and masks are resampled from what was loaded, points are carried along: bent as the old coefficient says
    and straightened as the new one does. What nobody has touched since comes back to the bit. The measure is the
    photo's own size, so that neither solving nor another focal length changes what is taken out.
    Raises UserError beyond `LEAST` and `MOST`.
    """
    before = check_view(document, view)
    if not LEAST <= distortion <= MOST:
        raise UserError(
            f"A lens does not distort by {100 * distortion:g} %.", f"Choose {100 * LEAST:g} to {100 * MOST:g} %."
        )
    if distortion == before.distortion:
        return document
    return resolved(with_view(document, view, _straightened(before, _as_loaded(before), float(distortion))))


def straight_photo(photo: Photo, distortion: float) -> Photo:
    """A photo as a pinhole would have taken it; black where the lens did not look."""
    return replace(photo, rgb=undistorted_image(photo.rgb, *_lens(photo, distortion)))


def _lens(photo: Photo, distortion: float) -> tuple[Camera, Distortion]:
    """The lens in a unit of its own: as long as the way from the photo's middle to its corners."""
    half_diagonal = 0.5 * float(np.hypot(photo.width, photo.height))
    middle = 0.5 * (photo.width - 1), 0.5 * (photo.height - 1)
    camera = Camera(half_diagonal, half_diagonal, *middle, photo.width, photo.height, np.eye(4))
    return camera, Distortion(k1=distortion)


def _straightened(view: DocumentView, loaded: DocumentView, distortion: float) -> DocumentView:
    """`view` with everything that is in pixels made anew from `loaded`."""
    if distortion == 0:
        photo, mask, repaired = loaded.photo, loaded.mask, loaded.detected_mask
        landmarks, detected, keypoints = loaded.landmarks_px, loaded.detected, loaded.keypoints
    else:
        lens = _lens(loaded.photo, distortion)
        photo = straight_photo(loaded.photo, distortion)
        mask = _straight_mask(loaded.mask, loaded.photo, distortion)
        repaired = loaded.detected_mask
        repaired = None if repaired is None else _straight_mask(repaired, loaded.photo, distortion)
        landmarks = None if loaded.landmarks_px is None else undistorted_pixels(loaded.landmarks_px, *lens)
        detected, keypoints = (
            _straight_points(each, loaded, distortion) for each in (loaded.detected, loaded.keypoints)
        )
    return replace(
        view,
        photo=photo,
        mask=mask,
        detected_mask=repaired,
        landmarks_px=landmarks,
        detected=detected,
        keypoints=keypoints,
        distortion=distortion,
        as_loaded=None if distortion == 0 else loaded,
    )


def _straight_mask(mask: Float[np.ndarray, "h w"], photo: Photo, distortion: float) -> Float[np.ndarray, "h w"]:
    """In steps of 1/255 like every mask."""
    straight = undistorted_image(np.round(mask * 255).astype(np.uint8), *_lens(photo, distortion))
    return straight.astype(np.float32) / np.float32(255)


def _straight_points(points: Keypoints2D, loaded: DocumentView, distortion: float) -> Keypoints2D:
    """Points of the photo as loaded, clamped to the straightened one."""
    width, height = loaded.size
    straight = undistorted_pixels(points.xy_px, *_lens(loaded.photo, distortion))
    return replace(points, xy_px=np.clip(straight, -0.5, [width - 0.5, height - 0.5]))


# --- and back ---------------------------------------------------------------------------------------------------


def _as_loaded(view: DocumentView) -> DocumentView:
    """A view's photo with masks and points as they are now, all of it with the distortion in it."""
    loaded = view.as_loaded
    if loaded is None:
        return DocumentView(
            photo=view.photo,
            mask=view.mask,
            landmarks_px=view.landmarks_px,
            detected=view.detected,
            keypoints=view.keypoints,
            detected_mask=view.detected_mask,
        )
    mask, detected_mask = _bent_masks(view, loaded)
    return replace(loaded, keypoints=_bent_points(view, loaded), mask=mask, detected_mask=detected_mask)


def _bent_points(view: DocumentView, loaded: DocumentView) -> Keypoints2D:
    """The points of a view; those that are where they were put by straightening come from what was loaded."""
    lens = _lens(loaded.photo, view.distortion)
    untouched = view.keypoints.xy_px == _straight_points(loaded.keypoints, loaded, view.distortion).xy_px
    bent = distorted_pixels(view.keypoints.xy_px, *lens)
    xy = np.where(untouched.all(axis=1, keepdims=True), loaded.keypoints.xy_px, bent)
    return replace(view.keypoints, xy_px=xy)


def _bent_masks(
    view: DocumentView, loaded: DocumentView
) -> tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"] | None]:
    """Mask and detected mask; only where a brush was since straightening, the mask is bent back."""
    import cv2

    detected = loaded.mask if loaded.detected_mask is None else loaded.detected_mask
    if view.detected_mask is None:
        return detected, None
    painted = (view.mask != _straight_mask(loaded.mask, loaded.photo, view.distortion)).astype(np.uint8)
    maps = _straight_maps(loaded.photo, view.distortion)
    there = cv2.remap(painted, *maps, cv2.INTER_NEAREST) > 0
    bent = cv2.remap(np.round(view.mask * 255).astype(np.uint8), *maps, cv2.INTER_LINEAR)
    return np.where(there, bent.astype(np.float32) / np.float32(255), loaded.mask), detected


def _straight_maps(photo: Photo, distortion: float) -> tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]]:
    """Where each pixel of the photo as loaded lies in the straightened one; by a table, because there are millions."""
    camera, _ = _lens(photo, distortion)
    straight = np.linspace(0.0, 1.3, 4096)  # the corners, at 1 as loaded, are at 1.22 at most
    bent = straight * (1 + distortion * straight**2)
    x = (np.arange(photo.width) - camera.cx)[None, :]
    y = (np.arange(photo.height) - camera.cy)[:, None]
    radius = np.maximum(np.hypot(x, y), 1e-9) / camera.fx
    longer = np.interp(radius, bent, straight) / radius
    return (x * longer + camera.cx).astype(np.float32), (y * longer + camera.cy).astype(np.float32)
