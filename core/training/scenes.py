"""Pictures of people: an off-screen OpenGL renderer that runs on the CPU (EGL, llvmpipe) or a GPU alike."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from ..camera import Camera, Matrix4
from ..errors import UserError
from .appearance import Look, Strands
from .lighting import Lighting
from .people import Person
from .shaders import PERSON_FRAGMENT, PERSON_VERTEX, SHADOW_FRAGMENT, SHADOW_VERTEX, shader_source
from .surfaces import Surface
from .textures import Textures

NEAR, FAR = 0.03, 8.0
"""Clipping planes, metres."""
SUPERSAMPLING = 2
SHADOW_SIZE = 1024
SKY_MAP_SIZE = 192
SHADOW_BIAS, HAIR_SHADOW_BIAS = 0.005, 0.016
"""How far (metres) a surface may lie behind the shadow map and be lit still; more where cards of hair overlap."""
WITHIN = ("eyes/", "teeth/", "tongue/")
"""Surfaces inside the head: the sky sees nothing of them that matters."""
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
    picture_program: Any
    picture_array: Any
    shadow_program: Any
    shadow_array: Any


class SceneRenderer:
    """Draws one person at a time, into pictures of up to `size` pixels a side; one OpenGL context each."""

    def __init__(self, size: int) -> None:
        import moderngl

        self._gl = moderngl
        try:
            self.context = moderngl.create_standalone_context(backend="egl")
        except Exception as error:  # moderngl raises a bare Exception where EGL or the driver is missing
            raise UserError(
                f"No pictures can be drawn: OpenGL through EGL does not start ({error}).",
                "Install a driver; Mesa's runs on any processor (Debian: libegl1 and libgl1-mesa-dri).",
            ) from error
        self.size = size
        self._programs: dict[tuple[str, ...], Any] = {}
        side = size * SUPERSAMPLING
        self._colour = self.context.texture((side, side), 4)
        self._depth = self.context.depth_texture((side, side))
        self._frame = self.context.framebuffer([self._colour], self._depth)
        self._shadow = self._depth_target(SHADOW_SIZE)
        self._sky = self._depth_target(SKY_MAP_SIZE)
        self._textures = Textures(self.context)
        self._loaded: list[_Uploaded] = []
        self._lighting: Lighting | None = None

    def _depth_target(self, side: int) -> Any:
        depth = self.context.depth_texture((side, side))
        depth.compare_func = ""
        depth.filter = (self._gl.NEAREST, self._gl.NEAREST)
        depth.repeat_x = depth.repeat_y = False
        return self.context.framebuffer(depth_attachment=depth)

    def load(self, person: Person, lighting: Lighting) -> None:
        """Make this person, in this light, the one that is drawn."""
        for old in self._loaded:
            for part in (old.picture_array, old.shadow_array, *old.buffers):
                part.release()
        self._loaded = [self._upload(surface, lighting.shading) for surface in person.surfaces]
        self._lighting = lighting
        self._lids = person.landmarks[[159, 386]] + [0.0, -0.004, 0.0]
        self._shadow_from_world = _towards(lighting.lamp_directions[0])
        self._draw_shadow(self._shadow, self._shadow_from_world)
        for uploaded, ambient in zip(self._loaded, self._bake_sky(person, lighting), strict=True):
            uploaded.buffers[1].write(ambient.astype("f4").tobytes())

    def _program(self, vertex: str, fragment: str, *defines: str) -> Any:
        if (fragment, *defines) not in self._programs:
            sources = (shader_source(code, *defines) for code in (vertex, fragment))
            self._programs[(fragment, *defines)] = self.context.program(*sources)
        return self._programs[(fragment, *defines)]

    def _upload(self, surface: Surface, shading: tuple[str, ...]) -> _Uploaded:
        vertices = np.concatenate([surface.positions, surface.normals, surface.uv, surface.regions], axis=1)
        fixed = self.context.buffer(np.ascontiguousarray(vertices, "f4").tobytes())
        ambient = self.context.buffer(reserve=max(12 * len(vertices), 12))
        indices = self.context.buffer(np.ascontiguousarray(surface.triangles, "i4").tobytes() or bytes(12))
        kind = _kind(surface.look)
        program = self._program(PERSON_VERTEX, PERSON_FRAGMENT, *kind, *shading)
        picture = self.context.vertex_array(
            program,
            [
                (fixed, *_used(program, "3f position", "3f normal", "2f uv", "4f regions")),
                (ambient, "3f", "ambient"),
            ],
            indices,
        )
        shadow_program = self._program(SHADOW_VERTEX, SHADOW_FRAGMENT, *kind)
        layout = _used(shadow_program, "3f position", "3f normal", "2f uv", "4f regions")
        shadow = self.context.vertex_array(shadow_program, [(fixed, *layout)], indices)
        return _Uploaded(surface, [fixed, ambient, indices], program, picture, shadow_program, shadow)

    def _draw_shadow(self, target: Any, clip_from_world: np.ndarray, *, within: bool = True) -> None:
        """Depths as a far light sees them; `within`: with what is inside the head, too."""
        target.use()
        self.context.viewport = (0, 0, *target.size)
        target.clear(depth=1.0)
        self.context.enable_only(self._gl.DEPTH_TEST)
        self._textures.grain.use(2)
        matrix = clip_from_world.T.astype("f4").tobytes()
        for uploaded in self._loaded:
            surface = uploaded.surface
            if surface.look.finish.clear < 1 or (not within and surface.name.startswith(WITHIN)):
                continue
            program, strands = uploaded.shadow_program, surface.look.strands
            program["clip_from_world"].write(matrix)
            _set(program, "skin", 0)
            _set(program, "grain", 2)
            _set(program, "strands", strands is not None)
            _set(program, "ragged", strands.ragged if strands else 0.0)
            self._textures.of(surface.texture).device.use(0)
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
            self._draw_shadow(self._sky, clip_from_world, within=False)
            depth = np.frombuffer(self._sky.depth_attachment.read(), "f4").reshape(side, side)
            at = lifted @ clip_from_world[:3, :3].T + clip_from_world[:3, 3]
            column, row = (np.clip((0.5 * at[:, k] + 0.5) * side, 0, side - 1).astype(int) for k in range(2))
            free = depth[row, column] > 0.5 * at[:, 2] + 0.5 - 0.004
            received += (facing * free)[:, None] * colour
        # The mean of the clipped cosine over the sphere is a quarter; a little light always arrives by bounces.
        received = 4 / len(lighting.sky_directions) * received + 0.06 * lighting.sky_colours.mean(axis=0)
        return np.split(received, np.cumsum([len(s.positions) for s in person.surfaces])[:-1])

    def render(self, camera: Camera, *, exposure: float = 1.0) -> Picture:
        """What `camera` sees of the loaded person; ValueError where its picture is larger than the renderer's."""
        if self._lighting is None:
            raise ValueError("no person is loaded")
        if max(camera.width, camera.height) > self.size:
            raise ValueError(f"{camera.width} x {camera.height} pixels exceed the renderer's {self.size}")
        self._frame.use()
        self.context.viewport = (0, 0, camera.width * SUPERSAMPLING, camera.height * SUPERSAMPLING)
        self._frame.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        for program in {id(u.picture_program): u.picture_program for u in self._loaded}.values():
            self._aim(program, camera, exposure)
        self._textures.grain.use(2)
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

    def _aim(self, program: Any, camera: Camera, exposure: float) -> None:
        """Give a program what all surfaces of a picture share."""
        light = self._lighting
        assert light is not None
        program["clip_from_world"].write(clip_from_world(camera).T.astype("f4").tobytes())
        program["shadow_from_world"].write(self._shadow_from_world.T.astype("f4").tobytes())
        program["lamp_direction"].write(light.lamp_directions.astype("f4").tobytes())
        program["lamp_colour"].write(light.lamp_colours.astype("f4").tobytes())
        if "lid" in program:
            program["lid"].write(self._lids.astype("f4").tobytes())
        _set(program, "eye", tuple(camera.position_in_world.tolist()))
        _set(program, "shadow_softness", light.shadow_softness)
        _set(program, "exposure", exposure)
        for unit, name in enumerate(("skin", "second_skin", "grain", "shadow")):
            _set(program, name, unit)

    def _draw(self, uploaded: _Uploaded, *, layer: int) -> None:
        surface, program = uploaded.surface, uploaded.picture_program
        texture = self._textures.of(surface.texture)
        texture.device.use(0)
        (self._textures.of(surface.second_texture) if surface.second_texture else texture).device.use(1)
        recolour, finish, detail = surface.look.recolour, surface.look.finish, surface.look.detail
        hair = surface.transparent or surface.look.strands is not None
        strands = surface.look.strands or Strands(ragged=0.0)
        values = {
            "mix_share": surface.mix,
            "layer": layer,
            "shadow_bias": (HAIR_SHADOW_BIAS if hair else SHADOW_BIAS) / (2 * SCENE_RADIUS),
            "opaque_alpha": 0.999 if finish.clear < 1 else 0.6 if surface.transparent else 0.3,
            "lab_shift": recolour.shift,
            "chroma": recolour.chroma,
            "hue": recolour.hue,
            "dye": recolour.dye,
            "dye_amount": recolour.dye_amount,
            "mean_luminance": texture.luminance,
            "hair_colour": detail.hair,
            "beard_colour": detail.beard,
            "prints": finish.print,
            "ink": finish.ink,
            "clear": finish.clear,
            "moles": detail.moles,
            "eye_shadow": detail.shadow,
            "eye_shadow_colour": detail.shadow_colour,
            "strands": surface.look.strands is not None,
        }
        for of, names in (
            (finish, ("specular", "gloss", "bump", "translucent", "stripes")),
            (detail, ("freckles", "mottle", "stubble", "shorn", "lipstick", "lip_colour")),
            (strands, ("ragged", "tips", "tips_amount", "grey")),
        ):
            values |= {name: getattr(of, name) for name in names}
        for name, value in values.items():
            _set(program, name, value)
        uploaded.picture_array.render()

    def _read(self, camera: Camera) -> Picture:
        k, w, h = SUPERSAMPLING, camera.width, camera.height
        raw = np.frombuffer(self._frame.read(viewport=(0, 0, k * w, k * h), components=4), np.uint8)
        depths = np.frombuffer(self._depth.read(), "f4").reshape(k * self.size, k * self.size)[: k * h, : k * w]
        # The frame holds colours multiplied by alpha, so that averaging them is right.
        samples, near = raw.reshape(h, k, w, k, 4), depths.reshape(h, k, w, k)
        total, nearest = np.zeros((h, w, 4), np.uint16), np.ones((h, w), np.float32)
        for row in range(k):
            for column in range(k):
                total += samples[:, row, :, column]
                np.minimum(nearest, near[:, row, :, column], out=nearest)
        premultiplied = total.astype(np.float32) / k**2
        alpha = premultiplied[..., 3:]
        colour = np.where(alpha > 0, premultiplied[..., :3] * 255 / np.maximum(alpha, 1e-3), 0)
        metres = 2 * FAR * NEAR / (FAR + NEAR - (2 * nearest.astype(np.float64) - 1) * (FAR - NEAR))
        return Picture(
            rgba=np.clip(np.rint(np.concatenate([colour, alpha], axis=-1)), 0, 255).astype(np.uint8),
            depth=np.where(nearest < 1.0, metres, 0.0).astype(np.float32),
        )


