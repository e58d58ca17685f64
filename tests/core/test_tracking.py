"""Spots of skin followed between photos, on a painted face whose every pixel is known."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates, shift

from kpnerf.core.canonical import canonical_face
from kpnerf.core.face_chart import face_chart, unroll
from kpnerf.core.geometry import project
from kpnerf.core.tracking import align_patches, share_followed, track_skin

from .painted_face import SIZE, camera, photo_of, texture


@pytest.fixture(scope="module")
def photos():
    """Three photos of the painted face and their cameras."""
    cameras = [camera(yaw) for yaw in (-25, 0, 25)]
    return [photo_of(one) for one in cameras], cameras


def test_spots_obey_the_epipolar_geometry(photos):
    """Rays through a spot in two photos meet: within a fraction of a pixel of where the spot was seen."""
    pictures, cameras = photos
    tracks = track_skin(pictures, cameras, canonical_face().points, width=256)
    distances = []
    for view, one in enumerate(cameras):
        pixels, _ = project(one, tracks.points)
        seen = tracks.weights[view] > 0
        distances.append(np.linalg.norm(pixels - tracks.pixels_px[view], axis=1)[seen])

    assert len(tracks.points) > 100
    assert np.median(np.concatenate(distances)) < 0.5


def test_spots_tell_where_cameras_are_wrong(photos):
    """With landmarks shifted by three millimetres a spot keeps its skin: its pixels are those of one place."""
    pictures, cameras = photos
    shifted = canonical_face().points + np.array([0.0, 0.0, 0.003])
    tracks = track_skin(pictures, cameras, shifted, width=256)
    both = (tracks.weights[0] > 0) & (tracks.weights[1] > 0)
    apart = []
    for view in (0, 1):
        pixels, _ = project(cameras[view], tracks.points[both])
        apart.append(tracks.pixels_px[view][both] - pixels)

    assert both.sum() > 30
    assert np.median(np.abs(apart[0][:, 0] - apart[1][:, 0])) > 0.5


def test_a_missing_picture_takes_no_part(photos):
    """Its column is empty, and the others are followed as without it."""
    pictures, cameras = photos
    tracks = track_skin([pictures[0], None, pictures[2]], cameras, canonical_face().points, width=128)

    assert (tracks.weights[1] == 0).all()


def test_no_picture_no_spot(photos):
    """Nothing to follow is nothing found, in the right shapes."""
    tracks = track_skin([None, None, None], photos[1], canonical_face().points, width=128)

    assert tracks.pixels_px.shape == (3, 0, 2) and tracks.points.shape == (0, 3)


def test_skin_is_found_again_on_the_same_face_only():
    """From another side most of it, on a face painted otherwise hardly any, and on a blank one none."""
    chart, points = face_chart(128), canonical_face().points
    seen = [(camera(-10), 0), (camera(10), 0), (camera(10), 1)]
    painted = [cv2.cvtColor(photo_of(one, seed), cv2.COLOR_RGB2GRAY).astype(np.float32) for one, seed in seen]
    here, same, other = (unroll(each, one, points, chart) for each, (one, _) in zip(painted, seen, strict=True))
    blank = unroll(np.zeros((SIZE, SIZE), np.float32), camera(10), points, chart)

    assert share_followed(here, same) > 0.5
    assert share_followed(here, other) < 0.1
    assert share_followed(here, blank) == share_followed(blank, here) == 0


def test_patches_are_aligned_to_a_fraction_of_a_pixel():
    """A picture shifted by a known amount, dimmer and flatter, is found shifted by that amount."""
    first = texture((160, 160))
    moved = np.array([[1.0, 0.0, 2.3], [0.0, 1.0, -1.6]])
    second = (0.7 * cv2.warpAffine(first, moved, (160, 160), flags=cv2.INTER_CUBIC) + 30).astype(np.uint8)
    places = np.stack(np.meshgrid(np.arange(40.0, 120, 16), np.arange(40.0, 120, 16)), axis=-1).reshape(-1, 2)
    found, sigma, alike = align_patches(first, second, places, places + [1.5, -1.0])

    assert alike.all()
    np.testing.assert_allclose(found - places, np.broadcast_to(moved[:, 2], found.shape), atol=0.15)
    assert (sigma < 1).all()


def test_the_chart_puts_landmarks_where_they_are():
    """Its surface goes through the face: every place lies between the landmarks, and the middle is the nose's."""
    chart = face_chart(192)
    surface = chart.surface(canonical_face().points)[chart.inside]

    np.testing.assert_allclose(chart.shares.sum(axis=-1)[chart.inside], 1.0, atol=1e-9)
    assert (chart.shares[chart.inside] > -1e-9).all()
    assert surface[:, 2].min() == pytest.approx(canonical_face().points[:468, 2].min(), abs=0.003)


