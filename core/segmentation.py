"""Foreground masks: a coarse person probability round the head, drawn to the edges of the picture."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from .mediapipe_models import person_probability
from .photo import square_crop

_CROP_FACES, _CROP_DOWN = 3.1, 0.3
"""Side of the segmented square and its shift downwards, in face sizes: head, hair and shoulders. Between 2.5 and 5
faces, 3 lies closest to the true outline of rendered people."""
_CROP_PIXELS = 640
_RADIUS, _EDGE = 0.07, 3e-3
"""Guided filter: window in face sizes, and the colour variance (0..1 squared) that counts as an edge."""
_CONTRAST = 4.0
"""The filter leaves the outline soft over its window; this steepens it again round one half."""
_WISPS = 0.1
"""How far hair that hardly shows may stand out, face sizes; haze farther away is background."""
_WHOLE_PIXELS = 1024


Face = tuple[float, float, float]
"""Middle and size of a face: x, y, size in pixels."""
_DIVIDE = 0.1
"""Width of the ramp between two people, in sizes of their faces."""


def person_mask(
    rgb: UInt8[np.ndarray, "h w 3"], face: Face | None = None, others: Sequence[Face] = ()
) -> Float[np.ndarray, "h w"]:
    """Foreground, 0 to 1, float32: the person whose face is given, without those whose faces `others` are.

    Round the face the network sees a square of the head's own size, elsewhere the whole picture. Specks and people that
    do not touch this one are dropped. Without a face everything that looks like a person stays.

    The square stays within the photo. Continued beyond it, a neck that the edge cuts grows shoulders out of the
    background: of faces cropped at the chin the network then takes whole walls for somebody's clothes.
    """
    import cv2

    height, width = rgb.shape[:2]
    shrink = min(1.0, _WHOLE_PIXELS / max(height, width))
    small_size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    small = cv2.resize(rgb, small_size, interpolation=cv2.INTER_AREA)
    radius = max(1, round(0.01 * max(small_size)))
    coarse = _refined(small, person_probability(small), radius)
    mask = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    if face is None:
        return mask
    x, y, size = face
    side = min(_CROP_FACES * size, float(max(width, height)))
    middle = _within(x, side, width), _within(y + _CROP_DOWN * size, side, height)
    pixels = int(np.clip(round(side), 64, _CROP_PIXELS))
    crop, crop_from_photo = square_crop(rgb, middle, side, pixels)
    fine = _refined(crop, person_probability(crop), max(1, round(_RADIUS * pixels * size / side)))
    back = {"flags": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, "borderMode": cv2.BORDER_REPLICATE}
    fine = cv2.warpAffine(fine, crop_from_photo, (width, height), **back)
    across, down = (_ramp(at, side, extent) for at, extent in zip(middle, (width, height), strict=True))
    share = np.minimum(down[:, None], across)
    mask = mask * (1 - share) + fine * share
    for other in others:
        mask = mask * _nearer(mask.shape, face, other)
    return _connected_to(mask, (x, y), size)


def _nearer(shape: tuple[int, ...], face: Face, other: Face) -> Float[np.ndarray, "h w"]:
    """1 where a pixel is nearer to a face than to another, each by its own size; 0 beyond, with a short ramp between.

    What divides people who stand close together is not seen: no network that is small enough tells them apart.
    """
    rows, columns = np.arange(shape[0], dtype=np.float32)[:, None], np.arange(shape[1], dtype=np.float32)
    own, foreign = (np.hypot(columns - x, rows - y) / size for x, y, size in (face, other))
    return np.clip(0.5 + (foreign - own) / _DIVIDE, 0, 1)


def guided_filter(
    guide: Float[np.ndarray, "h w 3"], mask: Float[np.ndarray, "h w"], *, radius: int, edge: float
) -> Float[np.ndarray, "h w"]:
    """`mask` as a locally linear function of the colours of `guide` (He, Sun and Tang 2013, eq. 14 to 16).

    `radius` is the half width of the window in pixels; colour variance well above `edge` is followed, below it
    the mask is smoothed.
    """
    import cv2

    size = (2 * radius + 1, 2 * radius + 1)

    def mean(image: np.ndarray) -> np.ndarray:
        return cv2.blur(image, size, borderType=cv2.BORDER_REFLECT)

    guide, mask = guide.astype(np.float32), mask.astype(np.float32)
    mean_guide, mean_mask = mean(guide), mean(mask)
    covariance = mean(guide * mask[..., None]) - mean_guide * mean_mask[..., None]
    r, g, b = (guide[..., channel] for channel in range(3))
    mr, mg, mb = (mean_guide[..., channel] for channel in range(3))
    rr, gg, bb = mean(r * r) - mr * mr + edge, mean(g * g) - mg * mg + edge, mean(b * b) - mb * mb + edge
    rg, rb, gb = mean(r * g) - mr * mg, mean(r * b) - mr * mb, mean(g * b) - mg * mb
    # Inverse of the symmetric 3 x 3 colour covariance of every window, by cofactors.
    c_rr, c_gg, c_bb = gg * bb - gb * gb, rr * bb - rb * rb, rr * gg - rg * rg
    c_rg, c_rb, c_gb = rb * gb - rg * bb, rg * gb - rb * gg, rg * rb - rr * gb
    determinant = np.maximum(rr * c_rr + rg * c_rg + rb * c_rb, 1e-12)
    x, y, z = (covariance[..., channel] for channel in range(3))
    slope = np.stack(
        [c_rr * x + c_rg * y + c_rb * z, c_rg * x + c_gg * y + c_gb * z, c_rb * x + c_gb * y + c_bb * z], axis=-1
    )
    slope /= determinant[..., None]
    offset = mean_mask - np.sum(slope * mean_guide, axis=-1)
    return np.sum(mean(slope) * guide, axis=-1) + mean(offset)


def _refined(rgb: UInt8[np.ndarray, "h w 3"], coarse: Float[np.ndarray, "h w"], radius: int) -> np.ndarray:
    """A coarse mask drawn to the edges of its picture, 0 to 1."""
    soft = guided_filter(rgb.astype(np.float32) / 255.0, coarse, radius=radius, edge=_EDGE)
    return np.clip((soft - 0.5) * _CONTRAST + 0.5, 0.0, 1.0).astype(np.float32)


def _within(middle: float, side: float, extent: int) -> float:
    """The middle of a stretch of `side` pixels, moved so that it lies within `extent` pixels, or round their middle."""
    half = 0.5 * (side - 1)
    return float(np.clip(middle, half, extent - 1 - half)) if side < extent else 0.5 * (extent - 1)


def _ramp(middle: float, side: float, extent: int) -> Float[np.ndarray, "{extent}"]:
    """To blend a crop into a picture of `extent` pixels: one in the middle of its stretch of `side` pixels, falling to
    zero over the outer tenths, but for an end at the picture's own border, beyond which is nothing to blend with.
    """
    at = np.arange(extent, dtype=np.float32)
    first, last = middle - 0.5 * (side - 1), middle + 0.5 * (side - 1)
    share = np.ones(extent, np.float32)
    if first > 0.5:
        share = np.minimum(share, (at - first + 0.5) / (0.1 * side))
    if last < extent - 1.5:
        share = np.minimum(share, (last - at + 0.5) / (0.1 * side))
    return np.clip(share, 0, 1)


def _connected_to(mask: Float[np.ndarray, "h w"], middle: tuple[float, float], size: float) -> np.ndarray:
    """The mask without the pieces that do not touch the face, and without haze far from the piece that does."""
    import cv2

    height, width = mask.shape
    _, labels = cv2.connectedComponents((mask > 0.25).astype(np.uint8), connectivity=4)
    half = max(1, round(0.25 * size))
    x, y = round(middle[0]), round(middle[1])
    window = labels[max(0, y - half) : min(height, y + half + 1), max(0, x - half) : min(width, x + half + 1)]
    counts = np.bincount(window[window > 0].ravel()) if np.any(window > 0) else np.zeros(0, int)
    if not counts.size:
        return mask.astype(np.float32)
    person = labels == counts.argmax()
    near = cv2.distanceTransform((~person).astype(np.uint8), cv2.DIST_L2, 3) < _WISPS * size
    return np.where(person | ((labels == 0) & near), mask, 0.0).astype(np.float32)
