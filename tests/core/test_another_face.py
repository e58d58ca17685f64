"""A photo of two people, and whose avatar it makes."""

from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from kpnerf.core import detection, lens_edits
from kpnerf.core.another_face import next_face, with_face_at
from kpnerf.core.detection import detect, faces_of
from kpnerf.core.document import Document
from kpnerf.core.edits import solve_cameras
from kpnerf.core.errors import UserError
from kpnerf.core.keypoints import HEAD
from kpnerf.core.operations import perform
from kpnerf.core.photo import Photo, load_photo
from kpnerf.core.segmentation import person_mask
from kpnerf.core.source import view_of

NOSE = HEAD.index("nose tip")


@pytest.fixture(scope="module")
def single() -> Photo:
    """One person."""
    return load_photo(Path(str(resources.files("kpnerf.assets"))) / "samples" / "person" / "front.jpg")


@pytest.fixture(scope="module")
def couple(single) -> Document:
    """The same person twice, side by side, the right one smaller."""
    rgb = single.rgb
    height, width = rgb.shape[:2]
    right = np.full_like(rgb, 128)
    small = rgb[::2, ::2]
    right[height // 4 : height // 4 + len(small), width // 4 : width // 4 + small.shape[1]] = small
    photo = replace(single, name="couple.png", path=None, rgb=np.concatenate([rgb, right], axis=1))
    return Document(views=(view_of(photo),))


def side_of(document: Document) -> str:
    """On which half of the photo the nose tip is."""
    view = document.views[0]
    return "left" if view.keypoints.xy_px[NOSE, 0] < view.size[0] / 2 else "right"


def test_every_face_is_found_once_from_left_to_right(couple, single):
    """However many squares it was seen in."""
    photo = couple.views[0].photo
    middles = [face.mean(axis=0)[0] for face in faces_of(photo.rgb)]

    assert len(middles) == 2 and middles[0] < photo.width / 2 < middles[1]
    assert len(faces_of(single.rgb)) == 1
    assert faces_of(np.full((64, 64, 3), 128, np.uint8)) == []


def test_the_larger_face_comes_first_then_the_other_then_the_first_again(couple):
    """Points, outline and landmarks go with the face; asked twice everything is as before."""
    first = couple.views[0]
    other = with_face_at(couple, 0, next_face(first))
    back = with_face_at(other, 0, next_face(other.views[0]))
    middle = first.size[0] // 2

    assert [side_of(document) for document in (couple, other, back)] == ["left", "right", "left"]
    assert first.mask[:, :middle].sum() > 5 * first.mask[:, middle:].sum()
    assert other.views[0].mask[:, middle:].sum() > 5 * other.views[0].mask[:, :middle].sum()
    assert np.ptp(other.views[0].landmarks_px[:, 0]) == pytest.approx(np.ptp(first.landmarks_px[:, 0]) / 2, rel=0.1)
    np.testing.assert_allclose(back.views[0].keypoints.xy_px, first.keypoints.xy_px, atol=0.02 * middle)
    assert other.calibration is None and solve_cameras(other).calibration is not None


def test_a_face_is_taken_from_a_shell(couple):
    """By a pixel on it; a pixel on nobody is refused, and so is what is no number."""
    x, y = next_face(couple.views[0])

    assert side_of(perform(couple, ("face", "couple", f"{x}", f"{y}"))) == "right"
    with pytest.raises(UserError, match="no face at 3, 4 in couple.png"):
        perform(couple, ("face", "couple", "3", "4"))
    with pytest.raises(UserError, match="is no number"):
        perform(couple, ("face", "couple", "here", "4"))


def test_where_there_is_no_other_face_nothing_changes(single):
    """A sentence says so; of a photo with no face that was found, whichever there is is taken."""
    view = view_of(single)
    with pytest.raises(UserError, match="No other face was found in front.jpg"):
        next_face(view)

    x, y = next_face(replace(view, landmarks_px=None))
    np.testing.assert_allclose([x, y], detect(single).landmarks_px.mean(axis=0), atol=40)


def test_a_photo_without_its_distortion_is_refused(couple):
    """What it was loaded with is of the other face."""
    bent = lens_edits.set_distortion(couple, 0, -0.02)
    with pytest.raises(UserError, match="distortion of couple.png is taken out"):
        with_face_at(bent, 0, next_face(bent.views[0]))


def test_people_who_touch_are_divided_between_their_faces(single):
    """Shoulder at shoulder, one outline would hold both of them."""
    height, width = single.rgb.shape[:2]
    face = faces_of(single.rgb)[0]
    left, right = int(face[:, 0].min()), int(face[:, 0].max())
    cut = (right - left) // 3
    one = single.rgb[:, max(0, left - cut) : right + cut]
    photo = replace(single, name="near.png", path=None, rgb=np.ascontiguousarray(np.concatenate([one, one], axis=1)))
    found, seam = detect(photo), one.shape[1]
    (x0, y0), (x1, y1) = found.landmarks_px.min(axis=0), found.landmarks_px.max(axis=0)
    together = person_mask(photo.rgb, (0.5 * (x0 + x1), 0.5 * (y0 + y1), max(x1 - x0, y1 - y0)))
    is_left = found.landmarks_px[:, 0].mean() < seam
    strange = np.s_[:, seam + 20 :] if is_left else np.s_[:, : seam - 20]

    assert together[strange].mean() > 0.3
    assert found.mask[strange].max() < 0.05
    own = np.s_[:, : seam - 20] if is_left else np.s_[:, seam + 20 :]
    np.testing.assert_allclose(found.mask[own], together[own], atol=0.02)


def test_a_face_seen_into_a_face_takes_nothing_from_the_outline(single, monkeypatch):
    """As profiles with glasses have been found to have: a second one in a lens, right above the first."""
    alone = detect(single)
    below = faces_of(single.rgb)[0]
    lens = (below - below.mean(axis=0)) * 0.6 + below.mean(axis=0) - [0.0, 0.7 * np.ptp(below[:, 1])]
    monkeypatch.setattr(detection, "faces_of", lambda rgb: [below, lens])

    np.testing.assert_array_equal(detect(single).mask, alone.mask)
