"""Learning from the given photos, each rendered from the others."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kpnerf.core.crops import crop_views
from kpnerf.core.geometry import pixel_rays
from kpnerf.core.keypoints import HEAD
from kpnerf.core.model.additions import fingerprint, with_additions
from kpnerf.core.pipeline import encode_document
from kpnerf.core.refine import ordinary
from kpnerf.core.training import refining
from kpnerf.core.training.photo_rays import PATCH, Target, draw_patch, hide_unseen, target_of
from kpnerf.core.training.refining import RefineSettings, Subject, learn, patch_loss

from ..ball_document import RADIUS, ball_document, small_network


@pytest.fixture(scope="module")
def photos() -> Subject:
    """Three photos of a ball, encoded by a network that knows nothing."""
    model, document = small_network(), ball_document()
    crops = crop_views(document, model.config.image_size)
    targets = [target_of(name, crop, HEAD.box) for name, crop in zip(document.names, crops, strict=True)]
    keypoints = torch.from_numpy(document.calibration.keypoints.xyz).float()
    return Subject(model, ordinary(encode_document(model, document)), keypoints, HEAD.volume, tuple(targets))


def test_the_photo_that_is_rendered_is_hidden(photos):
    """Nothing of it, neither features nor pixels, goes into its own picture: they may be no numbers at all."""
    encoded = photos.encoded
    maps = {name: getattr(encoded, name).clone() for name in ("colours", "low", "high", "texture", "depth")}
    for values in maps.values():
        values[1] = torch.nan
    spoilt = replace(encoded, **maps)

    def loss(encoded, target: int) -> float:
        generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
        subject = replace(photos, encoded=encoded)
        with torch.no_grad():
            return float(patch_loss(subject, photos.model, target, rng, generator))

    assert loss(spoilt, 1) == loss(encoded, 1)
    assert np.isnan(loss(spoilt, 0))


def test_learning_makes_the_difference_smaller_and_leaves_the_network_alone(photos):
    """The same patches before and after; the network that was given is the same to the last bit."""
    before = fingerprint(photos.model)
    settings = RefineSettings(minutes=60, learning_rate=2e-3)
    learnt = learn(photos, [0, 1], settings, steps=8)
    first, second = (learn(photos, [0, 1], settings, steps=2) for _ in range(2))

    def losses(model) -> float:
        rng, generator = np.random.default_rng(7), torch.Generator().manual_seed(7)
        with torch.no_grad():
            return sum(float(patch_loss(photos, model, target, rng, generator)) for target in (0, 1))

    assert losses(with_additions(photos.model, learnt)) < 0.97 * losses(photos.model)
    assert fingerprint(photos.model) == before
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_time_ends_learning_and_whoever_is_told_may_end_it(photos):
    """However many steps were wanted; an exception of the listener comes through at once."""
    shares: list[float] = []
    learn(photos, [0], RefineSettings(), steps=10**6, share=lambda: 0.5 * len(shares), step_done=shares.append)
    assert shares == [0.0, 0.5, 1.0]

    class Enough(Exception):
        pass

    def stop(share: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        learn(photos, [0], RefineSettings(), steps=10**6, step_done=stop)


def test_patches_lie_in_the_photo_and_touch_the_subject(photos):
    """Also at its edge: nothing is asked where the photo does not show anything."""
    target = photos.targets[0]
    narrow = replace(target, covered=(100, 90, 150, 160))
    rng = np.random.default_rng(0)
    for _ in range(20):
        patch = draw_patch(narrow, rng)
        slopes = patch.slopes / patch.slopes[:, 2:]
        camera = narrow.camera
        x, y = slopes[:, 0] * camera.fx + camera.cx, slopes[:, 1] * camera.fy + camera.cy
        assert len(patch.alpha) == PATCH**2
        assert 100 - 1e-2 <= x.min() and x.max() <= 150 + 1e-2 and 90 - 1e-2 <= y.min() and y.max() <= 160 + 1e-2


def ball_targets(*yaws: float) -> list[Target]:
    """Photos of the ball with the true distance to its surface."""
    document, targets = ball_document(yaws), []
    for view, crop in zip(document.views, crop_views(document, 64), strict=True):
        y, x = np.indices((256, 256)).astype(float)
        eye, rays = pixel_rays(crop.camera.resized(256, 256), np.stack([x, y], axis=-1))
        towards = -(eye * rays).sum(axis=-1)
        inside = RADIUS**2 - ((eye + towards[..., None] * rays) ** 2).sum(axis=-1)
        distance = np.where(inside > 0, towards - np.sqrt(np.maximum(inside, 0)), np.nan)
        targets.append(target_of(view.name, crop, HEAD.box, distance))
    return targets


def test_what_no_other_photo_sees_is_not_asked_for():
    """From beside, most of a ball is seen twice; from behind, nothing of its front; empty places always count."""

    def shares(*yaws: float) -> list[float]:
        solid = [target.mask > 0.5 for target in ball_targets(*yaws)]
        shown = [target.shown for target in hide_unseen(ball_targets(*yaws))]
        assert all(there[~full].all() for there, full in zip(shown, solid, strict=True))
        return [float(there[full].float().mean()) for there, full in zip(shown, solid, strict=True)]

    assert min(shares(0.0, 0.2)) > 0.8
    assert max(shares(0.0, np.pi)) < 0.2
    front, _, behind = shares(0.0, 0.2, np.pi)
    assert front > 0.8 and behind < 0.2


def test_colours_that_no_other_photo_sees_cost_nothing(photos):
    """Whatever they are; where they count they cost something, and that there is something counts everywhere."""

    def loss(shown: bool, colour: float) -> float:
        target = photos.targets[0]
        rgb = colour * target.mask[..., None].expand(-1, -1, 3)
        target = replace(target, rgb=rgb, shown=torch.full_like(target.shown, shown))
        subject = replace(photos, targets=(target, *photos.targets[1:]))
        generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
        with torch.no_grad():
            return float(patch_loss(subject, photos.model, 0, rng, generator))

    assert loss(False, 0.2) == pytest.approx(loss(False, 0.9), abs=1e-3)
    assert abs(loss(True, 0.2) - loss(True, 0.9)) > 0.02
    assert loss(False, 0.2) > 0.01


def test_steps_are_those_of_adam() -> None:
    """As torch's own optimiser takes them, which cannot be used beside a window."""
    torch.manual_seed(0)
    ours, theirs = (torch.nn.Parameter(torch.ones(3, 4)) for _ in range(2))
    mine, reference = refining._Adam([ours]), torch.optim.Adam([theirs], lr=0.01, betas=(0.9, 0.99))
    for _ in range(5):
        ours.grad = torch.randn(3, 4)
        theirs.grad = ours.grad.clone()
        mine.step(0.01)
        reference.step()

    torch.testing.assert_close(ours, theirs)
