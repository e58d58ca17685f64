"""The path of a camera through chosen views: what holds for every path."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.core.camera_path import FARTHEST, MAX_PITCH, NARROWEST, NEAREST, WIDEST, CameraPath, KeyView, short_way
from kpnerf.core.errors import UserError

yaws = st.one_of(st.floats(-np.pi, np.pi), st.sampled_from([-np.pi, -0.5 * np.pi, 0.0, 0.5 * np.pi, np.pi]))
places = st.floats(-1.0, 1.0)
key_views = st.builds(
    KeyView,
    yaws,
    st.floats(-MAX_PITCH, MAX_PITCH),
    st.floats(NEAREST, FARTHEST),
    st.tuples(places, places, places),
    st.floats(NARROWEST, WIDEST),
)
paths = st.tuples(st.lists(key_views, min_size=2, max_size=6).map(tuple), st.floats(0.1, 60.0), st.booleans())
"""What a path is made of."""
shares = st.floats(0.0, 1.0)


def numbers(view: KeyView) -> np.ndarray:
    """Of a view, so that views near each other have numbers near each other, also where yaw turns over."""
    rest = [view.pitch, np.log(view.distance), *view.target, view.field_of_view]
    return np.array([np.cos(view.yaw), np.sin(view.yaw), *rest])


def key_times(path: CameraPath) -> list[tuple[float, KeyView]]:
    """When each view of a path is reached; of a loop the first comes twice."""
    views = path.views + path.views[:1] if path.loop else path.views
    return [(index * path.seconds, view) for index, view in enumerate(views)]


@given(paths)
def test_it_comes_by_every_view_when_it_is_its_turn(parts):
    """Also the first and the last, and once more the first where it is a loop."""
    path = CameraPath(*parts)
    for seconds, view in key_times(path):
        np.testing.assert_allclose(numbers(path.view_at(seconds)), numbers(view), atol=1e-7)


@given(paths, shares)
def test_it_has_no_jumps_and_no_corners(parts, share):
    """In a thousandth of the time between two views it goes a small part of the way, at views as between them."""
    path = CameraPath(*parts)
    step = 1e-3 * path.seconds
    moments = [share * path.duration, *(seconds for seconds, _ in key_times(path))]
    spread = np.ptp([numbers(view) for view in path.views], axis=0) + 2 * np.pi  # the length of any leg, and more
    for moment in moments:
        before, here, after = (numbers(path.view_at(moment + way * step)) for way in (-1, 0, 1))

        assert (np.abs(after - here) <= 5e-3 * spread).all()
        at_end = not path.loop and not step < moment < path.duration - step
        assert (np.abs(after - 2 * here + before) <= 1e-4 * spread).all() or at_end


@given(paths, shares)
def test_a_loop_closes(parts, share):
    """A round later everything is as it was; its film does not show the first view twice."""
    path = replace(CameraPath(*parts), loop=True)
    seconds = share * path.duration

    np.testing.assert_allclose(
        numbers(path.view_at(seconds + path.duration)), numbers(path.view_at(seconds)), atol=1e-6
    )
    film = path.film(4 / path.seconds)
    assert len(film) == 4 * len(path.views)
    np.testing.assert_allclose(numbers(film[4]), numbers(path.views[1]), atol=1e-7)


@given(paths)
def test_what_is_no_loop_begins_and_ends_at_rest(parts):
    """In the first and the last hundredth of a leg hardly anything moves; beyond both nothing does."""
    path = replace(CameraPath(*parts), loop=False)
    near = 0.01 * path.seconds
    for end, inside in ((0.0, near), (path.duration, path.duration - near)):
        change = np.abs(numbers(path.view_at(end)) - numbers(path.view_at(inside)))

        assert (change <= 1e-3 * (np.ptp([numbers(view) for view in path.views], axis=0) + np.pi)).all()
    assert path.view_at(-1.0) == path.view_at(0.0)
    assert path.view_at(path.duration + 1.0) == path.view_at(path.duration)
    film = path.film(8 / path.seconds)
    assert film[0] == path.view_at(0.0) and film[-1] == path.view_at(path.duration)


@given(paths, shares)
def test_it_stays_between_its_neighbours(parts, share):
    """Nothing overshoots: no pitch comes past the zenith, nobody is run through, and a view added twice is a rest."""
    path = CameraPath(*parts)
    seconds = share * path.duration
    leg = min(int(seconds / path.seconds), len(key_times(path)) - 2)
    here = numbers(path.view_at(seconds))[2:]
    ends = [numbers(view)[2:] for _, view in key_times(path)[leg : leg + 2]]

    assert (np.min(ends, axis=0) - 1e-9 <= here).all() and (here <= np.max(ends, axis=0) + 1e-9).all()


@given(key_views, key_views, st.booleans(), shares)
def test_a_view_that_stands_there_twice_is_a_rest(view, other, loop, share):
    """For as long as it takes from one view to the next."""
    path = CameraPath((other, view, view, other), 2.0, loop)

    np.testing.assert_allclose(numbers(path.view_at(2.0 + 2.0 * share)), numbers(view), atol=1e-7)


@given(yaws, yaws)
def test_yaw_goes_the_short_way(start, end):
    """At most half a turn, to where it should; and back the same way."""
    way = short_way(start, end)

    assert abs(way) <= np.pi + 1e-9
    assert np.cos(start + way) == pytest.approx(np.cos(end), abs=1e-8)
    assert np.sin(start + way) == pytest.approx(np.sin(end), abs=1e-8)
    assert short_way(end, start) == pytest.approx(-way, abs=1e-8)


def test_half_a_turn_goes_by_the_face():
    """Nobody has photographed the back of the head; going round in quarters goes all the way round."""
    half = CameraPath((KeyView(-0.5 * np.pi, 0, 1, (0, 0, 0)), KeyView(0.5 * np.pi, 0, 1, (0, 0, 0))))
    quarters = CameraPath(tuple(KeyView(yaw * np.pi, 0, 1, (0, 0, 0)) for yaw in (0, 0.5, 1, -0.5)), 1.0, loop=True)

    assert half.view_at(1.0).yaw == pytest.approx(0.0)
    turned = np.unwrap([quarters.view_at(float(seconds)).yaw for seconds in np.linspace(0, 4, 81)])
    np.testing.assert_allclose(turned, np.linspace(0, 2 * np.pi, 81), atol=1e-9)


@given(paths, shares)
def test_backwards_it_is_the_same_path(parts, share):
    """Of the views in the other order, at the time that is then left."""
    path = CameraPath(*parts)
    seconds = share * path.duration
    first = path.views[:1] if path.loop else ()  # so that both begin with the same view
    backwards = replace(path, views=first + path.views[len(first) :][::-1])

    np.testing.assert_allclose(
        numbers(backwards.view_at(path.duration - seconds)), numbers(path.view_at(seconds)), atol=1e-6
    )


@given(paths, shares)
def test_its_cameras_stand_upright_and_look_at_the_target(parts, share):
    """No roll anywhere, and the target is in the middle of the picture, whatever its shape."""
    path = CameraPath(*parts)
    view = path.view_at(share * path.duration)
    camera = view.camera(64, 48)
    right, down, forward = camera.world_from_camera[:3, :3].T
    towards = np.array(view.target) - camera.position_in_world

    assert right[1] == pytest.approx(0.0, abs=1e-9) and down[1] > 0
    np.testing.assert_allclose(towards, view.distance * forward, atol=1e-6)
    assert 2 * np.arctan(0.5 * 48 / camera.fx) == pytest.approx(view.field_of_view)


@pytest.mark.parametrize("loop", [True, False])
@pytest.mark.parametrize("count", [0, 1])
def test_two_views_are_needed(count, loop):
    """One sentence instead of a film of nothing."""
    path = CameraPath((KeyView(0.0, 0.0, 1.0, (0.0, 0.0, 0.0)),) * count, loop=loop)

    assert path.duration == 0.0
    for ask in (lambda: path.view_at(0.0), lambda: path.film(25.0)):
        with pytest.raises(UserError, match="two views"):
            ask()


def test_a_film_is_as_long_as_its_path():
    """To a frame; there and back shows the same pictures twice."""
    views = (KeyView(0.0, 0.0, 1.0, (0.0, 0.0, 0.0)), KeyView(1.0, 0.3, 0.7, (0.0, 0.1, 0.0)))

    assert len(CameraPath(views, 1.5).film(24)) == 36
    assert len(CameraPath(views, 1.5, loop=True).film(24)) == 72
    assert len(CameraPath(views, 0.1).film(1)) == 2
    film = CameraPath(views, 1.5, loop=True).film(24)
    for there, back in zip(film[1:36], film[:36:-1], strict=True):
        np.testing.assert_allclose(numbers(there), numbers(back), atol=1e-12)
