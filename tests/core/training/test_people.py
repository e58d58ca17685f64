"""Synthetic people: their frame, their variety, their likeness to themselves."""

import numpy as np
import pytest

from kpnerf.core.geometry import similarity
from kpnerf.core.keypoints import HEAD
from kpnerf.core.training.anatomy import canonical_landmarks, detail_pairs, macro_weights, skin_regions
from kpnerf.core.training.makehuman import MakeHuman
from kpnerf.core.training.people import draw_person
from kpnerf.core.training.rig import Rig, blend_units, read_face_units
from kpnerf.core.training.surfaces import LOWEST_Y, smooth_normals

from .makehuman_data import FOLDER, needs_makehuman

pytestmark = needs_makehuman


@pytest.fixture(scope="module")
def data() -> MakeHuman:
    """MakeHuman's data, read once."""
    return MakeHuman(FOLDER)


def test_the_same_seed_is_the_same_person(data):
    """Training sets can be made again: meshes, looks and landmarks agree to the bit."""
    one, again, other = draw_person(data, 5), draw_person(data, 5), draw_person(data, 6)

    assert [s.name for s in one.surfaces] == [s.name for s in again.surfaces]
    for a, b in zip(one.surfaces, again.surfaces, strict=True):
        assert np.array_equal(a.positions, b.positions) and a.look == b.look and a.texture == b.texture
        assert np.array_equal(a.regions, b.regions) and np.array_equal(a.triangles, b.triangles)
    assert np.array_equal(one.landmarks, again.landmarks)
    assert not np.allclose(one.landmarks, other.landmarks, atol=1e-4)


def test_the_canonical_face_is_in_the_head_frame(data):
    """Metres; origin between the cheeks; the person's left at +x, the chin below the eyes, the nose in front."""
    face = canonical_landmarks(data)

    assert np.allclose(face[[234, 454]].mean(axis=0), 0, atol=1e-9)
    assert face[263, 0] > 0 > face[33, 0] and face[152, 1] > face[33, 1] and face[1, 2] < face[234, 2]
    assert 0.055 < np.linalg.norm(face[[33, 133]].mean(0) - face[[362, 263]].mean(0)) < 0.07


@pytest.mark.parametrize("seed", [3, 4])
def test_heads_stand_in_the_head_frame_whatever_the_torso_does(data, seed):
    """No rigid motion brings a person's landmarks nearer to the canonical face, and bodies end below the box."""
    person = draw_person(data, seed)
    left = similarity(person.landmarks, canonical_landmarks(data), with_scale=False)
    corners = np.concatenate([s.positions[s.triangles] for s in person.surfaces])

    assert np.allclose(left, np.eye(4), atol=1e-6)
    assert HEAD.box.upper[1] < corners[:, :, 1].min(axis=1).max() < LOWEST_Y


def test_landmarks_are_points_of_the_skin(data):
    """Every landmark is a vertex of the mesh that is drawn."""
    person = draw_person(data, 3)
    skin = person.surfaces[0].positions
    nearest = [np.linalg.norm(skin - point, axis=1).min() for point in person.landmarks[::13]]

    assert max(nearest) < 1e-6


def test_normals_point_out_of_the_head(data):
    """Winding and axes agree: on the face, normals look back at the camera."""
    person = draw_person(data, 3)
    skin = person.surfaces[0]
    face = np.linalg.norm(skin.positions - person.landmarks[1], axis=1) < 0.03

    assert (skin.normals[face, 2] < 0).mean() > 0.7  # nostrils and the inside of the mouth look elsewhere
    assert np.allclose(np.linalg.norm(skin.normals[face], axis=1), 1, atol=1e-5)


def test_macro_weights_share_out_one_body(data):
    """Races of one person sum to one, so do builds; each named target exists or is an average that needs none."""
    weights = macro_weights(gender=0.3, age=0.7, race=(0.2, 0.3, 0.5), muscle=0.8, weight=0.1)
    races = sum(
        w for name, w in weights.items() if name.split("/")[-1].split("-")[0] in ("african", "asian", "caucasian")
    )
    builds = sum(w for name, w in weights.items() if "universal" in name)

    assert races == pytest.approx(1) and builds == pytest.approx(1)
    assert all(data.has_target(name) for name, w in weights.items() if w > 0 and "universal" in name)


def test_details_come_in_opposites(data):
    """`-incr` with `-decr`, `-up` with `-down`; a target that has an opposite never stands alone."""
    pairs = detail_pairs(data)
    flat = [name for pair in pairs for name in pair if name]

    assert ("nose/nose-scale-horiz-incr", "nose/nose-scale-horiz-decr") in pairs
    assert len(flat) == len(set(flat))
    assert {name for name, opposite in pairs if opposite is None and name.endswith(("-incr", "-up", "-out"))} == set()


def test_the_beard_is_on_the_chin_and_the_hair_on_the_head(data):
    """Regions follow the landmarks: chin, crown, lips, and bare cheeks below the eyes."""
    face = canonical_landmarks(data)
    crown = np.array([[0.0, -0.12, 0.03]])
    places = np.concatenate([face[[152, 168, 0]], crown])
    beard, _, scalp, lips = skin_regions(places, face).T

    assert beard[0] > 0.9 and beard[1] == 0 and beard[3] == 0
    assert scalp[3] == 1 and scalp[:3].max() == 0
    assert lips[0] == 0 and skin_regions(face[[0]] + [[0, 0.003, 0]], face)[0, 3] == 1


def test_turning_the_head_leaves_the_body_where_it_is(data):
    """Linear blend skinning: nothing moves at rest; the nose turns about the neck, the feet stay."""
    rig, base = Rig(FOLDER, len(data.base.vertices)), data.base.vertices
    nose, foot = data.landmark_vertices[1], int(base[:13380, 1].argmin())
    turned = rig.pose(base, {"head": np.array([0.0, 0.5, 0.0])})

    assert np.allclose(rig.pose(base, {}), base, atol=1e-4)
    assert turned[nose, 0] - base[nose, 0] > 0.3  # decimetres, to the person's left
    assert np.allclose(turned[foot], base[foot], atol=1e-4)


def test_a_dropped_jaw_opens_the_mouth(data):
    """Pose units are read with z up and applied with y up: the chin goes down, the brow stays."""
    rig, base, units = Rig(FOLDER, len(data.base.vertices)), data.base.vertices, read_face_units(FOLDER)
    moved = rig.pose(base, blend_units(units, {"JawDrop": 1.0})) - base
    chin, brow = data.landmark_vertices[152], data.landmark_vertices[10]

    assert moved[chin, 1] < -0.1
    assert np.linalg.norm(moved[brow]) < 0.01


def test_normals_of_a_pyramid_lean_outwards():
    """Area-weighted: at a corner shared by two faces the larger one has more say."""
    positions = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, -1]], float)
    triangles = np.array([[0, 1, 2], [0, 3, 1]])
    normal = smooth_normals(positions, triangles)[0]

    assert normal == pytest.approx(np.array([0, -2, 4]) / np.sqrt(20))
