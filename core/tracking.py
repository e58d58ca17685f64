"""The same spots of skin in several photos, to a fraction of a pixel.

Face landmarks tell where the parts of *a* face are, to a few pixels and alike wrong from every side; cameras found
from them alone are several degrees off. The skin itself is exact: unrolled with cameras that are nearly right, two
photos of a face differ by small shifts, and spots followed from one to the other obey the true epipolar geometry to
a sixth of a pixel. Spots seen in three photos fix angles and focal length together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from .camera import Camera
from .canonical import canonical_face
from .face_chart import FaceChart, Unrolled, face_chart, unroll

_LEAST_FACING = 0.2
"""Cosine below which skin is seen too obliquely to be followed."""
_SPOTS, _SPOT_QUALITY, _SPOT_DISTANCE = 400, 0.002, 3
"""Most spots from one photo, their contrast relative to the best one, and their distance in chart pixels."""
_WINDOW = 9
"""Half the patch that is compared, chart pixels."""
_STEPS, _ARRIVED = 12, 0.001
"""Of aligning a patch: at most so many, and chart pixels of one after which no more are taken."""
_FINER = 2.0
"""Photos finer than so many pixels to one of the chart are shrunk first, or they would alias."""
_FEWEST_SPOTS = 15
"""Of fewer, a share would be an accident."""
_LEAST_CORRELATION = 0.75
_MOST_DISAGREEMENT = 0.7
"""There and back a spot must come home, chart pixels."""
_FARTHEST_FROM_FLOW = 5.0
_PIXEL_NOISE, _NEIGHBOURS_ALIKE = 6.0, 4.0
"""Variance of the texture's noise (8-bit levels squared), and how many neighbouring pixels share one noise."""
_SIGMA_SCALE, _SIGMA_FLOOR, _SIGMA_HOME = 0.4, 0.15, 0.1
"""Standard deviation of a spot: share of what the patch's contrast predicts, the least that is believed, and in the
photo that it comes from (chart pixels); they agree with the spread about known epipolar lines."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """Spots of skin, each seen in two photos or more."""

    pixels_px: Float[np.ndarray, "v t 2"]
    weights: Float[np.ndarray, "v t"]
    """1 / standard deviation in pixels; 0 where a spot was not found."""
    points: Float[np.ndarray, "t 3"]
    """About where they are in the world."""


def track_skin(
    pictures: Sequence[UInt8[np.ndarray, "h w 3"] | None],
    cameras: Sequence[Camera],
    landmarks_in_world: Float[np.ndarray, "478 3"],
    *,
    width: int,
) -> Tracks:
    """Follow spots of every photo's skin into every other photo; None takes no part.

    The wider the chart (pixels across the face), the more exact the spots, and the closer the cameras and
    landmarks must be to the truth: at 128 about a centimetre on the face, at 352 three millimetres.
    """
    chart = face_chart(width)
    unrolled: dict[int, tuple[Unrolled, float]] = {}
    for view, (picture, camera) in enumerate(zip(pictures, cameras, strict=True)):
        if picture is not None:
            unrolled[view] = _unrolled(picture, camera, landmarks_in_world, chart)
    surface = chart.surface(landmarks_in_world)
    pixels, weights, points = [], [], []
    for home, (here, scale_here) in unrolled.items():
        spots = _spots(here)
        seen = np.zeros((len(cameras), len(spots), 2))
        weight = np.zeros((len(cameras), len(spots)))
        if not len(spots):
            continue
        seen[home], weight[home] = _sampled(here.pixels_px, spots), 1 / (_SIGMA_HOME * scale_here)
        for away, (there, scale_there) in unrolled.items():
            if away == home:
                continue
            found, sigma, good = _followed(here, there, spots)
            seen[away][good] = _sampled(there.pixels_px, found)[good]
            weight[away][good] = 1 / (sigma[good] * scale_there)
        twice = np.count_nonzero(weight > 0, axis=0) >= 2
        pixels.append(seen[:, twice])
        weights.append(weight[:, twice])
        points.append(_sampled(surface, spots)[twice])
    if not pixels:
        views = len(cameras)
        return Tracks(np.zeros((views, 0, 2)), np.zeros((views, 0)), np.zeros((0, 3)))
    return Tracks(np.concatenate(pixels, axis=1), np.concatenate(weights, axis=1), np.concatenate(points))


def _unrolled(
    picture: UInt8[np.ndarray, "h w 3"],
    camera: Camera,
    landmarks_in_world: Float[np.ndarray, "478 3"],
    chart: FaceChart,
) -> tuple[Unrolled, float]:
    """One photo's skin, with pixels of the photo as it is, and how many of them make a pixel of the chart."""
    import cv2

    pose = camera.camera_from_world
    depth = float(np.median(landmarks_in_world @ pose[2, :3] + pose[2, 3]))
    mean_face = canonical_face().points
    scale_of_world = float(
        np.linalg.norm(np.std(landmarks_in_world, axis=0)) / np.linalg.norm(np.std(mean_face, axis=0))
    )
    scale = max(camera.fx * scale_of_world / max(depth, 1e-9) / chart.pixels_per_metre, 1e-6)
    shrink = min(1.0, _FINER / scale)
    size = (max(1, round(camera.width * shrink)), max(1, round(camera.height * shrink)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if shrink < 1 else picture
    brightness = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    result = unroll(brightness, camera.resized(*size), landmarks_in_world, chart)
    to_photo = np.array([camera.width / size[0], camera.height / size[1]])
    return Unrolled(result.texture, (result.pixels_px + 0.5) * to_photo - 0.5, result.facing), scale


def share_followed(here: Unrolled, there: Unrolled) -> float:
    """Share of the spots of one photo's skin that are found again in another's, there and back, 0 to 1.

    Of fewer than fifteen that both could see, each counts for a fifteenth. The two have to be of one chart's width.
    """
    spots = _spots(here)
    if not len(spots):
        return 0.0
    _, _, good = _followed(here, there, spots)
    seen = _sampled(_visible(there).astype(np.float32)[..., None], spots)[:, 0] > 0.9
    return float(np.count_nonzero(good) / max(np.count_nonzero(seen), _FEWEST_SPOTS))


def _visible(unrolled: Unrolled) -> Bool[np.ndarray, "h w"]:
    """Skin that faces the camera, without the rim of what does."""
    import cv2

    facing = (unrolled.facing > _LEAST_FACING).astype(np.uint8)
    return cv2.erode(facing, np.ones((5, 5), dtype=np.uint8)) > 0


def _spots(unrolled: Unrolled) -> Float[np.ndarray, "s 2"]:
    """Places that can be told from their surroundings in every direction (Shi and Tomasi 1994), chart pixels."""
    import cv2

    mask = _visible(unrolled).astype(np.uint8)
    corners = cv2.goodFeaturesToTrack(unrolled.texture, _SPOTS, _SPOT_QUALITY, _SPOT_DISTANCE, mask=mask, blockSize=5)
    return np.zeros((0, 2)) if corners is None else corners[:, 0].astype(np.float64)


def _followed(
    here: Unrolled, there: Unrolled, spots: Float[np.ndarray, "s 2"]
) -> tuple[Float[np.ndarray, "s 2"], Float[np.ndarray, "s"], Bool[np.ndarray, "s"]]:
    """Where spots of one photo are in another, their standard deviation, and which of them were found.

    Dense flow (Kroeger et al. 2016) comes near, aligning patches makes it exact, and the way back must end where
    it began.
    """
    import cv2

    visible_here, visible_there = _visible(here), _visible(there)
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(here.texture, there.texture, None)
    near = spots + _sampled(flow, spots)
    found, sigma, alike = align_patches(here.texture, there.texture, spots, near)
    back, _, alike_back = align_patches(there.texture, here.texture, found, spots)
    good = alike & alike_back
    good &= np.linalg.norm(back - spots, axis=1) < _MOST_DISAGREEMENT
    good &= np.linalg.norm(found - near, axis=1) < _FARTHEST_FROM_FLOW
    for visible, places in ((visible_here, spots), (visible_there, spots), (visible_there, found)):
        good &= _sampled(visible.astype(np.float32)[..., None], places)[:, 0] > 0.9
    return found, np.hypot(_SIGMA_SCALE * sigma, _SIGMA_FLOOR), good


def align_patches(
    here: UInt8[np.ndarray, "h w"],
    there: UInt8[np.ndarray, "h w"],
    places: Float[np.ndarray, "s 2"],
    start: Float[np.ndarray, "s 2"],
) -> tuple[Float[np.ndarray, "s 2"], Float[np.ndarray, "s"], Bool[np.ndarray, "s"]]:
    """Shift the patch round each place of one picture onto another, from `start`, whatever its gain and offset.

    Gauss-Newton on the brightness difference with the first picture's gradients (Baker and Matthews 2004, inverse
    compositional). Returns the places there, their standard deviation in pixels along the worse direction, and
    whether the patches look alike in the end.
    """
    import cv2

    from .patch_kernels import align

    line = np.arange(-_WINDOW, _WINDOW + 1)
    across, down = (grid.ravel() for grid in np.meshgrid(line, line))
    weights = np.exp(-(across**2 + down**2) / (2 * (_WINDOW / 2) ** 2))
    first, second = here.astype(np.float32), there.astype(np.float32)
    slope_x, slope_y = (cv2.Sobel(first, cv2.CV_32F, dx, dy, ksize=3) / 8 for dx, dy in ((1, 0), (0, 1)))
    count, total = len(places), weights.sum()
    found, information = np.array(start, dtype=np.float64), np.empty((count, 3))
    noise, correlation = np.empty(count), np.empty(count)
    align(
        first, slope_x, slope_y, second, np.array(places, dtype=np.float64), _WINDOW,
        (weights / total).astype(np.float32), _STEPS, _ARRIVED, found, information, noise, correlation,
    )  # fmt: skip
    xx, xy, yy = information.T
    weakest = total * ((xx + yy) / 2 - np.hypot((xx - yy) / 2, xy))
    sigma = np.sqrt((noise + _PIXEL_NOISE) * _NEIGHBOURS_ALIKE / np.maximum(weakest, 1e-6))
    inside = np.all((found >= 0) & (found <= np.array(there.shape[::-1]) - 1), axis=1)
    return found, sigma, (correlation > _LEAST_CORRELATION) & inside


def _sampled(field: np.ndarray, places: Float[np.ndarray, "s 2"]) -> Float[np.ndarray, "s c"]:
    """A field of vectors (h, w, c) at fractional places, linearly."""
    limit = np.array(field.shape[1::-1]) - 1.0
    x, y = np.clip(places, 0.0, limit).T
    column, row = np.minimum(x.astype(int), field.shape[1] - 2), np.minimum(y.astype(int), field.shape[0] - 2)
    right, low = (x - column)[:, None], (y - row)[:, None]
    top = field[row, column] * (1 - right) + field[row, column + 1] * right
    bottom = field[row + 1, column] * (1 - right) + field[row + 1, column + 1] * right
    return top * (1 - low) + bottom * low
