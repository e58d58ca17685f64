"""Glasses: rims, bridge and temples of random make, fitted to a face so that nothing of it comes through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .appearance import Colour, Finish, Look, Recolour, as_colour
from .bust import Bust
from .hairlines import rise
from .surfaces import Surface, grid_triangles, plain_surface, unit

AROUND, SECTION = 36, 6
"""Points round a lens, and round the wire of a rim."""


@dataclass(frozen=True)
class Glasses:
    """Lengths in metres."""

    width: float = 0.050
    height: float = 0.038
    power: float = 2.6
    """Of the lens' outline: 2 an ellipse, 6 nearly a rectangle."""
    droop: float = 0.0
    """How much the outer lower corner hangs down, as aviators do."""
    bridge: float = 0.018
    rim: float = 0.0012
    """Radius of the rim; 0 where there is none."""
    deep: float = 1.4
    """Depth of the rim over its height."""
    half: bool = False
    """No rim below."""
    wrap: float = 1.2
    """Curvature round the face, 1/m."""
    colour: Colour = (0.01, 0.01, 0.012)
    gloss: float = 60.0
    tint: Colour = (0.3, 0.3, 0.3)
    opacity: float = 0.08
    """Of the lenses; those of sunglasses are opaque (1)."""


def draw_glasses(rng: np.random.Generator) -> Glasses:
    """Round, square, half-rimmed or aviator; of metal, horn or coloured plastic; dark now and then."""
    kind = rng.choice(["round", "square", "soft", "aviator", "half", "rimless"], p=[0.18, 0.22, 0.28, 0.1, 0.15, 0.07])
    metal = kind in ("aviator", "half", "rimless") or rng.random() < 0.3
    width = float(rng.uniform(0.045, 0.056))
    share = {"round": (0.88, 1.0), "aviator": (0.78, 0.9)}.get(str(kind), (0.6, 0.82))
    power = {"round": 2.0, "square": rng.uniform(3.5, 6), "half": rng.uniform(2.6, 4), "aviator": 2.5}
    metals = ((0.35, 0.34, 0.33), (0.45, 0.32, 0.13), (0.03, 0.03, 0.032), (0.3, 0.18, 0.12))
    horn = ((0.008, 0.008, 0.009), (0.05, 0.02, 0.01), (0.12, 0.05, 0.02), (0.4, 0.38, 0.35))
    colours = metals if metal else horn
    colour = colours[rng.integers(4)] if rng.random() < 0.85 else as_colour(rng.random(3) ** 2 * 0.5)
    dark = rng.random() < 0.12
    tint = (0.008, 0.008, 0.009) if rng.random() < 0.6 else as_colour(rng.random(3) ** 2 * 0.06)
    return Glasses(
        width=width,
        height=width * float(rng.uniform(*share)),
        power=float(power.get(str(kind), rng.uniform(2.4, 3.2))),
        droop=float(rng.uniform(0.12, 0.25)) if kind == "aviator" else float(rng.uniform(0, 0.06)),
        bridge=float(rng.uniform(0.014, 0.022)),
        rim=0.0 if kind == "rimless" else float(rng.uniform(0.0005, 0.0009) if metal else rng.uniform(0.0010, 0.0024)),
        deep=1.0 if metal else float(rng.uniform(1.0, 1.8)),
        half=bool(kind == "half"),
        wrap=float(rng.uniform(0.4, 2.2)),
        colour=colour,
        gloss=float(rng.uniform(30, 120)),
        tint=tint if dark else (0.35, 0.36, 0.37),
        opacity=1.0 if dark else float(rng.uniform(0.035, 0.13)),
    )


