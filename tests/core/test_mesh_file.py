"""Files of meshes: read back by other code, or byte by byte."""

import io
import json
import struct

import numpy as np
import pytest
import trimesh
from PIL import Image

from kpnerf.core.errors import UserError
from kpnerf.core.mesh import Mesh, normals_of
from kpnerf.core.mesh_file import write_mesh

KINDS = {5126: np.float32, 5125: np.uint32, 5123: np.uint16, 5121: np.uint8}
"""glTF's names of number formats."""
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}


@pytest.fixture
def cube() -> Mesh:
    """A decimetre high, the head frame's front at -z; every face has a tile of its own colour in a texture of 3 x 2."""
    corners = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], np.float32) / 10 - 0.05
    quads = np.array([[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]])
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255], [255, 0, 255]], np.uint8)
    texture = colours.reshape(2, 3, 3).repeat(8, axis=0).repeat(8, axis=1)
    first = np.stack([np.arange(6) % 3, np.arange(6) // 3], axis=-1) * 8 + 0.5
    places = (first[:, None] + np.array([[0, 0], [7, 0], [7, 7], [0, 7]])) / [24, 16]
    vertex_colours = (255 * (corners * 10 + 0.5)).astype(np.uint8)
    return Mesh(corners, normals_of(corners, quads), quads, vertex_colours, texture, places.astype(np.float32))


def parts_of(content: bytes) -> tuple[dict, bytes]:
    """The two chunks of a binary glTF file (glTF 2.0, 4.4), whose lengths have to be right."""
    magic, version, length = struct.unpack_from("<4sII", content)
    words, kind = struct.unpack_from("<I4s", content, 12)
    numbers, other = struct.unpack_from("<I4s", content, 20 + words)

    assert (magic, version, length, kind, other) == (b"glTF", 2, len(content), b"JSON", b"BIN\0")
    assert words % 4 == numbers % 4 == 0 and 28 + words + numbers == length
    return json.loads(content[20 : 20 + words]), content[28 + words :]


def test_a_glb_has_every_face_in_its_own_colour_and_the_right_way_round(cube, tmp_path):
    """Read as the standard says: y upwards, looking along z, counterclockwise from outside, unlit, not shrunk."""
    write_mesh(tmp_path / "cube.glb", cube)
    tree, numbers = parts_of((tmp_path / "cube.glb").read_bytes())

    def view(index: int) -> bytes:
        part = tree["bufferViews"][index]
        return numbers[part.get("byteOffset", 0) : part.get("byteOffset", 0) + part["byteLength"]]

    def values(index: int) -> np.ndarray:
        accessor = tree["accessors"][index]
        width = WIDTHS[accessor["type"]]
        at = np.frombuffer(view(accessor["bufferView"]), KINDS[accessor["componentType"]], accessor["count"] * width)
        return at.reshape(-1, width)

    primitive = tree["meshes"][0]["primitives"][0]
    points, normals, places = (values(primitive["attributes"][name]) for name in ("POSITION", "NORMAL", "TEXCOORD_0"))
    triangles = values(primitive["indices"]).reshape(-1, 3).astype(int)
    material = tree["materials"][primitive["material"]]
    texture = tree["textures"][material["pbrMetallicRoughness"]["baseColorTexture"]["index"]]
    picture = np.asarray(Image.open(io.BytesIO(view(tree["images"][texture["source"]]["bufferView"]))).convert("RGB"))
    sampler = tree["samplers"][texture["sampler"]]

    assert len(triangles) == 12 and (sampler["minFilter"], sampler["magFilter"]) == (9729, 9729)
    assert "KHR_materials_unlit" in material["extensions"] and tree["extensionsUsed"] == ["KHR_materials_unlit"]
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    assert ((np.cross(b - a, c - a) * a).sum(axis=1) > 0).all()
    assert ((points * normals).sum(axis=1) > 0).all()
    column, row = (places * [24, 16] - 0.5).round().astype(int).T
    shown = picture[row, column][triangles]
    assert (shown == shown[:, :1]).all()
    # The first quad is the front, and the third the top, of which the head frame thinks as -z and -y.
    front = (points[triangles][..., 2] > 0).all(axis=1)
    top = (points[triangles][..., 1] > 0).all(axis=1)
    assert (shown[front] == [255, 0, 0]).all() and (shown[top] == [0, 0, 255]).all()


def test_a_ply_has_vertex_colours_and_an_stl_the_shape(cube, tmp_path):
    """Read by another program's library."""
    for name in ("cube.ply", "cube.stl"):
        write_mesh(tmp_path / name, cube)
        read = trimesh.load(tmp_path / name)

        assert read.is_watertight and read.volume == pytest.approx(1e-3, rel=1e-5)
    coloured = trimesh.load(tmp_path / "cube.ply", process=False)
    np.testing.assert_allclose(coloured.vertices, cube.vertices * [1, -1, -1], atol=1e-7)
    np.testing.assert_array_equal(coloured.visual.vertex_colors[:, :3], cube.colours)


@pytest.mark.parametrize(("name", "said"), [("me.obj", "End it in .glb, .ply, .stl"), ("gone/me.glb", "no folder")])
def test_what_cannot_be_written_is_told_in_a_sentence(cube, tmp_path, name, said):
    """And nothing is left behind."""
    with pytest.raises(UserError, match=said):
        write_mesh(tmp_path / name, cube)

    assert list(tmp_path.iterdir()) == []
