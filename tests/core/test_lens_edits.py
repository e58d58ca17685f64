"""Distortion taken out of a photo and of what is known in it, and put back."""

from dataclasses import fields, replace

import numpy as np
import pytest
from PIL import Image

from kpnerf.core import cli, edits
from kpnerf.core.camera import Camera
from kpnerf.core.document import Document, DocumentView
from kpnerf.core.errors import UserError
from kpnerf.core.history import History
from kpnerf.core.interop.lens import Distortion, distorted_pixels, undistorted_pixels
from kpnerf.core.journal import Journal
from kpnerf.core.left_behind import left_behind
from kpnerf.core.lens_edits import LEAST, MOST, set_distortion
from kpnerf.core.mask_edits import paint_mask, restore_mask
from kpnerf.core.operations import perform
from kpnerf.core.photo import load_photo
from kpnerf.core.project_file import open_project, open_with_history, save_project
from kpnerf.core.replay import operations_between, steps_of

from .staged import HEIGHT, WIDTH, staged_document

IN_PIXELS = ("photo", "mask", "detected_mask", "landmarks_px", "detected", "keypoints")


def noisy_document(folder=None) -> Document:
    """Photos in which every pixel tells where it is from, with landmarks; files in a folder, where one is given."""
    rng = np.random.default_rng(3)
    document, views = staged_document(), []
    for view in document.views:
        photo = replace(view.photo, rgb=rng.integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8))
        if folder is not None:
            Image.fromarray(photo.rgb).save(folder / view.name)
            photo = load_photo(folder / view.name)
        landmarks = rng.uniform(0, [WIDTH - 1, HEIGHT - 1], (478, 2))
        views.append(replace(view, photo=photo, landmarks_px=landmarks))
    return replace(document, views=tuple(views))


def assert_same_view(ours: DocumentView, theirs: DocumentView) -> None:
    """To the last bit."""
    np.testing.assert_array_equal(ours.photo.rgb, theirs.photo.rgb)
    assert (ours.photo.name, ours.photo.sha256) == (theirs.photo.name, theirs.photo.sha256)
    assert ours.photo.path == theirs.photo.path or ours.photo.path.samefile(theirs.photo.path)
    for name in ("mask", "detected_mask", "landmarks_px"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    for name in ("detected", "keypoints"):
        for field in ("xy_px", "state", "confidence", "occluded"):
            np.testing.assert_array_equal(getattr(getattr(ours, name), field), getattr(getattr(theirs, name), field))
    assert ours.distortion == theirs.distortion and (ours.as_loaded is None) == (theirs.as_loaded is None)
    if ours.as_loaded is not None and theirs.as_loaded is not None:
        assert_same_view(ours.as_loaded, theirs.as_loaded)


@pytest.mark.parametrize("distortion", [LEAST, -0.03, 0.07, MOST])
def test_pixels_go_there_and_back(distortion):
    """Every corner of the photo, and what lies between: the closed form undoes the iteration."""
    lens = Camera(200.0, 200.0, 159.5, 119.5, WIDTH, HEIGHT, np.eye(4)), Distortion(k1=distortion)
    pixels = np.array([[-0.5, -0.5], [319.5, 239.5], [159.5, 119.5], [10.0, 200.0], [300.0, 40.0]])
    straight = undistorted_pixels(pixels, *lens)

    np.testing.assert_allclose(distorted_pixels(straight, *lens), pixels, atol=1e-6)
    assert undistorted_pixels(np.zeros((0, 2)), *lens).shape == (0, 2)


def test_all_coefficients_go_there_and_back():
    """Tangential ones too: what files of other programs may hold."""
    lens = Camera(250.0, 240.0, 150.0, 125.0, WIDTH, HEIGHT, np.eye(4)), Distortion(-0.2, 0.05, 0.003, -0.004, -0.01)
    pixels = np.random.default_rng(0).uniform(0, [WIDTH, HEIGHT], (50, 2))

    np.testing.assert_allclose(distorted_pixels(undistorted_pixels(pixels, *lens), *lens), pixels, atol=1e-6)


def test_none_again_is_the_very_photo():
    """Photo, masks, landmarks and detections are the objects that they were, points the same to the bit."""
    document = noisy_document()
    there = set_distortion(set_distortion(document, 1, -0.05), 1, 0.1)
    back = set_distortion(there, 1, 0.0)

    assert there.views[1].photo is not document.views[1].photo
    for name in ("photo", "mask", "landmarks_px", "detected", "detected_mask"):
        assert getattr(back.views[1], name) is getattr(document.views[1], name)
    assert_same_view(back.views[1], document.views[1])
    assert back.views[0].photo is document.views[0].photo and there.views[0].photo is document.views[0].photo


def test_by_which_way_a_coefficient_is_reached_makes_no_difference():
    """Pictures are resampled from what was loaded, never from what was resampled before."""
    document = noisy_document()
    direct = set_distortion(document, 0, -0.04)
    around = set_distortion(set_distortion(set_distortion(document, 0, 0.2), 0, -0.1), 0, -0.04)

    assert_same_view(around.views[0], direct.views[0])


def test_points_stay_on_what_they_mark():
    """A bright dot under each keypoint is under it still; half a diagonal from the middle is where the share counts."""
    document, view = staged_document(), staged_document().views[1]
    places = [(x, y) for y in (45.0, 120.0, 195.0) for x in (50.0, 105.0, 160.0, 215.0, 270.0)][: len(document.schema)]
    view = replace(view, keypoints=replace(view.keypoints, xy_px=np.array(places)))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    grey = np.zeros((HEIGHT, WIDTH))
    for u, v in view.keypoints.xy_px:
        grey = np.maximum(grey, 250 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / 4.0))
    rgb = np.repeat(grey.round().astype(np.uint8)[..., None], 3, axis=2)
    document = Document(views=(replace(view, photo=replace(view.photo, rgb=rgb)),))
    straight = set_distortion(document, 0, -0.1).views[0]

    moved = np.linalg.norm(straight.keypoints.xy_px - view.keypoints.xy_px, axis=1)
    assert moved.max() > 5
    seen = straight.photo.rgb[..., 0].astype(float)
    for u, v in straight.keypoints.xy_px:
        near = np.where(np.hypot(x - u, y - v) < 4.5, seen, 0.0)
        np.testing.assert_allclose([(near * x).sum() / near.sum(), (near * y).sum() / near.sum()], [u, v], atol=0.15)
    middle, corner = np.array([0.5 * (WIDTH - 1), 0.5 * (HEIGHT - 1)]), np.array([WIDTH - 0.5, HEIGHT - 0.5])
    at_corner = edits.move_keypoint(set_distortion(document, 0, -0.1), 0, "chin", tuple(corner))
    bent = set_distortion(at_corner, 0, 0.0).views[0].keypoints.xy_px[document.schema.index("chin")]
    np.testing.assert_allclose(bent - middle, 0.9 * (corner - middle), atol=1e-6)


