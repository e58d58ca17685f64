"""What one photo says about geometry: pixels of face landmarks, and how far each may be off."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from .camera import Camera
from .canonical import LANDMARKS, canonical_face
from .keypoints import Keypoints2D, PointState

PLACED_SIGMA = 0.0005
"""Standard deviation of a point put by hand, in metres on the face; a person sees what the detector guesses."""
FEWEST_POINTS = 4
"""With fewer points in a view its pose is not determined."""
FLOOR_PX = 0.5
"""No point is better known than to half a pixel."""


@dataclass(frozen=True, eq=False)
class ViewObservation:
    """What calibration is told about one photo."""

    name: str
    width: int
    height: int
    focal_px: float | None
    """From the photo's EXIF, or set by hand; None: not known."""
    keypoints: Keypoints2D
    landmarks_px: Float[np.ndarray, "478 2"] | None = None
    """The detector's face landmarks; those that are keypoints too are overruled by `keypoints`."""
    camera: Camera | None = None
    """In world. Without locks it is taken as it is; with one lock only that part of it is."""
    picture: UInt8[np.ndarray, "h w 3"] | None = None
    """The photo itself: with it, cameras are found to half a degree instead of five."""
    lock_pose: bool = False
    """Keep the camera's pose."""
    lock_focal: bool = False
    """Keep the focal length: the camera's, or else `focal_px`."""
    principal_point_px: tuple[float, float] | None = None
    """Set by hand; None: the camera's, or else the middle of the picture."""

    @property
    def pose_is_known(self) -> bool:
        """Whether solving leaves the pose alone."""
        return self.camera is not None and (self.lock_pose or not self.lock_focal)

    @property
    def focal_is_known(self) -> bool:
        """Whether solving leaves the focal length alone."""
        if self.camera is None:
            return self.lock_focal and self.focal_px is not None
        return self.lock_focal or not self.lock_pose

    @property
    def centre_px(self) -> Float[np.ndarray, "2"]:
        """Principal point: the one set by hand, else the camera's, else the middle of the picture."""
        if self.principal_point_px is not None:
            return np.array(self.principal_point_px)
        if self.camera is not None:
            return np.array([self.camera.cx, self.camera.cy])
        return np.array([0.5 * (self.width - 1), 0.5 * (self.height - 1)])

    @property
    def aspect(self) -> float:
        """Vertical over horizontal focal length."""
        return 1.0 if self.camera is None else self.camera.fy / self.camera.fx


def landmark_measurements(
    view: ViewObservation, trust: Float[np.ndarray, "478"]
) -> tuple[Float[np.ndarray, "478 2"], Float[np.ndarray, "478"]]:
    """Pixels of the landmarks in a view and their weights (1 / sigma in pixels, 0 where there is none).

    `trust` (0 to 1) divides the detector's standard deviation. The schema's landmarks come from the keypoints:
    a point put by hand counts far more than a detected one, and one that is occluded or unplaced not at all.
    """
    pixels, weights = np.zeros((LANDMARKS, 2)), np.zeros(LANDMARKS)
    per_metre = pixels_per_metre(view)
    sigma = np.hypot(canonical_face().noise * per_metre, FLOOR_PX) / np.maximum(trust, 1e-3)
    if view.landmarks_px is not None:
        pixels[:], weights[:] = view.landmarks_px, 1 / sigma
    keypoints, own = view.keypoints, np.array(view.keypoints.schema.landmarks)
    by_hand = keypoints.state == PointState.PLACED
    spread = np.where(by_hand, np.hypot(PLACED_SIGMA * per_metre, FLOOR_PX), sigma[own])
    pixels[own], weights[own] = keypoints.xy_px, np.where(keypoints.usable, 1 / spread, 0.0)
    return pixels, weights


def put_by_hand(view: ViewObservation) -> Bool[np.ndarray, "478"]:
    """Landmarks that a person placed."""
    by_hand = np.zeros(LANDMARKS, dtype=bool)
    placed = view.keypoints.usable & (view.keypoints.state == PointState.PLACED)
    by_hand[np.array(view.keypoints.schema.landmarks)[placed]] = True
    return by_hand


def pixels_per_metre(view: ViewObservation) -> float:
    """Roughly how large a metre at the face appears; a tenth of the photo's height a decimetre, if nothing is seen."""
    face = canonical_face().points
    if view.landmarks_px is not None:
        seen, shape = view.landmarks_px, face
    else:
        usable = view.keypoints.usable
        if np.count_nonzero(usable) < 2:
            return float(view.height)
        seen, shape = view.keypoints.xy_px[usable], face[np.array(view.keypoints.schema.landmarks)[usable]]
    size = np.sqrt(np.mean(np.sum((seen - seen.mean(axis=0)) ** 2, axis=1)))
    length = np.sqrt(np.mean(np.sum((shape - shape.mean(axis=0)) ** 2, axis=1)))
    return float(max(size / length, 1.0))
