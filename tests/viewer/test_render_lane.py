"""The thread that draws: the newest request wins."""

import threading
import time

import numpy as np
import pytest

from kpnerf.core import edits
from kpnerf.core.errors import UserError
from kpnerf.core.keypoints import HEAD
from kpnerf.viewer.backdrop import Backdrop, composite
from kpnerf.viewer.orbit import home_view
from kpnerf.viewer.render_lane import Rendered, RenderFailed, RenderJob, RenderLane

from ..core.staged import staged_document
from .blob_engine import BlobEngine, blobs, eventually

DOCUMENT = staged_document()


def job(document=DOCUMENT, yaw_px: float = 0.0) -> RenderJob:
    """A small picture."""
    camera = home_view(HEAD.box).orbited(yaw_px, 0, 100).camera(48, 40)
    return RenderJob(document, camera, "colour", "interactive", Backdrop.BLACK)


@pytest.fixture
def engine() -> BlobEngine:
    """Draws at once."""
    return BlobEngine()


@pytest.fixture
def lane(engine):
    """With a thread that is stopped afterwards."""
    lane = RenderLane(lambda: engine)
    yield lane
    engine.gate.set()
    assert lane.close()


def last_of(lane: RenderLane, generation: int) -> Rendered:
    """The finished picture of a request."""
    results = []

    def finished() -> bool:
        results.append(lane.take())
        return (
            isinstance(results[-1], Rendered)
            and results[-1].generation == generation
            and results[-1].frame.progress == 1
        )

    assert eventually(finished)
    return results[-1]


def test_a_request_is_drawn_to_its_end(lane):
    """And composited over its backdrop."""
    asked = job()
    result = last_of(lane, lane.submit(asked))

    np.testing.assert_array_equal(result.frame.rgba, blobs(DOCUMENT, asked.camera, (48, 40)))
    np.testing.assert_array_equal(result.picture, composite(result.frame.rgba, Backdrop.BLACK))
    assert result.job is asked
    assert eventually(lambda: lane.activity == "idle" and lane.idle.is_set())


def test_requests_overtaken_while_waiting_are_never_drawn(engine):
    """Of a hundred that come while the network loads, the first and the newest."""
    loaded = threading.Event()
    lane = RenderLane(lambda: loaded.wait(10) and engine)
    lane.submit(job())
    assert eventually(lambda: lane.activity == "loading")
    for step in range(100):
        newest = job(yaw_px=step)
        generation = lane.submit(newest)
    loaded.set()
    result = last_of(lane, generation)

    assert result.job is newest
    assert len(engine.drawn) == 2
    assert lane.close()


def test_the_engine_comes_up_before_a_picture_is_asked_for(engine):
    """Nothing is drawn meanwhile, nothing that waits for quiet is held up, and a picture asked for too soon waits."""
    loading, loaded, loads = threading.Event(), threading.Event(), []

    def load() -> BlobEngine:
        loads.append(loading.set())
        assert loaded.wait(10)
        return engine

    lane = RenderLane(load)
    lane.prepare()
    lane.prepare()
    assert loading.wait(10)
    assert lane.activity == "idle" and lane.idle.is_set()
    generation = lane.submit(job())
    assert eventually(lambda: lane.activity == "loading")
    loaded.set()
    last_of(lane, generation)

    assert len(loads) == 1
    assert lane.close()


def test_an_engine_that_cannot_be_prepared_is_told_with_the_first_picture():
    """Not before: there may never be one."""
    attempts = []

    def load() -> BlobEngine:
        attempts.append(1)
        raise UserError("The weights are missing.", "Install again.")

    lane = RenderLane(load)
    lane.prepare()
    assert eventually(lambda: len(attempts) == 1)
    assert lane.take() is None
    lane.submit(job())
    results = []
    assert eventually(lambda: bool(results.append(lane.take()) or results[-1]))

    assert isinstance(results[-1].error, UserError) and len(attempts) == 2
    assert lane.close()


