"""Another face of a photo that shows several: whose keypoints and outline they are is for a person to say."""

from dataclasses import replace

from .agreement import check_view, with_view
from .canonical import Landmarks
from .detection import faces_of, place_of
from .document import Document, DocumentView
from .errors import UserError
from .source import view_of


def next_face(view: DocumentView) -> tuple[float, float]:
    """Middle of the face on the right of the chosen one, pixels; on from the last comes the first.

    Raises UserError where there is no other.
    """
    chosen = None if view.landmarks_px is None else place_of(view.landmarks_px)[:2]
    others = [place_of(face)[:2] for face in faces_of(view.photo.rgb) if chosen is None or not _is_at(face, chosen)]
    if not others:
        raise UserError(f"No other face was found in {view.name}.", "Drag the points to the face instead.")
    on_the_right = [middle for middle in others if chosen is not None and middle[0] > chosen[0]]
    return (on_the_right or others)[0]


def with_face_at(document: Document, view: int, xy_px: tuple[float, float]) -> Document:
    """With the face at a pixel as a photo's face: its keypoints, its outline; the cameras have to be solved again.

    Raises UserError where there is no face at that pixel, or the photo's distortion is taken out already.
    """
    before = check_view(document, view)
    if before.as_loaded is not None:
        raise UserError(f"The distortion of {before.name} is taken out already.", "Set it to 0 first, and back after.")
    faces = [face for face in faces_of(before.photo.rgb) if _is_at(face, xy_px)]
    if not faces:
        x, y = xy_px
        raise UserError(f"There is no face at {x:.0f}, {y:.0f} in {before.name}.", "Give a pixel on a face.")
    seen = view_of(before.photo, before.keypoints.schema, face=faces[0])
    after = replace(
        before,
        mask=seen.mask,
        detected_mask=None,
        landmarks_px=seen.landmarks_px,
        detected=seen.detected,
        keypoints=seen.keypoints,
        faces=None,
    )
    return replace(with_view(document, view, after), calibration=None)


def _is_at(face: Landmarks, xy_px: tuple[float, float]) -> bool:
    return bool((face.min(axis=0) <= xy_px).all() and (face.max(axis=0) >= xy_px).all())
