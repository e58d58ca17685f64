"""People drawn from a seed: MakeHuman shapes, skins, hair and clothes, as textured meshes in the head frame."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..geometry import similarity, transform
from .anatomy import canonical_landmarks, draw_face, draw_smile, in_metres, macro_weights, posture, skin_regions
from .appearance import draw_fabric, draw_hair_colours, draw_skin
from .bust import Bust
from .generators import USUAL, Generator
from .hair import draw_hair_of, grown_beard, grown_hair
from .headwear import draw_hat, wear_hat, wear_neck_scarf
from .makehuman import MakeHuman
from .spectacles import draw_glasses, wear_glasses
from .surfaces import Surface, cut_surface, smooth_normals
from .wardrobe import Wardrobe, draw_worn, worn_hair

GLASSES, HATS, NECK_SCARVES = 0.18, 0.08, 0.05
"""Shares of people that wear them."""


@dataclass(frozen=True, eq=False)
class Person:
    """A person in the head frame."""

    seed: int
    surfaces: tuple[Surface, ...]
    landmarks: Float[np.ndarray, "468 3"]
    """MediaPipe's face landmarks, metres."""


def draw_person(data: MakeHuman, seed: int, *, generator: Generator = USUAL) -> Person:
    """The person of a seed; the same seed and generator give the same person.

    Raises UserError where the data folder lacks what the generator draws from.
    """
    rng = np.random.default_rng([seed, 1])
    skins = generator.skins(data)
    skin = skins[rng.integers(len(skins))]
    male, dark = "female" not in skin.stem, "darkskinned" in skin.stem
    kin = [s for s in skins if ("female" not in s.stem) == male]
    other_skin = kin[rng.integers(len(kin))]
    typical_age = {"young": 0.5, "middleage": 0.7, "old": 0.9}.get(skin.stem.split("_")[0], 0.6)
    age = float(np.clip(typical_age + rng.normal(0, 0.07), 0.5, 1.0))
    base = _draw_shape(data, rng, male=male, dark=dark, age=age)
    landmarks_in_base = in_metres(base[data.landmark_vertices])
    head_from_base = similarity(landmarks_in_base, canonical_landmarks(data), with_scale=False)
    landmarks = transform(head_from_base, landmarks_in_base)

    hair_colour, beard_colour = draw_hair_colours(rng, age=age, dark_skinned=dark)
    hair = draw_hair_of(
        rng,
        male=male,
        dark=dark,
        age=age,
        colour=hair_colour,
        proxies=generator.hair(data),
        only_proxies=generator.held_out,
        eye_y=float(landmarks[[33, 263], 1].mean()),
    )
    skin_look = draw_skin(rng, male=male, hair=hair_colour, beard=beard_colour, shorn=hair.shorn)
    second_share = float(rng.choice([0.0, rng.uniform(0, 0.5)]))
    hat = draw_hat(rng) if rng.random() < HATS else None
    glasses = draw_glasses(rng) if rng.random() < GLASSES else None

    body = data.base
    of_body = body.triangle_group == body.groups.index("body")
    wardrobe = Wardrobe(data, base, head_from_base)
    positions = wardrobe.in_head(base)
    normals = smooth_normals(positions, body.triangles[of_body])
    bust = Bust.of(positions, normals, body.triangles[of_body], landmarks)
    worn = list(draw_worn(wardrobe, rng, male=male, brow_colour=beard_colour, outfits=generator.outfits(data)))
    eyes = worn[0].positions.astype(np.float64)
    hidden = wardrobe.hidden_under([s.name for s in worn if s.name.startswith("clothes/")])
    regions = skin_regions(positions, landmarks, hair.hairline)
    skin_surface = cut_surface(
        "skin",
        positions,
        normals,
        body,
        keep=of_body & ~hidden[body.triangles].all(axis=1),
        regions=regions,
        texture=skin,
        second_texture=other_skin,
        mix=second_share,
        look=skin_look,
    )
    # Streams of their own, so that a change of one part leaves the others as they were.
    if rng.random() < NECK_SCARVES:
        worn.append(wear_neck_scarf(bust, np.random.default_rng([seed, 13]), draw_fabric(rng)))
    if hat is not None:
        worn += wear_hat(bust, np.random.default_rng([seed, 12]), hat, draw_fabric(rng))
    grown = np.random.default_rng([seed, 11])
    worn += worn_hair(wardrobe, grown, hair, bust, hat)
    worn += grown_hair(bust, grown, hair, hat)
    bearded = skin_regions(bust.positions, landmarks, hair.hairline)[:, 0]
    worn += grown_beard(bust, np.random.default_rng([seed, 14]), hair, bearded, beard_colour)
    if glasses is not None:
        worn += wear_glasses(bust, glasses, eyes)
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
