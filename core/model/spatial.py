"""Points in space to what each source view says about them: projection, reads, encodings (method: "Per sample")."""

import math
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

Encoding = Literal["none", "z", "relative_z", "relative_z_decay", "canonical_xyz"]
"""The encodings the paper compares; `relative_z_decay` is its own."""

FREQUENCIES = (1.0, 2.0, 4.0)
BELOW = 0.12
"""So far below its lower edge, of the picture's height, a photo stands for what no photo contains."""
EDGE = 1.0
"""Pixels from a photo's edge that nothing is read beyond: a pixel that the edge runs through is half black."""
FEATHER, LEAST = 0.03, 0.01
"""Towards its edge, from so far before it (of the picture's height), a photo has less of a say in colours, down to
that: photos of unlike exposure would otherwise leave a seam where one of them ends."""
FADING = 0.04
"""Below itself, by so much of the picture's height, a photo's say falls to a third."""
LOWEST = 0.02
"""So far above its lower edge, of what the photo covers, it is read then: features there know nothing of the edge."""


def project(
    intrinsics: Float[Tensor, "*b v 3 3"],
    camera_from_world: Float[Tensor, "*b v 4 4"],
    points: Float[Tensor, "*b n 3"],
) -> tuple[Float[Tensor, "*b v n 2"], Float[Tensor, "*b v n"]]:
    """Pixels and depths (metres) of points in every view; of several subjects at once, as everything here.

    Always in float32: in bfloat16 a projection lands pixels away. A point on or behind the camera plane gets the
    pixels of a point just before it; its depth says where it is.
    """
    with torch.autocast(points.device.type, enabled=False):
        camera = camera_from_world.float()
        in_camera = torch.einsum("...vij,...nj->...vni", camera[..., :3, :3], points.float())
        in_camera = in_camera + camera[..., None, :3, 3]
        depth = in_camera[..., 2]
        slope = in_camera[..., :2] / depth.clamp_min(1e-6)[..., None]
        k = intrinsics.float()
        focal = torch.stack([k[..., 0, 0], k[..., 1, 1]], dim=-1)[..., None, :]
        return slope * focal + k[..., None, :2, 2], depth


def read_maps(maps: Float[Tensor, "*b v c h w"], uv: Float[Tensor, "*b v n 2"]) -> Float[Tensor, "*b v n c"]:
    """Bilinear values at normalised positions: -1 and 1 are the centres of the first and the last pixel.

    Maps of every resolution are read with the same coordinate; outside, the border is repeated. Read in float32:
    a bfloat16 coordinate would be pixels off.
    """
    with torch.autocast(maps.device.type, enabled=False):
        values = F.grid_sample(
            maps.flatten(0, -4).float(),
            uv.flatten(0, -3)[:, :, None].float(),
            mode="bilinear",
            padding_mode="border",
            align_corners=True,
        )
    return values[..., 0].transpose(1, 2).unflatten(0, maps.shape[:-3])


def normalised(pixels: Float[Tensor, "*v n 2"], width: int, height: int) -> Float[Tensor, "*v n 2"]:
    """Pixel coordinates to [-1, 1] across pixel centres: 2u / (W - 1) - 1."""
    size = torch.tensor([width - 1, height - 1], dtype=pixels.dtype, device=pixels.device)
    return 2 * pixels / size - 1


def periodic(values: Float[Tensor, "*n k"]) -> Float[Tensor, "*n 7 k"]:
    """The seven functions x, sin πx, cos πx, sin 2πx, cos 2πx, sin 4πx, cos 4πx; the function varies slowest.

    One sine and one cosine are taken; the octaves follow from the double-angle formulas, which costs a multiply
    instead of four more transcendental functions.
    """
    sine, cosine = torch.sin(math.pi * values), torch.cos(math.pi * values)
    stack = [values, sine, cosine]
    for _ in FREQUENCIES[1:]:
        sine, cosine = 2 * sine * cosine, 1 - 2 * sine * sine
        stack += [sine, cosine]
    return torch.stack(stack, dim=-2)


def encoding_channels(encoding: Encoding, keypoints: int) -> int:
    """How many channels `encode_position` gives."""
    per_value = 1 + 2 * len(FREQUENCIES)
    counts = {
        "none": 0,
        "z": per_value,
        "relative_z": per_value * keypoints,
        "relative_z_decay": per_value * keypoints,
        "canonical_xyz": 3 * per_value,
    }
    return counts[encoding]


