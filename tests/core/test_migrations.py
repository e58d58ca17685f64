"""Files of older formats: opened as if they had been saved today."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np

from kpnerf.core import edits
from kpnerf.core.camera_path import CameraPath
from kpnerf.core.migrations import FORMAT_VERSION, MIGRATIONS, migrated
from kpnerf.core.project_file import open_with_history, save_project

from .staged import staged_document

DATA = Path(__file__).parent / "data"


def version_of(project: Path) -> int:
    """As its record says."""
    return json.loads(zipfile.ZipFile(project).read("project.json"))["version"]


def test_a_file_of_the_first_format_opens_and_is_saved_in_the_newest(tmp_path):
    """`format-1.kpnerf` was written by the program as it was then; everything in it is still there."""
    project = tmp_path / "me.kpnerf"
    shutil.copy(DATA / "format-1.kpnerf", project)
    expected = edits.move_keypoint(staged_document((-30.0, 30.0)), 0, "chin", (100.0, 99.5))
    expected = edits.hold_out(edits.occlude_keypoint(expected, 1, "nose tip"), 1)
    document, history = open_with_history(project)
    before = version_of(project)
    save_project(document, project, history=history)

    assert (before, version_of(project)) == (1, FORMAT_VERSION)
    assert history == () and document.camera_path == CameraPath()
    for ours, theirs in zip(document.views, expected.views, strict=True):
        np.testing.assert_array_equal(ours.photo.rgb, theirs.photo.rgb)
        np.testing.assert_array_equal(ours.mask, theirs.mask)
        np.testing.assert_array_equal(ours.keypoints.occluded, theirs.keypoints.occluded)
        np.testing.assert_allclose(ours.keypoints.xy_px, theirs.keypoints.xy_px, atol=1e-6)
        assert ours.held_out == theirs.held_out
        assert ours.distortion == 0 and ours.as_loaded is None


def test_there_is_a_way_from_every_format_to_the_newest():
    """One function for each, and the number grows by one each time."""
    assert sorted(MIGRATIONS) == list(range(1, FORMAT_VERSION))
    assert migrated({"version": 1, "views": [], "settings": {}})["version"] == FORMAT_VERSION
    assert migrated({"version": 4, "settings": {"sigma": 0.05}})["settings"] == {
        "sigma": 0.05,
        "mirror": True,
        "expression": "automatic",
    }
    said = ["a.png does not fit.", "The mouth is open: the avatar is sharper with one expression in all photos."]
    solved = migrated({"version": 6, "settings": {}, "calibration": {"warnings": said, "scale": 1}})["calibration"]
    assert solved == {"warnings": said[:1], "scale": 1}
    newest = {"version": FORMAT_VERSION, "history": ["kept"]}
    assert migrated(newest) is newest
