"""Film the avatar along the path of a project: smoothly through the views that were chosen for it.

They are chosen in the window, or by `kpnerf edit PROJECT --path-add ORBIT -o PROJECT`. OUT ends in .mp4 or .gif; any
other name becomes a folder of pictures.
"""

import argparse

from . import options as shared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    shared.add_source(parser)
    shared.add_film(parser)


def run(options: argparse.Namespace) -> int:
    """Solve, encode, draw each frame into the film."""
    from .drawing import Studio, document_asked_for
    from .filming import shoot

    document = document_asked_for(options)
    views = document.camera_path.film(options.fps)
    size = document.settings.resolution
    shoot(Studio.of(document), [view.camera(size, size) for view in views], options)
    return 0
