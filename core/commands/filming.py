"""The film of a camera that goes somewhere: what `turntable` and `film` have in common."""

import argparse
from collections.abc import Sequence

from ..camera import Camera
from ..export import drawn_once, write_turntable
from . import options as shared
from .drawing import Studio


def shoot(studio: Studio, cameras: Sequence[Camera], options: argparse.Namespace) -> None:
    """Draw the avatar from each camera, from the same place once, into the film that `options.add_film` asked for."""
    report = shared.reporter(quiet=options.json)
    drawn, shows = drawn_once((round(camera.fx, 6), *camera.world_from_camera.round(9).flat) for camera in cameras)
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
        shared.print_json({"path": str(options.output), "frames": len(cameras), "fps": options.fps})