def test_a_newer_request_breaks_off_the_one_being_drawn(lane, engine):
    """Between tiles, not at the end of the picture."""
    engine.gate.clear()
    lane.submit(job())
    assert eventually(lambda: isinstance(lane.take(), Rendered))
    generation = lane.submit(job(yaw_px=5))

    assert eventually(lambda: (taken := lane.take()) is not None and taken.generation == generation)
    assert engine.broken_off == 1


def test_a_hand_that_never_rests_still_sees_pictures(engine):
    """Each request shows its first picture before it gives way, however fast they come."""
    engine.seconds_per_frame = 0.02
    lane = RenderLane(lambda: engine)
    shown = set()
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        lane.submit(job(yaw_px=time.monotonic()))
        if isinstance(taken := lane.take(), Rendered):
            shown.add(taken.generation)
        time.sleep(0.001)

    assert lane.close()
    assert len(shown) >= 5


def test_moving_a_keypoint_or_the_eye_encodes_nothing_again(lane, engine):
    """Photos, masks and cameras are the same objects; a camera that moved is another."""
    last_of(lane, lane.submit(job()))
    last_of(lane, lane.submit(job(yaw_px=9)))
    moved = edits.move_keypoint(DOCUMENT, 0, "chin", (100.0, 100.0))
    last_of(lane, lane.submit(job(moved)))
    after_points = len(engine.encoded)
    turned = edits.set_focal(moved, 0, 500.0)
    last_of(lane, lane.submit(job(turned)))
    after_camera = len(engine.encoded)
    last_of(lane, lane.submit(job(moved)))

    assert (after_points, after_camera) == (1, 2)
    assert len(engine.encoded) == 2, "undoing a camera's change finds its encoding again"


def test_what_the_engine_cannot_do_is_reported_and_the_next_request_drawn(lane, engine):
    """A failure is a result, not the end of the thread."""
    encode, engine.encode = engine.encode, lambda document: 1 / 0
    lane.submit(job())
    results = []
    assert eventually(lambda: bool(results.append(lane.take()) or results[-1]))
    engine.encode = encode
    result = last_of(lane, lane.submit(job()))

    assert isinstance(results[-1], RenderFailed) and isinstance(results[-1].error, ZeroDivisionError)
    assert result.frame.progress == 1


def test_missing_weights_are_told_and_looked_for_again_at_the_next_request():
    """Put the file where it belongs, touch the view, and there is the avatar."""
    attempts = []

    def load():
        attempts.append(1)
        if len(attempts) == 1:
            raise UserError("The weights are missing.", "Install again.")
        return BlobEngine()

    lane = RenderLane(load)
    lane.submit(job())
    results = []
    assert eventually(lambda: bool(results.append(lane.take()) or results[-1]))
    last_of(lane, lane.submit(job()))

    assert isinstance(results[-1].error, UserError)
    assert lane.close()


def test_the_focus_reaches_a_picture_that_is_being_drawn(lane, engine):
    """As a pixel of that picture, and as it is now: nothing is asked for again when it moves."""
    engine.gate.clear()
    lane.submit(job())
    assert eventually(lambda: isinstance(lane.take(), Rendered))
    places = []
    for place in (None, (0.0, 0.0), (0.5, 1.0)):
        lane.focus = place
        places.append(engine.focus())

    assert places == [None, (-0.5, -0.5), (23.5, 39.5)]
    assert (len(engine.drawn), engine.broken_off) == (1, 0)


def test_closing_stops_a_drawing_at_once(engine):
    """Nobody waits for a picture that nobody will see."""
    engine.gate.clear()
    lane = RenderLane(lambda: engine)
    lane.submit(job())
    assert eventually(lambda: len(engine.drawn) == 1)
    began = time.monotonic()

    assert lane.close()
    assert time.monotonic() - began < 0.5
