"""The reference and the interactive path on a small scene."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kpnerf.core.keypoints import HEAD
from kpnerf.core.model.keypoint_nerf import KeypointNeRF
from kpnerf.core.model.views import EncodedViews, Sighting
from kpnerf.core.render.field import Field
from kpnerf.core.render.grid import Lattice, bake, hull_of
from kpnerf.core.render.lattices import Canvas, levels, nearest_first, new_pixels, regions
from kpnerf.core.render.renderer import Frame, Renderer, RenderRequest

from ..model import scene


class Ball(KeypointNeRF):
    """A network that knows its shape: the scene's ball, opaque, centred on the first keypoint."""

    rise, share = 400, 0.8
    """Of raw density towards the middle, per metre; the radius, as a share of the ball's."""

    def geometry(
        self, encoded: EncodedViews, keypoints: torch.Tensor, points: torch.Tensor, sighting: Sighting
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Signed distance to the ball as raw density; the latent is the network's own."""
        _, latent = super().geometry(encoded, keypoints, points, sighting)
        return self.rise * (scene.RADIUS * self.share - (points - keypoints[0]).norm(dim=-1)), latent


@pytest.fixture(scope="module")
def model() -> Ball:
    """One for all tests."""
    torch.manual_seed(0)
    return Ball(scene.CONFIG).eval()


def request(model: Ball, *, size: int = 48, yaw: float = 0.2, **changes: object) -> RenderRequest:
    """The ball from between two photos."""
    with torch.inference_mode():
        encoded = model.encode(scene.source())
    keypoints = scene.keypoints()
    keypoints[0] = 0
    settings = {"encoded": encoded, "keypoints": keypoints, "box": HEAD.box, "window": HEAD.box}
    settings["camera"] = scene.camera(yaw, size)
    return RenderRequest(**(settings | changes))  # type: ignore[arg-type]


def last(frames: object) -> Frame:
    """The final frame."""
    *_, frame = frames  # type: ignore[misc]
    return frame


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_levels_fill_every_pixel_once(stride: int) -> None:
    """The regions of all levels together are all pixels, and those of the first levels an even lattice."""
    height, width = 300, 270
    times = np.zeros((height, width), int)
    for spacing in levels(stride):
        for region in nearest_first(regions(height, width, spacing), lambda: (200.0, 10.0)):
            y, x = new_pixels(region, spacing, stride)
            np.add.at(times, (y.numpy(), x.numpy()), 1)

        np.testing.assert_array_equal(times[::spacing, ::spacing], 1)
        assert times.sum() == times[::spacing, ::spacing].size


def test_regions_come_in_order_of_their_distance_from_the_focus() -> None:
    """The first one holds it, wherever it is; the last one is in the far corner."""
    for x, y in ((0.0, 0.0), (511.0, 300.0), (130.0, 140.0)):
        first, *_, last = ordered = list(nearest_first(regions(512, 512, 1), lambda x=x, y=y: (x, y)))
        away = [max(r.left - x, x - r.right + 1, 0) ** 2 + max(r.top - y, y - r.bottom + 1, 0) ** 2 for r in ordered]

        assert first.left <= x < first.right and first.top <= y < first.bottom
        assert away == sorted(away)
        assert last == max(regions(512, 512, 1), key=lambda r: np.hypot(r.left + 64 - x, r.top + 64 - y))


def test_the_order_follows_a_focus_that_moves() -> None:
    """What is left comes round the new place; without one, in order. Everything comes once, nothing anew."""
    parts, places = regions(512, 512, 1), [(10.0, 10.0), (500.0, 500.0), (500.0, 500.0), None]
    asked = iter(places + [None] * len(parts))
    ordered = list(nearest_first(parts, lambda: next(asked)))

    assert ordered[0] == parts[0] and ordered[1] == parts[-1]
    assert {ordered[2]} <= {parts[-2], parts[-5]}
    assert ordered[3:] == [part for part in parts if part not in ordered[:3]]


def test_the_first_lattice_is_spread_without_a_shift() -> None:
    """A linear ramp known on every fourth pixel comes back as that ramp: no half-pixel jump between levels."""
    canvas = Canvas(33, 29, torch.zeros(()))
    y, x = torch.meshgrid(torch.arange(33.0), torch.arange(29.0), indexing="ij")
    ramp = 2 * x + 3 * y
    canvas.values[::4, ::4] = ramp[::4, ::4, None]

    assert canvas.spread(4)
    torch.testing.assert_close(canvas.values[..., 0], ramp, atol=1e-4, rtol=0)


class Fog(Ball):
    """A network that is not sure where its ball ends, within centimetres."""

    rise, share = 100, 0.5


def test_crisp_surfaces_are_steeper_where_they_were() -> None:
    """Less of a picture is neither there nor not, and the ball is about as large. Grids are baked once for both, and
    what is not crisp is as it was.
    """
    fog = Fog(scene.CONFIG).eval()
    renderer, asked = Renderer(fog), request(fog)
    plain = renderer.render(asked)
    crisp, again = renderer.render(replace(asked, crisp=True)), renderer.render(asked)
    field, level = Field(fog, asked.encoded, asked.keypoints), fog.raw_of(50.0)
    hull = hull_of(field, lattice := Lattice.over(HEAD.box, 16, asked.encoded.low))
    grid = bake(field, lattice, hull)
    assert grid is not None
    undecided = [float(((f.rgba[..., 3] > 0.1) & (f.rgba[..., 3] < 0.9)).mean()) for f in (plain, crisp)]
    areas = [float((f.rgba[..., 3] > 0.5).mean()) for f in (plain, crisp)]

    assert float(fog.density(torch.tensor(level))) == pytest.approx(50.0, rel=1e-5)
    torch.testing.assert_close(grid.steeper(2.0, level).raw - level, 2 * (grid.raw - level))
    assert undecided[1] < 0.8 * undecided[0] > 0.02
    assert areas[1] == pytest.approx(areas[0], rel=0.3)
    assert crisp.samples < 0.5 * plain.samples
    np.testing.assert_array_equal(again.rgba, plain.rgba)


def test_interactive_agrees_with_reference(model: Ball) -> None:
    """The baked grid with one colour sample a ray is within 30 dB of 128 samples through the network."""
    asked, renderer = request(model), Renderer(model)
    renderer.render(asked)
    interactive = renderer.render(asked)
    reference = Renderer(model).render(request(model, quality="reference"))
    a, b = (f.rgba[..., :3] * f.rgba[..., 3:] for f in (interactive, reference))

    assert reference.rgba[..., 3].max() > 0.99
    assert -10 * np.log10(np.mean((a - b) ** 2)) > 30
    assert interactive.samples < reference.samples / 10


def test_distance_is_metric(model: Ball) -> None:
    """The middle of the ball is seen at the camera's distance less its radius, give or take its soft skin."""
    interactive = Renderer(model).render(request(model, size=49)).distance[24, 24]
    reference = Renderer(model).render(request(model, size=49, quality="reference")).distance[24, 24]

    assert interactive == pytest.approx(1.0 - 0.8 * scene.RADIUS, abs=6e-3)
    assert interactive == pytest.approx(reference, abs=1.5e-3)


def test_progress_never_falls_and_ends_at_one(model: Ball) -> None:
    """Frames count up to a finished picture."""
    progress = [frame.progress for frame in Renderer(model).frames(request(model, size=96))]

    assert progress == sorted(progress)
    assert progress[-1] == 1.0


def test_a_stale_request_shows_one_picture_and_stops(model: Ball) -> None:
    """Replaced at once, a request still delivers its first picture, so that a drag always shows something."""
    frames = list(Renderer(model).frames(request(model, size=128), is_stale=lambda: True))

    assert len(frames) == 1
    assert frames[0].rgba[..., 3].max() > 0.9


def test_an_orbit_bakes_nothing_anew(model: Ball) -> None:
    """Only colours are asked for when nothing but the camera moved."""
    renderer, first = Renderer(model), request(model)
    renderer.render(first)
    turned = replace(first, camera=scene.camera(0.3, 48))
    frame = renderer.render(turned)

    assert frame.samples <= 48 * 48


def test_moving_a_keypoint_moves_the_picture(model: Ball) -> None:
    """The grid follows the keypoints, and coming back gives the same picture to the bit."""
    renderer, first = Renderer(model), request(model)
    before = renderer.render(first)
    moved = first.keypoints.clone()
    moved[0, 0] += 0.02
    after = renderer.render(replace(first, keypoints=moved))
    back = renderer.render(replace(first))

    assert np.abs(after.rgba - before.rgba).max() > 0.2
    np.testing.assert_array_equal(back.rgba, before.rgba)


@pytest.mark.parametrize("mode", ["alpha", "depth", "normal"])
def test_view_modes(model: Ball, mode: str) -> None:
    """Every mode gives colours in range; the ball's normal faces the camera in its middle."""
    frame = Renderer(model).render(request(model, size=49, mode=mode))

    assert frame.rgba.min() >= 0 and frame.rgba.max() <= 1
    if mode == "normal":
        np.testing.assert_allclose(frame.rgba[24, 24, :3], [0.5, 0.5, 1.0], atol=0.05)


def test_a_camera_that_sees_nothing(model: Ball) -> None:
    """Looking away gives an empty picture, not an error."""
    pose = scene.camera(0.0, 32).world_from_camera.copy()
    pose[:3, 2] *= -1
    pose[:3, 0] *= -1
    for quality in ("interactive", "reference"):
        away = request(model, camera=scene.camera(0.0, 32).posed(pose), quality=quality)

        assert last(Renderer(model).frames(away)).rgba.max() == 0


def test_grid_reads_what_was_baked(model: Ball) -> None:
    """At a node the grid is the network; between nodes of a linear field it is exact; empty blocks are empty."""
    base = request(model)
    with torch.inference_mode():
        field, lattice = Field.of(model, base.encoded, base.keypoints), Lattice.over(base.box, 48, base.encoded.low)
        hull = hull_of(field, lattice)
        grid = bake(field, lattice, hull)
        assert grid is not None
        points = lattice.positions(lattice.everywhere()[hull.reshape(-1)])
        direct = 400 * (0.8 * scene.RADIUS - points.norm(dim=-1))

    torch.testing.assert_close(grid.read(points), direct, atol=2e-2, rtol=1e-3)
    assert grid.in_blocks(grid.blocks, torch.zeros(1, 3)).item() == grid.FILLED
    assert grid.in_blocks(grid.blocks, torch.tensor([[0.18, -0.19, -0.14]])).item() == grid.NOTHING
