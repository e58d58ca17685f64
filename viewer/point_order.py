"""Orders of the list of keypoints. No window needed."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float

Order = Literal["name", "residual", "rank"]
ORDERS: dict[Order, str] = {"name": "Points", "residual": "px", "rank": "Rank"}
"""What each is called at the head of its column."""


def ordered(
    names: Sequence[str],
    order: Order | None,
    residuals_px: Float[np.ndarray, "v k"] | None,
    ranks: Mapping[str, int],
) -> list[str]:
    """Keypoints by the alphabet, by their largest residual, or by what hurts most; None: in the order of the face.

    What has no residual or no rank comes last.
    """
    if order == "name":
        return sorted(names)
    if order == "residual":
        worst = {name: worst_residual(residuals_px, index) for index, name in enumerate(names)}
        return sorted(names, key=lambda name: -(-1.0 if (off := worst[name]) is None else off))
    if order == "rank":
        return sorted(names, key=lambda name: ranks.get(name, len(names) + 1))
    return list(names)


def worst_residual(residuals_px: Float[np.ndarray, "v k"] | None, index: int) -> float | None:
    """The largest residual of a keypoint over all photos, or None."""
    if residuals_px is None:
        return None
    finite = residuals_px[:, index][np.isfinite(residuals_px[:, index])]
    return float(finite.max()) if finite.size else None
