"""People drawn from a seed: MakeHuman shapes, skins, hair and clothes, as textured meshes in the head frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from ..camera import Matrix4
from ..geometry import similarity, transform
from .anatomy import canonical_landmarks, draw_face, draw_smile, in_metres, macro_weights, posture, skin_regions
from .appearance import (
    Colour,
    Finish,
    Look,
    brow_look,
    draw_cloth,
    draw_eyes,
    draw_hair,
    draw_hair_colours,
    draw_skin,
    draw_teeth,
)
from .makehuman import MakeHuman, WavefrontMesh

LOWEST_Y = 0.62
"""Metres below the head's origin at which bodies are cut off: well under the subject box."""
SKULL_CENTRE = np.array([0.0, -0.02, 0.02])


@dataclass(frozen=True, eq=False)
class Surface:
    """One textured mesh of a person."""

    name: str
    positions: Float[np.ndarray, "n 3"]
    """Metres in the head frame."""
    normals: Float[np.ndarray, "n 3"]
    uv: Float[np.ndarray, "n 2"]
    regions: Float[np.ndarray, "n 4"]
    """Beard, cheeks, scalp, lips (see `anatomy.skin_regions`); zero where there is no skin."""
    triangles: Int[np.ndarray, "f 3"]
    texture: Path
    look: Look
    second_texture: Path | None = None
    mix: float = 0.0
    """Share of the second texture."""
    transparent: bool = False
    """Drawn with blended edges: hair, brows, lashes."""


@dataclass(frozen=True, eq=False)
class Person:
    """A person in the head frame."""

    seed: int
    surfaces: tuple[Surface, ...]
    landmarks: Float[np.ndarray, "468 3"]
    """MediaPipe's face landmarks, metres."""


def smooth_normals(positions: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "n 3"]:
    """Vertex normals, triangles weighing by their area."""
    a, b, c = (positions[triangles[:, k]] for k in range(3))
    of_faces = np.repeat(np.cross(b - a, c - a), 3, axis=0)
    normals = np.stack(
        [np.bincount(triangles.ravel(), of_faces[:, axis], minlength=len(positions)) for axis in range(3)], axis=1
    )
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def draw_person(data: MakeHuman, seed: int) -> Person:
    """The person of a seed; the same seed gives the same person."""
    rng = np.random.default_rng([seed, 1])
    skin = data.skins[rng.integers(len(data.skins))]
    male, dark = "female" not in skin.stem, "darkskinned" in skin.stem
    kin = [s for s in data.skins if ("female" not in s.stem) == male]
    other_skin = kin[rng.integers(len(kin))]
    typical_age = {"young": 0.5, "middleage": 0.7, "old": 0.9}.get(skin.stem.split("_")[0], 0.6)
    age = float(np.clip(typical_age + rng.normal(0, 0.07), 0.5, 1.0))
    base = _draw_shape(data, rng, male=male, dark=dark, age=age)
    landmarks_in_base = in_metres(base[data.landmark_vertices])
    head_from_base = similarity(landmarks_in_base, canonical_landmarks(data), with_scale=False)
    landmarks = transform(head_from_base, landmarks_in_base)

    hair_colour, beard_colour = draw_hair_colours(rng, age=age, dark_skinned=dark)
    style = _draw_hair_style(data, rng, male=male)
    shorn = float(rng.uniform(0.75, 1.0) if style else rng.choice([0.0, rng.uniform(0.2, 0.9)]))
    wardrobe = _Wardrobe(data, base, head_from_base)
    worn = list(_draw_worn(wardrobe, rng, male=male, hair_colour=hair_colour, brow_colour=beard_colour, style=style))

    body = data.base
    of_body = body.triangle_group == body.groups.index("body")
    positions = wardrobe.in_head(base)
    hidden = wardrobe.hidden_under([s.name for s in worn if s.name.startswith("clothes/")])
    skin_surface = cut_surface(
        "skin",
        positions,
        smooth_normals(positions, body.triangles[of_body]),
        body,
        keep=of_body & ~hidden[body.triangles].all(axis=1),
        regions=skin_regions(positions, landmarks),
        texture=skin,
        second_texture=other_skin,
        mix=float(rng.choice([0.0, rng.uniform(0, 0.5)])),
        look=draw_skin(rng, male=male, hair=hair_colour, beard=beard_colour, shorn=shorn),
    )
    return Person(seed=seed, surfaces=(skin_surface, *worn), landmarks=landmarks)


def _draw_shape(
    data: MakeHuman, rng: np.random.Generator, *, male: bool, dark: bool, age: float
) -> Float[np.ndarray, "v 3"]:
    """Base vertices of a random adult in a random posture, decimetres."""
    african, asian, caucasian = rng.dirichlet([2.0, 0.35, 0.35] if dark else [0.15, 0.7, 0.9]).tolist()
    feminine = abs(rng.normal(0, 0.15))
    weights = macro_weights(
        gender=float(np.clip(1 - feminine if male else feminine, 0, 1)),
        age=age,
        race=(african, asian, caucasian),
        muscle=float(np.clip(rng.normal(0.5, 0.15), 0, 1)),
        weight=float(np.clip(rng.normal(0.5, 0.2), 0, 1)),
        proportions=float(np.clip(rng.normal(0.55, 0.2), 0, 1)),
    )
    weights |= draw_face(data, rng, sigma=rng.uniform(0.18, 0.26)) | draw_smile(rng)
    return posture(data, data.shape(weights), rng)


