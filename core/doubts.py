"""What a person should know about a calibration before trusting it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .camera import Camera
from .expressions import differences
from .head_placement import parallax
from .observation import FEWEST_POINTS, ViewObservation, pixels_per_metre

MIRRORED = "The side of the head that no photo shows well is the mirror image of the other."
"""To be told beside the doubts where that is so (see `Document.mirror`)."""
_IMPLAUSIBLE = 0.0027
"""Median distance on the face, metres, beyond which landmarks do not belong to one head. Three photos of one rendered
person stay below that, unless hair hides half the face; with one photo of somebody else the worst is 2.4 to 9.5 mm, and
beyond it of 18 in 20."""
_MOVED = 0.004
"""The same of photos whose expressions differ: most that are of one person, smiling and not, are nearer than that."""
_PIXELS = 2.0
"""No landmark of a small face is exact to less: that far off, nothing is said."""
_LEAST_PARALLAX = np.radians(5.0)


def doubts(
    views: Sequence[ViewObservation],
    cameras: Sequence[Camera],
    head_in_world: Float[np.ndarray, "3"],
    residual_px: Float[np.ndarray, "v"],
) -> tuple[str, ...]:
    """Sentences about cameras that are guesses, photos that do not fit, and depth that nothing shows."""
    sentences = []
    solved = np.isfinite(residual_px)
    for view, known in zip(views, solved, strict=True):
        if not known and not view.pose_is_known:
            sentences.append(f"The camera of {view.name} is a guess: place at least {FEWEST_POINTS} of its points.")
    limit = _MOVED if differences([(view.name, view.landmarks_px) for view in views]) else _IMPLAUSIBLE
    for view, residual in zip(views, residual_px, strict=True):
        if np.isfinite(residual) and residual > max(limit * pixels_per_metre(view), _PIXELS):
            sentences.append(
                f"{view.name} does not fit, its points are {residual:.0f} pixels off: "
                "check that it shows the same person, and the face in plain view."
            )
    seeing = [camera for camera, known in zip(cameras, solved, strict=True) if known]
    if seeing and parallax(seeing, head_in_world) < _LEAST_PARALLAX:
        sentences.append("The face is seen from one side only: its depth is that of an average face.")
    return tuple(sentences)
