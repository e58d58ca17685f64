"""Of several faces in a photo, the one of the person whom the other photos show.

No network here knows people. Photos of one sitting show the same skin, though: its spots and lines are found again in
another photo where it is the same person's, and hardly where it is another's. Between photos of different days that
says nothing, and the largest stays.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import UInt8

from .camera import Camera
from .canonical import Landmarks, canonical_face, foreshortening
from .detection import other_faces, place_of, sharpened
from .document import DocumentView
from .face_chart import Unrolled, face_chart, unroll
from .geometry import transform
from .photo import square_crop
from .pose import pose_from_points
from .tracking import share_followed

_ALIKE = 0.3
"""Likeness from which two faces are one person's. Of 1436 pairs of photos of different real people two reach it (at
most 0.37: two who smile side by side), of 1512 of rendered people nine; of photos of the same person, taken on one day
with nearly the same expression, most. Photos of different days stay below 0.15."""
_CLEARLY = 2.0
"""How many times as like as every other face in the photo it has to be. In 4099 draws of a photo of two people, where
the largest is the one, not once was the other taken for it."""
_CHART_WIDTH, _FACE_PX = 128, 200
"""Faces are compared at this width of the chart and at no more than this size, pixels."""
_CROP_FACES = 1.5
"""Side of the square round a face, in its sizes."""
_FOCAL = 2.7
"""Focal length in sides of that square, where only the direction of the face is asked for."""


def same_person(view: DocumentView, known: Sequence[DocumentView]) -> tuple[Landmarks, str] | None:
    """The face in a photo that shows the person of the photos `known`, to a few pixels, and which of them it is like.

    None where that is not clear. It is the array of the view's own landmarks where that face is the one.
    """
    own, rgb = view.landmarks_px, view.photo.rgb
    references = [
        (seen.name, unrolled(seen.photo.rgb, seen.landmarks_px))
        for seen in known
        if seen.landmarks_px is not None and _is_settled(seen)
    ]
    if own is None or not references:
        return None
    faces = [own, *other_faces(rgb, own)]
    skins = [unrolled(rgb, own), *(unrolled(rgb, sharpened(rgb, face)) for face in faces[1:])]
    shares = np.array([[likeness(skin, reference) for _, reference in references] for skin in skins])
    best = int(shares.max(axis=1).argmax())
    others = np.delete(shares, best, axis=0).max(initial=0.0)
    if shares[best].max() < max(_ALIKE, _CLEARLY * others):
        return None
    return faces[best], references[int(shares[best].argmax())][0]


def likeness(here: Unrolled, there: Unrolled) -> float:
    """Share of the skin of two faces that is alike, 0 to 1; the same in either order."""
    return 0.5 * (share_followed(here, there) + share_followed(there, here))


def unrolled(rgb: UInt8[np.ndarray, "h w 3"], landmarks_px: Landmarks) -> Unrolled:
    """A face's skin, to be compared with another's whatever the size and the direction of both."""
    import cv2

    x, y, size = place_of(landmarks_px)
    pixels = round(_CROP_FACES * min(size, _FACE_PX))
    crop, crop_from_photo = square_crop(rgb, (x, y), _CROP_FACES * size, pixels)
    seen = landmarks_px * crop_from_photo[0, 0] + crop_from_photo[:, 2]
    brightness = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    found = unroll(brightness, _camera(seen, pixels), canonical_face().points, face_chart(_CHART_WIDTH))
    in_photo = (found.pixels_px - crop_from_photo[:, 2]) / crop_from_photo[0, 0]
    outside = ((in_photo < 0) | (in_photo > np.array(rgb.shape[1::-1]) - 1)).any(axis=-1)
    return replace(found, facing=np.where(outside, 0.0, found.facing))


def _camera(landmarks_px: Landmarks, pixels: int) -> Camera:
    """From where the mean face looks like this one, which is in the middle of a square."""
    face, middle, focal = canonical_face(), 0.5 * (pixels - 1), _FOCAL * pixels
    intrinsics = np.array([[focal, 0.0, middle], [0.0, focal, middle], [0.0, 0.0, 1.0]])
    weights = np.full(len(landmarks_px), 100.0 / pixels)
    pose, _ = pose_from_points(face.points, landmarks_px, intrinsics, weights)
    trust = foreshortening(face.normals @ pose[:3, :3].T, transform(pose, face.points))
    pose, _ = pose_from_points(face.points, landmarks_px, intrinsics, weights * trust)
    return Camera(focal, focal, middle, middle, pixels, pixels, np.linalg.inv(pose))


def _is_settled(view: DocumentView) -> bool:
    """Whether a photo's face is the person's as far as photos go: it is the only one, or was chosen."""
    return view.faces is None or view.faces.like is not None
