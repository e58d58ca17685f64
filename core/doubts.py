"""What a person should know about a calibration before trusting it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .camera import Camera
from .head_placement import parallax
from .observation import FEWEST_POINTS, ViewObservation, pixels_per_metre

MIRRORED = "The side of the head that no photo shows well is the mirror image of the other."
"""To be told beside the doubts where that is so (see `Document.mirror`)."""
_IMPLAUSIBLE = 0.0027
"""Median distance on the face, metres, beyond which landmarks do not belong to one head. Three photos of one rendered
person stay below that, unless hair hides half the face; with one photo of somebody else the worst is 2.4 to 9.5 mm, and
beyond it of 18 in 20."""
_LEAST_PARALLAX = np.radians(5.0)
_LIPS, _FACE = (13, 14), (10, 152)
"""Landmarks: inner lips, upper and lower; forehead and chin."""
_EYES = (((159, 145), (33, 133)), ((386, 374), (362, 263)))
"""Lids of either eye, upper and lower, and its corners."""
_MOUTH_CLOSED, _MOUTH_OPEN = 0.03, 0.08
"""Gap of the lips over the height of the face, at most and at least."""
_EYES_CLOSED, _EYES_OPEN = 0.17, 0.28
"""Gap of the lids over the length of the eye, of the wider eye. One expression seen from three sides is never on
both sides of these limits, nor of those of the mouth."""


def doubts(
    views: Sequence[ViewObservation],
    cameras: Sequence[Camera],
    head_in_world: Float[np.ndarray, "3"],
    residual_px: Float[np.ndarray, "v"],
) -> tuple[str, ...]:
    """Sentences about cameras that are guesses, photos that do not fit, depth that nothing shows, and expressions."""
    sentences = []
    solved = np.isfinite(residual_px)
    for view, known in zip(views, solved, strict=True):
        if not known and not view.pose_is_known:
            sentences.append(f"The camera of {view.name} is a guess: place at least {FEWEST_POINTS} of its points.")
    for view, residual in zip(views, residual_px, strict=True):
        if np.isfinite(residual) and residual > _IMPLAUSIBLE * pixels_per_metre(view):
            sentences.append(
                f"{view.name} does not fit, its points are {residual:.0f} pixels off: "
                "check that it shows the same person, and the face in plain view."
            )
    seeing = [camera for camera, known in zip(cameras, solved, strict=True) if known]
    if seeing and parallax(seeing, head_in_world) < _LEAST_PARALLAX:
        sentences.append("The face is seen from one side only: its depth is that of an average face.")
    return (*sentences, *_expressions(views))


def _expressions(views: Sequence[ViewObservation]) -> list[str]:
    """A sentence about mouths, and one about eyes, that are open in one photo and closed in another."""
    faces = [(view.name, view.landmarks_px) for view in views if view.landmarks_px is not None]
    sentences = []
    for what, measure, closed, wide in (
        ("mouth is", _mouth_gap, _MOUTH_CLOSED, _MOUTH_OPEN),
        ("eyes are", _eye_gap, _EYES_CLOSED, _EYES_OPEN),
    ):
        gaps = sorted((measure(landmarks), name) for name, landmarks in faces)
        if gaps and gaps[0][0] < closed and gaps[-1][0] > wide:
            sentences.append(
                f"The {what} open in {gaps[-1][1]} and closed in {gaps[0][1]}: "
                "the avatar is sharper with one expression in all photos."
            )
    return sentences


def _mouth_gap(landmarks: Float[np.ndarray, "478 2"]) -> float:
    return _apart(landmarks, _LIPS) / max(_apart(landmarks, _FACE), 1e-6)


def _eye_gap(landmarks: Float[np.ndarray, "478 2"]) -> float:
    return max(_apart(landmarks, lids) / max(_apart(landmarks, corners), 1e-6) for lids, corners in _EYES)


def _apart(landmarks: Float[np.ndarray, "478 2"], pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(landmarks[pair[0]] - landmarks[pair[1]]))
