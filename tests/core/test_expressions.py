"""Photos whose faces do not keep still: what is said of them, and whose expression the avatar has."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kpnerf.core import edits
from kpnerf.core.document import Document
from kpnerf.core.doubts import doubts
from kpnerf.core.errors import UserError
from kpnerf.core.explaining import subject_of
from kpnerf.core.expressions import AUTOMATIC, MIXED, best_face, differences
from kpnerf.core.observation import pixels_per_metre
from kpnerf.core.pipeline import Avatar, render_request
from kpnerf.core.probe import NO_PROBE
from kpnerf.core.render.influence import shares

from .ball_document import ball_document, small_network
from .model import scene
from .seen_faces import camera, person, photos_of

MOUTH = ((13, 14), (10, 152))
EYES = ((159, 145), (33, 133)), ((386, 374), (362, 263))
AWAKE, ASLEEP = (0.35, 0.35), (0.1, 0.05)


def opened(landmarks: np.ndarray, pair: tuple[int, int], across: tuple[int, int], share: float) -> np.ndarray:
    """With two landmarks so far apart, as a share of the distance of two others."""
    landmarks = np.array(landmarks)
    up, down = pair
    middle, height = (landmarks[up] + landmarks[down]) / 2, np.linalg.norm(np.diff(landmarks[list(across)], axis=0))
    landmarks[up], landmarks[down] = middle - [0, share * height / 2], middle + [0, share * height / 2]
    return landmarks


def face(yaw: float = 0.0, *, mouth: float = 0.0, eyes: tuple[float, float] = AWAKE) -> np.ndarray:
    """Landmarks of a face seen from the side by some degrees, with its mouth and either eye so far open."""
    landmarks = opened(photos_of(person(), yaw)[0].landmarks_px, *MOUTH, mouth)
    for (lids, corners), share in zip(EYES, eyes, strict=True):
        landmarks = opened(landmarks, lids, corners, share)
    return landmarks


def smiling(landmarks: np.ndarray, wider: float, higher: float) -> np.ndarray:
    """With corners of the mouth farther apart and higher, in widths of the mouth."""
    landmarks = np.array(landmarks)
    right, left = landmarks[[61, 291]]
    across = left - right
    up = np.array([across[1], -across[0]])
    landmarks[61], landmarks[291] = right - wider / 2 * across + higher * up, left + wider / 2 * across + higher * up
    return landmarks


def document(*faces: np.ndarray | None) -> Document:
    """Photos a.png, b.png, … of a ball, with these faces found in them."""
    balls = ball_document(tuple(np.linspace(-0.4, 0.4, len(faces))))
    views = tuple(replace(view, landmarks_px=found) for view, found in zip(balls.views, faces, strict=True))
    return replace(balls, views=views)


def wearing(of: Document, expression: str) -> Document:
    """With an expression chosen."""
    return edits.set_render_settings(of, replace(of.settings, expression=expression))


@pytest.mark.parametrize("mouth", [0.0, 0.12])
def test_one_expression_is_worth_no_word_and_nothing_is_done_about_it(mouth):
    """Whatever it is, also beside a photo that shows nobody."""
    faces = [face(yaw, mouth=mouth) for yaw in (-30, 0, 30)]

    for some in (faces, [faces[0], None, faces[2]], [None, faces[1]]):
        assert document(*some).expression is None
        assert not [sentence for sentence in document(*some).remarks if "expression" in sentence or "face" in sentence]


def test_what_is_open_and_closed_is_told_in_one_sentence_with_whose_face_it_is():
    """Of the widest and the most closed, by their names; asleep, the one from straight ahead is not the best."""
    left, front = face(-30, mouth=0.09, eyes=(0.4, 0.4)), face(0, mouth=0.01, eyes=ASLEEP)

    assert document(left, front, face(20, mouth=0.2)).remarks == (
        "The mouth is open in c.png and closed in b.png; the eyes are open in a.png and closed in b.png: "
        "face and clothes are those of c.png.",
    )


def test_a_wink_is_no_difference():
    """Of a wink the other eye is as open as ever."""
    assert differences([("a", face(-20, eyes=ASLEEP)), ("b", face(20))]) == ["the eyes are open in b and closed in a"]
    assert not differences([("a", face(-20, eyes=(0.35, 0.05))), ("b", face(20))])


def test_a_smile_beside_none_is_told_and_a_mouth_that_is_only_wider_is_not():
    """From one side a mouth looks wider than from another; an open one is told as that."""
    serious, open_too = face(10), face(-20, mouth=0.15)

    assert differences([("a", smiling(face(-20), 0.5, 0.2)), ("b", serious)]) == ["the mouth smiles in a and not in b"]
    assert not differences([("a", smiling(face(-20), 0.5, 0.0)), ("b", serious)])
    assert differences([("a", smiling(open_too, 0.5, 0.2)), ("b", serious)]) == [
        "the mouth is open in a and closed in b"
    ]


def test_what_is_guessed_of_a_face_from_the_side_is_no_expression():
    """Half of its mouth is hidden."""
    assert not differences([("a", face(75, mouth=0.2)), ("b", face(0))])
    assert differences([("a", face(30, mouth=0.2)), ("b", face(0))])


@pytest.mark.parametrize(
    ("mouth", "millimetres", "is_told"), [(0.0, 2.0, False), (0.0, 3.3, True), (0.2, 3.3, False), (0.2, 4.5, True)]
)
def test_who_makes_faces_is_not_taken_for_somebody_else(mouth, millimetres, is_told):
    """Their points are off by more than those of a face at rest; of a face of few pixels nobody can tell."""
    views = photos_of(person(), -20, 20)
    views[0] = replace(views[0], landmarks_px=face(-20, mouth=mouth))
    views[1] = replace(views[1], landmarks_px=face(20))
    cameras = [camera(-20), camera(20)]
    off = np.array([0.001 * millimetres * pixels_per_metre(view) for view in views])
    small = [replace(view, landmarks_px=view.landmarks_px / 20) for view in views]

    assert any("the same person" in sentence for sentence in doubts(views, cameras, np.zeros(3), off)) is is_told
    assert not any("the same person" in sentence for sentence in doubts(small, cameras, np.zeros(3), off / 20))


def test_the_best_face_looks_ahead_with_open_eyes():
    """Where all sleep, the one that looks ahead; where there is none, none."""
    turned, ahead, asleep = face(25), face(5), face(0, eyes=ASLEEP)

    assert best_face([turned, None, ahead, asleep]) == 2
    assert best_face([face(25, eyes=ASLEEP), asleep]) == 1
    assert best_face([None]) is None


def test_a_choice_is_kept_while_its_photo_makes_the_avatar():
    """Held out or removed, the photo counts for nothing; back again, it does."""
    chosen = wearing(document(face(-30), face(0), face(30)), "c")
    held_out, removed = edits.hold_out(chosen, 2), edits.remove_view(chosen, 2)

    assert chosen.settings.expression == "c.png" and chosen.expression == 2
    assert held_out.expression is None and edits.hold_out(held_out, 2, held_out=False).expression == 2
    assert removed.expression is None and removed.settings.expression == "c.png"
    assert edits.remove_view(chosen, 0).expression == 1


def test_a_chosen_photo_is_not_told_and_no_other_can_be_chosen():
    """Whoever has chosen knows; that a face is mixed is worth a word all the same; of photos there is the list."""
    differing = document(face(-30, mouth=0.2), face(0), face(30))

    assert differing.expression == 1 and len(differing.remarks) == 1
    assert wearing(differing, "a.png").expression == 0 and not wearing(differing, "a.png").remarks
    assert wearing(differing, MIXED).expression is None
    assert "face and clothes are mixed of all" in wearing(differing, MIXED).remarks[0]
    assert wearing(wearing(differing, MIXED), AUTOMATIC).expression == 1
    with pytest.raises(UserError, match="no picture called “d”. The pictures are: a.png"):
        wearing(differing, "d")


def test_every_way_of_drawing_agrees_about_whose_expression_it_is():
    """Interactive pictures, the reference and what explains them; encoded is only once."""
    avatar, plain = Avatar(small_network()), document(face(-30), face(0), face(30))
    encoded = avatar.encode(plain)
    camera = scene.camera(0.0, 48)

    def drawn(of: Document, quality: str) -> np.ndarray:
        frame = avatar.picture(avatar.encode(of), of, camera, quality=quality)
        return frame.rgba[..., :3] * frame.rgba[..., 3:]

    differences_of = []
    for quality in ("interactive", "reference"):
        mixed, *alone = (drawn(wearing(plain, name), quality) for name in (MIXED, "a.png", "c.png"))
        np.testing.assert_array_equal(mixed, drawn(plain, quality))
        differences_of.append([each - mixed for each in alone])
    quick, slow = (np.stack(each) for each in differences_of)

    assert avatar.encode(wearing(plain, "a.png")) is encoded
    assert np.abs(slow).max() > 0.05
    assert np.corrcoef(quick.ravel(), slow.ravel())[0, 1] > 0.9
    assert np.corrcoef(slow[0].ravel(), slow[1].ravel())[0, 1] < 0.5


@torch.inference_mode()
def test_the_picture_that_explains_shares_shows_those_that_are_worn():
    """At points of the face's front."""
    model, plain = small_network(), document(face(-30), face(0), face(30))
    encoded = Avatar(model).encode(plain)
    points = torch.tensor([[0.0, 0.0, -0.02], [0.005, 0.005, -0.018]])
    along = torch.tensor([[0.0, 0.0, 1.0]]).expand(2, 3)
    found = [
        shares(subject_of(model, replace(encoded, expression=view), plain, NO_PROBE), points, along)
        for view in (None, 0, 2)
    ]
    mixed, left, right = (weights for weights, _ in found)

    assert (left[0] > mixed[0]).all() and (right[2] > mixed[2]).all()
    torch.testing.assert_close(left.sum(dim=0), mixed.sum(dim=0))
    assert render_request(plain, encoded, scene.camera(0.0, 48)).encoded.expression is None
