"""Hair that is grown: ribbons of strands that start on the scalp, are combed, bend under their weight and curl."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .appearance import Look
from .bust import Bust
from .hairlines import Cut, Hairline, rise
from .surfaces import SKULL_CENTRE, Drawn, Surface, plain_surface, rounded, unit

SLOTS = 8
"""Ribbons side by side in the texture of strands."""
Comb = str
COMBS: tuple[Comb, ...] = ("parted", "back", "forward", "up", "down", "tied", "bun")


@dataclass(frozen=True)
class HairStyle:
    """Lengths in metres."""

    comb: Comb = "parted"
    length: float = 0.1
    spread: float = 0.15
    """Standard deviation of the logarithm of the lengths."""
    part: float = 0.0
    """Where the hair is parted, to the person's left."""
    lift: float = 0.3
    """How steeply it leaves the scalp: 0 flat, 1 upright."""
    volume: float = 0.012
    """How far the outer strands stand off."""
    bend: float = 0.06
    """Length over which a strand gives way to its weight."""
    curl: float = 0.0
    """Radius of waves."""
    wavelength: float = 0.04
    frizz: float = 0.0005
    width: float = 0.011
    """Of a ribbon at its root."""
    count: int = 420
    tie: tuple[float, float] = (-0.03, 0.11)
    """Height and depth of the knot of hair that is tied back."""


def draw_style(rng: np.random.Generator, *, male: bool) -> HairStyle:
    """From a crop to hair over the shoulders, straight to frizzy."""
    length = float(np.exp(rng.uniform(np.log(0.018), np.log(0.10 if rng.random() < 0.85 else 0.3))))
    if not male and rng.random() < 0.8:
        length = float(np.exp(rng.uniform(np.log(0.07), np.log(0.42))))
    odds = np.array([0.36, 0.2, 0.34, 0.1, 0.0, 0.0, 0.0])
    if length > 0.07:
        odds = np.array([0.62, 0.12, 0.0, 0.03, 0.08, 0.12 if length > 0.12 else 0.0, 0.07])
    curly = rng.random()
    curl = 0.0 if curly < 0.45 else rng.uniform(0.002, 0.008) if curly < 0.8 else rng.uniform(0.006, 0.018)
    return HairStyle(
        comb=str(rng.choice(COMBS, p=odds / odds.sum())),
        length=length,
        spread=float(rng.uniform(0.05, 0.3)),
        part=float(rng.choice([0.0, rng.uniform(-0.045, 0.045)], p=[0.3, 0.7])),
        lift=float(0.05 + 0.75 * rng.random() ** 1.6),
        volume=float(rng.uniform(0.004, 0.02)),
        bend=float(np.exp(rng.uniform(np.log(0.015), np.log(0.09)))),
        curl=float(min(curl, 0.25 * length)),
        wavelength=float(rng.uniform(0.018, 0.07)),
        frizz=float(rng.uniform(0.0, 0.0025) * (2.0 if curly > 0.8 else 1.0)),
        width=float(rng.uniform(0.008, 0.012) if length < 0.07 else rng.uniform(0.010, 0.016)),
        count=int(rng.integers(520, 680)),
        tie=(float(rng.uniform(-0.07, 0.02)), float(rng.uniform(0.095, 0.115))),
    )


def grow(
    bust: Bust,
    rng: np.random.Generator,
    style: HairStyle,
    look: Look,
    *,
    hairline: Hairline,
    cut: Cut,
    hidden: Float[np.ndarray, "n"] | None = None,
) -> Surface | None:
    """The hair of a head; None where the hairline leaves nothing.

    hidden: metres that each vertex of the bust lies inside a hat's rim, negative outside; nothing grows inside.
    """
    y = bust.positions[:, 1]
    weight = rise(hairline.inside(bust.positions, bust.landmarks), -0.002, 0.012) * rise(-y, -0.062, -0.035)
    if hidden is not None:
        weight = weight * rise(-hidden, -0.02, 0.0)
    roots, normals = bust.sampled(rng, style.count, weight)
    if len(roots) == 0:
        return None
    length = style.length * np.exp(style.spread * rng.normal(size=len(roots)))
    paths = _tied(bust, rng, style, roots, normals) if style.comb in ("tied", "bun") else None
    if paths is None:
        paths = _fallen(bust, rng, style, roots, normals, length)
    paths = _curled(rng, style, paths)
    return _ribbons(bust, rng, style, look, paths, cut)


