"""`kpnerf train`: one process, several side by side, or a part of what `torchrun` launches."""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import get_args

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from ..errors import UserError
from ..model.keypoint_nerf import ModelConfig
from ..model.spatial import Encoding
from .population import population_of
from .trainer import Trainer, TrainingSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `kpnerf train`."""
    parser.add_argument(
        "data",
        type=Path,
        help="folder of people written by `kpnerf synth`, or a MakeHuman data folder: nobody is met twice",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; an unfinished run there goes on")
    parser.add_argument("--steps", type=int, default=TrainingSettings.steps)
    parser.add_argument(
        "--depth-steps", type=int, default=0, help="of these, the first so many teach depth alone, which costs less"
    )
    parser.add_argument("--learning-rate", type=float, default=TrainingSettings.learning_rate)
    parser.add_argument("--warm-up", type=int, default=TrainingSettings.warm_up, help="steps up to that rate")
    parser.add_argument("--encoding", choices=get_args(Encoding), default="relative_z_decay")
    parser.add_argument("--patches", type=int, default=TrainingSettings.patches, help="patches of 32² rays a step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=1, help="of each process: prepare data for it")
    parser.add_argument("--processes", type=int, default=1, help="work side by side, gradients averaged")
    parser.add_argument("--items", type=int, default=1, help="photo sets a step in each process")
    parser.add_argument("--only", default="", metavar="NAME", help="teach only weights whose names begin so")
    parser.add_argument("--start-from", type=Path, help="weights to start from")
    parser.add_argument("--checkpoint-minutes", type=float, default=3.0)
    parser.add_argument("--full-precision", action="store_true", help="no bfloat16, where the hardware has it")


def run(args: argparse.Namespace) -> int:
    """`kpnerf train`; under `torchrun` one of its processes, on one machine or many."""
    population_of(args.data)
    if "TORCHELASTIC_RUN_ID" in os.environ:
        args.processes = int(os.environ["WORLD_SIZE"])
        _run_process(int(os.environ["RANK"]), args, "env://")
    elif args.processes > 1:
        meeting_point = f"file://{tempfile.mktemp(prefix='kpnerf-train-')}"
        mp.spawn(_run_process, args=(args, meeting_point), nprocs=args.processes)
    else:
        _run_process(0, args, None)
    return 0


def _run_process(rank: int, args: argparse.Namespace, meeting_point: str | None) -> None:
    if args.device == "cpu" and args.processes > 1:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // args.processes))
    settings = TrainingSettings(
        steps=args.steps,
        learning_rate=args.learning_rate,
        warm_up=args.warm_up,
        patches=args.patches,
        seed=args.seed,
        mixed_precision=not args.full_precision,
        processes=args.processes,
        items=args.items,
        only=args.only,
        depth_steps=args.depth_steps,
    )
    device, backend = args.device, "gloo"
    if device == "cuda":
        beside = int(os.environ.get("LOCAL_RANK", rank))
        device = f"cuda:{beside % torch.cuda.device_count()}"
        # Processes that share a GPU keep it busy while one of them prepares its next kernels; nccl wants one for each.
        alone = int(os.environ.get("LOCAL_WORLD_SIZE", args.processes)) <= torch.cuda.device_count()
        backend = "nccl" if alone else "gloo"
        torch.cuda.set_device(device)
    if meeting_point is not None:
        dist.init_process_group(backend, init_method=meeting_point, rank=rank, world_size=args.processes)
    trainer = Trainer(ModelConfig.head(args.encoding), settings, args.data, args.out, device=device, rank=rank)
    if args.start_from is not None and trainer.step == 0:
        trainer.adopt(args.start_from)
    parent = os.getppid()
    # Where the parent was killed the others would wait for each other's gradients for ever.
    trainer.run(checkpoint_minutes=args.checkpoint_minutes, workers=args.workers, stop=lambda: os.getppid() != parent)
    if dist.is_initialized():
        dist.destroy_process_group()


def main() -> None:
    """Entry point of `python -m kpnerf.core.training.train`."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    try:
        sys.exit(run(parser.parse_args()))
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
