"""Commands of the `kpnerf` program: cameras, keypoints and masks told and written, pictures and films drawn."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kpnerf.core.cli import main
from kpnerf.core.commands.bench import sample_photos
from kpnerf.core.doubts import MIRRORED
from kpnerf.core.interop.formats import load_capture
from kpnerf.core.keypoints import HEAD
from kpnerf.core.project_file import open_project

from .staged import POINTS, staged_camera, staged_capture


@pytest.fixture
def capture(tmp_path) -> Path:
    """A capture folder with known cameras and keypoints, and nothing on its pictures."""
    return staged_capture(tmp_path / "capture")


# --- detect and calibrate


def test_calibrate_takes_known_cameras_as_they_are(capture, capsys):
    """The JSON has what scripts rely on, in metres and OpenCV axes, and nothing else is on the standard output."""
    code = main(["calibrate", str(capture), "--json"])
    told = json.loads(capsys.readouterr().out)

    assert code == 0
    assert [view["name"] for view in told["views"]] == ["a.png", "b.png", "c.png"]
    for view, yaw in zip(told["views"], (-30, 0, 30), strict=True):
        camera = staged_camera(yaw)

        assert set(view) >= {"name", "fl_x", "fl_y", "cx", "cy", "w", "h", "world_from_camera", "residual_px"}
        assert np.allclose(view["world_from_camera"], camera.world_from_camera, atol=1e-9)
        assert (view["fl_x"], view["w"], view["h"]) == (pytest.approx(camera.fx), camera.width, camera.height)
        assert (view["cx"], view["cy"]) == pytest.approx((camera.width / 2, camera.height / 2))
        assert view["residual_px"] < 0.5
    to_world = np.array(told["world_from_head"])
    found = np.array(list(told["keypoints_in_head"].values())) @ to_world[:3, :3].T + to_world[:3, 3]
    assert np.allclose(found, POINTS, atol=1e-4)


def test_calibrate_writes_projects_and_captures_that_open_again(capture, tmp_path, capsys):
    """Either is a source for the next command, with the same cameras."""
    main(["calibrate", str(capture), "--json", "-o", str(tmp_path / "me.kpnerf")])
    first = json.loads(capsys.readouterr().out)
    main(["calibrate", str(tmp_path / "me.kpnerf"), "--json", "-o", str(tmp_path / "again")])
    second = json.loads(capsys.readouterr().out)

    assert first == second
    assert open_project(tmp_path / "me.kpnerf").views[0].lock_pose
    assert np.allclose(
        load_capture(tmp_path / "again").cameras[0].world_from_camera, staged_camera(-30).world_from_camera
    )


def test_calibrate_tells_people_the_same_in_words(capture, capsys):
    """One line a picture."""
    main(["calibrate", str(capture)])
    lines = capsys.readouterr().out.splitlines()

    assert len(lines) == 3
    assert lines[0].startswith("a.png  focal length") and "residual" in lines[0]


def test_calibrate_says_what_is_doubtful(capsys):
    """Photos from one side only are solved, and a sentence beside the figures says what they cannot tell."""
    front = str(sample_photos()[0])
    code = main(["calibrate", front])
    told = capsys.readouterr()
    main(["calibrate", front, "--json"])
    record = json.loads(capsys.readouterr().out)

    assert code == 0 and len(told.out.splitlines()) == 1
    assert "seen from one side only" in told.err
    assert any("seen from one side only" in doubt for doubt in record["doubts"])


def test_photos_without_a_face_are_refused(tmp_path, capsys):
    """By every command that needs cameras, with their names; nothing is written."""
    for name in ("meadow", "sky"):
        Image.new("RGB", (200, 150), (90, 120, 90)).save(tmp_path / f"{name}.png")
    photos = [str(tmp_path / f"{name}.png") for name in ("meadow", "sky")]
    for command in ("calibrate", "render"):
        code = main([command, *photos, "-o", str(tmp_path / "out.png")])

        assert code == 2
        assert "No face was found in meadow.png or sky.png." in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


def test_detect_says_when_there_is_no_face(tmp_path, capsys):
    """The photo is kept and reported; its keypoints are unusable, not invented."""
    Image.new("RGB", (200, 150), (90, 120, 90)).save(tmp_path / "meadow.png")
    code = main(["detect", str(tmp_path / "meadow.png"), "--json"])
    view = json.loads(capsys.readouterr().out)["views"][0]
    main(["detect", str(tmp_path / "meadow.png")])

    assert code == 0
    assert (view["name"], view["w"], view["h"], view["face"]) == ("meadow.png", 200, 150, False)
    assert set(view["keypoints"]) == set(HEAD.names)
    assert not any(point["usable"] for point in view["keypoints"].values())
    assert capsys.readouterr().out == "meadow.png  200 x 150  no face found\n"


def test_what_detect_writes_completes_a_capture(capture, tmp_path, capsys):
    """Masks and keypoints.json under the names that capture folders use."""
    main(["detect", str(capture), "-o", str(tmp_path / "found")])
    places = json.loads((tmp_path / "found" / "keypoints.json").read_text())

    assert sorted(file.name for file in (tmp_path / "found" / "masks").iterdir()) == ["a.png", "b.png", "c.png"]
    assert set(places["a.png"]) == set(HEAD.names)
    assert Image.open(tmp_path / "found" / "masks" / "a.png").size == (320, 240)


# --- render and turntable


def test_render_from_an_orbit_and_from_a_held_out_camera(capture, tmp_path, capsys):
    """Sizes are as asked for: square on an orbit, the picture's own shape through its camera."""
    orbit, view = tmp_path / "orbit.png", tmp_path / "view.png"
    small = ["--quality", "reference", "--size", "24"]
    main(["render", str(capture), "--orbit", "-20", "5", *small, "-o", str(orbit), "--json"])
    told = json.loads(capsys.readouterr().out)
    main(["render", str(capture), "--view", "b", "--sources", "a", "c.png", *small, "-o", str(view)])

    assert (told["path"], told["w"], told["h"]) == (str(orbit), 24, 24) and told["samples"] > 0
    assert Image.open(orbit).size == (24, 24) and Image.open(orbit).mode == "RGBA"
    assert Image.open(view).size == (24, 18)


