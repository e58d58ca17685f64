"""Where everything is in the window."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.viewer.layout import Rect, arrange


def overlap(a: Rect, b: Rect) -> float:
    """Area that two rectangles share."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    return max(width, 0) * max(height, 0)


@given(
    st.integers(1, 4000),
    st.integers(1, 3000),
    st.integers(0, 8),
    st.integers(0, 7),
    st.booleans(),
    st.sampled_from([1.0, 2.0]),
    st.floats(0.12, 0.8),
)
def test_regions_never_overlap_nor_leave_the_window(width, height, photos, chosen, enlarged, scale, share):
    """In windows of any size, shrunk to nothing too, with any number of photos."""
    layout = arrange(
        width,
        height,
        scale=scale,
        photos=photos,
        chosen=min(chosen, max(photos - 1, 0)),
        enlarged=enlarged,
        photo_share=share,
    )
    regions = [*layout.photos, layout.avatar, layout.points, layout.tabs, layout.status]
    visible = [region for region in regions if region.is_visible]

    assert len(layout.photos) == photos
    assert all(min(region.width, region.height) >= 0 for region in regions)
    assert all(region.x + region.width <= width + 1e-6 for region in visible)
    assert all(region.y + region.height <= height + 1e-6 for region in visible)
    assert all(overlap(a, b) < 1e-6 for a, b in itertools.combinations(visible, 2))


def test_the_chosen_of_many_photos_is_large():
    """Four and more: one to work on, the others small below it."""
    layout = arrange(1440, 900, photos=5, chosen=2)
    areas = [rect.width * rect.height for rect in layout.photos]

    assert max(areas) == areas[2]
    assert areas[2] > 5 * areas[0]


def test_a_narrow_window_keeps_the_avatar_and_drops_the_panels():
    """Something to look at remains."""
    layout = arrange(500, 500, photos=3)

    assert not layout.points.is_visible
    assert layout.avatar.width > 200


def test_three_photos_share_their_column_evenly():
    """And fill it."""
    layout = arrange(1440, 900, photos=3)
    heights = [rect.height for rect in layout.photos]

    assert heights == pytest.approx([heights[0]] * 3)
    assert layout.photos[2].y + heights[2] == pytest.approx(layout.photo_area.y + layout.photo_area.height)
