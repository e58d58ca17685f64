"""Cameras as people hold phones: at arm's length or across the table, not quite level, not quite centred."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from ..camera import Camera, Matrix4, look_at
from ..geometry import Box, project
from ..keypoints import HEAD

PICTURES = 14
"""Of each person in the training set."""
FACE = np.array([0.0, 0.01, 0.0])
"""Where cameras look, head frame."""
SHOWN = (0.3, 0.75)
"""How much of the world a person's photos show at the face, metres: from little more than the head to all that the
avatar has, and more."""


def direction(yaw: float, pitch: float) -> Float[np.ndarray, "3"]:
    """Unit vector from the head, radians: yaw 0 out of the face, positive to the person's left and upwards."""
    return np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])


@dataclass(frozen=True, eq=False)
class PhotoFrame:
    """A square photo round the face."""

    side: float
    """Of what it shows at the face, metres."""
    off: Float[np.ndarray, "2"]
    """Its centre's distance from the face, in sides, to the right and down."""


def framed_camera(
    pose: Matrix4,
    box: Box,
    size: int,
    *,
    photo: PhotoFrame | None = None,
    scale: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
) -> Camera:
    """The square crop of a photograph from `pose` that frames the projection of `box`, as far as it lies in `photo`.

    scale: the crop's side over that of what it frames. shift: of the crop's centre, in sides of that. The principal
    point goes where the crop puts it.
    """
    unit = Camera(fx=1.0, fy=1.0, cx=0.0, cy=0.0, width=1, height=1, world_from_camera=pose)
    corners, depth = project(unit, box.corners)
    if depth.min() <= 0.02:
        raise ValueError("the camera stands in the box")
    lower, upper = corners.min(axis=0), corners.max(axis=0)
    if photo is not None:
        face, away = project(unit, FACE[None])
        side = photo.side / away[0]
        centre = face[0] + side * photo.off
        lower, upper = np.maximum(lower, centre - 0.5 * side), np.minimum(upper, centre + 0.5 * side)
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
    target: Float[np.ndarray, "3"] = FACE,
) -> Matrix4:
    """Pose of a camera held at about `target`, aimed off by `aim` somewhere and rolled; radians and metres."""
    target = target + rng.normal(0, 0.01, 3)
    pose = look_at(target + distance * direction(yaw, pitch), target)
    around = rng.uniform(0, 2 * np.pi)
    aimed_off = Rotation.from_rotvec([aim * np.cos(around), aim * np.sin(around), 0.0])
    pose[:3, :3] = pose[:3, :3] @ (aimed_off * Rotation.from_rotvec([0.0, 0.0, roll])).as_matrix()
    return pose


def draw_angles(rng: np.random.Generator) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
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


def draw_cameras(
    rng: np.random.Generator, size: int
) -> tuple[list[Camera], Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """The cameras of a person's square pictures of `size` pixels, with their yaws and pitches (radians)."""
    yaw, pitch = draw_angles(rng)
    usual = np.exp(rng.uniform(np.log(0.35), np.log(1.6)))
    shown = np.exp(rng.uniform(*np.log(SHOWN)))
    cameras = []
    for y, p in zip(yaw, pitch, strict=True):
        to_face = usual * np.exp(rng.normal(0, 0.12))
        if rng.random() < 0.2:
            to_face = np.exp(rng.uniform(np.log(0.35), np.log(2.0)))
        aim = rng.uniform(0, np.radians(12)) if rng.random() < 0.4 else rng.uniform(0, np.radians(3))
        pose = hand_held_pose(
            rng, y, p, float(np.clip(to_face, 0.33, 2.0)) + 0.1, aim=aim, roll=rng.normal(0, np.radians(4))
        )
        photo = PhotoFrame(shown * np.exp(rng.normal(0, 0.1)), rng.uniform(-0.1, 0.1, 2))
        shift = rng.uniform(-0.03, 0.03, 2)
        cameras.append(
            framed_camera(
                pose, HEAD.frame, size, photo=photo, scale=rng.uniform(0.94, 1.12), shift=(shift[0], shift[1])
            )
        )
    return cameras, yaw, pitch
