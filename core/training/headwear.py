"""Hats, hoods, scarves and bands: simple cloth drawn round the head that it is fitted to."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .appearance import Look, Strands
from .bust import Bust
from .hairlines import rise
from .surfaces import SKULL_CENTRE, Surface, grid_triangles, plain_surface, smooth_normals, unit

COLUMNS, ROWS = 40, 22
HATS = ("beanie", "cap", "band", "headscarf", "hood")


@dataclass(frozen=True)
class Hat:
    """What is worn on the head. Lengths in metres."""

    kind: str = "beanie"
    rim: float = -0.055
    """Height (y) of the rim over the forehead."""
    slope: float = 0.35
    """How much lower the rim lies per metre towards the back."""
    thick: float = 0.010
    """Cloth and the hair below it."""
    height: float = 0.012
    """How far the top stands off."""
    peak: float = 0.065
    turned: float = 0.0
    """The direction of a cap's peak, radians to the person's left."""
    opening: tuple[float, float] = (0.068, 0.10)
    """Half width and half height of the face in a scarf or hood."""

    def inside(self, positions: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        """Metres inside the rim, where nothing of the hair is seen."""
        if self.kind in ("headscarf", "hood"):
            return np.full(len(positions), 1.0)
        above = self._rim(positions) - positions[:, 1]
        if self.kind == "band":
            return np.minimum(above, positions[:, 1] - self._rim(positions) + 0.05)
        return above

    def _rim(self, positions: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        return self.rim + self.slope * (positions[:, 2] + 0.06)


def draw_hat(rng: np.random.Generator) -> Hat:
    """A beanie, a cap, a band, a headscarf or a hood."""
    kind = str(rng.choice(HATS, p=[0.3, 0.3, 0.1, 0.2, 0.1]))
    sideways = rng.random()
    return Hat(
        kind=kind,
        rim=float(rng.uniform(-0.075, -0.045)),
        slope=float(rng.uniform(0.2, 0.55)),
        thick=float(rng.uniform(0.007, 0.013)),
        height=float(rng.uniform(0.004, 0.05) if kind == "beanie" else rng.uniform(0.004, 0.02)),
        peak=float(rng.uniform(0.05, 0.08)),
        turned=float(np.pi if sideways > 0.9 else rng.normal(0, 0.12)),
        opening=(float(rng.uniform(0.060, 0.075)), float(rng.uniform(0.085, 0.11))),
    )


def wear_hat(bust: Bust, rng: np.random.Generator, hat: Hat, look: Look) -> list[Surface]:
    """The surfaces of a hat."""
    cut = Look(look.recolour, look.finish, look.detail, Strands(ragged=0.0))
    if hat.kind in ("headscarf", "hood"):
        return [_scarf(bust, rng, hat, cut)]
    surfaces = [_dome(bust, rng, hat, cut, "hat", 0.0)]
    if hat.kind == "beanie" and rng.random() < 0.7:
        turned_up = Hat(kind="band", rim=hat.rim, slope=hat.slope, thick=hat.thick + 0.004, height=0.0)
        surfaces.append(_dome(bust, rng, turned_up, cut, "hat/fold", 0.0))
    if hat.kind == "cap":
        surfaces.append(_peak(bust, hat, look))
    return surfaces


def wear_neck_scarf(bust: Bust, rng: np.random.Generator, look: Look) -> Surface:
    """A scarf wound round the neck."""
    chin = bust.landmarks[152, 1]
    azimuth = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    middle = chin + rng.uniform(0.035, 0.06)
    radius = np.minimum(bust.radius_around(azimuth, np.array([middle]))[0], 0.085)
    thick, tall = rng.uniform(0.012, 0.022), rng.uniform(0.025, 0.045)
    angle = 2 * np.pi * np.arange(10) / 10
    folds = 1 + 0.15 * np.sin(3 * azimuth[None] + 4 * angle[:, None] + rng.uniform(0, 6))
    reach = radius[None] + thick + thick * folds * np.cos(angle)[:, None]
    drop = middle + 0.018 * np.cos(azimuth)[None] * -1 + tall * folds * np.sin(angle)[:, None]
    rings = np.concatenate([reach, reach[:1]]), np.concatenate([drop, drop[:1]])
    return _swept("scarf", azimuth, *rings, look)


def _swept(
    name: str,
    azimuth: Float[np.ndarray, "a"],
    reach: Float[np.ndarray, "h a"],
    y: Float[np.ndarray, "h a"],
    look: Look,
    keep: Float[np.ndarray, "n"] | None = None,
) -> Surface:
    """Cloth swept round the vertical axis of the skull."""
    x, z = reach * np.sin(azimuth), reach * np.cos(azimuth) + SKULL_CENTRE[2]
    positions = np.stack([x, np.broadcast_to(y, x.shape), z], axis=-1).reshape(-1, 3)
    triangles = grid_triangles(len(reach), reach.shape[1], closed=True)
    regions = np.zeros((len(positions), 4))
    regions[:, 3] = 1.0
    if keep is not None:
        regions[:, 1] = keep
    normals = smooth_normals(positions, triangles)
    outward = unit((positions - SKULL_CENTRE) * [1.0, 0.4, 1.0])
    normals *= np.where((normals * outward).sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    return plain_surface(name, positions, triangles, look, normals=normals, regions=regions)


def _dome(bust: Bust, rng: np.random.Generator, hat: Hat, look: Look, name: str, extra: float) -> Surface:
    """Cloth over the skull from below the rim to the top, clipped at the rim."""
    skull = bust.positions[(bust.positions[:, 1] < -0.03)]
    # Ears are not under the dome.
    skull = skull[np.abs(skull[:, 0]) < np.percentile(np.abs(skull[:, 0]), 99.5) + 0.002] - SKULL_CENTRE
    azimuth = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    # Polar angle from straight up to a little below the skull's middle.
    polar = np.linspace(0.0, 0.62 * np.pi, ROWS)
    towards = np.stack(
        [
            np.sin(polar)[:, None] * np.sin(azimuth),
            -np.cos(polar)[:, None] * np.ones_like(azimuth),
            np.sin(polar)[:, None] * np.cos(azimuth),
        ],
        axis=-1,
    )
    radius = np.linalg.norm(skull, axis=1)
    near = towards.reshape(-1, 3) @ (skull / radius[:, None]).T
    weight = np.exp((near - 1) / 0.012)
    reach = ((weight * radius).sum(axis=1) / weight.sum(axis=1)).reshape(polar.size, -1) + hat.thick + extra
    up = np.clip(np.cos(polar), 0, 1)[:, None]
    lumps = np.sin(towards.reshape(-1, 3) @ rng.normal(0, 5, (3, 5)) + rng.uniform(0, 6, 5)).mean(axis=1)
    reach = reach + hat.height * up**2 + (0.1 * hat.height + 0.0015) * lumps.reshape(reach.shape)
    positions = (SKULL_CENTRE + reach[..., None] * towards).reshape(-1, 3)
    return _swept(
        name,
        azimuth,
        (reach * np.sin(polar)[:, None]),
        (SKULL_CENTRE[1] + reach * towards[..., 1]),
        look,
        keep=hat.inside(positions),
    )


def _peak(bust: Bust, hat: Hat, look: Look) -> Surface:
    """The peak of a cap: a curved plate that starts at the rim."""
    angle = np.linspace(-1.15, 1.15, 17)
    out = np.linspace(0, 1, 5)[:, None]
    front = bust.radius_around(np.pi + angle, np.array([hat.rim - 0.006]))[0] + hat.thick - 0.004
    reach = front + hat.peak * out * np.cos(1.25 * angle) ** 0.7
    around = np.pi - angle + hat.turned
    x, z = reach * np.sin(around), reach * np.cos(around) + SKULL_CENTRE[2]
    rim = hat.rim + hat.slope * (z * 0 + front * np.cos(around) + SKULL_CENTRE[2] + 0.06)
    y = rim - 0.003 + 0.022 * np.sin(angle) ** 2 * out + 0.16 * hat.peak * out**1.5 + 0.02 * np.sin(angle) ** 2
    positions = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    below = positions + [0.0, 0.0025, 0.0]
    triangles = grid_triangles(5, 17)
    return plain_surface(
        "hat/peak", np.concatenate([positions, below]), np.concatenate([triangles, triangles + len(positions)]), look
    )


def _scarf(bust: Bust, rng: np.random.Generator, hat: Hat, look: Look) -> Surface:
    """Cloth from the crown over the shoulders that leaves the face free."""
    azimuth = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    top = float(bust.positions[:, 1].min())
    loose = 0.010 if hat.kind == "headscarf" else 0.024
    widest = top + 0.085
    dome = np.linspace(0, 0.5 * np.pi, 10)
    y = np.concatenate([widest - (0.085 + loose) * np.cos(dome), np.linspace(widest, 0.21, 16)[1:]])
    # Above the widest part of the skull a dome, below it as far out as the head is, and not round the arms.
    reach = np.minimum(bust.radius_around(azimuth, np.maximum(y, widest)), 0.15)
    reach[:10] *= np.sin(dome)[:, None]
    chin = bust.landmarks[152, 1]
    folds = np.sin(3 * azimuth[None] + 30 * y[:, None] + rng.uniform(0, 6)) * 0.004
    # Below the chin cloth hangs from jaw to chest.
    hang = rise(y, chin - 0.02, chin + 0.03)[:, None]
    reach = reach + loose + hang * (0.012 + folds)
    x, z = reach * np.sin(azimuth), reach * np.cos(azimuth)
    middle = 0.5 * (bust.landmarks[10, 1] + chin)
    front = np.hypot(x / hat.opening[0], (y[:, None] - middle) / hat.opening[1]) - 1
    keep = np.where(z + SKULL_CENTRE[2] < 0.03, front * 0.06, 0.06)
    return _swept(hat.kind, azimuth, reach, np.broadcast_to(y[:, None], reach.shape), look, keep=keep.ravel())
