"""The thread for what takes long: loading, detecting, solving, saving, exporting, one after the other."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ..core.processor import give_way

T = TypeVar("T")
PATIENCE_SECONDS = 0.05
"""How long a task lets the picture on the screen go first, each time it asks."""


class Cancelled(Exception):
    """A task noticed that nobody wants its result any more."""


class TaskControl:
    """How a running task tells how far it is, and learns that it should stop."""

    def __init__(self, text: str, screen_idle: threading.Event) -> None:
        self._screen_idle = screen_idle
        self._cancelled = threading.Event()
        self.text = text
        """What is being done now, for the status line: “Detecting 2 of 3”."""
        self.share: float | None = None
        """How much of it is done, 0 to 1, where that is known."""

    def report(self, text: str, share: float | None = None) -> None:
        """Say what is being done, and how far it is; raises Cancelled when it should stop."""
        self.text, self.share = text, share
        if self.is_cancelled():
            raise Cancelled

    def progress(self, share: float) -> None:
        """Say only how far it is."""
        self.share = share

    def is_cancelled(self) -> bool:
        """Whether the result is no longer wanted."""
        return self._cancelled.is_set()

    def yield_to_screen(self) -> bool:
        """Let the picture on the screen be drawn first; then `is_cancelled`. For between the tiles of an export.

        The wait is short, so that an export goes on, slowly, also while the avatar turns without end.
        """
        self._screen_idle.wait(PATIENCE_SECONDS)
        return self.is_cancelled()

    def cancel(self) -> None:
        """Ask the task to stop at its next opportunity."""
        self._cancelled.set()


@dataclass(eq=False)
class Task(Generic[T]):
    """Something slow, and what to do with its result on the main thread."""

    title: str
    """For the status line while it waits or cannot tell more."""
    work: Callable[[TaskControl], T]
    """Runs on the task thread, touches nothing mutable."""
    done: Callable[[T], None]
    """Runs on the main thread with the result."""
    failed: Callable[[Exception], bool] | None = None
    """Runs on the main thread; True: dealt with, say nothing more."""
    about: object = None
    """What it is about, where it need not be done twice."""
    control: TaskControl = field(init=False)


@dataclass(frozen=True, eq=False)
class Finished:
    """A task's end, waiting to be taken to the main thread."""

    task: Task
    result: object = None
    error: Exception | None = None

    @property
    def was_cancelled(self) -> bool:
        """It stopped because it was asked to."""
        return isinstance(self.error, Cancelled)


class TaskLane:
    """First in, first out, on a thread of its own."""

    def __init__(self, screen_idle: threading.Event) -> None:
        self._screen_idle = screen_idle
        self._queue: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[Finished] = queue.SimpleQueue()
        self._unfinished: list[Task] = []
        self._thread = threading.Thread(target=self._run, name="tasks", daemon=True)
        self._thread.start()

    @property
    def current(self) -> Task | None:
        """The task that runs, or waits to; None when all are done and their results taken."""
        return self._unfinished[0] if self._unfinished else None

    def is_at(self, about: object) -> bool:
        """Whether a task about something runs or waits, and was not cancelled."""
        return any(task.about == about and not task.control.is_cancelled() for task in self._unfinished)

    def submit(self, task: Task) -> None:
        """Run a task after those before it."""
        task.control = TaskControl(task.title, self._screen_idle)
        self._unfinished.append(task)
        self._queue.put(task)

    def cancel(self) -> None:
        """Stop the task that runs and drop those that wait."""
        for task in self._unfinished:
            task.control.cancel()

    def take(self) -> list[Finished]:
        """Tasks that ended since the last call, in order; the caller runs their `done`."""
        ended = []
        while not self._finished.empty():
            finished = self._finished.get()
            self._unfinished.remove(finished.task)
            ended.append(finished)
        return ended

    def close(self, timeout: float = 2.0) -> bool:
        """Cancel everything; whether the thread ended in time (seconds)."""
        self.cancel()
        self._queue.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        give_way()
        while (task := self._queue.get()) is not None:
            try:
                if task.control.is_cancelled():
                    raise Cancelled
                finished = Finished(task, result=task.work(task.control))
            except Exception as error:
                finished = Finished(task, error=error)
            self._finished.put(finished)
