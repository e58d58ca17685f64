"""Loops are compiled beforehand for the types that they are called with."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
USED = """
import json
import numpy as np
from numba.core.sigutils import normalize_signature
from kpnerf.core import compiled, pipeline, tracking
from kpnerf.core.keypoints import HEAD
from kpnerf.core.render.renderer import Renderer, RenderRequest
from kpnerf.core.render.soft_edges import softened
from tests.core.model import scene

random = np.random.default_rng(0)
picture, places = random.integers(0, 255, (40, 40)).astype(np.uint8), random.uniform(10, 30, (5, 2))
tracking.align_patches(picture, picture, places, places)
model = scene.network(3)
for parameter in model.geometry_head.pooled[2].parameters():
    parameter.data += 0.2  # so that there is something to be seen
asked = RenderRequest(model.encode(scene.source()), scene.keypoints(), HEAD.volume, HEAD.box, scene.camera(0.3, 128))
(*_, frame) = softened(Renderer(model).frames(asked), asked)
assert frame.rgba[..., 3].max() > 0.5
loops = {loop.__name__: (normalize_signature(types)[0], loop.signatures) for loop, types in compiled._loops}
print(json.dumps({name: [str(told), *map(str, used)] for name, (told, used) in loops.items()}))
"""


def test_every_loop_is_called_with_the_types_that_it_was_told() -> None:
    """By skin that is followed and a picture that is drawn: else it would be compiled once more, and waited for."""
    ran = subprocess.run([sys.executable, "-c", USED], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    loops = json.loads(ran.stdout)

    assert {
        "align",
        "in_hull",
        "gather_geometry",
        "gather_colour",
        "march",
        "clearance",
        "blend",
        "inherit",
        "fade",
    } <= set(loops)
    assert {name: used for name, (told, *used) in loops.items() if used != [told]} == {}
