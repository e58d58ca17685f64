"""The compiled loops against their plain twins, on a small network with random weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kpnerf.core.keypoints import HEAD
from kpnerf.core.model.keypoint_nerf import KeypointNeRF
from kpnerf.core.model.views import EncodedViews
from kpnerf.core.render import pixel_kernels, ray_kernels
from kpnerf.core.render.field import CompiledField, Field
from kpnerf.core.render.grid import DensityGrid, Lattice, adjust, bake, hull_of, refine
from kpnerf.core.render.march import Seen, march, march_in_torch
from kpnerf.core.render.painting import CameraRays, Painting, paired

from ..model import scene


@pytest.fixture(scope="module")
def model() -> KeypointNeRF:
    """One for all tests; depth and confidence are made to matter."""
    return scene.network(3)


@pytest.fixture(scope="module")
def encoded(model: KeypointNeRF) -> EncodedViews:
    """Three photos, all cut below, one of them on the left as well: some points are in no photo, some below all."""
    source = scene.source()
    source.bounds[:, 3] = torch.tensor([41.0, 40.0, 39.0])
    source.bounds[1, 0] = 30.0
    with torch.inference_mode():
        return model.encode(source)


@pytest.fixture(scope="module")
def fields(model: KeypointNeRF, encoded: EncodedViews) -> tuple[Field, CompiledField]:
    """The plain one and the fast one."""
    compiled = Field.of(model, encoded, scene.keypoints())
    assert isinstance(compiled, CompiledField)
    return Field(model, encoded, scene.keypoints()), compiled


def points(count: int = 3000) -> torch.Tensor:
    """All over the subject's box and somewhat beyond."""
    box = HEAD.box.grown(0.05)
    low, high = (torch.as_tensor(corner).float() for corner in (box.lower, box.upper))
    return low + (high - low) * torch.rand(count, 3, generator=torch.Generator().manual_seed(1))


def towards(count: int) -> torch.Tensor:
    """Unit directions."""
    return torch.nn.functional.normalize(torch.randn(count, 3, generator=torch.Generator().manual_seed(2)), dim=-1)


@torch.inference_mode()
def test_hull(fields: tuple[Field, CompiledField]) -> None:
    """Both agree about every point, and points are on both sides."""
    plain, fast = (field.in_hull(points()) for field in fields)

    assert 0 < plain.sum() < len(plain)
    torch.testing.assert_close(fast, plain)


@torch.inference_mode()
def test_density(fields: tuple[Field, CompiledField]) -> None:
    """Raw densities agree to what bfloat16 layers leave; inputs alone, in float32, to a hundred-thousandth."""
    plain, fast = (field.raw_density(points()) for field in fields)

    assert plain.std() > 0.01
    assert (fast - plain).abs().mean() < 0.01 * plain.std()


