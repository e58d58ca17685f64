"""What the data folder has to wear: eyes, teeth, clothes, brows, lashes, and its hair in many cuts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from ..camera import Matrix4
from ..geometry import transform
from .anatomy import in_metres
from .appearance import Colour, Finish, Look, brow_look, draw_cloth, draw_eyes, draw_teeth
from .bust import Bust
from .hair import Hair
from .headwear import Hat
from .makehuman import MakeHuman
from .surfaces import Surface, cut_surface, rounded, smooth_normals

RECEDED = 0.012
"""Metres from which on a hairline clips hair of the data folder, too: below, its own hairline is as good."""


class Wardrobe:
    """Dresses one body."""

    def __init__(self, data: MakeHuman, base: Float[np.ndarray, "v 3"], head_from_base: Matrix4) -> None:
        self.data, self._base, self._head_from_base = data, base, head_from_base

    def in_head(self, vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """MakeHuman's vertices as points of the head frame, metres."""
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
            normals,
            proxy.mesh,
            keep=np.ones(len(proxy.mesh.triangles), bool),
            regions=np.zeros((len(positions), 4)),
            texture=texture,
            look=look,
            transparent=transparent,
        )


def draw_worn(
    wardrobe: Wardrobe, rng: np.random.Generator, *, male: bool, brow_colour: Colour, outfits: list[str]
) -> Iterator[Surface]:
    """Eyes, teeth, tongue, clothes, brows and lashes, in the order in which they are drawn."""
    data = wardrobe.data
    irises = sorted((data.folder / "eyes" / "materials").glob("*.mhmat"))
    yield from wardrobe.wear("eyes/high-poly/high-poly", draw_eyes(rng), material=irises[rng.integers(len(irises))])
    teeth = rng.choice(data.names("teeth"))
    yield from wardrobe.wear(f"teeth/{teeth}/{teeth}", draw_teeth(rng))
    yield from wardrobe.wear("tongue/tongue01/tongue01", Look(finish=Finish(specular=0.3, gloss=40.0)))
    odds = np.array([1.0 if name.startswith("male") == male else 0.12 for name in outfits])
    outfit = rng.choice(outfits, p=odds / odds.sum())
    yield from wardrobe.wear(f"clothes/{outfit}/{outfit}", draw_cloth(rng))
    brows, lashes = rng.choice(data.names("eyebrows")), rng.choice(data.names("eyelashes"))
    yield from wardrobe.wear(
        f"eyebrows/{brows}/{brows}", brow_look(brow_colour, rng.uniform(0.35, 0.75)), transparent=True
    )
    yield from wardrobe.wear(f"eyelashes/{lashes}/{lashes}", brow_look((0.01, 0.008, 0.007), 1.0), transparent=True)


def worn_hair(
    wardrobe: Wardrobe, rng: np.random.Generator, hair: Hair, bust: Bust, hat: Hat | None
) -> Iterator[Surface]:
    """Hair of the data folder: cut, thinned, frizzed, in several layers; nothing of it under a hat."""
    if hair.kind != "proxy":
        return
    receded = max(hair.hairline.height, hair.hairline.temples, hair.hairline.crown) > RECEDED
    waves, phases = rng.normal(0, 160, (3, 3, 4)), rng.uniform(0, 6, (3, 4))
    for layer, further in enumerate((1.0, *hair.layers)):
        for surface in wardrobe.wear(
            f"hair/{hair.proxy}/{hair.proxy}",
            hair.look,
            thickness=hair.thickness * further,
            mirrored=hair.mirrored,
            transparent=True,
        ):
            positions = surface.positions.astype(np.float64)
            inside = hair.cut.inside(positions)
            if receded:
                inside = np.minimum(inside, hair.hairline.inside(positions, bust.landmarks) + 0.004)
            if hat is not None:
                inside = np.minimum(inside, 0.002 - hat.inside(positions))
            # Outer layers are loose strands over the first.
            thinning = hair.thinning if layer == 0 else 0.42 + 0.06 * layer
            top, bottom = positions[:, 1].min(), positions[:, 1].max()
            along = (positions[:, 1] - top) / max(bottom - top, 0.05)
            shade = np.full(len(positions), 1.0 - 0.1 * layer)
            moved = np.stack([np.sin(positions @ waves[k] + phases[k]).mean(axis=1) for k in range(3)], axis=1)
            yield replace(
                surface,
                positions=(positions + hair.frizz * (1 + layer) * moved).astype(np.float32),
                normals=rounded(positions, surface.normals).astype(np.float32),
                regions=np.stack([along, inside, np.full(len(positions), thinning), shade], axis=1).astype(np.float32),
            )
