"""Rays through the pixels of feature maps, which lie corner on corner over the photos."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from .views import SourceViews

RAYS = 5
"""Channels of `rays_of`."""


def rays_of(source: SourceViews, side: int) -> Float[Tensor, "v 5 side side"]:
    """What the camera alone says of every pixel of maps of that side: where its ray passes the world's origin, at the
    depth of that (decimetres to the right and down of it), and the ray's direction in the world.
    """
    pose = source.camera_from_world
    slope = _slopes(source.intrinsics, source.images.shape[-1], (side, side))
    passing = slope * pose[:, None, None, 2, 3, None] - pose[:, None, None, :2, 3]
    along = F.normalize(torch.cat([slope, torch.ones_like(slope[..., :1])], dim=-1), dim=-1)
    with torch.autocast(along.device.type, enabled=False):
        turned = torch.einsum("vhwi,vij->vhwj", along, pose[:, :3, :3])
    return torch.cat([10 * passing, turned], dim=-1).permute(0, 3, 1, 2)


def points_along(
    source: SourceViews, chosen: Int[Tensor, "v n"], depths: Float[Tensor, "v n d"], shape: tuple[int, int]
) -> Float[Tensor, "v n d 3"]:
    """Points in the world on the rays of the chosen pixels of maps of that shape, at depths relative to the world's
    origin, metres; in float32 (see `project`): in bfloat16 they lie up to 3 mm away, as far as depths are apart."""
    slope = _slopes(source.intrinsics, source.images.shape[-1], shape).flatten(1, 2)
    slope = slope.take_along_dim(chosen[..., None], dim=1)[:, :, None]
    pose = source.camera_from_world
    z = (depths + pose[:, 2, 3, None, None]).clamp_min(1e-3)[..., None]
    in_camera = torch.cat([slope * z, z], dim=-1).flatten(1, 2)
    with torch.autocast(in_camera.device.type, enabled=False):
        return ((in_camera - pose[:, None, :3, 3]) @ pose[:, :3, :3]).view(*depths.shape, 3)


def _slopes(
    intrinsics: Float[Tensor, "v 3 3"], size: int, shape: tuple[int, int]
) -> Float[Tensor, "v {shape[0]} {shape[1]} 2"]:
    """How far to the right and down rays run for each metre ahead, through the pixels of a map that lies corner on
    corner over pictures of `size` pixels."""
    y, x = (torch.linspace(0, size - 1, count, device=intrinsics.device) for count in shape)
    pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    focal = intrinsics.diagonal(dim1=1, dim2=2)[:, None, None, :2]
    return (pixels - intrinsics[:, None, None, :2, 2]) / focal
