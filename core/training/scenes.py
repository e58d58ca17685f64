"""Pictures of people: an off-screen OpenGL renderer that runs on the CPU (EGL, llvmpipe) or a GPU alike."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from ..camera import Camera
from .lighting import Lighting
from .people import Person, Surface
from .shaders import PERSON_FRAGMENT, PERSON_VERTEX, SHADOW_FRAGMENT, SHADOW_VERTEX

NEAR, FAR = 0.03, 8.0
"""Clipping planes, metres."""
SUPERSAMPLING = 2
SHADOW_SIZE = 1024
SKY_MAP_SIZE = 192
SHADOW_BIAS, HAIR_SHADOW_BIAS = 0.005, 0.016
"""Metres by which a surface may lie behind the shadow map's and still be lit; cards of hair shade each other patchily."""
SCENE_CENTRE, SCENE_RADIUS = np.array([0.0, 0.12, 0.05]), 0.62
"""A sphere round everything that is drawn, metres in the head frame."""


@dataclass(frozen=True, eq=False)
class Picture:
    """What one camera sees of a person."""

    rgba: UInt8[np.ndarray, "h w 4"]
    """Straight alpha."""
    depth: Float[np.ndarray, "h w"]
    """Metres along the optical axis to the nearest surface of the pixel, 0 where there is none."""


@dataclass
class _Uploaded:
    surface: Surface
    buffers: list[Any]
    picture_array: Any
    shadow_array: Any


