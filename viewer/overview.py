"""Cameras round the avatar as pyramids in space: where they are, which one is under the pointer, where a drag puts it.

No window needed. All points are in the head frame, metres; `eye` is the camera that looks at them, of the size of the
viewport, so that its pixel (0, 0) is half a screen pixel right of and below the viewport's corner.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ..core.camera import Camera
from ..core.geometry import Box, pixel_rays, project, unproject
from .camera_pose import CameraPose, pose_of_camera
from .orbit import FARTHEST, OrbitView

LENGTH = 0.3
"""Of a pyramid, as a share of the distance from its camera to the subject."""
NEAR = 0.03
"""Depth before the eye at which lines are cut, metres."""
MAX_PITCH = np.deg2rad(89.0)


@dataclass(frozen=True, eq=False)
class Frustum:
    """What a camera sees, up to where its photo is drawn."""

    view: int
    apex: Float[np.ndarray, "3"]
    grid: Float[np.ndarray, "n m 3"]
    """Where the photo's area is, cut into even patches: the corners of all patches, row by row."""

    @property
    def corners(self) -> Float[np.ndarray, "4 3"]:
        """Of the photo's area, clockwise from its top left."""
        return np.stack([self.grid[0, 0], self.grid[0, -1], self.grid[-1, -1], self.grid[-1, 0]])


def frustum_of(view: int, camera: Camera, subject: Float[np.ndarray, "3"], patches: int = 4) -> Frustum:
    """The pyramid of a camera; its photo's area reaches half a pixel beyond the outermost pixel centres."""
    depth = LENGTH * max(float(np.linalg.norm(subject - camera.position_in_world)), 0.1)
    columns = np.linspace(-0.5, camera.width - 0.5, patches + 1)
    rows = np.linspace(-0.5, camera.height - 0.5, patches + 1)
    pixels = np.stack(np.meshgrid(columns, rows), axis=-1)
    return Frustum(view, camera.position_in_world, unproject(camera, pixels, np.full(pixels.shape[:2], depth)))


def frustum_at(frustums: Sequence[Frustum], eye: Camera, at: tuple[float, float], reach: float) -> int | None:
    """The view whose apex is within `reach` screen pixels of a position, else the nearest one whose photo is there."""
    position = np.array(at) - 0.5
    apexes = [project(eye, frustum.apex) for frustum in frustums]
    distances = [float(np.linalg.norm(pixel - position)) if depth > NEAR else np.inf for pixel, depth in apexes]
    if distances and min(distances) <= reach:
        return frustums[int(np.argmin(distances))].view
    hit: tuple[float, int] | None = None
    for frustum in frustums:
        pixels, depth = project(eye, frustum.corners)
        if (depth > NEAR).all() and _contains(pixels, position):
            hit = min(hit or (np.inf, -1), (float(depth.mean()), frustum.view))
    return None if hit is None else hit[1]


def clipped(
    eye: Camera, start: Float[np.ndarray, "3"], end: Float[np.ndarray, "3"]
) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]] | None:
    """Pixels of the ends of what the eye can see of a line in space; None: nothing."""
    forward = eye.world_from_camera[:3, 2]
    a, b = ((point - eye.position_in_world) @ forward for point in (start, end))
    if max(a, b) <= NEAR:
        return None
    if a < NEAR:
        start = start + (NEAR - a) / (b - a) * (end - start)
    elif b < NEAR:
        end = end + (NEAR - b) / (a - b) * (start - end)
    pixels, _ = project(eye, np.stack([start, end]))
    return pixels[0], pixels[1]


def swung(camera: Camera, eye: Camera, dx_px: float, dy_px: float) -> CameraPose:
    """The camera moved on its sphere round the head so that its apex follows a drag over the picture of `eye`.

    It turns with the head in view: its distance, roll and shift stay. Beyond the sphere's outline it stays there.
    """
    apex, pose = camera.position_in_world, pose_of_camera(camera)
    radius = float(np.linalg.norm(apex))
    pixel, depth = project(eye, apex)
    if depth <= NEAR or radius < 1e-6:
        return pose
    origin, ray = (rays[0] for rays in pixel_rays(eye, (pixel + [dx_px, dy_px])[None]))
    yaw, pitch = _angles(_on_sphere(origin, ray, radius, float(np.linalg.norm(apex - origin)))) - _angles(apex)
    turned = float((pose.yaw + yaw + np.pi) % (2 * np.pi) - np.pi)
    return replace(pose, yaw=turned, pitch=float(np.clip(pose.pitch + pitch, -MAX_PITCH, MAX_PITCH)))


def overview_of(view: OrbitView, box: Box, cameras: Sequence[Camera]) -> OrbitView:
    """From aside and above, so far away that the subject and all cameras are in the picture."""
    places = np.concatenate([box.corners, np.stack([camera.position_in_world for camera in cameras])])
    low, high = places.min(axis=0), places.max(axis=0)
    middle = 0.5 * (low + high)
    around = OrbitView(np.deg2rad(38.0), np.deg2rad(24.0), 1.0, middle, view.field_of_view)
    radius = float(np.linalg.norm(places - middle, axis=1).max())
    distance = radius / np.sin(0.5 * view.field_of_view)
    return replace(around, distance=float(min(distance, FARTHEST)))


def _on_sphere(
    origin: Float[np.ndarray, "3"], ray: Float[np.ndarray, "3"], radius: float, before: float
) -> Float[np.ndarray, "3"]:
    """Where a unit ray meets a sphere round the head, of both places the one nearer to where it was `before`.

    A ray that misses is bent towards the middle until it touches the sphere's outline.
    """
    along = -float(origin @ ray)
    short = radius**2 - float(origin @ origin) + along**2
    if short < 0:
        away = float(np.linalg.norm(origin))
        inwards = -origin / away
        aside = ray - (ray @ inwards) * inwards
        aside /= np.linalg.norm(aside)
        sine = radius / away
        cosine = np.sqrt(1 - sine**2)
        return origin + away * cosine * (cosine * inwards + sine * aside)
    half = np.sqrt(short)
    way = min((along - half, along + half), key=lambda way: abs(way - before))
    return origin + way * ray


def _angles(position: Float[np.ndarray, "3"]) -> Float[np.ndarray, "2"]:
    """Yaw and pitch of a place on a sphere round the head, radians."""
    x, y, z = position
    return np.array([np.arctan2(x, -z), np.arcsin(np.clip(-y / np.linalg.norm(position), -1, 1))])


def _contains(polygon: Float[np.ndarray, "n 2"], at: Float[np.ndarray, "2"]) -> bool:
    """Whether a convex polygon, of either sense, has a position inside."""
    edges, towards = np.roll(polygon, -1, axis=0) - polygon, at - polygon
    side = edges[:, 0] * towards[:, 1] - edges[:, 1] * towards[:, 0]
    return bool((side >= 0).all() or (side <= 0).all())
