"""From a photo to keypoints, landmarks and a foreground mask."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from .canonical import Landmarks, canonical_face, foreshortening
from .geometry import transform
from .keypoints import HEAD, Keypoints2D, KeypointSchema, PointState
from .mediapipe_models import face_boxes, face_meshes
from .photo import Photo, square_crop
from .pose import pose_from_points
from .segmentation import Face, person_mask

_SEARCH_PIXELS = 1024
_CROP_FACES, _CROP_PIXELS = 1.7, 512
"""The face is detected again in a square of so many face sizes, and in its mirror image. The mean of the two repeats
a quarter better across views than one detection in the whole picture (1.35 against 1.77 mm); more crops add nothing."""
_SMALLEST_FACE_PX = 16
"""A dozen pixels of noise, enlarged, pass for a face."""
_LEAST_OTHER = 0.35
"""Faces smaller than that, in sizes of the chosen one, stand far behind it, or are none but a print on a shirt."""
_USUAL_FOCAL = 1.2
"""Focal length over the longer side of the picture, where only the direction of the face is asked for."""


@dataclass(frozen=True, eq=False)
class Detection:
    """What was found in one photo."""

    keypoints: Keypoints2D
    landmarks_px: Landmarks | None
    """All face mesh landmarks; None: no face was found, and the keypoints are unplaced."""
    mask: Float[np.ndarray, "h w"]
    """Foreground, 0 to 1."""
    others: int = 0
    """Faces of other people that the photo shows, see `other_faces`."""

    def __post_init__(self) -> None:
        for array in (self.landmarks_px, self.mask):
            if array is not None:
                array.flags.writeable = False


def detect(photo: Photo, schema: KeypointSchema = HEAD, face: Landmarks | None = None) -> Detection:
    """Find the face (of several the largest, preferring the middle), its keypoints, and the person's outline; of one
    that `faces_of` has found, where it is given.

    Never fails: a photo without a face comes back with unplaced points laid out as a face in its middle, for a
    person to drag. May be called from any thread; takes about a tenth of a second.
    """
    landmarks = find_face(photo.rgb) if face is None else sharpened(photo.rgb, face)
    if landmarks is None:
        return Detection(_unplaced(photo, schema), None, _in_content(person_mask(photo.rgb), photo))
    trust = landmark_confidence(landmarks, photo.width, photo.height, photo.focal_px)
    chosen = np.array(schema.landmarks)
    keypoints = Keypoints2D(
        schema=schema,
        xy_px=landmarks[chosen],
        state=np.full(len(schema), PointState.DETECTED),
        confidence=trust[chosen],
        occluded=np.zeros(len(schema), dtype=bool),
    )
    others = other_faces(photo.rgb, landmarks)
    outline = person_mask(photo.rgb, place_of(landmarks), [place_of(other) for other in others])
    return Detection(keypoints, landmarks, _in_content(outline, photo), len(others))


def _in_content(mask: Float[np.ndarray, "h w"], photo: Photo) -> Float[np.ndarray, "h w"]:
    """Without what segmentation takes frames and bars for, which is clothes."""
    left, top, right, bottom = photo.content
    inner = np.zeros_like(mask)
    inner[top:bottom, left:right] = mask[top:bottom, left:right]
    return inner


def landmark_confidence(
    landmarks_px: Landmarks, width: int, height: int, focal_px: float | None = None
) -> Float[np.ndarray, "478"]:
    """Trust in each landmark, 0 to 1, from how far its piece of the face is turned away (see `foreshortening`)."""
    face = canonical_face()
    focal = focal_px or _USUAL_FOCAL * max(width, height)
    intrinsics = np.array([[focal, 0.0, 0.5 * (width - 1)], [0.0, focal, 0.5 * (height - 1)], [0.0, 0.0, 1.0]])
    _, size = _extent(landmarks_px)
    weights = np.full(len(landmarks_px), 100.0 / size)
    pose, _ = pose_from_points(face.points, landmarks_px, intrinsics, weights)
    return foreshortening(face.normals @ pose[:3, :3].T, transform(pose, face.points))


def find_face(rgb: UInt8[np.ndarray, "h w 3"]) -> Landmarks | None:
    """Landmarks of the photo's face; looks harder, and in smaller pieces, as long as there is none."""
    height, width = rgb.shape[:2]
    for squares in (_whole(width, height), _around_boxes(rgb), _tiles(width, height)):
        if faces := _faces_in(rgb, squares):
            return sharpened(rgb, max(faces, key=lambda face: _prominence(face, width, height)))
    return None


def faces_of(rgb: UInt8[np.ndarray, "h w 3"]) -> list[Landmarks]:
    """Landmarks of every face of a photo, from left to right; to a few pixels."""
    height, width = rgb.shape[:2]
    seen = _faces_in(rgb, [*_whole(width, height), *_around_boxes(rgb)]) or _faces_in(rgb, _tiles(width, height))
    faces: list[Landmarks] = []
    for face in seen:
        if all(_is_another(face, known) for known in faces):
            faces.append(face)
    return sorted(faces, key=lambda face: _extent(face)[0][0])


def other_faces(rgb: UInt8[np.ndarray, "h w 3"], own: Landmarks) -> list[Landmarks]:
    """Landmarks of the faces of other people in a photo, to a few pixels; not of people far behind the chosen one."""
    return [face for face in faces_of(rgb) if _is_of_another_person(face, own)]


