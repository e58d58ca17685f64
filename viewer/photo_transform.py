"""How a photo lies in its canvas: zoom and pan as a frozen value."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

LARGEST_PIXEL = 64.0
"""A photo pixel never gets larger than this on the screen."""
FIT_MARGIN = 6.0
"""Screen pixels kept free round a photo that fits its canvas."""


@dataclass(frozen=True)
class PhotoTransform:
    """Canvas position = origin + scale · (photo position + 0.5): the photo's area starts half a pixel before (0, 0)."""

    scale: float
    """Screen pixels per photo pixel."""
    x: float
    """Canvas position of the photo's left edge."""
    y: float
    """Canvas position of the photo's top edge."""
    fitted: bool = False
    """The whole photo, centred: stays so when the canvas changes its size."""

    def to_canvas(self, xy_px: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 2"]:
        """Canvas positions of photo pixels."""
        return (np.asarray(xy_px, float) + 0.5) * self.scale + np.array([self.x, self.y])

    def to_photo(self, xy: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 2"]:
        """Photo pixels at canvas positions."""
        return (np.asarray(xy, float) - np.array([self.x, self.y])) / self.scale - 0.5

    def panned(self, dx: float, dy: float) -> "PhotoTransform":
        """Moved by a drag."""
        return replace(self, x=self.x + dx, y=self.y + dy, fitted=False)

    def zoomed(
        self, factor: float, at: tuple[float, float], photo: tuple[int, int], canvas: tuple[float, float]
    ) -> "PhotoTransform":
        """Enlarged by `factor`; what lies under the canvas position `at` stays there.

        Zooming out ends at half the fitted size.
        """
        smallest = 0.5 * fitted_transform(photo, canvas).scale
        scale = float(np.clip(self.scale * factor, smallest, LARGEST_PIXEL))
        ratio = scale / self.scale
        return PhotoTransform(scale, at[0] - (at[0] - self.x) * ratio, at[1] - (at[1] - self.y) * ratio)

    def centred(self, xy_px: tuple[float, float], scale: float, canvas: tuple[float, float]) -> "PhotoTransform":
        """With a photo pixel in the middle of the canvas, at another scale."""
        scale = min(scale, LARGEST_PIXEL)
        x, y = (0.5 * side - (at + 0.5) * scale for side, at in zip(canvas, xy_px, strict=True))
        return PhotoTransform(scale, x, y)

    def resized(
        self, photo: tuple[int, int], before: tuple[float, float], after: tuple[float, float]
    ) -> "PhotoTransform":
        """In a canvas of another size: fitted again, or with the same photo pixel in the middle."""
        if self.fitted:
            return fitted_transform(photo, after)
        return replace(self, x=self.x + 0.5 * (after[0] - before[0]), y=self.y + 0.5 * (after[1] - before[1]))


def fitted_transform(photo: tuple[int, int], canvas: tuple[float, float]) -> PhotoTransform:
    """The whole photo (width, height), centred in a canvas of any size, also of none."""
    width, height = (max(side - 2 * FIT_MARGIN, 1.0) for side in canvas)
    scale = min(width / photo[0], height / photo[1])
    return PhotoTransform(
        scale, 0.5 * (canvas[0] - scale * photo[0]), 0.5 * (canvas[1] - scale * photo[1]), fitted=True
    )


def nearest_point(points: Float[np.ndarray, "n 2"], at: tuple[float, float], reach: float) -> int | None:
    """Index of the point nearest to a canvas position, or None where none is within `reach` screen pixels."""
    if len(points) == 0:
        return None
    squared = ((np.asarray(points) - np.asarray(at)) ** 2).sum(axis=1)
    squared = np.where(np.isfinite(squared), squared, np.inf)
    nearest = int(squared.argmin())
    return nearest if squared[nearest] <= reach * reach else None


def points_in_box(
    points: Float[np.ndarray, "n 2"], corner: tuple[float, float], other: tuple[float, float]
) -> set[int]:
    """Indices of the points inside the rectangle between two corners, in any order."""
    lower, upper = np.minimum(corner, other), np.maximum(corner, other)
    inside = ((np.asarray(points) >= lower) & (np.asarray(points) <= upper)).all(axis=1)
    return set(np.nonzero(inside)[0].tolist())
