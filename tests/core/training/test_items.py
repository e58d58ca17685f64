"""What a training step is given: photos that end, targets cut to what is shown."""

from pathlib import Path

import numpy as np
import pytest
import torch

from kpnerf.core.geometry import ray_box
from kpnerf.core.keypoints import HEAD
from kpnerf.core.model.spatial import BELOW, inside, project
from kpnerf.core.training import disturbances, items
from kpnerf.core.training.population import People

from ..model import scene
from .drawn import draw_item

WALL = 200
"""Grey of a person who fills every picture."""


@pytest.fixture(scope="module")
def giant(tmp_path_factory: pytest.TempPathFactory) -> People:
    """Somebody who fills all pictures from edge to edge, at the depth of the head's origin."""
    folder = tmp_path_factory.mktemp("giant")
    yaws = np.linspace(-1.2, 1.2, 8)
    views = scene.source(tuple(yaws), size=96)
    k = views.intrinsics.numpy().copy()
    k[:, :2, :2] *= 0.7  # wide enough to see beyond the box
    np.savez(
        folder / "person_00000.npz",
        rgba=np.full((8, 96, 96, 4), [WALL, WALL, WALL, 255], np.uint8),
        depth=np.ones((8, 96, 96), np.float16),
        intrinsics=k,
        camera_from_world=views.camera_from_world.numpy(),
        landmarks=np.zeros((468, 3), np.float32),
        yaw=yaws.astype(np.float32),
        pitch=np.zeros(8, np.float32),
        seed=0,
    )
    return People(folder)


def test_targets_are_empty_outside_the_window(giant: People) -> None:
    """Rays that miss the subject's box carry nothing, all others the person: just as pictures are rendered."""
    empty, full = 0, 0
    for step in range(12):
        item = draw_item(*giant.draw(seed=0, step=step), patches=2, patch=16)
        _, _, meets = ray_box(item.origins.double().numpy(), item.directions.double().numpy(), HEAD.box)
        alpha = item.alpha.numpy()
        agree = (alpha > 0.5) == meets
        assert agree.mean() > 0.99  # single and double precision differ on the box's very edge
        assert np.abs(item.rgb.numpy()[agree & meets] - WALL / 255).max() < 1e-6
        assert np.isnan(item.distance.numpy()[~meets & agree]).all()
        empty, full = empty + (~meets).sum(), full + meets.sum()

    assert empty > 200 and full > 200


def test_photos_of_a_person_end_at_one_height(giant: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where photos end below the head, every view is cut there and black beneath."""
    monkeypatch.setattr(items, "photo_end", lambda _: 0.05)
    monkeypatch.setattr(items, "cut_bounds", lambda _, mask: np.array([0.0, 0.0, 95.0, 95.0]))
    ends = []
    for step in range(6):
        source = draw_item(*giant.draw(seed=1, step=step), patches=1, patch=16).source
        for image, mask, bounds in zip(source.images, source.masks, source.bounds, strict=True):
            last = int(bounds[3])
            ends.append(last)
            assert mask[0, last].mean() > 0.5
            assert mask[0, last + 1 :].max() == 0 and image[:, last + 1 :].max() == 0

    # Focal length 0.7 * 123.4 px, a metre away: 5 cm below the origin is about 4 rows below the middle.
    assert 48 <= np.median(ends) <= 56 and np.ptp(ends) < 16


def test_what_no_photo_contains_is_not_asked_for(giant: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patches are drawn where some photo shows the person, or little below; what they hold beyond is marked."""
    monkeypatch.setattr(items, "photo_end", lambda _: 0.05)
    monkeypatch.setattr(items, "cut_bounds", lambda _, mask: np.array([0.0, 0.0, 95.0, 95.0]))
    marked, below = [], []
    for step in range(12):
        item = draw_item(*giant.draw(seed=2, step=step), patches=2, patch=16)
        surface = (item.origins + item.distance[:, None] * item.directions)[~torch.isnan(item.distance)]
        pixels, _ = project(item.source.intrinsics, item.source.camera_from_world, surface)
        bounds = item.source.bounds
        contained = inside(pixels, bounds, slack=0.0).any(dim=0)
        longer = bounds + BELOW * item.source.images.shape[-1] * torch.tensor([0.0, 0.0, 0.0, 1.0])
        agree = inside(pixels, longer, slack=0.0).any(dim=0) == item.shown[~torch.isnan(item.distance)]
        assert agree.float().mean() > 0.98  # depths are kept in half precision
        below.append(float((item.shown[~torch.isnan(item.distance)] & ~contained).float().mean()))
        marked.append(float((~item.shown).float().mean()))

    assert 0 < np.mean(marked) < 0.5 and np.mean(below) > 0.01


def test_some_photos_end_below_the_head() -> None:
    """Never through the face, and mostly not before their picture does."""
    ends = [disturbances.photo_end(np.random.default_rng(seed)) for seed in range(300)]
    cut = [end for end in ends if end is not None]

    assert 0.2 < len(cut) / 300 < 0.6
    assert min(cut) > 0.13 and max(cut) < 0.31


def test_cameras_of_half_the_people_are_exact(giant: People) -> None:
    """Of a person all of them or none."""
    with np.load(giant.files[0]) as person:
        true = torch.from_numpy(person["camera_from_world"])
    exact = 0
    for step in range(60):
        poses = draw_item(*giant.draw(seed=3, step=step), patches=1, patch=16).source.camera_from_world
        among = (poses[:, None] == true).all(dim=-1).all(dim=-1).any(dim=1)
        assert among.all() or not among.any()
        exact += int(among.all())

    assert 15 < exact < 45


def test_patches_are_compared_on_backgrounds_of_their_own(people: Path) -> None:
    """One colour for a patch, black for some of them."""
    colours = []
    for step in range(10):
        item = draw_item(*People(people).draw(seed=0, step=step), patches=3, patch=16)
        patches = item.background.view(3, 256, 3)
        assert (patches == patches[:, :1]).all()
        colours += patches[:, 0].tolist()
    black = [colour for colour in colours if max(colour) == 0]

    assert 3 < len(black) < 25
    assert len({tuple(colour) for colour in colours}) == len(colours) - len(black) + 1
