"""Refine the avatar on a person: learn from the given photos, and keep it only where photos left out gain by it.

Every photo is left out once: what is learnt from rendering the other photos is judged by rendering this one. What is
kept is the mean of what was learnt each time, as a `Refinement` of the document.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Float

from .camera import Camera
from .crops import crop_views
from .document import Document
from .errors import UserError
from .figures import likeness
from .model.additions import fingerprint
from .model.keypoint_nerf import KeypointNeRF
from .model.views import EncodedViews
from .pipeline import encode_document, refined_model, render_request
from .refinement import Refinement
from .render.renderer import Renderer
from .training.photo_rays import SIDE, Target, hide_unseen, target_of
from .training.refining import Learnt, RefineSettings, Subject, learn, mean_of

Report = Callable[[str, float | None], None]
"""Told what is being done and the share that is done; may raise to stop the work."""
MOST_LOST = 0.1
"""Decibels that a photo left out may lose."""
LEAST_GAINED = 0.1
"""Decibels on average below which it is not worth it: what is seen between the photos might be no better."""
JUDGED_SIDE = 128
"""Of the pictures in which photos left out are compared, pixels."""
FEWEST = 2
"""Photos: one to render and one to render it from."""


@dataclass(frozen=True)
class LeftOut:
    """How well a photo was rendered from the others, by a network that never tried to."""

    photo: str
    before_db: float
    """PSNR in the box of its outline."""
    after_db: float

    @property
    def gain_db(self) -> float:
        """Below zero: refining made it worse."""
        return self.after_db - self.before_db


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of refining."""

    refinement: Refinement | None
    """None: photos that were left out gain too little by any, or one of them would lose too much."""
    left_out: tuple[LeftOut, ...]

    @property
    def sentence(self) -> str:
        """For the person."""
        gains = [each.gain_db for each in self.left_out]
        if self.refinement is not None:
            span = f"{min(gains):+.1f} to {max(gains):+.1f}"
            return f"Refined: photos that were left out gain {np.mean(gains):.1f} dB ({span})"
        worst = min(self.left_out, key=lambda each: each.gain_db)
        if worst.gain_db < -MOST_LOST:
            return f"Not refined: {worst.photo}, left out, would lose {-worst.gain_db:.1f} dB"
        return "Not refined: photos that were left out gain too little by it"


def refine(
    model: KeypointNeRF,
    document: Document,
    *,
    settings: RefineSettings = RefineSettings(),  # noqa: B008
    report: Report = lambda text, share: None,
) -> Outcome:
    """Refine `model`, as it was trained, on the source photos of a solved document.

    An earlier refinement plays no part in it: it is to be replaced. Neither `model` nor `document` is changed.
    Raises UserError where there are no cameras or fewer than two photos, and whatever `report` raises.
    """
    began = time.monotonic()
    if len(document.sources) < FEWEST:
        raise UserError(
            "Refining needs two photos: one is rendered from the others.", "Add photos, or use those held out."
        )
    report("Looking at the photos", 0.0)
    subject, before = _subject(model, document)
    names = [target.name for target in subject.targets]
    learnt: list[Learnt] = []
    left_out: list[LeftOut] = []
    for index, name in enumerate(names):
        looked = time.monotonic()
        allowed = max(1e-3, (60 * settings.minutes - (looked - began)) / (len(names) - index))
        text = f"Refining on this person without {name}, {index + 1} of {len(names)}"
        found = learn(
            subject,
            [other for other in range(len(names)) if other != index],
            settings,
            steps=max(1, settings.steps // len(names)),
            share=lambda looked=looked, allowed=allowed: (time.monotonic() - looked) / allowed,
            step_done=lambda share, index=index, text=text: report(text, (index + share) / len(names)),
        )
        learnt.append(found)
        target, tried = subject.targets[index], refined_model(model, _refinement(model, found))
        rgba = _rendered(tried, document, subject.encoded, index, target.camera)
        left_out.append(LeftOut(name, before[index], _psnr(rgba, target)))
    gains = [each.gain_db for each in left_out]
    pays = min(gains) >= -MOST_LOST and float(np.mean(gains)) >= LEAST_GAINED
    return Outcome(_refinement(model, mean_of(learnt)) if pays else None, tuple(left_out))


def _subject(model: KeypointNeRF, document: Document) -> tuple[Subject, list[float]]:
    """The photos, encoded once, with how far away the avatar is in each, and how well the others show it (PSNR)."""
    # The mirror image of a photo would show what it shows when it is left out.
    photos_alone = replace(document, settings=replace(document.settings, mirror=False))
    encoded = ordinary(encode_document(model, photos_alone))
    crops = crop_views(document, model.config.image_size)
    box, targets, before, whole = document.schema.box, [], [], Renderer(model)
    for index, (view, crop) in enumerate(zip(document.sources, crops, strict=True)):
        frame = whole.render(render_request(document, encoded, crop.camera.resized(JUDGED_SIDE, JUDGED_SIDE)))
        surface = np.where(frame.rgba[..., 3] > 0.5, frame.distance, np.nan)
        targets.append(target_of(document.names[view], crop, box, surface))
        before.append(_psnr(_rendered(model, document, encoded, index, crop.camera), targets[-1]))
    assert document.calibration is not None, "encode_document has refused a document without cameras"
    keypoints = torch.from_numpy(document.calibration.keypoints.xyz.astype(np.float32)).to(encoded.low.device)
    return Subject(model, encoded, keypoints, document.schema.volume, hide_unseen(targets)), before


def ordinary(encoded: EncodedViews) -> EncodedViews:
    """As ordinary float32 tensors, which gradients may flow through: those of inference may not."""
    source = replace(encoded.source, **{name: values.clone() for name, values in vars(encoded.source).items()})
    return EncodedViews(*encoded.each(lambda maps: maps.float().clone()), source=source)


def _rendered(
    model: KeypointNeRF, document: Document, encoded: EncodedViews, index: int, camera: Camera
) -> Float[np.ndarray, "h w 4"]:
    """A picture made of all source photos but one, small enough to judge it by."""
    others = [view for view in range(len(encoded.low)) if view != index]
    camera = camera.resized(JUDGED_SIDE, JUDGED_SIDE)
    return Renderer(model).render(render_request(document, encoded.picked(others), camera)).rgba


def _psnr(rgba: Float[np.ndarray, "h w 4"], target: Target) -> float:
    """Of a picture in the box of a photo's outline, as far as the photo reaches."""
    x0, y0, x1, y1 = (round(bound * JUDGED_SIDE / SIDE) for bound in target.covered)
    shown = np.s_[y0 : y1 + 1, x0 : x1 + 1]
    rgb, mask = (
        cv2.resize(picture.numpy(), (JUDGED_SIDE, JUDGED_SIDE), interpolation=cv2.INTER_AREA)
        for picture in (target.rgb, target.mask)
    )
    compared = likeness(rgba[shown], rgb[shown], mask[shown])
    return 0.0 if compared is None else compared.psnr


def _refinement(model: KeypointNeRF, learnt: Learnt) -> Refinement:
    """What was learnt, in the precision in which it is kept."""
    weights = {name: values.cpu().numpy().astype(np.float16) for name, values in learnt.items()}
    return Refinement(weights, fingerprint(model))
