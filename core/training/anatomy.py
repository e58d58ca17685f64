"""The shape of people: macros, face details, expressions, posture, and the head frame."""

import json
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from .hairlines import FULL, Hairline, rise
from .makehuman import MakeHuman
from .rig import Rig, Rotations, blend_units, read_face_units

CHEEKS = (234, 454)
"""The landmarks whose midpoint is the origin of the head frame."""
OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
"""MediaPipe's outline of the lips, in order."""
FACE_FOLDERS = ("head", "eyes", "nose", "mouth", "chin", "cheek", "ears", "forehead", "eyebrows", "neck")
OPPOSITES = {
    "incr": "decr",
    "up": "down",
    "out": "in",
    "forward": "backward",
    "convex": "concave",
    "uncompress": "compress",
}
EXPRESSION_TARGETS = "expression/units/caucasian"
JAW_UNITS = ("JawDrop", "JawDropStretched")
WIDEST_JAW = 0.75
"""Beyond this the lower teeth come through the chin."""
NECK_SHARES = {"neck01": 0.2, "neck02": 0.2, "neck03": 0.25, "head": 0.35}
"""How a turn of the head spreads over the joints of the neck."""


def macro_weights(
    *,
    gender: float,
    age: float,
    race: tuple[float, float, float],
    muscle: float = 0.5,
    weight: float = 0.5,
    proportions: float = 0.5,
) -> dict[str, float]:
    """MakeHuman's macro targets of an adult, and their weights.

    gender: 0 female to 1 male. age: 0.5 is 25 years, 1 is 90. race: shares of african, asian, caucasian.
    muscle, weight, proportions: 0 to 1, 0.5 the average.
    """
    old = float(np.clip(2 * age - 1, 0, 1))
    ideal = {"idealproportions": max(0.0, 2 * proportions - 1), "uncommonproportions": max(0.0, 1 - 2 * proportions)}
    weights: dict[str, float] = {}
    for g, of_gender in {"male": gender, "female": 1 - gender}.items():
        for a, of_age in {"old": old, "young": 1 - old}.items():
            both = of_gender * of_age
            for r, of_race in zip(("african", "asian", "caucasian"), race, strict=True):
                weights[f"macrodetails/{r}-{g}-{a}"] = both * of_race
            for m, of_muscle in _three_way(muscle, "muscle").items():
                for w, of_weight in _three_way(weight, "weight").items():
                    share = both * of_muscle * of_weight
                    weights[f"macrodetails/universal-{g}-{a}-{m}-{w}"] = share
                    for p, of_ideal in ideal.items():
                        weights[f"macrodetails/proportions/{g}-{a}-{m}-{w}-{p}"] = share * of_ideal
    return weights


def _three_way(value: float, what: str) -> dict[str, float]:
    high, low = max(0.0, 2 * value - 1), max(0.0, 1 - 2 * value)
    return {f"max{what}": high, f"min{what}": low, f"average{what}": 1 - high - low}


def detail_pairs(data: MakeHuman) -> list[tuple[str, str | None]]:
    """Targets of the face as (increase, decrease), the latter None where there is only one way to go."""
    pairs: list[tuple[str, str | None]] = []
    for name in (n for n in data.target_names if n.split("/")[0] in FACE_FOLDERS):
        stem, _, ending = name.rpartition("-")
        if ending in OPPOSITES and data.has_target(f"{stem}-{OPPOSITES[ending]}"):
            pairs.append((name, f"{stem}-{OPPOSITES[ending]}"))
        elif not any(ending == low and data.has_target(f"{stem}-{high}") for high, low in OPPOSITES.items()):
            pairs.append((name, None))
    return pairs


def draw_face(data: MakeHuman, rng: np.random.Generator, *, sigma: float) -> dict[str, float]:
    """Random face details; the two sides of a face share their draw up to a slight asymmetry."""
    weights: dict[str, float] = {}
    for increase, decrease in detail_pairs(data):
        folder, _, name = increase.rpartition("/")
        if name.startswith("r-") or rng.random() > 0.75:
            continue
        draw = float(np.clip(rng.normal(0, sigma), -1, 1))
        if decrease is None:
            draw = 0.6 * abs(draw)
        weights |= _one_way(increase, decrease, draw)
        if name.startswith("l-"):
            other = float(np.clip(draw + rng.normal(0, 0.2 * sigma), -1, 1))
            right = [f"{folder}/r-{n.rpartition('/')[2][2:]}" if n else None for n in (increase, decrease)]
            weights |= _one_way(right[0] or increase, right[1], other)
    return weights


def _one_way(increase: str, decrease: str | None, draw: float) -> dict[str, float]:
    if draw >= 0 or decrease is None:
        return {increase: abs(draw)}
    return {decrease: -draw}


def draw_smile(rng: np.random.Generator) -> dict[str, float]:
    """Targets of a smile, with teeth or without; nothing for most people."""
    if rng.random() > 0.25:
        return {}
    weights = {"mouth-corner-puller": rng.uniform(0.2, 0.8), "mouth-parling": max(0.0, rng.uniform(-0.6, 0.7))}
    return {f"{EXPRESSION_TARGETS}/{unit}": float(amount) for unit, amount in weights.items()}


@cache
def _rig_of(folder: Path, vertex_count: int) -> tuple[Rig, dict[str, Rotations], dict[str, dict[str, float]]]:
    posed = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["unit_poses"]
        for path in sorted((folder / "expressions").glob("*.mhpose"))
    }
    return Rig(folder, vertex_count), read_face_units(folder), posed


