"""What people look like apart from their shape: colours of skin, hair, eyes and cloth, and how they answer light."""

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

Colour = tuple[float, float, float]
"""Linear RGB."""

HAIR_COLOURS: dict[str, Colour] = {
    "black": (0.012, 0.010, 0.010),
    "dark brown": (0.035, 0.020, 0.012),
    "brown": (0.085, 0.045, 0.024),
    "light brown": (0.19, 0.105, 0.052),
    "dark blond": (0.30, 0.19, 0.09),
    "blond": (0.52, 0.36, 0.18),
    "red": (0.28, 0.075, 0.022),
    "grey": (0.28, 0.27, 0.26),
    "white": (0.62, 0.60, 0.57),
}


@dataclass(frozen=True)
class Recolour:
    """What happens to a texture's colours, in OKLab, before light falls on them."""

    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Added to lightness, green-red and blue-yellow."""
    chroma: float = 1.0
    hue: float = 0.0
    """Rotation of the hue, radians."""
    dye: Colour = (0.5, 0.5, 0.5)
    """Replaces the texture's own colour ..."""
    dye_amount: float = 0.0
    """... by this share, keeping the texture's relief of light and dark."""


@dataclass(frozen=True)
class SkinDetail:
    """Marks on a skin, 0 (none) to 1."""

    freckles: float = 0.0
    mottle: float = 0.0
    """Uneven colour, and redness of cheeks and nose."""
    stubble: float = 0.0
    shorn: float = 0.0
    """Hair cut down to the scalp, or the shade of the roots under hair."""
    lipstick: float = 0.0
    moles: float = 0.0
    shadow: float = 0.0
    """Make-up on the upper lids."""
    shadow_colour: Colour = (0.1, 0.05, 0.08)
    hair: Colour = HAIR_COLOURS["dark brown"]
    """Colour of shorn hair."""
    beard: Colour = HAIR_COLOURS["dark brown"]
    lip_colour: Colour = (0.5, 0.05, 0.06)


@dataclass(frozen=True)
class Strands:
    """What is special about hair: see the last entry of `surfaces.Surface.regions`."""

    fuzz: bool = False
    """Shells of short hair, drawn cell by cell."""
    ragged: float = 0.004
    """How uneven cut edges are, metres."""
    tips: Colour = (0.5, 0.5, 0.5)
    tips_amount: float = 0.0
    """Share of the tips' own colour at the tips."""
    grey: float = 0.0
    """Share of strands that have gone grey."""


@dataclass(frozen=True)
class Finish:
    """How a surface answers light."""

    specular: float = 0.1
    gloss: float = 12.0
    bump: float = 0.0
    """Height of the texture's relief, metres per unit of luminance."""
    translucent: float = 0.0
    """1: light wraps round as it does under skin."""
    stripes: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Pattern woven into cloth: strength, stripes per metre across and along (0: none)."""
    print: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Blots printed on cloth: strength, blots per metre, share of the cloth that they cover."""
    ink: Colour = (0.5, 0.5, 0.5)
    """Of stripes and prints."""
    clear: float = 1.0
    """Opacity of glass; 1 of everything else."""


@dataclass(frozen=True)
class Look:
    """All that a surface needs besides shape and texture."""

    recolour: Recolour = field(default_factory=Recolour)
    finish: Finish = field(default_factory=Finish)
    detail: SkinDetail = field(default_factory=SkinDetail)
    strands: Strands | None = None
    """Of hair and cut cloth only."""


def draw_hair_colours(rng: np.random.Generator, *, age: float, dark_skinned: bool) -> tuple[Colour, Colour]:
    """Of the hair and of beard and brows: natural, greying with age (0.5 to 1); the hair is sometimes dyed."""
    dyed = 0.05 + 0.5 * rng.random(3) ** 1.5 if rng.random() < 0.04 else None
    shares = np.array([0.2, 0.2, 0.17, 0.12, 0.09, 0.09, 0.06, 0.03, 0.01])
    if dark_skinned:
        shares *= [4, 3, 1, 0.4, 0.2, 0.3, 0.2, 1, 1]
    shares[-2:] += max(0.0, age - 0.7) * np.array([2.2, 1.6])
    name = rng.choice(list(HAIR_COLOURS), p=shares / shares.sum())
    natural = np.array(HAIR_COLOURS[name]) * np.exp(rng.normal(0, 0.25) + rng.normal(0, 0.06, 3))
    return as_colour(natural if dyed is None else dyed), as_colour(natural)


def as_colour(rgb: Float[np.ndarray, "3"]) -> Colour:
    """Three numbers as a colour."""
    red, green, blue = rgb.tolist()
    return red, green, blue


def draw_cloth_colour(rng: np.random.Generator) -> Colour:
    """Any colour, more often muted than garish."""
    vivid = rng.random(3) ** 1.6
    return as_colour(0.02 + 0.7 * (vivid.mean() + rng.beta(1.2, 1.6) * (vivid - vivid.mean())))


