"""Cameras from landmarks, on faces whose every millimetre is known; no pictures, so nothing but geometry counts."""

from dataclasses import replace

import numpy as np
import pytest

from kpnerf.core.bundle import Bundle, adjust, cost, jacobians, residuals, rotation_from_vector
from kpnerf.core.calibration import Calibration, calibrate, solve_keypoints
from kpnerf.core.camera import Camera, look_at
from kpnerf.core.canonical import canonical_face, drift
from kpnerf.core.errors import UserError
from kpnerf.core.geometry import project, transform
from kpnerf.core.head_placement import in_head_frame
from kpnerf.core.keypoints import HEAD, Keypoints2D, PointState
from kpnerf.core.observation import ViewObservation
from kpnerf.core.pose import pose_from_points

WIDTH, HEIGHT, FOCAL = 640, 800, 900.0
CHOSEN = list(HEAD.landmarks)


def person(seed: int = 0) -> np.ndarray:
    """Landmarks of somebody, metres in the head frame: the mean face a little wider, longer, and a little uneven."""
    random = np.random.default_rng(seed)
    stretched = canonical_face().points * (1 + random.uniform(-0.02, 0.02, 3))
    return stretched + random.normal(size=stretched.shape) * 0.2 * canonical_face().spread


def stranger() -> np.ndarray:
    """Somebody else, whose face is a good deal longer and whose nose and chin are others."""
    return canonical_face().points * [0.8, 1.3, 0.6] + np.array([0.0, 0.02, 0.0])


def camera(yaw: float, *, pitch: float = 3.0, distance: float = 0.75) -> Camera:
    """A camera `yaw` degrees to the person's left, looking at the middle of the face."""
    yaw, pitch = np.deg2rad(yaw), np.deg2rad(pitch)
    place = distance * np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
    middle = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    return Camera(FOCAL, FOCAL, *middle, WIDTH, HEIGHT, look_at(place, np.array([0.0, 0.02, -0.03])))


def keypoints(xy_px: np.ndarray, state: PointState = PointState.DETECTED) -> Keypoints2D:
    """All the schema's points, visible, in one state."""
    known = float(state in (PointState.DETECTED, PointState.PLACED))
    return Keypoints2D(
        HEAD, xy_px, np.full(len(HEAD), state), np.full(len(HEAD), known), np.zeros(len(HEAD), dtype=bool)
    )


def seen_by(taken_with: Camera, face: np.ndarray, name: str = "photo.jpg", noise_px: float = 1.0) -> ViewObservation:
    """A photo as the detector sees it: landmarks drawn a little towards the front, and a pixel of noise."""
    random = np.random.default_rng(int(1e6 * abs(taken_with.position_in_world[0])) + 1)
    pixels, _ = project(taken_with, face + drift(canonical_face(), taken_with.position_in_world))
    pixels = pixels + random.normal(size=pixels.shape) * noise_px
    return ViewObservation(name, WIDTH, HEIGHT, None, keypoints(pixels[CHOSEN]), pixels)


def nobody(name: str = "nobody.jpg") -> ViewObservation:
    """A photo without a face, its points laid out in the middle."""
    return ViewObservation(name, WIDTH, HEIGHT, None, keypoints(np.full((len(HEAD), 2), 300.0), PointState.UNPLACED))


def photos_of(face: np.ndarray, *yaws: float) -> list[ViewObservation]:
    """One photo a yaw."""
    return [seen_by(camera(yaw), face, f"{index}.jpg") for index, yaw in enumerate(yaws)]


def turn_between(a: Camera, b: Camera) -> np.ndarray:
    """The rotation from one camera to another."""
    return a.world_from_camera[:3, :3].T @ b.world_from_camera[:3, :3]


def degrees(rotation: np.ndarray) -> float:
    """Angle of a rotation."""
    return float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))


def turn_errors(found: Calibration, *yaws: float) -> list[float]:
    """Degrees by which the rotation between each camera and the next is off."""
    true = [camera(yaw) for yaw in yaws]
    pairs = range(len(yaws) - 1)
    return [
        degrees(turn_between(found.cameras[i], found.cameras[i + 1]).T @ turn_between(true[i], true[i + 1]))
        for i in pairs
    ]


