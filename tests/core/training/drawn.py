"""A single training item."""

from collections.abc import Callable

import numpy as np

from kpnerf.core.training.items import TrainingItem, draw_items
from kpnerf.core.training.population import Arrays


def draw_item(
    pictures: Callable[[], Arrays], rng: np.random.Generator, *, patches: int = 2, patch: int = 32
) -> TrainingItem:
    """As training draws it, alone."""
    return draw_items(pictures, [rng], patches=patches, patch=patch)[0]
