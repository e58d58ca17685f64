"""MediaPipe's face and person models, the only place that imports it: one set, one thread at a time, and quiet."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

_ONE_AT_A_TIME = threading.RLock()
_CHATTER = re.compile(
    rb"^(WARNING: All log messages before absl|INFO: Created TensorFlow Lite"
    rb"|[IW]\d{4} .*(\.cc:\d+\]|gl_context)|\s*$)"
)


def face_meshes(rgb: UInt8[np.ndarray, "h w 3"]) -> list[Float[np.ndarray, "478 2"]]:
    """Pixels of the landmarks of up to four faces, irises included (Grishchenko et al. 2020, attention mesh)."""
    with _ONE_AT_A_TIME, _quiet():
        found = _face_mesh().process(np.ascontiguousarray(rgb)).multi_face_landmarks or ()
    # The models count from the edge of the picture, the project from the centre of the first pixel.
    scale = np.array([rgb.shape[1], rgb.shape[0]], dtype=np.float64)
    return [np.array([[point.x, point.y] for point in face.landmark]) * scale - 0.5 for face in found]


def face_boxes(rgb: UInt8[np.ndarray, "h w 3"]) -> list[Float[np.ndarray, "4"]]:
    """Boxes (x0, y0, x1, y1 in pixels) of faces up to five metres away, most certain first (BlazeFace, full range)."""
    with _ONE_AT_A_TIME, _quiet():
        found = _face_detection().process(np.ascontiguousarray(rgb)).detections or ()
    height, width = rgb.shape[:2]
    boxes = []
    for detection in sorted(found, key=lambda one: -one.score[0]):
        box = detection.location_data.relative_bounding_box
        corners = np.array([box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height])
        boxes.append(corners * [width, height, width, height] - 0.5)
    return boxes


def person_probability(rgb: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """Probability that a pixel belongs to a person, from a network that sees 256 x 256 pixels (selfie segmentation)."""
    with _ONE_AT_A_TIME, _quiet():
        mask = _selfie_segmentation().process(np.ascontiguousarray(rgb)).segmentation_mask
    return np.clip(np.asarray(mask, dtype=np.float32), 0.0, 1.0)


@cache
def _face_mesh() -> Any:
    from mediapipe.python.solutions.face_mesh import FaceMesh

    return FaceMesh(
        static_image_mode=True,
        max_num_faces=4,
        refine_landmarks=True,
        min_detection_confidence=0.4,
        min_tracking_confidence=0.4,
    )


@cache
def _face_detection() -> Any:
    from mediapipe.python.solutions.face_detection import FaceDetection

    return FaceDetection(model_selection=1, min_detection_confidence=0.4)


@cache
def _selfie_segmentation() -> Any:
    from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

    return SelfieSegmentation(model_selection=0)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the models' C++ log from the terminal; whatever else is written to stderr meanwhile is passed on.

    MediaPipe 0.10.21 logs before its logging is set up, so no environment variable silences it.
    """
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, ValueError, AttributeError):  # no stderr at all, as under pythonw
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            caught.seek(0)
            for line in caught:
                if not _CHATTER.match(line):
                    os.write(kept, line)
            os.close(kept)
