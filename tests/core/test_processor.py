"""How the numerical libraries wait, which they read when they are imported."""

import os

import pytest

from kpnerf.core import cli
from kpnerf.core.processor import share_processor


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set, and nothing stays set."""
    for name in ("OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_threads_wait_without_spinning_unless_a_person_wants_them_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set already is kept."""
    share_processor()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"

    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    share_processor()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


@pytest.mark.parametrize(("command", "shares"), [("bench", True), ("train", False)])
def test_what_measures_the_window_waits_as_the_window_does(
    command: str, shares: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Training has the processor for itself."""
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])

    assert ("OMP_WAIT_POLICY" in os.environ) == shares
