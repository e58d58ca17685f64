"""Meshes as files: `.glb` with a texture, `.ply` with a colour for each vertex, `.stl` with nothing but the shape.

All are in metres, y upwards, and look along z, as glTF has it.
"""

from pathlib import Path
from typing import Any

import numpy as np

from .atomic_file import replacing
from .errors import UserError
from .mesh import Mesh

MESH_ENDINGS = (".glb", ".ply", ".stl")
_UNLIT = "KHR_materials_unlit"
_LINEAR, _CLAMP = 9729, 33071
"""glTF's names of filters and of what is beyond a texture. Smaller copies of this one would mix tiles."""
_FROM_HEAD = np.array([1.0, -1.0, -1.0], np.float32)
"""The head frame's y is downwards and its z backwards."""


def write_mesh(path: str | Path, mesh: Mesh) -> None:
    """Write a mesh as its ending says. Raises UserError for another ending, a full disk, or a folder that may not be
    written to.
    """
    path = Path(path)
    ending = check_ending(path)
    content = _glb(mesh) if ending == ".glb" else _plain(mesh, ending[1:])
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def check_ending(path: Path) -> str:
    """The ending of a mesh's file. Raises UserError for any other; to be asked before the work is done."""
    ending = path.suffix.lower()
    if ending not in MESH_ENDINGS:
        raise UserError(f"{path.name} is of no known mesh format.", f"End it in {', '.join(MESH_ENDINGS)}.")
    return ending


def _plain(mesh: Mesh, kind: str) -> bytes:
    import trimesh

    surface = trimesh.Trimesh(
        mesh.vertices * _FROM_HEAD,
        _triangles(mesh.quads),
        vertex_normals=mesh.normals * _FROM_HEAD,
        vertex_colors=mesh.colours if kind == "ply" else None,
        process=False,
    )
    content = surface.export(file_type=kind)
    assert isinstance(content, bytes)
    return content


def _glb(mesh: Mesh) -> bytes:
    """Binary glTF 2.0. Every quad has four vertices of its own, since each has its own place in the texture."""
    from PIL import Image
    from trimesh import Trimesh
    from trimesh.exchange.gltf import export_glb
    from trimesh.visual import TextureVisuals
    from trimesh.visual.material import PBRMaterial

    corners = mesh.quads.reshape(-1)
    picture = PBRMaterial(baseColorTexture=Image.fromarray(mesh.texture), metallicFactor=0.0, roughnessFactor=1.0)
    surface = Trimesh(
        mesh.vertices[corners] * _FROM_HEAD,
        _triangles(np.arange(len(corners)).reshape(-1, 4)),
        vertex_normals=mesh.normals[corners] * _FROM_HEAD,
        # trimesh counts from the lower left corner, unlike glTF, and turns it round when it writes.
        visual=TextureVisuals(mesh.places.reshape(-1, 2) * [1, -1] + [0, 1], material=picture),
        process=False,
    )

    def finish(tree: dict[str, Any]) -> None:
        # Photographs hold their light already.
        tree["extensionsUsed"] = [_UNLIT]
        for material in tree["materials"]:
            material["extensions"] = {_UNLIT: {}}
        tree["samplers"] = [{"magFilter": _LINEAR, "minFilter": _LINEAR, "wrapS": _CLAMP, "wrapT": _CLAMP}]
        for texture in tree["textures"]:
            texture["sampler"] = 0

    content = export_glb(surface.scene(), include_normals=True, tree_postprocessor=finish)
    assert isinstance(content, bytes)
    return content


def _triangles(quads: np.ndarray) -> np.ndarray:
    """Two of each quad. Turning two axes round keeps counterclockwise what was."""
    return quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
