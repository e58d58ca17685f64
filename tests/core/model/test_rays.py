"""Rays through the pixels of feature maps."""

import torch

from kpnerf.core.model.rays import RAYS, points_along, rays_of
from kpnerf.core.model.spatial import project

from . import scene

YAWS = (-0.5, 0.0, 0.5)


def test_rays_are_those_of_the_pixels() -> None:
    """Every point on a ray is seen where the ray starts from; the first two channels are where it passes the origin."""
    source = scene.source(YAWS)
    size = source.images.shape[-1]
    rays = rays_of(source, 16)
    assert rays.shape == (3, RAYS, 16, 16)
    pose = source.camera_from_world
    eye = -torch.einsum("vji,vj->vi", pose[:, :3, :3], pose[:, :3, 3])
    for view in range(3):
        points = eye[view] + 0.7 * rays[view, 2:].permute(1, 2, 0).reshape(-1, 3)
        pixels, _ = project(source.intrinsics[view : view + 1], pose[view : view + 1], points)
        expected = torch.linspace(0, size - 1, 16)
        torch.testing.assert_close(pixels[0, :, 0].view(16, 16), expected.expand(16, 16), atol=1e-3, rtol=0)
        torch.testing.assert_close(pixels[0, :, 1].view(16, 16), expected[:, None].expand(16, 16), atol=1e-3, rtol=0)

        straight = pose[view, 2, :3]
        reach = (-eye[view] @ straight) / (rays[view, 2:] * straight[:, None, None]).sum(dim=0)
        passing = eye[view] + (rays[view, 2:] * reach).permute(1, 2, 0)
        sideways = torch.einsum("ij,hwj->hwi", pose[view, :2, :3], passing)
        torch.testing.assert_close(10 * sideways, rays[view, :2].permute(1, 2, 0), atol=1e-4, rtol=0)


def test_points_lie_on_the_rays_of_their_pixels() -> None:
    """Seen from their own camera they are at the pixel that was chosen, at the depth that was asked for."""
    source = scene.source(YAWS)
    size = source.images.shape[-1]
    chosen, depths = torch.tensor([0, 17, 100]), torch.tensor([[-0.05, 0.02], [0.0, 0.1], [0.01, 0.03]])
    points = points_along(source.picked([1]), chosen[None], depths[None], (16, 16))
    pose = source.camera_from_world[1:2]
    pixels, depth = project(source.intrinsics[1:2], pose, points.reshape(-1, 3))
    torch.testing.assert_close(depth.view(3, 2) - pose[0, 2, 3], depths, atol=1e-5, rtol=0)
    expected = torch.stack([chosen % 16, chosen // 16], dim=-1) * (size - 1) / 15
    torch.testing.assert_close(pixels.view(3, 2, 2), expected[:, None].expand(3, 2, 2), atol=1e-2, rtol=0)
