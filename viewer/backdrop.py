"""What lies behind the avatar on the screen."""

from enum import Enum

import numpy as np
from jaxtyping import Float

Rgb = tuple[float, float, float]

CHECKER_PX = 12
"""Side of a square of the checkerboard at a picture of 512 pixels; it scales with the picture."""


class Backdrop(Enum):
    """Backgrounds to choose from; the value is what a person reads."""

    STUDIO = "Studio"
    CHECKER = "Transparent"
    BLACK = "Black"
    GREY = "Grey"
    WHITE = "White"

    @property
    def colour(self) -> Rgb | None:
        """The one colour it consists of, or None where a picture file is better left transparent."""
        return _PLAIN.get(self)


_PLAIN: dict[Backdrop, Rgb] = {
    Backdrop.BLACK: (0.0, 0.0, 0.0),
    Backdrop.GREY: (0.5, 0.5, 0.5),
    Backdrop.WHITE: (1.0, 1.0, 1.0),
}
_STUDIO_MIDDLE, _STUDIO_EDGE = np.array([0.235, 0.247, 0.275]), np.array([0.098, 0.106, 0.122])
_CHECKER_DARK, _CHECKER_LIGHT = 0.16, 0.22


def backdrop_of(colour: Rgb | None) -> Backdrop:
    """The backdrop a document's background colour is shown with; a colour of its own counts as the nearest grey."""
    if colour is None:
        return Backdrop.STUDIO
    return min(_PLAIN, key=lambda name: float(np.square(np.subtract(_PLAIN[name], colour)).sum()))


def composite(rgba: Float[np.ndarray, "h w 4"], backdrop: Backdrop) -> Float[np.ndarray, "h w 4"]:
    """An opaque picture: straight-alpha `rgba` over a backdrop, float32 and contiguous as a texture wants it."""
    height, width = rgba.shape[:2]
    alpha = rgba[..., 3:4]
    behind = _behind(backdrop, width, height)
    picture = np.empty((height, width, 4), np.float32)
    np.multiply(rgba[..., :3] - behind, alpha, out=picture[..., :3])
    picture[..., :3] += behind
    picture[..., 3] = 1.0
    return picture


def _behind(backdrop: Backdrop, width: int, height: int) -> Float[np.ndarray, "*h_w 3"]:
    plain = _PLAIN.get(backdrop)
    if plain is not None:
        return np.array(plain, np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if backdrop is Backdrop.CHECKER:
        side = max(1.0, CHECKER_PX * max(width, height) / 512)
        light = ((x // side + y // side) % 2)[..., None]
        return np.repeat(_CHECKER_DARK + (_CHECKER_LIGHT - _CHECKER_DARK) * light, 3, axis=-1).astype(np.float32)
    radius = np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.42)
    share = np.clip(radius / 0.75, 0, 1)[..., None]
    share = share * share * (3 - 2 * share)
    return (_STUDIO_MIDDLE + share * (_STUDIO_EDGE - _STUDIO_MIDDLE)).astype(np.float32)
