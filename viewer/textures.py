"""Textures: the avatar's, written in place, and the photos', cut into tiles that are made when they are looked at."""

from dataclasses import dataclass, field

import dearpygui.dearpygui as dpg
import numpy as np
from jaxtyping import Float, UInt8

SIDES = (256, 384, 512, 640, 768, 1024)
"""Avatar textures; each is allocated when first needed and never again."""
BASE_SIDE = 640
"""Longest side of the small copy of a photo that is always there."""
TILE = 256
"""Side of a tile: one is made within a few milliseconds of a frame."""
FRAMES_UNTIL_FREED = 3
MORE_UPLOADS = 2
"""Of a new texture, after the first: it may not exist yet then."""


class AvatarTexture:
    """A texture whose pixels are overwritten; pictures of any size up to 1024 pixels a side use its corner.

    Dear PyGui uploads every such texture of a registry in every frame, 16 MB for the largest: so a small picture
    gets a small texture, and one whose picture stays waits on a stage, from which it is drawn but not uploaded.
    """

    def __init__(self) -> None:
        self._registry = dpg.add_texture_registry()
        self._stage = dpg.add_stage()
        self._textures: dict[int, tuple[int, Float[np.ndarray, "s s 4"]]] = {}
        self._uploading: dict[int, int] = {}
        """Frames after the next one for which a texture stays in the registry."""

    def begin_frame(self) -> None:
        """Put aside what was uploaded."""
        for texture, frames in list(self._uploading.items()):
            if frames > 0:
                self._uploading[texture] = frames - 1
            else:
                dpg.move_item(texture, parent=self._stage)
                del self._uploading[texture]

    def show(self, picture: Float[np.ndarray, "h w 4"]) -> tuple[int, tuple[float, float]]:
        """Write a picture; the texture to draw, and the corner of it (uv) that the picture ends at."""
        height, width = picture.shape[:2]
        side = next((side for side in SIDES if side >= max(height, width)), SIDES[-1])
        height, width = min(height, side), min(width, side)
        texture, buffer = self._textures.get(side) or self._allocate(side)
        buffer[:height, :width] = picture[:height, :width]
        if width < side:  # what interpolation reads beyond the last column and row
            buffer[:height, width] = picture[:height, width - 1]
        if height < side:
            buffer[height, :width] = picture[height - 1, :width]
        if texture not in self._uploading:
            dpg.move_item(texture, parent=self._registry)
            self._uploading[texture] = 0
        return texture, (width / side, height / side)

    def _allocate(self, side: int) -> tuple[int, Float[np.ndarray, "s s 4"]]:
        buffer = np.zeros((side, side, 4), np.float32)
        texture = dpg.add_raw_texture(
            side,
            side,
            buffer,
            format=dpg.mvFormat_Float_rgba,
            parent=self._registry,
        )
        self._textures[side] = (texture, buffer)
        self._uploading[texture] = MORE_UPLOADS
        return self._textures[side]


@dataclass(frozen=True)
class Piece:
    """A texture and the part of the photo it shows, in photo pixels from the photo's top left corner."""

    texture: int
    x: float
    y: float
    width: float
    height: float
    uv_min: tuple[float, float] = (0.0, 0.0)
    uv_max: tuple[float, float] = (1.0, 1.0)


@dataclass(eq=False)
class _PhotoTextures:
    rgb: UInt8[np.ndarray, "h w 3"]
    base: Piece | None = None
    tiles: dict[tuple[int, int], Piece] = field(default_factory=dict)


