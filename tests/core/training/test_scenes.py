"""Pictures of synthetic people: exact cameras, depths and edges, light that is blocked, files that resume."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kpnerf.core.camera import Camera, look_at, orbit_camera
from kpnerf.core.geometry import project, unproject
from kpnerf.core.interop.formats import load_capture
from kpnerf.core.keypoints import HEAD
from kpnerf.core.training.appearance import Look, Recolour, Strands
from kpnerf.core.training.captures import CAPTURE_YAWS, HEAD_MIDDLE, LEVEL_YAWS, capture_cameras, render_capture
from kpnerf.core.training.dataset import person_path, photograph_person, write_person
from kpnerf.core.training.fuzz import CELLS_ACROSS
from kpnerf.core.training.generators import USUAL, mark_folder
from kpnerf.core.training.hand_held import FACE, PhotoFrame, draw_cameras, framed_camera
from kpnerf.core.training.lighting import Lighting, sphere_directions
from kpnerf.core.training.makehuman import MakeHuman
from kpnerf.core.training.people import Person, draw_person
from kpnerf.core.training.scenes import SceneRenderer
from kpnerf.core.training.surfaces import Drawn, Surface
from kpnerf.core.training.synth import synthesise
from kpnerf.core.training.textures import bleed_colours

from .makehuman_data import FOLDER, needs_makehuman

SIZE = 128


@pytest.fixture(scope="module")
def renderer() -> SceneRenderer:
    """One OpenGL context for all tests."""
    return SceneRenderer(SIZE)


@pytest.fixture
def white(tmp_path) -> Path:
    """A white texture."""
    Image.new("RGB", (8, 8), (255, 255, 255)).save(tmp_path / "white.png")
    return tmp_path / "white.png"


def square(texture: Path, *, half: float, z: float, flip: bool = False) -> Surface:
    """An upright square that faces the camera of yaw 0, or away from it, finely divided."""
    steps = np.linspace(-half, half, 21)
    x, y = (grid.ravel() for grid in np.meshgrid(steps, steps))
    k = np.arange(20)[:, None] * 21 + np.arange(20)
    corner = k.ravel()
    triangles = np.concatenate(
        [np.stack([corner, corner + 1, corner + 21], 1), np.stack([corner + 1, corner + 22, corner + 21], 1)]
    )
    return Surface(
        name="square",
        positions=np.stack([x, y, np.full_like(x, z)], axis=1).astype(np.float32),
        normals=np.tile(np.array([0, 0, 1.0 if flip else -1.0], np.float32), (len(x), 1)),
        uv=np.zeros((len(x), 2), np.float32),
        regions=np.zeros((len(x), 4), np.float32),
        triangles=triangles.astype(np.int32),
        texture=texture,
        look=Look(),
    )


def person_of(*surfaces: Surface) -> Person:
    """Shapes in place of a person."""
    return Person(seed=0, surfaces=surfaces, landmarks=np.zeros((468, 3)))


def light(*, lamp: float = 0.0, sky: float = 0.5) -> Lighting:
    """A lamp straight in front and an even sky."""
    directions = sphere_directions(32)
    return Lighting(
        lamp_directions=np.array([[0, 0, -1.0], [1.0, 0, 0], [-1.0, 0, 0]]),
        lamp_colours=np.array([[lamp] * 3, [0.0] * 3, [0.0] * 3]),
        sky_directions=directions,
        sky_colours=np.full((32, 3), sky),
        shadow_softness=1.0,
    )


def frontal(*, cx: float | None = None) -> Camera:
    """A camera a metre in front of the head's origin."""
    camera = orbit_camera(0, 0, 1.0, target_in_world=np.zeros(3), vertical_field_of_view=0.5, width=SIZE, height=SIZE)
    return camera if cx is None else Camera(camera.fx, camera.fy, cx, camera.cy, SIZE, SIZE, camera.world_from_camera)


@pytest.mark.parametrize("cx", [None, 40.25])
def test_a_square_lands_where_the_camera_says(renderer, white, cx):
    """Its area, middle and depth follow from the pinhole, to a fraction of a pixel, off the axis too."""
    renderer.load(person_of(square(white, half=0.08, z=0.05)), light())
    camera = frontal(cx=cx)
    picture = renderer.render(camera)
    alpha = picture.rgba[..., 3] / 255.0
    side = 0.16 * camera.fx / 1.05
    row, column = np.indices(alpha.shape)

    assert alpha.sum() == pytest.approx(side**2, rel=0.03)
    assert (alpha * column).sum() / alpha.sum() == pytest.approx(camera.cx, abs=0.05)
    assert (alpha * row).sum() / alpha.sum() == pytest.approx(camera.cy, abs=0.05)
    assert np.allclose(picture.depth[alpha == 1], 1.05, atol=1e-4)
    assert (picture.depth[alpha == 0] == 0).all()


