"""The avatar against a photo, on the screen."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.comparison import SeenPhoto
from kpnerf.core.document import Document
from kpnerf.core.probe import Probe
from kpnerf.viewer.comparing import FLICKER_SECONDS, DividerGestures, mixed
from kpnerf.viewer.gestures import Button, DragEnded, Dragged, DragStarted, Pointer
from kpnerf.viewer.looking import compare
from kpnerf.viewer.picturing import render_size

from ..core.staged import staged_document
from .blob_engine import BlobEngine, BlobFrame, eventually
from .test_session import Desk


class Mirror(BlobEngine):
    """An avatar that is the very photo it is looked at from, in every pixel."""

    def frames(self, encoded, document, camera, *, is_stale, **_):
        """The finished picture only."""
        from kpnerf.core.comparison import seen_photo, view_at

        view = view_at(document, camera)
        rgba = np.zeros((camera.height, camera.width, 4), np.float32)
        if view is not None:
            seen = seen_photo(document, view, camera)
            rgba[..., :3], rgba[..., 3] = seen.rgb, seen.mask
        yield BlobFrame(rgba, 1.0)


def whole_masks(document: Document) -> Document:
    """With everything in the photos foreground."""
    return replace(document, views=tuple(replace(view, mask=np.ones_like(view.mask)) for view in document.views))


@pytest.fixture
def desk():
    """Looking from the second photo, where the avatar is the photo itself."""
    desk = Desk(engine=Mirror(), document=whole_masks(staged_document()))
    desk.session.editor.select(1)
    desk.frame()
    compare(desk.session, "difference")
    desk.frame(1.0)
    desk.settle()
    yield desk
    assert eventually(desk.session.close)


def test_an_avatar_that_is_the_photo_differs_by_nothing(desk):
    """Through the viewport's own camera, at the viewport's own size."""
    session = desk.session
    picture = session.comparing.picture(session.document, session.shown, desk.now)
    likeness = session.comparing.likeness(session.document, session.shown)

    assert picture.shape == (240, 320, 4)
    assert picture[..., :3].max() < 1e-6 and picture[..., 3].min() == 1.0
    assert likeness.psnr == 100.0
    assert likeness.ssim == pytest.approx(1.0)


def test_comparing_draws_as_many_pixels_as_the_viewport_has(desk):
    """Whatever the resolution otherwise is; and the same kind again ends it."""
    session = desk.session
    session.viewport_size = (601.0, 444.0)
    assert render_size(session) == (601, 444)
    compare(session, "difference")
    assert session.comparing.kind is None
    assert max(render_size(session)) == session.document.settings.resolution


def test_away_from_the_photo_there_is_only_the_avatar(desk):
    """The photo fits nowhere else."""
    session = desk.session
    session.eye.look(session.eye.view.orbited(25, 0, 240))
    desk.settle()

    assert session.comparing.picture(session.document, session.shown, desk.now) is session.shown.picture
    assert session.comparing.likeness(session.document, session.shown) is None


def test_kinds_mix_as_they_say():
    """Wipe by the divider, opacity by its share, flicker in turns, difference over black; only where the photo is."""
    shape = (4, 10)
    avatar = np.full((*shape, 4), 0.2, np.float32)
    rgba = np.full((*shape, 4), 0.5, np.float32)
    covered = np.ones(shape, np.float32)
    covered[0] = 0.0
    seen = SeenPhoto(np.full((*shape, 3), 0.8, np.float32), covered, np.full(shape, 0.5, np.float32))

    wiped = mixed("wipe", avatar, rgba, seen, divider=0.4)[..., 0]
    np.testing.assert_allclose(wiped[1:], [[0.2] * 4 + [0.8] * 6] * 3)
    np.testing.assert_allclose(wiped[0], 0.2)
    np.testing.assert_allclose(mixed("opacity", avatar, rgba, seen, opacity=0.25)[1:, :, 0], 0.35)
    np.testing.assert_allclose(mixed("flicker", avatar, rgba, seen)[..., 0], 0.2)
    np.testing.assert_allclose(mixed("flicker", avatar, rgba, seen, photo_is_on=True)[1:, :, 0], 0.8)
    difference = mixed("difference", avatar, rgba, seen)
    np.testing.assert_allclose(difference[1:, :, :3], abs(0.5 * 0.5 - 0.8 * 0.5), atol=1e-6)
    assert difference[0, :, :3].max() == 0.0
    for kind in ("wipe", "opacity", "flicker", "difference"):
        assert mixed(kind, avatar, rgba, seen)[..., 3].min() == 1.0


def test_flicker_takes_turns_and_is_drawn_again_for_each(desk):
    """Half a second each; the other kinds do not change with time."""
    comparing = desk.session.comparing
    comparing.kind = "flicker"
    turns = [comparing.photo_is_on(0.1 + index * FLICKER_SECONDS) for index in range(4)]
    states = {comparing.state(0.1 + index * FLICKER_SECONDS) for index in range(4)}
    comparing.kind = "wipe"

    assert turns == [False, True, False, True]
    assert len(states) == 2
    assert comparing.state(0.0) == comparing.state(10.0)


def test_the_divider_is_dragged_and_stops_at_the_edges(desk):
    """From anywhere else a drag orbits."""
    comparing = desk.session.comparing
    comparing.kind = "wipe"
    hands = DividerGestures(comparing)
    origin = Pointer(204.0, 50.0)

    assert not hands.handle(DragStarted(Button.LEFT, Pointer(260.0, 50.0)), 400.0)
    assert not hands.handle(Dragged(Button.LEFT, Pointer(260.0, 50.0), 5, 0, Pointer(265.0, 50.0)), 400.0)
    assert hands.handle(DragStarted(Button.LEFT, origin), 400.0)
    assert hands.handle(Dragged(Button.LEFT, origin, -100, 0, Pointer(100.0, 50.0)), 400.0)
    assert comparing.divider == 0.25
    assert hands.handle(Dragged(Button.LEFT, origin, 900, 0, Pointer(1000.0, 50.0)), 400.0)
    assert comparing.divider == 1.0
    assert hands.handle(DragEnded(Button.LEFT, origin, origin), 400.0)


def test_what_a_mode_asks_about_is_drawn_anew_only_for_that_mode(desk):
    """Selecting a point changes the picture of its influence, not the one in colour."""
    session = desk.session
    asked = session.render_lane.generation
    session.editor.select(points={"chin"})
    desk.settle()
    assert session.render_lane.generation == asked

    session.mode = "influence"
    desk.settle()
    assert session.shown.job.probe == Probe(keypoints=("chin",))
    session.editor.select(points={"nose tip"})
    desk.settle()
    assert session.shown.job.probe == Probe(keypoints=("nose tip",))
    session.mode, session.slice_depth = "slice", 0.03
    desk.settle()
    assert session.shown.job.probe == Probe(depth=0.03)
    session.mode = "error"
    session.editor.select(2)
    desk.settle()
    assert session.shown.job.probe == Probe(photo=2)


def test_cameras_follow_points_only_while_that_is_switched_on(desk):
    """One drag is one entry either way; opening another document keeps the switch."""
    session = desk.session
    before = session.document.views[0].camera
    for follows in (False, True):
        session.editor.cameras_follow = follows
        session.editor.begin_moving(0, {"nose tip"})
        session.editor.move_by(6.0, 3.0)
        assert (session.document.views[0].camera is not before) is follows
        session.editor.commit()
    session.open_document(staged_document(), None)

    assert session.editor.cameras_follow
    assert session.comparing.kind is None
