"""Named points of a subject: their schema, their places in pictures, their places in space."""

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from jaxtyping import Bool, Float, Int

from .geometry import Box


@dataclass(frozen=True)
class KeypointSchema:
    """Which points a kind of subject has, and what else follows from the kind."""

    name: str
    names: tuple[str, ...]
    landmarks: tuple[int, ...]
    """Index of each point among the detector's landmarks."""
    mirror_pairs: tuple[tuple[str, str], ...]
    sigma: float
    """Reach of a point's influence on the field, metres (method: 0.05 for heads)."""
    box: Box
    """What of the subject is shown, in its own frame, metres: the window through which the avatar is looked at."""
    volume: Box
    """Where what is seen through the box can be: at its rims a picture shows what lies behind it."""
    frame: Box
    """What photos are cropped to: the middle of the volume, without its corners, which hold nobody."""

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Position of a point by name; ValueError where the schema has none of that name."""
        return self.names.index(name)


HEAD = KeypointSchema(
    name="head",
    names=(
        "right eye outer corner",
        "right eye inner corner",
        "left eye inner corner",
        "left eye outer corner",
        "nose tip",
        "nose bridge",
        "right mouth corner",
        "left mouth corner",
        "right cheek",
        "left cheek",
        "forehead",
        "chin",
        "upper lip",
    ),
    landmarks=(33, 133, 362, 263, 1, 168, 61, 291, 234, 454, 10, 152, 13),
    mirror_pairs=(
        ("right eye outer corner", "left eye outer corner"),
        ("right eye inner corner", "left eye inner corner"),
        ("right mouth corner", "left mouth corner"),
        ("right cheek", "left cheek"),
    ),
    sigma=0.05,
    box=Box(np.array([-0.19, -0.20, -0.15]), np.array([0.19, 0.24, 0.20])),
    volume=Box(np.array([-0.26, -0.20, -0.16]), np.array([0.26, 0.36, 0.20])),
    frame=Box(np.array([-0.20, -0.20, -0.07]), np.array([0.20, 0.27, 0.11])),
)
"""Heads. The head frame: origin midway between the two cheek points (by the ears), x to the person's left,
y down, z into the head, metres; a frontal camera looks along +z."""


class PointState(IntEnum):
    """Where a point in a picture comes from."""

    UNPLACED = 0
    """Nobody knows yet; it lies where a person can pick it up."""
    DETECTED = 1
    PLACED = 2
    """Put there by hand."""
    REPROJECTED = 3
    """Filled in from the other views."""


@dataclass(frozen=True, eq=False)
class Keypoints2D:
    """The points of one picture."""

    schema: KeypointSchema
    xy_px: Float[np.ndarray, "k 2"]
    state: Int[np.ndarray, "k"]
    """A `PointState` each."""
    confidence: Float[np.ndarray, "k"]
    """0 to 1."""
    occluded: Bool[np.ndarray, "k"]
    """Marked as hidden: kept, drawn hollow, and not used for geometry."""

    def __post_init__(self) -> None:
        for field in ("xy_px", "state", "confidence", "occluded"):
            array = np.array(getattr(self, field))
            array.flags.writeable = False
            object.__setattr__(self, field, array)

    @property
    def usable(self) -> Bool[np.ndarray, "k"]:
        """Points that say something about geometry: detected or placed, and not occluded."""
        known = (self.state == PointState.DETECTED) | (self.state == PointState.PLACED)
        return known & ~self.occluded

    def moved(self, index: int, xy_px: tuple[float, float]) -> "Keypoints2D":
        """With one point put by hand at `xy_px`."""
        xy, state = self.xy_px.copy(), self.state.copy()
        confidence, occluded = self.confidence.copy(), self.occluded.copy()
        xy[index], state[index] = xy_px, PointState.PLACED
        confidence[index], occluded[index] = 1.0, False
        return replace(self, xy_px=xy, state=state, confidence=confidence, occluded=occluded)


@dataclass(frozen=True, eq=False)
class Keypoints3D:
    """The points of a subject in space."""

    schema: KeypointSchema
    xyz: Float[np.ndarray, "k 3"]
    """Metres in the head frame; every entry finite."""
    views: Int[np.ndarray, "k"]
    """In how many pictures each was usable; below two, the depth is the prior's."""
