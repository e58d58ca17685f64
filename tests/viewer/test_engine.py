"""The memory of encodings."""

from dataclasses import replace

import numpy as np

from kpnerf.core import edits
from kpnerf.viewer.engine import Encodings

from ..core.staged import staged_document

DOCUMENT = staged_document()


def test_documents_with_the_same_photos_and_cameras_share_an_encoding():
    """Keypoints and settings play no part in it."""
    encodings = Encodings()
    encodings.keep(DOCUMENT, "first")
    moved = edits.move_keypoint(DOCUMENT, 0, "chin", (10.0, 10.0))
    larger = edits.set_render_settings(moved, replace(moved.settings, resolution=512))

    assert encodings.find(larger) == "first"


def test_cameras_masks_sources_and_the_head_frame_make_another_encoding():
    """Each of them is seen by the network."""
    encodings = Encodings()
    encodings.keep(DOCUMENT, "first")
    calibration = replace(DOCUMENT.calibration, world_from_head=np.eye(4))
    others = [
        edits.set_focal(DOCUMENT, 1, 400.0),
        edits.hold_out(DOCUMENT, 2),
        edits.apply_calibration(DOCUMENT, calibration),
    ]

    assert [encodings.find(other) for other in others] == [None, None, None]


def test_the_one_not_used_for_longest_is_forgotten():
    """Two are kept: what is shown, and what undo leads to."""
    encodings = Encodings(capacity=2)
    second, third = edits.set_focal(DOCUMENT, 0, 300.0), edits.set_focal(DOCUMENT, 0, 500.0)
    encodings.keep(DOCUMENT, 1)
    encodings.keep(second, 2)
    encodings.find(DOCUMENT)
    encodings.keep(third, 3)

    assert [encodings.find(document) for document in (DOCUMENT, second, third)] == [1, None, 3]