class PhotoTextures:
    """Textures of photos by identity of their pixels; at most one is made in a frame, so that no frame is late."""

    def __init__(self) -> None:
        self._registry = dpg.add_texture_registry()
        self.avatar = AvatarTexture()
        self._photos: dict[int, _PhotoTextures] = {}
        self._made_in_frame = False
        self._unused: list[tuple[int, int]] = []

    def begin_frame(self) -> None:
        """Allow one more texture to be made, and free those that nothing has drawn for some frames."""
        self._made_in_frame = False
        self.avatar.begin_frame()
        waiting = [(frames - 1, texture) for frames, texture in self._unused]
        for frames, texture in waiting:
            if frames <= 0 and dpg.does_item_exist(texture):
                dpg.delete_item(texture)
        self._unused = [(frames, texture) for frames, texture in waiting if frames > 0]

    def keep_only(self, photos: list[UInt8[np.ndarray, "h w 3"]]) -> None:
        """Let go of the textures of all other photos."""
        wanted = {id(rgb) for rgb in photos}
        for key in [key for key in self._photos if key not in wanted]:
            gone = self._photos.pop(key)
            pieces = [*gone.tiles.values(), *([gone.base] if gone.base else [])]
            self._unused += [(FRAMES_UNTIL_FREED, piece.texture) for piece in pieces]

    def pieces(
        self, rgb: UInt8[np.ndarray, "h w 3"], scale: float, seen: tuple[float, float, float, float]
    ) -> list[Piece]:
        """What to draw for a photo at `scale` screen pixels a photo pixel, when `seen` (left, top, right, bottom,
        photo pixels) lies in the canvas; the list grows over the next frames where textures are still missing.
        """
        photo = self._photos.setdefault(id(rgb), _PhotoTextures(rgb))
        if photo.base is None:
            if self._made_in_frame:
                return []
            photo.base = self._make_base(rgb)
        height, width = rgb.shape[:2]
        if max(width, height) <= BASE_SIDE or scale <= 1.2 * BASE_SIDE / max(width, height):
            return [photo.base]
        left, top, right, bottom = seen
        columns = range(max(int(left // TILE), 0), min(int(right // TILE), (width - 1) // TILE) + 1)
        rows = range(max(int(top // TILE), 0), min(int(bottom // TILE), (height - 1) // TILE) + 1)
        tiles = []
        for place in ((column, row) for row in rows for column in columns):
            if place not in photo.tiles and not self._made_in_frame:
                photo.tiles[place] = self._make_tile(rgb, *place)
            if place in photo.tiles:
                tiles.append(photo.tiles[place])
        return [photo.base, *tiles]

    def _make_base(self, rgb: UInt8[np.ndarray, "h w 3"]) -> Piece:
        from PIL import Image

        height, width = rgb.shape[:2]
        small = Image.fromarray(rgb)
        if max(width, height) > BASE_SIDE:
            small.thumbnail((BASE_SIDE, BASE_SIDE), Image.Resampling.BOX)
        return Piece(self._upload(np.asarray(small)), 0.0, 0.0, width, height)

    def _make_tile(self, rgb: UInt8[np.ndarray, "h w 3"], column: int, row: int) -> Piece:
        """A tile with a pixel of its neighbours round it, so that no seam shows where tiles meet."""
        height, width = rgb.shape[:2]
        x, y = column * TILE, row * TILE
        x_end, y_end = min(x + TILE, width), min(y + TILE, height)
        columns = np.clip(np.arange(x - 1, x_end + 1), 0, width - 1)
        rows = np.clip(np.arange(y - 1, y_end + 1), 0, height - 1)
        texture = self._upload(rgb[rows[:, None], columns[None, :]])
        u, v = 1 / len(columns), 1 / len(rows)
        return Piece(texture, x, y, x_end - x, y_end - y, (u, v), (1 - u, 1 - v))

    def _upload(self, rgb: UInt8[np.ndarray, "h w 3"]) -> int:
        self._made_in_frame = True
        height, width = rgb.shape[:2]
        rgba = np.empty((height, width, 4), np.float32)
        np.multiply(rgb, np.float32(1 / 255), out=rgba[..., :3])
        rgba[..., 3] = 1.0
        return dpg.add_static_texture(width, height, rgba.ravel(), parent=self._registry)
