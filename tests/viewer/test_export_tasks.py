"""Pictures, films and meshes as files, without a window but with real files."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import trimesh
from PIL import Image

from kpnerf.core.errors import UserError
from kpnerf.core.export import to_bytes
from kpnerf.viewer import export_tasks, filming

from .blob_engine import BlobEngine, blobs, eventually
from .test_session import Desk
from .test_tasks import run


def test_a_picture_is_drawn_anew_at_the_wanted_size(desk, tmp_path):
    """With the alpha of the avatar, from where it is looked at; both sides even."""
    path = tmp_path / "avatar.png"
    desk.session.eye.look(desk.session.eye.view.orbited(50, 10, 240))
    view = desk.session.eye.view
    export_tasks.export_picture(desk.session, path, 321, transparent=True)
    run(desk)
    picture = np.asarray(Image.open(path))

    assert picture.shape == (240, 320, 4)
    np.testing.assert_array_equal(picture, to_bytes(blobs(desk.session.document, view.camera(320, 240), (320, 240))))
    assert desk.session.status().text == "Saved avatar.png"


@pytest.mark.parametrize("name", ["turn.mp4", "turn.gif", "turn"])
def test_a_turntable_can_be_played(desk, tmp_path, name):
    """As a film, as a GIF, as pictures."""
    path = tmp_path / name
    export_tasks.export_turntable(desk.session, path, 96, frames=8, fps=12)
    run(desk)
    files = sorted(path.iterdir()) if path.is_dir() else [path]

    assert len(files) == (8 if path.is_dir() else 1)
    assert frames_in(files[0]) == (1 if path.is_dir() else 8)


def test_a_cancelled_turntable_leaves_no_file(desk, tmp_path):
    """And the window goes on."""
    desk.engine.seconds_per_frame = 0.05
    export_tasks.export_turntable(desk.session, tmp_path / "turn.mp4", 96, frames=500, fps=12)
    assert eventually(lambda: desk.frame() or desk.session.status().text.startswith("Drawing 3"))
    desk.session.task_lane.cancel()
    run(desk, 5)

    assert list(tmp_path.iterdir()) == []
    assert desk.session.status().text == "Cancelled: Turntable"


@pytest.mark.parametrize("name", ["film.mp4", "film.gif", "film"])
def test_a_film_along_the_path_shows_its_views(desk, tmp_path, name):
    """As a film, as a GIF, as pictures: those are exactly what the avatar looks like from there."""
    session, path = desk.session, tmp_path / name
    session.eye.look(session.eye.view.orbited(60, 10, 240))
    filming.add_view(session)
    session.eye.look(session.eye.view.orbited(-110, 5, 240).zoomed(2))
    filming.add_view(session)
    export_tasks.export_film(session, path, 96, fps=4)
    filming.clear_path(session)  # what is filmed is the path as it was when that was asked for
    run(desk)

    assert session.status().text == f"Saved {name}"
    if not path.is_dir():
        assert frames_in(path) == 8
        return
    files = sorted(path.iterdir())
    assert len(files) == 8
    first, last = session.editor.history.entries[2].document.camera_path.views
    for file, view in ((files[0], first), (files[-1], last)):
        drawn = to_bytes(blobs(session.document, view.camera(96, 72), (96, 72)))
        np.testing.assert_allclose(np.asarray(Image.open(file)).astype(int), drawn, atol=1)


def test_there_and_back_is_drawn_once(desk, tmp_path):
    """A loop through two views comes by every place twice."""
    session = desk.session
    filming.add_view(session)
    session.eye.look(session.eye.view.orbited(60, 10, 240))
    filming.add_view(session)
    filming.loop_path(session, loop=True)
    export_tasks.export_film(session, tmp_path / "film", 96, fps=5)
    run(desk)

    assert len(list((tmp_path / "film").iterdir())) == 20
    assert sum(camera.width == 96 for camera in desk.engine.drawn) == 11


def test_a_path_that_leads_nowhere_is_not_filmed(desk, tmp_path):
    """One view is told in a sentence, before anything is drawn."""
    filming.add_view(desk.session)

    with pytest.raises(UserError, match="one view leads nowhere"):
        export_tasks.export_film(desk.session, tmp_path / "film.mp4", 96, fps=4)
    assert desk.session.task_lane.current is None


def test_a_mesh_is_of_the_document_as_it_was_when_it_was_asked_for(desk, tmp_path):
    """Whatever is edited while it is made."""
    then = desk.session.document
    desk.engine.gate.clear()
    export_tasks.export_mesh(desk.session, tmp_path / "avatar.ply")
    assert eventually(lambda: desk.frame() or desk.session.status().text == "Making the mesh")
    desk.session.editor.begin_moving(1, {"nose tip"})
    desk.session.editor.move_by(9, 9)
    desk.session.editor.commit()
    desk.engine.gate.set()
    run(desk)
    vertices = trimesh.load(tmp_path / "avatar.ply", process=False).vertices

    np.testing.assert_allclose(vertices, then.calibration.keypoints.xyz[:4] * [1, -1, -1], atol=1e-6)
    assert desk.session.status().text == "Saved avatar.ply"


def test_a_cancelled_mesh_leaves_no_file_and_a_format_that_there_is_not_begins_nothing(desk, tmp_path):
    """The one is given up within moments, the other is told in a sentence before anything is drawn."""
    desk.engine.gate.clear()
    export_tasks.export_mesh(desk.session, tmp_path / "avatar.glb")
    assert eventually(lambda: desk.frame() or desk.session.status().text == "Making the mesh")
    desk.session.task_lane.cancel()
    run(desk, 5)

    assert list(tmp_path.iterdir()) == []
    assert desk.session.status().text == "Cancelled: Mesh"
    with pytest.raises(UserError, match="no known mesh format"):
        export_tasks.export_mesh(desk.session, tmp_path / "avatar.obj")
    assert desk.session.task_lane.current is None


def test_the_screen_is_drawn_while_a_turntable_is_made(desk, tmp_path):
    """Orbiting during an export shows new pictures within moments."""
    desk.engine.seconds_per_frame = 0.01
    export_tasks.export_turntable(desk.session, tmp_path / "turn.mp4", 96, frames=400, fps=12)
    for step in range(5):
        desk.session.eye.look(desk.session.eye.view.orbited(10 + step, 0, 240))
        desk.settle()

    assert desk.session.task_lane.current is not None
    desk.session.task_lane.cancel()
    run(desk, 5)


def test_nothing_can_be_exported_before_there_is_an_avatar(tmp_path):
    """One sentence instead of an empty picture."""
    desk = Desk(BlobEngine())

    with pytest.raises(UserError, match="no avatar"):
        export_tasks.export_picture(desk.session, tmp_path / "a.png", 128, transparent=True)
    assert eventually(desk.session.close)


def frames_in(path: Path) -> int:
    """How many pictures ffmpeg reads from a file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "framemd5", "-"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    return sum(1 for line in listed.splitlines() if not line.startswith("#"))
