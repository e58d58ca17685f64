"""Lines on which a point must lie in one photo because of where it was seen in another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from pyglm import glm

from .camera import Camera
from .document import Document

_PARALLEL = 1e-3
"""Sine of the angle between two lines below which where they meet says nothing."""


@dataclass(frozen=True)
class Line:
    """The pixels (x, y) of a photo with a x + b y + c = 0, where (a, b) has length 1."""

    a: float
    b: float
    c: float

    def distance(self, x: float, y: float) -> float:
        """How far a pixel is from it."""
        return abs(self.a * x + self.b * y + self.c)

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of the line nearest to another."""
        off = self.a * x + self.b * y + self.c
        return x - off * self.a, y - off * self.b

    def within(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Its two ends in a rectangle, or None where it passes by."""
        x, y = self.nearest(0.5 * (left + right), 0.5 * (top + bottom))
        dx, dy = -self.b, self.a
        lower, upper = -np.inf, np.inf
        for at, step, low, high in ((x, dx, left, right), (y, dy, top, bottom)):
            if abs(step) < 1e-12:
                if not low <= at <= high:
                    return None
                continue
            enter, leave = sorted(((low - at) / step, (high - at) / step))
            lower, upper = max(lower, enter), min(upper, leave)
        if not lower < upper:
            return None
        return (float(x + lower * dx), float(y + lower * dy)), (float(x + upper * dx), float(y + upper * dy))


def epipolar_line(camera: Camera, other: Camera, xy_px: tuple[float, float]) -> Line | None:
    """Where in `camera` everything lies that `other` sees at a pixel (Hartley and Zisserman 2004, section 9.1).

    None where both cameras are in one place, and so tell nothing about each other.
    """
    camera_from_other = camera.camera_from_world @ other.world_from_camera
    slopes = (xy_px[0] - other.cx) / other.fx, (xy_px[1] - other.cy) / other.fy, 1.0
    ray, between = glm.dvec3(*(camera_from_other[:3, :3] @ slopes)), glm.dvec3(*camera_from_other[:3, 3])
    # The plane through both centres and the ray, as a line in coordinates of slope, then of pixels.
    in_slopes = glm.cross(between, ray)
    a, b = in_slopes.x / camera.fx, in_slopes.y / camera.fy
    c = in_slopes.z - a * camera.cx - b * camera.cy
    length = glm.length(glm.dvec2(a, b))
    if glm.length(in_slopes) < 1e-9 * glm.length(ray) * max(1.0, glm.length(between)) or length < 1e-15:
        return None
    return Line(float(a / length), float(b / length), float(c / length))


def lines_from_others(document: Document, view: int, name: str) -> dict[int, Line]:
    """The lines in a photo on which the other photos say that a keypoint lies, by the index of the other photo.

    Only photos in which it is usable, and whose camera is known, say anything; held-out photos do not.
    """
    camera = document.views[view].camera
    found: dict[int, Line] = {}
    for index in document.sources:
        other = document.views[index]
        point = other.keypoints.schema.index(name)
        if index == view or camera is None or other.camera is None or not other.keypoints.usable[point]:
            continue
        x, y = other.keypoints.xy_px[point]
        line = epipolar_line(camera, other.camera, (float(x), float(y)))
        if line is not None:
            found[index] = line
    return found


def snapped(xy_px: tuple[float, float], lines: Sequence[Line], corner_px: float) -> tuple[float, float]:
    """The nearest pixel on any of the lines; where two of them meet, if that is within `corner_px`.

    Without lines the pixel itself.
    """
    if not lines:
        return xy_px
    at = np.array(xy_px, dtype=float)
    meetings = [
        place
        for index, line in enumerate(lines)
        for other in lines[index + 1 :]
        if (place := _meeting(line, other)) is not None
    ]
    near = [place for place in meetings if np.linalg.norm(place - at) <= corner_px]
    if near:
        x, y = min(near, key=lambda place: float(np.linalg.norm(place - at)))
        return float(x), float(y)
    return min(lines, key=lambda line: line.distance(*xy_px)).nearest(*xy_px)


def _meeting(line: Line, other: Line) -> Float[np.ndarray, "2"] | None:
    """The pixel of two lines, None where they are as good as parallel."""
    across = line.a * other.b - line.b * other.a
    if abs(across) < _PARALLEL:
        return None
    return np.array([line.b * other.c - other.b * line.c, other.a * line.c - line.a * other.c]) / across
