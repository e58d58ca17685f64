"""How long a metre is: photos alone do not tell, one distance that a person has measured does.

Cameras from a face come out in metres of an average head. A known distance stretches the world, cameras included;
the avatar itself lives in the head frame and stays what it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .calibration import Calibration
from .errors import UserError
from .geometry import transform

SHORTEST, LONGEST = 0.001, 100.0
"""Distances between two keypoints that are believed, metres."""


@dataclass(frozen=True)
class KnownDistance:
    """Two keypoints and how far they are apart."""

    first: str
    second: str
    metres: float


def distance_in_world(calibration: Calibration, first: str, second: str) -> float:
    """How far two keypoints are apart now, metres of the world."""
    schema = calibration.keypoints.schema
    ends = calibration.keypoints.xyz[[schema.index(first), schema.index(second)]]
    a, b = transform(calibration.world_from_head, ends)
    return float(np.linalg.norm(b - a))


def scaled_to(calibration: Calibration, known: KnownDistance, locked: Sequence[bool]) -> Calibration:
    """The world stretched until the two keypoints are as far apart as is known; what cameras see stays the same.

    A single camera whose pose is locked stays where it is; else the world is stretched about its origin. Raises
    UserError where the two points lie in one place.
    """
    now = distance_in_world(calibration, known.first, known.second)
    if now < SHORTEST:
        raise UserError(
            f"The {known.first} and the {known.second} are in the same place.", "Choose two points that are apart."
        )
    factor = known.metres / now
    if abs(factor - 1) < 1e-12:
        return calibration
    held = [camera.position_in_world for camera, kept in zip(calibration.cameras, locked, strict=True) if kept]
    centre = held[0] if len(held) == 1 else np.zeros(3)
    stretch = np.eye(4)
    stretch[:3, :3] *= factor
    stretch[:3, 3] = (1 - factor) * centre
    cameras = []
    for camera in calibration.cameras:
        pose = camera.world_from_camera.copy()
        pose[:3, 3] = transform(stretch, pose[:3, 3])
        cameras.append(camera if np.array_equal(pose, camera.world_from_camera) else camera.posed(pose))
    return replace(calibration, cameras=tuple(cameras), world_from_head=stretch @ calibration.world_from_head)


def keep_scale(calibration: Calibration, known: KnownDistance | None, locked: Sequence[bool]) -> Calibration:
    """A calibration just solved, in a world of the known scale; two locked cameras fix the scale themselves."""
    return calibration if known is None or sum(locked) >= 2 else scaled_to(calibration, known, locked)
