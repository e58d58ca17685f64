"""Film the avatar: a camera that sways from one side to the other and back, without a seam.

A range of a whole turn goes round instead. OUT ends in .mp4 or .gif; any other name becomes a folder of pictures.
"""

import argparse

from . import options as shared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    shared.add_source(parser)
    parser.add_argument(
        "--yaw", nargs=2, type=float, default=(-35.0, 35.0), metavar=("FROM", "TO"), help="degrees; default: -35 35"
    )
    parser.add_argument("--pitch", type=float, default=0.0, help="degrees upwards; default: 0")
    parser.add_argument("--frames", type=shared.positive_int, default=72, metavar="N", help="default: 72")
    shared.add_film(parser)


def run(options: argparse.Namespace) -> int:
    """Solve, encode, draw each frame into the film."""
    from .drawing import Studio
    from .filming import shoot

    studio = Studio.open(options)
    shoot(studio, list(studio.sway(options.yaw, options.pitch, options.frames)), options)
    return 0
