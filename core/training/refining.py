"""Adapting the network to one person: each given photo is rendered from the others, and the difference made smaller.

Rendering a photo from itself would teach nothing, because the network copies pixels; so the photo that is rendered is
hidden from the network. What is learnt are additions to the weights of the two heads; the encoder stays, and with it
the encoded photos. (IBRNet, Wang et al., 2021, fine-tunes a network on one scene.) Small movements of the cameras and
gains of the photos' colours were learnt beside them and taken out again: photos left out gained nothing by them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..geometry import Box
from ..model.additions import head_parameters, own_heads
from ..model.keypoint_nerf import KeypointNeRF
from ..model.precision import fast_arithmetic
from ..model.stacks import stacked
from ..model.views import EncodedViews
from .distances import draw_distances
from .losses import LossWeights, picture_losses
from .photo_rays import PATCH, Target, draw_patch
from .ray_rendering import render_rays

STRATIFIED = 14
"""Samples spread over a ray, before those outside the visual hull are dropped."""
NEAR_SURFACE = (0.005, 0.005, 0.005, 0.005, 0.005, 0.02, 0.02)
"""Further samples round the surface as it was before: how far from it, standard deviations in metres."""
WARM_UP = 10
"""Steps until the learning rate is at its highest."""


@dataclass(frozen=True)
class RefineSettings:
    """How much is learnt, and how fast."""

    steps: int = 360
    """In all; each is one patch of one photo."""
    minutes: float = 2.0
    """After which it ends, however many steps there were."""
    learning_rate: float = 2e-4
    """At its highest; Adam's."""
    pull: float = 1.0
    """Times the squared additions: how much they are held to nothing."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Subject:
    """Everything about the photos that stays as it is."""

    model: KeypointNeRF
    encoded: EncodedViews
    keypoints: Float[Tensor, "k 3"]
    volume: Box
    targets: tuple[Target, ...]
    """One a photo, in the order of the encoded views."""


Learnt = dict[str, Tensor]
"""Additions to the heads' parameters, by name."""


def mean_of(learnt: Sequence[Learnt]) -> Learnt:
    """The mean of what was learnt with one photo after the other left out: all of it is so near to nothing that the
    mean of weights is about the mean of networks."""
    return {name: torch.stack([each[name] for each in learnt]).mean(dim=0) for name in learnt[0]}


def learn(
    subject: Subject,
    targets: Sequence[int],
    settings: RefineSettings,
    *,
    steps: int,
    share: Callable[[], float] = lambda: 0.0,
    step_done: Callable[[float], None] = lambda share: None,
) -> Learnt:
    """Render the photos of `targets` from all others, each with itself hidden, and learn from the difference.

    Ends after `steps`, or once `share`, of the time that there is, has reached one; the learning rate falls with
    whichever is farther. `step_done` is told how far that is, and may raise to stop.
    """
    rng, generator = np.random.default_rng(settings.seed), torch.Generator().manual_seed(settings.seed)
    model = own_heads(subject.model)
    heads = head_parameters(model)
    parameters = list(heads.values())
    start = [values.detach().clone() for values in parameters]
    average = [values.detach().clone() for values in parameters]
    optimiser = _Adam(parameters)
    done, step = 0.0, 0
    while done < 1:
        done = min(1.0, max(step / steps, share()))
        ease = min(1.0, (step + 1) / WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        loss = patch_loss(subject, model, targets[step % len(targets)], rng, generator)
        away = torch.stack([(now - then).square().sum() for now, then in zip(parameters, start, strict=True)]).sum()
        for values in parameters:
            values.grad = None
        (loss + settings.pull * away).backward()
        if torch.isfinite(nn.utils.clip_grad_norm_(parameters, 1.0)):
            optimiser.step(settings.learning_rate * ease)
        step += 1
        with torch.no_grad():
            torch._foreach_lerp_(average, [now.detach() for now in parameters], 1 - min(0.95, step / (3 + step)))
        step_done(done)
    return {name: mean - then for name, mean, then in zip(heads, average, start, strict=True)}


class _Adam:
    """Adam (Kingma and Ba, 2015).

    torch's own loads its compiler, and with it Triton where that is installed, whose LLVM ends a process that has the
    one of Mesa's drivers: a window without a graphics card of NVIDIA's.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], *, first: float = 0.9, second: float = 0.99) -> None:
        self._parameters, self._first, self._second = parameters, first, second
        self._means = [torch.zeros_like(values) for values in parameters]
        self._squares = [torch.zeros_like(values) for values in parameters]
        self._steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Follow the parameters' gradients; those without any stay."""
        self._steps += 1
        unbiased = 1 - self._first**self._steps, 1 - self._second**self._steps
        for values, mean, square in zip(self._parameters, self._means, self._squares, strict=True):
            if values.grad is not None:
                mean.lerp_(values.grad, 1 - self._first)
                square.lerp_(values.grad.square(), 1 - self._second)
                values -= rate * (mean / unbiased[0]) / ((square / unbiased[1]).sqrt() + 1e-8)


def patch_loss(
    subject: Subject, model: KeypointNeRF, target: int, rng: np.random.Generator, generator: torch.Generator
) -> Float[Tensor, ""]:
    """Of a random patch of a photo, rendered from the others."""
    patch = draw_patch(subject.targets[target], rng).to(subject.keypoints.device)
    others = [view for view in range(len(subject.targets)) if view != target]
    pose = subject.encoded.source.camera_from_world[target]
    origin, directions = -pose[:3, :3].T @ pose[:3, 3], patch.slopes @ pose[:3, :3]
    distances = draw_distances(
        origin,
        directions,
        patch.distance,
        generator,
        volume=subject.volume,
        stratified=STRATIFIED,
        near_surface=NEAR_SURFACE,
    )
    origins = origin.expand_as(directions)
    with fast_arithmetic(directions.device):
        found = render_rays(
            model,
            stacked([subject.encoded.picked(others)]),
            *(rows[None] for rows in (subject.keypoints, origins, directions, distances)),
        )
    rgb, alpha = found.colour, found.along.sum(dim=-1)
    weights = LossWeights()
    # That there is something is known also where no other photo sees its colour: outlines are seen from both sides.
    rgb = torch.where(patch.shown[:, None], rgb, patch.rgb)
    terms = picture_losses(rgb, alpha, patch.rgb, patch.alpha, PATCH)
    return torch.stack([getattr(weights, name) * value for name, value in terms.items()]).sum()
