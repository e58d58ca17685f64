"""Surfaces through grids of values, and the avatar's: where pictures show it, and in their colours."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core.camera import orbit_camera
from kpnerf.core.errors import UserError
from kpnerf.core.geometry import project
from kpnerf.core.mesh import largest_part, normals_of
from kpnerf.core.pipeline import Avatar
from kpnerf.core.source import load_source
from kpnerf.core.surface_nets import surface_nets

SIDE, RADIUS = 24, 8.0
MIDDLE = np.array([11.2, 10.9, 12.4])
"""Of the ball, as x, y, z."""


def ball(middle=MIDDLE, radius=RADIUS) -> np.ndarray:
    """How deep each node lies in a ball, in steps of the grid."""
    z, y, x = np.mgrid[:SIDE, :SIDE, :SIDE].astype(np.float32)
    return radius - np.sqrt((x - middle[0]) ** 2 + (y - middle[1]) ** 2 + (z - middle[2]) ** 2)


def volume_of(vertices: np.ndarray, quads: np.ndarray) -> float:
    """By the divergence theorem; more than zero where quads are counterclockwise seen from outside."""
    a, b, c, d = (vertices[quads[:, corner]] for corner in range(4))
    return float(((np.cross(b, c) * a).sum() + (np.cross(c, d) * a).sum()) / 6)


def edges_of(quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The directed edges, and those the other way, as sorted rows."""
    ends = np.concatenate([quads[:, [corner, (corner + 1) % 4]] for corner in range(4)])
    return tuple(rows[np.lexsort(rows.T)] for rows in (ends, ends[:, ::-1]))


def test_the_surface_of_a_ball_is_round_closed_and_faces_outwards():
    """Within a twentieth of a step of the sphere; one piece without a hole, by Euler's formula."""
    vertices, quads = surface_nets(ball())
    away = vertices - MIDDLE
    there, back = edges_of(quads)

    assert np.abs(np.linalg.norm(away, axis=1) - RADIUS).max() < 0.05
    assert len(vertices) - 2 * len(quads) + len(quads) == 2
    np.testing.assert_array_equal(there, back)
    assert len(np.unique(there, axis=0)) == len(there)
    assert volume_of(vertices, quads) == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.02)
    facing = (normals_of(vertices, quads) * away).sum(axis=1) / RADIUS
    assert facing.min() > 0.99


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.tuples(*[st.integers(1, 6)] * 3))
def test_every_surface_is_a_manifold(seed, shape):
    """Noise, which has all that is ambiguous: two quads meet at every edge, and those round a vertex in one fan."""
    _, quads = surface_nets(np.random.default_rng(seed).normal(size=shape).astype(np.float32))
    there, _ = edges_of(quads)
    fans = rings = 0
    for vertex in np.unique(quads):
        rows, corner = np.nonzero(quads == vertex)
        following = {quads[r, (c + 1) % 4]: quads[r, (c + 3) % 4] for r, c in zip(rows, corner, strict=True)}
        start = at = next(iter(following))
        for _ in following:
            at = following[at]
            rings += at == start
        fans += 1

    assert len(np.unique(there, axis=0)) == len(there)
    assert rings == fans


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.tuples(*[st.integers(1, 5)] * 3))
def test_every_surface_is_closed_and_encloses_what_is_inside(seed, shape):
    """Noise, up to the border of the grid: each edge is passed as often one way as the other, and the volume is not
    negative.
    """
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    vertices, quads = surface_nets(values)
    there, back = edges_of(quads)

    np.testing.assert_array_equal(there, back)
    assert (volume_of(vertices, quads) > 0) == bool((values > 0).any())
    assert np.isfinite(vertices).all()
    assert ((vertices >= -1) & (vertices <= np.array(shape)[::-1])).all()


