"""From where the avatar is looked at, as it moves: flights, the turntable, input views."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.camera import Camera
from ..core.geometry import Box
from .orbit import OrbitView, between, home_view, view_of_camera

FLIGHT_SECONDS = 0.35
TURN_SECONDS = 6.0
"""One swing of the turntable there and back."""


@dataclass(frozen=True, eq=False)
class _Flight:
    start: OrbitView
    end: OrbitView
    began: float


class Eye:
    """The viewpoint of the avatar viewport. `now` is in seconds on any clock that never goes back."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._view = home_view(box)
        self._flight: _Flight | None = None
        self._playing: tuple[float, float] | None = None
        self.swing = float(np.deg2rad(60.0))
        """Angle of the turntable from one end to the other."""

    @property
    def view(self) -> OrbitView:
        """Where it is now; a new object whenever it moves."""
        return self._view

    @property
    def is_playing(self) -> bool:
        """The turntable turns."""
        return self._playing is not None

    @property
    def is_moving(self) -> bool:
        """It will be somewhere else in the next frame."""
        return self._playing is not None or self._flight is not None

    def look(self, view: OrbitView) -> None:
        """Look from somewhere else at once; stops a flight and the turntable."""
        self._flight = self._playing = None
        self._view = view

    def fly(self, view: OrbitView, now: float) -> None:
        """Look from somewhere else after a short flight."""
        self._playing = None
        self._flight = _Flight(self._view, view, now)

    def fly_to_camera(self, camera: Camera, size_px: tuple[float, float], now: float) -> None:
        """Look from where a photo was taken (camera in the head frame)."""
        self.fly(view_of_camera(camera, self._box.centre, size_px), now)

    def frame(self, now: float) -> None:
        """Bring the whole subject into the picture, from the same side and upright."""
        self.fly(replace(self._view, roll=0.0).framed(self._box), now)

    def reset(self, now: float) -> None:
        """Straight at the face."""
        self.fly(home_view(self._box), now)

    def toggle_playing(self, now: float) -> None:
        """Start the turntable from here, or stop it here."""
        self._flight = None
        self._playing = None if self._playing else (now, self._view.yaw)

    def move(self, now: float) -> None:
        """Go on with a flight or the turntable."""
        if self._flight is not None:
            share = (now - self._flight.began) / FLIGHT_SECONDS
            self._view = between(self._flight.start, self._flight.end, share)
            if share >= 1:
                self._flight = None
        elif self._playing is not None:
            began, yaw = self._playing
            phase = 2 * np.pi * (now - began) / TURN_SECONDS
            self._view = replace(self._view, yaw=yaw + 0.5 * self.swing * float(np.sin(phase)))

    def turntable(self, frames: int) -> Sequence[OrbitView]:
        """The views of one swing, starting here; the last is followed by the first without a seam.

        A swing of a whole turn goes round instead of back and forth.
        """
        phases = 2 * np.pi * np.arange(frames) / frames
        whole_turn = self.swing >= 2 * np.pi - 1e-6
        offsets = phases if whole_turn else 0.5 * self.swing * np.sin(phases)
        return [replace(self._view, yaw=self._view.yaw + float(offset)) for offset in offsets]
