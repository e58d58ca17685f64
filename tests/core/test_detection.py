"""What is found in the bundled photos, and in pictures of nobody."""

from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from kpnerf.core.canonical import canonical_face
from kpnerf.core.detection import detect, find_face, landmark_confidence
from kpnerf.core.keypoints import HEAD, PointState
from kpnerf.core.photo import Photo, load_photo
from kpnerf.core.segmentation import _connected_to, guided_filter, person_mask

SAMPLE = ("front", "left", "right")
INNER = ("right eye inner corner", "left eye inner corner", "nose tip", "nose bridge", "upper lip")
"""Points that lie within the outline of a face from wherever it is photographed."""


def picture(rgb: np.ndarray) -> Photo:
    """A photo that never was a file."""
    return Photo(name="made.png", path=None, rgb=rgb, focal_px=None, sha256="0" * 64)


@pytest.fixture(scope="module")
def photos():
    """The three bundled photos of one person."""
    folder = Path(str(resources.files("kpnerf.assets"))) / "samples" / "person"
    return {name: load_photo(folder / f"{name}.jpg") for name in SAMPLE}


@pytest.fixture(scope="module")
def found(photos):
    """What the detector sees in each."""
    return {name: detect(photo) for name, photo in photos.items()}


def place(detection, name: str) -> np.ndarray:
    """Pixels of a keypoint."""
    return detection.keypoints.xy_px[HEAD.index(name)]


