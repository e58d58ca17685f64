"""MakeHuman's file formats, read from small files of the same kind."""

import gzip

import numpy as np
import pytest

from kpnerf.core.errors import UserError
from kpnerf.core.training.makehuman import MakeHuman, read_material, read_obj, read_proxy, read_target

OBJ = """# a square and a triangle
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
v 0 0 2
vt 0 0
vt 1 0
vt 1 1
vt 0 1
g body
f 1/1 2/2 3/3 4/4
g helper-hair
f 1/1 2/2 5/4
"""

MHCLO = """# a proxy of two vertices
obj_file worn.obj
material worn.mhmat
x_scale 0 1 1.0
y_scale 0 3 1.0
z_scale 0 4 2.0
verts 0
2
0 1 3 0.5 0.25 0.25 0.0 0.1 0.2
delete_verts
0 2 - 4
"""


def test_polygons_become_triangles_that_keep_their_group(tmp_path):
    """A square is two triangles; texture corners go with their vertices."""
    (tmp_path / "base.obj").write_text(OBJ)
    mesh = read_obj(tmp_path / "base.obj")

    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 4]]
    assert mesh.triangle_uv.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 3]]
    assert [mesh.groups[g] for g in mesh.triangle_group] == ["body", "body", "helper-hair"]


def test_a_target_reads_the_same_packed_and_plain(tmp_path):
    """MakeHuman's repository has plain targets, trimmed copies have gzipped ones; comments are no offsets."""
    text = '# MakeHuman target\n"a string"\n7 0.5 -.25 0\n12 0 0 1.5\n'
    (tmp_path / "a.target").write_text(text)
    (tmp_path / "b.target.gz").write_bytes(gzip.compress(text.encode()))
    plain, packed = read_target(tmp_path / "a.target"), read_target(tmp_path / "b.target.gz")

    assert plain.indices.tolist() == packed.indices.tolist() == [7, 12]
    assert plain.offsets.tolist() == packed.offsets.tolist() == [[0.5, -0.25, 0.0], [0.0, 0.0, 1.5]]


def test_a_proxy_follows_the_body_that_wears_it(tmp_path):
    """Weighted base vertices plus offsets in units of the body; ranges of hidden vertices include both ends."""
    (tmp_path / "worn.obj").write_text("v 0 0 0\nv 0 0 0\nf 1 2 1\n")
    (tmp_path / "worn.mhclo").write_text(MHCLO)
    proxy = read_proxy(tmp_path / "worn.mhclo")
    base = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 2]], np.float32)

    assert np.allclose(proxy.fit(base), [[1, 1, 0], [0.25, 0.25 + 0.1, 0.2]])
    assert np.allclose(proxy.fit(3 * base), 3 * proxy.fit(base))
    assert np.allclose(proxy.fit(base, thickness=2.0)[1], [0.25, 0.25 + 0.2, 0.4])
    assert proxy.hidden == {0, 2, 3, 4}


def test_a_material_is_its_keys_without_comments(tmp_path):
    """Values keep their spaces; comment lines of both kinds are passed over."""
    (tmp_path / "a.mhmat").write_text("# name no\n// tag no\nname A skin\ndiffuseTexture skin one.png\n")

    assert read_material(tmp_path / "a.mhmat") == {"name": "A skin", "diffuseTexture": "skin one.png"}


def test_shapes_add_up_and_pass_over_what_is_missing(tmp_path):
    """The base moves by weight times offset; a folder without some target still gives a shape."""
    (tmp_path / "3dobjs").mkdir()
    (tmp_path / "3dobjs" / "base.obj").write_text(OBJ)
    (tmp_path / "targets" / "nose").mkdir(parents=True)
    (tmp_path / "targets" / "nose" / "nose-up.target").write_text("1 0 2 0\n")
    (tmp_path / "targets" / "nose" / "nose-in.target.gz").write_bytes(gzip.compress(b"1 0 0 -1\n4 1 0 0\n"))
    data = MakeHuman(tmp_path)
    moved = data.shape({"nose/nose-up": 0.5, "nose/nose-in": 2.0, "nose/nose-of-nobody": 1.0}) - data.base.vertices

    assert data.target_names == ("nose/nose-in", "nose/nose-up")
    assert moved.tolist() == [[0, 0, 0], [0, 1, -2], [0, 0, 0], [0, 0, 0], [2, 0, 0]]


def test_a_folder_of_something_else_is_refused_in_a_sentence(tmp_path):
    """Whoever names the wrong folder learns which file was looked for."""
    with pytest.raises(UserError, match=r"3dobjs/base\.obj"):
        MakeHuman(tmp_path)


def test_the_landmark_table_may_lie_beside_the_data(tmp_path):
    """The table is no part of MakeHuman: it is found in the folder or in its parent, and asked for otherwise."""
    data = tmp_path / "data"
    (data / "3dobjs").mkdir(parents=True)
    (data / "3dobjs" / "base.obj").write_text(OBJ)
    with pytest.raises(UserError, match="mediapipe_to_vertex"):
        _ = MakeHuman(data).landmark_vertices
    table = ", ".join(f'"{i}": {i % 5}' for i in range(468))
    (tmp_path / "mediapipe_to_vertex.json").write_text("{" + table + "}")

    assert MakeHuman(data).landmark_vertices.tolist() == [i % 5 for i in range(468)]
