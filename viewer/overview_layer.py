"""The cameras round the avatar, drawn: pyramids with their photos, and the box of the subject."""

from collections.abc import Callable

import dearpygui.dearpygui as dpg
import numpy as np
from jaxtyping import Float

from ..core.camera import Camera
from ..core.geometry import Box, project
from .layout import Rect
from .overview import NEAR, Frustum, clipped
from .pen import Pen
from .theme import Palette, Rgba

_EDGES = [(i, j) for i in range(8) for j in range(i + 1, 8) if bin(i ^ j).count("1") == 1]
"""Pairs of a box's corners, as `Box.corners` counts them, that differ in one coordinate."""


class OverviewPicture:
    """Draws with one pen, as one eye sees it: a picture of the eye's size, stretched over `place`."""

    def __init__(self, pen: Pen, eye: Camera, place: Rect, palette: Palette) -> None:
        self._pen, self._eye, self._palette = pen, eye, palette
        self._offset = np.array([place.x, place.y])
        self._scale = np.array([place.width / eye.width, place.height / eye.height])

    def box(self, box: Box) -> None:
        """The edges of the subject's box."""
        corners = box.corners
        for i, j in _EDGES:
            self._line(corners[i], corners[j], (*self._palette.faint[:3], 110), 1.0)

    def frustum(self, frustum: Frustum, texture: int | None, *, chosen: bool, hovered: bool) -> None:
        """A pyramid; `texture` is of its whole photo, None: not there yet."""
        if texture is not None:
            self._photo(frustum, texture, 255 if chosen or hovered else 190)
        colour: Rgba = self._palette.accent if chosen else (225, 228, 234, 255 if hovered else 170)
        corners, width = frustum.corners, 2.0 if chosen or hovered else 1.3
        for corner, after in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            self._line(corner, after, colour, width)
            self._line(frustum.apex, corner, colour, width)
        pixel, depth = project(self._eye, frustum.apex)
        if depth > NEAR:
            at = self._place(pixel)
            self._pen.circle(at, 5.5 if chosen or hovered else 4.0, line=(12, 13, 15, 220), fill=colour)

    def _photo(self, frustum: Frustum, texture: int, opacity: int) -> None:
        """In patches, each flat on the screen: together they follow perspective."""
        pixels, depth = project(self._eye, frustum.grid)
        count = len(frustum.grid) - 1
        share = np.linspace(0, 1, count + 1).tolist()
        for row in range(count):
            for column in range(count):
                cells = ((row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column))
                if any(depth[cell] <= NEAR for cell in cells):
                    continue
                places = [self._place(pixels[cell]) for cell in cells]
                uv = [(share[j], share[i]) for i, j in cells]
                dpg.draw_image_quad(
                    texture,
                    *places,
                    uv1=uv[0],
                    uv2=uv[1],
                    uv3=uv[2],
                    uv4=uv[3],
                    color=(255, 255, 255, opacity),
                    parent=self._pen.layer,
                )

    def _line(self, start: Float[np.ndarray, "3"], end: Float[np.ndarray, "3"], colour: Rgba, width: float) -> None:
        ends = clipped(self._eye, start, end)
        if ends is not None:
            self._pen.line(self._place(ends[0]), self._place(ends[1]), colour, width)

    def _place(self, pixel: Float[np.ndarray, "2"]) -> tuple[float, float]:
        x, y = (pixel + 0.5) * self._scale + self._offset
        return float(x), float(y)


def draw_overview(
    picture: OverviewPicture,
    frustums: tuple[Frustum, ...],
    box: Box,
    textures: Callable[[int], int | None],
    *,
    eye: Camera,
    chosen: int,
    hovered: int | None,
) -> None:
    """Everything, the farthest camera first; `textures` gives the texture of a view's photo."""
    picture.box(box)
    for frustum in sorted(frustums, key=lambda frustum: -float(project(eye, frustum.apex)[1])):
        view = frustum.view
        picture.frustum(frustum, textures(view), chosen=view == chosen, hovered=view == hovered)
