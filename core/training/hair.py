"""The hair of one person: which kind, how it is cut and coloured, and what grows on the chin."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from .appearance import Colour, Look, Strands, as_colour, draw_hair
from .bust import Bust
from .fuzz import BEARD_POLE, SCALP_POLE, Fuzz, beard_share, shells
from .hairlines import Cut, Hairline, draw_cut, draw_hairline, rise
from .headwear import Hat
from .strands import HairStyle, draw_style, grow
from .surfaces import Surface

BEARDS = ("full", "goatee", "moustache", "chin", "sides")


@dataclass(frozen=True)
class Hair:
    """How hair is worn."""

    kind: str
    """bald, proxy (a mesh of the data folder), grown or fuzz."""
    proxy: str
    look: Look
    hairline: Hairline
    cut: Cut
    style: HairStyle
    fuzz: Fuzz
    faded: float
    """How much shorter fuzz is at the sides, 0 to 1."""
    thickness: float
    """How far a proxy stands off, relative to how it was made."""
    mirrored: bool
    frizz: float
    """Displacement of a proxy, metres."""
    thinning: float
    layers: tuple[float, ...]
    """Thicknesses of further, thinner copies of a proxy."""
    shorn: float
    """Of the scalp's paint (`SkinDetail.shorn`)."""
    beard: tuple[str, Fuzz] | None


def draw_hair_of(
    rng: np.random.Generator,
    *,
    male: bool,
    dark: bool,
    age: float,
    colour: Colour,
    proxies: list[str],
    only_proxies: bool,
    eye_y: float,
) -> Hair:
    """Hair and beard. only_proxies: nothing procedural but the cut of what the data folder has."""
    odds = (
        {"bald": 0.08, "fuzz": 0.24, "grown": 0.42, "proxy": 0.26}
        if male
        else {"bald": 0.01, "fuzz": 0.07, "grown": 0.55, "proxy": 0.37}
    )
    if dark:
        odds["fuzz"] += 0.25
    if only_proxies:
        odds = {"bald": 0.15 if male else 0.03, "proxy": 0.85}
    kind = str(rng.choice(list(odds), p=np.array(list(odds.values())) / sum(odds.values())))
    short = np.array([name.startswith("short") for name in proxies])
    liking = np.where(short, 1.0, 0.15) if male else np.where(short, 0.45, 1.0)
    proxy = str(rng.choice(proxies, p=liking / liking.sum()))
    cut = draw_cut(rng, eye_y)
    ageing = max(0.0, age - 0.55)
    dyed = rng.random() < (0.1 if male else 0.25)
    look = draw_hair(rng, colour)
    strands = Strands(
        ragged=cut.ragged,
        tips=as_colour(np.clip(np.asarray(colour) * np.exp(rng.normal(0.7, 0.5)), 0.005, 0.6)),
        tips_amount=float(rng.uniform(0.3, 1.0)) if dyed else float(rng.uniform(0, 0.25)),
        grey=float(np.clip(rng.normal(1.2 * ageing, 0.12), 0, 0.8)) if rng.random() < 0.5 else 0.0,
    )
    shorn = float(rng.uniform(0.8, 1.0)) if kind != "bald" else float(rng.choice([0.0, rng.uniform(0.2, 0.9)]))
    afro = rng.random() < (0.5 if dark else 0.2) or (not male and rng.random() < 0.6)
    layers = rng.uniform(1.05, 1.25, rng.choice([0, 1, 2], p=[0.5, 0.35, 0.15]))
    return Hair(
        kind=kind,
        proxy=proxy,
        look=replace(look, strands=strands),
        hairline=draw_hairline(rng, male=male, age=age),
        cut=cut,
        style=draw_style(rng, male=male),
        fuzz=_draw_afro(rng) if afro else _draw_crop(rng),
        faded=float(rng.uniform(0.3, 0.9)) if not afro and rng.random() < 0.7 else 0.0,
        thickness=float(rng.uniform(0.9, 1.25)),
        mirrored=bool(rng.random() < 0.5),
        frizz=float(rng.uniform(0.001, 0.006)) if rng.random() < 0.5 else 0.0,
        thinning=float(rng.uniform(0.1, 0.4)) if rng.random() < 0.4 else 0.0,
        layers=tuple(layers.tolist()),
        shorn=shorn,
        beard=_draw_beard(rng) if male and not only_proxies and rng.random() < 0.45 else None,
    )


