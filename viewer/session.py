"""The one mutable object of the window: what is open, what is selected, from where it is looked at."""

from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..core.crash_log import log_crash
from ..core.document import Document, RenderMode
from ..core.errors import UserError
from ..core.photo import Photo
from ..core.project_file import MissingPhotosError
from .backdrop import Backdrop, backdrop_of, composite
from .changes import same
from .editor import Editor
from .engine import Artist, LoadEngine
from .eye import Eye
from .render_lane import Rendered, RenderFailed, RenderJob, RenderLane
from .task_lane import Finished, TaskLane

NOTE_SECONDS = 12.0
SMALLEST_VIEWPORT = 8
"""Screen pixels a side below which nothing is drawn: the window was shrunk to nothing."""


@dataclass(frozen=True)
class Status:
    """The line at the bottom of the window."""

    kind: Literal["ready", "busy", "note", "error"]
    text: str
    share: float | None = None
    """How much is done, 0 to 1, where that is known."""


class Session:
    """What every widget shows, and what every command changes. Lives on the main thread.

    Widgets read it in each frame and compare by identity; nothing calls back. A picture is asked for in `update`,
    whenever something it depends on is no longer the object it was: no edit can forget to ask for one.
    """

    def __init__(self, load_engine: LoadEngine, document: Document | None = None) -> None:
        self.editor = Editor(document or Document(), self.tell)
        self.eye = Eye(self.document.schema.box)
        self.project_path: Path | None = None
        self.arriving: tuple[Photo, ...] = ()
        """Photos that are being looked at and are not in the document yet."""
        self.mode: RenderMode = self.document.settings.mode
        """What the avatar viewport shows. Looking is not editing, so it is no part of the history."""
        self.backdrop = backdrop_of(self.document.settings.background)
        self.overlays = True
        """Keypoints are drawn over the avatar."""
        self.viewport_size: tuple[float, float] = (512.0, 512.0)
        """Of the avatar viewport, screen pixels."""
        self.shown: Rendered | None = None
        """The picture on the screen."""
        self.failures: deque[UserError] = deque()
        """What has to be told in a dialog."""
        self.missing_photos: tuple[Path, MissingPhotosError] | None = None
        """A project that could not be opened because photos were moved: a folder to look in may be chosen."""
        self.render_lane = RenderLane(load_engine)
        self.task_lane = TaskLane(self.render_lane.idle)
        self.exporter = Artist(load_engine)
        """Draws what is exported, on the task thread, so that the screen never waits for it."""
        self.now = 0.0
        self._asked: tuple[object, ...] | None = None
        self._engine_error: str | None = None
        self._note: tuple[Status, float] | None = None

    # --- what is open

    @property
    def document(self) -> Document:
        """As it is now, in the middle of a drag too."""
        return self.editor.document

    @property
    def is_saved(self) -> bool:
        """Nothing would be lost by closing."""
        return self.editor.history.is_saved

    @property
    def title(self) -> str:
        """For the window: what is open, with a dot while it is not saved."""
        name = self.project_path.name if self.project_path else "Untitled" if self.document.views else ""
        return " — ".join(part for part in (f"{'' if self.is_saved else '● '}{name}", "kpnerf") if part)

    def open_document(self, document: Document, project_path: Path | None) -> None:
        """Show another document; the history begins anew."""
        self.editor = Editor(document, self.tell)
        self.eye.look(Eye(document.schema.box).view)
        self.project_path = project_path
        self.arriving = ()
        self.shown = self._engine_error = None
        self.mode = document.settings.mode
        self.backdrop = backdrop_of(document.settings.background)

    def to_save(self) -> Document:
        """The document as it goes into a file: with the mode that is being looked at."""
        return replace(self.document, settings=replace(self.document.settings, mode=self.mode))

    # --- commands that are more than one step

    def undo(self) -> None:
        """Take the last entry of the history back, and say which."""
        self._travelled("Undone", self.editor.undo())

    def redo(self) -> None:
        """Do again what was taken back, and say what."""
        self._travelled("Done again", self.editor.redo())

    def show_backdrop(self, backdrop: Backdrop) -> None:
        """Put something else behind the avatar."""
        self.backdrop = backdrop
        if backdrop.colour != self.document.settings.background:
            settings = replace(self.document.settings, background=backdrop.colour)
            self.editor.change_settings("Change background", settings)

    def fly_to_view(self, view: int) -> None:
        """Look from where a photo was taken."""
        calibration = self.document.calibration
        if calibration is not None and 0 <= view < len(self.document.views):
            self.editor.select(view)
            self.eye.fly_to_camera(calibration.head_cameras[view], self.viewport_size, self.now)

    def fly_to_next_view(self, step: int) -> None:
        """Look from where the next photo, or the one before, was taken."""
        if self.document.views:
            self.fly_to_view((self.editor.view + step) % len(self.document.views))

    # --- what is going on

    def status(self) -> Status:
        """In a few words."""
        task = self.task_lane.current
        if task is not None:
            return Status("busy", task.control.text, task.control.share)
        if self._note is not None and self._note[0].kind == "error":
            return self._note[0]
        if self._engine_error is not None:
            return Status("error", self._engine_error)
        match self.render_lane.activity:
            case "loading":
                return Status("busy", "Loading the network")
            case "encoding":
                return Status("busy", "Encoding the photos")
            case "refining":
                share = self.refined or 0.0
                return Status("busy", f"Refining {100 * share:.0f} %", share)
        if self._note is not None:
            return self._note[0]
        if not self.document.views:
            return Status("ready", "Open photos to begin")
        if self.document.calibration is None:
            return Status("note", "The cameras are not solved yet")
        return Status("ready", "Ready")

    @property
    def is_current(self) -> bool:
        """The picture on the screen shows things as they are now, however coarsely."""
        return self.shown is not None and self.shown.generation == self.render_lane.generation

    @property
    def refined(self) -> float | None:
        """How far the picture on the screen has come, 0 to 1, while it is being drawn; None: it is not."""
        if self.render_lane.activity != "refining":
            return None
        return self.shown.frame.progress if self.shown is not None and self.is_current else 0.0

    @property
    def is_busy(self) -> bool:
        """Something is about to change by itself."""
        lanes = self.task_lane.current is not None or self.render_lane.activity != "idle"
        return lanes or self.eye.is_moving or bool(self.failures)

    def note(self, text: str, kind: Literal["note", "error"] = "note") -> None:
        """Say something in the status line for a while."""
        self._note = (Status(kind, text), self.now)

    def tell(self, error: UserError) -> None:
        """Say in the status line what a person can put right."""
        self.note(str(error), "error")

    def report(self, error: Exception) -> None:
        """Deal with what went wrong: a dialog for what a person can put right, else a sentence and the log."""
        if isinstance(error, UserError):
            self.failures.append(error)
        else:
            file = log_crash(error)
            self.note(f"Something went wrong. Details are in {file}." if file else "Something went wrong.", "error")

    # --- each frame

    def update(self, now: float) -> None:
        """Take in what the threads have done and ask for the next picture. `now` in seconds, never going back."""
        self.now = now
        if self._note is not None and now - self._note[1] > NOTE_SECONDS:
            self._note = None
        for finished in self.task_lane.take():
            self._finish(finished)
        self.eye.move(now)
        self._take_picture()
        self._ask_for_picture()

    def close(self) -> bool:
        """Stop both threads, waiting for a second at most; whether they ended."""
        self.render_lane.stop()
        tasks_ended = self.task_lane.close(0.8)
        return self.render_lane.close(0.2) and tasks_ended

    def render_size(self) -> tuple[int, int]:
        """Size of the picture: the viewport's shape, its longer side as long as the resolution."""
        width, height = (max(side, 1.0) for side in self.viewport_size)
        scale = self.document.settings.resolution / max(width, height)
        return max(SMALLEST_VIEWPORT, round(width * scale)), max(SMALLEST_VIEWPORT, round(height * scale))

    def _finish(self, finished: Finished) -> None:
        if finished.was_cancelled:
            self.arriving = ()
            self.note(f"Cancelled: {finished.task.title}")
            return
        try:
            if finished.error is None:
                finished.task.done(finished.result)
            elif finished.task.failed is None or not finished.task.failed(finished.error):
                self.arriving = ()
                self.report(finished.error)
        except Exception as error:
            self.report(error)

    def _take_picture(self) -> None:
        result = self.render_lane.take()
        if isinstance(result, Rendered):
            self.shown, self._engine_error = result, None
        elif isinstance(result, RenderFailed):
            if isinstance(result.error, UserError):
                self._engine_error = str(result.error)
            else:
                file = log_crash(result.error)
                self._engine_error = f"The avatar could not be drawn. Details are in {file}."

    def _ask_for_picture(self) -> None:
        document, settings = self.document, self.document.settings
        if document.calibration is None or not document.sources:
            self.shown, self._asked = None, None
            return
        if min(self.viewport_size) < SMALLEST_VIEWPORT:
            return
        size = self.render_size()
        scene = (document.views, document.calibration, settings.sigma, settings.quality, self.mode, self.eye.view, size)
        before, self._asked = self._asked, (*scene, self.backdrop)
        if before is not None and same(before[:-1], scene):
            if before[-1] is self.backdrop or self._recomposited():
                return
        job = RenderJob(document, self.eye.view.camera(*size), self.mode, settings.quality, self.backdrop)
        self.render_lane.submit(job)

    def _recomposited(self) -> bool:
        """Put a finished picture before another backdrop instead of drawing it again."""
        shown = self.shown
        if shown is None or not self.is_current or shown.frame.progress < 1:
            return False
        picture = composite(shown.frame.rgba, self.backdrop)
        self.shown = replace(shown, picture=picture, job=replace(shown.job, backdrop=self.backdrop))
        return True

    def _travelled(self, verb: str, label: str | None) -> None:
        if label is None:
            return
        self.note(f"{verb}: {label}")
        if self.backdrop.colour != self.document.settings.background:
            self.backdrop = backdrop_of(self.document.settings.background)
