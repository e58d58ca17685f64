"""Textures on the device: pictures from files, and the grain of skin."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from .fuzz import CELLS_ACROSS
from .strands import SLOTS
from .surfaces import Drawn


@dataclass(frozen=True, eq=False)
class Texture:
    """A picture on the device."""

    device: Any
    luminance: float
    """Of its typical opaque part, linear: what counts as middle when it is dyed."""


class Textures:
    """Uploads each picture once to an OpenGL context."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._by_path: dict[Path | Drawn, Texture] = {}
        self.grain = self._upload(_draw_grain())
        """Tiling noise for skin: broad, fine and spotted, one in each channel."""

    def of(self, path: Path | Drawn) -> Texture:
        """The texture of a picture file, or one that is drawn."""
        if path not in self._by_path:
            pixels = draw_pixels(path) if isinstance(path, Drawn) else read_pixels(path)
            self._by_path[path] = Texture(self._upload(pixels), typical_luminance(pixels))
        return self._by_path[path]

    def _upload(self, pixels: UInt8[np.ndarray, "h w c"]) -> Any:
        import moderngl

        height, width, channels = pixels.shape
        # OpenGL's first row is the bottom one, and so is v = 0 in the meshes.
        texture = self._context.texture((width, height), channels, np.ascontiguousarray(pixels[::-1]).tobytes())
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
        return texture


def read_pixels(path: Path) -> UInt8[np.ndarray, "h w c"]:
    """RGB, or RGBA where a picture has transparent parts; those are given the colours beside them."""
    from PIL import Image

    with Image.open(path) as image:
        opaque = image.mode in ("RGB", "L") and "transparency" not in image.info
        pixels = np.asarray(image.convert("RGB" if opaque else "RGBA"))
    return pixels if opaque else bleed_colours(pixels)


def typical_luminance(pixels: UInt8[np.ndarray, "h w c"]) -> float:
    """Linear luminance of a texture's opaque part; light parts count more, so that a black surround does not count."""
    small = pixels[::8, ::8].astype(np.float64) / 255
    luminance = small[..., :3] ** 2.2 @ np.array([0.2126, 0.7152, 0.0722])
    alpha = small[..., 3] if small.shape[-1] == 4 else np.ones(luminance.shape)
    weight = luminance * (alpha + 1e-6) + 1e-9
    return float(np.clip((luminance * weight).sum() / weight.sum(), 0.004, 1))


def bleed_colours(rgba: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 4"]:
    """Fill what is transparent with the colours beside it, so that filtering brings in no dark fringe."""
    from PIL import Image

    alpha = rgba[..., 3:].astype(np.float32) / 255
    picture = Image.fromarray(rgba)
    filled = np.zeros((*rgba.shape[:2], 3), np.float32)
    missing = np.ones((*rgba.shape[:2], 1), np.float32)
    for factor in (4, 16, 64):
        # Pillow weighs colours by alpha when it resizes, so the coarse colours are those of the opaque parts.
        coarse_size = max(picture.width // factor, 1), max(picture.height // factor, 1)
        coarse = picture.resize(coarse_size, Image.Resampling.BOX).resize(picture.size, Image.Resampling.BILINEAR)
        near = np.asarray(coarse).astype(np.float32)
        known = np.minimum(near[..., 3:] / 32, 1.0) * missing
        filled += known * near[..., :3]
        missing -= known
    colour = rgba[..., :3] * alpha + np.clip(filled, 0, 255) * (1 - alpha)
    return np.concatenate([colour.astype(np.uint8), rgba[..., 3:]], axis=-1)


def draw_pixels(drawn: Drawn) -> UInt8[np.ndarray, "h w c"]:
    """A texture that no file holds; the same on every machine."""
    return {Drawn.WHITE: _draw_white, Drawn.STRANDS: _draw_strands, Drawn.CELLS: _draw_cells}[drawn]()


def _draw_white() -> UInt8[np.ndarray, "8 8 3"]:
    return np.full((8, 8, 3), 188, np.uint8)


def _draw_strands() -> UInt8[np.ndarray, "256 512 4"]:
    """Locks of hair side by side, roots at the bottom: dense in their middle, loose at their edges and tips."""
    rng = np.random.default_rng(8)
    height, width, hairs = 256, 512 // SLOTS, 30
    along = np.linspace(1, 0, height)[:, None, None]
    x = np.arange(width)[None, :, None]
    slots = []
    for _ in range(SLOTS):
        middle = width * (0.5 + 0.36 * np.sign(spread := rng.uniform(-1, 1, hairs)) * np.abs(spread) ** 0.8)
        wiggle = rng.uniform(0, 2.5, hairs) * np.sin(along * rng.uniform(2, 9, hairs) + rng.uniform(0, 6, hairs))
        end = 1 - 0.45 * rng.random(hairs) ** 2.2
        thick = rng.uniform(1.0, 2.1, hairs) * np.clip((end - along) / 0.25, 0.25, 1)
        hair = np.exp(-0.5 * ((x - middle - wiggle) / thick) ** 2) * np.clip((end - along) / 0.03, 0, 1)
        tone = rng.uniform(0.35, 1.0, hairs)
        alpha = 1 - np.prod(1 - 0.92 * hair, axis=2)
        colour = ((hair + 1e-4) ** 2 * tone).sum(axis=2) / ((hair + 1e-4) ** 2).sum(axis=2)
        # Nothing at the sides, so that one lock does not show in the next.
        alpha = alpha * np.clip(np.minimum(x[..., 0], width - 1 - x[..., 0]) / 4, 0, 1)
        slots.append(np.stack([colour, colour, colour, alpha], axis=-1))
    return (255 * np.concatenate(slots, axis=1)).astype(np.uint8)


def _draw_cells() -> UInt8[np.ndarray, "256 256 3"]:
    """Hairs seen from their tips, tiling: how high hair stands (red) and how light it is (green)."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(9)
    side, across = 256, CELLS_ACROSS
    index = np.stack(np.meshgrid(np.arange(across), np.arange(across)), axis=-1).reshape(-1, 2)
    middles = (index + rng.uniform(0.05, 0.95, index.shape)) * side / across % side
    rows, columns = np.mgrid[0:side, 0:side]
    distance, hair = cKDTree(middles, boxsize=side).query(np.stack([columns, rows], axis=-1) + 0.5)
    tall, tone = rng.uniform(0.45, 1.05, len(middles))[hair], rng.uniform(0.3, 1.0, len(middles))[hair]
    height = np.clip(tall * (1 - 0.55 * (distance / (0.6 * side / across)) ** 2), 0, 1)
    return (255 * np.stack([height, tone, tone], axis=-1)).astype(np.uint8)


def _draw_grain() -> UInt8[np.ndarray, "256 256 3"]:
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(7).standard_normal((3, 256, 256))
    blurred = [gaussian_filter(plane, blur, mode="wrap") for plane, blur in zip(noise, (10.0, 1.2, 3.0), strict=True)]
    levels = np.stack([np.clip(0.5 + 0.2 * plane / plane.std(), 0, 1) for plane in blurred], axis=-1)
    return (255 * levels).astype(np.uint8)
