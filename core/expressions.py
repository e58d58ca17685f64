"""Whether the faces of several photos show one expression, and which photo's is to be worn where they do not."""

from collections.abc import Callable, Sequence

import numpy as np

from .canonical import Landmarks

AUTOMATIC, MIXED = "automatic", "mixed"
"""Instead of a photo's name: of the best where they differ, and as the network blends them."""
_LIPS, _FACE, _CHEEKS, _NOSE = (13, 14), (10, 152), (234, 454), 1
"""Landmarks: inner lips, upper and lower; forehead and chin; before the ears; tip of the nose."""
_MOUTH, _BRIDGE = (61, 291), (168, 2)
"""Corners of the mouth; bridge of the nose and where it ends below."""
_EYES = (((159, 145), (33, 133)), ((386, 374), (362, 263)))
"""Lids of either eye, upper and lower, and its corners."""
_MOST_TURNED = 0.6
"""As `_turn` tells it: some 40 degrees, beyond which half of a mouth is hidden, and the detector guesses."""
_MOUTH_CLOSED, _MOUTH_OPEN = 0.03, 0.08
"""Gap of the lips over the height of the face, at most and at least."""
_EYES_CLOSED, _EYES_OPEN = 0.17, 0.28
"""Gap of the lids over the length of the eye, of the wider eye. One expression seen from three sides is never on
both sides of these limits, nor of those of the mouth."""
_WIDER, _HIGHER = 0.14, 0.06
"""By how much the mouth of a smile is wider, over the distance of the eyes' outer corners, and its corners higher, over
the length of the nose. Of one expression, seen from up to 35 degrees, it is .12 and .10 at most, and never both."""


def differences(faces: Sequence[tuple[str, Landmarks | None]]) -> list[str]:
    """What one photo shows and another does not, as parts of a sentence; `faces` are names and landmarks."""
    known = [(name, face) for name, face in faces if face is not None and _turn(face) < _MOST_TURNED]
    if not known:
        return []
    found = []
    narrow, wide = _ends(known, _mouth_gap)
    if _mouth_gap(narrow[1]) < _MOUTH_CLOSED and _mouth_gap(wide[1]) > _MOUTH_OPEN:
        found.append(f"the mouth is open in {wide[0]} and closed in {narrow[0]}")
    else:
        narrow, wide = _ends(known, _mouth_width)
        wider = _mouth_width(wide[1]) - _mouth_width(narrow[1])
        if wider > _WIDER and _corner_height(wide[1]) - _corner_height(narrow[1]) > _HIGHER:
            found.append(f"the mouth smiles in {wide[0]} and not in {narrow[0]}")
    narrow, wide = _ends(known, _eye_gap)
    if _eye_gap(narrow[1]) < _EYES_CLOSED and _eye_gap(wide[1]) > _EYES_OPEN:
        found.append(f"the eyes are open in {wide[0]} and closed in {narrow[0]}")
    return found


def _ends(
    faces: Sequence[tuple[str, Landmarks]], measure: Callable[[Landmarks], float]
) -> tuple[tuple[str, Landmarks], tuple[str, Landmarks]]:
    """Those with the least and with the most of something."""
    by_measure = sorted(faces, key=lambda face: measure(face[1]))
    return by_measure[0], by_measure[-1]


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


def _mouth_width(landmarks: Landmarks) -> float:
    return _apart(landmarks, _MOUTH) / max(_apart(landmarks, (_EYES[0][1][0], _EYES[1][1][1])), 1e-6)


def _corner_height(landmarks: Landmarks) -> float:
    """How far the corners of the mouth are above the middle of its lips, along the nose."""
    top, bottom = landmarks[list(_BRIDGE)]
    up = top - bottom
    middle = landmarks[list(_LIPS)].mean(axis=0)
    return float((landmarks[list(_MOUTH)].mean(axis=0) - middle) @ up / max(up @ up, 1e-6))


def _eye_gap(landmarks: Landmarks) -> float:
    return max(_apart(landmarks, lids) / max(_apart(landmarks, corners), 1e-6) for lids, corners in _EYES)


def _apart(landmarks: Landmarks, pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(landmarks[pair[0]] - landmarks[pair[1]]))
