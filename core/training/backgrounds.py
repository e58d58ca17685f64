"""Surroundings for photographs of synthetic people: a random panorama, seen by every camera of one moment."""

import numpy as np
from jaxtyping import Float

from ..camera import Camera
from ..geometry import pixel_rays

PANORAMA_SIZE = (512, 1024)
"""Rows from straight up to straight down, columns once round."""


def draw_panorama(rng: np.random.Generator) -> Float[np.ndarray, "512 1024 3"]:
    """Walls, furniture, windows and clutter, out of focus; sRGB 0 to 1."""
    rows, columns = PANORAMA_SIZE
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    base = rng.uniform(0.15, 0.85) + rng.normal(0, 0.04, 3)
    top, bottom = base + rng.normal(0, 0.04, 3), base * rng.uniform(0.4, 1.0) + rng.normal(0, 0.05, 3)
    share = (y / rows)[..., None]
    picture = (1 - share) * top + share * bottom
    floor = rows * rng.uniform(0.55, 0.8)
    picture = np.where((y > floor)[..., None], rng.uniform(0.1, 0.6) + rng.normal(0, 0.06, 3), picture)
    for _ in range(rng.integers(8, 40)):
        # Things with straight edges: doors, shelves, pictures, windows.
        width, height = rng.uniform(15, 180), rng.uniform(20, 260)
        left, upper = rng.uniform(0, columns), rng.uniform(0.1 * rows, 0.8 * rows)
        inside = ((x - left) % columns < width) & (y > upper) & (y < upper + height)
        colour = 1.0 if rng.random() < 0.1 else rng.uniform(0.05, 0.9) + rng.normal(0, 0.07, 3)
        opacity = rng.uniform(0.3, 1.0)
        picture = np.where(inside[..., None], (1 - opacity) * picture + opacity * colour, picture)
    for blur, strength in ((40, 0.10), (12, 0.06), (3, 0.03)):
        cloud = _blurred(rng.standard_normal((rows, columns, 3)), blur)
        grey = cloud.mean(axis=-1, keepdims=True)
        picture = picture + strength * rng.uniform(0.3, 1.5) * (0.15 * cloud / cloud.std() + 0.6 * grey / grey.std())
    out_of_focus = float(np.exp(rng.uniform(np.log(0.6), np.log(7.0))))
    return np.clip(_blurred(picture, out_of_focus), 0, 1)


def _blurred(panorama: Float[np.ndarray, "512 1024 3"], sigma: float) -> Float[np.ndarray, "512 1024 3"]:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(panorama, (sigma, sigma, 0), mode=("reflect", "wrap", "wrap"))


def seen_by(panorama: Float[np.ndarray, "512 1024 3"], camera: Camera) -> Float[np.ndarray, "h w 3"]:
    """The part of an infinitely far panorama behind each pixel."""
    from scipy.ndimage import map_coordinates

    column, row = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    pixels = np.stack([column.ravel(), row.ravel()], axis=1).astype(np.float64)
    _, directions = pixel_rays(camera, pixels)
    around = np.arctan2(directions[:, 0], directions[:, 2]) / (2 * np.pi) + 0.5
    down = np.arccos(np.clip(-directions[:, 1], -1, 1)) / np.pi
    rows, columns = PANORAMA_SIZE
    at = np.stack([down * rows - 0.5, around * columns - 0.5])
    planes = [map_coordinates(panorama[..., k], at, order=1, mode="grid-wrap") for k in range(3)]
    return np.stack(planes, axis=-1).reshape(camera.height, camera.width, 3)
