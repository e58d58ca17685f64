"""The training set: cameras as people hold them, and one file of pictures per synthetic person."""

import os
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from ..camera import Camera, look_at
from ..geometry import Box, project
from ..keypoints import HEAD
from .lighting import draw_lighting
from .makehuman import MakeHuman
from .people import draw_person
from .scenes import SceneRenderer

PICTURE_SIZE = 256
PICTURES = 14
NECK = np.array([0.0, 0.01, 0.0])
"""Where cameras look, head frame: a little below the middle of the face."""


def framed_camera(
    pose: Float[np.ndarray, "4 4"], box: Box, size: int, *, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)
) -> Camera:
    """The square crop of a photograph from `pose` that frames the projection of `box`.

    scale: the crop's side over that of the box's projection. shift: of the crop's centre, in sides of that
    projection. The principal point goes where the crop puts it.
    """
    unit = Camera(fx=1.0, fy=1.0, cx=0.0, cy=0.0, width=1, height=1, world_from_camera=pose)
    corners, depth = project(unit, box.corners)
    if depth.min() <= 0.02:
        raise ValueError("the camera stands in the box")
    lower, upper = corners.min(axis=0), corners.max(axis=0)
    extent = (upper - lower).max()
    middle = 0.5 * (lower + upper) + extent * np.asarray(shift)
    focal = size / (scale * extent)
    corner = middle - 0.5 * scale * extent
    return Camera(
        fx=focal,
        fy=focal,
        cx=-corner[0] * focal - 0.5,
        cy=-corner[1] * focal - 0.5,
        width=size,
        height=size,
        world_from_camera=pose,
    )


def hand_held_pose(
    rng: np.random.Generator,
    yaw: float,
    pitch: float,
    distance: float,
    *,
    aim: float,
    roll: float,
    target: np.ndarray = NECK,
) -> Float[np.ndarray, "4 4"]:
    """Pose of a camera held towards about `target`, aimed off by `aim` radians somewhere and rolled."""
    direction = np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
    target = target + rng.normal(0, 0.01, 3)
    pose = look_at(target + distance * direction, target)
    around = rng.uniform(0, 2 * np.pi)
    turned = _rotation(np.array([np.cos(around), np.sin(around), 0.0]) * aim) @ _rotation(np.array([0, 0, roll]))
    pose[:3, :3] = pose[:3, :3] @ turned
    return pose


def _rotation(vector: np.ndarray) -> np.ndarray:
    """Rotation matrix of an axis times an angle (Rodrigues)."""
    angle = np.linalg.norm(vector)
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def draw_angles(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Yaws and pitches (radians) of a person's pictures: most in front, some aside, two anywhere."""
    front = -1 + 2 * (np.arange(9) + rng.random(9)) / 9
    aside = -1 + 2 * (np.arange(3) + rng.random(3)) / 3
    yaw = np.concatenate(
        [
            np.radians(75) * np.sign(front) * np.abs(front) ** 1.25,
            np.radians(120) * aside,
            rng.uniform(-np.pi, np.pi, PICTURES - 12),
        ]
    )
    return yaw, np.clip(rng.normal(0, np.radians(10), PICTURES), -0.6, 0.6)


def draw_cameras(rng: np.random.Generator) -> tuple[list[Camera], np.ndarray, np.ndarray]:
    """The cameras of a person's pictures, with their yaws and pitches (radians)."""
    yaw, pitch = draw_angles(rng)
    usual = np.exp(rng.uniform(np.log(0.35), np.log(1.6)))
    cameras = []
    for y, p in zip(yaw, pitch, strict=True):
        to_face = usual * np.exp(rng.normal(0, 0.12))
        if rng.random() < 0.2:
            to_face = np.exp(rng.uniform(np.log(0.35), np.log(2.0)))
        aim = rng.uniform(0, np.radians(12)) if rng.random() < 0.4 else rng.uniform(0, np.radians(3))
        pose = hand_held_pose(
            rng, y, p, float(np.clip(to_face, 0.33, 2.0)) + 0.1, aim=aim, roll=rng.normal(0, np.radians(4))
        )
        shift = rng.uniform(-0.04, 0.04, 2)
        cameras.append(
            framed_camera(pose, HEAD.box, PICTURE_SIZE, scale=rng.uniform(0.85, 1.12), shift=(shift[0], shift[1]))
        )
    return cameras, yaw, pitch


def box_silhouette(camera: Camera, box: Box) -> Bool[np.ndarray, "h w"]:
    """Pixels whose centres lie in the projection of `box`: the convex hull of its corners' projections."""
    from scipy.spatial import ConvexHull

    corners, _ = project(camera, box.corners)
    x, y = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    inside = np.ones((camera.height, camera.width), bool)
    for a, b, c in ConvexHull(corners).equations:
        inside &= a * x + b * y + c <= 0
    return inside


def photograph_person(data: MakeHuman, renderer: SceneRenderer, seed: int) -> dict[str, np.ndarray]:
    """The arrays of one person's file.

    rgba (N, H, W, 4) uint8, straight alpha, cut to the subject box; depth (N, H, W) float16 metres, 0 where there is
    nothing; intrinsics (N, 3, 3) and camera_from_world (N, 4, 4) float32; landmarks (468, 3) float32, metres in the
    head frame; yaw and pitch (N,) float32, radians; seed.
    """
    person = draw_person(data, seed)
    rng = np.random.default_rng([seed, 2])
    renderer.load(person, draw_lighting(rng))
    cameras, yaw, pitch = draw_cameras(rng)
    exposures = np.exp(rng.normal(0, 0.06, len(cameras)))
    rgba, depth = [], []
    for camera, exposure in zip(cameras, exposures, strict=True):
        picture = renderer.render(camera, exposure=float(exposure))
        inside = box_silhouette(camera, HEAD.box)
        rgba.append(np.where(inside[..., None], picture.rgba, 0).astype(np.uint8))
        depth.append(np.where(inside, picture.depth, 0).astype(np.float16))
    return {
        "rgba": np.stack(rgba),
        "depth": np.stack(depth),
        "intrinsics": np.stack([c.intrinsics for c in cameras]).astype(np.float32),
        "camera_from_world": np.stack([c.camera_from_world for c in cameras]).astype(np.float32),
        "landmarks": person.landmarks.astype(np.float32),
        "yaw": yaw.astype(np.float32),
        "pitch": pitch.astype(np.float32),
        "seed": np.array(seed),
    }


def person_path(folder: Path, seed: int) -> Path:
    """Where the pictures of a seed are kept."""
    return folder / f"person_{seed:05d}.npz"


def write_person(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a person's file whole or not at all; uncompressed, so that reading costs nothing."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays)
    unfinished.replace(path)