def check_sound(found: Calibration, views: list[ViewObservation]) -> None:
    """Whatever the photos: everything finite, cameras rigid and in front of the head, in the photos' sizes."""
    assert len(found.cameras) == len(views)
    assert np.isfinite(found.keypoints.xyz).all() and np.isfinite(found.world_from_head).all()
    for one, view in zip(found.head_cameras, views, strict=True):
        rotation = one.world_from_camera[:3, :3]

        assert (one.width, one.height) == (view.width, view.height)
        assert 0.3 * WIDTH < one.fx < 10 * WIDTH
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)
        assert (project(one, found.keypoints.xyz)[1] > 0).all()
    usable = np.stack([view.keypoints.usable for view in views])
    np.testing.assert_array_equal(np.isfinite(found.residuals_px), usable)


@pytest.mark.parametrize("yaws", [(-35, 0, 35), (-20, 20), (-40, -30, -20, -10, 5, 15, 25, 35)], ids=len)
def test_cameras_are_found(yaws):
    """Two, three and eight photos of one lens: angles to a few degrees, everything explained to a pixel or so."""
    views = photos_of(person(), *yaws)
    found = calibrate(views)

    check_sound(found, views)
    assert max(turn_errors(found, *yaws)) < 4
    assert (found.residual_px < 3).all()
    assert np.median(found.residuals_px) < 3
    assert len({one.fx for one in found.cameras}) == 1
    np.testing.assert_array_equal(found.world_from_head, np.eye(4))
    assert (found.keypoints.views == len(yaws)).all()


def test_keypoints_are_the_person_s():
    """Within millimetres of the true points, after the head is laid on the mean face."""
    found = calibrate(photos_of(person(), -35, 0, 35))
    error = np.linalg.norm(found.keypoints.xyz - person()[CHOSEN], axis=1)

    assert np.median(error) < 0.006
    assert error.max() < 0.02


def test_one_photo():
    """It faces the head, with the depth of the mean face."""
    views = photos_of(person(), 20)
    found = calibrate(views)

    check_sound(found, views)
    assert found.residual_px[0] < 3
    assert (found.keypoints.views == 1).all()
    assert degrees(found.cameras[0].world_from_camera[:3, :3].T @ camera(20).world_from_camera[:3, :3]) < 8


def test_the_same_photo_three_times():
    """Three cameras in one place, not one of them thrown far off."""
    views = photos_of(person(), 10) * 3
    found = calibrate(views)

    check_sound(found, views)
    places = np.stack([one.position_in_world for one in found.cameras])
    assert np.linalg.norm(places - places[0], axis=1).max() < 0.02
    assert max(degrees(turn_between(found.cameras[0], one)) for one in found.cameras) < 1
    assert (found.residual_px < 3).all()


def test_two_people():
    """What does not fit together stays finite, and a sentence asks whether it is one person; of one it does not."""
    views = [*photos_of(person(), -30, 0), *photos_of(stranger(), 30)]
    together, alone = calibrate(views), calibrate(photos_of(person(), -30, 0, 30))

    check_sound(together, views)
    assert any("the same person" in sentence for sentence in together.warnings)
    assert not alone.warnings


def test_a_told_focal_length_is_believed():
    """EXIF narrows the focal length to a few percent, whatever the landmarks would have said."""
    views = [replace(view, focal_px=FOCAL) for view in photos_of(person(), -25, 0, 25)]
    found = calibrate(views)

    assert [one.fx for one in found.cameras] == pytest.approx([FOCAL] * 3, rel=0.1)


def test_focal_lengths_apart():
    """Asked not to share, each photo gets its own."""
    found = calibrate(photos_of(person(), -25, 25), shared_focal=False)

    assert found.cameras[0].fx != found.cameras[1].fx


def world_of_capture() -> np.ndarray:
    """world_from_head of a capture in centimetres, turned and shifted."""
    matrix = np.eye(4)
    matrix[:3, :3] = 100 * rotation_from_vector(np.array([0.4, -1.1, 0.3]))
    matrix[:3, 3] = (30.0, -120.0, 55.0)
    return matrix


