"""KeypointNeRF (Mihajlovic et al., ECCV 2022): photos, cameras and keypoints to a radiance field.

`encode` runs once per set of photos; `geometry` and `colour` are asked per sample. Density does not depend on the
target camera, and neither of them touches the encoders, so dragging a keypoint never encodes again.
"""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from .colours import carried_on
from .encoders import HourglassEncoder, TextureEncoder
from .expression import worn
from .heads import TINY, ColourHead, GeometryHead
from .pyramid import PyramidEncoder
from .rays import RAYS, rays_of
from .spatial import (
    Encoding,
    border_weight,
    encode_position,
    encoding_channels,
    inside,
    normalised,
    project,
    read_maps,
    stand_in,
)
from .sweep import DepthSweep
from .views import EncodedViews, PhotoMaps, Sighting, SourceViews


@dataclass(frozen=True)
class ModelConfig:
    """What distinguishes one KeypointNeRF from another."""

    keypoints: int
    sigma: float
    """Reach of a keypoint, metres."""
    encoder: Literal["published", "pyramid"]
    encoding: Encoding = "relative_z_decay"
    image_size: int = 512
    """Side of the square pictures of the subject that colours are read from."""
    encoder_size: int = 256
    """Side of the pictures that the encoders see."""
    abstain: bool = True
    """A view whose photo does not contain a sample says nothing about it; without, it vetoes."""
    smooth: bool = False
    """Softplus (beta 100) between the layers of the geometry head instead of ReLU."""
    view_confidence: bool = True
    """The geometry head weighs the views itself, besides where the sample lies in them."""
    depth: bool = True
    """The encoder predicts depth, and samples know how far they are from it: occlusion."""
    prior: bool = True
    """The colour head may answer with a colour of its own."""
    density_scale: float = 100.0
    """Density per metre for a raw value of about one; 0 means relu(raw), as published."""

    @property
    def last_interval(self) -> float:
        """Length of a ray's last interval, metres: endless as published, where any density there is opaque."""
        return 1e10 if self.density_scale == 0 else 0.02

    @staticmethod
    def published(keypoints: int = 24, sigma: float = 0.1) -> "ModelConfig":
        """The network of the paper's code release."""
        return ModelConfig(
            keypoints=keypoints,
            sigma=sigma,
            encoder="published",
            abstain=False,
            smooth=True,
            view_confidence=False,
            depth=False,
            prior=False,
            density_scale=0.0,
        )

    @staticmethod
    def head(encoding: Encoding = "relative_z_decay") -> "ModelConfig":
        """Our lighter default for heads."""
        return ModelConfig(keypoints=13, sigma=0.05, encoder="pyramid", encoding=encoding)


