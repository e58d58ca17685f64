"""Optimises a network on a folder of synthetic people; a killed run goes on where it was."""

import csv
import itertools
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from ..errors import UserError
from ..free_memory import Tidy
from ..model.checkpoint import load_weights, save_weights
from ..model.keypoint_nerf import KeypointNeRF, ModelConfig
from ..model.precision import fast_arithmetic
from .feeding import drawn_ahead, helpers, on_device
from .items import TrainingItem
from .losses import LossWeights
from .population import population_of
from .step import Terms, depth_losses, training_losses

LOGGED = [
    *("step", "seconds", "total"),
    *(field.name for field in fields(LossWeights)),
    *("samples", "gradient_norm", "learning_rate"),
]
"""Columns of the log; empty where a step knows nothing of them."""


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that decides what a run computes, apart from its data."""

    steps: int = 20_000
    learning_rate: float = 7e-4
    warm_up: int = 200
    ema_decay: float = 0.998
    gradient_clip: float = 1.0
    weight_decay: float = 0.01
    patches: int = 2
    patch: int = 32
    seed: int = 0
    mixed_precision: bool = True
    """bfloat16 where the hardware multiplies it faster; where it is imitated it takes many times as long."""
    processes: int = 1
    """Each works on items of its own at every step; their gradients are averaged."""
    items: int = 1
    """Of each process, one after the other, at every step."""
    only: str = ""
    """What the names of the weights that learn begin with; all others stay as they are."""
    depth_steps: int = 0
    """The first so many steps teach the encoder and the sweeps depth alone: every pixel of the photos teaches it, rays
    need not be followed, and everything else leans on it."""


def learning_rate(settings: TrainingSettings, step: int) -> float:
    """Linear warm-up, then a cosine down to a fiftieth."""
    warm = min(1.0, (step + 1) / settings.warm_up)
    done = min(1.0, step / max(1, settings.steps))
    return settings.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


class Trainer:
    """A network, its optimiser and its running average, and the folder they are kept in.

    The folder holds `checkpoint.pt` (everything needed to go on), `head.safetensors` (the averaged weights) and
    `log.csv`. Both files are replaced atomically, so a kill at any moment leaves the previous ones.
    """

    def __init__(
        self,
        config: ModelConfig,
        settings: TrainingSettings,
        data: Path | str,
        folder: Path | str,
        *,
        device: str,
        rank: int = 0,
    ) -> None:
        self.settings, self.device, self.folder, self.rank = settings, torch.device(device), Path(folder), rank
        self.people = population_of(data)
        torch.manual_seed(settings.seed)
        self.model = KeypointNeRF(config).to(self.device).channels_last().train()
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(name.startswith(settings.only))
        if not any(parameter.requires_grad for parameter in self.model.parameters()):
            parts = ", ".join(name for name, _ in self.model.named_children())
            raise UserError(
                f"The network has no weights whose names begin with {settings.only}.", f"Name one of {parts}."
            )
        self.average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            betas=(0.9, 0.99),
            fused=True,
        )
        self.step = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        if (self.folder / "checkpoint.pt").is_file():
            self._resume()

    def _resume(self) -> None:
        state = torch.load(self.folder / "checkpoint.pt", map_location=self.device, weights_only=True)
        if state["config"] != asdict(self.model.config):
            raise UserError(
                f"{self.folder} holds a run with another configuration.",
                "Name another --out folder, or repeat the options of the first run.",
            )
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]

    def adopt(self, weights: Path | str) -> None:
        """Start from the weights of an earlier network instead of from chance."""
        self.model.load_state_dict(load_weights(weights).state_dict())
        self.average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def save(self) -> None:
        """Write the checkpoint and the averaged weights."""
        state = {
            "config": asdict(self.model.config),
            "settings": asdict(self.settings),
            "model": self.model.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        temporary = self.folder / "checkpoint.pt.new"
        torch.save(state, temporary)
        os.replace(temporary, self.folder / "checkpoint.pt")
        weights = self.folder / "head.safetensors.new"
        save_weights(self.averaged_model(), weights, card={"steps": str(self.step), "people": str(len(self.people))})
        os.replace(weights, self.folder / "head.safetensors")

    def averaged_model(self) -> KeypointNeRF:
        """A network with the running average of the weights, for use."""
        model = KeypointNeRF(self.model.config)
        model.load_state_dict(self.average)
        return model.eval()

    def train_step(self, *items: TrainingItem) -> dict[str, float]:
        """One step on the mean loss of items; its terms, the gradient's norm and the learning rate."""
        rate = learning_rate(self.settings, self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        with fast_arithmetic(self.device) if self.settings.mixed_precision else nullcontext():
            terms = self._terms([item.to(self.device) for item in items])
        terms["total"].backward()
        if self.settings.processes > 1:
            self._share_gradients()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.gradient_clip)
        if torch.isfinite(norm):
            self.optimiser.step()
        self.step += 1
        self._average()
        # Told in one message: each would wait for the GPU.
        told = torch.stack([value.detach() for value in (*terms.values(), norm)]).tolist()
        return dict(zip((*terms, "gradient_norm"), told, strict=True)) | {"learning_rate": rate}

    def _terms(self, items: list[TrainingItem]) -> Terms:
        """The loss terms, on average over items."""
        encoded, weights = self.model.encode_all([item.source for item in items]), LossWeights()
        if self.step < self.settings.depth_steps:
            return depth_losses(encoded, items, weights)
        return training_losses(self.model, encoded, items, weights)

    def _draws(self, step: int) -> range:
        """Numbers of the items of a step that this process works on."""
        first = (step * self.settings.processes + self.rank) * self.settings.items
        return range(first, first + self.settings.items)

    def _share_gradients(self) -> None:
        """Replace the gradients by their mean over processes, in one message."""
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        flat = torch.cat([p.new_zeros(p.numel()) if p.grad is None else p.grad.reshape(-1) for p in parameters])
        dist.all_reduce(flat)
        flat /= self.settings.processes
        for p, part in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
            # In the parameter's own layout: the fused optimiser takes both as they lie in memory, and would otherwise
            # mix up a convolution's gradients without a word.
            p.grad = torch.empty_like(p).copy_(part.view(p.shape))

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        names: list[Tensor] = []
        values: list[Tensor] = []
        for name, value in self.model.state_dict().items():
            names.append(self.average[name])
            values.append(value)
        torch._foreach_lerp_(names, values, 1 - decay)

    def items(self, *, workers: int) -> Iterator[tuple[TrainingItem, ...]]:
        """The material of this and all further steps, drawn ahead by workers; ends with the last step."""
        draw = self.settings
        numbers = itertools.chain.from_iterable(map(self._draws, range(self.step, draw.steps)))
        with helpers(self.people, self.device, workers) as pool:
            drawn = drawn_ahead(
                pool,
                self.people,
                numbers,
                ahead=2 * workers + draw.items,
                seed=draw.seed,
                patches=draw.patches,
                patch=draw.patch,
            )
            yield from zip(*[drawn] * draw.items, strict=True)

    def run(
        self, *, checkpoint_minutes: float = 3.0, workers: int = 1, stop: Callable[[], bool] = lambda: False
    ) -> None:
        """Train to the last step, with a line of progress, a log and a checkpoint every few minutes.

        Once `stop` turns true the run is saved and left.
        """
        saved = shown = time.monotonic()
        noted: dict[str, list[float]] = {}
        # No two steps ask for tensors of the same sizes: without this the heap takes gigabytes within minutes. What was
        # given back has to be asked for again, which after each step would cost an eighth of it.
        tidy = Tidy(every=30.0)
        for items in on_device(self.items(workers=workers), self.device):
            losses = self.train_step(*items)
            tidy.now_and_then()
            for name, value in losses.items():
                noted.setdefault(name, []).append(value)
            if self.step % 50 == 0 or self.step == self.settings.steps:
                seconds = (time.monotonic() - shown) / len(noted["total"])
                if self.rank == 0:
                    self._log({name: sum(values) / len(values) for name, values in noted.items()}, seconds)
                shown, noted = time.monotonic(), {}
                self.people.refresh()
            stopping = stop()
            if self.rank == 0 and (stopping or time.monotonic() - saved > 60 * checkpoint_minutes):
                self.save()
                saved = time.monotonic()
            if stopping:
                return
        if self.rank == 0:
            self.save()

    def _log(self, means: dict[str, float], seconds: float) -> None:
        path = self.folder / "log.csv"
        row = {"step": self.step, "seconds": round(seconds, 3)} | {k: round(v, 6) for k, v in means.items()}
        fresh = not path.is_file()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, LOGGED)
            if fresh:
                writer.writeheader()
            writer.writerow(row)
        left = (self.settings.steps - self.step) * seconds / 60
        told = "".join(f"{name} {means[name]:.3f}  " for name in ("colour", "depth") if name in means)
        print(
            f"step {self.step}/{self.settings.steps}  loss {means['total']:.3f}  {told}"
            f"{seconds:.2f} s a step, {left:.0f} min left, {len(self.people)} people",
            file=sys.stderr,
            flush=True,
        )