def _combed(
    rng: np.random.Generator, style: HairStyle, roots: Float[np.ndarray, "s 3"], normals: Float[np.ndarray, "s 3"]
) -> Float[np.ndarray, "s 3"]:
    """The direction in which each strand leaves the scalp."""
    side = np.tanh((roots[:, 0] - style.part) / 0.012)
    ahead = rise(-roots[:, 2], -0.04, 0.05)
    fields = {
        "parted": np.stack([side, 0.35 + 0 * side, 0.35 - 0.5 * ahead], 1),
        "back": np.stack([0.25 * side, -0.15 + 0 * side, 1 + 0 * side], 1),
        "forward": np.stack([0.25 * side, 0.2 + 0 * side, -1.2 * rise(-roots[:, 1], 0.02, 0.08)], 1),
        "up": np.stack([0.2 * side, -1 + 0 * side, 0.1 + 0 * side], 1),
        "down": np.stack([0.4 * side, 1 + 0 * side, 0.6 - 1.0 * ahead], 1),
    }
    towards = fields[style.comb] + rng.normal(0, 0.16, roots.shape)
    along = towards - (towards * normals).sum(axis=1, keepdims=True) * normals
    steep = style.lift * (1.0 if style.comb == "up" else 0.55)
    return unit((1 - steep) * unit(along) + steep * normals)


def _fallen(
    bust: Bust,
    rng: np.random.Generator,
    style: HairStyle,
    roots: Float[np.ndarray, "s 3"],
    normals: Float[np.ndarray, "s 3"],
    length: Float[np.ndarray, "s"],
) -> Float[np.ndarray, "k s 3"]:
    """Strands that bend under their weight and lie on head and shoulders."""
    steps = int(np.clip(style.length / 0.022, 5, 11))
    step = (length / steps)[:, None]
    velocity, points = _combed(rng, style, roots, normals), [roots]
    layer = style.volume * rng.random(len(roots)) ** 0.7
    for k in range(steps):
        velocity = unit(velocity + step / style.bend * np.array([0.0, 1.0, 0.0]))
        velocity = unit(velocity + step * _off_the_face(points[-1], style))
        moved = points[-1] + step * velocity
        # Off the scalp quickly, off the cloth on the shoulders by more.
        stand_off = layer * min(1.0, (k + 1) / 2) + 0.012 * rise(moved[:, 1], 0.09, 0.15) + 0.001
        moved = bust.pushed_out(moved, stand_off)
        velocity = unit(moved - points[-1])
        points.append(moved)
    return np.stack(points)


def _off_the_face(points: Float[np.ndarray, "s 3"], style: HairStyle) -> Float[np.ndarray, "s 3"]:
    """A pull to the sides on what hangs before the eyes, per metre of hair."""
    x, y, z = points.T
    before = rise(-z, 0.02, 0.05) * rise(y, -0.085, -0.05) * rise(-np.abs(x), -0.07, -0.05)
    side = np.where(x > 0.6 * style.part, 1.0, -1.0)
    return 70.0 * before[:, None] * np.stack([side, 0 * side, 0.3 + 0 * side], axis=1)


def _tied(
    bust: Bust,
    rng: np.random.Generator,
    style: HairStyle,
    roots: Float[np.ndarray, "s 3"],
    normals: Float[np.ndarray, "s 3"],
) -> Float[np.ndarray, "k s 3"]:
    """Strands drawn over the skull to a knot, and on from there: a tail, or wound into a bun."""
    knot = np.array([[0.0, style.tie[0], style.tie[1]]])
    for _ in range(3):
        # The nearest vertex changes on the way out.
        knot = bust.pushed_out(knot, 0.006)
    knot = knot[0]
    start, end = roots - SKULL_CENTRE, knot - SKULL_CENTRE
    points = [roots]
    layer = 0.006 * rng.random(len(roots)) + 0.002
    for share in (0.2, 0.4, 0.6, 0.8, 0.95):
        between = unit((1 - share) * unit(start) + share * unit(end)[None])
        radius = (1 - share) * np.linalg.norm(start, axis=1) + share * np.linalg.norm(end)
        at = bust.pushed_out(SKULL_CENTRE + radius[:, None] * between, layer)
        points.append(bust.pushed_out(at, layer))
    count = len(roots)
    if style.comb == "bun":
        size = rng.uniform(0.022, 0.04)
        turns, tip = rng.uniform(0, 2 * np.pi, count), unit(rng.normal(size=(count, 3)))
        across = unit(np.cross(tip, rng.normal(size=(count, 3))))
        middle = knot + unit(end) * 0.7 * size
        for angle in np.linspace(0, 1.8, 5):
            c, s = np.cos(turns + angle)[:, None], np.sin(turns + angle)[:, None]
            points.append(middle + size * (c * tip + s * across))
        return np.stack(points)
    length = style.length * np.exp(0.2 * rng.normal(size=count))
    velocity = unit(unit(end) + rng.normal(0, 0.12, (count, 3)))
    at = knot + rng.normal(0, 0.007, (count, 3))
    points.append(at)
    for _ in range(5):
        velocity = unit(velocity + (length / 5 / style.bend)[:, None] * np.array([0.0, 1.0, 0.0]))
        at = bust.pushed_out(at + (length / 5)[:, None] * velocity, 0.012)
        points.append(at)
    return np.stack(points)


