"""The face unrolled onto a cylinder: one picture of its skin per photo, in which equal places lie on each other."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from .camera import Camera
from .canonical import canonical_face
from .geometry import project

_AXIS_BEHIND_ORIGIN, _RADIUS = 0.03, 0.08
"""The cylinder stands upright in the head frame, its axis so far behind the ears' midpoint, metres."""
_SHADING = 0.009
"""Standard deviation of the blur that takes shading for what it leaves, metres."""
_FACE_MESH = 468
"""The landmarks beyond are irises, which lie in the eyes' own triangles."""


@dataclass(frozen=True, eq=False)
class FaceChart:
    """Which three landmarks span each pixel of the unrolled face, and with what shares."""

    inside: Bool[np.ndarray, "h w"]
    """Pixels that lie on the face."""
    corners: Int[np.ndarray, "h w 3"]
    shares: Float[np.ndarray, "h w 3"]
    pixels_per_metre: float

    def surface(self, landmarks: Float[np.ndarray, "478 3"]) -> Float[np.ndarray, "h w 3"]:
        """The point of space at every pixel, flat between landmarks; meaningless outside the face."""
        return np.einsum("hwk,hwkc->hwc", self.shares, landmarks[self.corners])


@dataclass(frozen=True, eq=False)
class Unrolled:
    """What one photo shows of the face."""

    texture: UInt8[np.ndarray, "h w"]
    """Brightness without its slow changes, so that skin looks alike in any light."""
    pixels_px: Float[np.ndarray, "h w 2"]
    """Where in the photo each pixel of the chart was read."""
    facing: Float[np.ndarray, "h w"]
    """Cosine between the surface's normal and the direction to the camera; 0 or less: seen from behind, or not
    in the picture."""


@cache
def face_chart(width: int) -> FaceChart:
    """The chart of the canonical face, so many pixels wide; the same for every person."""
    from scipy.spatial import Delaunay

    x, y, z = canonical_face().points[:_FACE_MESH].T
    places = np.stack([np.arctan2(x, _AXIS_BEHIND_ORIGIN - z), y / _RADIUS], axis=1)
    density = (width - 1) / float(np.ptp(places[:, 0]))
    places = (places - places.min(axis=0)) * density
    height = int(np.ceil(places[:, 1].max())) + 1
    columns, rows = np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float))
    wanted = np.stack([columns, rows], axis=-1).reshape(-1, 2)
    triangles = Delaunay(places)
    which = triangles.find_simplex(wanted)
    affine = triangles.transform[which]
    two = np.einsum("nij,nj->ni", affine[:, :2], wanted - affine[:, 2])
    shares = np.concatenate([two, 1 - two.sum(axis=1, keepdims=True)], axis=1)
    shape = (height, width)
    return FaceChart(
        inside=(which >= 0).reshape(shape),
        corners=triangles.simplices[which].reshape(*shape, 3).astype(np.int64),
        shares=shares.reshape(*shape, 3),
        pixels_per_metre=density / _RADIUS,
    )


def unroll(
    brightness: Float32[np.ndarray, "h w"],
    camera: Camera,
    landmarks_in_world: Float[np.ndarray, "478 3"],
    chart: FaceChart,
) -> Unrolled:
    """The face in a photo taken by `camera`, laid flat with the help of its landmarks' places in space.

    The photo should have about the chart's resolution on the face; a finer one aliases.
    """
    import cv2

    surface = chart.surface(landmarks_in_world)
    pixels, depth = project(camera, surface.reshape(-1, 3))
    pixels = pixels.reshape(surface.shape[:2] + (2,))
    read = pixels.astype(np.float32)
    picture = cv2.remap(brightness, read[..., 0], read[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # Columns run to the person's left and rows downwards, so this cross product points into the head.
    inwards = np.cross(np.gradient(surface, axis=1), np.gradient(surface, axis=0))
    ray = surface - camera.position_in_world
    lengths = np.linalg.norm(inwards, axis=-1) * np.linalg.norm(ray, axis=-1)
    facing = np.sum(inwards * ray, axis=-1) / np.maximum(lengths, 1e-12)
    edge = np.array([camera.width - 1.0, camera.height - 1.0])
    in_picture = np.all((pixels >= 0) & (pixels <= edge), axis=-1) & (depth.reshape(facing.shape) > 0)
    facing = np.where(chart.inside & in_picture, facing, 0.0)
    return Unrolled(_without_shading(picture, chart), pixels, facing)


def _without_shading(picture: Float32[np.ndarray, "h w"], chart: FaceChart) -> UInt8[np.ndarray, "h w"]:
    """Detail finer than about two centimetres, at equal contrast, as 8-bit."""
    import cv2

    detail = picture - cv2.GaussianBlur(picture, (0, 0), _SHADING * chart.pixels_per_metre)
    contrast = float(np.sqrt(np.mean(detail[chart.inside] ** 2))) + 2.0
    return np.clip(128.0 + 30.0 * detail / contrast, 0, 255).astype(np.uint8)
