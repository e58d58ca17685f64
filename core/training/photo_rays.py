"""The given photos as targets: what rendering one of them from the others ought to give, patch by patch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..camera import Camera
from ..geometry import Box, pixel_rays, project
from ..subject import SubjectView, cut_to_box

SIDE = 256
"""Of the pictures that are rendered, pixels: a subject's crop has twice as many, which no rendering reaches."""
PATCH = 32
BEHIND = 0.015
"""How far behind another photo's surface a point may lie and still count as seen by it, metres."""
ON_OUTLINE = 0.3
"""Share of patches that lie on the subject's outline."""


@dataclass(frozen=True, eq=False)
class Target:
    """One photo, cropped to the subject."""

    name: str
    rgb: Float[Tensor, "s s 3"]
    """Premultiplied by the mask."""
    mask: Float[Tensor, "s s"]
    camera: Camera
    """Of this picture, in the head frame."""
    covered: tuple[int, int, int, int]
    """First column and row, last column and row that the photo really shows."""
    distance: Float[Tensor, "s s"]
    """To the surface as the avatar has it, metres; NaN where it has none."""
    shown: Bool[Tensor, "s s"]
    """False where there is some of the subject, but on no surface that another photo sees."""


def target_of(
    name: str, crop: SubjectView, box: Box, distance: Float[np.ndarray, "s s"] | None = None, *, side: int = SIDE
) -> Target:
    """The target of a crop, cut to what is seen through the subject's box; `distance` in a picture of any size.

    All of it counts as shown, until `hide_unseen` has compared it with the other photos.
    """
    inside = cut_to_box(np.ones_like(crop.mask), crop.camera, box).astype(np.float32)
    rgb, mask = crop.image * inside[..., None], crop.mask * inside
    x0, y0, x1, y1 = (bound * side / len(mask) for bound in crop.bounds)
    known = np.full((side, side), np.nan, np.float32) if distance is None else distance.astype(np.float32)
    return Target(
        name=name,
        rgb=torch.from_numpy(_resized(rgb, side)),
        mask=torch.from_numpy(_resized(mask, side)),
        camera=crop.camera.resized(side, side),
        covered=(int(np.ceil(x0)), int(np.ceil(y0)), int(x1), int(y1)),
        distance=torch.from_numpy(cv2.resize(known, (side, side), interpolation=cv2.INTER_NEAREST)),
        shown=torch.ones(side, side, dtype=torch.bool),
    )


def _resized(picture: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(picture.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)


def hide_unseen(targets: Sequence[Target]) -> tuple[Target, ...]:
    """The same, where what no other photo sees no longer counts as shown.

    There is no colour to be copied from anywhere.
    """
    return tuple(
        replace(target, shown=_shown(target, [other for other in targets if other is not target])) for target in targets
    )


def _shown(target: Target, others: Sequence[Target]) -> Bool[Tensor, "s s"]:
    distance = target.distance.numpy().astype(np.float64)
    rows, columns = np.indices(distance.shape)
    origins, rays = pixel_rays(target.camera, np.stack([columns, rows], axis=-1).astype(np.float64))
    points = origins + np.nan_to_num(distance)[..., None] * rays
    seen = np.zeros(distance.shape, bool)
    for other in others:
        pixels, depth = project(other.camera, points)
        x, y = (np.clip(np.round(pixels[..., axis]), -1, len(distance)).astype(int) for axis in (0, 1))
        x0, y0, x1, y1 = other.covered
        covered = (depth > 0) & (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        surface = other.distance.numpy()[y.clip(0, len(distance) - 1), x.clip(0, len(distance) - 1)]
        away = np.linalg.norm(points - other.camera.position_in_world, axis=-1)
        seen |= covered & (away < surface + BEHIND)  # of what is not a number nothing is true
    return torch.from_numpy(seen & ~np.isnan(distance)) | (target.mask < 0.5)


@dataclass(frozen=True, eq=False)
class Patch:
    """Rays through a square of pixels, row by row."""

    slopes: Float[Tensor, "r 3"]
    """Directions in the camera, unit length."""
    rgb: Float[Tensor, "r 3"]
    """Premultiplied by alpha."""
    alpha: Float[Tensor, "r"]
    distance: Float[Tensor, "r"]
    """As `Target.distance`."""
    shown: Bool[Tensor, "r"]

    def to(self, device: torch.device) -> "Patch":
        """The same on another device."""
        return Patch(*(values.to(device) for values in vars(self).values()))


def draw_patch(target: Target, rng: np.random.Generator) -> Patch:
    """A patch of a photo that contains some of the subject, in three of ten cases some of its outline."""
    solid = ((target.mask > 0.5) & target.shown).numpy().astype(np.uint8)
    around = np.ones((5, 5), np.uint8)
    outline = cv2.dilate(solid, around) > cv2.erode(solid, around)
    rows, columns = np.nonzero(outline if outline.any() and rng.random() < ON_OUTLINE else solid)
    pick = rng.integers(len(rows)) if len(rows) else 0
    row, column = (rows[pick], columns[pick]) if len(rows) else (len(solid) // 2, len(solid) // 2)
    x0, y0, x1, y1 = target.covered
    top = _start(int(row - rng.integers(PATCH)), y0, y1, len(solid))
    left = _start(int(column - rng.integers(PATCH)), x0, x1, len(solid))
    y, x = torch.meshgrid(torch.arange(top, top + PATCH), torch.arange(left, left + PATCH), indexing="ij")
    y, x = y.reshape(-1), x.reshape(-1)
    maps = (target.rgb, target.mask, target.distance, target.shown)
    return Patch(_slopes(target.camera, x, y), *(values[y, x] for values in maps))


def _start(wanted: int, first: int, last: int, side: int) -> int:
    """Where a patch begins so that it lies in what the photo covers, or at least in the picture."""
    inside = int(np.clip(wanted, first, max(first, last - PATCH + 1)))
    return int(np.clip(inside, 0, side - PATCH))


def _slopes(camera: Camera, x: Int[Tensor, "r"], y: Int[Tensor, "r"]) -> Float[Tensor, "r 3"]:
    across, down = (x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy
    slopes = torch.stack([across, down, torch.ones_like(across)], dim=-1).float()
    return slopes / slopes.norm(dim=-1, keepdim=True)
