"""Photos are looked at anew only where they, their outlines or their cameras are others."""

from dataclasses import replace

import pytest
import torch

from kpnerf.core.model.views import EncodedViews, SourceViews
from kpnerf.core.photo_memory import PhotoMemory

from .model import scene

YAWS = (-0.6, -0.2, 0.2, 0.6)


class Looking:
    """A network and its memory, and how many photos it was shown at each look."""

    def __init__(self) -> None:
        self.model, self.memory, self.shown = scene.network(), PhotoMemory(), []
        self.model.geometry_encoder.register_forward_pre_hook(lambda _, given: self.shown.append(len(given[0])))

    def encode(self, source: SourceViews) -> EncodedViews:
        """With the memory."""
        with torch.inference_mode():
            return self.model.compare(source, self.memory.look(self.model, source))

    def anew(self, source: SourceViews) -> EncodedViews:
        """Without it."""
        with torch.inference_mode():
            return self.model.encode(source)


def changed(source: SourceViews, name: str, view: int) -> SourceViews:
    """One photo of them is another, a little."""
    values = getattr(source, name).clone()
    values[view] = values[view] * 1.01
    return replace(source, **{name: values})


@pytest.mark.parametrize("name", ["images", "masks", "intrinsics", "camera_from_world"])
def test_one_that_changed_is_looked_at_alone(name: str) -> None:
    """And all photos together are as if all had been looked at."""
    looking, source = Looking(), scene.source(YAWS)
    looking.encode(source)
    after = changed(source, name, 2)
    found = looking.encode(after)
    assert looking.shown == [4, 1]
    expected = looking.anew(after)
    for part in ("low", "high", "texture", "depth"):
        torch.testing.assert_close(getattr(found, part), getattr(expected, part), atol=1e-4, rtol=1e-4)
    assert found.low.stride() == expected.low.stride()


def test_photos_are_known_again_wherever_they_stand() -> None:
    """One taken away, the others in another order, nothing to look at; one that comes back is new."""
    looking, source = Looking(), scene.source(YAWS)
    looking.encode(source)
    fewer = source.picked([3, 0, 1])
    found, expected = looking.encode(fewer), looking.anew(fewer)
    assert looking.shown == [4, 3]
    torch.testing.assert_close(found.depth, expected.depth, atol=1e-4, rtol=1e-4)
    looking.encode(source)
    assert looking.shown == [4, 3, 1]


def test_where_a_photo_ends_is_no_part_of_how_it_looks() -> None:
    """Bounds are asked when samples are placed, not when photos are looked at."""
    looking, source = Looking(), scene.source(YAWS)
    looking.encode(source)
    cut = replace(source, bounds=source.bounds - 3)
    assert looking.encode(cut).source is cut and looking.shown == [4]
