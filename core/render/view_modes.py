"""What a rendered picture shows: colour, alpha, depth or normals."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ..camera import Camera
from ..geometry import Box, project

ViewMode = Literal["colour", "alpha", "depth", "normal"]

# Near to far: a perceptually even ramp from pale yellow over red to dark blue, as sRGB.
_RAMP = ((0.99, 0.98, 0.75), (0.98, 0.63, 0.43), (0.80, 0.28, 0.47), (0.45, 0.15, 0.50), (0.11, 0.09, 0.30))


def shade(mode: ViewMode, values: Float[Tensor, "h w 8"], camera: Camera, box: Box) -> Float[Tensor, "h w 4"]:
    """RGBA with straight alpha from premultiplied rgb, alpha, distance and normal."""
    alpha = values[..., 3:4].clamp(0, 1)
    if mode == "colour":
        rgb = (values[..., :3] / alpha.clamp_min(1e-4)).clamp(0, 1)
    elif mode == "alpha":
        return torch.cat([alpha.expand(-1, -1, 3), torch.ones_like(alpha)], dim=-1)
    elif mode == "depth":
        _, depth = project(camera, box.corners)
        near, far = float(depth.min()), float(depth.max())
        rgb = ramp(((values[..., 4] - near) / max(far - near, 1e-6)).clamp(0, 1))
    else:
        world_from_camera = torch.from_numpy(camera.world_from_camera.copy()).to(values)
        in_camera = values[..., 5:] @ world_from_camera[:3, :3]
        # Shown as is the custom: right is red, up is green, towards the viewer is blue.
        rgb = 0.5 + 0.5 * in_camera * in_camera.new_tensor([1.0, -1.0, -1.0])
    return torch.cat([rgb, alpha], dim=-1)


def ramp(t: Float[Tensor, "*n"]) -> Float[Tensor, "*n 3"]:
    """Colours of values from 0 (near, light) to 1 (far, dark)."""
    stops = t.new_tensor(_RAMP)
    position = t * (len(stops) - 1)
    index = position.long().clamp(max=len(stops) - 2)
    share = (position - index)[..., None]
    return stops[index] * (1 - share) + stops[index + 1] * share