class KeypointNeRF(nn.Module):
    """The network. Points are in the world of the cameras given to `encode`, metres."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        channels = encoding_channels(config.encoding, config.keypoints)
        if config.encoder == "published":
            self.geometry_encoder: nn.Module = HourglassEncoder()
            self.texture_encoder: nn.Module | None = TextureEncoder()
            low, high, texture = 64, 8, 8
        else:
            self.geometry_encoder = PyramidEncoder(rays=RAYS if config.depth else 0)
            self.texture_encoder = None
            low, high, texture = PyramidEncoder.LOW, PyramidEncoder.HIGH, PyramidEncoder.TEXTURE
            if config.depth:
                self.sweep = DepthSweep(low, high, PyramidEncoder.LEARNT)
        extra = 3 if config.depth else 0
        self.geometry_head = GeometryHead(
            channels + low + extra, high, smooth=config.smooth, view_confidence=config.view_confidence
        )
        self.colour_head = ColourHead(texture + extra, prior=config.prior)

    def reaching(self, sigma: float) -> "KeypointNeRF":
        """The same weights, asked with keypoints that reach `sigma` metres."""
        twin = copy(self)
        twin.config = replace(self.config, sigma=sigma)
        return twin

    def channels_last(self) -> "KeypointNeRF":
        """Lay the convolutions' weights out as processors multiply them fastest; the same object."""
        for parameter in self.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return self

    def encode(self, source: SourceViews) -> EncodedViews:
        """Feature maps of the photos."""
        return self.compare(source, self.look(source))

    def look(self, source: SourceViews) -> PhotoMaps:
        """What each photo says by itself."""
        images = F.avg_pool2d(source.images, self._shrunk(source))
        if self.texture_encoder is not None:
            low, high = self.geometry_encoder(images)
            return PhotoMaps(source.images, low, high, self.texture_encoder(images), None)
        # As convolutions multiply fastest; what is joined to features then lies as they do.
        pictures = torch.cat([images, self._masks(source)], dim=1).contiguous(memory_format=torch.channels_last)
        rays = rays_of(source, images.shape[-1]) if self.config.depth else None
        low, high, texture, depth = self.geometry_encoder(pictures, rays)
        colours = carried_on(source.images, source.masks)
        return PhotoMaps(colours, low, high, texture, depth if self.config.depth else None)

    def encode_all(self, sources: Sequence[SourceViews]) -> list[EncodedViews]:
        """The same of several subjects, at once: convolutions of three photos hardly occupy a GPU."""
        sizes = [len(source.images) for source in sources]
        alone = self.look(SourceViews.joined(sources)).divided(sizes)
        encoded = [EncodedViews(*maps.maps, source=source) for maps, source in zip(alone, sources, strict=True)]
        # One photo has nobody to compare itself with.
        several = [index for index, size in enumerate(sizes) if size > 1 and self.config.depth]
        if several:
            kept = [sizes[index] for index in several]
            source = SourceViews.joined([sources[index] for index in several])
            compared = self.compare(source, reduce(PhotoMaps.joined, [alone[index] for index in several]), kept)
            for index, together in zip(several, compared.divided(kept), strict=True):
                encoded[index] = replace(together, source=sources[index])
        return encoded

    def compare(self, source: SourceViews, alone: PhotoMaps, sizes: Sequence[int] | None = None) -> EncodedViews:
        """What they say together, once they have corrected each other's depth.

        Photos of several subjects, the first `sizes[0]` of one and so on, correct only those of their own.
        """
        low, high, depth = alone.low, alone.high, alone.depth
        if depth is None or len(depth) == 1:
            return EncodedViews(*alone.maps, source=source)
        swept = self.sweep(source, self._masks(source), low, high, depth, sizes)
        learnt = PyramidEncoder.LEARNT
        return EncodedViews(
            colours=alone.colours,
            low=low + swept.low,
            high=torch.cat([high[:, :learnt] + swept.fine, high[:, learnt:]], dim=1),
            texture=alone.texture,
            depth=swept.depth,
            source=source,
            guesses=(depth, swept.coarse),
            choices=swept.choices,
        )

    def _masks(self, source: SourceViews) -> Float[Tensor, "v 1 s s"]:
        return F.avg_pool2d(source.masks, self._shrunk(source))

    def _shrunk(self, source: SourceViews) -> int:
        """How many times smaller than the photos the encoder sees them."""
        return max(1, source.images.shape[-1] // self.config.encoder_size)

    def sight(self, encoded: EncodedViews, points: Float[Tensor, "*b n 3"]) -> tuple[Sighting, Bool[Tensor, "*b n"]]:
        """Where samples lie in the views, and which of them are inside the visual hull.

        This and what follows also answers for several subjects at once (see `stacked`).

        As published, a sample is in the hull where every view has it inside the picture and on the mask (> 0.1).
        With `abstain` only views whose photo contains the sample are asked, and at least one must; for a sample a
        little below all photos, those above it (see `stand_in`).
        """
        source = encoded.source
        height, width = source.images.shape[-2:]
        pixels, depth = project(source.intrinsics, source.camera_from_world, points)
        near, far = source.near_far[..., :1], source.near_far[..., 1:]
        if self.config.abstain:
            pixels, say = stand_in(pixels, depth > 1e-3, source.bounds, height)
            say = say / say.amax(dim=-2, keepdim=True).clamp_min(TINY)
            visible = say > 0
        else:
            visible = inside(pixels, source.bounds, slack=0.005) & (depth > near)
        uv = normalised(pixels, width, height)
        on_mask = read_maps(source.masks, uv)[..., 0] > 0.1
        if self.config.abstain:
            hull = (on_mask | ~visible).all(dim=-2) & visible.any(dim=-2)
        else:
            hull = (on_mask & visible).all(dim=-2)
            visible = hull.unsqueeze(-2).expand_as(visible)
            say = visible.to(depth.dtype)
        low, high = source.bounds[..., None, :2], source.bounds[..., None, 2:]
        across = ((pixels - low) / (high - low).clamp_min(1)).clamp(0, 1)
        along = ((depth - near) / (far - near)).clamp(0, 1)
        weights = border_weight(across[..., 0]) * border_weight(across[..., 1]) * border_weight(along) * visible
        return Sighting(uv, depth, say, weights), hull

    def geometry(
        self,
        encoded: EncodedViews,
        keypoints: Float[Tensor, "*b k 3"],
        points: Float[Tensor, "*b n 3"],
        sighting: Sighting,
    ) -> tuple[Float[Tensor, "*b n"], Float[Tensor, "*b n 24"]]:
        """Raw density and latent of samples (meant for those inside the hull only)."""
        source = encoded.source
        _, keypoint_depth = project(source.intrinsics, source.camera_from_world, keypoints)
        position = encode_position(
            self.config.encoding, points, sighting.depth, keypoints, keypoint_depth, self.config.sigma
        )
        dtype = compute_dtype(self.geometry_head.compress.weight)
        parts = [position.to(dtype), read_maps(encoded.low, sighting.uv).to(dtype)]
        if encoded.depth is not None:
            parts.append(self.behind_surface(encoded, sighting).to(dtype))
        return self.geometry_head(
            torch.cat(parts, dim=-1), read_maps(encoded.high, sighting.uv).to(dtype), sighting.weights
        )

    def colour(
        self,
        encoded: EncodedViews,
        points: Float[Tensor, "*b n 3"],
        directions: Float[Tensor, "*b n 3"],
        latent: Float[Tensor, "*b n 24"],
        sighting: Sighting,
    ) -> tuple[Float[Tensor, "*b n 3"], Float[Tensor, "*b v n"]]:
        """Colour of samples seen along unit `directions` (target camera to point), and each view's share in it."""
        source = encoded.source
        features = read_maps(encoded.texture, sighting.uv)
        if encoded.depth is not None:
            features = torch.cat([features, self.behind_surface(encoded, sighting)], dim=-1)
        rotation, translation = source.camera_from_world[..., :3, :3], source.camera_from_world[..., :3, 3]
        with torch.autocast(points.device.type, enabled=False):
            centres = -torch.einsum("...vji,...vj->...vi", rotation, translation)
        rays = F.normalize(points[..., None, :, :] - centres[..., None, :], dim=-1)
        directions = directions[..., None, :, :]
        gap = directions - rays
        gap = gap / gap.norm(dim=-1, keepdim=True).clamp_min(1e-6)
        dot = (directions * rays).sum(dim=-1, keepdim=True)
        photos = read_maps(encoded.colours, sighting.uv)
        rgb, shares = self.colour_head(photos, features, latent, torch.cat([gap, dot], dim=-1), sighting.say)
        if encoded.expression is None:
            return rgb, shares
        changed = worn(shares, points, encoded.expression)
        return rgb + ((changed - shares)[..., None] * photos).sum(dim=-3), changed

    def behind_surface(self, encoded: EncodedViews, sighting: Sighting) -> Float[Tensor, "*b v n 3"]:
        """How far samples lie behind the predicted surface of each view, on three scales (1, 4 and 16 cm).

        No gradient flows back into the prediction: depth is learnt from true depth alone. Through the narrow scales
        every other loss would shake it, in any direction, more strongly than the truth pulls.
        """
        assert encoded.depth is not None
        origin_depth = encoded.source.camera_from_world[..., None, 2, 3]
        gap = sighting.depth - origin_depth - read_maps(encoded.depth.detach(), sighting.uv)[..., 0]
        return torch.tanh(torch.stack([gap / 0.01, gap / 0.04, gap / 0.16], dim=-1))

    def density(self, raw: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        """Density per metre of raw values."""
        if self.config.density_scale == 0:
            return F.relu(raw)
        return self.config.density_scale * F.softplus(raw.float())

    def raw_of(self, density: float) -> float:
        """The raw value of a density per metre: the inverse of `density`."""
        scale = self.config.density_scale
        return density if scale == 0 else math.log(math.expm1(density / scale))

    def query(
        self,
        encoded: EncodedViews,
        keypoints: Float[Tensor, "k 3"],
        points: Float[Tensor, "n 3"],
        directions: Float[Tensor, "n 3"],
    ) -> tuple[Float[Tensor, "n 3"], Float[Tensor, "n"], Bool[Tensor, "n"]]:
        """Colour, raw density and hull membership of every sample, inside the hull or not."""
        sighting, hull = self.sight(encoded, points)
        raw, latent = self.geometry(encoded, keypoints, points, sighting)
        rgb, _ = self.colour(encoded, points, directions, latent, sighting)
        return rgb, raw, hull


def compute_dtype(weight: Tensor) -> torch.dtype:
    """The dtype in which a layer with this weight computes, autocast included."""
    if torch.is_autocast_enabled(weight.device.type):
        return torch.get_autocast_dtype(weight.device.type)
    return weight.dtype
