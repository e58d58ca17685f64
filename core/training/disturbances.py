"""The errors that real photos bring: exposure, masks, cut heads, detections, cameras. Numpy, one function each."""

import cv2
import numpy as np
from jaxtyping import Float

# What the detector says, measured against the mapped vertices of synthetic people, millimetres in the head frame:
# mean offset and standard deviation per person, in the order x, y, z.
_DETECTOR = {
    33: ((-0.4, -0.1, 2.0), (1.8, 0.9, 2.6)),
    133: ((-0.5, -0.3, -0.3), (1.0, 0.9, 2.0)),
    362: ((0.5, -0.3, -0.3), (1.0, 0.9, 2.0)),
    263: ((-0.3, -0.8, 0.9), (1.3, 0.8, 1.6)),
    1: ((0.0, 0.9, -2.0), (0.6, 1.8, 3.2)),
    168: ((0.0, 0.5, -3.9), (0.5, 1.7, 3.0)),
    61: ((-0.5, -0.4, 0.7), (1.3, 0.6, 1.0)),
    291: ((-0.6, -0.9, 0.7), (1.2, 0.7, 1.8)),
    234: ((-1.2, -4.4, -2.7), (1.5, 5.5, 5.5)),
    454: ((1.2, -4.4, -2.7), (1.5, 5.5, 5.5)),
    10: ((0.0, 4.2, -2.5), (0.8, 2.9, 2.1)),
    152: ((0.0, 0.1, -0.1), (1.1, 1.7, 2.9)),
    13: ((0.0, 0.3, 1.2), (0.5, 0.8, 2.2)),
}


def detected_keypoints(
    rng: np.random.Generator, landmarks: Float[np.ndarray, "l 3"], chosen: tuple[int, ...]
) -> Float[np.ndarray, "k 3"]:
    """Where triangulated detections of the chosen landmarks would lie, metres; now and then one lies far off."""
    mean = np.array([_DETECTOR[index][0] for index in chosen]) * 1e-3
    spread = np.array([_DETECTOR[index][1] for index in chosen]) * 1e-3
    points = landmarks[list(chosen)] + mean + rng.normal(size=mean.shape) * spread
    if rng.random() < 0.1:
        points[rng.integers(len(points))] += rng.normal(scale=0.015, size=3)
    return points


def photometric(rng: np.random.Generator, rgb: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """Small differences of exposure, white balance and contrast between photos of one person."""
    gain = np.exp(rng.normal(scale=0.05) + rng.normal(scale=0.02, size=3))
    gamma = np.exp(rng.normal(scale=0.04))
    noisy = rgb + rng.normal(scale=rng.uniform(0, 0.012), size=rgb.shape)
    return np.clip(np.clip(noisy * gain, 1e-4, 1) ** gamma, 0, 1).astype(np.float32)


def spoilt_mask(
    rng: np.random.Generator, rgb: Float[np.ndarray, "h w 3"], alpha: Float[np.ndarray, "h w"]
) -> tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w"]]:
    """A photo before some background, and the mask that a segmentation would make of it.

    Half of the masks stay true; the others are grown, shrunk or wavy by a few pixels, and softened, so that wall
    shows at the edge or a rim of hair is lost.
    """
    height, width = alpha.shape
    coarse = rng.uniform(0, 1, size=(3, 3, 3)).astype(np.float32)
    background = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    mask = alpha
    if rng.random() < 0.5:
        waves = cv2.resize(rng.normal(size=(12, 12)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        blurred = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(1.0, 3.0))
        threshold = 0.5 + 0.2 * waves + rng.normal(scale=0.15)
        mask = np.clip((blurred - threshold) / 0.3 + 0.5, 0, 1).astype(np.float32)
    shown = rgb * alpha[..., None] + np.clip(background, 0, 1) * (1 - alpha[..., None])
    return shown, mask


def cut_bounds(rng: np.random.Generator, mask: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "4"]:
    """Pixel bounds x0, y0, x1, y1 of the part inside the photo; a third of the heads are cut by an edge."""
    height, width = mask.shape
    bounds = np.array([0.0, 0.0, width - 1.0, height - 1.0])
    rows, columns = np.nonzero(mask > 0.5)
    if len(rows) == 0 or rng.random() > 0.35:
        return bounds
    left, right, top, bottom = columns.min(), columns.max(), rows.min(), rows.max()
    side = rng.choice(4, p=[0.2, 0.25, 0.2, 0.35])
    share = rng.uniform(0.0, 0.3)
    if side == 0:
        bounds[0] = np.floor(left + share * (right - left))
    elif side == 1:
        bounds[1] = np.floor(top + 0.6 * share * (bottom - top))
    elif side == 2:
        bounds[2] = np.ceil(right - share * (right - left))
    else:
        bounds[3] = np.ceil(bottom - 1.5 * share * (bottom - top))
    return bounds


def photo_end(rng: np.random.Generator) -> float | None:
    """How far below the head's origin the photos of a person end, metres, where that is within the crop: what it shows
    is square, photos need not be."""
    return float(rng.uniform(0.14, 0.30)) if rng.random() < 0.4 else None


def shaken_pose(rng: np.random.Generator, camera_from_world: Float[np.ndarray, "4 4"]) -> Float[np.ndarray, "4 4"]:
    """The pose that calibration would find: turned about the head by some tenths of a degree, moved by a millimetre."""
    axis_angle = rng.normal(scale=np.radians(0.25), size=3)
    turned, _ = cv2.Rodrigues(axis_angle)
    pose = camera_from_world.copy()
    pose[:3, :3] = pose[:3, :3] @ turned
    pose[:2, 3] += rng.normal(scale=0.0007, size=2)
    pose[2, 3] *= np.exp(rng.normal(scale=0.004))
    return pose