def in_capture(one: Camera) -> Camera:
    """A camera of the head frame in that world."""
    matrix = world_of_capture()
    pose = np.eye(4)
    pose[:3, :3] = matrix[:3, :3] / 100 @ one.world_from_camera[:3, :3]
    pose[:3, 3] = transform(matrix, one.position_in_world)
    return one.posed(pose)


@pytest.fixture(scope="module")
def capture():
    """Three photos with known cameras in a world of centimetres, and what is solved from them."""
    yaws = (-35, 0, 35)
    views = [
        replace(view, camera=in_capture(camera(yaw)), lock_pose=True, lock_focal=True)
        for yaw, view in zip(yaws, photos_of(person(), *yaws), strict=True)
    ]
    return views, calibrate(views)


def test_known_cameras_are_taken_as_they_are(capture):
    """The very objects; and among metres of the head frame they stand where they stood."""
    views, found = capture

    assert all(one is view.camera for one, view in zip(found.cameras, views, strict=True))
    assert (found.residual_px < 3).all()
    for one, yaw in zip(found.head_cameras, (-35, 0, 35), strict=True):
        np.testing.assert_allclose(one.position_in_world, camera(yaw).position_in_world, atol=0.03)


def test_keypoints_of_known_cameras(capture):
    """Right to millimetres in the world of the cameras, whose scale is found too."""
    _, found = capture
    in_world = transform(found.world_from_head, found.keypoints.xyz)
    error_cm = np.linalg.norm(in_world - transform(world_of_capture(), person()[CHOSEN]), axis=1)

    assert np.cbrt(np.linalg.det(found.world_from_head[:3, :3])) == pytest.approx(100, rel=0.04)
    assert np.median(error_cm) < 0.3
    assert error_cm.max() < 0.8


def test_a_photo_among_known_cameras(capture):
    """A fourth photo without a camera gets one in the world of the three."""
    views, _ = capture
    found = calibrate([*views, seen_by(camera(15), person(), "new.jpg")])
    true = in_capture(camera(15))

    assert degrees(found.cameras[3].world_from_camera[:3, :3].T @ true.world_from_camera[:3, :3]) < 4
    assert all(one is view.camera for one, view in zip(found.cameras[:3], views, strict=True))


def test_a_locked_pose_is_kept():
    """Its focal length is found, its place is not touched."""
    views = photos_of(person(), -30, 0, 30)
    wrong_lens = replace(camera(-30), fx=700.0, fy=700.0)
    views[0] = replace(views[0], camera=wrong_lens, lock_pose=True)
    found = calibrate(views)

    np.testing.assert_allclose(found.cameras[0].world_from_camera, wrong_lens.world_from_camera, atol=1e-9)
    assert found.cameras[0].fx != 700.0


def test_a_locked_focal_length_is_kept():
    """With the camera that has it, or from the photo's own number."""
    views = photos_of(person(), -30, 0, 30)
    elsewhere = camera(40).posed(np.eye(4))
    views[0] = replace(views[0], camera=replace(elsewhere, fx=1100.0, fy=1100.0), lock_focal=True)
    views[1] = replace(views[1], focal_px=800.0, lock_focal=True)
    found = calibrate(views)

    assert found.cameras[0].fx == pytest.approx(1100) and found.cameras[1].fx == pytest.approx(800)
    assert np.linalg.norm(found.cameras[0].world_from_camera - np.eye(4)) > 0.1
    check_sound(found, views)


def test_a_photo_without_points_is_guessed():
    """A camera straight in front, and a sentence that names the photo; the others are found as without it."""
    views = [*photos_of(person(), -30, 30), nobody()]
    found = calibrate(views)

    check_sound(found, views)
    assert np.isnan(found.residual_px[2])
    assert max(turn_errors(found, -30, 30)) < 4
    assert any("nobody.jpg" in sentence for sentence in found.warnings)


