"""Write the avatar as a mesh that other programs open.

In metres, y upwards, looking along z; it ends where the photos end. OUT ends in .glb (with a texture), .ply (a colour
for each vertex) or .stl (the shape alone).
"""

import argparse
from pathlib import Path

from . import options as shared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    shared.add_source(parser)
    shared.add_avatar(parser)
    shared.add_json(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help=".glb, .ply or .stl")


def run(options: argparse.Namespace) -> int:
    """Solve, encode, draw the surface, write."""
    from ..mesh_file import check_ending, write_mesh
    from .drawing import Studio

    check_ending(options.output)
    studio = Studio.open(options)
    mesh = studio.avatar.mesh(studio.encoded, studio.document)
    assert mesh is not None, "nothing has called it off"
    write_mesh(options.output, mesh)
    if options.json:
        figures = {"vertices": len(mesh.vertices), "quads": len(mesh.quads), "texture": mesh.texture.shape[1::-1]}
        shared.print_json({"path": str(options.output), **figures})
    return 0