def test_what_was_done_meanwhile_is_carried_back_and_nothing_else_changes():
    """A point that was moved, one that was occluded, a stroke of the brush; all other points and pixels to the bit."""
    document = noisy_document()
    there = set_distortion(document, 0, 0.08)
    there = edits.move_keypoint(there, 0, "chin", (100.0, 60.0))
    there = edits.occlude_keypoint(there, 0, "nose tip")
    there = paint_mask(there, 0, [(30.0, 30.0), (40.0, 60.0)], 10.0)
    back = set_distortion(there, 0, 0.0).views[0]
    before = document.views[0]

    chin, nose = (document.schema.index(name) for name in ("chin", "nose tip"))
    others = [index for index in range(len(document.schema)) if index != chin]
    np.testing.assert_array_equal(back.keypoints.xy_px[others], before.keypoints.xy_px[others])
    assert np.linalg.norm(back.keypoints.xy_px[chin] - [100.0, 60.0]) > 0.3 and back.keypoints.occluded[nose]
    again = set_distortion(set_distortion(there, 0, 0.0), 0, 0.08).views[0]
    np.testing.assert_allclose(again.keypoints.xy_px[chin], [100.0, 60.0], atol=1e-6)
    assert back.detected_mask is before.mask
    changed = np.argwhere(back.mask != before.mask)
    assert 400 < len(changed) < 1200 and changed.min() > 5 and changed.max() < 80
    assert np.abs(again.mask - there.views[0].mask).mean() < 0.002
    assert restore_mask(set_distortion(there, 0, 0.0), 0).views[0].mask is before.mask
    assert set_distortion(restore_mask(there, 0), 0, 0.0).views[0].mask is before.mask


def test_the_rest_follows_and_solving_leaves_it():
    """3D keypoints answer, cameras stay, the photo that calibration is shown is the straightened one."""
    document = staged_document()
    bent = set_distortion(document, 2, 0.1)

    assert bent.calibration.cameras[2] is document.calibration.cameras[2]
    assert not np.array_equal(bent.calibration.keypoints.xyz, document.calibration.keypoints.xyz)
    assert bent.calibration.residual_px.max() > document.calibration.residual_px.max() + 0.01
    assert bent.observations()[2].picture is bent.views[2].photo.rgb
    again = edits.apply_calibration(bent, bent.calibration)
    assert again.views[2].distortion == 0.1 and again.views[2].photo is bent.views[2].photo


