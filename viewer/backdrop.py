"""What lies behind the avatar on the screen."""

from collections.abc import Callable
from enum import Enum
from functools import lru_cache

import numpy as np
from jaxtyping import Float

Rgb = tuple[float, float, float]

CHECKER_PX = 12
"""Side of a square of the checkerboard at a picture of 512 pixels; it scales with the picture."""

BAND = 64
"""Rows that are put over a backdrop without a pause."""


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
_STUDIO_MIDDLE, _STUDIO_EDGE = (0.235, 0.247, 0.275), (0.098, 0.106, 0.122)
_CHECKER_DARK, _CHECKER_LIGHT = 0.16, 0.22


def backdrop_of(colour: Rgb | None) -> Backdrop:
    """The backdrop a document's background colour is shown with; a colour of its own counts as the nearest grey."""
    if colour is None:
        return Backdrop.STUDIO
    return min(_PLAIN, key=lambda name: float(np.square(np.subtract(_PLAIN[name], colour)).sum()))


def composite(rgba: Float[np.ndarray, "h w 4"], backdrop: Backdrop) -> Float[np.ndarray, "h w 4"]:
    """An opaque picture: straight-alpha `rgba` over a backdrop, float32 and contiguous as a texture wants it."""
    picture = composite_unless(rgba, backdrop, lambda: False)
    assert picture is not None
    return picture


def composite_unless(
    rgba: Float[np.ndarray, "h w 4"], backdrop: Backdrop, is_stale: Callable[[], bool]
) -> Float[np.ndarray, "h w 4"] | None:
    """The same, or None where it became unwanted meanwhile: looked at after every few rows."""
    height, width = rgba.shape[:2]
    behind = _behind(backdrop, width, height)
    picture = np.empty((height, width, 4), np.float32)
    for top in range(0, height, BAND):
        if is_stale():
            return None
        band = slice(top, top + BAND)
        # A channel at a time: numpy is slow where its innermost loop is only three long.
        for channel in range(3):
            shown, colour = picture[band, :, channel], behind[band, :, channel]
            np.subtract(rgba[band, :, channel], colour, out=shown)
            shown *= rgba[band, :, 3]
            shown += colour
        picture[band, :, 3] = 1.0
    return picture


@lru_cache(maxsize=2)
def _behind(backdrop: Backdrop, width: int, height: int) -> Float[np.ndarray, "h w 3"]:
    """Of the last sizes; not to be written to."""
    plain = _PLAIN.get(backdrop)
    if plain is not None:
        return np.broadcast_to(np.array(plain, np.float32), (height, width, 3))
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    picture = np.empty((height, width, 3), np.float32)
    if backdrop is Backdrop.CHECKER:
        side = max(1.0, CHECKER_PX * max(width, height) / 512)
        light = (x // side + y // side) % 2
        picture[...] = (_CHECKER_DARK + (_CHECKER_LIGHT - _CHECKER_DARK) * light)[..., None]
    else:
        radius = np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.42)
        share = np.clip(radius / 0.75, 0, 1)
        share = share * share * (3 - 2 * share)
        for channel, (middle, edge) in enumerate(zip(_STUDIO_MIDDLE, _STUDIO_EDGE, strict=True)):
            picture[..., channel] = middle + share * (edge - middle)
    picture.flags.writeable = False
    return picture
