"""Photos cropped to the subject: only what a hand has changed is made anew."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.crops import crop_views
from kpnerf.core.edits import set_pose
from kpnerf.core.errors import UserError

from .ball_document import ball_document


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
