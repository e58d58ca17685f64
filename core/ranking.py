"""Which point hurts most: every placement judged by how well everything else fits without it.

Leaving one placement out and solving its point again tells by how much the rest disagrees with it. Of a point that is
wrong in one photo the placements in the others do not fit either; so the worst is taken away first, and the others
are judged without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from .bundle import Bundle, adjust, residuals
from .camera import Camera, Matrix4
from .keypoint_solving import keypoint_bundle
from .observation import ViewObservation

_STEPS = 3
"""The points start where they are with everything counted in, which is near."""


@dataclass(frozen=True)
class Suspect:
    """One point in one photo, and what speaks against it."""

    view: int
    name: str
    gain: float
    """By how much the sum of squares falls without it, each error in units of what it is expected to be: about 2 for
    a good placement, and what the ranking goes by, because photos and points are known unequally well."""
    away_px: float
    """Distance from where everything else would have it, pixels of its photo."""
    before_px: float
    """Mean distance of the point's projections from its placements, pixels."""
    after_px: float
    """The same of the other placements, solved without this one; 0 when it is the only one."""


@dataclass(frozen=True)
class ViewSuspect:
    """One photo, and how well the points fit without it."""

    view: int
    gain: float
    """Median over its points of by how much the sum of squares falls without it: high where the camera is wrong, not
    where some points are."""
    before_px: float
    """Mean over its points of the mean distance of projections from placements, pixels."""
    after_px: float
    """The same in the other photos, solved without this one."""


@dataclass(frozen=True)
class Ranking:
    """Points and photos, what hurts most first."""

    points: tuple[Suspect, ...] = ()
    """Every usable placement."""
    views: tuple[ViewSuspect, ...] = ()
    """Every photo with a usable placement."""


def rank(views: Sequence[ViewObservation], cameras: Sequence[Camera], world_from_head: Matrix4) -> Ranking:
    """Judge all placements, cameras held, in some milliseconds: quick enough to run while a point is dragged."""
    if not views:
        return Ranking()
    bundle = _solved(keypoint_bundle(views, cameras, world_from_head))
    names = views[0].keypoints.schema.names
    remaining = bundle.weights > 0
    trial = _leave_out(bundle, remaining)
    whole = [_judged(trial, view, used) for view, used in enumerate(remaining) if used.any()]
    points = []
    while remaining.any():
        worst = np.where(remaining, trial.gain, -np.inf).argmax(axis=0)
        for point in np.nonzero(remaining.any(axis=0))[0]:
            view = int(worst[point])
            figures = (trial.gain, trial.away_px, trial.before_px, trial.after_px)
            points.append(Suspect(view, names[point], *(float(figure[view, point]) for figure in figures)))
            remaining[view, point] = False
        if remaining.any():
            trial = _leave_out(bundle, remaining)
    return Ranking(
        points=tuple(sorted(points, key=lambda suspect: -suspect.gain)),
        views=tuple(sorted(whole, key=lambda suspect: -suspect.gain)),
    )


def _judged(trial: "_Trial", view: int, used: Bool[np.ndarray, "k"]) -> ViewSuspect:
    """Leaving a photo out is leaving out each of its placements, because points do not touch each other."""
    before, after = (figure[view, used].mean() for figure in (trial.before_px, trial.after_px))
    return ViewSuspect(view, float(np.median(trial.gain[view, used])), float(before), float(after))


@dataclass(frozen=True, eq=False)
class _Trial:
    """What leaving out each placement leads to; meaningless where there is none."""

    gain: Float[np.ndarray, "v k"]
    away_px: Float[np.ndarray, "v k"]
    before_px: Float[np.ndarray, "v k"]
    after_px: Float[np.ndarray, "v k"]


def _leave_out(bundle: Bundle, counted: Bool[np.ndarray, "v k"]) -> _Trial:
    """All points solved from the placements that are `counted`, and again without each view in turn, at once."""
    views, count = counted.shape
    # One long row of points: all of them with everything counted, then all of them without view 0, without view 1, …
    masks = np.repeat(counted[None], views + 1, axis=0)
    masks[1 + np.arange(views), np.arange(views)] = False
    wide = _with_only(_repeated(bundle, views + 1), masks.transpose(1, 0, 2).reshape(views, -1))
    cost = _cost_per_point(wide).reshape(views + 1, count)
    distance = np.linalg.norm(residuals(wide)[0], axis=-1).reshape(views, views + 1, count).transpose(1, 0, 2)
    mean = (distance * masks).sum(axis=1) / np.maximum(masks.sum(axis=1), 1)
    each = np.arange(views)
    return _Trial(
        gain=cost[0] - cost[1:],
        away_px=distance[1 + each, each],
        before_px=np.broadcast_to(mean[0], (views, count)).copy(),
        after_px=mean[1:],
    )


def _solved(bundle: Bundle) -> Bundle:
    return adjust(bundle, iterations=_STEPS)[0]


def _repeated(bundle: Bundle, times: int) -> Bundle:
    """The same points several times over, to be solved from different placements."""
    return replace(
        bundle,
        points=np.tile(bundle.points, (times, 1)),
        offsets=np.tile(bundle.offsets, (1, times, 1)),
        pixels_px=np.tile(bundle.pixels_px, (1, times, 1)),
        weights=np.tile(bundle.weights, (1, times)),
        prior_points=np.tile(bundle.prior_points, (times, 1)),
        prior_weights=np.tile(bundle.prior_weights, times),
    )


def _with_only(bundle: Bundle, counted: Bool[np.ndarray, "v n"]) -> Bundle:
    """Solved from these placements alone."""
    return _solved(replace(bundle, weights=np.where(counted, bundle.weights, 0.0)))


def _cost_per_point(bundle: Bundle) -> Float[np.ndarray, "n"]:
    """Sum of squares of each point: of its placements, and of its distance from the mean face."""
    error, _ = residuals(bundle)
    placed = (bundle.weights**2 * np.sum(error**2, axis=-1)).sum(axis=0)
    return placed + bundle.prior_weights**2 * np.sum((bundle.points - bundle.prior_points) ** 2, axis=-1)
