"""Points, rays and boxes, on random ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core.bundle import rotation_from_vector
from kpnerf.core.camera import Camera, look_at
from kpnerf.core.geometry import Box, pixel_rays, project, ray_box, similarity, transform, triangulate, unproject
from kpnerf.core.keypoints import HEAD

unhurried = settings(deadline=None, max_examples=60)

seeds = st.integers(0, 2**32 - 1)


def number(lower: float, upper: float) -> st.SearchStrategy[float]:
    """Any float between two."""
    return st.floats(lower, upper, allow_nan=False)


@st.composite
def similarities(draw) -> np.ndarray:
    """A rotation by any angle, a translation of up to 5 m, a scale of 0.1 to 10."""
    vector = np.array(draw(st.tuples(*[number(-3, 3)] * 3)))
    matrix = np.eye(4)
    matrix[:3, :3] = draw(number(0.1, 10)) * rotation_from_vector(vector)
    matrix[:3, 3] = draw(st.tuples(*[number(-5, 5)] * 3))
    return matrix


@st.composite
def cameras(draw) -> Camera:
    """Anywhere, turned anyhow, with any lens, pixels that are not square and an axis off the middle."""
    pose = np.eye(4)
    pose[:3, :3] = rotation_from_vector(np.array(draw(st.tuples(*[number(-3, 3)] * 3))))
    pose[:3, 3] = draw(st.tuples(*[number(-3, 3)] * 3))
    return Camera(
        fx=draw(number(100, 3000)),
        fy=draw(number(100, 3000)),
        cx=draw(number(0, 640)),
        cy=draw(number(0, 480)),
        width=640,
        height=480,
        world_from_camera=pose,
    )


def portrait_camera(position_in_world: np.ndarray) -> Camera:
    """A camera upright that looks at the origin."""
    return Camera(900.0, 950.0, 319.5, 399.5, 640, 800, look_at(position_in_world, np.zeros(3)))


@unhurried
@given(cameras(), seeds)
def test_project_and_unproject_are_inverse(camera, seed):
    """A pixel with its depth is a point, and the point is that pixel and depth."""
    random = np.random.default_rng(seed)
    pixels, depth = random.uniform(-100, 700, (20, 2)), random.uniform(0.1, 10, 20)
    again, depth_again = project(camera, unproject(camera, pixels, depth))

    np.testing.assert_allclose(again, pixels, atol=1e-6)
    np.testing.assert_allclose(depth_again, depth, rtol=1e-9)


@unhurried
@given(cameras(), seeds)
def test_pixel_rays_meet_what_is_seen(camera, seed):
    """Rays are of unit length, begin at the camera and pass through the points of their pixels."""
    random = np.random.default_rng(seed)
    pixels, depth = random.uniform(-100, 700, (20, 2)), random.uniform(0.1, 10, 20)
    origins, directions = pixel_rays(camera, pixels)
    way = unproject(camera, pixels, depth) - origins

    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
    np.testing.assert_array_equal(origins, np.tile(camera.position_in_world, (20, 1)))
    np.testing.assert_allclose(np.cross(way, directions), 0, atol=1e-8)
    assert (np.sum(way * directions, axis=1) > 0).all()


def test_axes_of_a_picture():
    """x runs right, y down, depth away from the camera; what lies behind has a negative depth."""
    ahead = look_at(np.zeros(3), np.array([0.0, 0.0, 1.0]))
    camera = Camera(fx=100.0, fy=200.0, cx=31.5, cy=23.5, width=64, height=48, world_from_camera=ahead)
    pixels, depth = project(camera, np.array([[0.0, 0, 2], [0.1, 0, 2], [0, 0.1, 2], [0, 0, -2]]))

    np.testing.assert_allclose(pixels[:3], [[31.5, 23.5], [36.5, 23.5], [31.5, 33.5]])
    np.testing.assert_allclose(depth, [2, 2, 2, -2])


@unhurried
@given(similarities(), st.booleans(), seeds)
def test_similarity_is_recovered(truth, weighted, seed):
    """From points it moved, weighted or not, also few of them and such as lie in a plane."""
    random = np.random.default_rng(seed)
    source = random.normal(size=(int(random.integers(4, 30)), 3)) * [1.0, 0.5, random.choice([0.0, 1.0])]
    weights = random.uniform(0.1, 2, len(source)) if weighted else None
    found = similarity(source, transform(truth, source), weights)

    np.testing.assert_allclose(found, truth, atol=1e-6)


@unhurried
@given(similarities(), seeds)
def test_similarity_without_scale_stays_rigid(truth, seed):
    """Even when the points were scaled."""
    source = np.random.default_rng(seed).normal(size=(12, 3))
    found = similarity(source, transform(truth, source), with_scale=False)
    scale = np.cbrt(np.linalg.det(truth[:3, :3]))

    np.testing.assert_allclose(found[:3, :3], truth[:3, :3] / scale, atol=1e-6)


def test_similarity_never_mirrors():
    """A mirrored set of points is met by the best rotation, not by a reflection."""
    source = np.random.default_rng(3).normal(size=(20, 3))
    found = similarity(source, source * [-1, 1, 1])

    assert np.linalg.det(found[:3, :3]) > 0


def test_similarity_listens_to_weights():
    """A point of no weight may lie anywhere."""
    source = np.random.default_rng(4).normal(size=(10, 3))
    target, weights = source + [1.0, 2.0, 3.0], np.ones(10)
    target[0], weights[0] = (50.0, -50.0, 50.0), 0.0

    np.testing.assert_allclose(similarity(source, target, weights)[:3, 3], [1, 2, 3], atol=1e-9)


@unhurried
@given(seeds, st.integers(2, 6))
def test_triangulation_of_exact_rays(seed, views):
    """Rays that meet give back their point, however they are weighted."""
    random = np.random.default_rng(seed)
    points = random.uniform(-0.15, 0.15, (9, 3))
    yaws = np.linspace(-0.6, 0.6, views) + random.uniform(-0.05, 0.05, views)
    around = [portrait_camera(np.array([np.sin(yaw), random.uniform(-0.2, 0.2), -np.cos(yaw)])) for yaw in yaws]
    pixels = np.stack([project(camera, points)[0] for camera in around])
    found = triangulate(around, pixels, random.uniform(0.2, 3, (views, 9)))

    np.testing.assert_allclose(found, points, atol=1e-7)


def test_triangulation_needs_two_rays():
    """A point that one camera sees has no answer; the wrong pixel of one of no weight does no harm."""
    around = [portrait_camera(np.array([x, 0.0, -1.0])) for x in (-0.4, 0.0, 0.4)]
    points = np.array([[0.0, 0, 0], [0.05, 0.05, 0.02]])
    pixels = np.stack([project(camera, points)[0] for camera in around])
    pixels[2, 1] = np.nan
    weights = np.array([[1.0, 1], [0, 1], [0, 0]])
    found = triangulate(around, pixels, weights)

    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], points[1], atol=1e-7)


@unhurried
@given(seeds)
def test_ray_box_against_brute_force(seed):
    """Entry and exit are where fine steps along the ray first and last lie in the box."""
    random = np.random.default_rng(seed)
    box = Box(random.uniform(-0.5, -0.1, 3), random.uniform(0.1, 0.5, 3))
    origins = random.uniform(-1, 1, (8, 3))
    aims = random.uniform(-0.6, 0.6, (8, 3)) - origins
    directions = aims / np.linalg.norm(aims, axis=1, keepdims=True)
    directions[0] = np.eye(3)[random.integers(3)]
    near, far, hit = ray_box(origins, directions, box)
    steps = np.linspace(0, 4, 4001)
    along = origins[:, None] + steps[:, None] * directions[:, None]
    inside = ((along >= box.lower) & (along <= box.upper)).all(axis=-1)

    for ray in range(8):
        if inside[ray].any():
            assert hit[ray]
            assert near[ray] == pytest.approx(steps[inside[ray]][0], abs=1.1e-3)
            assert far[ray] == pytest.approx(steps[inside[ray]][-1], abs=1.1e-3)
        else:
            assert not hit[ray] or far[ray] - near[ray] < 1.1e-3


def test_ray_box_from_inside_and_behind():
    """A ray that begins inside enters at once; a box behind the origin is not met."""
    box = Box(np.full(3, -1.0), np.full(3, 1.0))
    near, far, hit = ray_box(
        np.array([[0.0, 0, 0], [0, 0, 3], [0, 0, -3]]), np.array([[0.0, 0, 1], [0, 0, 1], [0, 0, 1]]), box
    )

    np.testing.assert_array_equal(hit, [True, False, True])
    np.testing.assert_allclose([near[0], far[0], near[2], far[2]], [0, 1, 2, 4])


def test_box():
    """Eight corners, the middle between them, and a margin on every face."""
    corners = HEAD.box.corners

    assert len(np.unique(corners, axis=0)) == 8
    np.testing.assert_allclose(corners.mean(axis=0), HEAD.box.centre, atol=1e-12)
    np.testing.assert_allclose(HEAD.box.grown(0.1).upper - HEAD.box.upper, 0.1)
    np.testing.assert_allclose(HEAD.box.lower - HEAD.box.grown(0.1).lower, 0.1)
