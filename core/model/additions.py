"""A network with a little added to some of its weights; the rest is shared with the one it was made of."""

import hashlib
from collections.abc import Mapping
from copy import copy, deepcopy

import torch
from torch import Tensor, nn

from .keypoint_nerf import KeypointNeRF


def fingerprint(model: KeypointNeRF) -> str:
    """Tells the weights of two networks apart, by those of their heads."""
    digest = hashlib.sha256()
    for name, values in head_parameters(model).items():
        digest.update(name.encode())
        digest.update(values.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def head_parameters(model: KeypointNeRF) -> dict[str, nn.Parameter]:
    """The parameters that are asked at every sample, by name; not those of the encoder."""
    named = model.named_parameters()
    return {name: values for name, values in named if name.startswith(("geometry_head.", "colour_head."))}


def own_heads(model: KeypointNeRF) -> KeypointNeRF:
    """The same network with heads of its own, which may be changed; the encoder is shared."""
    twin = copy(model)
    twin._modules = dict(model._modules)
    twin.geometry_head, twin.colour_head = deepcopy(model.geometry_head), deepcopy(model.colour_head)
    return twin


def with_additions(model: KeypointNeRF, additions: Mapping[str, Tensor]) -> KeypointNeRF:
    """The same network with heads to whose parameters, by name, something is added.

    Raises KeyError or RuntimeError where there is no parameter of such a name or shape.
    """
    twin = own_heads(model)
    parameters = head_parameters(twin)
    with torch.no_grad():
        for name, values in additions.items():
            parameters[name].add_(values.to(parameters[name]))
    return twin
