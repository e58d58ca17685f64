"""The brush on a photo's foreground."""

import numpy as np
import pytest

from kpnerf.core.errors import UserError
from kpnerf.core.mask_edits import paint_mask, restore_mask, stroked
from kpnerf.core.project_file import open_project, save_project

from .staged import HEIGHT, WIDTH, staged_document


def test_a_dab_is_a_disc_of_its_radius_about_its_pixel():
    """Its area is a circle's, its middle where it was put: pixel centres are at whole numbers."""
    mask = stroked(np.zeros((60, 80), np.float32), [(40.25, 29.5)], 10.0, add=True)
    y, x = np.mgrid[0:60, 0:80]

    assert mask.sum() == pytest.approx(np.pi * 10.0**2, rel=0.01)
    assert (mask * x).sum() / mask.sum() == pytest.approx(40.25, abs=0.05)
    assert (mask * y).sum() / mask.sum() == pytest.approx(29.5, abs=0.05)


def test_a_stroke_in_pieces_is_the_same_as_in_a_whole():
    """What is seen while painting is what is kept; adding and taking away undo each other in the middle."""
    empty = np.zeros((60, 80), np.float32)
    path = [(10.0, 10.0), (50.0, 30.0), (20.0, 50.0)]
    whole = stroked(empty, path, 6.0, add=True)
    pieces = empty
    for index in range(len(path)):
        pieces = stroked(pieces, path[max(index - 1, 0) : index + 1], 6.0, add=True)

    np.testing.assert_array_equal(pieces, whole)
    assert whole[20, 30] == 1.0
    assert stroked(whole, path, 6.0, add=False).max() < 0.51  # a soft edge is left of either


def test_strokes_outside_the_photo_are_cut_at_its_edge():
    """A hand does not stop there."""
    mask = stroked(np.ones((20, 20), np.float32), [(-50.0, 10.0), (70.0, 10.0)], 3.0, add=False)

    assert mask[10].max() == 0.0
    assert mask[0].min() == 1.0


def test_painting_is_an_edit_that_shares_the_rest_and_can_be_taken_back():
    """Other views are the same objects; the detected outline is kept beside the repaired one."""
    document = staged_document()
    painted = paint_mask(document, 1, [(20.0, 20.0)], 12.0)
    again = paint_mask(painted, 1, [(40.0, 20.0)], 12.0, add=False)
    restored = restore_mask(again, 1)

    assert painted.views[0] is document.views[0]
    assert painted.views[1].mask[20, 20] == 1.0 and document.views[1].mask[20, 20] == 0.0
    assert again.views[1].detected_mask is document.views[1].mask
    assert restored.views[1].mask is document.views[1].mask
    assert restored.views[1].detected_mask is None
    assert painted.calibration is document.calibration


def test_a_stroke_that_changes_nothing_is_no_edit():
    """Painting where all is foreground already leaves no entry in the history."""
    document = staged_document()

    assert paint_mask(document, 0, [(150.0, 120.0)], 5.0, add=False) is not document
    assert paint_mask(document, 0, [(5.0, 5.0)], 3.0, add=False) is document


def test_repaired_masks_and_only_they_are_kept_twice_in_a_project(tmp_path):
    """To the last bit, and with the way back."""
    document = paint_mask(staged_document(), 2, [(5.0, 5.0), (60.3, 40.7)], 7.5)
    save_project(document, tmp_path / "painted.kpnerf")
    opened = open_project(tmp_path / "painted.kpnerf")

    np.testing.assert_array_equal(opened.views[2].mask, document.views[2].mask)
    np.testing.assert_array_equal(opened.views[2].detected_mask, document.views[2].detected_mask)
    assert opened.views[0].detected_mask is None


@pytest.mark.parametrize(
    ("view", "path", "radius"),
    [(9, [(1.0, 1.0)], 5.0), (0, [], 5.0), (0, [(np.nan, 1.0)], 5.0), (0, [(1.0, 1.0)], 0.0)],
)
def test_impossible_strokes_are_told(view, path, radius):
    """A photo that is not there, no path, no number, no brush."""
    with pytest.raises(UserError):
        paint_mask(staged_document(), view, path, radius)


def test_masks_are_of_the_photo():
    """The test's own photos have the size that the numbers above assume."""
    assert staged_document().views[0].mask.shape == (HEIGHT, WIDTH)