def test_four_placed_points_make_a_camera():
    """With points put by hand a photo without a face is solved like the others."""
    taken_with = camera(30)
    pixels, _ = project(taken_with, person()[CHOSEN])
    view = nobody()
    for name in ("right eye outer corner", "left eye outer corner", "nose tip", "chin", "right mouth corner"):
        view = replace(view, keypoints=view.keypoints.moved(HEAD.index(name), tuple(pixels[HEAD.index(name)])))
    views = [*photos_of(person(), -30, 0), view]
    found = calibrate(views)

    check_sound(found, views)
    assert degrees(turn_between(found.cameras[1], found.cameras[2]).T @ turn_between(camera(0), taken_with)) < 8


def test_nobody_at_all():
    """Photos without a single point still come back with cameras to show them by."""
    views = [nobody("a.jpg"), nobody("b.jpg")]
    found = calibrate(views)

    check_sound(found, views)
    assert np.isnan(found.residual_px).all()


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_and_too_many_photos(count):
    """Refused with a sentence."""
    with pytest.raises(UserError):
        calibrate(photos_of(person(), 0) * count)


def test_progress_and_cancelling():
    """Progress grows to 1; cancelled at once, something sound still comes back."""
    shares = []
    views = photos_of(person(), -20, 20)
    calibrate(views, progress=shares.append)
    check_sound(calibrate(views, cancelled=lambda: True), views)

    assert shares == sorted(shares) and shares[-1] == 1.0


def test_moving_one_point_moves_it_alone():
    """In three dimensions too: the other points and their residuals do not stir."""
    yaws = (-35, 0, 35)
    views, cameras = photos_of(person(), *yaws), [camera(yaw) for yaw in yaws]
    before, residuals_before = solve_keypoints(views, cameras, np.eye(4))
    chin = HEAD.index("chin")
    x, y = views[1].keypoints.xy_px[chin]
    views[1] = replace(views[1], keypoints=views[1].keypoints.moved(chin, (x + 12, y)))
    after, residuals_after = solve_keypoints(views, cameras, np.eye(4))
    others = np.arange(len(HEAD)) != chin

    assert after.xyz[chin, 0] - before.xyz[chin, 0] > 0.003
    np.testing.assert_allclose(after.xyz[others], before.xyz[others], atol=2e-5)
    np.testing.assert_allclose(residuals_after[:, others], residuals_before[:, others], atol=0.05)


def test_keypoints_of_one_view_lie_on_its_ray():
    """Seen once, a point projects where it was seen, at about the mean face's depth; never seen, it is the mean's."""
    view = seen_by(camera(0), person())
    hidden = np.zeros(len(HEAD), dtype=bool)
    hidden[HEAD.index("chin")] = True
    view = replace(view, keypoints=replace(view.keypoints, occluded=hidden))
    solved, residuals_px = solve_keypoints([view], [camera(0)], np.eye(4))

    assert np.nanmax(residuals_px) < 1.5
    assert np.isnan(residuals_px[0, hidden]).all()
    np.testing.assert_array_equal(solved.views, np.where(hidden, 0, 1))
    np.testing.assert_allclose(solved.xyz[:, 2], canonical_face().points[CHOSEN, 2], atol=0.01)
    np.testing.assert_allclose(solved.xyz[hidden], canonical_face().points[CHOSEN][hidden], atol=1e-6)


def test_a_pose_from_exact_points():
    """Wherever the camera stood, the pose is found; four points that are not in a plane are enough."""
    points = canonical_face().points
    for yaw in (-60, -20, 0, 45):
        pixels, _ = project(camera(yaw, pitch=10), points)
        for chosen in (np.arange(len(points)), np.array([33, 263, 1, 152])):
            pose, _ = pose_from_points(points[chosen], pixels[chosen], camera(yaw).intrinsics, np.ones(len(chosen)))
            np.testing.assert_allclose(pose, camera(yaw, pitch=10).camera_from_world, atol=2e-3)
    with pytest.raises(ValueError, match="3 points"):
        pose_from_points(points[:3], pixels[:3], camera(0).intrinsics, np.ones(3))


