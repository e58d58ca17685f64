"""Photos cropped to the subject: only what a hand has changed is made anew."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.crops import MUCH_FINER, crop_size, crop_views
from kpnerf.core.edits import set_pose
from kpnerf.core.errors import UserError
from kpnerf.core.pipeline import encode_document
from kpnerf.core.subject import framed

from .ball_document import ball_document, small_network


def test_what_a_hand_leaves_alone_is_the_same_object() -> None:
    """A camera moved, then an outline brushed: one crop of three is another each time, and as if made alone."""
    document = ball_document()
    before = crop_views(document, 64)
    assert all(a is b for a, b in zip(crop_views(document, 64), before, strict=True))

    pose = document.calibration.cameras[1].world_from_camera.copy()
    pose[:3, 3] += 0.01
    moved = set_pose(document, 1, pose)
    after = crop_views(moved, 64)
    assert [a is b for a, b in zip(after, before, strict=True)] == [True, False, True]
    assert not np.allclose(after[1].camera.world_from_camera, before[1].camera.world_from_camera)

    views = list(moved.views)
    views[2] = replace(views[2], mask=np.zeros_like(views[2].mask))
    brushed = crop_views(replace(moved, views=tuple(views)), 64)
    assert [a is b for a, b in zip(brushed, after, strict=True)] == [True, True, False]
    assert not brushed[2].mask.any() and not brushed[2].image.any()
    assert crop_views(document, 32)[0].mask.shape == (32, 32)
    np.testing.assert_array_equal(crop_views(document, 64)[1].image, before[1].image)


def test_without_cameras_there_is_a_sentence() -> None:
    """Nothing can be cropped to a subject that is nowhere."""
    with pytest.raises(UserError, match="cameras are not known"):
        crop_views(replace(ball_document(), calibration=None), 64)


def test_colours_are_read_from_twice_as_many_pixels_where_photos_have_them() -> None:
    """One photo that is much finer is enough; what the network looks at, and where it finds it, stays."""
    network = small_network()
    coarse, fine = ball_document(size=96), ball_document(size=384)
    usual = network.config.image_size
    shown = [
        framed(view.photo.content, camera, coarse.schema.frame)[2]
        for view, camera in zip(coarse.views, coarse.calibration.head_cameras, strict=True)
    ]
    enough, little = (int(share * max(shown) / MUCH_FINER) for share in (1.05, 0.95))
    found = [encode_document(network, document) for document in (coarse, fine)]

    assert (crop_size(coarse, enough), crop_size(coarse, little)) == (enough, 2 * little)
    assert crop_size(replace(coarse, calibration=None), usual) == usual
    assert [crop_size(fine, usual, largest) // usual for largest in (usual, usual + 1, None)] == [1, 2, 2]
    assert [encoded.colours.shape[-1] for encoded in found] == [crop_size(coarse, usual), 2 * usual]
    assert found[0].low.shape == found[1].low.shape and found[0].depth.shape == found[1].depth.shape
    assert (found[0].depth - found[1].depth).abs().median() < 0.01
