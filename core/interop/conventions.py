"""In which convention a camera file was written: the usual one, unless the faces in its pictures say otherwise.

People mix up camera to world and world to camera, OpenGL axes and OpenCV axes, and the sizes of pictures. A camera that
was read as is usual in its format is read in any other way by a closed formula, so that nothing of the file has to be
kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Float

from ..camera import Camera
from ..canonical import LANDMARKS, canonical_face
from ..geometry import project, transform, triangulate
from ..head_placement import fit_head, parallax
from ..observation import FEWEST_POINTS, ViewObservation, landmark_measurements, pixels_per_metre
from .poses import CORNER_PX, OPENCV_FROM_OPENGL

_FITS = 0.005
"""How far, metres on the face, the mean face may lie from what the pictures show of it where cameras are right: three
photos of one person stay below 4 mm; of 2500 draws of random cameras not one came below 5.9 in any reading."""
_CLEARLY = 3.0
"""How many times as far it has to lie in every other reading."""
_LEAST_PARALLAX = np.radians(2.0)
"""Below this angle between its cameras nothing is concluded from a face."""
_OTHER_SIZE = 1.3
"""Principal points are off the middle of pictures, but not by so much in both directions alike."""


@dataclass(frozen=True)
class Convention:
    """How a program writes poses."""

    files: str
    """What its camera files are called, in a sentence."""
    opencv: bool
    """Axes of cameras: x right, y down, z forward; else OpenGL's, y up and looking along -z."""
    to_camera: bool
    """Poses lead from the world to the camera; else from the camera to the world."""


TRANSFORMS_JSON = Convention("transforms.json", opencv=False, to_camera=False)
COLMAP = Convention("COLMAP's files", opencv=True, to_camera=True)
EASYMOCAP = Convention("EasyMocap's files", opencv=True, to_camera=True)


@dataclass(frozen=True)
class Reading:
    """How the cameras of a file are to be understood."""

    opencv: bool = False
    """Axes of cameras: x right, y down, z forward; else OpenGL's, y up and looking along -z."""
    to_camera: bool = False
    """Poses lead from the world to the camera; else from the camera to the world."""
    size: float = 1.0
    """How many times as wide as the pictures here those are that the lenses belong to."""
    written: Convention = TRANSFORMS_JSON
    """The usual one of the file."""

    @classmethod
    def usual(cls, written: Convention) -> "Reading":
        """As files of a convention are read where nothing speaks against it."""
        return cls(written.opencv, written.to_camera, written=written)

    def of(self, camera: Camera) -> Camera:
        """A camera that was read as usual, read so; the very same where that is no difference."""
        if self.is_usual:
            return camera
        axes = camera if self.written.opencv else camera.posed(camera.world_from_camera @ OPENCV_FROM_OPENGL)
        turned = self.to_camera != self.written.to_camera
        pose = axes.camera_from_world if turned else axes.world_from_camera
        return replace(
            camera,
            fx=camera.fx / self.size,
            fy=camera.fy / self.size,
            cx=(camera.cx + CORNER_PX) / self.size - CORNER_PX,
            cy=(camera.cy + CORNER_PX) / self.size - CORNER_PX,
            world_from_camera=pose if self.opencv else pose @ OPENCV_FROM_OPENGL,
        )

    @property
    def told(self) -> tuple[str, ...]:
        """For the person, in a sentence each: what was read in another way than usual."""
        sentences = []
        usual = Reading.usual(self.written)
        if (self.opencv, self.to_camera) != (usual.opencv, usual.to_camera):
            sentences.append(
                f"The photos show that the poses in {self.written.files} are {self._poses}, not {usual._poses}: "
                "they were read that way."
            )
        if self.size != usual.size:
            sentences.append(
                f"The photos show that the lenses in {self.written.files} belong to pictures {self.size:.3g} times "
                "as wide: they were scaled."
            )
        return tuple(sentences)

    @property
    def is_usual(self) -> bool:
        """Whether this is how files of this convention are read anyway."""
        return self == Reading.usual(self.written)

    @property
    def _poses(self) -> str:
        direction = "world to camera" if self.to_camera else "camera to world"
        return f"{direction} with {'OpenCV' if self.opencv else 'OpenGL'} axes"


