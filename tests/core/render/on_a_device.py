"""Draws the tests' scene on the pretended device, and prints what came of it as JSON (see `test_device`)."""

import json
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import torch

from . import pretended

DEVICE = pretended.install()

from kpnerf.core.keypoints import HEAD  # noqa: E402
from kpnerf.core.model import precision  # noqa: E402
from kpnerf.core.model.views import EncodedViews  # noqa: E402
from kpnerf.core.render import field, grids, influence  # noqa: E402
from kpnerf.core.render.renderer import Renderer, RenderRequest  # noqa: E402

from ..model import scene  # noqa: E402


def refused(tensor: torch.Tensor) -> list[str]:
    """Mistakes that the pretended device notices, as a graphics card would."""
    noticed = []
    with pretended.Pretending():
        away = tensor.to(DEVICE)
    mistakes = {
        "two devices": lambda: away + tensor,
        "numpy": lambda: away.numpy(),
        "index": lambda: tensor[(away[:, 0] > 0)],
    }
    with pretended.Pretending():
        for name, mistake in mistakes.items():
            try:
                mistake()
            except (RuntimeError, TypeError):
                noticed.append(name)
    return noticed


def drawn(request: RenderRequest, model: Any, edit: bool) -> list[np.ndarray]:
    """The finished picture, and the first one after an edit."""
    drawing = Renderer(model)
    pictures = [drawing.render(request).rgba]
    if edit:
        further = request.keypoints.clone()
        further[4, 0] += 0.01
        pictures.append(next(iter(drawing.frames(replace(request, keypoints=further)))).rgba)
    return pictures


def explained(request: RenderRequest, model: Any) -> dict[str, np.ndarray]:
    """The pictures that tell what made a picture."""
    subject = influence.Subject(
        model, request.encoded, request.keypoints, request.box, (0, 1, 2), (4,), depth=0.0, against=None
    )
    surface = Renderer(model).render(request)
    found = {}
    for mode in get_args(influence.InfluenceMode):
        picture = influence.explain(mode, subject, request.camera, surface.rgba[..., 3], surface.distance)
        assert picture is not None
        found[mode] = picture[0]
    return found


def main() -> None:
    """Every view mode, a smaller grid than usual; the reference; encoding."""
    precision._cpu_multiplies_bfloat16 = lambda: False
    grids.COARSE_NODES, grids.FINE_NODES = 20, 28  # type: ignore[misc]
    field.is_compiled_for = lambda model, encoded: False  # type: ignore[assignment]
    torch.manual_seed(0)
    model, source, keypoints = scene.network(3), scene.source(), scene.keypoints()
    with torch.no_grad():
        encoded: EncodedViews = model.encode(source)
        for parameter in model.geometry_head.pooled[2].parameters():
            parameter += 0.2  # so that there is something to be seen
    request = RenderRequest(encoded, keypoints, HEAD.box, HEAD.box, scene.camera(0.3, 32))
    found: dict[str, Any] = {"refused": refused(scene.keypoints())}
    with torch.no_grad():
        here = {
            mode: drawn(replace(request, mode=mode), model, mode == "colour") for mode in ("colour", "normal", "depth")
        }
        reference = drawn(replace(request, quality="reference"), model, False)
        explanations = explained(request, model)
        with pretended.Pretending():
            there = replace(request, encoded=encoded.to(DEVICE), keypoints=keypoints.to(DEVICE))
            model = model.to(DEVICE)
            found["field"] = type(field.Field.of(model, there.encoded, there.keypoints)).__name__
            low = model.encode(source.to(DEVICE)).low
            found["encoding"] = float((low.cpu() - encoded.low).abs().max())
            (picture,) = drawn(replace(there, quality="reference"), model, False)
            found["reference"] = float(np.abs(picture - reference[0]).max())
            found["explained"] = {
                mode: float(np.abs(picture - explanations[mode]).max())
                for mode, picture in explained(there, model).items()
            }
            for mode, expected in here.items():
                pretended.waits.clear()
                pictures = drawn(replace(there, mode=mode), model, mode == "colour")
                found[mode] = {
                    "errors": [float(np.abs(a - b).max()) for a, b in zip(pictures, expected, strict=True)],
                    "visible": [float((picture[..., 3] > 0.5).mean()) for picture in expected],
                    "waits": dict(pretended.waits.most_common()),
                }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