def _draw_crop(rng: np.random.Generator) -> Fuzz:
    length = float(np.exp(rng.uniform(np.log(0.003), np.log(0.022))))
    return Fuzz(
        length=length,
        cell=float(rng.uniform(0.0014, 0.0028)),
        comb=(float(rng.normal(0, 0.3)), float(rng.uniform(-0.3, 0.5)), float(rng.normal(0, 0.5))),
        curl=float(rng.uniform(0, 0.5)),
        lumps=float(rng.uniform(0.05, 0.35)),
        shells=4 if length < 0.006 else 7,
        ragged=float(rng.uniform(0.003, 0.01)),
    )


def _draw_afro(rng: np.random.Generator) -> Fuzz:
    length = float(rng.uniform(0.012, 0.05))
    return Fuzz(
        length=length,
        cell=float(rng.uniform(0.0025, 0.0065)),
        comb=(0.0, float(rng.uniform(-0.2, 0.3)), 0.0),
        curl=float(rng.uniform(0.1, 0.4)),
        lumps=float(rng.uniform(0.1, 0.45)),
        shells=int(np.clip(length / 0.004, 7, 12)),
        ragged=0.012,
    )


def _draw_beard(rng: np.random.Generator) -> tuple[str, Fuzz]:
    kind = str(rng.choice(BEARDS, p=[0.5, 0.2, 0.17, 0.06, 0.07]))
    longest = {"moustache": 0.012, "goatee": 0.025}.get(kind, 0.045)
    length = min(float(np.exp(rng.normal(np.log(0.008), 0.7))), longest)
    return kind, Fuzz(
        length=length,
        cell=float(rng.uniform(0.0014, 0.0026)),
        comb=(float(rng.normal(0, 0.1)), float(rng.uniform(0.3, 0.9)), float(rng.uniform(-0.1, 0.2))),
        curl=float(rng.uniform(0, 0.5)),
        lumps=float(rng.uniform(0.1, 0.4)),
        shells=5 if length < 0.007 else 8,
        ragged=float(rng.uniform(0.004, 0.012)),
    )


def grown_hair(bust: Bust, rng: np.random.Generator, hair: Hair, hat: Hat | None) -> Iterator[Surface]:
    """What of the hair is not a proxy's: ribbons or fuzz; nothing under a hat."""
    hidden = None if hat is None else hat.inside(bust.positions)
    if hair.kind == "grown":
        surface = grow(bust, rng, hair.style, hair.look, hairline=hair.hairline, cut=hair.cut, hidden=hidden)
        if surface is not None:
            yield surface
    elif hair.kind == "fuzz":
        y = bust.positions[:, 1]
        inside = hair.hairline.inside(bust.positions, bust.landmarks)
        share = rise(inside, -0.006, 0.016) * rise(-y, -0.065, -0.04)
        share = share * (1 - hair.faded * (1 - rise(-y, 0.0, 0.09)))
        if hidden is not None:
            share = share * rise(-hidden, -0.02, 0.0)
        look = _fuzzy(hair.look, hair.fuzz)
        surface = shells("fuzz", bust, rng, hair.fuzz, look, share, pole=SCALP_POLE, keep=inside)
        if surface is not None:
            yield surface


def grown_beard(
    bust: Bust, rng: np.random.Generator, hair: Hair, region: Float[np.ndarray, "n"], colour: Colour
) -> Iterator[Surface]:
    """The beard, where there is one. region: see `fuzz.beard_share`."""
    if hair.beard is None:
        return
    kind, fuzz = hair.beard
    look = replace(hair.look, recolour=replace(hair.look.recolour, dye=colour))
    share = beard_share(kind, bust, region, float(rng.uniform(0.004, 0.01)))
    surface = shells("beard", bust, rng, fuzz, _fuzzy(look, fuzz), share, pole=BEARD_POLE)
    if surface is not None:
        yield surface


def _fuzzy(look: Look, fuzz: Fuzz) -> Look:
    strands = look.strands or Strands()
    return replace(look, strands=replace(strands, fuzz=True, ragged=fuzz.ragged))