def test_edges_are_soft_unless_it_is_for_comparing(capture, tmp_path):
    """They only ever take from a picture, and leave the middle of it. What a camera sees is always plain."""
    alphas = {}
    orbit, view = ["--orbit", "10", "0"], ["--view", "b"]
    for side in (orbit, view):
        for edges in ([], ["--plain"]):
            file = tmp_path / f"{len(alphas)}.png"
            main(["render", str(capture), *side, "--quality", "reference", "--size", "32", *edges, "-o", str(file)])
            alphas[side[0], bool(edges)] = np.asarray(Image.open(file))[..., 3].astype(int)
    soft, hard = alphas["--orbit", False], alphas["--orbit", True]

    assert (soft <= hard).all() and soft.sum() < hard.sum()
    assert soft[14:18, 14:18].sum() > 0.9 * hard[14:18, 14:18].sum() > 0
    np.testing.assert_array_equal(alphas["--view", False], alphas["--view", True])


def test_one_turned_photo_has_a_mirror_image_unless_it_is_not_wanted(capture, tmp_path, capsys):
    """The terminal says so; two photos from either side need none, and are told nothing."""
    told, small = [], ["--quality", "reference", "--size", "16", "--orbit", "20", "0"]
    for number, words in enumerate((["a"], ["a", "--no-mirror"], ["a", "c"])):
        file = tmp_path / f"{number}.png"
        main(["render", str(capture), *small, "-o", str(file), "--sources", *words])
        told.append(MIRRORED in capsys.readouterr().err)
    pictures = [np.asarray(Image.open(tmp_path / f"{number}.png")) for number in (0, 1)]

    assert told == [True, False, False]
    assert not np.array_equal(*pictures)


def test_an_unknown_view_or_source_is_refused_with_the_names_there_are(capture, tmp_path, capsys):
    """Before anything is drawn."""
    codes = [
        main(["render", str(capture), "--view", "d", "-o", str(tmp_path / "x.png")]),
        main(["render", str(capture), "--sources", "a", "d", "-o", str(tmp_path / "x.png")]),
    ]
    told = capsys.readouterr().err

    assert codes == [2, 2]
    assert told.count("no picture called “d”. The pictures are: a.png, b.png, c.png.") == 2
    assert not (tmp_path / "x.png").exists()


def test_a_turntable_is_a_film_of_as_many_frames_as_asked_for(capture, tmp_path, capsys):
    """And the JSON says where it is."""
    film = tmp_path / "me.gif"
    small = ["--quality", "reference", "--size", "16", "--frames", "4", "--fps", "10"]
    main(["turntable", str(capture), "--yaw", "-30", "30", *small, "-o", str(film), "--json"])
    told = json.loads(capsys.readouterr().out)

    assert told == {"path": str(film), "frames": 4, "fps": 10}
    with Image.open(film) as gif:
        assert (gif.n_frames, gif.size, gif.info["duration"]) == (4, (16, 16), 100)
        there, end, back = (np.asarray(gif.convert("RGB")) for _ in map(gif.seek, (1, 2, 3)))
    assert (there == back).all() and (there != end).any()
