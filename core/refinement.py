"""What refining on a person has found: a value that documents hold, and its bytes.

It is small: additions to the weights of the network's two heads. How it is found is in `refine`, how it is used in
`pipeline`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float16


@dataclass(frozen=True, eq=False)
class Refinement:
    """Additions to a network for one person."""

    weights: Mapping[str, Float16[np.ndarray, "..."]]
    """What is added to the network's parameters, by their names."""
    network: str
    """The network that they are for, as `model.additions.fingerprint` tells it; others are left as they are."""

    def __post_init__(self) -> None:
        weights = {name: _frozen(values) for name, values in self.weights.items()}
        object.__setattr__(self, "weights", MappingProxyType(weights))


def _frozen(values: Float16[np.ndarray, "..."]) -> Float16[np.ndarray, "..."]:
    copy = np.array(values)
    copy.flags.writeable = False
    return copy


def refinement_to_bytes(refinement: Refinement) -> bytes:
    """A safetensors file, which cannot hold code; it reads back to the last bit."""
    from safetensors.numpy import save

    return save(dict(refinement.weights), metadata={"network": refinement.network})


def refinement_from_bytes(content: bytes) -> Refinement:
    """The inverse of `refinement_to_bytes`; ValueError where the bytes are no such file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        weights = load(content)
        length = int.from_bytes(content[:8], "little")
        about = json.loads(content[8 : 8 + length])["__metadata__"]
        if any(values.dtype != np.float16 for values in weights.values()):
            raise ValueError("additions to weights are float16")
        return Refinement(weights, about["network"])
    except (SafetensorError, KeyError, TypeError) as error:
        raise ValueError("these bytes are no refinement") from error