def test_pictures_need_not_be_square(renderer, white):
    """A smaller picture uses a part of the frame, and nothing else of it."""
    renderer.load(person_of(square(white, half=0.5, z=0.0)), light())
    whole = frontal()
    part = renderer.render(whole.cropped(10, 20, 64, 48))
    full = renderer.render(whole)

    assert part.rgba.shape == (48, 64, 4)
    assert np.abs(part.rgba.astype(int) - full.rgba[20:68, 10:74]).max() <= 1
    with pytest.raises(ValueError, match="exceed"):
        renderer.render(whole.resized(SIZE + 1, SIZE))


def test_edges_keep_their_colour(renderer, white):
    """Straight alpha: a half covered pixel is as light as a whole one, so no rim shows on any background."""
    renderer.load(person_of(square(white, half=0.0801, z=0.0)), light())
    rgba = renderer.render(
        orbit_camera(0.3, 0.2, 1.0, target_in_world=np.zeros(3), vertical_field_of_view=0.5, width=SIZE, height=SIZE)
    ).rgba.astype(int)
    rim = (rgba[..., 3] > 40) & (rgba[..., 3] < 220)
    inner = rgba[rgba[..., 3] == 255][:, :3].mean(axis=0)

    assert rim.sum() > 20
    assert np.abs(rgba[rim][:, :3] - inner).max() < 12


