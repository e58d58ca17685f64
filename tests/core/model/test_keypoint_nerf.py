"""What must hold for the network whatever its weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kpnerf.core.errors import UserError
from kpnerf.core.model.checkpoint import load_weights, read_published, save_weights
from kpnerf.core.model.keypoint_nerf import KeypointNeRF, ModelConfig
from kpnerf.core.model.spatial import project, read_maps

from . import scene


def samples(count: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Points inside the ball and unit directions."""
    generator = torch.Generator().manual_seed(1)
    points = (torch.rand(count, 3, generator=generator) - 0.5) * 0.1
    return points, torch.nn.functional.normalize(torch.rand(count, 3, generator=generator) - 0.5, dim=-1)


@pytest.mark.parametrize("views", [1, 2, 3, 8])
def test_any_number_of_views(views: int) -> None:
    """One to eight photos give finite colours in [0, 1] and finite density."""
    model, source = scene.network(), scene.source(tuple(-0.6 + 0.15 * v for v in range(views)))
    points, directions = samples()
    with torch.inference_mode():
        rgb, raw, _ = model.query(model.encode(source), scene.keypoints(), points, directions)

    assert torch.isfinite(raw).all() and rgb.min() >= 0 and rgb.max() <= 1


def test_the_order_of_photos_does_not_matter() -> None:
    """Density and colour are the same for permuted views."""
    model, source = scene.network(), scene.source()
    points, directions = samples()
    with torch.inference_mode():
        a = model.query(model.encode(source), scene.keypoints(), points, directions)
        b = model.query(model.encode(source.picked([2, 0, 1])), scene.keypoints(), points, directions)

    torch.testing.assert_close(a[0], b[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(a[1], b[1], atol=1e-5, rtol=1e-4)


def test_a_photo_that_cuts_the_head_abstains() -> None:
    """Where one photo ends, the others decide: the head model keeps the sample, the published one loses it."""
    source = scene.source()
    bounds = source.bounds.clone()
    bounds[1, 0] = 40.0  # the second photo begins right of its middle
    cut = replace(source, bounds=bounds)
    points = torch.tensor([[-0.05, 0.0, 0.0]])  # left of it in that photo
    head = scene.network()
    published = scene.network(abstain=False)
    with torch.inference_mode():
        sighting, hull = head.sight(head.encode(cut), points)
        _, published_hull = published.sight(published.encode(cut), points)

    assert hull.item() and not published_hull.item()
    assert (sighting.say[:, 0] > 0).tolist() == [True, False, True]
    assert sighting.weights[1, 0] == 0


def test_photos_stand_in_for_what_is_below_them_all() -> None:
    """Little below all photos a sample reads what is above it in each; beside what another one contains, none does."""
    source = scene.source((-0.5, 0.5))
    bounds = source.bounds.clone()
    bounds[:, 3] = torch.tensor([36.0, 40.0])
    model = scene.network()
    cut = model.encode(replace(source, bounds=bounds))
    # Rows 38, 43 and 55 or so, at about 130 pixels for the metre.
    points = torch.tensor([[0.0, 0.055, 0.0], [0.0, 0.09, 0.0], [0.0, 0.18, 0.0]])
    with torch.inference_mode():
        sighting, hull = model.sight(cut, points)

    assert (sighting.say.T > 0).tolist() == [[False, True], [True, True], [False, False]]
    assert sighting.say[1, 1] == 1 and sighting.say[0, 1] < 1, "the photo that reaches farther has more of a say"
    assert hull.tolist() == [True, True, False]
    rows = (sighting.uv[..., 1] + 1) / 2 * 63
    assert 36 < rows[1, 0] < 40 and rows[:, 1].tolist() == pytest.approx([36 - 0.72, 40 - 0.8], abs=1e-3)
    assert (sighting.weights[:, 1] > 0).all()


def test_a_photo_ends_without_a_seam() -> None:
    """Across the edge of one photo, which the other goes on beyond, colours and shares change little by little."""
    source = scene.source((-0.3, 0.3), size=256)
    bounds = source.bounds.clone()
    bounds[0, 3] = 150.0
    images = source.images.clone()
    images[0] *= 0.5
    model = scene.network()
    cut = model.encode(replace(source, bounds=bounds, images=images))
    # Down the middle, a tenth of a millimetre apart.
    points = torch.zeros(700, 3)
    points[:, 1] = torch.linspace(0.0, 0.07, 700)
    ahead = torch.tensor([0.0, 0.0, 1.0]).expand(700, 3)
    with torch.inference_mode():
        sighting, _ = model.sight(cut, points)
        _, shares = model.colour(cut, points, ahead, torch.zeros(700, 24), sighting)
    contained = project(source.intrinsics, source.camera_from_world, points)[0][0, :, 1] < 150.0

    assert contained[0] and not contained[-1]
    assert sighting.say[:, 0].tolist() == [1, 1] and sighting.say[0, -1] == 0
    assert shares[0, 0] > 0.1 > 0.01 > shares[0, -1]
    assert shares.diff(dim=-1).abs().max() < 0.1 * shares[0, 0]


def test_nothing_is_read_beyond_a_photo() -> None:
    """Of a photo that is white up to its edge, which runs through pixels, every point before the camera reads white."""
    source = scene.source()
    bounds = torch.tensor([[9.5, 3.2, 50.3, 41.7]] * 3)
    images = torch.zeros_like(source.images)
    images[:, :, 4:42, 10:51] = 1.0
    model = scene.network()
    cut = model.encode(replace(source, bounds=bounds, images=images))
    points = 0.4 * torch.rand(500, 3, generator=torch.Generator().manual_seed(0)) - 0.2
    with torch.inference_mode():
        sighting, _ = model.sight(cut, points)

    assert sighting.say.any() and not sighting.say.all()
    torch.testing.assert_close(read_maps(images, sighting.uv), torch.ones(3, 500, 3))


def test_a_mask_vetoes() -> None:
    """A sample that one photo sees beside the mask is outside the hull."""
    model, source = scene.network(), scene.source()
    with torch.inference_mode():
        _, hull = model.sight(model.encode(source), torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.14, 0.0]]))

    assert hull.tolist() == [True, False]


