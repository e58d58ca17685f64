"""From a document to pictures that explain its avatar, through the pipeline."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kpnerf.core import edits
from kpnerf.core.document import RENDER_MODES
from kpnerf.core.explaining import DRAWN, EXPLAINED, subject_of
from kpnerf.core.pipeline import Avatar
from kpnerf.core.probe import Probe

from .model.scene import network
from .staged import HEIGHT, WIDTH, staged_camera, staged_document

SIZE = (48, 36)


@pytest.fixture(scope="module")
def avatar() -> Avatar:
    """Of random weights, which fill the hull with something."""
    return Avatar(network())


@pytest.fixture(scope="module")
def document():
    """Three photos of something small, the first held out."""
    document = staged_document()
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    spot = (np.hypot(x - 0.5 * WIDTH, y - 0.5 * HEIGHT) < 22).astype(np.float32)
    views = tuple(replace(view, mask=spot) for view in document.views)
    return edits.hold_out(replace(document, views=views), 0)


def test_every_mode_is_either_drawn_or_explained():
    """Nothing a person can choose is left without a picture."""
    assert set(DRAWN) | set(EXPLAINED) == set(RENDER_MODES)
    assert not set(DRAWN) & set(EXPLAINED)


@pytest.mark.parametrize("mode", ["blend", "slice", "error"])
def test_explaining_modes_come_coarse_and_then_finished(avatar, document, mode):
    """Of the size that was asked for, opaque where the avatar is, and the same as the single finished picture."""
    encoded, camera = avatar.encode(document), staged_camera(10.0)
    probe = Probe(keypoints=("chin", "no such point"), photo=1)
    frames = list(avatar.frames(encoded, document, camera, mode=mode, size=SIZE, probe=probe))
    again = avatar.picture(encoded, document, camera.resized(*SIZE), mode=mode, probe=probe)

    assert [frame.rgba.shape for frame in frames] == [(36, 48, 4)] * 2
    assert frames[0].progress < 1 and frames[1].progress == 1
    np.testing.assert_allclose(frames[1].rgba, again.rgba, atol=1e-5)
    if mode != "slice":
        depth = avatar.picture(encoded, document, camera.resized(*SIZE), mode="depth")
        np.testing.assert_allclose(again.rgba[..., 3], depth.rgba[..., 3], atol=1e-5)
        assert again.rgba[..., 3].max() > 0.3


def test_photos_keep_their_place_among_the_document_s(avatar, document):
    """The held-out photo is none of the sources; the others are still the second and the third."""
    subject = subject_of(avatar.model, avatar.encode(document), document, Probe(keypoints=("chin",), photo=0))

    assert subject.photos == (1, 2)
    assert subject.chosen == (document.schema.index("chin"),)
    assert subject.against.camera.position_in_world == pytest.approx(staged_camera(-30.0).position_in_world)
    assert subject_of(avatar.model, avatar.encode(document), document, Probe(photo=7)).against is None


def test_a_stale_explanation_ends_after_its_first_answer(avatar, document):
    """A stream of requests that replace each other still shows something."""
    encoded = avatar.encode(document)
    answers: list[float] = []
    frames = avatar.frames(
        encoded, document, staged_camera(0.0), mode="blend", size=SIZE, is_stale=lambda: bool(answers)
    )
    for frame in frames:
        answers.append(frame.progress)

    assert len(answers) == 1 and answers[0] < 1


def test_the_reach_of_points_changes_the_avatar_and_its_own_one_does_not(avatar, document):
    """Photos are not encoded again; going back gives the very same picture."""
    encoded, camera = avatar.encode(document), staged_camera(0.0).resized(*SIZE)
    wide = edits.set_render_settings(document, replace(document.settings, sigma=0.12))
    first = avatar.picture(encoded, document, camera)
    other = avatar.picture(encoded, wide, camera)

    assert avatar.encode(wide) is encoded
    assert np.abs(other.rgba - first.rgba).max() > 1e-3
    np.testing.assert_allclose(avatar.picture(encoded, document, camera).rgba, first.rgba, atol=1e-5)
    assert avatar.model.config.sigma == document.settings.sigma == document.schema.sigma


def test_influence_is_that_of_the_chosen_points(avatar, document):
    """Of one point it is nowhere more than of all."""
    encoded, camera = avatar.encode(document), staged_camera(0.0).resized(*SIZE)
    one = avatar.picture(encoded, document, camera, mode="influence", probe=Probe(keypoints=("chin",)))
    every = avatar.picture(encoded, document, camera, mode="influence")
    seen = every.rgba[..., 3] > 0.5

    assert every.rgba[seen, 0].mean() > one.rgba[seen, 0].mean()
    assert torch.is_inference_mode_enabled() is False