def test_one_entry_that_undo_takes_back_and_words_repeat():
    """A drag of the slider is `--distortion VIEW SHARE`, also where something was painted and moved before."""
    first = paint_mask(edits.move_keypoint(noisy_document(), 1, "chin", (120.0, 90.0)), 1, [(50.0, 50.0)], 9.0)
    history = History(first)
    history.begin("Distortion of b.png")
    for share in (-0.01, -0.02, -0.035):
        history.preview(set_distortion(first, 1, share))
    history.commit()
    second = paint_mask(history.document, 1, [(90.0, 50.0)], 9.0)
    third = set_distortion(second, 1, 0.02)

    (step,) = steps_of(history.entries)
    assert step.operations == (("distortion", "b.png", "-0.035"),)
    assert_same_view(perform(first, step.operations[0]).views[1], history.document.views[1])
    assert operations_between(second, third) == (("distortion", "b.png", "0.02"),)
    assert operations_between(third, set_distortion(third, 1, 0.0)) == (("distortion", "b.png", "0"),)
    assert history.undo() and history.document is first
    assert set_distortion(first, 1, 0.0) is first


@pytest.mark.parametrize("as_files", [True, False], ids=["files", "pixels"])
def test_it_is_kept_in_a_project(tmp_path, as_files):
    """To the bit, with the way back to the photo; one view of three is straightened, with a repaired outline."""
    document = noisy_document(tmp_path if as_files else None)
    first = document.views[1]
    document = paint_mask(set_distortion(paint_mask(document, 1, [(9.0, 9.0)], 8.0), 1, 0.06), 1, [(200.0, 30.0)], 9.0)
    save_project(document, tmp_path / "bent.kpnerf")
    opened = open_project(tmp_path / "bent.kpnerf")

    for ours, theirs in zip(opened.views, document.views, strict=True):
        assert_same_view(ours, theirs)
    back = set_distortion(opened, 1, 0.0).views[1]
    np.testing.assert_array_equal(back.photo.rgb, first.photo.rgb)
    np.testing.assert_array_equal(back.keypoints.xy_px, first.keypoints.xy_px)
    np.testing.assert_array_equal(back.detected_mask, first.mask)


def test_a_journal_brings_it_back(tmp_path):
    """Every entry as it was; entries share the straightened photo as they did."""
    history, journal = History(noisy_document(tmp_path)), Journal(tmp_path / "journals")
    history.do("Distortion", set_distortion(history.document, 0, -0.02))
    history.do("Move", edits.move_keypoint(history.document, 0, "chin", (99.0, 55.0)))
    journal.follow(history, None)
    journal.close(keep=True)
    (left,) = left_behind(tmp_path / "journals")
    restored = left.history([tmp_path])
    left.discard()

    for ours, theirs in zip(restored.entries, history.entries, strict=True):
        for a, b in zip(ours.document.views, theirs.document.views, strict=True):
            assert_same_view(a, b)
    assert restored.entries[2].document.views[0].photo is restored.entries[1].document.views[0].photo


def test_from_a_shell(tmp_path, capsys):
    """`kpnerf edit` takes it out, the history says so, and what no lens does is refused in a sentence."""
    save_project(noisy_document(tmp_path), tmp_path / "me.kpnerf")
    project, out = str(tmp_path / "me.kpnerf"), str(tmp_path / "out.kpnerf")

    assert cli.main(["edit", project, "--distortion", "b", "-0.03", "-o", out]) == 0
    document, history = open_with_history(out)
    assert [view.distortion for view in document.views] == [0.0, -0.03, 0.0]
    assert history[-1].operations == (("distortion", "b", "-0.03"),)
    capsys.readouterr()
    assert cli.main(["edit", project, "--distortion", "b", "0.9", "-o", out]) == 2
    assert "does not distort by 90 %" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [LEAST - 0.001, MOST + 0.001, float("nan")])
def test_what_no_lens_does_is_told(wrong):
    """Beyond these a corner would have no place."""
    with pytest.raises(UserError):
        set_distortion(staged_document(), 0, wrong)


def test_every_field_in_pixels_is_carried():
    """A field that is added to views has to be thought of here too."""
    known = {*IN_PIXELS, "camera", "focal_px", "lock_pose", "lock_focal", "lock_centre", "held_out", "faces"}

    assert {field.name for field in fields(DocumentView)} == known | {"distortion", "as_loaded"}
