"""Photos of half a head, and the mirror image of one of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core import edits
from kpnerf.core.camera import Camera
from kpnerf.core.commands.bench import sample_photos
from kpnerf.core.crops import crop_views
from kpnerf.core.document import Document
from kpnerf.core.explaining import subject_of
from kpnerf.core.geometry import project
from kpnerf.core.mirroring import LOWEST, RADIUS, mirror_image, side_light, with_mirror_image
from kpnerf.core.model.spatial import project as seen
from kpnerf.core.model.spatial import stand_in
from kpnerf.core.model.views import EncodedViews, SourceViews
from kpnerf.core.pipeline import Avatar, encode_document, source_views
from kpnerf.core.probe import Probe
from kpnerf.core.render.influence import shares
from kpnerf.core.source import load_source
from kpnerf.core.unseen_half import LEAST_GAIN, Mirror, mirror_of

from .ball_document import RADIUS as BALL
from .ball_document import ball_document, small_network
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


def mirrored(source: SourceViews, side: int = 1, begins: float = 0.0) -> SourceViews:
    """Its mirror image."""
    return mirror_image(source, Mirror(0, side, begins), np.ones(3))


def both(source: SourceViews, image: SourceViews) -> tuple[EncodedViews, EncodedViews]:
    """A photo and its image, as two photos would be looked at, and as they are."""
    model = small_network()
    photo, reflection = model.look(source), model.look(image)
    two = EncodedViews(*photo.joined(reflection).maps, source=SourceViews.joined([source, image]))
    return two, with_mirror_image(EncodedViews(*photo.maps, source=source), image, reflection)


@given(
    yaw=st.floats(-1.2, 1.2),
    point=st.tuples(*[st.floats(-0.05, 0.05)] * 3),
)
def test_a_mirrored_camera_sees_a_point_where_the_camera_sees_its_mirror_image(yaw, point):
    """Mirrored pixels, the same depth; the camera is one that there can be, and the pixels are the photo's."""
    source = photographed(yaw)
    image = mirrored(source)
    there, depth = project(camera_of(source, 0), np.array([point]) * [-1, 1, 1])
    here, mirrored_depth = project(camera_of(image, 0), np.array([point]))

    np.testing.assert_allclose(here, there * [-1, 1] + [63, 0], atol=1e-3)
    np.testing.assert_allclose(mirrored_depth, depth, atol=1e-5)
    assert torch.linalg.det(image.camera_from_world[0, :3, :3]) == pytest.approx(1, abs=1e-5)
    assert torch.equal(image.images[0], source.images[0].flip(-1))


@pytest.mark.parametrize("side", [-1, 1])
def test_bounds_are_mirrored_and_end_at_the_neck_and_where_photos_see_well(side):
    """What the photo does not cover on its left, its mirror image does not on its right."""
    source = photographed(-side * TURN)
    source = replace(source, bounds=source.bounds.new_tensor([[5.0, 1.0, 50.0, 63.0]]))
    image = mirrored(source, side, 0.1)
    beginning = np.array([side * RADIUS * np.sin(0.1), 0.0, -RADIUS * np.cos(0.1)])
    (_, neck), (begins, _) = project(camera_of(image, 0), np.array([[0.0, LOWEST, 0.0], beginning]))[0]
    left, top, right, bottom = image.bounds[0].tolist()

    assert top == 1 and 13 <= left < right <= 58
    assert (left if side > 0 else right) == pytest.approx(np.clip(begins, 13, 58), abs=1e-3)
    assert (right if side > 0 else left) == (58 if side > 0 else 13)
    assert bottom == pytest.approx(min(63.0, max(1.0, neck)), abs=1e-3)


@given(turn=st.floats(0.1, 1.2), right=st.booleans(), bottom=st.floats(20.0, 60.0), aside=st.floats(0.0, 1.0))
def test_a_mirror_image_ends_above_the_photo_where_the_photo_was_taken_from(turn, right, bottom, aside):
    """Below a photo that is cut at the chin its mirror image is never alone, and makes no hollow there."""
    side = -1 if right else 1
    source = photographed(turn if right else -turn)
    source = replace(source, bounds=source.bounds.new_tensor([[0.0, 0.0, 63.0, bottom]]))
    image = mirrored(source, side)
    heights = np.linspace(-0.15, 0.15, 61)
    points = np.stack([np.full_like(heights, -side * aside * RADIUS), heights, np.zeros_like(heights)], axis=1)
    below = project(camera_of(source, 0), points)[0][:, 1] > bottom + 1e-3

    assert np.all(project(camera_of(image, 0), points)[0][below, 1] > image.bounds[0, 3].item())


@given(
    turn=st.floats(0.15, 1.2),
    right=st.booleans(),
    place=st.tuples(st.floats(-0.06, 0.06), st.floats(-0.05, 0.05), st.floats(-0.06, 0.0)),
)
def test_a_mirror_image_says_nothing_of_what_the_photo_shows(turn, right, place):
    """On the half that the photo was taken from it has no say: its avatar looks there as it does without a mirror."""
    side = -1 if right else 1
    image = mirrored(photographed(turn if right else -turn), side, 0.0)
    x, y, z = place
    point = torch.tensor([[-side * (abs(x) + 0.001), y, z - RADIUS]])
    pixels, depth = seen(image.intrinsics, image.camera_from_world, point)
    _, say = stand_in(pixels, depth > 0, image.bounds, 64)

    assert float(say[0, 0]) == 0


