"""Training on a few tiny made-up people: it learns, and a killed run goes on exactly."""

import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from kpnerf.core.errors import UserError
from kpnerf.core.keypoints import HEAD
from kpnerf.core.model.checkpoint import load_weights
from kpnerf.core.model.keypoint_nerf import KeypointNeRF, ModelConfig
from kpnerf.core.training.disturbances import cut_bounds, detected_keypoints, shaken_pose
from kpnerf.core.training.losses import LossWeights
from kpnerf.core.training.population import FIRST_SEED, SEEDS, People, photographed_of
from kpnerf.core.training.step import depth_losses, training_losses
from kpnerf.core.training.trainer import Trainer, TrainingSettings, learning_rate

from ..model import scene
from .drawn import draw_item
from .makehuman_data import FOLDER, needs_makehuman

CONFIG = ModelConfig(keypoints=13, sigma=0.05, encoder="pyramid", encoder_size=64)
ITEMS = 4
SETTINGS = TrainingSettings(steps=8, patches=1, patch=16, warm_up=2, mixed_precision=False)


def test_items_are_what_they_say(people: Path) -> None:
    """The same seed and step draw the same item; its rays point at the pixels whose colour they carry."""
    a, b = (draw_item(*People(people).draw(seed=3, step=7), patches=2, patch=16) for _ in range(2))

    torch.testing.assert_close(a.rgb, b.rgb)
    torch.testing.assert_close(a.source.images, b.source.images)
    surface = a.origins + a.distance[:, None] * a.directions
    hit = ~torch.isnan(a.distance)
    assert hit.any()
    # The made-up depth is a plane 9 cm before the origin, facing the camera.
    forward = -torch.nn.functional.normalize(a.origins, dim=-1)
    plane = ((surface - a.origins) * forward).sum(dim=-1)[hit]
    assert ((plane - 0.91).abs() < 0.02).all()


def test_a_resumed_run_is_the_run(people: Path, tmp_path: Path) -> None:
    """Stopped after four of eight steps and resumed, the weights are those of an uninterrupted run, to the bit."""
    torch.set_num_threads(1)
    whole = Trainer(CONFIG, SETTINGS, people, tmp_path / "whole", device="cpu")
    whole.run()
    part = Trainer(CONFIG, SETTINGS, people, tmp_path / "part", device="cpu")
    for step, items in enumerate(part.items(workers=1)):
        part.train_step(*items)
        if step == 3:
            break
    part.save()
    resumed = Trainer(CONFIG, SETTINGS, people, tmp_path / "part", device="cpu")
    assert resumed.step == 4
    resumed.run()

    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    assert load_weights(tmp_path / "part" / "head.safetensors").config == CONFIG
    assert (tmp_path / "part" / "log.csv").read_text().startswith("step,")


class Both(Trainer):
    """Two processes in one: gradients are averaged over its own item and the other's."""

    def _share_gradients(self) -> None:
        own = [p.grad for p in self.model.parameters()]
        number = 2 * self.step + 1
        item = draw_item(*self.people.draw(seed=self.settings.seed, step=number), patches=self.settings.patches)
        self.model.zero_grad(set_to_none=True)
        training_losses(self.model, [self.model.encode(item.source)], [item], LossWeights())["total"].backward()
        for p, first in zip(self.model.parameters(), own, strict=True):
            if p.grad is not None or first is not None:
                none = torch.zeros_like(p)
                p.grad = 0.5 * ((none if first is None else first) + (none if p.grad is None else p.grad))