def test_density_does_not_depend_on_the_viewing_direction() -> None:
    """Only colour does; that is why density can be baked."""
    model, source = scene.network(), scene.source()
    points, directions = samples()
    with torch.inference_mode():
        encoded = model.encode(source)
        _, raw, _ = model.query(encoded, scene.keypoints(), points, directions)
        _, other, _ = model.query(encoded, scene.keypoints(), points, -directions)

    torch.testing.assert_close(raw, other, atol=0, rtol=0)


def test_weights_survive_the_disk(tmp_path: Path) -> None:
    """Saved and loaded, the network answers the same to half-precision; the file stays under 16 MiB."""
    model = scene.network()
    path = tmp_path / "weights.safetensors"
    save_weights(model, path, card={"steps": "0"})
    loaded = load_weights(path)
    points, directions = samples()
    with torch.inference_mode():
        a = model.query(model.encode(scene.source()), scene.keypoints(), points, directions)
        b = loaded.query(loaded.encode(scene.source()), scene.keypoints(), points, directions)

    assert loaded.config == model.config
    assert path.stat().st_size < 16 * 2**20
    torch.testing.assert_close(a[0], b[0], atol=2e-2, rtol=0)


def test_the_head_model_is_light() -> None:
    """At most eight million parameters."""
    assert sum(p.numel() for p in KeypointNeRF(ModelConfig.head()).parameters()) <= 8_000_000


def test_bad_weight_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    """Missing, not weights, of another shape, no checkpoint: UserError each time, never a traceback's worth."""
    text = tmp_path / "text.safetensors"
    text.write_text("not weights")
    with pytest.raises(UserError, match="missing"):
        load_weights(tmp_path / "nowhere.safetensors")
    with pytest.raises(UserError, match="does not hold weights"):
        load_weights(text)
    with pytest.raises(UserError, match="not a checkpoint"):
        read_published(text)
    model = scene.network()
    model.config = ModelConfig.head("none")
    save_weights(model, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="another shape"):
        load_weights(tmp_path / "other.safetensors")


def test_gradients_against_finite_differences() -> None:
    """Moving a keypoint changes density by what autograd says (float64, central differences)."""
    model = scene.network()
    with torch.no_grad():
        encoded = model.encode(scene.source())
    model.double()
    points, _ = samples(8)
    sighting, _ = model.sight(encoded, points)
    sighting = replace(sighting, weights=sighting.weights.double(), depth=sighting.depth.double())

    def density(keypoints: torch.Tensor) -> torch.Tensor:
        raw, _ = model.geometry(encoded, keypoints, points.double(), sighting)
        return raw.sum()

    keypoints = scene.keypoints().double().requires_grad_()
    density(keypoints).backward()
    gradient = keypoints.grad
    assert gradient is not None
    # Distances to keypoints are taken in double, depths of projection in single precision: a step in x and y only.
    step = 1e-4
    for axis in (0, 1):
        shift = torch.zeros_like(keypoints)
        shift[3, axis] = step
        with torch.no_grad():
            slope = (density(keypoints + shift) - density(keypoints - shift)) / (2 * step)

        torch.testing.assert_close(slope, gradient[3, axis], atol=2e-2, rtol=2e-2)
