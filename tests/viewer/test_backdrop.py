"""What lies behind the avatar."""

import numpy as np
import pytest

from kpnerf.viewer.backdrop import BAND, Backdrop, backdrop_of, composite, composite_unless


def half_red(width: int = 40, height: int = 30) -> np.ndarray:
    """A picture of half transparent red."""
    return np.broadcast_to(np.float32([1, 0, 0, 0.5]), (height, width, 4))


@pytest.mark.parametrize("backdrop", Backdrop)
def test_pictures_for_the_screen_are_opaque_and_ready_for_a_texture(backdrop):
    """Half of the avatar's colour, half of the backdrop's."""
    behind = composite(np.zeros((30, 40, 4), np.float32), backdrop)
    picture = composite(half_red(), backdrop)

    assert picture.dtype == np.float32 and picture.flags.c_contiguous
    assert (picture[..., 3] == 1).all()
    np.testing.assert_allclose(picture[..., 1], 0.5 * behind[..., 1], atol=1e-6)
    np.testing.assert_allclose(picture[..., 0], 0.5 + 0.5 * behind[..., 0], atol=1e-6)


def test_the_checkerboard_has_two_tones():
    """So that what is transparent can be told from what is grey."""
    picture = composite(np.zeros((128, 128, 4), np.float32), Backdrop.CHECKER)

    assert len(np.unique(picture[..., 0])) == 2


@pytest.mark.parametrize("backdrop", [Backdrop.BLACK, Backdrop.GREY, Backdrop.WHITE])
def test_a_plain_backdrop_is_a_colour_of_the_document(backdrop):
    """Saved as a colour, shown as the same backdrop again."""
    assert backdrop_of(backdrop.colour) is backdrop


def test_no_colour_means_transparent_in_files_and_the_studio_on_the_screen():
    """None is no black."""
    assert backdrop_of(None) is Backdrop.STUDIO
    assert Backdrop.STUDIO.colour is None


@pytest.mark.parametrize("backdrop", Backdrop)
def test_a_picture_that_becomes_unwanted_is_left_at_once(backdrop):
    """After a few rows, not at its end; and one that stays wanted is whole, whatever its height."""
    looks = []

    def stale_at_third():
        looks.append(1)
        return len(looks) == 3

    assert composite_unless(half_red(8, 10 * BAND), backdrop, stale_at_third) is None
    assert len(looks) == 3
    whole = composite_unless(half_red(8, 2 * BAND + 5), backdrop, lambda: False)
    np.testing.assert_array_equal(whole, composite(half_red(8, 2 * BAND + 5), backdrop))
    assert (whole[..., 3] == 1).all()
