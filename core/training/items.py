"""One training step's material: a person's photos as a user would give them, and rays that say what is true.

Everything random follows from (seed, step), so a resumed run draws what an uninterrupted one would have drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..geometry import ray_box
from ..keypoints import HEAD
from ..model.spatial import project, stand_in
from ..model.views import SourceViews
from ..subject import depth_range
from .distances import BOX_MARGIN, draw_distances
from .disturbances import cut_bounds, detected_keypoints, photo_end, photometric, shaken_pose, spoilt_mask
from .population import Arrays

BLACK = 0.4
"""Share of patches that are compared on black, as avatars are judged; the others' backgrounds are of any colour."""
STRAYING = 0.5
"""Share of people whose cameras are off by what calibration leaves; those of the others are exact. Where all stray, no
two photos ever quite agree, and how finely they can tell depth when they do is never learnt."""
CANDIDATES = 64
"""Pixels of which the first that can be rendered becomes a patch's."""


@dataclass(frozen=True, eq=False)
class TrainingItem:
    """Source views of one person, and rays of target views; or of several (see `stacked`)."""

    source: SourceViews
    source_depth: Float[Tensor, "*b v 1 h w"]
    """True depth of the first surface relative to the head's origin, metres; NaN where there is none in the subject."""
    keypoints: Float[Tensor, "*b k 3"]
    origins: Float[Tensor, "*b r 3"]
    directions: Float[Tensor, "*b r 3"]
    rgb: Float[Tensor, "*b r 3"]
    """Premultiplied by alpha."""
    alpha: Float[Tensor, "*b r"]
    distance: Float[Tensor, "*b r"]
    """To the first surface along the ray, metres; NaN where there is none in the subject."""
    distances: Float[Tensor, "*b r s"]
    """Where along the ray the network is asked, metres, ascending."""
    background: Float[Tensor, "*b r 3"]
    """What the pictures are compared on, a colour for each patch. On black alone, whatever the density is unsure of had
    better be black too, and an outline has a dark seam on any other."""
    shown: Bool[Tensor, "*b r"]
    """False where the ray ends on a surface that no source photo contains: below a cut-off bust, say. Nothing can be
    rendered there, and asking for it would only put fog into what lies before."""
    patch: int
    """Rays come in square patches of this side, row by row, one patch after the other."""

    def to(self, device: torch.device) -> "TrainingItem":
        """The same on another device."""
        moved = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)}
        return TrainingItem(source=self.source.to(device), patch=self.patch, **moved)


def draw_items(
    pictures: Callable[[], Arrays], rngs: Sequence[np.random.Generator], *, patches: int = 2, patch: int = 32
) -> list[TrainingItem]:
    """Items of one person, each with a randomness of its own, as `Population.draw` gives both."""
    person = pictures()
    return [_item(person, rng, patches, patch) for rng in rngs]


def _item(person: Arrays, rng: np.random.Generator, patches: int, patch: int) -> TrainingItem:
    sources, targets = _choose_views(rng, person["yaw"], patches)
    source, source_depth = _source_views(rng, person, sources)
    rays = [_patch(rng, person, int(view), patch, source) for view in targets]
    origins, directions, rgb, alpha, distance, background, shown = map(torch.cat, zip(*rays, strict=True))
    keypoints = torch.from_numpy(detected_keypoints(rng, person["landmarks"], HEAD.landmarks)).float()
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    distances = draw_distances(origins, directions, distance, generator, volume=HEAD.volume, window=HEAD.box)
    return TrainingItem(
        source,
        source_depth,
        keypoints,
        origins,
        directions,
        rgb,
        alpha,
        distance,
        distances,
        background,
        shown.bool(),
        patch,
    )