@torch.inference_mode()
def test_inputs_of_the_geometry_head(fields: tuple[Field, CompiledField], monkeypatch: pytest.MonkeyPatch) -> None:
    """In float32 what is gathered equals what torch gathers, channel by channel."""
    monkeypatch.setattr("kpnerf.core.model.precision._cpu_multiplies_bfloat16", lambda: False)
    plain, fast = (field.raw_density(points()) for field in fields)

    torch.testing.assert_close(fast, plain, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_mixtures_and_what_they_make(fields: tuple[Field, CompiledField], monkeypatch: pytest.MonkeyPatch) -> None:
    """Mixtures agree, and photos blended by them give the network's colour."""
    monkeypatch.setattr("kpnerf.core.model.precision._cpu_multiplies_bfloat16", lambda: False)
    plain_field, fast_field = fields
    at, along = points(), towards(3000)
    at = at[plain_field.in_hull(at)]
    along = along[: len(at)]
    plain, fast = plain_field.mixtures(at, along), fast_field.mixtures(at, along)
    rgb, _, _ = plain_field.model.query(plain_field.encoded, plain_field.keypoints, at, along)

    torch.testing.assert_close(fast, plain, atol=2e-4, rtol=1e-3)
    torch.testing.assert_close(plain_field.blend(at[:, None], plain[:, None])[:, 0], rgb, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("view", [0, 2])
def test_mixtures_with_one_expression(fields: tuple[Field, CompiledField], view: int) -> None:
    """Both give the photo that has it the same share, and so does the network, asked for a colour."""
    plain_field, fast_field = fields
    at, along = points()[:900], towards(900)
    at = at[plain_field.in_hull(at)]
    along, encoded = along[: len(at)], replace(plain_field.encoded, expression=view)
    plain, fast = (
        kind(plain_field.model, encoded, scene.keypoints()).mixtures(at, along) for kind in (Field, CompiledField)
    )
    rgb, _, _ = plain_field.model.query(encoded, plain_field.keypoints, at, along)
    before = fast_field.mixtures(at, along)

    assert (fast - plain).abs().mean() < 0.01
    assert (plain[:, view] > before[:, view] + 0.05).float().mean() > 0.1
    torch.testing.assert_close(fast[:, :3].sum(dim=1), before[:, :3].sum(dim=1))
    torch.testing.assert_close(plain_field.blend(at[:, None], plain[:, None])[:, 0], rgb, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def ball_grid(field: Field, *, nodes: int = 96) -> DensityGrid:
    """A soft ball in the middle of the hull."""
    lattice = Lattice.over(HEAD.box, nodes, field.encoded.low)
    raw = 60 * (0.07 - lattice.positions(lattice.everywhere()).norm(dim=-1))
    return DensityGrid.of(lattice, raw, hull_of(field, lattice), field, 0)


@torch.inference_mode()
def test_march(fields: tuple[Field, CompiledField]) -> None:
    """Skipping blocks and stepping evenly see the same, but for where along a step they begin."""
    plain_field, fast_field = fields
    grid = ball_grid(fast_field)
    rays = CameraRays(scene.camera(0.3, 48), grid.raw)
    y, x = (c.reshape(-1) for c in torch.meshgrid(torch.arange(48), torch.arange(48), indexing="ij"))
    plain = march_in_torch(plain_field, grid, HEAD.box, rays.origin, rays.directions(y, x))
    fast = march(fast_field, grid, HEAD.box, rays.origin, rays.directions(y, x))
    both = (plain.alpha > 0.1) & (fast.alpha > 0.1)

    assert both.sum() > 200
    assert (plain.alpha - fast.alpha).abs().mean() < 0.01
    assert (plain.distance - fast.distance)[both].abs().mean() < 1e-3
    assert (plain.samples == fast.samples)[both].float().mean() > 0.8
    solid = both & (plain.samples == fast.samples) & (fast.samples == 1)
    torch.testing.assert_close(fast.where[solid, 0], plain.where[solid, 0], atol=3e-3, rtol=0)


@torch.inference_mode()
def test_blend(fields: tuple[Field, CompiledField]) -> None:
    """Pixels of rays with one to eight samples, whose mixtures are random, are the plain twin's."""
    plain_field, fast_field = fields
    grid = ball_grid(fast_field)
    camera = scene.camera(0.3, 32)
    fast, plain = (Painting(field, grid, camera, "colour", HEAD.box) for field in (fast_field, plain_field))
    y, x = (c.reshape(-1) for c in torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij"))
    rays = fast._follow(y, x, (0.0, 0.0))
    rays.mixtures[:] = torch.rand(rays.mixtures.shape, generator=torch.Generator().manual_seed(4))
    every = slice(0, len(y))

    assert len(rays.samples.unique()) > 2
    torch.testing.assert_close(fast._blend(rays, every), plain._blend(rays, every), atol=1e-4, rtol=1e-3)


def test_inheriting() -> None:
    """The mean of two or four neighbours that agree; nothing where they differ, are farther away or are missing."""
    known_samples = np.ones((4, 4), np.uint8)
    known_where = np.ones((4, 4, ray_kernels.MOST_MIXTURES), np.float32)
    known_mixtures = np.zeros((4, 4, ray_kernels.MOST_MIXTURES, 4), np.float32)
    known_mixtures[..., 0, 0] = 0.01 * np.arange(16).reshape(4, 4)
    known_mixtures[3, 3, 0, 0] = 0.9
    known_where[0, 3] = 1.1
    rows = np.array([1, 1, 0, 5, 1, 7, 1])
    columns = np.array([1, 2, 1, 5, 5, 1, 0])
    samples = np.array([1, 1, 1, 1, 1, 1, 0], np.uint8)
    where = np.ones((7, ray_kernels.MOST_SAMPLES), np.float32)
    mixtures, inherited = np.zeros((7, ray_kernels.MOST_MIXTURES, 4), np.float32), np.zeros(7, bool)
    pixel_kernels.inherit(
        0, 7, rows, columns, 1, samples, where, known_samples, known_where, known_mixtures, 0.01, 0.2,
        mixtures, inherited,
    )  # fmt: skip

    np.testing.assert_array_equal(inherited, [True, True, True, False, False, False, False])
    np.testing.assert_allclose(mixtures[:3, 0, 0], [0.025, 0.03, 0.005], atol=1e-6)


@torch.inference_mode()
def test_a_refined_grid_is_the_network_where_it_matters(fields: tuple[Field, CompiledField]) -> None:
    """At nodes worth it in the hull, the finer grid holds what the network says there."""
    _, field = fields
    coarse_lattice, lattice = (Lattice.over(HEAD.box, nodes, field.encoded.low) for nodes in (24, 40))
    coarse = bake(field, coarse_lattice, hull_of(field, coarse_lattice))
    assert coarse is not None
    fine = refine(field, lattice, coarse)
    assert fine is not None
    nodes = lattice.everywhere()[fine.hull.reshape(-1)]
    positions = lattice.positions(nodes)

    assert len(nodes) > 100
    torch.testing.assert_close(fine.raw.reshape(-1)[nodes], field.raw_density(positions), atol=0.05, rtol=0.05)


@torch.inference_mode()
def test_adjusting_is_baking_within_reach(model: KeypointNeRF, encoded: EncodedViews) -> None:
    """After an edit, nodes near the surface and the keypoint are asked again; fewer than all, and rightly."""
    before = scene.keypoints()
    after = before.clone()
    after[3] += torch.tensor([0.004, -0.003, 0.002])
    old, new = Field.of(model, encoded, before), Field.of(model, encoded, after)
    lattice = Lattice.over(HEAD.box, 32, encoded.low)
    hull = hull_of(old, lattice)
    first, exact = bake(old, lattice, hull), bake(new, lattice, hull)
    assert first is not None and exact is not None
    adjusted = adjust(new, first, before)
    asked = adjusted.raw != first.raw

    assert 0 < adjusted.samples < exact.samples
    assert asked.any()
    torch.testing.assert_close(adjusted.raw[asked], exact.raw[asked], atol=0.02, rtol=0.02)


def test_fog_before_a_surface_takes_its_colour() -> None:
    """Of two samples with one mixture, between which there is nothing, the one in the middle of the ray is both."""
    where = torch.tensor([[1.00, 1.10, 1.101, 1.102, 1.103, 1.104, 1.105, 1.20], [1.0, 1.1, 0, 0, 0, 0, 0, 0]])
    samples = torch.tensor([8, 2], dtype=torch.uint8)
    pairs, asked = paired(Seen(samples, torch.ones(2), torch.tensor([1.1, 1.05]), where))

    torch.testing.assert_close(pairs[0], torch.tensor([1.10, 1.10, 1.101, 1.102, 1.103, 1.104, 1.105, 1.105]))
    torch.testing.assert_close(asked[0], torch.tensor([1.10, 1.1015, 1.1035, 1.105]))
    torch.testing.assert_close(pairs[1], where[1])
    torch.testing.assert_close(asked[1], where[1, :4])
