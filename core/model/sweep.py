"""What other photos say about the depth predicted for one: a plane sweep (Collins, 1996) with learnt features.

A photo alone tells how far a face is, but hardly how far before or behind it a shoulder. So along the rays of its
pixels depths round the predicted one are tried: the other photos are asked what they see there, and a few layers that
have all depths of a neighbourhood before them choose (as in MVSNet: Yao et al., 2018).
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from .pyramid import ResidualBlock, doubled
from .spatial import inside, normalised, project, read_maps
from .views import SourceViews

DEPTHS, REACH, BEND = 24, 0.16, 1.6
"""How many depths are tried, how far from the prediction the outermost are (metres), and the power by which they
spread: those next to the prediction are 2 mm apart, the outermost 2 cm."""
MOST_OTHERS = 3
"""So many photos are asked about one, those from nearest its own direction: more would cost, and see other sides."""
FEATURES, GROUPS, WIDTH = 16, 4, 64
EVIDENCE = GROUPS + 4
"""What a photo says about a point: likeness in groups of features, its mask, how far the point lies behind its own
predicted surface on two scales, and that it contains the point at all."""
RAYS = 5
"""Channels of `rays_of`."""
ON_MASK = 0.02
"""Where there is less mask than that there is no surface to look for."""


class DepthSweep(nn.Module):
    """Corrects the depths predicted for photos by one another; that of a single photo stays as it is."""

    def __init__(self, low: int, fine: int) -> None:
        """`low`, `fine`: channels of the feature maps that it works from."""
        super().__init__()
        self.features = nn.Conv2d(low, FEATURES, 1)
        self.context = nn.Conv2d(low, WIDTH, 1)
        self.evidence = nn.Conv2d(2 * EVIDENCE * DEPTHS, WIDTH, 1)
        self.blocks = nn.Sequential(ResidualBlock(WIDTH), ResidualBlock(WIDTH))
        self.choice = nn.Conv2d(WIDTH, DEPTHS, 1)
        self.detail = nn.Conv2d(WIDTH, FEATURES, 1)
        self.edges = nn.Conv2d(fine + 2, FEATURES, 3, padding=1)
        self.rest = nn.Conv2d(FEATURES, 1, 1)
        for layer in (self.choice, self.rest):
            nn.init.zeros_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        source: SourceViews,
        masks: Float[Tensor, "v 1 hf wf"],
        low: Float[Tensor, "v cl h w"],
        fine: Float[Tensor, "v cf hf wf"],
        depth: Float[Tensor, "v 1 hf wf"],
    ) -> Float[Tensor, "v 1 hf wf"]:
        """Better depths, relative to the world's origin, metres."""
        if len(depth) == 1:
            return depth
        told = torch.cat([self.features(low).float(), _shrunk(masks, low), _shrunk(depth.detach(), low)], dim=1)
        tried = tried_depths().to(depth)
        volume = torch.stack([evidence_of(view, others, source, told, tried) for view, others in nearest(source)])
        x = F.relu(self.blocks(self.evidence(volume.to(low.dtype)) + self.context(low)))
        chosen = (self.choice(x).float().softmax(dim=1) * tried[:, None, None]).sum(dim=1, keepdim=True)
        correction = doubled(doubled(chosen))
        near = torch.cat([fine, depth, correction], dim=1).to(low.dtype)
        rest = self.rest(F.relu(self.edges(near) + doubled(doubled(self.detail(x)))))
        return depth + correction + 0.1 * rest.float()


def tried_depths() -> Float[Tensor, "d"]:
    """The depths that are tried, relative to the prediction, metres."""
    t = torch.linspace(-1, 1, DEPTHS)
    return REACH * t.sign() * t.abs() ** BEND


def nearest(source: SourceViews) -> list[tuple[int, Int[Tensor, "o"]]]:
    """For every photo those that are asked about it, by the angle between the directions that they look in."""
    ahead = source.camera_from_world[:, 2, :3]
    alike = ahead @ ahead.t()
    alike.fill_diagonal_(-torch.inf)
    count = min(MOST_OTHERS, len(ahead) - 1)
    return list(enumerate(alike.topk(count, dim=1).indices))


