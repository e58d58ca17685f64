"""The thread for slow tasks."""

import threading
import time

import pytest

from kpnerf.core.errors import UserError
from kpnerf.viewer.task_lane import Task, TaskLane

from .blob_engine import eventually


@pytest.fixture
def idle() -> threading.Event:
    """Set while nothing is drawn on the screen."""
    event = threading.Event()
    event.set()
    return event


@pytest.fixture
def lane(idle):
    """With a thread that is stopped afterwards."""
    lane = TaskLane(idle)
    yield lane
    assert lane.close()


def drain(lane: TaskLane, count: int) -> list:
    """The next finished tasks."""
    finished = []
    assert eventually(lambda: len(finished.extend(lane.take()) or finished) >= count)
    return finished


def test_tasks_run_in_order_away_from_the_main_thread(lane):
    """First in, first out; results come back to be used on the main thread."""
    threads = []

    def work(number):
        return lambda control: threads.append(threading.current_thread().name) or number

    for number in range(4):
        lane.submit(Task(f"task {number}", work(number), lambda result: None))
    finished = drain(lane, 4)

    assert [f.result for f in finished] == [0, 1, 2, 3]
    assert set(threads) == {"tasks"}
    assert lane.current is None


def test_a_task_tells_how_far_it_is(lane):
    """For the status line."""
    go_on = threading.Event()

    def work(control):
        control.report("Detecting 2 of 3", 0.5)
        go_on.wait(5)

    lane.submit(Task("Opening", work, lambda result: None))

    assert eventually(lambda: lane.current.control.text == "Detecting 2 of 3")
    assert lane.current.control.share == 0.5
    go_on.set()
    drain(lane, 1)


def test_cancelling_stops_the_running_task_and_drops_the_waiting(lane):
    """At the next report."""
    started, ran = threading.Event(), []

    def endless(control):
        started.set()
        while True:
            control.report("Going on")
            time.sleep(0.001)

    lane.submit(Task("endless", endless, lambda result: None))
    lane.submit(Task("waiting", lambda control: ran.append(1), lambda result: None))
    assert started.wait(5)
    lane.cancel()
    finished = drain(lane, 2)

    assert [f.was_cancelled for f in finished] == [True, True]
    assert ran == []


@pytest.mark.parametrize("error", [UserError("No.", "Try."), ValueError("bug")])
def test_a_failed_task_does_not_stop_the_next(lane, error):
    """Errors are results."""

    def fail(control):
        raise error

    lane.submit(Task("fails", fail, lambda result: None))
    lane.submit(Task("works", lambda control: 7, lambda result: None))
    finished = drain(lane, 2)

    assert finished[0].error is error
    assert finished[1].result == 7


def test_an_export_lets_the_screen_go_first_but_not_for_ever(lane, idle):
    """While something is drawn it waits a little at each step, and goes on."""
    idle.clear()
    steps = []

    def work(control):
        for _ in range(3):
            began = time.monotonic()
            control.yield_to_screen()
            steps.append(time.monotonic() - began)

    lane.submit(Task("export", work, lambda result: None))
    drain(lane, 1)

    assert all(0.03 < step < 1.0 for step in steps)
