"""The light of one moment: three lamps, one of which casts a sharp shadow, and a sky of coloured directions."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .hand_held import direction

SKY_DIRECTIONS = 32


@dataclass(frozen=True, eq=False)
class Lighting:
    """Radiometric units are such that a white surface under light 1 comes out at 1 before exposure."""

    lamp_directions: Float[np.ndarray, "3 3"]
    """Unit vectors towards the lamps, head frame; the first lamp casts the shadow."""
    lamp_colours: Float[np.ndarray, "3 3"]
    sky_directions: Float[np.ndarray, "d 3"]
    sky_colours: Float[np.ndarray, "d 3"]
    shadow_softness: float
    """Reach of the shadow's filter, texels."""
    shading: tuple[str, ...] = ()
    """Names that shaders know (see `shaders.shader_source`); none for Lambert, Blinn-Phong and a soft shoulder."""


def sphere_directions(count: int) -> Float[np.ndarray, "count 3"]:
    """Evenly spread unit vectors (a Fibonacci lattice)."""
    k = np.arange(count) + 0.5
    height = 1 - 2 * k / count
    angle = np.pi * (1 + 5**0.5) * k
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(angle), height, ring * np.sin(angle)], axis=1)


def _tint(rng: np.random.Generator, warmth: float) -> np.ndarray:
    """White that leans to warm (positive) or cold, with luminance near one."""
    colour = np.exp(np.array([1.0, 0.1, -1.1]) * warmth + rng.normal(0, 0.03, 3))
    return colour / (colour @ [0.2126, 0.7152, 0.0722])


def draw_lighting(rng: np.random.Generator) -> Lighting:
    """Indoors or out, hard or soft, from anywhere in front, above or behind."""
    directions = sphere_directions(SKY_DIRECTIONS)
    warmth = rng.normal(0, 0.10)
    up, down = rng.uniform(0.35, 1.0), rng.uniform(0.08, 0.4)
    share = 0.5 - 0.5 * directions[:, 1:2]
    sky = share * up * _tint(rng, warmth - 0.05) + (1 - share) * down * _tint(rng, warmth + 0.1)
    for _ in range(rng.integers(1, 4)):
        # Windows, walls, screens: broad coloured patches.
        towards = direction(rng.uniform(-np.pi, np.pi), rng.uniform(-0.3, 1.0))
        patch = np.exp(rng.uniform(2, 9) * (directions @ towards - 1))[:, None]
        sky = sky + rng.uniform(0.3, 2.0) * patch * _tint(rng, rng.normal(0, 0.2))
    hardness = rng.beta(1.3, 1.6)
    key_yaw = rng.normal(0, 0.9)
    lamps = np.stack(
        [
            direction(key_yaw, rng.uniform(0.1, 1.1)),
            direction(-np.sign(key_yaw) * rng.uniform(0.3, 1.8), rng.uniform(-0.2, 0.7)),
            direction(rng.uniform(2.0, 4.3), rng.uniform(0.0, 1.0)),
        ]
    )
    strength = np.array([1.3 * hardness, rng.uniform(0, 0.25), rng.uniform(0, 0.5) * (rng.random() < 0.4)])
    colours = np.stack([_tint(rng, warmth + rng.normal(0, 0.12)) for _ in range(3)]) * strength[:, None]
    # One overall level: exposure differs by picture, not by person.
    level = 0.5 * sky.mean() + 0.35 * strength[0] + 0.15 * strength[1] + 1e-3
    gain = 0.62 * np.exp(rng.normal(0, 0.12)) / level
    return Lighting(
        lamp_directions=lamps,
        lamp_colours=gain * colours,
        sky_directions=directions,
        sky_colours=gain * sky,
        shadow_softness=float(rng.uniform(0.8, 4.0)),
    )


def draw_sky(rng: np.random.Generator) -> Lighting:
    """Light of the changed generator: a random sky of spherical harmonics, and one wide lamp where it is brightest."""
    directions = sphere_directions(SKY_DIRECTIONS)
    shapes = _harmonics(directions)
    common = rng.normal(size=shapes.shape[1]) * np.repeat([0.0, 0.55, 0.3], [1, 3, 5])
    common[0] = 1.0
    common[1] += 0.4  # the second harmonic is y's: skies are brighter than floors
    coloured = common[:, None] * (1 + 0.1 * rng.normal(size=(shapes.shape[1], 3)))
    sky = np.maximum(shapes @ coloured, 0.03) * _tint(rng, rng.normal(0, 0.12))
    brightest = directions[np.argmax(sky.sum(axis=1) * (directions[:, 2] < 0.5))]
    strength = rng.uniform(0.0, 0.8)
    lamps = np.stack([brightest, direction(0.0, 0.0), direction(np.pi, 0.0)])
    colours = np.stack([strength * _tint(rng, rng.normal(0, 0.15)), np.zeros(3), np.zeros(3)])
    gain = 0.62 * np.exp(rng.normal(0, 0.15)) / (0.5 * sky.mean() + 0.35 * strength)
    return Lighting(
        lamp_directions=lamps,
        lamp_colours=gain * colours,
        sky_directions=directions,
        sky_colours=gain * sky,
        shadow_softness=float(rng.uniform(3.0, 6.0)),
        shading=("OREN_NAYAR", "FILM"),
    )


def _harmonics(directions: Float[np.ndarray, "d 3"]) -> Float[np.ndarray, "d 9"]:
    """Real spherical harmonics to the second order, each at most about 1; up is -y."""
    x, y, z = directions.T
    return np.stack(
        [np.ones_like(x), -y, x, z, x * y * 2, y * z * 2, 1.5 * y * y - 0.5, x * z * 2, x * x - z * z], axis=1
    )