def test_two_processes_are_one(people: Path, tmp_path: Path) -> None:
    """`kpnerf train` under torchrun gives the weights of one process that sees both processes' items."""
    settings = TrainingSettings(steps=2, patches=1, mixed_precision=False, processes=2)
    torch.set_num_threads(1)
    both = Both(ModelConfig.head(), settings, people, tmp_path / "both", device="cpu")
    both.run()
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    train = ["kpnerf.core.cli", "train", str(people), "--out", str(tmp_path / "two"), "--steps", "2", "--patches", "1"]
    run = subprocess.run(
        [*launch, *train, "--full-precision", "--device", "cpu"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr

    two = torch.load(tmp_path / "two" / "checkpoint.pt", weights_only=True)["model"]
    start = Trainer(ModelConfig.head(), settings, people, tmp_path / "start", device="cpu").model.state_dict()
    for name, value in both.model.state_dict().items():
        # Gradients are summed in another order; Adam's first steps turn the sign of a gradient into a whole step.
        moved = (value - start[name]).abs().max()
        assert (two[name] - value).abs().mean() <= 0.02 * moved + 1e-7, name


def test_several_items_are_a_step(people: Path, tmp_path: Path) -> None:
    """The gradients of several at once are the mean of theirs, as two processes with one each would share them.

    They are of one photo to four: some are worked on together, some have no depths to choose from.
    """
    torch.set_num_threads(1)
    settings = replace(SETTINGS, items=ITEMS)
    trainer = Trainer(ModelConfig.head(), settings, people, tmp_path / "two", device="cpu")
    items = next(iter(trainer.items(workers=1)))
    other = Trainer(ModelConfig.head(), replace(SETTINGS, processes=2), people, tmp_path / "one", device="cpu", rank=1)
    torch.testing.assert_close(next(iter(other.items(workers=1)))[0].rgb, items[1].rgb)
    photos = [len(item.source.images) for item in items]
    assert len(set(photos)) > 1 and len(set(photos)) < len(photos), photos

    apart = [training_losses(trainer.model, [trainer.model.encode(i.source)], [i], LossWeights()) for i in items]
    (torch.stack([terms["total"] for terms in apart]).sum() / ITEMS).backward()
    expected = {name: p.grad.clone() for name, p in trainer.model.named_parameters() if p.grad is not None}
    trainer.optimiser.step = lambda: None  # type: ignore[method-assign]
    trainer.settings = replace(settings, gradient_clip=1e9)
    told = trainer.train_step(*items)

    for name in apart[0]:
        values = [float(terms[name].detach()) for terms in apart if name in terms]
        assert told[name] == pytest.approx(sum(values) / len(values), rel=1e-4), name
    for name, gradient in expected.items():
        scale = gradient.abs().max()
        torch.testing.assert_close(
            dict(trainer.model.named_parameters())[name].grad, gradient, atol=float(1e-3 * scale) + 1e-7, rtol=1e-2
        )


def test_processes_draw_what_threads_draw(people: Path, tmp_path: Path) -> None:
    """Beside a GPU items come from processes: the same ones, in order, to the last step."""
    trainer = Trainer(CONFIG, replace(SETTINGS, steps=2), people, tmp_path, device="cpu")
    expected = [items[0].rgb for items in trainer.items(workers=1)]
    trainer.device = torch.device("cuda")
    found = [items[0].rgb.clone() for items in trainer.items(workers=1)]

    assert len(found) == 2
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, equal_nan=True)


def test_what_an_item_does_not_ask_has_no_gradient_to_share(people: Path, tmp_path: Path) -> None:
    """A single photo is corrected by no other; convolutions that lie otherwise in memory included."""
    trainer = Trainer(ModelConfig.head(), SETTINGS, people, tmp_path / "run", device="cpu")
    parameters = dict(trainer.model.named_parameters())
    for name, parameter in parameters.items():
        parameter.grad = None if name.startswith("sweep") else torch.rand_like(parameter)
    expected = {name: p.grad.clone() for name, p in parameters.items() if p.grad is not None}
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        trainer._share_gradients()
    finally:
        torch.distributed.destroy_process_group()

    for name, parameter in parameters.items():
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, expected.get(name, torch.zeros_like(parameter)))


def test_it_learns(people: Path, tmp_path: Path) -> None:
    """Forty steps on one and the same item bring its loss to less than half."""
    settings = TrainingSettings(steps=40, patches=1, patch=16, warm_up=5, mixed_precision=False)
    trainer = Trainer(CONFIG, settings, people, tmp_path, device="cpu")
    item = draw_item(*trainer.people.draw(seed=0, step=0), patches=1, patch=16)
    totals = [trainer.train_step(item)["total"] for _ in range(40)]

    assert np.mean(totals[-5:]) < 0.5 * totals[0]


