"""Figures of merit: what they are for known pictures."""

from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpnerf.core.camera import orbit_camera
from kpnerf.core.errors import UserError
from kpnerf.core.keypoints import HEAD
from kpnerf.core.names import short_names
from kpnerf.core.training.evaluation import Truth, compare, mean, psnr, ssim, truth_of


def truth(size: int | None = None) -> Truth:
    """A grey disc before white, as a target."""
    camera = orbit_camera(0.0, 0.0, 1.0, target_in_world=np.zeros(3), vertical_field_of_view=0.6, width=64, height=64)
    y, x = np.meshgrid(np.arange(64), np.arange(64), indexing="ij")
    mask = (np.hypot(x - 31.5, y - 31.5) < 15).astype(np.float32)
    rgb = np.where(mask[..., None] > 0, 128, 255).astype(np.uint8).repeat(3, axis=-1)
    return truth_of(rgb, mask, camera, HEAD.box, size)


def test_psnr_and_ssim_of_known_differences() -> None:
    """A constant error of 0.1 is 20 dB; equal pictures are 100 dB and 1."""
    a = np.random.default_rng(0).random((32, 32, 3)).astype(np.float32) * 0.8

    assert psnr(a, a + 0.1) == pytest.approx(20.0, abs=1e-3)
    assert psnr(a, a) == 100.0
    assert ssim(a, a) == pytest.approx(1.0, abs=1e-4)


def test_the_truth_is_black_outside_its_mask() -> None:
    """White background does not reach the comparison."""
    target = truth()

    assert target.picture[0, 0].max() == 0
    assert target.picture[32, 32] == pytest.approx(128 / 255)


def test_a_fat_silhouette_costs() -> None:
    """The same disc with a rim of fog outside scores worse in the box, not in the foreground."""
    target = truth()
    exact = np.concatenate([target.picture, target.mask[..., None]], axis=-1).astype(np.float32)
    fat = exact.copy()
    fat[target.mask < 0.5] = (0.5, 0.5, 0.5, 0.5)
    good, bad = compare(exact, target), compare(fat, target)

    assert good["psnr_box"] == 100.0 and good["mask_overlap"] == 1.0
    assert bad["psnr_box"] < 25
    assert bad["psnr_foreground"] == 100.0


def test_resampled_truth_keeps_its_camera() -> None:
    """Half the size: the disc is half as wide, and the camera's picture is as large as the truth."""
    small, large = truth(32), truth()

    assert small.mask.shape == (32, 32) and small.camera.width == 32
    assert small.mask.sum() == pytest.approx(large.mask.sum() / 4, rel=0.03)


def test_mean_over_targets() -> None:
    """Each figure is averaged by itself."""
    assert mean({"a": {"psnr": 20.0}, "b": {"psnr": 30.0}}) == {"psnr": 25.0}
    partly = mean({"a": {"psnr": 20.0, "ms_ssim": np.nan}, "b": {"psnr": 30.0, "ms_ssim": 0.5}})
    assert partly == {"psnr": 25.0, "ms_ssim": 0.5}


def test_an_empty_mask_is_a_sentence() -> None:
    """A target in which nobody is says so."""
    target = truth()
    empty = type(target)(target.picture, np.zeros_like(target.mask), target.camera)
    with pytest.raises(UserError, match="mask of a target is empty"):
        compare(np.zeros((64, 64, 4), np.float32), empty)


def test_folders_of_one_name_keep_their_figures() -> None:
    """They are called by more of their path, others by their own name."""
    usual, changed = PurePosixPath("/runs/usual/anna"), PurePosixPath("/runs/changed/anna")
    assert short_names([usual, changed]) == ["usual/anna", "changed/anna"]
    assert short_names([usual, PurePosixPath("/runs/changed/berta")]) == ["anna", "berta"]
    assert short_names([]) == []


@given(st.lists(st.lists(st.sampled_from("ab"), max_size=4).map(lambda parts: PurePosixPath(*parts))))
def test_short_names_tell_apart_what_is_not_the_same(paths: list[PurePosixPath]) -> None:
    """Whatever the paths, names are equal exactly where paths are."""
    names = short_names(paths)
    assert len(set(names)) == len(set(paths)) == len(set(zip(names, paths, strict=True)))