def landmark_distances(landmarks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Between two sets of landmarks, in pixels."""
    return np.linalg.norm(landmarks - others, axis=1)


@pytest.mark.parametrize("name", SAMPLE)
def test_the_sample_is_found(photos, found, name):
    """All landmarks lie in the picture, the keypoints among them, each with some trust."""
    detection, photo = found[name], photos[name]

    assert (detection.landmarks_px >= -0.5).all()
    assert (detection.landmarks_px <= np.array([photo.width, photo.height]) - 0.5).all()
    np.testing.assert_array_equal(detection.keypoints.xy_px, detection.landmarks_px[list(HEAD.landmarks)])
    assert (detection.keypoints.state == PointState.DETECTED).all() and detection.keypoints.usable.all()
    assert ((detection.keypoints.confidence > 0.05) & (detection.keypoints.confidence <= 1)).all()


@pytest.mark.parametrize("name", SAMPLE)
def test_points_lie_as_in_a_face(found, name):
    """The person's right is on the picture's left, and the face stands upright."""
    detection = found[name]
    across = [place(detection, f"{which} corner")[0] for which in ("right eye outer", "right eye inner")]
    across += [place(detection, f"{which} corner")[0] for which in ("left eye inner", "left eye outer")]
    down = [place(detection, which)[1] for which in ("forehead", "nose bridge", "nose tip", "upper lip", "chin")]

    assert across == sorted(across)
    assert down == sorted(down)
    assert place(detection, "right mouth corner")[0] < place(detection, "left mouth corner")[0]


def test_the_turned_photos_are_turned_apart(found):
    """The nose is midway between the cheeks from the front, and off to different sides in the other two."""
    shares = {}
    for name, detection in found.items():
        right, nose, left = (place(detection, which)[0] for which in ("right cheek", "nose tip", "left cheek"))
        shares[name] = (nose - right) / (left - right)

    assert 0.35 < shares["front"] < 0.65
    assert (shares["left"] - 0.5) * (shares["right"] - 0.5) < 0
    assert abs(shares["left"] - shares["right"]) > 0.3


def test_the_far_cheek_is_trusted_less(found):
    """In a turned photo the cheek that faces the camera counts for more than the one that is turned away."""
    near_cheek = {}
    for name in ("left", "right"):
        detection = found[name]
        right, nose, left = (place(detection, which)[0] for which in ("right cheek", "nose tip", "left cheek"))
        near, far = ("right cheek", "left cheek") if nose - right > left - nose else ("left cheek", "right cheek")
        near_cheek[name] = near
        confidence = detection.keypoints.confidence

        assert confidence[HEAD.index(near)] > 1.3 * confidence[HEAD.index(far)]
    assert near_cheek["left"] != near_cheek["right"]


@pytest.mark.parametrize("name", SAMPLE)
def test_the_mask_is_the_person(photos, found, name):
    """Of the photo's size, between 0 and 1, solid on the face, empty in the upper corners, and mostly certain."""
    mask, photo = found[name].mask, photos[name]
    inner = np.stack([place(found[name], which) for which in INNER]).round().astype(int)

    assert mask.shape == (photo.height, photo.width) and mask.dtype == np.float32
    assert mask.min() >= 0 and mask.max() <= 1
    assert (mask[inner[:, 1], inner[:, 0]] > 0.9).all()
    assert mask[:20, :20].max() < 0.1 and mask[:20, -20:].max() < 0.1
    assert 0.1 < mask.mean() < 0.8
    assert np.mean((mask > 0.1) & (mask < 0.9)) < 0.1


@pytest.mark.parametrize("name", ["front", "left"])
def test_a_mirrored_photo_gives_mirrored_points(photos, found, name):
    """Right and left change names and places; the landmarks agree to a pixel or two, the masks nearly everywhere."""
    photo = photos[name]
    mirrored = detect(picture(photo.rgb[:, ::-1]))
    partner = canonical_face().mirror
    expected = (found[name].landmarks_px * [-1, 1] + [photo.width - 1, 0])[partner]
    distance = landmark_distances(mirrored.landmarks_px, expected)

    assert np.median(distance) < 2 and distance.max() < 8
    assert np.mean(np.abs(mirrored.mask[:, ::-1] - found[name].mask)) < 0.02


def test_a_small_face_in_a_large_picture(photos, found):
    """A face of a ninth of the picture's side, off to a corner, is found where it is."""
    small = photos["front"].rgb[::3, ::3]
    canvas = np.full((1000, 1200, 3), 128, dtype=np.uint8)
    canvas[80 : 80 + small.shape[0], 900 : 900 + small.shape[1]] = small
    detection = detect(picture(canvas))

    assert detection.landmarks_px is not None
    expected = found["front"].landmarks_px / 3 + [900, 80]
    assert np.median(landmark_distances(detection.landmarks_px, expected)) < 3


def test_the_largest_of_two_faces_is_taken(photos, found):
    """And the other person is not in the mask."""
    rgb = photos["front"].rgb
    height, width = rgb.shape[:2]
    canvas = np.full((height, 2 * width, 3), rgb[2, 2], dtype=np.uint8)
    canvas[:, :width] = rgb
    small = rgb[::2, ::2]
    top = height // 4
    canvas[top : top + small.shape[0], width + width // 4 : width + width // 4 + small.shape[1]] = small
    detection = detect(picture(canvas))

    assert detection.landmarks_px is not None
    assert np.median(landmark_distances(detection.landmarks_px, found["front"].landmarks_px)) < 4


def test_detection_is_repeatable(photos, found):
    """The same photo gives the same points, whatever was looked at before."""
    again = detect(photos["left"])

    np.testing.assert_allclose(again.landmarks_px, found["left"].landmarks_px, atol=1e-6)
    np.testing.assert_allclose(again.mask, found["left"].mask, atol=1e-6)


def nobody() -> dict[str, np.ndarray]:
    """Pictures without a person."""
    random = np.random.default_rng(5)
    slope = np.linspace(0, 255, 300).astype(np.uint8)
    return {
        "black": np.zeros((200, 300, 3), dtype=np.uint8),
        "noise": random.integers(0, 256, (240, 180, 3), dtype=np.uint8),
        "slope": np.repeat(np.tile(slope, (500, 1))[..., None], 3, axis=2),
        "tiny": random.integers(0, 256, (32, 32, 3), dtype=np.uint8),
        "strip": np.full((32, 900, 3), 90, dtype=np.uint8),
    }


@pytest.mark.parametrize("kind", nobody())
def test_nobody(kind):
    """Points wait in the middle of the picture, laid out as a face, unplaced and without trust; nothing fails."""
    photo = picture(nobody()[kind])
    detection = detect(photo)
    points = detection.keypoints

    assert detection.landmarks_px is None
    assert (points.state == PointState.UNPLACED).all() and not points.usable.any() and (points.confidence == 0).all()
    assert (points.xy_px > 0).all() and (points.xy_px < np.array([photo.width, photo.height]) - 1).all()
    assert place(detection, "forehead")[1] < place(detection, "chin")[1]
    assert place(detection, "right cheek")[0] < place(detection, "left cheek")[0]
    assert detection.mask.shape == photo.rgb.shape[:2] and detection.mask.dtype == np.float32
    assert np.isfinite(detection.mask).all() and detection.mask.min() >= 0 and detection.mask.max() <= 1


@pytest.mark.parametrize("level", [0, 255])
def test_bars_are_no_clothes(photos, level):
    """Of a photo with a bar from the neck down everything above it is outlined as before, and nothing in the bar."""
    rgb = photos["front"].rgb.copy()
    rgb[560:] = level
    detection = detect(picture(rgb))

    assert detection.landmarks_px is not None
    assert detection.mask[560:].max() == 0 and detection.mask[:550].max() == 1
    assert detection.mask[550:557].mean() > 0.2


def test_confidence_follows_the_photo_s_size(found):
    """The same face in a picture of half the size is trusted as much."""
    landmarks = found["right"].landmarks_px
    whole, half = landmark_confidence(landmarks, 720, 720), landmark_confidence((landmarks - 0.5) / 2, 360, 360)

    np.testing.assert_allclose(whole, half, atol=0.02)


def test_detection_cannot_be_changed(found):
    """Neither its landmarks nor its mask."""
    detection = replace(found["front"])

    assert not detection.landmarks_px.flags.writeable
    assert not detection.mask.flags.writeable


@pytest.mark.parametrize("value", [0.0, 0.35, 1.0])
def test_guided_filter_keeps_an_even_mask(value):
    """Whatever the picture shows."""
    guide = np.random.default_rng(2).random((40, 50, 3))
    filtered = guided_filter(guide, np.full((40, 50), value), radius=4, edge=3e-3)

    np.testing.assert_allclose(filtered, value, atol=1e-3)


def test_guided_filter_draws_a_mask_to_the_edge():
    """A mask that is three pixels off lies on the picture's edge afterwards."""
    guide = np.zeros((60, 60, 3))
    guide[:, 30:] = (0.9, 0.6, 0.3)
    rough = np.zeros((60, 60))
    rough[:, 33:] = 1.0
    filtered = guided_filter(guide, rough, radius=8, edge=1e-3)

    assert (np.diff(filtered, axis=1).argmax(axis=1) == 29).all()
    assert filtered[:, 28].max() < 0.3 < 0.55 < filtered[:, 31].min()


def test_guided_filter_smooths_where_there_is_no_edge():
    """Over an even picture it is a mean over the window, taken twice."""
    mask = np.zeros((41, 41))
    mask[20, 20] = 1.0
    filtered = guided_filter(np.full((41, 41, 3), 0.5), mask, radius=2, edge=1e-3)

    assert filtered[20, 20] == pytest.approx(1 / 25, rel=1e-3)
    assert filtered.sum() == pytest.approx(1.0, rel=1e-3)


def test_a_mask_without_a_face_keeps_every_person(photos, found):
    """A person from behind is a person: the coarse mask alone covers most of what the fine one does."""
    coarse = person_mask(photos["front"].rgb)
    fine = found["front"].mask > 0.5

    assert coarse.shape == fine.shape
    assert np.sum((coarse > 0.5) & fine) / np.sum((coarse > 0.5) | fine) > 0.85


@pytest.mark.parametrize("name", ["left", "front", "right"])
def test_a_face_that_fills_its_photo_is_outlined_as_well(photos, name):
    """Cut right round the face, its outline is that of the whole photo: no shoulders grow out of the background."""
    rgb = photos[name].rgb
    landmarks = find_face(rgb)
    (x, y), (width, height) = 0.5 * (landmarks.min(axis=0) + landmarks.max(axis=0)), np.ptp(landmarks, axis=0)
    size = max(width, height)
    side, left, top = int(1.2 * size), int(x - 0.6 * size), int(y - 0.62 * size)
    cut = np.s_[top : top + side, left : left + side]
    whole = person_mask(rgb, (x, y, size))[cut] > 0.5
    close = person_mask(np.ascontiguousarray(rgb[cut]), (x - left, y - top, size)) > 0.5

    assert (whole & close).sum() / (whole | close).sum() > 0.94


def test_haze_far_from_the_person_is_background():
    """Hair that hardly shows stays; what hardly shows beyond a tenth of the face does not, nor do other people."""
    y, x = np.mgrid[0:600, 0:800]
    away = np.hypot(x - 300, y - 300)
    hazy = np.where(away < 100, 1.0, np.where(away < 300, 0.2, np.where(x > 650, 0.9, 0.0)))
    mask = _connected_to(hazy, (300.0, 300.0), 400.0)

    assert mask[300, 300] == 1 and mask[300, 300 + 130] == np.float32(0.2)
    assert mask[300, 300 + 160] == 0 and mask[300, 700] == 0