def _kind(look: Look) -> tuple[str, ...]:
    """What the shaders are to know of a surface before they are compiled."""
    if look.finish.translucent > 0:
        return ("SKIN",)
    if look.strands is not None and look.strands.fuzz:
        return ("DYED", "FUZZ")
    plain = look.finish.bump == 0 and look.finish.stripes[0] == 0 and look.finish.print[0] == 0
    return ("DYED",) if look.recolour.dye_amount == 1 and plain else ()


def _used(program: Any, *attributes: str) -> tuple[str, ...]:
    """Layout and names of vertex attributes; those that a program does without are stepped over."""
    parts = [attribute.split() for attribute in attributes]
    used = [name in program for _, name in parts]
    layout = " ".join(kind if use else f"{kind[0]}x4" for (kind, _), use in zip(parts, used, strict=True))
    return (layout, *(name for (_, name), use in zip(parts, used, strict=True) if use))


def _set(program: Any, name: str, value: Any) -> None:
    """Set a uniform, where the program has it."""
    uniform = program.get(name, None)
    if uniform is not None:
        uniform.value = value


def clip_from_world(camera: Camera) -> Matrix4:
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


def _towards(direction: Float[np.ndarray, "3"]) -> Matrix4:
    """Orthographic view of the scene's sphere from a far light."""
    side = np.cross([0.0, 1.0, 0.0] if abs(direction[1]) < 0.9 else [1.0, 0.0, 0.0], direction)
    side /= np.linalg.norm(side)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([side, np.cross(direction, side), -direction]) / SCENE_RADIUS
    matrix[:3, 3] = -matrix[:3, :3] @ SCENE_CENTRE
    return matrix
