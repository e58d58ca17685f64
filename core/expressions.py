"""Whether the faces of several photos show one expression, and which photo's is to be worn where they do not."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

Landmarks = Float[np.ndarray, "478 2"]
AUTOMATIC, MIXED = "automatic", "mixed"
"""Instead of a photo's name: of the best where they differ, and as the network blends them."""
_LIPS, _FACE, _CHEEKS, _NOSE = (13, 14), (10, 152), (234, 454), 1
"""Landmarks: inner lips, upper and lower; forehead and chin; before the ears; tip of the nose."""
_EYES = (((159, 145), (33, 133)), ((386, 374), (362, 263)))
"""Lids of either eye, upper and lower, and its corners."""
_MOUTH_CLOSED, _MOUTH_OPEN = 0.03, 0.08
"""Gap of the lips over the height of the face, at most and at least."""
_EYES_CLOSED, _EYES_OPEN = 0.17, 0.28
"""Gap of the lids over the length of the eye, of the wider eye. One expression seen from three sides is never on
both sides of these limits, nor of those of the mouth."""


def differences(faces: Sequence[tuple[str, Landmarks | None]]) -> list[str]:
    """What is open in one photo and closed in another, as parts of a sentence; `faces` are names and landmarks."""
    known = [(name, landmarks) for name, landmarks in faces if landmarks is not None]
    found = []
    for what, measure, closed, wide in (
        ("mouth is", _mouth_gap, _MOUTH_CLOSED, _MOUTH_OPEN),
        ("eyes are", _eye_gap, _EYES_CLOSED, _EYES_OPEN),
    ):
        gaps = sorted((measure(landmarks), name) for name, landmarks in known)
        if gaps and gaps[0][0] < closed and gaps[-1][0] > wide:
            found.append(f"the {what} open in {gaps[-1][1]} and closed in {gaps[0][1]}")
    return found


def best_face(faces: Sequence[Landmarks | None]) -> int | None:
    """The photo that sees most of both halves of a face whose eyes are not closed; None where there is no face.

    By landmarks alone: while a camera is dragged, a face must not change.
    """
    known = [(index, landmarks) for index, landmarks in enumerate(faces) if landmarks is not None]
    awake = [(index, landmarks) for index, landmarks in known if _eye_gap(landmarks) > _EYES_CLOSED]
    return min(awake or known, key=lambda face: _turn(face[1]), default=(None, None))[0]


def _turn(landmarks: Landmarks) -> float:
    """How far the nose is from midway between the cheeks, over their distance: 0 from straight ahead."""
    left, right = landmarks[list(_CHEEKS)]
    across = right - left
    along = (landmarks[_NOSE] - (left + right) / 2) @ across
    return float(abs(along) / max(across @ across, 1e-6))


def _mouth_gap(landmarks: Landmarks) -> float:
    return _apart(landmarks, _LIPS) / max(_apart(landmarks, _FACE), 1e-6)


def _eye_gap(landmarks: Landmarks) -> float:
    return max(_apart(landmarks, lids) / max(_apart(landmarks, corners), 1e-6) for lids, corners in _EYES)


def _apart(landmarks: Landmarks, pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(landmarks[pair[0]] - landmarks[pair[1]]))
