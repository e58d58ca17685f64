"""From where the avatar is looked at, as it moves: flights, the turntable and other motions, input views."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

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


class Motion(Protocol):
    """What moves the eye for a while; equal ones are the same motion."""

    @property
    def seconds(self) -> float:
        """How long it takes; infinite where it goes on until it is stopped."""
        ...

    def view_at(self, seconds: float) -> OrbitView:
        """Where the eye is so long after the motion began."""
        ...


@dataclass(frozen=True, eq=False)
class _Turntable:
    """Swings round a view, as far as the eye is told to while it does."""

    eye: "Eye"
    start: OrbitView
    seconds: float = np.inf

    def view_at(self, seconds: float) -> OrbitView:
        offset = 0.5 * self.eye.swing * float(np.sin(2 * np.pi * seconds / TURN_SECONDS))
        return replace(self.start, yaw=self.start.yaw + offset)


class Eye:
    """The viewpoint of the avatar viewport. `now` is in seconds on any clock that never goes back."""

    def __init__(self, box: Box) -> None:
        self._view = home_view(box)
        self._flight: _Flight | None = None
        self._playing: tuple[float, Motion] | None = None
        self.swing = float(np.deg2rad(60.0))
        """Angle of the turntable from one end to the other."""

    @property
    def view(self) -> OrbitView:
        """Where it is now; a new object whenever it moves."""
        return self._view

    @property
    def goal(self) -> OrbitView:
        """Where it is, or will be at the end of a flight."""
        return self._view if self._flight is None else self._flight.end

    @property
    def is_playing(self) -> bool:
        """The turntable turns, or another motion goes on."""
        return self._playing is not None

    def plays(self, motion: Motion) -> bool:
        """Whether this very motion goes on."""
        return self._playing is not None and self._playing[1] == motion

    @property
    def is_moving(self) -> bool:
        """It will be somewhere else in the next frame."""
        return self._playing is not None or self._flight is not None

    def look(self, view: OrbitView) -> None:
        """Look from somewhere else at once; stops a flight and what is being played."""
        self._flight = self._playing = None
        self._view = view

    def fly(self, view: OrbitView, now: float) -> None:
        """Look from somewhere else after a short flight."""
        self._playing = None
        self._flight = _Flight(self._view, view, now)

    def fly_to_camera(self, camera: Camera, box: Box, size_px: tuple[float, float], now: float) -> None:
        """Look from where a photo of what is in the box was taken (camera in the head frame)."""
        self.fly(view_of_camera(camera, box.centre, size_px), now)

    def frame(self, box: Box, now: float) -> None:
        """Bring the whole box into the picture, from the same side and upright."""
        self.fly(replace(self._view, roll=0.0).framed(box), now)

    def reset(self, box: Box, now: float) -> None:
        """Straight at the face."""
        self.fly(home_view(box), now)

    def toggle_playing(self, now: float) -> None:
        """Start the turntable from here, or stop here whatever is being played."""
        self._flight = None
        self._playing = None if self._playing else (now, _Turntable(self, self._view))

    def play(self, motion: Motion, now: float) -> None:
        """Start a motion in place of any other, or stop it here where it is the one that goes on."""
        self._flight = None
        self._playing = None if self.plays(motion) else (now, motion)

    def move(self, now: float) -> None:
        """Go on with a flight, the turntable or another motion."""
        if self._flight is not None:
            share = (now - self._flight.began) / FLIGHT_SECONDS
            self._view = between(self._flight.start, self._flight.end, share)
            if share >= 1:
                self._flight = None
        elif self._playing is not None:
            began, motion = self._playing
            self._view = motion.view_at(min(now - began, motion.seconds))
            if now - began >= motion.seconds:
                self._playing = None

    def turntable(self, frames: int) -> Sequence[OrbitView]:
        """The views of one swing, starting here; the last is followed by the first without a seam.

        A swing of a whole turn goes round instead of back and forth.
        """
        phases = 2 * np.pi * np.arange(frames) / frames
        whole_turn = self.swing >= 2 * np.pi - 1e-6
        offsets = phases if whole_turn else 0.5 * self.swing * np.sin(phases)
        return [replace(self._view, yaw=self._view.yaw + float(offset)) for offset in offsets]
