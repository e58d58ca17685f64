"""The document: what it refuses, and what it tells calibration."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from kpnerf.core import edits
from kpnerf.core.document import Document, RenderSettings
from kpnerf.core.errors import UserError
from kpnerf.core.keypoints import HEAD
from kpnerf.core.pipeline import Avatar
from kpnerf.core.source import load_source

from .ball_document import small_network
from .staged import staged_camera, staged_capture, staged_document, staged_view


def test_a_document_cannot_be_changed_in_place():
    """Neither fields nor the pixels of masks and keypoints can be written to: sharing them is safe."""
    view = staged_document().views[0]

    with pytest.raises(FrozenInstanceError):
        view.held_out = True  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        view.mask[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        view.keypoints.xy_px[0, 0] = 1


def test_replacing_a_field_of_a_view_keeps_its_mask_object():
    """Freezing the mask must not make a new array each time, or every edit would be a new input to the encoder."""
    view = staged_document().views[0]

    assert replace(view, held_out=True).mask is view.mask


def test_cameras_of_views_and_of_the_calibration_cannot_differ():
    """Putting a calibration into a document past `apply_calibration` is a programming error, and is noticed."""
    document = staged_document()
    views = (replace(document.views[0], camera=staged_camera(5)), *document.views[1:])

    with pytest.raises(ValueError, match="apply_calibration"):
        replace(document, views=views)
    with pytest.raises(ValueError, match="apply_calibration"):
        replace(document, views=document.views[:2])


@pytest.mark.parametrize("name", ["b.png", "b"])
def test_a_view_is_found_by_name_with_or_without_ending(name):
    """Both spellings that the command line takes."""
    assert staged_document().view_index(name) == 1


def test_an_unknown_view_is_refused_with_the_names_there_are():
    """The sentence helps to correct a typing mistake."""
    with pytest.raises(UserError, match="no picture called “d”.*a.png, b.png, c.png"):
        staged_document().view_index("d")


def test_a_name_that_two_files_share_needs_its_ending():
    """a.png and a.jpg are told apart, and "a" is not guessed."""
    document = edits.add_views(Document(), [staged_view("b.png", 0)])
    document = replace(document, views=(*document.views, staged_view("b.jpg", 10)))

    assert document.view_index("b.jpg") == 1
    with pytest.raises(UserError, match="More than one"):
        document.view_index("b")


def test_calibration_is_told_only_of_locked_cameras():
    """A camera that nobody locked is solved again from nothing; a locked one is passed as the very object it is."""
    document = edits.lock(staged_document(), 1, pose=True)
    free, locked, _ = document.observations()

    assert free.camera is None
    assert locked.camera is document.views[1].camera
    assert (locked.lock_pose, locked.lock_focal) == (True, False)


def test_a_focal_length_set_by_hand_comes_before_the_photos_own():
    """EXIF is only the first guess."""
    view = staged_view("a.png", 0)
    view = replace(view, photo=replace(view.photo, focal_px=300.0))

    assert Document(views=(view,)).observations()[0].focal_px == 300.0
    assert Document(views=(replace(view, focal_px=410.0),)).observations()[0].focal_px == 410.0


def test_a_held_out_view_says_nothing_about_keypoints():
    """Its points are passed as occluded, and it is no source; the document itself keeps them."""
    document = edits.hold_out(staged_document(), 2)

    assert document.sources == (0, 1)
    assert not document.observations()[2].keypoints.usable.any()
    assert document.views[2].keypoints.usable.all()
    assert (document.calibration.keypoints.views == 2).all()


def test_an_encoding_is_of_the_head_where_it_is_now(tmp_path):
    """Given cameras stay the same objects when the points that say where the head is are moved, and solved."""
    before = load_source([staged_capture(tmp_path / "capture")])
    after = before
    for index, view in enumerate(before.views):
        lower = {name: (x, y + 25) for name, (x, y) in zip(HEAD.names, view.keypoints.xy_px, strict=True)}
        after = edits.move_keypoints(after, index, lower)
    dragged, after = after, edits.solve_cameras(after)
    avatar = Avatar(small_network())
    encoded = avatar.encode(before)

    assert [view.camera for view in after.views] == [view.camera for view in before.views]
    assert avatar.encode(dragged) is encoded
    found = avatar.encode(after).source.camera_from_world
    expected = np.stack([camera.camera_from_world for camera in after.calibration.head_cameras])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(found.numpy() - encoded.source.camera_from_world.numpy()).max() > 0.01


def test_the_schema_of_an_empty_document_is_the_head():
    """A window without photos still knows what it will show."""
    assert Document().schema.name == "head"
    assert Document().settings == RenderSettings()
    assert np.isclose(Document().settings.sigma, 0.05)