def test_specks_and_hollows_are_no_part_of_the_surface():
    """Of a ball with a hollow in it and a speck beside it, the outside of the ball is left."""
    hollow = np.minimum(ball(), -ball(radius=3.0))
    vertices, quads = surface_nets(np.maximum(hollow, ball(np.array([21.0, 2.0, 2.0]), 1.2)))
    kept, faces = largest_part(vertices, quads)

    assert len(kept) == len(surface_nets(ball())[0]) < len(vertices)
    assert faces.max() == len(kept) - 1
    assert volume_of(kept, faces) == pytest.approx(volume_of(*surface_nets(ball())), rel=1e-6)
    assert largest_part(*surface_nets(-np.ones((3, 3, 3), np.float32)))[1].shape == (0, 4)


@pytest.fixture(scope="module")
def person(capture):
    """The sample, solved, its avatar and what is known of its photos."""
    document, avatar = load_source([capture]), Avatar.load()
    return document, avatar, avatar.encode(document)


def test_the_mesh_lies_where_pictures_show_the_avatar_and_in_their_colours(person):
    """From the front and from beside: the nearest vertices are as far away as the picture says, and as bright."""
    document, avatar, encoded = person
    mesh = avatar.mesh(encoded, document)
    box = document.schema.box
    there, back = edges_of(mesh.quads)

    np.testing.assert_array_equal(there, back)
    assert volume_of(mesh.vertices.astype(float), mesh.quads) > 0.002
    assert ((mesh.vertices > box.lower - 0.005) & (mesh.vertices < box.upper + 0.005)).all()
    for yaw in (0.0, 30.0):
        camera = orbit_camera(
            np.radians(yaw), 0.0, 1.4, target_in_world=box.centre, vertical_field_of_view=0.44, width=192, height=192
        )
        frame = avatar.picture(encoded, document, camera)
        towards = mesh.vertices - camera.position_in_world
        far = np.linalg.norm(towards, axis=1)
        facing = -(mesh.normals * towards).sum(axis=1) / far
        pixels, _ = project(camera, mesh.vertices.astype(float))
        column, row = np.round(pixels).astype(int).T
        behind = far - frame.distance[row, column]
        seen = (facing > 0.5) & (np.abs(behind) < 0.02) & (frame.rgba[row, column, 3] > 0.98)

        assert seen.sum() > 2000
        # What faces the camera and is not seen is behind something that is, never before it.
        assert ((facing > 0.5) & (behind < -0.02) & (frame.rgba[row, column, 3] > 0.98)).sum() < 0.01 * seen.sum()
        assert np.median(np.abs(behind[seen])) < 0.006  # a cell and a half
        unlike = np.abs(mesh.colours[seen] / 255.0 - frame.rgba[row[seen], column[seen], :3]).mean(axis=1)
        assert np.median(unlike) < 0.03


def test_the_texture_shows_at_a_quads_corners_what_its_vertices_do(person):
    """So that two quads agree along their edge, wherever in it they are."""
    document, avatar, encoded = person
    mesh = avatar.mesh(encoded, document)
    height, width = mesh.texture.shape[:2]
    column, row = (mesh.places * [width, height] - 0.5).reshape(-1, 2).round().astype(int).T

    np.testing.assert_allclose(
        mesh.places.reshape(-1, 2) * [width, height] - 0.5, np.stack([column, row], 1), atol=1e-2
    )
    unlike = mesh.texture[row, column].astype(int) - mesh.colours[mesh.quads.reshape(-1)]
    assert np.abs(unlike).max() <= 1


def test_a_mesh_that_nobody_wants_any_more_is_given_up_and_one_of_nobody_refused(person):
    """At once; and in a sentence where outlines hold nothing."""
    document, avatar, encoded = person
    empty = replace(document, views=tuple(replace(view, mask=np.zeros_like(view.mask)) for view in document.views))

    assert avatar.mesh(encoded, document, is_stale=lambda: True) is None
    with pytest.raises(UserError, match="nothing to make a mesh of"):
        avatar.mesh(avatar.encode(empty), empty)
