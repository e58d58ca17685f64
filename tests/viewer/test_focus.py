"""Where the picture gets better first: by arithmetic, without a window."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.geometry import project
from kpnerf.viewer.focus import focus_of
from kpnerf.viewer.picturing import render_size
from kpnerf.viewer.session import Session

from ..core.staged import staged_document
from .blob_engine import BlobEngine, eventually


@pytest.fixture
def session():
    """Three solved photos, and a viewport that is wider than high."""
    session = Session(BlobEngine, staged_document())
    session.viewport_size = (400.0, 300.0)
    yield session
    session.close()


def place_of(session: Session, *names: str) -> np.ndarray:
    """Of the middle of keypoints in the picture, as shares of its width and height."""
    keypoints, size = session.document.calibration.keypoints, render_size(session)
    chosen = [keypoints.schema.index(name) for name in names]
    pixels, _ = project(session.eye.view.camera(*size), keypoints.xyz[chosen])
    return (pixels.mean(axis=0) + 0.5) / size


def test_the_pointer_comes_before_the_selection(session):
    """Then what is selected, one point or the middle of several; nothing where nothing is."""
    assert focus_of(session) is None
    session.editor.select(0, {"chin"})
    np.testing.assert_allclose(focus_of(session), place_of(session, "chin"), atol=1e-9)
    session.editor.select(0, {"chin", "nose tip"})
    np.testing.assert_allclose(focus_of(session), place_of(session, "chin", "nose tip"), atol=1e-9)
    session.pointed_at = (0.1, 0.9)
    assert focus_of(session) == (0.1, 0.9)


def test_a_point_that_is_not_in_the_picture_draws_nothing_to_it(session):
    """Panned out of it, or behind the eye."""
    session.editor.select(0, {"chin"})
    home = session.eye.view
    session.eye.look(home.panned(5000, 0, session.viewport_size))
    assert focus_of(session) is None
    session.eye.look(replace(home, target=home.target + 3 * home.pose[:3, 2]))
    assert focus_of(session) is None


def test_the_lane_knows_and_nothing_is_drawn_anew_for_it(session):
    """In every frame; a picture is asked for only when it would be another one."""
    session.update(0.0)
    asked = session.render_lane.generation
    for share in (0.2, 0.4, None):
        session.pointed_at = None if share is None else (share, share)
        session.update(0.1)
        assert session.render_lane.focus == session.pointed_at
    session.editor.select(0, {"chin"})
    session.update(0.2)

    np.testing.assert_allclose(session.render_lane.focus, place_of(session, "chin"), atol=1e-9)
    assert session.render_lane.generation == asked


def test_what_the_engine_tells_is_in_the_status_line(session):
    """Once: as a sentence that stays for a while."""
    session.update(0.0)
    assert eventually(lambda: session.render_lane.idle.is_set())
    session.render_lane._artist.engine().tell("It is as it is.")
    session.update(0.1)

    assert (session.status().kind, session.status().text) == ("error", "It is as it is.")
    assert session.render_lane.take_told() is None