def wear_glasses(bust: Bust, glasses: Glasses, eyes: Float[np.ndarray, "n 3"]) -> Iterator[Surface]:
    """Frame and lenses on a face. eyes: vertices of the eyeballs, which the lenses must clear."""
    centre = _middle(bust)
    outlines = [_outline(glasses, centre, side) for side in (-1, 1)]
    depth = _depth_at(bust, glasses, eyes, centre, outlines)

    def placed(xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 3"]:
        return np.concatenate([xy, depth(xy)[:, None]], axis=1)

    metal = Look(Recolour(dye=glasses.colour, dye_amount=1.0), Finish(specular=1.0, gloss=glasses.gloss))
    radius = max(glasses.rim, 0.0005)
    wires: list[tuple[np.ndarray, np.ndarray]] = []
    for side, outline in zip((-1, 1), outlines, strict=True):
        if glasses.rim > 0:
            rim = placed(outline)
            if glasses.half:
                # From one side over the top to the other.
                wires.append(_wire(rim[: AROUND // 2 + 1], radius, deep=glasses.deep))
            else:
                wires.append(_wire(rim, radius, deep=glasses.deep, closed=True))
        wires.append(_wire(_temple(bust, placed, outline, side), 1.0 * max(radius, 0.0009), deep=1.8))
    inner = [outline[np.argmin(np.abs(outline[:, 0]))] for outline in outlines]
    lift = np.array([0.0, -0.12 * glasses.height])
    arch = [inner[0] + lift, 0.5 * (inner[0] + inner[1]) + 1.6 * lift, inner[1] + lift]
    bridge = placed(np.concatenate([np.linspace(arch[0], arch[1], 5)[:-1], np.linspace(arch[1], arch[2], 5)]))
    bridge[:, 2] -= 0.002
    wires.append(_wire(bridge, 1.15 * radius, deep=glasses.deep))
    positions, triangles = _joined(wires)
    yield plain_surface("glasses/frame", positions, triangles, metal)
    lenses = []
    for outline in outlines:
        middle = outline.mean(axis=0)
        rings = np.concatenate([middle + share * (outline - middle) for share in (0.05, 0.5, 0.99)])
        lenses.append((placed(rings), grid_triangles(3, AROUND, closed=True)))
    positions, triangles = _joined(lenses)
    look = Look(
        Recolour(dye=glasses.tint, dye_amount=1.0), Finish(specular=1.0, gloss=240.0, clear=min(glasses.opacity, 1.0))
    )
    yield plain_surface("glasses/lenses", positions, triangles, look, transparent=glasses.opacity < 1)


def _middle(bust: Bust) -> Float[np.ndarray, "2"]:
    """Between the eyes, where the bridge sits, x and y."""
    return np.array([bust.landmarks[168, 0], bust.landmarks[[33, 133, 362, 263], 1].mean() + 0.003])


def _outline(glasses: Glasses, centre: Float[np.ndarray, "2"], side: int) -> Float[np.ndarray, "n 2"]:
    """A lens from in front, from its side over the top and on round."""
    angle = 2 * np.pi * np.arange(AROUND) / AROUND
    c, s = np.cos(angle), np.sin(angle)
    x = 0.5 * glasses.width * np.sign(c) * np.abs(c) ** (2 / glasses.power)
    y = -0.5 * glasses.height * np.sign(s) * np.abs(s) ** (2 / glasses.power)
    y = y + glasses.droop * glasses.height * rise(y, -0.1 * glasses.height, 0.5 * glasses.height) * (0.5 + c)
    # The lower inner corner makes room for the nose.
    x = x + 0.08 * glasses.width * rise(y, 0.0, 0.5 * glasses.height) * np.where(c < 0, 1.0, 0.0)
    return np.stack([side * (x + 0.5 * (glasses.width + glasses.bridge)), y], axis=1) + centre


def _depth_at(
    bust: Bust,
    glasses: Glasses,
    eyes: Float[np.ndarray, "n 3"],
    centre: Float[np.ndarray, "2"],
    outlines: list[Float[np.ndarray, "o 2"]],
) -> Callable[[Float[np.ndarray, "n 2"]], Float[np.ndarray, "n"]]:
    """z of the curved plane of the lenses: as near to the face as lids, lashes, brows and cheeks allow."""
    tilt = 0.10

    def plane(xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n"]:
        return tilt * (xy[:, 1] - centre[1]) + glasses.wrap * (xy[:, 0] - centre[0]) ** 2

    face = np.concatenate([bust.positions[bust.positions[:, 2] < -0.02], eyes])
    within = np.zeros(len(face), bool)
    for outline in outlines:
        middle, half = outline.mean(axis=0), 0.5 * np.ptp(outline, axis=0)
        within |= (((face[:, :2] - middle) / half) ** 2).sum(axis=1) < 1
    # The flanks of the nose pass between the lenses.
    within &= np.abs(face[:, 0] - centre[0]) > 0.5 * glasses.bridge + 0.005
    face = face[within]
    nearest = float((face[:, 2] - plane(face[:, :2])).min(initial=0.0)) - 0.003
    lids = float(bust.landmarks[[159, 145, 386, 374], 2].min()) - 0.007
    start = min(nearest, lids)
    return lambda xy: start + plane(xy)


def _temple(
    bust: Bust,
    placed: Callable[[Float[np.ndarray, "n 2"]], Float[np.ndarray, "n 3"]],
    outline: Float[np.ndarray, "o 2"],
    side: int,
) -> Float[np.ndarray, "k 3"]:
    """From the rim's outer end back to the ear and down behind it."""
    hinge = placed(outline[[np.argmax(side * outline[:, 0])]] + [0.0, -0.006])[0] + [0.002 * side, 0, 0]
    ear = bust.landmarks[454 if side > 0 else 234]
    root = np.array([0.0, min(ear[1] - 0.018, hinge[1] + 0.012), ear[2] + 0.018])
    # Beside the head, not in it: as far out as the skin is along the way.
    path = []
    for share in np.linspace(0, 1, 6):
        at = (1 - share) * hinge + share * root
        near = bust.positions[
            (np.abs(bust.positions[:, 1] - at[1]) < 0.010)
            & (np.abs(bust.positions[:, 2] - at[2]) < 0.010)
            & (side * bust.positions[:, 0] > 0)
        ]
        skin = float(np.percentile(side * near[:, 0], 60)) if len(near) else 0.0
        path.append(np.array([side * max(skin + 0.0025, side * hinge[0] if share < 0.5 else 0.0), at[1], at[2]]))
    end = path[-1]
    path += [end + [0, 0.006, 0.010], end + [-0.002 * side, 0.022, 0.016], end + [-0.004 * side, 0.036, 0.018]]
    return np.array([hinge, *path])


def _wire(
    path: Float[np.ndarray, "k 3"], radius: float, *, deep: float, closed: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """A tube along a path that is `deep` times as deep (z) as it is high."""
    around = np.concatenate([path[-1:], path, path[:1]]) if closed else np.concatenate([path[:1], path, path[-1:]])
    tangent = unit(around[2:] - around[:-2])
    deepest = np.array([0.0, 0.0, 1.0]) - tangent * tangent[:, 2:]
    length = np.linalg.norm(deepest, axis=1, keepdims=True)
    second = np.where(length > 0.3, deepest / np.maximum(length, 1e-6), unit(np.cross(tangent, [1.0, 0.0, 0.0])))
    first = np.cross(tangent, second)
    angle = 2 * np.pi * np.arange(SECTION) / SECTION
    circle = np.cos(angle)[:, None] * first[:, None] + deep * np.sin(angle)[:, None] * second[:, None]
    positions = (path[:, None] + radius * circle).reshape(-1, 3)
    triangles = grid_triangles(len(path), SECTION, closed=True)
    if closed:
        # The last ring joins the first.
        count = len(positions)
        triangles = grid_triangles(len(path) + 1, SECTION, closed=True) % count
    return positions, triangles


def _joined(meshes: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *(len(positions) for positions, _ in meshes)])
    return (
        np.concatenate([positions for positions, _ in meshes]),
        np.concatenate([triangles + start for (_, triangles), start in zip(meshes, starts[:-1], strict=True)]),
    )
