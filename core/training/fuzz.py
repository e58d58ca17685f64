"""Short hair as shells: layers over the skin on which only the cells of hairs that reach so high are drawn."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .appearance import Look
from .bust import Bust
from .hairlines import rise
from .surfaces import SKULL_CENTRE, Drawn, Surface, plain_surface, unit

SCALP_POLE, BEARD_POLE = (0.0, -0.55, 0.85), (0.0, 0.45, -0.9)
CELLS_ACROSS = 30
"""Hairs along a side of the texture of cells."""
BARE = 0.04
"""Below this share of its length no hair is drawn."""


@dataclass(frozen=True)
class Fuzz:
    """Lengths in metres."""

    length: float = 0.006
    cell: float = 0.0018
    """Between hairs, or tufts of them."""
    comb: tuple[float, float, float] = (0.0, 0.3, 0.0)
    """Where the tips lean, in lengths (head frame)."""
    curl: float = 0.0
    """How far tips stray, in lengths."""
    lumps: float = 0.15
    """Unevenness of the length."""
    shells: int = 8
    ragged: float = 0.006


def shells(
    name: str,
    bust: Bust,
    rng: np.random.Generator,
    fuzz: Fuzz,
    look: Look,
    share: Float[np.ndarray, "n"],
    *,
    pole: tuple[float, float, float],
    keep: Float[np.ndarray, "n"] | None = None,
) -> Surface | None:
    """Fuzz over the part of a bust where `share` (0 to 1, of the full length) is positive; None where there is none.

    pole: direction from the skull's centre to the middle of the hair. keep: metres inside an edge beyond which nothing
    is drawn.
    """
    inner = bust.triangles[(share[bust.triangles] > BARE).any(axis=1)]
    if len(inner) == 0:
        return None
    used, index = np.unique(inner, return_inverse=True)
    triangles = index.reshape(-1, 3)
    root, normal, share = bust.positions[used], bust.normals[used], share[used]
    lumps = 1 + fuzz.lumps * np.sin(root @ rng.normal(0, 120, (3, 4)) + rng.uniform(0, 6, 4)).mean(axis=1) * 1.4
    reach = fuzz.length * share * lumps
    comb = np.asarray(fuzz.comb) - (normal @ np.asarray(fuzz.comb))[:, None] * normal
    flat = _unrolled(root, unit(np.array(pole)))
    wave = np.sin(root @ rng.normal(0, 260, (3, 2)) + rng.uniform(0, 6, 2))
    inside = (share - BARE) * 0.03 if keep is None else np.minimum((share - BARE) * 0.03, keep[used])
    positions, uv, regions, normals = [], [], [], []
    # The outermost first: what it covers need not be drawn again.
    heights = np.linspace(1.0, 0.06, fuzz.shells)
    for t in heights:
        positions.append(root + reach[:, None] * (t * normal + t**1.6 * comb))
        strayed = flat + fuzz.curl * fuzz.length * t**1.3 * wave
        uv.append(strayed / (CELLS_ACROSS * fuzz.cell))
        shade = np.full(len(root), 0.45 + 0.6 * t)
        regions.append(np.stack([np.full(len(root), t), inside, np.zeros(len(root)), shade], axis=1))
        normals.append(unit(normal + 0.35 * comb + 0.15 * rng.normal(size=normal.shape)))
    offsets = len(root) * np.arange(fuzz.shells)
    return plain_surface(
        name,
        np.concatenate(positions),
        (triangles[None] + offsets[:, None, None]).reshape(-1, 3),
        look,
        normals=np.concatenate(normals),
        uv=np.concatenate(uv),
        regions=np.concatenate(regions),
        texture=Drawn.CELLS,
    )


def _unrolled(positions: Float[np.ndarray, "n 3"], pole: Float[np.ndarray, "3"]) -> Float[np.ndarray, "n 2"]:
    """Metres on a map of the head that is true at the pole and torn only opposite to it."""
    side = np.array([1.0, 0.0, 0.0])
    up = np.cross(pole, side)
    towards = unit(positions - SKULL_CENTRE)
    angle = np.arccos(np.clip(towards @ pole, -1, 1))
    around = np.arctan2(towards @ up, towards @ side)
    return 0.095 * angle[:, None] * np.stack([np.cos(around), np.sin(around)], axis=1)


def beard_share(kind: str, bust: Bust, region: Float[np.ndarray, "n"], edge: float) -> Float[np.ndarray, "n"]:
    """How long a beard is at each vertex, 0 to 1. kind: full, goatee, moustache, chin or sides.

    region: where any beard can grow (`anatomy.skin_regions`). edge: metres over which it fades.
    """
    x, y, _ = bust.positions.T
    nose, chin = bust.landmarks[2], bust.landmarks[152]
    mouth = 0.5 * (bust.landmarks[61] + bust.landmarks[291])
    half = abs(bust.landmarks[291][0] - bust.landmarks[61][0]) / 2
    lip = rise(mouth[1] + 0.006 - y, 0.0, edge) * rise(half + 0.010 - np.abs(x), 0.0, edge)
    lip = lip * rise(y - nose[1], 0.0, 0.004)
    below = rise(y - mouth[1], 0.0, edge)
    around = rise(half + 0.012 - np.abs(x), 0.0, 2 * edge)
    shares = {
        "full": np.ones_like(x),
        "moustache": lip,
        "goatee": np.maximum(lip, below * around),
        "chin": below * rise(0.018 - np.abs(x), -0.004, 2 * edge) * rise(y, mouth[1] + 0.012, chin[1]),
        "sides": np.maximum(rise(np.abs(x), 0.04, 0.055), rise(y, chin[1] - 0.02, chin[1] - 0.005)),
    }
    return region * shares[kind]