def test_what_stands_in_the_light_darkens_what_is_behind(renderer, white):
    """The lamp's shadow map and the baked sky both see the roof; the depth is that of what is nearest."""
    wall, roof = square(white, half=0.2, z=0.1), square(white, half=0.1, z=-0.05)
    camera, middle = frontal(), (SIZE // 2, SIZE // 2)

    def brightness(person: Person, lighting: Lighting) -> float:
        renderer.load(person, lighting)
        behind = renderer.render(
            orbit_camera(
                1.2, 0, 1.0, target_in_world=np.array([0, 0, 0.1]), vertical_field_of_view=0.3, width=SIZE, height=SIZE
            )
        )
        return float(behind.rgba[middle][:3].mean())

    lamp, sky = light(lamp=0.8, sky=0.0), light(sky=0.6)
    renderer.load(person_of(wall, roof), sky)

    assert brightness(person_of(wall, roof), lamp) < 0.2 * brightness(person_of(wall), lamp)
    assert brightness(person_of(wall, roof), sky) < 0.9 * brightness(person_of(wall), sky)
    assert renderer.render(camera).depth[0, 0] in (0.0, pytest.approx(1.1, abs=1e-3))


def test_hair_ends_where_it_is_cut(renderer, white):
    """Vertices say how far inside the cut they lie: half a square stays, its edge straight or ragged, never beyond."""
    whole = square(white, half=0.08, z=0.0)
    regions = np.stack([0 * whole.uv[:, 0], whole.positions[:, 0], 0 * whole.uv[:, 0], 1 + 0 * whole.uv[:, 0]], axis=1)
    camera = frontal()
    column = np.indices((SIZE, SIZE))[1]
    areas = []
    for ragged in (0.0, 0.01):
        look = Look(recolour=Recolour(dye_amount=1.0), strands=Strands(ragged=ragged))
        renderer.load(person_of(replace(whole, regions=regions.astype(np.float32), look=look)), light())
        alpha = renderer.render(camera).rgba[..., 3] / 255
        areas.append(alpha.sum())
        assert (alpha[column < camera.cx - 0.03 * camera.fx] == 0).all()
        assert alpha[SIZE // 2, int(camera.cx + 0.05 * camera.fx)] == 1
        edges = (alpha > 0.5).argmax(axis=1)[alpha.any(axis=1)]
        assert np.ptp(edges) <= 1 if ragged == 0 else np.ptp(edges) > 2

    assert areas[0] == pytest.approx(0.5 * (0.16 * camera.fx) ** 2, rel=0.05)
    assert areas[1] == pytest.approx(areas[0], rel=0.15)


def test_the_higher_a_shell_the_less_of_it_is_left(renderer, white):
    """Fuzz is cut out of its layers hair by hair: dense at the skin, a few tips at the top."""
    whole = square(white, half=0.08, z=0.0)
    uv = (whole.positions[:, :2] / (CELLS_ACROSS * 0.004)).astype(np.float32)
    look = Look(recolour=Recolour(dye_amount=1.0), strands=Strands(fuzz=True, ragged=0.0))
    covered = []
    for height in (0.1, 0.5, 0.7, 0.9):
        regions = np.tile(np.array([height, 1.0, 0.0, 1.0], np.float32), (len(uv), 1))
        shell = replace(whole, regions=regions, uv=uv, look=look, texture=Drawn.CELLS)
        renderer.load(person_of(shell), light())
        covered.append(renderer.render(frontal()).rgba[..., 3].mean())

    assert covered == sorted(covered, reverse=True)
    assert covered[0] > 0.95 * 255 * (0.16 * frontal().fx / SIZE) ** 2 and covered[3] < 0.3 * covered[0]


def test_each_way_of_shading_answers_the_lamp(renderer, white):
    """Oren-Nayar and film give another picture than Lambert and a soft shoulder; both darken with the light."""
    renderer.load(person_of(square(white, half=0.08, z=0.0)), light(lamp=0.8, sky=0.1))
    usual = renderer.render(frontal()).rgba[SIZE // 2, SIZE // 2, :3].astype(int)
    shades = []
    for lamp in (0.2, 0.8):
        renderer.load(
            person_of(square(white, half=0.08, z=0.0)),
            replace(light(lamp=lamp, sky=0.1), shading=("OREN_NAYAR", "FILM")),
        )
        shades.append(renderer.render(frontal()).rgba[SIZE // 2, SIZE // 2, :3].astype(int))

    assert 0 < shades[0].min() and (shades[1] > shades[0] + 20).all()
    assert np.abs(shades[1] - usual).max() > 2


def test_transparent_parts_take_their_neighbours_colour():
    """Red hair on black nothing stays red under any filter."""
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[20:40, 20:40] = [200, 30, 10, 255]
    filled = bleed_colours(rgba)

    assert np.array_equal(filled[..., 3], rgba[..., 3])
    assert np.abs(filled[18, 30, :3].astype(int) - [200, 30, 10]).max() < 12


def test_framing_touches_the_box_on_its_longer_sides():
    """At scale 1 the box's projection spans the picture from edge to edge, whichever way the camera points."""
    rng = np.random.default_rng(0)
    for camera in draw_cameras(rng, 256)[0]:
        corners, _ = project(framed_camera(camera.world_from_camera, HEAD.box, 100), HEAD.box.corners)
        spans = corners.max(axis=0) - corners.min(axis=0)

        assert spans.max() == pytest.approx(100)
        assert 0.5 * (corners.max(axis=0) + corners.min(axis=0)) == pytest.approx([49.5, 49.5])


def test_a_photo_cuts_what_is_framed():
    """What is framed lies in the box and in the photo: a close photo's crop is its middle, a wide one's the box."""
    pose = look_at(np.array([0.1, 0.0, -0.7]), FACE)
    box, close, wide = (
        framed_camera(pose, HEAD.frame, 100, photo=photo)
        for photo in (None, PhotoFrame(0.2, np.array([0.1, 0.0])), PhotoFrame(2.0, np.zeros(2)))
    )
    face, depth = project(close, FACE[None])

    assert close.fx * 0.2 / depth[0] == pytest.approx(100)
    assert face[0] == pytest.approx([49.5 - 0.1 * 100, 49.5])
    assert wide.intrinsics == pytest.approx(box.intrinsics)


def test_cameras_are_where_people_hold_them():
    """Most in front, some behind; never within a hand of the face, and never farther than across a table."""
    rng = np.random.default_rng(1)
    yaws, distances = [], []
    for _ in range(40):
        cameras, yaw, _ = draw_cameras(rng, 64)
        yaws.append(yaw)
        distances += [np.linalg.norm(c.position_in_world) for c in cameras]
    yaws = np.abs(np.concatenate(yaws))

    assert 0.6 < (yaws < np.radians(60)).mean() < 0.85
    assert (yaws > np.radians(130)).mean() > 0.02
    assert 0.35 < min(distances) and max(distances) < 2.2


@needs_makehuman
def test_pictures_depths_and_landmarks_of_a_person_agree(tmp_path):
    """Depth comes back to the mesh, landmarks to the skin, and it is all repeatable."""
    data, renderer = MakeHuman(FOLDER), SceneRenderer(256)
    arrays = photograph_person(data, renderer, 11)
    again = photograph_person(data, renderer, 11)
    person = draw_person(data, 11)
    front = int(np.abs(arrays["yaw"]).argmin())
    world_from_camera = np.linalg.inv(arrays["camera_from_world"][front].astype(float))
    k = arrays["intrinsics"][front].astype(float)
    camera = Camera(k[0, 0], k[1, 1], k[0, 2], k[1, 2], 256, 256, world_from_camera)
    depth = arrays["depth"][front].astype(float)

    row, column = np.nonzero((depth > 0) & (arrays["rgba"][front][..., 3] == 255))
    picked = np.random.default_rng(0).choice(len(row), 300, replace=False)
    pixels = np.stack([column, row], axis=1)[picked].astype(float)
    points = unproject(camera, pixels, depth[row[picked], column[picked]])
    distance = _distance_to_surfaces(points, person)

    assert np.percentile(distance, 95) < 0.002
    at, z = project(camera, arrays["landmarks"][[133, 362, 61, 291, 1, 152]].astype(float))
    c, r = np.rint(at).astype(int).T
    assert np.median(np.abs(depth[r, c] - z)) < 0.003
    assert all(np.array_equal(arrays[key], again[key]) for key in arrays)
    write_person(person_path(tmp_path, 11), arrays)
    with np.load(person_path(tmp_path, 11)) as read:
        assert np.array_equal(read["rgba"], arrays["rgba"]) and int(read["seed"]) == 11
    assert [path.name for path in tmp_path.iterdir()] == ["person_00011.npz"]


def _distance_to_surfaces(points: np.ndarray, person: Person) -> np.ndarray:
    """Metres from each point to the nearest triangle of a person."""
    corners = np.concatenate([s.positions[s.triangles] for s in person.surfaces]).astype(np.float64)
    centres, reach = corners.mean(axis=1), 0.03
    distances = []
    for point in points:
        a, b, c = np.moveaxis(corners[np.linalg.norm(centres - point, axis=1) < reach], 1, 0)
        distances.append(_distance_to_triangles(point, a, b, c).min(initial=reach))
    return np.array(distances)


def _distance_to_triangles(point: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The plane's distance where the foot is inside, else that of the nearest side."""
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-15)
    height = np.einsum("ij,ij->i", point - a, normal)
    foot = point - height[:, None] * normal
    turns = [np.einsum("ij,ij->i", np.cross(q - p, foot - p), normal) for p, q in ((a, b), (b, c), (c, a))]
    to_sides = []
    for p, q in ((a, b), (b, c), (c, a)):
        along = np.einsum("ij,ij->i", point - p, q - p) / np.maximum(((q - p) ** 2).sum(axis=1), 1e-15)
        to_sides.append(np.linalg.norm(point - p - np.clip(along, 0, 1)[:, None] * (q - p), axis=1))
    return np.where(np.min(turns, axis=0) >= 0, np.abs(height), np.min(to_sides, axis=0))


@needs_makehuman
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    """Whole files are kept untouched, missing ones are made, and progress counts both."""
    mark_folder(tmp_path, USUAL, holds_data=False)
    person_path(tmp_path, 20).write_bytes(b"already here")
    seen = []
    files = synthesise(
        FOLDER, tmp_path, people=2, first_seed=20, processes=1, progress=lambda done, of: seen.append((done, of))
    )

    assert [f.name for f in files] == ["person_00020.npz", "person_00021.npz"]
    assert files[0].read_bytes() == b"already here"
    assert seen == [(1, 2), (2, 2)]
    with np.load(files[1]) as arrays:
        assert arrays["rgba"].shape == (14, 256, 256, 4) and arrays["depth"].dtype == np.float16
        assert str(arrays["generator"]) == USUAL.mark


def test_a_camera_on_a_stand_is_level() -> None:
    """It looks in just the direction that it is said to, upright, and the head is in the middle of its picture."""
    cameras = capture_cameras(np.random.default_rng(5), LEVEL_YAWS, size=64, spread=0.0)

    for name, camera in cameras.items():
        right, down, ahead = camera.world_from_camera[:3, :3].T
        assert np.degrees(np.arctan2(-ahead[0], ahead[2])) == pytest.approx(LEVEL_YAWS[name], abs=1e-9), name
        np.testing.assert_allclose(down, [0, 1, 0], atol=1e-12)
        assert right[1] == pytest.approx(0, abs=1e-12)
        pixel, _ = project(camera, HEAD_MIDDLE[None])
        np.testing.assert_allclose(pixel[0], 31.5, atol=6)


@needs_makehuman
def test_a_capture_reads_back_with_its_truth(tmp_path):
    """Landmarks projected by the file's cameras lie in the masks; left is the camera on the person's right."""
    render_capture(MakeHuman(FOLDER), 31, tmp_path, renderer=SceneRenderer(96))
    capture, landmarks = load_capture(tmp_path), np.load(tmp_path / "landmarks.npy").astype(float)

    assert capture.names == tuple(f"{name}.png" for name in CAPTURE_YAWS)
    for photo, camera, mask in zip(capture.photos, capture.cameras, capture.masks, strict=True):
        assert photo.rgb.shape == (96, 96, 3) and photo.focal_px is None
        under_the_skin = landmarks[[1, 10, 152]] + [0.0, -0.01, 0.025]
        column, row = np.rint(project(camera, under_the_skin)[0]).astype(int).T
        assert mask[row.clip(0, 95), column.clip(0, 95)].min() > 0.9
    assert capture.cameras[0].position_in_world[0] < 0 < capture.cameras[2].position_in_world[0]
