"""A graphics card whose memory runs out, anywhere: less at once, then the processor, never an end."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from kpnerf.core.document import Document
from kpnerf.core.errors import UserError
from kpnerf.core.keypoints import HEAD
from kpnerf.core.pipeline import NO_ROOM, Avatar
from kpnerf.core.render import grids, painting
from kpnerf.core.render.painting import Painting
from kpnerf.core.render.renderer import Renderer, RenderRequest

from .model import scene
from .staged import HEIGHT, WIDTH, staged_camera, staged_document

SIZE = (48, 36)


@pytest.fixture(autouse=True)
def small_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer nodes than usual, for speed."""
    monkeypatch.setattr(grids, "COARSE_NODES", 20)
    monkeypatch.setattr(grids, "FINE_NODES", 28)


@pytest.fixture(scope="module")
def document() -> Document:
    """Three photos of something small."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    spot = (np.hypot(x - 0.5 * WIDTH, y - 0.5 * HEIGHT) < 22).astype(np.float32)
    document = staged_document()
    return replace(document, views=tuple(replace(view, mask=spot) for view in document.views))


class Full:
    """Memory that is too small for some of the times that something is done."""

    def __init__(self, usual: Callable[..., object], refused: Callable[[int, tuple[object, ...]], bool]) -> None:
        self._usual, self._refused = usual, refused
        self.calls = 0

    def __call__(self, *arguments: object, **named: object) -> object:
        self.calls += 1
        if self._refused(self.calls, arguments):
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self._usual(*arguments, **named)


def test_a_picture_that_does_not_fit_is_made_in_smaller_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same picture, and later ones need not find out again."""
    model = scene.network(3)
    with torch.inference_mode():
        encoded = model.encode(scene.source())
    request = RenderRequest(encoded, scene.keypoints(), HEAD.box, HEAD.box, scene.camera(0.3, 128))
    expected = Renderer(model).render(request)

    def too_large(_: int, arguments: tuple[object, ...]) -> bool:
        _, region, spacing, _ = arguments
        return region.bottom - region.top > 64 * spacing  # type: ignore[attr-defined, operator]

    full = Full(Painting.paint, too_large)
    monkeypatch.setattr(Painting, "paint", lambda *arguments, **named: full(*arguments, **named))
    renderer = Renderer(model)
    picture = renderer.render(request)
    tried, full.calls = full.calls, 0
    renderer.render(replace(request))

    assert expected.rgba[..., 3].max() > 0.1
    np.testing.assert_allclose(picture.rgba, expected.rgba, atol=1e-4)
    # From the coarse grid, and two levels from the fine one, the last of which did not fit; then all again in four.
    assert tried == (1 + 1 + 1) + (1 + 1 + 4)
    assert full.calls == 1 + 4


@pytest.mark.parametrize("where", ["encode", "bake", "march", "colour"])
def test_the_processor_goes_on_and_a_person_is_told_once(
    document: Document, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it was; the picture is the one that it would have been."""
    camera = staged_camera(10.0).resized(*SIZE)
    usual, avatar = Avatar(scene.network(3)), Avatar(scene.network(3))
    expected = usual.picture(usual.encode(document), document, camera)
    # As often as the renderer tries with less at once.
    times = 1 if where == "encode" else 2
    full = {
        "encode": (avatar.model, "compare"),
        "bake": (grids, "bake"),
        "march": (painting, "march"),
        "colour": (painting.CompiledField, "mixtures"),
    }[where]
    monkeypatch.setattr(*full, _counting(getattr(*full), times))
    told: list[str] = []
    encoded = avatar.encode(document)
    for _ in range(2):
        *_, frame = avatar.frames(encoded, document, camera, samples_per_pixel=1, tell=told.append)

        np.testing.assert_array_equal(frame.rgba, expected.rgba)
        assert frame.progress == 1
    assert expected.rgba[..., 3].max() > 0.1
    assert told == [NO_ROOM]


def test_no_memory_anywhere_is_told(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the processor has none either, a person reads what can be done."""
    avatar = Avatar(scene.network(3))
    encoded = avatar.encode(document)
    monkeypatch.setattr(grids, "bake", _counting(grids.bake, 1000))

    for _ in range(2):
        with pytest.raises(UserError, match="not enough memory"):
            list(avatar.frames(encoded, document, staged_camera(10.0).resized(*SIZE)))


def _counting(usual: Callable[..., object], times: int) -> Callable[..., object]:
    full = Full(usual, lambda calls, _: calls <= times)
    return lambda *arguments, **named: full(*arguments, **named)
