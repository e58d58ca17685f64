"""How the numerical libraries wait, which they read when they are imported, and which threads go first."""

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kpnerf.core import cli
from kpnerf.core.processor import BEHIND, LONGEST_HALT, give_way, let_pass, right_of_way, share_processor


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


@pytest.mark.parametrize(("command", "shares"), [("bench", True), ("render", True), ("train", False)])
def test_commands_share_the_processor_as_the_window_does(
    command: str, shares: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Training has the processor for itself."""
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])

    assert ("OMP_WAIT_POLICY" in os.environ) == shares


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all threads of a process are equally urgent")
def test_a_thread_that_gives_way_leaves_the_others_as_urgent_as_they_were() -> None:
    """What it starts gives way with it, which is how the numerical libraries' own threads come to."""

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def given_way() -> tuple[int, int]:
        give_way()
        with ThreadPoolExecutor(1) as started:
            return niceness(), started.submit(niceness).result()

    before = niceness()
    with ThreadPoolExecutor(1) as threads:
        now, started = threads.submit(given_way).result()

    assert now == started == min(before + BEHIND, 19)
    assert niceness() == before


def test_computing_halts_while_the_window_is_drawn_and_not_for_ever() -> None:
    """At the next place where it looks; it goes on afterwards, and also where drawing hangs."""
    passed = threading.Event()

    def compute() -> None:
        let_pass()
        passed.set()

    with right_of_way():
        began = time.perf_counter()
        thread = threading.Thread(target=compute)
        thread.start()
        has_halted = not passed.wait(0.3 * LONGEST_HALT)
        seen_after = time.perf_counter() - began
    assert passed.wait(10)
    thread.join()
    # A machine that left this very thread waiting has seen nothing.
    assert has_halted or seen_after > LONGEST_HALT

    with right_of_way():
        let_pass()
    with pytest.raises(ZeroDivisionError), right_of_way():
        _ = 1 / 0
    began = time.perf_counter()
    for _ in range(100):
        let_pass()
    assert time.perf_counter() - began < 100 * LONGEST_HALT