class SceneRenderer:
    """Draws one person at a time, into pictures of up to `size` pixels a side; one OpenGL context each."""

    def __init__(self, size: int) -> None:
        import moderngl

        self._gl = moderngl
        self.context = moderngl.create_standalone_context(backend="egl")
        self.size = size
        self._picture_program = self.context.program(PERSON_VERTEX, PERSON_FRAGMENT)
        self._shadow_program = self.context.program(SHADOW_VERTEX, SHADOW_FRAGMENT)
        side = size * SUPERSAMPLING
        self._colour = self.context.texture((side, side), 4)
        self._depth = self.context.depth_texture((side, side))
        self._frame = self.context.framebuffer([self._colour], self._depth)
        self._shadow = self._depth_target(SHADOW_SIZE)
        self._sky = self._depth_target(SKY_MAP_SIZE)
        self._textures: dict[Path, tuple[Any, float]] = {}
        self._grain = self._upload_grain()
        self._loaded: list[_Uploaded] = []

    def _depth_target(self, side: int) -> Any:
        depth = self.context.depth_texture((side, side))
        depth.compare_func = ""
        depth.filter = (self._gl.NEAREST, self._gl.NEAREST)
        depth.repeat_x = depth.repeat_y = False
        return self.context.framebuffer(depth_attachment=depth)

    def _upload_grain(self) -> Any:
        """A tiling texture of noise: blurred at three scales, one per channel."""
        from scipy.ndimage import gaussian_filter

        noise = np.random.default_rng(7).standard_normal((3, 256, 256))
        channels = []
        for plane, blur in zip(noise, (10.0, 1.2, 3.0), strict=True):
            soft = gaussian_filter(plane, blur, mode="wrap")
            channels.append(np.clip(0.5 + 0.2 * soft / soft.std(), 0, 1))
        texture = self.context.texture((256, 256), 3, (255 * np.stack(channels, -1)).astype(np.uint8).tobytes())
        texture.build_mipmaps()
        texture.filter = (self._gl.LINEAR_MIPMAP_NEAREST, self._gl.LINEAR)
        return texture

    def _texture(self, path: Path) -> tuple[Any, float]:
        """A texture on the device and the typical luminance of its opaque part (linear)."""
        if path not in self._textures:
            from PIL import Image

            image = Image.open(path)
            opaque = image.mode in ("RGB", "L") and "transparency" not in image.info
            pixels = np.asarray(image.convert("RGB" if opaque else "RGBA"))
            if not opaque:
                pixels = _bleed_colours(pixels)
            small = pixels[::8, ::8].astype(np.float32) / 255
            weight = small[..., 3] + 1e-6 if not opaque else np.ones(small.shape[:2])
            luminance = small[..., :3] ** 2.2 @ np.array([0.2126, 0.7152, 0.0722])
            # Weighted by itself, so that a black surround of hair or cloth does not count.
            weight = weight * luminance + 1e-9
            mean = float(np.clip((luminance * weight).sum() / weight.sum(), 0.004, 1))
            flipped = np.ascontiguousarray(pixels[::-1])
            texture = self.context.texture((pixels.shape[1], pixels.shape[0]), pixels.shape[2], flipped.tobytes())
            texture.build_mipmaps()
            texture.filter = (self._gl.LINEAR_MIPMAP_NEAREST, self._gl.LINEAR)
            self._textures[path] = texture, mean
        return self._textures[path]

    # ------------------------------------------------------------------------------------- a person

    def load(self, person: Person, lighting: Lighting) -> None:
        """Make this person, in this light, the one that is drawn."""
        for old in self._loaded:
            for part in (old.picture_array, old.shadow_array, *old.buffers):
                part.release()
        self._loaded = [self._upload(surface) for surface in person.surfaces]
        self._lighting = lighting
        self._shadow_from_world = _towards(lighting.lamp_directions[0])
        self._draw_shadow(self._shadow, self._shadow_from_world)
        for uploaded, ambient in zip(self._loaded, self._bake_sky(person, lighting), strict=True):
            uploaded.buffers[1].write(ambient.astype("f4").tobytes())

    def _upload(self, surface: Surface) -> _Uploaded:
        vertices = np.concatenate([surface.positions, surface.normals, surface.uv, surface.regions], axis=1)
        fixed = self.context.buffer(np.ascontiguousarray(vertices, "f4").tobytes())
        ambient = self.context.buffer(reserve=max(12 * len(vertices), 12))
        indices = self.context.buffer(np.ascontiguousarray(surface.triangles, "i4").tobytes() or bytes(12))
        picture = self.context.vertex_array(
            self._picture_program,
            [(fixed, "3f 3f 2f 4f", "position", "normal", "uv", "regions"), (ambient, "3f", "ambient")],
            indices,
        )
        shadow = self.context.vertex_array(
            self._shadow_program, [(fixed, "3f 3x4 2f 4x4", "position", "uv")], indices
        )
        return _Uploaded(surface, [fixed, ambient, indices], picture, shadow)

    def _draw_shadow(self, target: Any, clip_from_world: np.ndarray) -> None:
        target.use()
        self.context.viewport = (0, 0, *target.size)
        target.clear(depth=1.0)
        self.context.enable_only(self._gl.DEPTH_TEST)
        self._shadow_program["clip_from_world"].write(clip_from_world.T.astype("f4").tobytes())
        self._shadow_program["skin"] = 0
        for uploaded in self._loaded:
            self._texture(uploaded.surface.texture)[0].use(0)
            uploaded.shadow_array.render()

    def _bake_sky(self, person: Person, lighting: Lighting) -> list[np.ndarray]:
        """Light of the sky at each vertex, dimmed where the person is in its own way (ambient occlusion)."""
        positions = np.concatenate([s.positions for s in person.surfaces]).astype(np.float64)
        normals = np.concatenate([s.normals for s in person.surfaces]).astype(np.float64)
        lifted = positions + 0.003 * normals
        received = np.zeros((len(positions), 3))
        side = SKY_MAP_SIZE
        for direction, colour in zip(lighting.sky_directions, lighting.sky_colours, strict=True):
            facing = np.clip(normals @ direction, 0, None)
            clip_from_world = _towards(direction)
            self._draw_shadow(self._sky, clip_from_world)
            depth = np.frombuffer(self._sky.depth_attachment.read(), "f4").reshape(side, side)
            at = lifted @ clip_from_world[:3, :3].T + clip_from_world[:3, 3]
            column, row = (np.clip((0.5 * at[:, k] + 0.5) * side, 0, side - 1).astype(int) for k in range(2))
            free = depth[row, column] > 0.5 * at[:, 2] + 0.5 - 0.004
            received += (facing * free)[:, None] * colour
        # The mean of the clipped cosine over the sphere is a quarter; a little light always arrives by bounces.
        received = 4 / len(lighting.sky_directions) * received + 0.06 * lighting.sky_colours.mean(axis=0)
        return np.split(received, np.cumsum([len(s.positions) for s in person.surfaces])[:-1])

    # ------------------------------------------------------------------------------------ a picture

    def render(self, camera: Camera, *, exposure: float = 1.0) -> Picture:
        """What `camera` sees; the camera is square and no larger than the renderer."""
        side = camera.width * SUPERSAMPLING
        self._frame.use()
        self.context.viewport = (0, 0, side, side)
        self._frame.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        program, light = self._picture_program, self._lighting
        program["clip_from_world"].write(clip_from_world(camera).T.astype("f4").tobytes())
        program["shadow_from_world"].write(self._shadow_from_world.T.astype("f4").tobytes())
        program["eye"] = tuple(camera.position_in_world.tolist())
        program["lamp_direction"].write(light.lamp_directions.astype("f4").tobytes())
        program["lamp_colour"].write(light.lamp_colours.astype("f4").tobytes())
        program["sky_tint"] = (1.0, 1.0, 1.0)
        program["shadow_softness"] = light.shadow_softness
        program["exposure"] = exposure
        for unit, name in enumerate(("skin", "second_skin", "grain", "shadow")):
            program[name] = unit
        self._grain.use(2)
        self._shadow.depth_attachment.use(3)
        self.context.enable_only(self._gl.DEPTH_TEST)
        self._frame.depth_mask = True
        for uploaded in self._loaded:
            self._draw(uploaded, layer=0)
        self.context.enable(self._gl.BLEND)
        self.context.blend_func = (
            self._gl.ONE,
            self._gl.ONE_MINUS_SRC_ALPHA,
            self._gl.ONE,
            self._gl.ONE_MINUS_SRC_ALPHA,
        )
        self._frame.depth_mask = False
        for uploaded in self._loaded:
            if uploaded.surface.transparent:
                self._draw(uploaded, layer=1)
        self._frame.depth_mask = True
        return self._read(camera)

    def _draw(self, uploaded: _Uploaded, *, layer: int) -> None:
        surface, program = uploaded.surface, self._picture_program
        texture, mean = self._texture(surface.texture)
        texture.use(0)
        (self._texture(surface.second_texture)[0] if surface.second_texture else texture).use(1)
        recolour, finish, detail = surface.look.recolour, surface.look.finish, surface.look.detail
        program["mix_share"] = surface.mix
        program["layer"] = layer
        program["shadow_bias"] = (HAIR_SHADOW_BIAS if surface.transparent else SHADOW_BIAS) / (2 * SCENE_RADIUS)
        program["opaque_alpha"] = 0.6 if surface.transparent else 0.3
        program["lab_shift"] = recolour.shift
        program["chroma"] = recolour.chroma
        program["hue"] = recolour.hue
        program["dye"] = recolour.dye
        program["dye_amount"] = recolour.dye_amount
        program["mean_luminance"] = mean
        for name in ("specular", "gloss", "bump", "translucent", "stripes"):
            program[name] = getattr(finish, name)
        for name in ("freckles", "mottle", "stubble", "shorn", "lipstick", "lip_colour"):
            program[name] = getattr(detail, name)
        program["hair_colour"] = detail.hair
        uploaded.picture_array.render()

    def _read(self, camera: Camera) -> Picture:
        n, s, side = camera.width, SUPERSAMPLING, camera.width * SUPERSAMPLING
        viewport = (0, 0, side, side)
        raw = np.frombuffer(self._frame.read(viewport=viewport, components=4), np.uint8)
        full = self.size * s
        depths = np.frombuffer(self._depth.read(), "f4").reshape(full, full)[:side, :side]
        premultiplied = raw.reshape(n, s, n, s, 4).astype(np.float32).mean(axis=(1, 3))
        alpha = premultiplied[..., 3:]
        colour = np.where(alpha > 0, premultiplied[..., :3] * 255 / np.maximum(alpha, 1e-3), 0)
        rgba = np.concatenate([colour, alpha], axis=-1)
        nearest = depths.reshape(n, s, n, s).min(axis=(1, 3)).astype(np.float64)
        metres = 2 * FAR * NEAR / (FAR + NEAR - (2 * nearest - 1) * (FAR - NEAR))
        return Picture(
            rgba=np.clip(np.rint(rgba), 0, 255).astype(np.uint8),
            depth=np.where(nearest < 1.0, metres, 0.0).astype(np.float32),
        )


