"""The path of a camera through views that a person chose: smooth, through every one of them, and upright all the way.

Between two views yaw (the short way), pitch, the logarithm of the distance, target and field of view each follow a
cubic whose slopes at its ends are those of a Catmull-Rom spline, held back where it would overshoot (Fritsch and
Carlson 1980): the path has no corners, and never leaves what lies between two neighbouring views. So a view that
stands there twice is a rest, and no pitch comes past the zenith. A path that is no loop begins and ends at rest.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .camera import Camera, orbit_camera
from .errors import UserError
from .geometry import Box

MAX_PITCH = np.deg2rad(88.0)
NEAREST, FARTHEST = 0.2, 20.0
"""Limits of the distance to the target, metres."""
NARROWEST, WIDEST = np.deg2rad(5.0), np.deg2rad(90.0)
"""Limits of the field of view."""
PORTRAIT = float(np.deg2rad(25.0))
"""The field of view of a portrait lens: faces look as they do across a table."""
FEWEST = 2
"""Views that make a path."""

Row = Float[np.ndarray, "7"]
"""Yaw, pitch, logarithm of the distance, target, field of view."""


@dataclass(frozen=True)
class KeyView:
    """From where a film looks at one moment: from a sphere round a target in the head frame, in radians and metres."""

    yaw: float
    pitch: float
    distance: float
    target: tuple[float, float, float]
    field_of_view: float = PORTRAIT
    """Angle across the shorter side of the picture."""

    def camera(self, width: int, height: int) -> Camera:
        """The pinhole camera of a picture of this size, in the head frame."""
        return orbit_camera(
            self.yaw,
            self.pitch,
            self.distance,
            target_in_world=np.array(self.target),
            vertical_field_of_view=float(2 * np.arctan(height / min(width, height) * np.tan(0.5 * self.field_of_view))),
            width=width,
            height=height,
        )


@dataclass(frozen=True)
class CameraPath:
    """Views in the order in which a film comes by them, evenly in time."""

    views: tuple[KeyView, ...] = ()
    seconds: float = 2.0
    """From one view to the next."""
    loop: bool = False
    """After the last view comes the first again, without a seam."""

    @property
    def duration(self) -> float:
        """Of the film, seconds; 0 where there are fewer than two views."""
        count = len(self.views)
        return 0.0 if count < FEWEST else self.seconds * (count if self.loop else count - 1)

    def view_at(self, seconds: float) -> KeyView:
        """Where the film is so long after its beginning; a loop goes on for ever, another path stays at its end.

        Raises UserError where there are fewer than two views.
        """
        self.check()
        place = seconds % self.duration if self.loop else min(max(seconds, 0.0), self.duration)
        place /= self.seconds
        leg = min(int(place), round(self.duration / self.seconds) - 1)
        before, start, end, after = (self._row(index) for index in range(leg - 1, leg + 3))
        return _view(_between(_steps(before, start, end, after), start, place - leg))

    def film(self, fps: float) -> tuple[KeyView, ...]:
        """The views of all frames, at least two; the last of a loop is followed by the first.

        Raises UserError where there are fewer than two views.
        """
        self.check()
        frames = max(FEWEST, round(self.duration * fps))
        times = np.linspace(0, self.duration, frames, endpoint=not self.loop)
        return tuple(self.view_at(float(time)) for time in times)

    def check(self) -> None:
        """UserError where there are fewer than two views."""
        if len(self.views) < FEWEST:
            count = "one view" if self.views else "no views"
            raise UserError(f"A path of {count} leads nowhere.", "Add two views to it, or more.")

    def _row(self, index: int) -> Row:
        """Of a view; beyond the ends of a path it stays there, and a loop begins again."""
        count = len(self.views)
        view = self.views[index % count if self.loop else min(max(index, 0), count - 1)]
        return np.array([view.yaw, view.pitch, np.log(view.distance), *view.target, view.field_of_view])


def framing_distance(box: Box, field_of_view: float) -> float:
    """From how far a box fills a picture, metres; its corners, which are empty in a head's, may be cut.

    Seen from before or aside. Its depth is counted by half: nothing as wide or tall as the box lies at its front.
    """
    x, y, z = 0.5 * (np.asarray(box.upper, float) - box.lower)
    return float(1.08 * max(y, np.hypot(x, 0.5 * z)) / np.tan(0.5 * field_of_view) + 0.5 * z)


def _steps(before: Row, start: Row, end: Row, after: Row) -> Float[np.ndarray, "3 7"]:
    """From each of four views to the next."""
    rows = np.stack([before, start, end, after])
    steps = np.diff(rows, axis=0)
    steps[:, 0] = [short_way(*yaws) for yaws in zip(rows[:3, 0], rows[1:, 0], strict=True)]
    return steps


def _between(steps: Float[np.ndarray, "3 7"], start: Row, share: float) -> Row:
    """Hermite's cubic along the middle one of three steps."""
    into, step, out = steps
    first, last = _slope(into, step), _slope(step, out)
    return start + share * (first + share * (3 * step - 2 * first - last + share * (first + last - 2 * step)))


def _slope(before: Row, after: Row) -> Row:
    """At a view, by the steps before and after it."""
    most = 3 * np.minimum(np.abs(before), np.abs(after))
    return np.where(before * after > 0, np.clip(0.5 * (before + after), -most, most), 0.0)


def short_way(start: float, end: float) -> float:
    """From one yaw to another, at most half a turn; where it is just that, by the face, which photos show."""
    step = (end - start + np.pi) % (2 * np.pi) - np.pi
    if np.pi - abs(step) < 1e-9:
        by_face = -np.sin(start)
        step = np.copysign(np.pi, by_face if abs(by_face) > 1e-9 else np.cos(start))
    return float(step)


def _view(row: Row) -> KeyView:
    yaw, pitch, log_distance, x, y, z, field_of_view = map(float, row)
    return KeyView(yaw, pitch, float(np.exp(log_distance)), (x, y, z), field_of_view)