def _choose_views(rng: np.random.Generator, yaw: np.ndarray, targets: int) -> tuple[np.ndarray, np.ndarray]:
    """Sources as a person would take them (from the front, apart from each other), targets from everywhere."""
    wanted = rng.choice([1, 2, 3, 4], p=[0.10, 0.30, 0.48, 0.12])
    frontal = rng.permutation(np.flatnonzero(np.abs(yaw) < np.radians(80)))
    chosen: list[int] = []
    for view in frontal:
        if len(chosen) < wanted and all(abs(yaw[view] - yaw[c]) > np.radians(12) for c in chosen):
            chosen.append(int(view))
    if not chosen:
        chosen = [int(np.argmin(np.abs(yaw)))]
    rest = np.setdiff1d(np.arange(len(yaw)), chosen)
    nearest = np.min(np.abs(yaw[rest][:, None] - yaw[chosen]), axis=1)
    odds = np.exp(-np.maximum(nearest - np.radians(30), 0) / np.radians(35))
    return np.array(chosen), rng.choice(rest, size=targets, replace=False, p=odds / odds.sum())


def _source_views(
    rng: np.random.Generator, person: Arrays, views: np.ndarray
) -> tuple[SourceViews, Float[Tensor, "v 1 h w"]]:
    images, masks, bounds, depths, poses = [], [], [], [], []
    end = photo_end(rng)
    straying = rng.random() < STRAYING
    for view in views:
        rgba = person["rgba"][view].astype(np.float32) / 255
        truth = person["depth"][view].astype(np.float32)
        pose = person["camera_from_world"][view].astype(np.float64)
        rgb, mask = spoilt_mask(rng, photometric(rng, rgba[..., :3]), rgba[..., 3])
        kept = cut_bounds(rng, mask)
        if end is not None:
            kept[3] = min(kept[3], _row_of(person, int(view), end + rng.normal(0, 0.02)))
        shown = np.zeros_like(mask)
        x0, y0, x1, y1 = (int(b) for b in kept)
        shown[y0 : y1 + 1, x0 : x1 + 1] = 1
        mask = mask * shown
        images.append((rgb * mask[..., None]).transpose(2, 0, 1))
        masks.append(mask[None])
        bounds.append(kept)
        known = (truth > 0) & (rgba[..., 3] > 0.5) & (shown > 0)
        rays, length = _camera_rays(person, int(view), *np.indices(truth.shape))
        known &= _in_subject(-pose[:3, :3].T @ pose[:3, 3] + (truth * length)[..., None] * rays)
        depths.append(np.where(known, truth - pose[2, 3], np.nan)[None])
        poses.append(shaken_pose(rng, pose) if straying else pose)
    near_far = np.stack([depth_range(pose, HEAD.volume) for pose in poses])

    def tensor(arrays: list[np.ndarray] | np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(np.stack(list(arrays)), dtype=np.float32))

    source = SourceViews(
        images=tensor(images),
        masks=tensor(masks),
        intrinsics=tensor(person["intrinsics"][views]),
        camera_from_world=tensor(poses),
        near_far=tensor(near_far),
        bounds=tensor(bounds),
    )
    return source, tensor(depths)


def _row_of(person: Arrays, view: int, y: float) -> float:
    """The row of a view on which a point lies that is `y` metres below the head's origin; at least a few rows stay."""
    k, pose = (person[name][view].astype(np.float64) for name in ("intrinsics", "camera_from_world"))
    in_camera = pose[:3, 1] * y + pose[:3, 3]
    return float(np.floor(max(8.0, k[1, 1] * in_camera[1] / in_camera[2] + k[1, 2])))


def _camera_rays(
    person: Arrays, view: int, y: np.ndarray, x: np.ndarray
) -> tuple[Float[np.ndarray, "*n 3"], Float[np.ndarray, "*n"]]:
    """Unit directions of the rays through pixels of a view, and how long a ray is for each metre of depth."""
    k, pose = (person[name][view].astype(np.float64) for name in ("intrinsics", "camera_from_world"))
    slope = np.stack([(x - k[0, 2]) / k[0, 0], (y - k[1, 2]) / k[1, 1], np.ones_like(x, float)], axis=-1)
    length = np.linalg.norm(slope, axis=-1)
    return (slope / length[..., None]) @ pose[:3, :3], length


def _in_subject(points: Float[np.ndarray, "*n 3"]) -> Bool[np.ndarray, "*n"]:
    """Whether surfaces lie where rays are followed; arms and a turned shoulder do not, and teach no depth."""
    lower, upper = HEAD.volume.lower - BOX_MARGIN, HEAD.volume.upper + BOX_MARGIN
    x, y, z = ((points[..., axis] > lower[axis]) & (points[..., axis] < upper[axis]) for axis in range(3))
    return x & y & z