def clip_from_world(camera: Camera) -> Float[np.ndarray, "4 4"]:
    """OpenGL's matrix of a pinhole camera.

    Clip y grows with the picture's rows, so that the first row that is read back is the top one. Pixel 0's centre
    is half a pixel inside the picture's edge.
    """
    w, h = camera.width, camera.height
    clip_from_camera = np.array(
        [
            [2 * camera.fx / w, 0, (2 * camera.cx + 1) / w - 1, 0],
            [0, 2 * camera.fy / h, (2 * camera.cy + 1) / h - 1, 0],
            [0, 0, (FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)],
            [0, 0, 1, 0],
        ]
    )
    return clip_from_camera @ camera.camera_from_world


def _towards(direction: np.ndarray) -> Float[np.ndarray, "4 4"]:
    """Orthographic view of the scene's sphere from a far light."""
    side = np.cross([0.0, 1.0, 0.0] if abs(direction[1]) < 0.9 else [1.0, 0.0, 0.0], direction)
    side /= np.linalg.norm(side)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([side, np.cross(direction, side), -direction]) / SCENE_RADIUS
    matrix[:3, 3] = -matrix[:3, :3] @ SCENE_CENTRE
    return matrix


def _bleed_colours(rgba: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 4"]:
    """Fill what is transparent with the colours beside it, so that no dark fringe is filtered in."""
    from PIL import Image

    alpha = rgba[..., 3:].astype(np.float32) / 255
    weighted = np.concatenate([rgba[..., :3] * alpha, 255 * alpha], axis=-1).astype(np.uint8)
    height, width = rgba.shape[:2]
    filled = np.zeros((height, width, 3), np.float32)
    missing = np.ones((height, width, 1), np.float32)
    for factor in (4, 16, 64):
        small = Image.fromarray(weighted).resize((max(width // factor, 1), max(height // factor, 1)), Image.Resampling.BOX)
        coarse = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR)).astype(np.float32)
        known = np.minimum(coarse[..., 3:] / 32, 1.0) * missing
        filled += known * coarse[..., :3] * 255 / np.maximum(coarse[..., 3:], 1)
        missing -= known
    colour = rgba[..., :3] * alpha + np.clip(filled, 0, 255) * (1 - alpha)
    return np.concatenate([colour.astype(np.uint8), rgba[..., 3:]], axis=-1)
