"""Photos laid over the avatar: exactly."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.comparison import seen_photo, view_at
from kpnerf.core.document import Document
from kpnerf.core.edits import apply_calibration, remove_view, set_principal_point
from kpnerf.core.figures import likeness, psnr, ssim
from kpnerf.core.geometry import pixel_rays, project
from kpnerf.viewer.orbit import view_of_camera

from .staged import HEIGHT, WIDTH, staged_camera, staged_document


def painted(document: Document) -> Document:
    """With a photo that tells its own pixels: red rises with x, green with y, exactly linear in 8 bits."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb = np.stack([x // 2, y, 0 * x], axis=-1).astype(np.uint8)
    rgb[..., 2] = 100
    views = [replace(view, photo=replace(view.photo, rgb=rgb), mask=np.ones_like(view.mask)) for view in document.views]
    return replace(document, views=tuple(views))


def test_through_its_own_camera_a_photo_is_itself():
    """Bit by bit: an avatar that is the photo differs by nothing."""
    document = painted(staged_document())
    seen = seen_photo(document, 1, document.calibration.head_cameras[1])

    np.testing.assert_array_equal(seen.rgb, document.views[1].photo.rgb.astype(np.float32) / 255)
    assert seen.covered.min() == 1.0
    same = likeness(np.concatenate([seen.truth, np.ones_like(seen.mask)[..., None]], axis=-1), seen.truth, seen.mask)
    assert (same.psnr, same.ssim) == (100.0, pytest.approx(1.0))


@pytest.mark.parametrize("size", [(512, 512), (801, 600), (200, 333)])
def test_through_the_viewport_each_pixel_shows_what_its_ray_meets(size):
    """Also with the axis off the middle, rolled, larger and smaller: to a hundredth of a photo pixel, not to half."""
    document = painted(set_principal_point(staged_document(), 2, 150.0, 130.0))
    calibration = document.calibration
    rolled = calibration.cameras[2].world_from_camera.copy()
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]
    cameras = (*calibration.cameras[:2], calibration.cameras[2].posed(rolled @ turn))
    document = apply_calibration(document, replace(calibration, cameras=cameras))
    taken = document.calibration.head_cameras[2]
    camera = view_of_camera(taken, document.schema.box.centre, size).camera(*size)
    seen = seen_photo(document, 2, camera)

    y, x = np.mgrid[40 : size[1] - 40 : 7, 40 : size[0] - 40 : 7]
    pixels = np.stack([x, y], axis=-1).reshape(-1, 2).astype(float)
    origins, directions = pixel_rays(camera, pixels)
    in_photo, _ = project(taken, origins + 2.0 * directions)
    inside = ((in_photo > 6) & (in_photo < [WIDTH - 7, HEIGHT - 7])).all(axis=-1)
    shown = seen.rgb[y.ravel(), x.ravel()][inside] * 255

    assert inside.sum() > 100
    assert view_at(document, camera) == 2
    # Red is x // 2, a staircase of mean (x - 0.5) / 2; green is y itself.
    assert np.mean(shown[:, 1] - in_photo[inside, 1]) == pytest.approx(0, abs=0.02)
    np.testing.assert_allclose(shown[:, 1], in_photo[inside, 1], atol=0.1)
    assert np.mean(shown[:, 0] - (in_photo[inside, 0] - 0.5) / 2) == pytest.approx(0, abs=0.03)


def test_from_anywhere_else_there_is_nothing_to_compare_with():
    """A millimetre aside is another picture; so is looking the other way."""
    document = staged_document()
    camera = document.calibration.head_cameras[0]
    aside, back = camera.world_from_camera.copy(), camera.world_from_camera.copy()
    aside[0, 3] += 0.001
    back[:3, :3] = back[:3, :3] @ np.diag([-1.0, 1.0, -1.0])

    assert view_at(document, camera) == 0
    assert view_at(document, camera.posed(aside)) is None
    assert view_at(document, camera.posed(back)) is None
    assert view_at(remove_view(document, 0), camera) is None
    assert view_at(replace(document, calibration=None), camera) is None


def test_where_the_photo_ends_there_is_no_photo():
    """A wider view has a black margin that does not count as covered."""
    document = painted(staged_document())
    camera = staged_camera(0.0)
    wide = replace(camera, fx=0.5 * camera.fx, fy=0.5 * camera.fy)
    seen = seen_photo(document, 1, wide)

    assert seen.covered.mean() == pytest.approx(0.25, abs=0.01)
    assert seen.rgb[seen.covered == 0].max() == 0.0


def test_figures_are_those_of_the_evaluation():
    """The window and `kpnerf eval` tell the same numbers."""
    from kpnerf.core.training import evaluation

    rng = np.random.default_rng(1)
    a = rng.random((40, 56, 3)).astype(np.float32)
    b = np.clip(a + 0.1 * rng.normal(size=a.shape), 0, 1).astype(np.float32)

    assert psnr(a, b) == pytest.approx(evaluation.psnr(a, b), abs=1e-6)
    assert ssim(a, b) == pytest.approx(evaluation.ssim(a, b), abs=1e-4)
    assert np.isnan(ssim(a[:8], b[:8]))
    assert likeness(np.zeros((40, 56, 4), np.float32), a, np.zeros((40, 56), np.float32)) is None