def _draw_hair_style(data: MakeHuman, rng: np.random.Generator, *, male: bool) -> str:
    """The name of a hair style; empty for none."""
    styles = [*data.names("hair"), ""]
    short = np.array([s.startswith("short") for s in styles])
    odds = np.where(short, 1.0, 0.15) if male else np.where(short, 0.45, 1.0)
    odds[-1] = 0.9 if male else 0.1
    return str(rng.choice(styles, p=odds / odds.sum()))


class _Wardrobe:
    """Dresses one body."""

    def __init__(self, data: MakeHuman, base: Float[np.ndarray, "v 3"], head_from_base: Matrix4) -> None:
        self.data, self._base, self._head_from_base = data, base, head_from_base

    def in_head(self, vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        return transform(self._head_from_base, in_metres(vertices))

    def hidden_under(self, names: list[str]) -> Bool[np.ndarray, "v"]:
        """Base vertices that disappear under the named proxies."""
        hidden = np.zeros(len(self._base), bool)
        for name in names:
            hidden[[i for i in self.data.proxy(name).hidden if i < len(hidden)]] = True
        return hidden

    def wear(
        self,
        name: str,
        look: Look,
        *,
        material: Path | None = None,
        thickness: float = 1.0,
        hair: bool = False,
        mirrored: bool = False,
        transparent: bool = False,
    ) -> Iterator[Surface]:
        """The proxy of that name on this body; nothing where its texture is missing."""
        proxy = self.data.proxy(name)
        material = material or proxy.material
        texture = self.data.texture(material) if material else None
        if texture is None:
            return
        positions = self.in_head(proxy.fit(self._base, thickness=thickness))
        if mirrored:
            positions = positions * [-1.0, 1.0, 1.0]
        normals = smooth_normals(positions, proxy.mesh.triangles) * (-1.0 if mirrored else 1.0)
        yield cut_surface(
            name,
            positions,
            _rounded(positions, normals) if hair else normals,
            proxy.mesh,
            keep=np.ones(len(proxy.mesh.triangles), bool),
            regions=np.zeros((len(positions), 4)),
            texture=texture,
            look=look,
            transparent=transparent,
        )


def _draw_worn(
    wardrobe: _Wardrobe, rng: np.random.Generator, *, male: bool, hair_colour: Colour, brow_colour: Colour, style: str
) -> Iterator[Surface]:
    """Eyes, teeth, tongue, clothes, brows, lashes and hair, in the order in which they are drawn."""
    data = wardrobe.data
    irises = sorted((data.folder / "eyes" / "materials").glob("*.mhmat"))
    yield from wardrobe.wear("eyes/high-poly/high-poly", draw_eyes(rng), material=irises[rng.integers(len(irises))])
    teeth = rng.choice(data.names("teeth"))
    yield from wardrobe.wear(f"teeth/{teeth}/{teeth}", draw_teeth(rng))
    yield from wardrobe.wear("tongue/tongue01/tongue01", Look(finish=Finish(specular=0.3, gloss=40.0)))
    outfits = [name for name in data.names("clothes") if not name.startswith("shoes")]
    odds = np.array([1.0 if name.startswith("male") == male else 0.12 for name in outfits])
    outfit = rng.choice(outfits, p=odds / odds.sum())
    yield from wardrobe.wear(f"clothes/{outfit}/{outfit}", draw_cloth(rng))
    brows, lashes = rng.choice(data.names("eyebrows")), rng.choice(data.names("eyelashes"))
    yield from wardrobe.wear(
        f"eyebrows/{brows}/{brows}", brow_look(brow_colour, rng.uniform(0.35, 0.75)), transparent=True
    )
    yield from wardrobe.wear(f"eyelashes/{lashes}/{lashes}", brow_look((0.01, 0.008, 0.007), 1.0), transparent=True)
    look, thickness, mirrored = draw_hair(rng, hair_colour), float(rng.uniform(0.92, 1.2)), bool(rng.random() < 0.5)
    if style:
        yield from wardrobe.wear(
            f"hair/{style}/{style}", look, thickness=thickness, mirrored=mirrored, hair=True, transparent=True
        )


def _rounded(positions: Float[np.ndarray, "n 3"], normals: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Normals of hair: cards lit by their own flicker, a head of hair answers light as a rounded whole."""
    outward = (positions - SKULL_CENTRE) * [1.0, 0.6, 1.0]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    turned = normals * np.where((normals * outward).sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    mixed = 0.4 * turned + 0.6 * outward
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def cut_surface(
    name: str,
    positions: Float[np.ndarray, "v 3"],
    normals: Float[np.ndarray, "v 3"],
    mesh: WavefrontMesh,
    *,
    keep: Bool[np.ndarray, "f"],
    regions: Float[np.ndarray, "v 4"],
    texture: Path,
    look: Look,
    second_texture: Path | None = None,
    mix: float = 0.0,
    transparent: bool = False,
) -> Surface:
    """Split vertices where their texture coordinates differ; drop what is not kept or lies far below the head."""
    keep = keep & (positions[mesh.triangles, 1].min(axis=1) < LOWEST_Y)
    corner_vertex, corner_uv = mesh.triangles[keep].ravel(), mesh.triangle_uv[keep].ravel()
    corner = corner_vertex.astype(np.int64) * (len(mesh.uv) + 1) + corner_uv
    _, first, index = np.unique(corner, return_index=True, return_inverse=True)
    vertex = corner_vertex[first]
    return Surface(
        name=name,
        positions=positions[vertex].astype(np.float32),
        normals=normals[vertex].astype(np.float32),
        uv=mesh.uv[corner_uv[first]],
        regions=regions[vertex].astype(np.float32),
        triangles=index.reshape(-1, 3).astype(np.int32),
        texture=texture,
        look=look,
        second_texture=second_texture,
        mix=mix,
        transparent=transparent,
    )