def test_head_frame_of_a_scaled_world():
    """A camera in centimetres and the same camera in metres of the head see the same pixels."""
    points = person()[CHOSEN]
    one = in_capture(camera(25))
    seen, _ = project(one, transform(world_of_capture(), points))

    np.testing.assert_allclose(project(in_head_frame(one, world_of_capture()), points)[0], seen, atol=1e-6)


@pytest.fixture
def small_bundle():
    """Two views, six points, two lenses whose pixels are not square."""
    random = np.random.default_rng(11)
    poses = np.stack([camera(yaw).camera_from_world for yaw in (-25, 20)])
    points = person()[CHOSEN[:6]]
    return Bundle(
        camera_from_world=poses,
        log_focals=np.log([900.0, 700.0]),
        points=points,
        offsets=random.normal(size=(2, 6, 3)) * 0.002,
        pixels_px=random.uniform(200, 400, (2, 6, 2)),
        weights=random.uniform(0.2, 1, (2, 6)),
        centres_px=np.array([[320.0, 400.0], [300.0, 390.0]]),
        aspects=np.array([1.0, 1.1]),
        group=np.array([0, 1]),
        prior_points=points + 0.01,
        prior_weights=np.full(6, 50.0),
        prior_log_focals=np.log([1000.0, 800.0]),
        prior_focal_weights=np.array([2.0, 3.0]),
        free_pose=np.array([True, True]),
        free_focal=np.array([True, True]),
    )


def slope(function, size: int) -> np.ndarray:
    """Central differences of an array-valued function of `size` numbers, about zero; the last axis is the number."""
    step = 1e-6
    return np.stack([(function(step * unit) - function(-step * unit)) / (2 * step) for unit in np.eye(size)], axis=-1)


def test_derivatives_against_differences(small_bundle):
    """By turning and moving a camera, by the logarithm of its focal length, and by a point."""

    def pixels(**changed) -> np.ndarray:
        return residuals(replace(small_bundle, **changed))[0]

    def posed(step: np.ndarray) -> np.ndarray:
        poses = small_bundle.camera_from_world.copy()
        poses[:, :3, :3] = rotation_from_vector(step[:3]) @ poses[:, :3, :3]
        poses[:, :3, 3] += step[3:]
        return pixels(camera_from_world=poses)

    by_pose, by_focal, by_point = jacobians(small_bundle)

    np.testing.assert_allclose(by_pose, slope(posed, 6), rtol=1e-5, atol=1e-3)
    focal_slope = slope(lambda step: pixels(log_focals=small_bundle.log_focals + step), 1)
    np.testing.assert_allclose(by_focal, focal_slope[..., 0], rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(
        by_point, slope(lambda step: pixels(points=small_bundle.points + step), 3), rtol=1e-5, atol=1e-3
    )


def test_adjusting_ends_in_a_minimum(small_bundle):
    """The cost falls, and falls no further in any direction of any unknown."""
    projected = small_bundle.pixels_px + residuals(small_bundle)[0]
    start = replace(small_bundle, pixels_px=projected + np.random.default_rng(2).normal(0, 2, projected.shape))
    ended, reached = adjust(start, iterations=300)

    def cost_of_point(step: np.ndarray) -> np.ndarray:
        return np.array(cost(replace(ended, points=ended.points + step)))

    def cost_of_lens(step: np.ndarray) -> np.ndarray:
        return np.array(cost(replace(ended, log_focals=ended.log_focals + step)))

    assert reached == pytest.approx(cost(ended)) and reached < cost(start)
    assert np.abs(slope(cost_of_point, 3)).max() < 1e-3 * np.abs(ended.prior_weights**2).max()
    assert np.abs(slope(cost_of_lens, 2)).max() < 0.1


def test_what_is_held_stays(small_bundle):
    """A pose and a lens that are not free do not move at all."""
    held = replace(small_bundle, free_pose=np.array([False, True]), free_focal=np.array([True, False]))
    ended, _ = adjust(held)

    np.testing.assert_array_equal(ended.camera_from_world[0], held.camera_from_world[0])
    assert ended.log_focals[1] == held.log_focals[1]
    assert not np.array_equal(ended.camera_from_world[1], held.camera_from_world[1])
