"""One turned photo and its mirror image."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.core import edits
from kpnerf.core.camera import Camera
from kpnerf.core.crops import crop_views
from kpnerf.core.document import Document
from kpnerf.core.explaining import subject_of
from kpnerf.core.geometry import project
from kpnerf.core.mirroring import LOWEST, seen_apart, with_mirror_images
from kpnerf.core.model.views import EncodedViews, SourceViews
from kpnerf.core.pipeline import Avatar, encode_document, source_views
from kpnerf.core.probe import Probe
from kpnerf.core.render.influence import shares

from .ball_document import RADIUS, ball_document, small_network
from .staged import staged_camera

TURN = 0.6


def photographed(yaw: float) -> SourceViews:
    """One photo of the ball as the network takes it."""
    document = ball_document((yaw,))
    return source_views(crop_views(document, 64), document, torch.device("cpu"))


def unmirrored(document: Document) -> Document:
    """The same with the mirror taken away."""
    return edits.set_render_settings(document, replace(document.settings, mirror=False))


def camera_of(source: SourceViews, view: int) -> Camera:
    """The camera of one of the network's views."""
    k, size = source.intrinsics[view].double().numpy(), source.images.shape[-1]
    pose = np.linalg.inv(source.camera_from_world[view].double().numpy())
    return Camera(k[0, 0], k[1, 1], k[0, 2], k[1, 2], size, size, pose)


@given(
    yaw=st.floats(-1.2, 1.2),
    point=st.tuples(*[st.floats(-0.05, 0.05)] * 3),
)
def test_a_mirrored_camera_sees_a_point_where_the_camera_sees_its_mirror_image(yaw, point):
    """Mirrored pixels, the same depth; the camera is one that there can be, and the pixels are the photo's."""
    source = with_mirror_images(photographed(yaw))
    there, depth = project(camera_of(source, 0), np.array([point]) * [-1, 1, 1])
    here, mirrored_depth = project(camera_of(source, 1), np.array([point]))

    np.testing.assert_allclose(here, there * [-1, 1] + [63, 0], atol=1e-3)
    np.testing.assert_allclose(mirrored_depth, depth, atol=1e-5)
    assert torch.linalg.det(source.camera_from_world[1, :3, :3]) == pytest.approx(1, abs=1e-5)
    assert torch.equal(source.images[1], source.images[0].flip(-1))


def test_bounds_are_mirrored_and_end_at_the_neck():
    """What the photo does not cover on its left, its mirror image does not on its right."""
    source = photographed(TURN)
    source = replace(source, bounds=source.bounds.new_tensor([[5.0, 1.0, 50.0, 63.0]]))
    mirrored = with_mirror_images(source)
    neck, _ = project(camera_of(mirrored, 1), np.array([[0.0, LOWEST, 0.0]]))
    left, top, right, bottom = mirrored.bounds[1].tolist()

    assert mirrored.bounds[0].tolist() == [5, 1, 50, 63]
    assert (left, top, right) == (13, 1, 58)
    assert bottom == pytest.approx(min(63.0, max(1.0, neck[0, 1])), abs=1e-3)


@pytest.mark.parametrize(
    ("yaws", "is_mirrored"),
    [((0.1,), False), ((0.3,), True), ((-0.3,), True), ((1.3,), True), ((1.5,), False), ((0.3, 0.5), False)],
)
def test_one_turned_photo_is_mirrored_and_nothing_else(yaws, is_mirrored):
    """A frontal photo shows both halves, one from behind neither, and two photos know better."""
    document = ball_document(yaws)

    assert document.is_mirrored is is_mirrored
    assert not unmirrored(document).is_mirrored
    assert not replace(document, calibration=None).is_mirrored
    assert len(encode_document(small_network(), document).low) == (2 if is_mirrored else len(yaws))


def test_holding_all_photos_out_but_one_brings_the_mirror():
    """Sources count, not photos."""
    document = edits.hold_out(ball_document((0.5, -0.5)), 1)

    assert document.is_mirrored and len(encode_document(small_network(), document).low) == 2


def test_mirror_images_carve_nothing():
    """A lump on one side stays, though its mirror image's outline has none there; the photo's own still carves."""
    model, source = small_network(), photographed(TURN)
    lump = torch.tensor([[4.0 * RADIUS, 0.0, 0.0], [-4.0 * RADIUS, 0.0, 0.0]])
    pixels, _ = project(camera_of(source, 0), lump.double().numpy())
    masks = source.masks.clone()
    x, y = np.round(pixels[0]).astype(int)
    masks[:, :, y - 3 : y + 4, x - 3 : x + 4] = 1.0
    mirrored = with_mirror_images(replace(source, masks=masks))
    alone = model.look(mirrored)
    encoded, kept = EncodedViews(*alone.maps, source=mirrored), seen_apart(mirrored, alone)

    assert model.sight(encoded, lump)[1].tolist() == [False, False]
    assert model.sight(kept, lump)[1].tolist() == [True, False]
    assert torch.equal(kept.depth, alone.depth)
    assert encoded.source.masks[1].min() == 0 and torch.equal(kept.source.masks[0], masks[0])


def test_the_avatar_follows_the_setting_and_remembers_both_answers_apart():
    """On, off, on: never what was found for the other."""
    document, avatar = ball_document((TURN,)), Avatar(small_network())
    first = avatar.encode(document)

    assert avatar.encode(document) is first and len(first.low) == 2
    assert len(avatar.encode(unmirrored(document)).low) == 1
    assert len(avatar.encode(document).low) == 2


def test_a_mirror_image_counts_as_no_photo():
    """Pictures that tell photos apart show the photo's share only: what the mirror adds nobody has seen."""
    document, model = ball_document((TURN,)), small_network()
    with torch.inference_mode():
        encoded = encode_document(model, document)
        subject = subject_of(model, encoded, document, Probe())
        points = torch.tensor([[-0.8 * RADIUS, 0.0, -0.6 * RADIUS], [0.6 * RADIUS, 0.0, -0.8 * RADIUS]])
        directions = torch.tensor([[0.0, 0.0, 1.0]]).expand(2, 3)
        alone, colours = shares(subject, points, directions)
        both, same_colours = shares(replace(subject, photos=(0, 1)), points, directions)

    assert subject.photos == (0,) and alone.shape == (1, 2) and both.shape == (2, 2)
    assert torch.equal(alone[0], both[0]) and (both[1] > 0).all()
    assert torch.equal(colours, same_colours)


def test_a_picture_of_a_mirrored_avatar_is_drawn_from_either_side():
    """By the same kernels as any other, with as many views as there are."""
    document, avatar = ball_document((TURN,)), Avatar(small_network())
    encoded = avatar.encode(document)
    for yaw in (-30.0, 30.0):
        picture = avatar.picture(encoded, document, staged_camera(yaw).resized(48, 40), polished=True)
        assert np.isfinite(picture.rgba).all()
