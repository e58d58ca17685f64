"""Which single points cannot be right, told before anything is drawn with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .camera import Camera, Matrix4
from .canonical import canonical_face
from .geometry import project, transform
from .keypoints import Keypoints3D
from .observation import ViewObservation, pixels_per_metre
from .ranking import Suspect, ViewSuspect

_OUTLIER_GAIN = 30.0
"""Fall of the sum of squares beyond which a placement is no error of the ordinary kind: five and a half sigma."""
_OUTLIER_AWAY = 0.006
"""And it has to be this far off on the face, metres: what hand and detector are unsure of is not worth a sentence."""
_CAMERA_GAIN = 4.0
"""Median fall of the sum of squares per point without a photo; below 1.5 while cameras and points agree."""
_APART = 0.012
"""Two points of a mirror pair seen nearer to each other than this, metres on the face, may well change sides."""
_FROM_FACE = 0.05
"""A solved point this far from the mean face, metres, is on nobody's."""


@dataclass(frozen=True)
class PointDoubt:
    """One point in one photo that cannot be right."""

    view: int
    name: str
    reason: Literal["crossed", "off the face", "outlier"]
    text: str
    """For the person: a sentence with what to do."""


def doubt_points(
    views: Sequence[ViewObservation],
    cameras: Sequence[Camera],
    keypoints: Keypoints3D,
    world_from_head: Matrix4,
    ranking: Sequence[Suspect],
) -> tuple[PointDoubt, ...]:
    """What is implausible: mirror pairs that are crossed, points off the face, placements that contradict the others.

    `ranking` is what `ranking.rank` says about the same points; a placement is doubted once, for the first of these
    reasons.
    """
    off_the_face = _off_the_face(views, keypoints, ranking)
    told = {doubt.name for doubt in off_the_face}  # all of its placements contradict the face: one sentence is enough
    outliers = [doubt for doubt in _outliers(views, ranking) if doubt.name not in told]
    found: dict[tuple[int, str], PointDoubt] = {}
    for doubt in (*_crossed(views, cameras, world_from_head), *off_the_face, *outliers):
        found.setdefault((doubt.view, doubt.name), doubt)
    return tuple(found.values())


def doubt_cameras(views: Sequence[ViewObservation], ranking: Sequence[ViewSuspect]) -> tuple[str, ...]:
    """Sentences about photos that most of their points speak against: then it is the camera that is wrong.

    `ranking` is what `ranking.rank` says about the photos. Of two photos nobody can tell which is wrong.
    """
    if len(ranking) < 3 or ranking[0].gain < _CAMERA_GAIN:
        return ()
    worst = ranking[0]
    return (
        f"{views[worst.view].name} contradicts the other photos, its points are off by {worst.before_px:.1f} px and "
        f"would be by {worst.after_px:.1f} without it: solve the cameras again.",
    )


def _crossed(views: Sequence[ViewObservation], cameras: Sequence[Camera], world_from_head: Matrix4) -> list[PointDoubt]:
    """Left and right points that lie the other way round than the camera must see them."""
    found = []
    face = canonical_face().points
    for index, (view, camera) in enumerate(zip(views, cameras, strict=True)):
        schema, usable, seen = view.keypoints.schema, view.keypoints.usable, view.keypoints.xy_px
        expected, _ = project(camera, transform(world_from_head, face[list(schema.landmarks)]))
        least = _APART * pixels_per_metre(view)
        for pair in schema.mirror_pairs:
            right, left = (schema.index(name) for name in pair)
            apart = expected[left] - expected[right]
            length = float(np.linalg.norm(apart))
            if not (usable[right] and usable[left]) or length < least:
                continue
            if (seen[left] - seen[right]) @ apart < 0:
                text = f"The {pair[0]} and the {pair[1]} are crossed in {view.name}: swap left and right."
                found += [PointDoubt(index, name, "crossed", text) for name in pair]
    return found


def _off_the_face(
    views: Sequence[ViewObservation], keypoints: Keypoints3D, ranking: Sequence[Suspect]
) -> list[PointDoubt]:
    """Points in space that no face has there; blamed on the placement that fits the others least."""
    schema = keypoints.schema
    offset = keypoints.xyz - canonical_face().points[list(schema.landmarks)]
    blamed: dict[str, int] = {}
    for suspect in ranking:
        blamed.setdefault(suspect.name, suspect.view)
    found = []
    for index in np.nonzero(np.linalg.norm(offset, axis=1) > _FROM_FACE)[0]:
        name = schema.names[index]
        if name in blamed:
            place = "behind the face" if offset[index, 2] > _FROM_FACE / 2 else "off the face"
            text = f"The {name} comes out {place}: look at it in {views[blamed[name]].name} first."
            found.append(PointDoubt(blamed[name], name, "off the face", text))
    return found


def _outliers(views: Sequence[ViewObservation], ranking: Sequence[Suspect]) -> list[PointDoubt]:
    """Placements that everything else speaks against."""
    found = []
    for suspect in ranking:
        view = views[suspect.view]
        if suspect.gain < _OUTLIER_GAIN:
            break
        if suspect.away_px > _OUTLIER_AWAY * pixels_per_metre(view):
            alone = sum(other.keypoints.usable[other.keypoints.schema.index(suspect.name)] for other in views) == 1
            others = "a face would have it" if alone else "the other photos see it"
            text = f"The {suspect.name} in {view.name} is {suspect.away_px:.0f} px from where {others}."
            found.append(PointDoubt(suspect.view, suspect.name, "outlier", text))
    return found