@pytest.mark.parametrize(
    ("yaws", "has_mirror"),
    [((0.02,), False), ((0.2,), True), ((-0.2,), True), ((1.3,), True), ((1.5,), False)]
    + [((0.3, 0.5), True), ((-0.5, -0.3, -0.7), True), ((0.0, 0.5), True), ((-0.4, 0.5), False)],
)
def test_photos_of_one_half_get_a_mirror_and_no_others(yaws, has_mirror):
    """A frontal photo alone shows both halves, one from behind neither, and photos from both sides know better."""
    document = ball_document(yaws)

    assert (document.mirror is not None) is has_mirror
    assert unmirrored(document).mirror is None and unmirrored(document).unseen_half == document.mirror
    assert replace(document, calibration=None).mirror is None
    assert len(encode_document(small_network(), document).low) == len(yaws) + has_mirror


@given(st.lists(st.floats(-3.1, 3.1), min_size=1, max_size=5))
def test_the_mirror_stands_opposite_the_photo_that_is_turned_most(turns):
    """Where it sees farther than every photo; mirrored photos ask for the other half; with the image among the photos
    nothing is missing any more."""
    mirror, opposite = mirror_of(turns), mirror_of([-turn for turn in turns])

    assert (mirror is None) is (opposite is None)
    if mirror is not None and opposite is not None:
        assert (opposite.source, opposite.side, opposite.begins) == (mirror.source, -mirror.side, mirror.begins)
        reached = max(mirror.side * turn for turn in turns)
        assert -mirror.side * turns[mirror.source] >= reached + LEAST_GAIN
        assert mirror_of([*turns, -turns[mirror.source]]) is None
        assert mirror.begins >= 0


def test_holding_all_photos_of_one_side_out_brings_the_mirror():
    """Sources count, not photos."""
    document = edits.hold_out(ball_document((0.5, -0.5)), 1)

    assert document.mirror is not None and len(encode_document(small_network(), document).low) == 2


def test_photos_know_the_same_beside_a_mirror_image():
    """They correct each other's depth, and a mirror image neither theirs nor its own."""
    document, model = ball_document((0.2, 0.5)), small_network()
    alone, with_image = encode_document(model, unmirrored(document)), encode_document(model, document)

    assert len(with_image.low) == 3
    for here, there in zip(alone.maps, with_image.picked([0, 1]).maps, strict=True):
        torch.testing.assert_close(here, there)
    torch.testing.assert_close(with_image.source.images[2], alone.source.images[1].flip(-1))


@pytest.fixture(scope="module")
def turned() -> dict[str, Document]:
    """The bundled person's photos from either side, each alone."""
    return {path.stem: load_source([path]) for path in sample_photos() if path.stem != "front"}


@pytest.mark.parametrize("name", ["left", "right"])
@given(gain=st.tuples(*[st.floats(0.7, 1.2)] * 3))
@settings(max_examples=10, deadline=None)
def test_a_mirror_image_is_lit_as_the_other_half_of_the_face_is(turned, name, gain):
    """Light of another strength and colour on that half is what the mirror image is lit by, too."""
    document = turned[name]
    view, mirror = document.views[0], document.mirror
    assert mirror is not None and view.landmarks_px is not None
    middle = view.landmarks_px[[10, 168, 1, 152], 0].mean()
    columns = np.arange(view.size[0])
    other_half = columns > middle if mirror.side > 0 else columns < middle
    lit = view.photo.rgb * np.where(other_half[:, None], gain, 1.0)
    changed = replace(view, photo=replace(view.photo, rgb=np.clip(lit, 0, 255).round().astype(np.uint8)))

    before, after = (side_light(replace(document, views=(each,)), mirror) for each in (view, changed))
    np.testing.assert_allclose(after, before * gain, rtol=0.06)


def test_light_that_nothing_tells_is_left_as_it_is(turned):
    """No face, or one in the dark."""
    document = turned["left"]
    black = replace(document.views[0].photo, rgb=np.zeros_like(document.views[0].photo.rgb))
    for each in (ball_document((TURN,)), replace(document, views=(replace(document.views[0], photo=black),))):
        assert each.mirror is not None
        assert side_light(each, each.mirror).tolist() == [1, 1, 1]


def test_mirror_images_carve_nothing():
    """A lump on one side stays, though its mirror image's outline has none there; the photo's own still carves."""
    source = photographed(TURN)
    lump = torch.tensor([[4.0 * BALL, 0.0, 0.0], [-4.0 * BALL, 0.0, 0.0]])
    pixels, _ = project(camera_of(source, 0), lump.double().numpy())
    masks = source.masks.clone()
    x, y = np.round(pixels[0]).astype(int)
    masks[:, :, y - 3 : y + 4, x - 3 : x + 4] = 1.0
    source = replace(source, masks=masks)
    image = replace(mirrored(source, -1), bounds=source.bounds)
    two, kept = both(source, image)
    model = small_network()

    assert model.sight(two, lump)[1].tolist() == [False, False]
    assert model.sight(kept, lump)[1].tolist() == [True, False]
    assert torch.equal(kept.depth, two.depth)
    assert two.source.masks[1].min() == 0 and torch.equal(kept.source.masks[0], masks[0])


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
        points = torch.tensor([[-0.8 * BALL, 0.0, -0.6 * BALL], [0.6 * BALL, 0.0, -0.8 * BALL]])
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