def draw_skin(rng: np.random.Generator, *, male: bool, hair: Colour, beard: Colour, shorn: float) -> Look:
    """A skin of shifted tone with freckles, redness, stubble or lipstick."""
    return Look(
        recolour=Recolour(
            shift=(float(rng.normal(0.01, 0.045)), float(rng.normal(-0.002, 0.005)), float(rng.normal(0, 0.006))),
            chroma=float(np.exp(rng.normal(-0.12, 0.12))),
        ),
        finish=Finish(
            specular=float(rng.uniform(0.15, 0.5)),
            gloss=float(rng.uniform(10, 35)),
            bump=float(rng.uniform(0.0002, 0.0006)),
            translucent=1.0,
        ),
        detail=SkinDetail(
            freckles=float(rng.choice([0.0, rng.uniform(0.2, 1.0)], p=[0.75, 0.25])),
            mottle=float(rng.uniform(0.1, 0.8)),
            moles=float(rng.choice([0.0, rng.uniform(0.4, 1.0)], p=[0.5, 0.5])),
            shadow=float(rng.uniform(0.2, 0.7)) if not male and rng.random() < 0.35 else 0.0,
            shadow_colour=as_colour(0.02 + 0.2 * rng.random(3) ** 2),
            stubble=float(rng.choice([0.0, rng.uniform(0.1, 0.8)], p=[0.4, 0.6])) if male else 0.0,
            shorn=shorn,
            lipstick=0.0 if male else float(rng.choice([0.0, rng.uniform(0.2, 0.9)], p=[0.6, 0.4])),
            hair=hair,
            beard=beard,
            lip_colour=(float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.02, 0.12)), float(rng.uniform(0.03, 0.15))),
        ),
    )


def draw_cloth(rng: np.random.Generator) -> Look:
    """Cloth in its own colours turned, or dyed; plain, striped, checked or printed."""
    dyed = rng.random() < 0.6
    pattern = float(rng.choice([0.0, rng.uniform(0.2, 0.9)], p=[0.7, 0.3]))
    printed = float(rng.uniform(0.3, 0.95)) if pattern == 0 and rng.random() < 0.25 else 0.0
    return Look(
        recolour=Recolour(
            shift=(float(rng.normal(0, 0.08)), float(rng.normal(0, 0.01)), float(rng.normal(0, 0.01))),
            hue=float(rng.uniform(-np.pi, np.pi)),
            chroma=float(np.exp(rng.normal(-0.1, 0.3))),
            dye=draw_cloth_colour(rng),
            dye_amount=float(rng.uniform(0.4, 1.0)) if dyed else 0.0,
        ),
        finish=Finish(
            specular=float(rng.uniform(0, 0.12)),
            gloss=8.0,
            bump=0.0004,
            stripes=(pattern, float(rng.choice([0, 1]) * rng.uniform(15, 90)), float(rng.uniform(15, 90))),
            print=(printed, float(rng.uniform(0.8, 7.0)), float(rng.uniform(0.45, 0.75))),
            ink=draw_cloth_colour(rng),
        ),
    )


def draw_fabric(rng: np.random.Generator) -> Look:
    """Cloth that has no texture of its own: of hats and scarves."""
    cloth = draw_cloth(rng)
    return replace(cloth, recolour=Recolour(dye=draw_cloth_colour(rng), dye_amount=1.0))


def draw_eyes(rng: np.random.Generator) -> Look:
    """Eyes; darker than their texture, because lids and lashes shade them more finely than any shadow map."""
    return Look(
        recolour=Recolour(shift=(float(rng.normal(-0.13, 0.025)), 0.0, 0.0), chroma=float(np.exp(rng.normal(0, 0.3)))),
        finish=Finish(specular=0.5, gloss=120.0),
    )


def draw_teeth(rng: np.random.Generator) -> Look:
    """Teeth, whiter or yellower."""
    return Look(
        recolour=Recolour(shift=(float(rng.normal(-0.1, 0.03)), 0.0, float(abs(rng.normal(0, 0.02))))),
        finish=Finish(specular=0.3, gloss=60.0),
    )


def draw_hair(rng: np.random.Generator, colour: Colour) -> Look:
    """Hair on the head."""
    return Look(
        recolour=Recolour(dye=colour, dye_amount=1.0),
        finish=Finish(specular=float(rng.uniform(0.05, 0.4)), gloss=float(rng.uniform(10, 30))),
    )


def brow_look(colour: Colour, darkness: float) -> Look:
    """Brows or lashes: one colour, no relief."""
    red, green, blue = (darkness * c for c in colour)
    return Look(recolour=Recolour(dye=(red, green, blue), dye_amount=1.0), finish=Finish(specular=0.03))