def test_bfloat16_is_not_imitated(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that has it computes in it; one that would have to imitate it trains in float32, to the bit."""
    torch.set_num_threads(1)

    def gradient(mixed_precision: bool, *, has_bfloat16: bool) -> float:
        """Of the first step, as the log tells it."""
        monkeypatch.setattr("kpnerf.core.model.precision._cpu_multiplies_bfloat16", lambda: has_bfloat16)
        settings = replace(SETTINGS, mixed_precision=mixed_precision)
        trainer = Trainer(CONFIG, settings, people, tmp_path / "run", device="cpu")
        return trainer.train_step(*next(trainer.items(workers=1)))["gradient_norm"]

    full = gradient(False, has_bfloat16=True)
    assert gradient(True, has_bfloat16=False) == full
    assert gradient(True, has_bfloat16=True) != full


def test_depth_comes_first(people: Path, tmp_path: Path) -> None:
    """Steps that teach depth alone leave both heads as they are, and the log has one set of columns for all steps."""
    settings = TrainingSettings(steps=3, patches=1, patch=16, warm_up=1, mixed_precision=False, depth_steps=2)
    trainer = Trainer(CONFIG, settings, people, tmp_path, device="cpu")
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    for step, items in enumerate(trainer.items(workers=1)):
        if step == 2:
            break
        assert set(trainer.train_step(*items)) == {"depth", "choice", "total", "gradient_norm", "learning_rate"}
    changed = {name for name, value in trainer.model.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.split(".")[0] for name in changed} == {"geometry_encoder", "sweep"}

    trainer.run()
    assert "geometry_head" in {
        name.split(".")[0] for name, value in trainer.model.state_dict().items() if not torch.equal(value, before[name])
    }
    trainer._log({"total": 1.0, "depth": 1.0}, 0.1)
    first, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert rows and all(row.count(",") == first.count(",") for row in rows)


def test_a_part_can_be_taught(people: Path, tmp_path: Path) -> None:
    """Only what is named changes, and the run goes on with it."""
    settings = replace(SETTINGS, steps=2, only="colour_head")
    trainer = Trainer(CONFIG, settings, people, tmp_path, device="cpu")
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.run()
    changed = {name for name, value in trainer.model.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.split(".")[0] for name in changed} == {"colour_head"}

    with pytest.raises(UserError, match="no weights"):
        Trainer(CONFIG, replace(settings, only="color_head"), people, tmp_path, device="cpu")


def test_a_network_without_depth_cannot_begin_with_it(people: Path) -> None:
    """Asked for all the same, that is told."""
    model = KeypointNeRF(replace(CONFIG, depth=False))
    item = draw_item(*People(people).draw(seed=0, step=0), patches=1, patch=16)
    with pytest.raises(ValueError, match="predicts no depth"):
        depth_losses([model.encode(item.source)], [item], LossWeights())


def test_another_configuration_is_refused(people: Path, tmp_path: Path) -> None:
    """A run's folder cannot be continued with another network."""
    Trainer(CONFIG, SETTINGS, people, tmp_path, device="cpu").save()
    with pytest.raises(UserError, match="another configuration"):
        Trainer(ModelConfig.head("none"), SETTINGS, people, tmp_path, device="cpu")


def test_no_people_is_a_sentence(tmp_path: Path) -> None:
    """An empty data folder says what to do."""
    with pytest.raises(UserError, match="kpnerf synth"):
        People(tmp_path)


def test_learning_rate_warms_up_and_fades() -> None:
    """From a fraction to the peak, then down to a fiftieth at the last step."""
    settings = TrainingSettings(steps=1000, warm_up=100, learning_rate=1.0)

    assert learning_rate(settings, 0) == pytest.approx(0.01)
    assert max(learning_rate(settings, step) for step in range(1000)) > 0.95
    assert learning_rate(settings, 1000) == pytest.approx(0.02)


def test_disturbances_stay_small() -> None:
    """Disturbed poses stay rigid and close, keypoints within centimetres, bounds within the picture."""
    rng = np.random.default_rng(0)
    pose = scene.camera(0.3).camera_from_world
    mask = np.zeros((64, 64), np.float32)
    mask[10:60, 20:50] = 1
    for _ in range(50):
        shaken = shaken_pose(rng, pose)
        np.testing.assert_allclose(shaken[:3, :3] @ shaken[:3, :3].T, np.eye(3), atol=1e-9)
        assert np.degrees(np.arccos((np.trace(shaken[:3, :3].T @ pose[:3, :3]) - 1) / 2)) < 2
        x0, y0, x1, y1 = cut_bounds(rng, mask)
        assert 0 <= x0 < x1 <= 63 and 0 <= y0 < y1 <= 63
        found = detected_keypoints(rng, np.zeros((468, 3)), HEAD.landmarks)
        assert np.median(np.linalg.norm(found, axis=1)) < 0.01


@needs_makehuman
def test_people_are_made_while_it_learns(tmp_path: Path) -> None:
    """Of a MakeHuman data folder items are those of people of its own seeds, two of each, wherever a run begins."""
    trainer = Trainer(CONFIG, replace(SETTINGS, steps=2, seed=4), FOLDER, tmp_path, device="cpu")
    trainer.step = 1
    ((found,),) = trainer.items(workers=1)

    assert len(trainer.people) == 1
    rng = np.random.default_rng([4, 1])
    expected = draw_item(partial(photographed_of, FOLDER, FIRST_SEED + 4 * SEEDS), rng, patches=1, patch=16)
    torch.testing.assert_close(found.rgb, expected.rgb)
    torch.testing.assert_close(found.source.images, expected.source.images)