USUAL = Reading()
"""As nerfstudio has it."""


def fitting_reading(views: Sequence[ViewObservation], written: Convention = TRANSFORMS_JSON) -> Reading:
    """How to read the cameras that views were given by files of a convention: as usual, unless that does not fit what
    they show of the face while exactly one other way does, and several times better than any.

    Of a single camera nothing is known that could contradict its photo. Cameras that stand evenly round the world's
    origin may be the same in two readings, but for where they are in the world: then either is right.
    """
    usual = Reading.usual(written)
    seeing = [_Seen.by(view, view.camera) for view in views if view.camera is not None and view.pose_is_known]
    seeing = [seen for seen in seeing if np.count_nonzero(seen.weights) >= FEWEST_POINTS]
    if len(seeing) < 2 or _misfit(seeing, usual) <= _FITS:
        return usual
    sizes = dict.fromkeys((usual.size, _size_of_centres([seen.camera for seen in seeing])))
    poses = product((False, True), repeat=2)
    readings = [Reading(opencv, to_camera, size, written) for opencv, to_camera in poses for size in sizes]
    misfits = {reading: _misfit(seeing, reading, _LEAST_PARALLAX) for reading in readings}
    best, second = sorted(misfits, key=lambda reading: misfits[reading])[:2]
    return best if misfits[best] <= _FITS and misfits[best] * _CLEARLY <= misfits[second] else usual


@dataclass(frozen=True, eq=False)
class _Seen:
    """A face in a picture whose camera was given."""

    camera: Camera
    pixels_px: Float[np.ndarray, "478 2"]
    weights: Float[np.ndarray, "478"]
    per_metre: float
    """Pixels of a metre at the face."""

    @classmethod
    def by(cls, view: ViewObservation, camera: Camera) -> "_Seen":
        pixels, weights = landmark_measurements(view, np.ones(LANDMARKS))
        return cls(camera, pixels, weights, pixels_per_metre(view))


def _misfit(seeing: Sequence[_Seen], reading: Reading, least_parallax: float = 0.0) -> float:
    """Distance, metres on the face, from where the landmarks were seen to where the mean face would show them, lying
    on what the cameras triangulate: the median over views of their medians. Infinite behind cameras.
    """
    cameras = [reading.of(seen.camera) for seen in seeing]
    weights = np.stack([seen.weights for seen in seeing])
    points = triangulate(cameras, np.stack([seen.pixels_px for seen in seeing]), weights)
    world_from_head = fit_head(points, weights.sum(axis=0))
    if world_from_head is None or parallax(cameras, world_from_head[:3, 3]) < least_parallax:
        return np.inf
    face = transform(world_from_head, canonical_face().points)
    medians = []
    for camera, seen in zip(cameras, seeing, strict=True):
        pixels, depth = project(camera, face)
        distance = np.where(depth > 0, np.linalg.norm(pixels - seen.pixels_px, axis=1), np.inf)
        medians.append(np.median(distance[seen.weights > 0]) / seen.per_metre)
    return float(np.median(medians))


def _size_of_centres(cameras: Sequence[Camera]) -> float:
    """How many times as wide pictures would be whose middles the principal points are; 1 where they are in the middle,
    or anywhere.
    """
    centres = np.array([[camera.cx, camera.cy] for camera in cameras]) + CORNER_PX
    centres /= [[camera.width, camera.height] for camera in cameras]
    size = 2 * float(np.median(centres))
    alike = size > 0 and np.allclose(2 * centres, size, rtol=0.1)
    return size if alike and not 1 / _OTHER_SIZE < size < _OTHER_SIZE else 1.0