def _faces_in(rgb: UInt8[np.ndarray, "h w 3"], squares: Iterable[tuple[tuple[float, float], float]]) -> list[Landmarks]:
    """Those that are large enough to be faces, in several squares; one may be among them more than once."""
    found = (face for middle, side in squares for face in _faces_in_square(rgb, middle, side))
    return [face for face in found if _extent(face)[1] >= _SMALLEST_FACE_PX]


def _whole(width: int, height: int) -> list[tuple[tuple[float, float], float]]:
    """The square round the whole picture."""
    return [((0.5 * (width - 1), 0.5 * (height - 1)), float(max(width, height)))]


def _around_boxes(rgb: UInt8[np.ndarray, "h w 3"]) -> list[tuple[tuple[float, float], float]]:
    """Squares round faces that the detector for small faces sees."""
    import cv2

    height, width = rgb.shape[:2]
    shrink = min(1.0, _SEARCH_PIXELS / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    boxes = [box / shrink for box in face_boxes(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))]
    return [
        ((0.5 * (x0 + x1), 0.5 * (y0 + y1)), factor * max(x1 - x0, y1 - y0))
        for x0, y0, x1, y1 in boxes
        for factor in (2.2, 3.5)
    ]


def _tiles(width: int, height: int) -> list[tuple[tuple[float, float], float]]:
    """A larger square, for faces that overfill the picture, and half-overlapping halves and thirds of it."""
    longest = float(max(width, height))
    squares = [((0.5 * (width - 1), 0.5 * (height - 1)), 1.7 * longest)]
    for parts in (2, 3):
        side = longest / parts
        across, down = (max(1, int(np.ceil(2 * extent / side)) - 1) for extent in (width, height))
        squares += [
            (((i + 0.5) * width / across, (j + 0.5) * height / down), side) for j in range(down) for i in range(across)
        ]
    return squares


def _faces_in_square(
    rgb: UInt8[np.ndarray, "h w 3"], middle: tuple[float, float], side: float, *, mirrored: bool = False
) -> list[Landmarks]:
    """Faces in one square of the photo, in the photo's pixels; `mirrored` looks at its mirror image."""
    pixels = int(min(_SEARCH_PIXELS, max(side, _CROP_PIXELS)))
    square, square_from_photo = square_crop(rgb, middle, side, pixels)
    faces = face_meshes(square[:, ::-1] if mirrored else square)
    if mirrored:
        partner = canonical_face().mirror
        faces = [(np.array([pixels - 1.0, 0.0]) + face * [-1.0, 1.0])[partner] for face in faces]
    return [(face - square_from_photo[:, 2]) / square_from_photo[0, 0] for face in faces]


def sharpened(rgb: UInt8[np.ndarray, "h w 3"], landmarks: Landmarks) -> Landmarks:
    """The mean of two detections close up, of the face and of its mirror image; as it was where both fail."""
    middle, size = _extent(landmarks)
    found = []
    for mirrored in (False, True):
        for face in _faces_in_square(rgb, middle, _CROP_FACES * size, mirrored=mirrored):
            if np.median(np.linalg.norm(face - landmarks, axis=1)) < 0.15 * size:
                found.append(face)
                break
    return np.mean(found, axis=0) if found else landmarks


def _extent(landmarks: Landmarks) -> tuple[tuple[float, float], float]:
    """Middle and longer side of the box round a face, pixels."""
    lower, upper = landmarks.min(axis=0), landmarks.max(axis=0)
    middle = 0.5 * (lower + upper)
    return (float(middle[0]), float(middle[1])), float((upper - lower).max())


def place_of(landmarks: Landmarks) -> Face:
    """Where a face is: the middle of the box round its landmarks, and its longer side, pixels."""
    (x, y), size = _extent(landmarks)
    return x, y, size


def _is_another(landmarks: Landmarks, others: Landmarks) -> bool:
    """Whether two detections are of two faces."""
    (here, size), (there, other_size) = _extent(landmarks), _extent(others)
    return bool(np.hypot(*np.subtract(here, there)) > 0.5 * max(size, other_size))


def _is_of_another_person(landmarks: Landmarks, own: Landmarks) -> bool:
    """Whether a face is not merely seen into a part of the chosen person: profiles have been found to have a second one
    in a lens of their glasses, above or below the first.
    """
    ((x, y), size), ((own_x, own_y), own_size) = _extent(landmarks), _extent(own)
    across, away, largest = abs(x - own_x), np.hypot(x - own_x, y - own_y), max(size, own_size)
    return bool(size > _LEAST_OTHER * own_size and (across > 0.7 * largest or away > 1.6 * largest))


def _prominence(landmarks: Landmarks, width: int, height: int) -> float:
    """Size of a face in pixels, less up to a half towards the corners of the picture."""
    (x, y), size = _extent(landmarks)
    off_centre = np.hypot(x - 0.5 * width, y - 0.5 * height) / np.hypot(0.5 * width, 0.5 * height)
    return size * (1 - 0.5 * min(1.0, float(off_centre)))


def _unplaced(photo: Photo, schema: KeypointSchema) -> Keypoints2D:
    """The schema's points as a frontal face of a third of the picture in its middle, none of them placed."""
    points = canonical_face().points[list(schema.landmarks)]
    flat = points[:, :2] - 0.5 * (points[:, :2].min(axis=0) + points[:, :2].max(axis=0))
    scale = 0.33 * min(photo.width, photo.height) / float(np.ptp(flat, axis=0).max())
    return Keypoints2D(
        schema=schema,
        xy_px=flat * scale + np.array([0.5 * (photo.width - 1), 0.5 * (photo.height - 1)]),
        state=np.full(len(schema), PointState.UNPLACED),
        confidence=np.zeros(len(schema)),
        occluded=np.zeros(len(schema), dtype=bool),
    )
