"""How alike two pictures are: peak signal-to-noise ratio and structural similarity, in numpy."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

Picture = Float[np.ndarray, "h w 3"]
WINDOW, SPREAD = 11, 1.5
"""Side and sigma of the Gaussian window of SSIM, pixels."""


@dataclass(frozen=True)
class Likeness:
    """Figures of one picture against another."""

    psnr: float
    """dB."""
    ssim: float
    """At most 1; NaN where the pictures are smaller than its window."""


def psnr(a: Float[np.ndarray, "*n 3"], b: Float[np.ndarray, "*n 3"]) -> float:
    """Peak signal-to-noise ratio of values in [0, 1], dB; 100 where there is no difference."""
    error = float(np.mean((a.astype(np.float64) - b) ** 2)) if a.size else 0.0
    return 100.0 if error < 1e-10 else -10 * float(np.log10(error))


def ssim(a: Picture, b: Picture) -> float:
    """Mean structural similarity (Wang et al., 2004) over every full Gaussian window; NaN where there is none."""
    if min(a.shape[:2]) < WINDOW:
        return float("nan")
    luminance, structure = _ssim_parts(a.astype(np.float64), b.astype(np.float64))
    return float((luminance * structure).mean())


def _ssim_parts(
    x: Float[np.ndarray, "h w c"], y: Float[np.ndarray, "h w c"]
) -> tuple[Float[np.ndarray, "h2 w2 c"], Float[np.ndarray, "h2 w2 c"]]:
    """Luminance, and contrast times structure."""
    mean_x, mean_y = _blurred(x), _blurred(y)
    var_x, var_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance, (2 * covariance + c2) / (var_x + var_y + c2)


SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Weights of MS-SSIM's five scales, finest first."""


def ms_ssim(a: Picture, b: Picture) -> float:
    """Multi-scale structural similarity (Wang et al., 2003); NaN where the pictures are too small for five scales.

    Contrast and structure count at every scale, luminance at the coarsest only.
    """
    if min(a.shape[:2]) < WINDOW * 2 ** (len(SCALES) - 1):
        return float("nan")
    x, y = a.astype(np.float64), b.astype(np.float64)
    product = 1.0
    for index, weight in enumerate(SCALES):
        luminance, structure = _ssim_parts(x, y)
        last = index == len(SCALES) - 1
        value = float((luminance * structure if last else structure).mean())
        product *= max(value, 0.0) ** weight
        x, y = _halved(x), _halved(y)
    return product


def _halved(x: Float[np.ndarray, "h w c"]) -> Float[np.ndarray, "h2 w2 c"]:
    height, width = x.shape[0] // 2 * 2, x.shape[1] // 2 * 2
    return x[:height, :width].reshape(height // 2, 2, width // 2, 2, -1).mean(axis=(1, 3))


def outline_distance(found: Bool[np.ndarray, "h w"], true: Bool[np.ndarray, "h w"]) -> float:
    """Median distance, pixels, from the outline of one mask to that of the other, both ways; NaN where one has none.

    The picture's own edge is no outline.
    """
    import cv2

    outlines = [_outline(mask) for mask in (found, true)]
    if not all(outline.any() for outline in outlines):
        return float("nan")
    away = [cv2.distanceTransform((~outline).astype(np.uint8), cv2.DIST_L2, 5) for outline in outlines]
    return float(np.median(np.concatenate([away[1][outlines[0]], away[0][outlines[1]]])))


def _outline(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Pixels of a mask that touch what is not in it."""
    import cv2

    # Beyond the picture's edge the mask goes on (cv2's border of an erosion counts as full).
    return mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)


def likeness(rendered: Float[np.ndarray, "h w 4"], truth: Picture, mask: Float[np.ndarray, "h w"]) -> Likeness | None:
    """A picture with straight alpha against the truth, which is black outside its mask; both over black.

    Measured in the box of the mask, as `kpnerf eval` does; None where the mask is empty.
    """
    rows, columns = np.nonzero(mask > 0.5)
    if len(rows) == 0:
        return None
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    shown = rendered[..., :3] * rendered[..., 3:]
    return Likeness(psnr(shown[box], truth[box]), ssim(shown[box], truth[box]))


def _blurred(x: Float[np.ndarray, "h w c"]) -> Float[np.ndarray, "h2 w2 c"]:
    """Under a Gaussian window, where it lies inside the picture."""
    import cv2

    window = cv2.getGaussianKernel(WINDOW, SPREAD)
    edge = WINDOW // 2
    return cv2.sepFilter2D(x, -1, window, window)[edge:-edge, edge:-edge]
