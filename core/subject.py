"""A photo seen as a picture of the subject: the square crop that the network is given."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from .borders import Content, known_part
from .camera import Camera
from .geometry import Box, project, transform

MARGIN = 1.04
"""How much larger the crop is than the projection of what it frames."""
DEPTH_MARGIN = 0.3
"""By what share of its extent the subject's depth range is widened at either end, for pooling."""


@dataclass(frozen=True, eq=False)
class SubjectView:
    """One photo, cropped to the subject; black outside the mask."""

    image: Float[np.ndarray, "s s 3"]
    """RGB in [0, 1]."""
    mask: Float[np.ndarray, "s s"]
    camera: Camera
    """Of the crop, in the head frame."""
    bounds: tuple[float, float, float, float]
    """Pixel centres x0, y0, x1, y1 of the part of the crop that the photo tells anything about (see `known_part`)."""


def depth_range(camera_from_world: Float[np.ndarray, "4 4"], box: Box) -> tuple[float, float]:
    """Nearest and farthest depth of the box in a camera, metres, widened so that no part of it counts as border."""
    depth = transform(camera_from_world, box.corners)[:, 2]
    margin = DEPTH_MARGIN * (depth.max() - depth.min())
    return max(float(depth.min() - margin), 1e-3), float(depth.max() + margin)


def box_silhouette(camera: Camera, box: Box) -> Float[np.ndarray, "n 2"]:
    """The convex outline of the box in a picture, pixels; empty where the camera is inside or behind it."""
    import cv2

    pixels, depth = project(camera, box.corners)
    if (depth < 0.05).any():
        return np.zeros((0, 2))
    return cv2.convexHull(pixels.astype(np.float32))[:, 0].astype(np.float64)


def cut_to_box(mask: Float[np.ndarray, "h w"], camera: Camera, box: Box) -> Float[np.ndarray, "h w"]:
    """The mask without what lies outside the projection of the box (shoulders, other people)."""
    import cv2

    outline = box_silhouette(camera, box)
    if len(outline) == 0:
        return mask
    inside = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(inside, np.round(outline * 16).astype(np.int32), 1, shift=4)
    return mask * inside


def framed(content: Content, camera: Camera, frame: Box) -> tuple[int, int, int]:
    """Which square of a photo shows `frame`, as far as its content does: left, top, side.

    A photo that shows nothing of the frame, as that of a camera dragged astray, is taken whole.
    """
    first, last = np.array(content[:2], float), np.array(content[2:]) - 1.0
    outline = np.clip(box_silhouette(camera, frame), first, last)
    if len(outline) == 0 or (np.ptp(outline, axis=0) == 0).any():
        outline = np.stack([first, last])
    low, high = outline.min(axis=0), outline.max(axis=0)
    side = max(16, int(np.ceil(MARGIN * (high - low).max())))
    left, top = (int(c) for c in np.round(0.5 * (low + high) - 0.5 * (side - 1)))
    return left, top, side


def crop_subject(
    rgb: UInt8[np.ndarray, "h w 3"],
    mask: Float[np.ndarray, "h w"],
    camera: Camera,
    frame: Box,
    size: int,
    content: Content | None = None,
) -> SubjectView:
    """The square part of a photo that shows `frame`, as far as it does, resampled to `size` pixels.

    `camera` is the photo's, in the head frame. Where the crop leaves the photo, or its content where that is less, it
    is black and outside `bounds`.
    """
    first_x, first_y, end_x, end_y = content = content or (0, 0, mask.shape[1], mask.shape[0])
    x0, y0, side = framed(content, camera, frame)
    scale = size / side
    left, top = int(np.clip(x0, first_x, end_x - 1)), int(np.clip(y0, first_y, end_y - 1))
    right, bottom = int(np.clip(x0 + side, left + 1, end_x)), int(np.clip(y0 + side, top + 1, end_y))
    window = np.zeros((bottom - top, right - left, 4), np.float32)
    window[..., 3] = mask[top:bottom, left:right]
    window[..., :3] = rgb[top:bottom, left:right].astype(np.float32) / 255 * window[..., 3:]
    cropped = camera.cropped(x0, y0, side, side).resized(size, size)

    def in_crop(edge: float, start: int) -> float:
        return float(np.clip((edge - start + 0.5) * scale - 0.5, 0, size - 1))

    known = known_part(mask, content)
    bounds = in_crop(known[0], x0), in_crop(known[1], y0), in_crop(known[2], x0), in_crop(known[3], y0)
    square = _place(window, left - x0, top - y0, scale, size)
    return SubjectView(square[..., :3].copy(), square[..., 3].copy(), cropped, bounds)


def _place(window: np.ndarray, left: int, top: int, scale: float, size: int) -> np.ndarray:
    """Resample a window into its place in the square: low-passed where it shrinks, then sampled exactly, since the
    window's corner need not fall on a pixel of the square.
    """
    import cv2

    smooth = cv2.GaussianBlur(window, (0, 0), 0.35 / scale) if scale < 0.9 else window
    matrix = np.array([[scale, 0, (left + 0.5) * scale - 0.5], [0, scale, (top + 0.5) * scale - 0.5]])
    return cv2.warpAffine(smooth, matrix, (size, size), flags=cv2.INTER_LINEAR)
