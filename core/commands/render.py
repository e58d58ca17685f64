"""Draw the avatar once, from any side or as one of the cameras sees it.

With --view, the pictures named by --sources make the avatar and the camera of NAME looks at it: a photo that the
avatar has not seen can be compared with what it predicts. Such a picture is plain; any other is polished, as in the
window: it fades where the avatar or its photos end, and surfaces are crisper than the network has learnt them.
"""

import argparse
import time
from pathlib import Path

from . import options as shared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    shared.add_source(parser)
    side = parser.add_mutually_exclusive_group()
    side.add_argument(
        "--orbit",
        nargs=2,
        type=float,
        metavar=("YAW", "PITCH"),
        help="degrees: yaw to the picture's right, pitch upwards; default: 0 0, at the face",
    )
    side.add_argument("--view", metavar="NAME", help="from the camera of this picture, with or without ending")
    shared.add_drawing(parser)
    shared.add_json(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.png", help="PNG, WebP or JPEG")


def run(options: argparse.Namespace) -> int:
    """Solve, encode, draw, write."""
    from ..export import write_image
    from .drawing import Studio

    also = [] if options.view is None else [options.view]
    studio = Studio.open(options, also)
    camera = studio.orbit(*(options.orbit or (0.0, 0.0))) if options.view is None else studio.seen_by(options.view)
    start = time.perf_counter()
    frame = studio.draw(camera, polished=options.view is None and not options.plain)
    seconds = time.perf_counter() - start
    write_image(options.output, frame.rgba, background=studio.background)
    if options.json:
        shared.print_json(
            {
                "path": str(options.output),
                "w": camera.width,
                "h": camera.height,
                "milliseconds": 1000 * seconds,
                "samples": frame.samples,
            }
        )
    return 0