def evidence_of(
    view: int,
    others: Int[Tensor, "o"],
    source: SourceViews,
    told: Float[Tensor, "v f h w"],
    tried: Float[Tensor, "d"],
) -> Float[Tensor, "e h w"]:
    """What other photos say about the depths tried at the pixels of one: the mean of those that contain a point, and
    the maximum; depth after depth, zero off the photo's mask. `told`: features, mask and predicted depth.
    """
    height, width = told.shape[-2:]
    size = source.images.shape[-1]
    own = told[view].flatten(1).t()
    chosen = (own[:, -2] > ON_MASK).nonzero()[:, 0]
    points = _points(view, chosen, source, own[chosen, -1], tried, (height, width))
    pose = source.camera_from_world[others]
    pixels, depth = project(source.intrinsics[others], pose, points.reshape(-1, 3))
    seen = inside(pixels, source.bounds[others], slack=0.0) & (depth > 1e-3)
    shape = (len(others), len(chosen), len(tried))
    read = read_maps(told[others], normalised(pixels, size, size)).view(*shape, told.shape[1])
    likeness = (read[..., :-2] * own[chosen, None, :-2]).unflatten(-1, (GROUPS, -1)).mean(dim=-1)
    behind = (depth - pose[:, 2, 3, None]).view(shape) - read[..., -1]
    close = torch.tanh(torch.stack([behind / 0.01, behind / 0.04], dim=-1))
    contained = seen.view(*shape, 1).to(read)
    said = torch.cat([likeness, read[..., -2:-1], close, torch.ones_like(contained)], dim=-1) * contained
    pooled = torch.cat([said.sum(dim=0) / contained.sum(dim=0).clamp_min(1), said.amax(dim=0)], dim=-1).flatten(1)
    volume = pooled.new_zeros(height * width, pooled.shape[1]).index_copy(0, chosen, pooled)
    return volume.t().view(-1, height, width)


def _points(
    view: int,
    chosen: Int[Tensor, "n"],
    source: SourceViews,
    depth: Float[Tensor, "n"],
    tried: Float[Tensor, "d"],
    shape: tuple[int, int],
) -> Float[Tensor, "n d 3"]:
    """In the world: along the rays of chosen pixels of a map of that shape."""
    slope = _slopes(source.intrinsics[view : view + 1], source.images.shape[-1], shape)[0].view(-1, 2)[chosen]
    pose = source.camera_from_world[view]
    z = (depth[:, None] + pose[2, 3] + tried).clamp_min(1e-3)
    in_camera = torch.cat([slope[:, None] * z[..., None], z[..., None]], dim=-1)
    return (in_camera - pose[:3, 3]) @ pose[:3, :3]


def rays_of(source: SourceViews, side: int) -> Float[Tensor, "v 5 side side"]:
    """What the camera alone says of every pixel of maps of that side: where its ray passes the world's origin, at the
    depth of that (decimetres to the right and down of it), and the ray's direction in the world.
    """
    pose = source.camera_from_world
    slope = _slopes(source.intrinsics, source.images.shape[-1], (side, side))
    passing = slope * pose[:, None, None, 2, 3, None] - pose[:, None, None, :2, 3]
    along = F.normalize(torch.cat([slope, torch.ones_like(slope[..., :1])], dim=-1), dim=-1)
    turned = torch.einsum("vhwi,vij->vhwj", along, pose[:, :3, :3])
    return torch.cat([10 * passing, turned], dim=-1).permute(0, 3, 1, 2)


def _slopes(
    intrinsics: Float[Tensor, "v 3 3"], size: int, shape: tuple[int, int]
) -> Float[Tensor, "v {shape[0]} {shape[1]} 2"]:
    """How far to the right and down rays run for each metre ahead, through the pixels of a map that lies corner on
    corner over pictures of `size` pixels."""
    y, x = (torch.linspace(0, size - 1, count, device=intrinsics.device) for count in shape)
    pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    focal = intrinsics.diagonal(dim1=1, dim2=2)[:, None, None, :2]
    return (pixels - intrinsics[:, None, None, :2, 2]) / focal


def _shrunk(maps: Float[Tensor, "v c h w"], like: Tensor) -> Float[Tensor, "v c hl wl"]:
    """At the resolution of another map, corner on corner."""
    return F.interpolate(maps, size=like.shape[-2:], mode="bilinear", align_corners=True)
