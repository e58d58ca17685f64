"""From what a person names to a document."""

import numpy as np
import pytest
from PIL import Image

from kpnerf.core import edits
from kpnerf.core.edits import MAX_VIEWS
from kpnerf.core.errors import UserError
from kpnerf.core.interop.capture import Capture
from kpnerf.core.interop.transforms_json import write_capture
from kpnerf.core.keypoints import HEAD, PointState
from kpnerf.core.project_file import save_project
from kpnerf.core.source import load_source, named_files, read_source

from .staged import staged_document


@pytest.fixture
def meadows(tmp_path):
    """Two photos of nobody."""
    files = [tmp_path / "a.png", tmp_path / "b.jpg"]
    for file in files:
        Image.new("RGB", (200, 150), (90, 120, 90)).save(file)
    return files


@pytest.fixture
def capture(tmp_path):
    """A capture folder with cameras, masks and the keypoints of its first picture; one name is of no keypoint."""
    document = staged_document()
    folder = tmp_path / "capture"
    write_capture(
        folder,
        Capture(
            photos=tuple(view.photo for view in document.views),
            cameras=tuple(view.camera for view in document.views),
            masks=tuple(view.mask for view in document.views),
            keypoints=({"chin": (10.0, 20.5), "elbow": (1.0, 1.0)}, None, None),
        ),
    )
    return folder


def test_photos_without_a_face_are_kept(meadows):
    """Their points are unplaced, and nothing is solved behind the person's back."""
    document = read_source(meadows)

    assert document.names == ("a.png", "b.jpg")
    assert document.calibration is None
    assert (document.views[0].keypoints.state == PointState.UNPLACED).all()
    assert document.views[0].landmarks_px is None
    assert document.views[0].mask.shape == (150, 200)


def test_the_work_is_reported_and_shown_photo_by_photo(meadows):
    """What a window shows while it waits."""
    reports, shown = [], []
    read_source(meadows, report=lambda text, share: reports.append((text, share)), show=shown.append)

    assert reports == [("Looking at a.png, 1 of 2", 0.0), ("Looking at b.jpg, 2 of 2", 0.5)]
    assert [len(document.views) for document in shown] == [1, 2]
    assert shown[1].views[0] is shown[0].views[0]


def test_a_report_may_stop_the_work(meadows):
    """The exception comes through as it was."""

    def stop(text, share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_source(meadows, report=stop)


def test_a_capture_folders_cameras_masks_and_keypoints_come_first(capture, caplog):
    """Cameras are locked, masks are taken to the bit, known keypoints are placed; an unknown name is logged."""
    document = load_source([capture])
    staged = staged_document()
    points = document.views[0].keypoints
    chin = HEAD.index("chin")

    for view, original in zip(document.views, staged.views, strict=True):
        assert (view.lock_pose, view.lock_focal) == (True, True)
        assert np.allclose(view.camera.world_from_camera, original.camera.world_from_camera)
        assert np.array_equal(view.mask, original.mask)
    assert points.xy_px[chin].tolist() == [10.0, 20.5] and points.state[chin] == PointState.PLACED
    assert (points.state == PointState.PLACED).sum() == 1
    assert "no keypoint “elbow”" in caplog.text


def test_only_the_pictures_asked_for_are_read(capture, meadows, tmp_path):
    """From captures, photos and projects, in the order asked for."""
    save_project(edits.lock(staged_document(), 0, pose=True), tmp_path / "me.kpnerf")

    assert read_source([capture], names=["c", "a.png"]).names == ("c.png", "a.png")
    assert read_source(meadows, names=["b"]).names == ("b.jpg",)
    assert read_source([tmp_path / "me.kpnerf"], names=["b", "c"]).names == ("b.png", "c.png")
    with pytest.raises(UserError, match="no picture called “d”"):
        read_source(meadows, names=["d"])


def test_a_project_opens_as_it_was_saved(tmp_path):
    """Solved, with its settings: nothing is computed again."""
    save_project(staged_document(), tmp_path / "me.kpnerf")
    document = load_source([tmp_path / "me.kpnerf"])

    assert np.array_equal(document.calibration.keypoints.xyz, staged_document().calibration.keypoints.xyz)


def test_mixtures_and_nothing_are_refused(meadows, capture, tmp_path):
    """Each with a sentence that says what to name instead."""
    with pytest.raises(UserError, match="No photos were named"):
        read_source([])
    with pytest.raises(UserError, match="capture stands among other files"):
        read_source([capture, *meadows])
    with pytest.raises(UserError, match="me.kpnerf stands among other files"):
        read_source([*meadows, tmp_path / "me.kpnerf"])
    with pytest.raises(UserError, match="10 photos are too many"):
        read_source(5 * meadows)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="folder without photos, and without a transforms.json"):
        read_source([tmp_path / "empty"])


def test_a_folder_of_photos_is_its_photos(meadows, tmp_path):
    """In the order of their names, beside others too; what is no photo, or hidden, is passed over."""
    (tmp_path / "notes.txt").write_text("seen at the fair")
    (tmp_path / "._a.png").write_bytes(b"what macOS leaves")
    assert named_files([tmp_path]) == meadows
    other = tmp_path / "other"
    other.mkdir()
    Image.new("RGB", (200, 150)).save(other / "z.PNG")
    assert named_files([other, meadows[1]]) == [other / "z.PNG", meadows[1]]
    assert read_source([tmp_path]).names == ("a.png", "b.jpg")

    for number in range(MAX_VIEWS):
        (other / f"{number}.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=f"other holds {MAX_VIEWS + 1} photos"):
        named_files([other])