def _in_some_photo(source: SourceViews, points: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, "n"]:
    """Whether any source photo has a say about a point (see `stand_in`)."""
    flat = torch.from_numpy(points).float()
    pixels, depth = project(source.intrinsics, source.camera_from_world, flat)
    _, say = stand_in(pixels, depth > 0, source.bounds, source.images.shape[-2])
    return np.asarray((say > 0).any(dim=0).numpy())


@dataclass(frozen=True, eq=False)
class _Rays:
    """Through some pixels of a target view."""

    origins: Float[np.ndarray, "n 3"]
    directions: Float[np.ndarray, "n 3"]
    distance: Float[np.ndarray, "n"]
    """To the first surface, metres; zero where there is none."""
    within: Bool[np.ndarray, "n"]
    """Whether they run through the subject's box: what does not is not rendered."""
    missed: Bool[np.ndarray, "n"]
    """Whether they end on a surface that no source photo contains."""


def _rays(person: Arrays, view: int, y: np.ndarray, x: np.ndarray, source: SourceViews) -> _Rays:
    directions, length = _camera_rays(person, view, y, x)
    pose = person["camera_from_world"][view].astype(np.float64)
    origins = np.broadcast_to(-pose[:3, :3].T @ pose[:3, 3], directions.shape)
    distance = person["depth"][view, y, x].astype(np.float64) * length
    missed = (distance > 0) & ~_in_some_photo(source, origins + distance[:, None] * directions)
    return _Rays(origins, directions, distance, ray_box(origins, directions, HEAD.box)[2], missed)


def _patch(rng: np.random.Generator, person: Arrays, view: int, side: int, source: SourceViews) -> tuple[Tensor, ...]:
    """Origins, directions, premultiplied colour, alpha, distance, background and `shown` of a patch that lies round a
    pixel of the subject.

    Four in ten lie on its outline. What is not seen through the subject's box counts as empty: it is not rendered.
    """
    alpha = person["rgba"][view, ..., 3]
    height, width = alpha.shape
    stride = int(rng.choice([1, 2], p=[0.6, 0.4]))
    reach = side * stride
    solid, around = (alpha > 127).astype(np.uint8), np.ones((5, 5), np.uint8)
    outline = cv2.dilate(solid, around) > cv2.erode(solid, around)
    row, column = (height // 2, width // 2)
    for wanted in (outline, alpha > 0) if rng.random() < 0.4 else (alpha > 0,):
        rows, columns = np.nonzero(wanted)
        if not len(rows):
            continue
        # Of a few: what can be rendered is known of a pixel only once its ray is.
        few = rng.integers(len(rows), size=CANDIDATES)
        rays = _rays(person, view, rows[few], columns[few], source)
        fit = few[rays.within & ~rays.missed]
        if len(fit):
            row, column = int(rows[fit[0]]), int(columns[fit[0]])
            break
    y0 = int(np.clip(row - rng.integers(reach), 0, height - reach))
    x0 = int(np.clip(column - rng.integers(reach), 0, width - reach))
    y, x = np.meshgrid(np.arange(y0, y0 + reach, stride), np.arange(x0, x0 + reach, stride), indexing="ij")
    y, x = y.reshape(-1), x.reshape(-1)
    rays = _rays(person, view, y, x, source)
    colour = person["rgba"][view, y, x].astype(np.float32) / 255
    colour[:, 3] *= rays.within
    surface = rays.origins + rays.distance[:, None] * rays.directions
    known = (rays.distance > 0) & (colour[:, 3] > 0.5) & _in_subject(surface)
    columns_out = (
        rays.origins,
        rays.directions,
        colour[:, :3] * colour[:, 3:],
        colour[:, 3],
        np.where(known, rays.distance, np.nan),
        np.broadcast_to(rng.uniform(size=3) * (rng.random() > BLACK), rays.origins.shape),
        ~rays.missed,
    )
    return tuple(torch.from_numpy(np.ascontiguousarray(c, dtype=np.float32)) for c in columns_out)
