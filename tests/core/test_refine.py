"""Refining on a person: kept where photos left out gain by it, and the same again after undo, saving and opening."""

import json
import logging

import numpy as np
import pytest

from kpnerf.core import edits
from kpnerf.core.cli import main
from kpnerf.core.errors import UserError
from kpnerf.core.history import History
from kpnerf.core.model.additions import fingerprint, head_parameters
from kpnerf.core.model.checkpoint import load_weights
from kpnerf.core.pipeline import WEIGHTS, Avatar
from kpnerf.core.project_file import open_project, open_with_history, save_project
from kpnerf.core.refine import LeftOut, Outcome, refine
from kpnerf.core.refinement import Refinement
from kpnerf.core.training.refining import RefineSettings

from .ball_document import ball_document, small_network
from .model import scene


@pytest.fixture(scope="module")
def model():
    """A small network that knows nothing."""
    return small_network()


def refined_by_chance(model, size: float = 0.02) -> Refinement:
    """Additions to all weights of the heads."""
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(0, size, tuple(values.shape)).astype(np.float16)
        for name, values in head_parameters(model).items()
    }
    return Refinement(weights, fingerprint(model))


def picture(avatar: Avatar, document) -> np.ndarray:
    """Small, from between the photos."""
    return avatar.picture(avatar.encode(document), document, scene.camera(0.2, 40)).rgba


def test_the_avatar_is_drawn_as_refined_and_as_before_again(model, tmp_path):
    """Refining changes the picture; undo, redo, saving and opening bring each picture back to the last bit."""
    avatar, history = Avatar(model), History(ball_document())
    plain = picture(avatar, history.document)
    history.do("Refine", edits.set_refinement(history.document, refined_by_chance(model)))
    refined = picture(avatar, history.document)
    save_project(history.document, tmp_path / "me.kpnerf")

    assert np.abs(refined - plain).max() > 0.02
    history.undo()
    assert np.array_equal(picture(avatar, history.document), plain)
    history.redo()
    assert np.array_equal(picture(avatar, history.document), refined)
    assert np.array_equal(picture(Avatar(model), open_project(tmp_path / "me.kpnerf")), refined)


def test_what_was_found_for_another_network_is_not_used(model, caplog):
    """A project that is opened with newer weights: its avatar is drawn as they are, and the log says so."""
    document, other = ball_document(), Avatar(small_network(seed=1))
    stale = edits.set_refinement(document, refined_by_chance(model))
    with caplog.at_level(logging.WARNING):
        drawn = picture(other, stale)

    assert np.array_equal(drawn, picture(other, document))
    assert "refine again" in caplog.text


def test_what_helps_photos_left_out_is_kept(model):
    """A network that knows nothing learns something about a ball from one photo that holds for the other."""
    document, before, heard = ball_document((-0.3, 0.3)), fingerprint(model), []
    outcome = refine(
        model,
        document,
        settings=RefineSettings(steps=24, minutes=60, learning_rate=2e-3),
        report=lambda text, share: heard.append((text, share)),
    )

    assert outcome.refinement is not None, outcome
    assert min(each.gain_db for each in outcome.left_out) >= -0.1
    assert outcome.sentence.startswith("Refined: photos that were left out gain ")
    assert set(outcome.refinement.weights) == set(head_parameters(model))
    assert fingerprint(model) == before
    shares = [share for _, share in heard]
    assert shares == sorted(shares) and shares[-1] == 1
    assert "Refining on this person without b.png, 2 of 2" in dict(heard)


def test_what_harms_photos_left_out_changes_nothing():
    """An absurd rate of learning, and much to lose: nothing is to be applied, and one sentence says so."""
    settings = RefineSettings(steps=2, minutes=60, learning_rate=30.0, pull=0.0)
    outcome = refine(load_weights(WEIGHTS), ball_document((-0.3, 0.3)), settings=settings)

    assert outcome.refinement is None
    assert min(each.gain_db for each in outcome.left_out) < -1
    assert outcome.sentence.startswith("Not refined: ")


def test_stopping_leaves_everything_as_it_was(model):
    """In the middle of learning: neither the document nor the network has changed."""
    document, before = ball_document((-0.3, 0.3)), fingerprint(model)

    class Cancelled(Exception):
        pass

    def report(text: str, share: float | None) -> None:
        if share is not None and share > 0.1:
            raise Cancelled

    with pytest.raises(Cancelled):
        refine(model, document, settings=RefineSettings(steps=8, minutes=60), report=report)
    assert fingerprint(model) == before
    assert document.refinement is None


def test_one_photo_and_no_cameras_are_told(model):
    """A sentence each."""
    with pytest.raises(UserError, match="two photos"):
        refine(model, edits.hold_out(ball_document((-0.3, 0.3)), 0))
    two = ball_document((-0.3, 0.3))
    with pytest.raises(UserError, match="cameras are not known"):
        refine(model, edits.add_views(edits.remove_view(two, 1), [two.views[1]]))


@pytest.mark.parametrize(
    ("gains", "sentence"),
    [
        ((0.5, 1.25), "Refined: photos that were left out gain 0.9 dB (+0.5 to +1.2)"),
        ((2.0, -0.25), "Not refined: b.png, left out, would lose 0.2 dB"),
        ((-0.05, 0.0), "Not refined: photos that were left out gain too little by it"),
    ],
)
def test_one_sentence_says_what_came_of_it(model, gains, sentence):
    """Applied, refused for one photo, or for all."""
    left_out = tuple(LeftOut(name, 20.0, 20.0 + gain) for name, gain in zip(("a.png", "b.png"), gains, strict=True))
    found = refined_by_chance(model) if sentence.startswith("Refined") else None

    assert Outcome(found, left_out).sentence == sentence


def test_a_result_that_is_to_be_no_project_is_refused_at_once(capsys):
    """Before minutes are spent, and so are minutes that there cannot be."""
    assert main(["refine", "left.jpg", "front.jpg", "-o", "picture.png"]) == 2
    assert "picture.png is no project" in capsys.readouterr().err
    assert main(["refine", "left.jpg", "front.jpg", "--minutes", "0"]) == 2


@pytest.mark.usefixtures("coarse_grids")
@pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not in the tree")
def test_a_project_is_refined_from_a_shell(tmp_path, capsys):
    """With the real network, in a second: figures of every photo, and a project that holds what they say."""
    before, after = tmp_path / "ball.kpnerf", tmp_path / "refined.kpnerf"
    save_project(ball_document(), before)
    code = main(["refine", str(before), "--minutes", "0.02", "--json", "-o", str(after)])
    told = json.loads(capsys.readouterr().out)
    document, history = open_with_history(after)

    assert code == 0
    assert [row["view"] for row in told["left_out"]] == ["a.png", "b.png", "c.png"]
    assert told["applied"] == (document.refinement is not None) == told["sentence"].startswith("Refined")
    assert [step.operations for step in history] == ([(("refine",),)] if told["applied"] else [])
