"""Where hair grows and where it ends: hairlines, bald crowns, and the planes at which hair is cut."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

CROWN = np.array([0.0, -0.095, 0.075])
"""Where a head of hair thins first, head frame."""


def rise(x: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
    """A smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


@dataclass(frozen=True)
class Hairline:
    """Lengths in metres; the default is a full head of hair."""

    height: float = 0.0
    """How much higher than usual the hair begins over the forehead."""
    temples: float = 0.0
    """How far it has receded at both temples."""
    crown: float = 0.0
    """Radius of a bald crown."""

    def inside(
        self, positions: Float[np.ndarray, "n 3"], landmarks: Float[np.ndarray, "468 3"]
    ) -> Float[np.ndarray, "n"]:
        """Metres inside the hairline, negative outside: from above the forehead back and down behind the ears."""
        x, y, z = positions.T
        brow = landmarks[10]
        front = rise(-z, -0.06, 0.0)
        receded = self.height + self.temples * np.exp(-0.5 * ((np.abs(x) - 0.042) / 0.016) ** 2)
        above = (brow[1] - 0.030 - y) + 0.95 * (z - brow[2]) - front * receded
        if self.crown > 0:
            above = np.minimum(above, np.linalg.norm(positions - CROWN, axis=1) - self.crown)
        return above


FULL = Hairline()


def draw_hairline(rng: np.random.Generator, *, male: bool, age: float) -> Hairline:
    """Straight or peaked, high or low; receding with a man's age (0.5 to 1)."""
    balding = male and rng.random() < 0.15 + 1.2 * max(0.0, age - 0.55)
    return Hairline(
        height=float(rng.normal(0.0, 0.006) + (rng.uniform(0.0, 0.045) if balding else 0.0)),
        temples=float(rng.uniform(0.0, 0.035) if balding else abs(rng.normal(0, 0.006))),
        crown=float(rng.uniform(0.02, 0.06)) if balding and rng.random() < 0.4 else 0.0,
    )


@dataclass(frozen=True)
class Cut:
    """Where hair ends: below a plane, and in front of the face. Lengths in metres, head frame."""

    length_y: float = 1.0
    """Height of the plane below which nothing is left ..."""
    tilt: tuple[float, float] = (0.0, 0.0)
    """... how much lower it lies per metre to the person's left and to the back."""
    fringe_y: float = 1.0
    """Nothing hangs over the face below this height ..."""
    open_half_width: float = 0.05
    """... within this distance of the middle."""
    ragged: float = 0.004
    """How uneven the edge is."""

    def inside(self, positions: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        """Metres inside the cut, negative where hair is gone."""
        x, y, z = positions.T
        above = self.length_y + self.tilt[0] * x + self.tilt[1] * z - y
        beside_the_face = np.maximum(np.maximum(self.fringe_y - y, np.abs(x) - self.open_half_width), 0.6 * z + 0.012)
        return np.minimum(above, beside_the_face)


def draw_cut(rng: np.random.Generator, eye_y: float) -> Cut:
    """A length from above the ears to the shoulders or none; mostly no hair before the eyes."""
    shortened, fringed = rng.random() < 0.45, rng.random() < 0.85
    tilt = rng.normal(0, [0.06, 0.35])
    return Cut(
        length_y=float(rng.uniform(0.0, 0.2)) if shortened else 1.0,
        tilt=(float(tilt[0]), float(tilt[1])),
        fringe_y=eye_y - float(rng.uniform(0.0, 0.05)) if fringed else 1.0,
        open_half_width=float(rng.uniform(0.035, 0.06)),
        ragged=float(rng.uniform(0.002, 0.016)),
    )