def _curled(
    rng: np.random.Generator, style: HairStyle, paths: Float[np.ndarray, "k s 3"]
) -> Float[np.ndarray, "k s 3"]:
    """Waves of neighbours in step with each other, and frizz that is not."""
    along = np.concatenate(
        [np.zeros((1, paths.shape[1])), np.cumsum(np.linalg.norm(np.diff(paths, axis=0), axis=2), axis=0)]
    )
    waves = rng.normal(0, 28, (3, 2))
    phase = paths[0] @ waves + rng.normal(0, 0.5, (paths.shape[1], 2))
    # Six samples a wave at least, or the ribbon would cut its corners.
    spacing = float(np.median(along[-1])) / max(len(paths) - 1, 1)
    turns = 2 * np.pi * along / max(style.wavelength, 3.2 * spacing)
    grown = style.curl * np.minimum(along / 0.03, 1.0)
    tangent = unit(np.gradient(paths, axis=0))
    outward = unit(paths - SKULL_CENTRE)
    aside = unit(np.cross(tangent, outward))
    waved = paths + (grown * np.sin(turns + phase[:, 0]))[..., None] * aside
    waved += (0.7 * grown * (1 + np.sin(turns + phase[:, 1])))[..., None] * outward
    frizz = style.frizz * np.minimum(along / 0.02, 1.0)[..., None]
    return waved + frizz * rng.normal(size=paths.shape)


def _ribbons(
    bust: Bust,
    rng: np.random.Generator,
    style: HairStyle,
    look: Look,
    paths: Float[np.ndarray, "k s 3"],
    cut: Cut,
) -> Surface:
    """A textured ribbon along every path, lying flat on the head."""
    steps, count = paths.shape[:2]
    tangent, outward = unit(np.gradient(paths, axis=0)), unit((paths - SKULL_CENTRE) * [1.0, 0.5, 1.0])
    twist = rng.normal(0, 0.35, count)[None, :, None]
    flat = unit(np.cross(tangent, outward))
    across = np.cos(twist) * flat + np.sin(twist) * np.cross(flat, tangent)
    along = np.linspace(0, 1, steps)
    width = style.width * rng.uniform(0.7, 1.3, count)[None] * (1 - 0.45 * along[:, None] ** 2)
    reach = 0.5 * width[..., None] * across
    positions = np.stack([paths - reach, paths + reach], axis=2)
    shape = (steps, count, 2)
    slot = rng.integers(SLOTS, size=count)
    flip = rng.random(count) < 0.5
    u = (slot[:, None] + np.where(flip[:, None], [1.0, 0.0], [0.0, 1.0])) / SLOTS
    normals = np.cross(across, tangent)
    # Dark at the roots and under other hair, no two ribbons quite alike.
    height = np.clip(bust.distance(paths[steps // 2]) / max(style.volume, 0.004), 0, 1)
    shade = (0.62 + 0.38 * np.minimum(along * 2.5, 1))[:, None] * (0.75 + 0.25 * height)
    shade = shade * rng.uniform(0.82, 1.12, count)
    flat_positions = positions.reshape(-1, 3)
    regions = np.stack(
        [
            np.broadcast_to(along[:, None, None], shape).ravel(),
            cut.inside(flat_positions),
            np.zeros(len(flat_positions)),
            np.broadcast_to(shade[..., None], shape).ravel(),
        ],
        axis=1,
    )
    uv = np.stack([np.broadcast_to(u, shape), np.broadcast_to(0.01 + 0.98 * along[:, None, None], shape)], axis=-1)
    index = np.arange(steps * count * 2).reshape(shape)
    a, b, c, d = (part.ravel() for part in (index[:-1, :, 0], index[:-1, :, 1], index[1:, :, 0], index[1:, :, 1]))
    return plain_surface(
        "grown hair",
        flat_positions,
        np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)]),
        look,
        normals=rounded(flat_positions, np.repeat(normals[:, :, None], 2, axis=2).reshape(-1, 3), 0.45),
        uv=uv.reshape(-1, 2),
        regions=regions,
        texture=Drawn.STRANDS,
        transparent=True,
    )