def posture(data: MakeHuman, vertices: Float[np.ndarray, "v 3"], rng: np.random.Generator) -> Float[np.ndarray, "v 3"]:
    """Vertices with an expression on the face, a gaze, the head turned on the torso, and the arms hanging."""
    rig, units, expressions = _rig_of(data.folder, len(vertices))
    rotations = blend_units(units, _draw_expression(rng, list(units), expressions))
    turn = rng.normal(0, np.radians([7, 13, 5]))
    for bone, share in NECK_SHARES.items():
        rotations[bone] = share * turn
    gaze = rng.normal(0, np.radians([4, 9, 0]))
    for side, sign in (("L", 1.0), ("R", -1.0)):
        rotations[f"eye.{side}"] = gaze + rng.normal(0, np.radians(0.5), 3)
        rotations[f"upperarm01.{side}"] = np.radians([rng.normal(0, 12), 0, -sign * rng.normal(33, 9)])
        rotations[f"clavicle.{side}"] = np.radians([0, sign * rng.normal(0, 4), sign * rng.normal(0, 3)])
    return rig.pose(vertices, rotations)


def _draw_expression(
    rng: np.random.Generator, units: list[str], expressions: dict[str, dict[str, float]]
) -> dict[str, float]:
    """Shares of the face's units: mostly something faint, often a smile, sometimes anything."""
    names = list(expressions)
    liking = np.array([3.0 if n.startswith(("smile", "laugh")) else 1.0 for n in names])
    liking[[n.startswith("sleep") for n in names]] = 0.3
    strongest = rng.choice([0.3, 1.1], p=[0.4, 0.6])
    shares: dict[str, float] = {}
    for most in (strongest, 0.3):
        name, amount = rng.choice(names, p=liking / liking.sum()), rng.uniform(0.3 * most, most)
        for unit, share in expressions[name].items():
            shares[unit] = shares.get(unit, 0.0) + amount * share
    if rng.random() < 0.15:
        shares["JawDrop"] = shares.get("JawDrop", 0.0) + rng.uniform(0, 0.6)
    for unit in units:
        if unit.startswith(("Left", "Right", "Mouth", "Chin")) and "Eye" not in unit:
            shares[unit] = shares.get(unit, 0.0) + max(0.0, rng.normal(-0.05, 0.08))
    if rng.random() < 0.2:
        # Lids that hang, or close for the moment of a blink.
        drowsy = rng.uniform(0.15, 0.6) if rng.random() < 0.85 else 1.0
        for unit in ("LeftUpperLidClosed", "RightUpperLidClosed"):
            shares[unit] = max(shares.get(unit, 0.0), drowsy)
    shares = {unit: float(np.clip(share, 0, 1.1)) for unit, share in shares.items()}
    opening = sum(shares.get(unit, 0.0) for unit in JAW_UNITS)
    if opening > WIDEST_JAW:
        shares |= {unit: shares[unit] * WIDEST_JAW / opening for unit in JAW_UNITS if unit in shares}
    return shares


def in_metres(vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """MakeHuman's decimetres, y up, face along +z, as metres with y down and z into the head."""
    return vertices.astype(np.float64) * np.array([0.1, -0.1, -0.1])


@cache
def canonical_landmarks(data: MakeHuman) -> Float[np.ndarray, "468 3"]:
    """The landmarks of the mean adult face, metres: they fix the head frame."""
    vertices = data.shape(macro_weights(gender=0.5, age=0.6, race=(1 / 3, 1 / 3, 1 / 3)))
    landmarks = in_metres(vertices[data.landmark_vertices])
    origin = landmarks[list(CHEEKS)].mean(axis=0)
    origin[0] = 0.0
    return landmarks - origin


def skin_regions(
    positions: Float[np.ndarray, "n 3"], landmarks: Float[np.ndarray, "468 3"], hairline: Hairline = FULL
) -> Float[np.ndarray, "n 4"]:
    """How much each vertex of the skin belongs to beard, cheeks, scalp and lips, 0 to 1 (head frame, metres)."""
    x, y, z = positions.T
    nose, chin, ear = landmarks[2], landmarks[152], landmarks[234]
    # The upper edge of a beard climbs from under the nose to the ears.
    edge = nose[1] - 0.035 * rise(np.abs(x) / max(abs(ear[0]), 1e-3), 0.35, 1.0)
    mouth = 0.5 * (landmarks[61] + landmarks[291])
    beard = (
        rise(y, edge, edge + 0.02)
        * (1 - rise(y, chin[1] + 0.005, chin[1] + 0.035))
        * (1 - rise(z, -0.01, 0.03))
        * rise(np.linalg.norm((positions - mouth) / [0.03, 0.013, 0.05], axis=1), 0.8, 1.2)
    )
    spots = landmarks[[50, 280, 1]]
    cheeks = np.exp(-0.5 * (np.linalg.norm(positions[:, None] - spots, axis=2) / 0.016) ** 2).max(axis=1)
    scalp = rise(hairline.inside(positions, landmarks), -0.006, 0.006) * rise(-y, -0.07, -0.03)
    lips = _inside(positions[:, :2], landmarks[list(OUTER_LIPS), :2]) & (z < -0.03)
    return np.stack([beard, cheeks, scalp, lips.astype(float)], axis=1)


def _inside(points: Float[np.ndarray, "n 2"], outline: Float[np.ndarray, "c 2"]) -> Bool[np.ndarray, "n"]:
    """Points within a polygon: those from which a ray crosses its sides an odd number of times."""
    (x, y), (x0, y0), (x1, y1) = points.T[:, :, None], outline.T, np.roll(outline, -1, axis=0).T
    across = (y0 > y) != (y1 > y)
    where = x0 + (y - y0) * (x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0)
    return (across & (x < where)).sum(axis=1) % 2 == 1