def encode_position(
    encoding: Encoding,
    points: Float[Tensor, "*b n 3"],
    depth: Float[Tensor, "*b v n"],
    keypoints: Float[Tensor, "*b k 3"],
    keypoint_depth: Float[Tensor, "*b v k"],
    sigma: float,
) -> Float[Tensor, "*b v n e"]:
    """The spatial encoding of samples in each view (paper, section 4.2); float32.

    `relative_z_decay`: signed depth differences to every keypoint, each of the seven values times
    exp(-|p - k|² / 2σ²); all keypoints of the first value come first, then all of the second.
    """
    if encoding == "none":
        return depth.new_zeros(*depth.shape, 0)
    if encoding == "z":
        return periodic(depth[..., None]).flatten(-2)
    if encoding == "canonical_xyz":
        return periodic(points).flatten(-2).unsqueeze(-3).expand(*depth.shape, -1)
    values = periodic(depth[..., None] - keypoint_depth[..., None, :])
    if encoding == "relative_z_decay":
        squared = (points[..., None, :] - keypoints[..., None, :, :]).square().sum(dim=-1)
        values = values * torch.exp(squared * (-0.5 / sigma**2))[..., None, :, None, :]
    return values.flatten(-2)


def inside(pixels: Float[Tensor, "*v n 2"], bounds: Float[Tensor, "*v 4"], slack: float = 0.01) -> Bool[Tensor, "*v n"]:
    """Whether pixels lie within bounds (x0, y0, x1, y1: centres of the outermost pixels), with relative slack."""
    low, high = bounds[..., None, :2], bounds[..., None, 2:]
    margin = slack * (high - low)
    return ((pixels >= low - margin) & (pixels <= high + margin)).all(dim=-1)


def feet(bounds: Float[Tensor, "*v 4"], height: int) -> Float[Tensor, "*v 2"]:
    """The row that stands for what lies below each photo, and how far down it does; pixels."""
    top, bottom = bounds[..., 1], bounds[..., 3]
    return torch.stack([bottom - LOWEST * (bottom - top), bottom + BELOW * height], dim=-1)


def stand_in(
    pixels: Float[Tensor, "*b v n 2"], in_front: Bool[Tensor, "*b v n"], bounds: Float[Tensor, "*b v 4"], height: int
) -> tuple[Float[Tensor, "*b v n 2"], Float[Tensor, "*b v n"]]:
    """Pixels to read of points, and how much of a say a view has, zero for none: where no photo contains a point, those
    above it have.

    Photos of a head are cut below the shoulders, each elsewhere; where all of them are, an avatar would end in an edge
    as hard as theirs, and where their pyramids leave a wedge between them, have a gap in it.

    No pixel lies outside the photo: a mixture of photos is used beside the point that it was made for, too.
    """
    foot, last = feet(bounds, height)[..., None, :].unbind(-1)
    left, top, right, bottom = bounds[..., None, :].unbind(-1)
    u, v = pixels.unbind(-1)
    contained = inside(pixels, bounds, slack=0.0) & in_front
    below = in_front & (u >= left) & (u <= right) & (v > bottom) & (v <= last)
    nowhere = ~contained.any(dim=-2, keepdim=True)
    away = torch.minimum(torch.minimum(u - left, right - u), torch.minimum(v - top, bottom - v)) / (height - 1)
    near_edge = LEAST + (1 - LEAST) * (away / FEATHER).clamp(0, 1)
    far_below = torch.exp((bottom - v).clamp_max(0) / (FADING * (height - 1)))
    say = torch.where(contained, near_edge, 0.0) + torch.where(below & nowhere, far_below, 0.0)
    lowest = torch.where(nowhere, foot, bottom - EDGE)
    u, v = u.maximum(left + EDGE).minimum(right - EDGE), v.maximum(top + EDGE).minimum(lowest)
    return torch.stack([u, v], dim=-1), say


def border_weight(t: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Confidence of a view from a coordinate in [0, 1]: falls off within a tenth of either end."""
    return torch.sigmoid(5 * (torch.minimum(t, 1 - t) / 0.1 - 1))
