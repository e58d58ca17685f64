"""What a person should know about a calibration before trusting it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .camera import Camera, Matrix4
from .observation import ViewObservation


def doubts(
    views: Sequence[ViewObservation],
    cameras: Sequence[Camera],
    world_from_head: Matrix4,
    residual_px: Float[np.ndarray, "v"],
) -> tuple[str, ...]:
    """Sentences, in the order of the photos, about cameras that are guesses and photos that do not fit."""
    return ()