def test_skin_that_faces_away_is_known():
    """Seen from one side, that side faces the camera and the other does not."""
    chart = face_chart(192)
    seen = unroll(np.zeros((SIZE, SIZE), np.float32), camera(60), canonical_face().points, chart)
    middle = chart.inside.shape[1] // 2

    assert seen.facing[:, middle:][chart.inside[:, middle:]].mean() > 0.5
    assert seen.facing[:, : middle // 2][chart.inside[:, : middle // 2]].mean() < 0.2


def plain_alignment(here: np.ndarray, there: np.ndarray, places: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Twin of the compiled loop, a patch at a time, by scipy's interpolation, and always to the last step."""
    line = np.arange(-9, 10)
    across, down = (grid.ravel() for grid in np.meshgrid(line, line))
    share = np.exp(-(across**2 + down**2) / (2 * 4.5**2))
    share /= share.sum()
    slopes = [cv2.Sobel(here, cv2.CV_32F, dx, dy, ksize=3) / 8 for dx, dy in ((1, 0), (0, 1))]

    def patch(picture: np.ndarray, middle: np.ndarray) -> np.ndarray:
        values = map_coordinates(picture.astype(float), [middle[1] + down, middle[0] + across], order=1, mode="nearest")
        return values - share @ values

    found = []
    for place, at in zip(places, start, strict=True):
        wanted, slope = patch(here, place), np.stack([patch(each, place) for each in slopes])
        information = (slope * share) @ slope.T
        damped = information + 1e-3 * np.trace(information) * np.eye(2)
        for _ in range(12):
            now = patch(there, at)
            gain = np.clip(share @ (wanted * now) / (share @ now**2), 0.5, 2.0)
            step = np.linalg.solve(damped, (slope * share) @ (wanted - gain * now))
            at = at + step * min(1.0, 1.5 / np.linalg.norm(step))
        found.append(at)
    return np.array(found)


def test_the_compiled_loop_does_what_its_plain_twin_does():
    """Also for patches that reach over the border, darker in one picture, and begun too far away to arrive."""
    random = np.random.default_rng(5)
    noise = gaussian_filter(random.normal(size=(70, 90)), 2)
    first = (120 + 60 * noise / noise.std()).clip(0, 255).astype(np.uint8)
    second = (0.8 * shift(first.astype(float), (-0.6, 1.3), order=3, mode="nearest")).clip(0, 255).astype(np.uint8)
    places = random.uniform([0, 0], [89, 69], (60, 2))
    start = places + random.normal(0, 1.5, (60, 2))
    found, _, alike = align_patches(first, second, places, start)
    expected = plain_alignment(first.astype(np.float32), second.astype(np.float32), places, start)

    assert alike.sum() > 30
    # Steps end sooner than those of the twin once they are a thousandth of a pixel.
    np.testing.assert_allclose(found[alike], expected[alike], atol=0.005)
    np.testing.assert_allclose(np.median(found[alike] - places[alike], axis=0), [1.3, -0.6], atol=0.1)
