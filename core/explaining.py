"""Pictures that explain the avatar: the photos, keypoints and settings of a document for the modes of `influence`."""

from collections.abc import Callable, Iterator
from typing import get_args

import numpy as np
import torch

from .camera import Camera
from .document import Document, RenderMode
from .model.keypoint_nerf import KeypointNeRF
from .model.views import EncodedViews
from .probe import Probe
from .render.influence import InfluenceMode, Photograph, Subject, explain
from .render.renderer import Frame
from .render.view_modes import ViewMode

DRAWN: dict[RenderMode, ViewMode] = {mode: mode for mode in get_args(ViewMode)}
"""Modes that the renderer draws itself."""
EXPLAINED: dict[RenderMode, InfluenceMode] = {mode: mode for mode in get_args(InfluenceMode)}
"""Modes that ask about a finished picture."""
FIRST_STRIDE = 4
"""Of the first answer: every so manieth row and column."""


def explained(
    mode: RenderMode,
    model: KeypointNeRF,
    encoded: EncodedViews,
    document: Document,
    camera: Camera,
    probe: Probe,
    frames: Iterator[Frame],
    is_stale: Callable[[], bool] = lambda: False,
) -> Iterator[Frame]:
    """Turns pictures of depth into a coarse picture of an `EXPLAINED` mode, and the finished one into a fine one.

    `camera` is in the head frame, of the size of the pictures. Ends early once `is_stale` says so.
    """
    subject, first = subject_of(model, encoded, document, probe), True
    for frame in frames:
        finished = frame.progress == 1
        if not (first or finished):
            continue
        if first and (coarse := _picture(mode, subject, camera, frame, FIRST_STRIDE)) is not None:
            yield coarse
        first = False
        if finished and (fine := _picture(mode, subject, camera, frame, 1, is_stale)) is not None:
            yield fine


def subject_of(model: KeypointNeRF, encoded: EncodedViews, document: Document, probe: Probe) -> Subject:
    """What pictures of a document are made of; a probe's keypoints and photo that there are not are left out."""
    assert document.calibration is not None, "encode_document has refused a document without cameras"
    schema, device = document.schema, encoded.low.device
    against = None
    if 0 <= probe.photo < len(document.views):
        view, seen_by = document.views[probe.photo], document.calibration.head_cameras[probe.photo]
        rgb = torch.from_numpy(view.photo.rgb.astype(np.float32) / 255).to(device)
        mask = torch.from_numpy(view.mask.astype(np.float32)).to(device)
        against = Photograph(rgb, mask, seen_by)
    return Subject(
        model=model,
        encoded=encoded,
        keypoints=torch.from_numpy(document.calibration.keypoints.xyz.astype(np.float32)).to(device),
        box=document.schema.box,
        photos=document.sources,
        chosen=tuple(schema.index(name) for name in probe.keypoints if name in schema.names),
        depth=probe.depth,
        against=against,
    )


def _picture(
    mode: RenderMode,
    subject: Subject,
    camera: Camera,
    frame: Frame,
    stride: int,
    is_stale: Callable[[], bool] = lambda: False,
) -> Frame | None:
    made = explain(
        EXPLAINED[mode], subject, camera, frame.rgba[..., 3], frame.distance, stride=stride, is_stale=is_stale
    )
    if made is None:
        return None
    rgba, asked = made
    return Frame(rgba, frame.distance, 1.0 if stride == 1 else min(frame.progress, 0.5), frame.samples + asked)
