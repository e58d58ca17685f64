"""`python -m tests.viewer.held_out VIEW PROJECT…`: how like an unseen photo each project's avatar is, as JSON, dB.

In a process of its own: there the renderer runs as it does for a person, without the checks of the test run.
"""

import json
import sys

from kpnerf.core import edits
from kpnerf.core.pipeline import Avatar
from kpnerf.core.project_file import open_project
from kpnerf.core.training.evaluation import compare, truth_of

SIDE = 64
"""Of the pictures compared, pixels."""


def psnr(avatar: Avatar, project: str, view: int) -> float:
    """Of the avatar made of the other photos, seen as by that photo's camera, in the box of the person."""
    document = edits.hold_out(open_project(project), view)
    shown, calibration = document.views[view], document.calibration
    truth = truth_of(shown.photo.rgb, shown.mask, calibration.head_cameras[view], document.schema.box, SIDE)
    frame = avatar.picture(avatar.encode(document), document, truth.camera, quality="interactive")
    return compare(frame.rgba, truth)["psnr_box"]


if __name__ == "__main__":
    avatar = Avatar.load()
    print(json.dumps([psnr(avatar, project, int(sys.argv[1])) for project in sys.argv[2:]]))
