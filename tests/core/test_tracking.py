"""Spots of skin followed between photos, on a painted face whose every pixel is known."""

import cv2
import numpy as np
import pytest

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
    shift = np.array([[1.0, 0.0, 2.3], [0.0, 1.0, -1.6]])
    second = (0.7 * cv2.warpAffine(first, shift, (160, 160), flags=cv2.INTER_CUBIC) + 30).astype(np.uint8)
    places = np.stack(np.meshgrid(np.arange(40.0, 120, 16), np.arange(40.0, 120, 16)), axis=-1).reshape(-1, 2)
    found, sigma, alike = align_patches(first, second, places, places + [1.5, -1.0])

    assert alike.all()
    np.testing.assert_allclose(found - places, np.broadcast_to(shift[:, 2], found.shape), atol=0.15)
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
