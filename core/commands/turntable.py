"""Film the avatar: a camera that sways from one side to the other and back, without a seam.

A range of a whole turn goes round instead. OUT ends in .mp4 or .gif; any other name becomes a folder of pictures.
"""

import argparse
from pathlib import Path

from . import options as shared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    shared.add_source(parser)
    parser.add_argument(
        "--yaw", nargs=2, type=float, default=(-35.0, 35.0), metavar=("FROM", "TO"), help="degrees; default: -35 35"
    )
    parser.add_argument("--pitch", type=float, default=0.0, help="degrees upwards; default: 0")
    parser.add_argument("--frames", type=shared.positive_int, default=72, metavar="N", help="default: 72")
    parser.add_argument("--fps", type=shared.positive_int, default=24, metavar="N", help="default: 24")
    shared.add_drawing(parser)
    shared.add_json(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help=".mp4, .gif, or a folder")


def run(options: argparse.Namespace) -> int:
    """Solve, encode, draw each frame into the film."""
    from ..export import drawn_once, write_turntable
    from .drawing import Studio

    studio = Studio.open(options)
    report = shared.reporter(quiet=options.json)
    cameras = list(studio.sway(options.yaw, options.pitch, options.frames))
    drawn, shows = drawn_once(tuple(camera.world_from_camera.round(9).flat) for camera in cameras)
    write_turntable(
        options.output,
        (studio.draw(cameras[index], polished=not options.plain).rgba for index in drawn),
        count=len(drawn),
        shows=shows,
        fps=options.fps,
        background=studio.background,
        progress=report and (lambda share: report("Drawing", share)),
    )
    if options.json:
        shared.print_json({"path": str(options.output), "frames": options.frames, "fps": options.fps})
    return 0
