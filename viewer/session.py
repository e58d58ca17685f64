"""The one mutable object of the window: what is open, what is selected, from where it is looked at."""

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ..core.crash_log import log_crash
from ..core.document import Document, RenderMode
from ..core.errors import UserError
from ..core.history import History
from ..core.journal import Journal
from ..core.photo import Photo
from ..core.probe import NO_PROBE, Probe
from ..core.steps import Step
from .backdrop import Backdrop, backdrop_of
from .comparing import Comparing
from .editor import Editor
from .engine import Artist, LoadEngine
from .eye import Eye
from .focus import focus_of
from .mask_brush import MaskBrush
from .orbit import OrbitView, home_view
from .picturing import ask_for_picture, take_picture
from .render_lane import Rendered, RenderLane
from .review import Attention, Findings, Review
from .task_lane import Finished, TaskLane
from .telling import MissingPhotos, Status

Colouring = Literal["origin", "confidence"]
"""What the colours of keypoints tell."""
NOTE_SECONDS = 12.0
ANSWER_SECONDS = 3.0
"""How long what has just been done is told before what is going on: drawing may outlast any note."""
REST_SECONDS = 0.2
"""How long a hand stays in one place until it rests."""


class Session:
    """What every widget shows, and what every command changes. Lives on the main thread.

    Widgets read it in each frame and compare by identity; nothing calls back. A picture is asked for in `update`,
    whenever something it depends on is no longer the object it was: no edit can forget to ask for one.
    """

    def __init__(self, load_engine: LoadEngine, document: Document | None = None) -> None:
        self.editor = Editor(document or Document(), self.tell)
        self.eye = Eye(self.document.shown)
        self.project_path: Path | None = None
        self.sources: tuple[Path, ...] = ()
        """What was opened: photos, a capture folder or a project; another object each time."""
        self.photo_folders: tuple[Path, ...] = ()
        """Where photos that had moved were found before: looked in without asking."""
        self.past: tuple[Step, ...] = ()
        """What was done before the history begins: what was opened, and what its file tells."""
        self.arriving: tuple[Photo, ...] = ()
        """Photos that are being looked at and are not in the document yet."""
        self.mode: RenderMode = self.document.settings.mode
        """What the avatar viewport shows. Looking is not editing, so it is no part of the history."""
        self.backdrop = backdrop_of(self.document.settings.background)
        self.overlays = True
        """Keypoints are drawn over the avatar."""
        self.polished = True
        """It is drawn to be looked at (see `Avatar.frames`), unless it is compared with a photo."""
        self.colouring: Colouring = "origin"
        self.review = Review()
        self.attention = Attention()
        """The keypoint that was jumped to last."""
        self.overview = False
        """The cameras are shown round the avatar."""
        self.before_overview: OrbitView | None = None
        """Where the eye was before they were."""
        self.comparing = Comparing()
        self.brush = MaskBrush()
        self.slice_depth = 0.0
        """Of the plane of mode “slice” behind the middle of the subject, metres."""
        self.viewport_size: tuple[float, float] = (512.0, 512.0)
        """Of the avatar viewport, screen pixels."""
        self.pointed_at: tuple[float, float] | None = None
        """Where in the avatar viewport the pointer is, as shares of its width and height."""
        self.shown: Rendered | None = None
        """The picture on the screen."""
        self.failures: deque[UserError] = deque()
        """What has to be told in a dialog."""
        self.missing_photos: MissingPhotos | None = None
        """What could not be opened because photos were moved: a folder to look in may be chosen."""
        self.journal: Journal | None = None
        """Keeps every finished edit for the case of a crash, where there is one."""
        self.render_lane = RenderLane(load_engine)
        self.task_lane = TaskLane(self.render_lane.idle)
        self.exporter = Artist(load_engine)
        """Draws what is exported, on the task thread, so that the screen never waits for it."""
        self.now = 0.0
        self.asked: tuple[object, ...] | None = None
        """What the picture that was asked for last depends on."""
        self.engine_error: str | None = None
        """Why there is no picture."""
        self._note: tuple[Status, float] | None = None
        self._changed: tuple[Document, float] = (self.document, 0.0)

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

    def open_document(
        self,
        document: Document,
        project_path: Path | None,
        *,
        sources: tuple[Path, ...] = (),
        past: tuple[Step, ...] = (),
        history: History | None = None,
    ) -> None:
        """Show another document; its history begins anew, unless one is given that leads to it."""
        follows, self.editor = self.editor.cameras_follow, Editor(document, self.tell)
        self.editor.cameras_follow = follows
        self.editor.history = history or self.editor.history
        self.sources, self.past = sources, past
        self.eye.look(home_view(document.shown))
        self.overview, self.comparing.kind = False, None
        self.project_path = project_path
        self.arriving = ()
        self.shown = self.engine_error = None
        self.mode = document.settings.mode
        self.backdrop = backdrop_of(document.settings.background)

    def to_save(self) -> Document:
        """The document as it goes into a file: with the mode that is being looked at."""
        return replace(self.document, settings=replace(self.document.settings, mode=self.mode))

    # --- commands that are more than one step

    def undo(self) -> None:
        """Take the last entry of the history back, and say which."""
        self._travelled("Undone", self.editor.undo())

    def go_to(self, entry: int) -> None:
        """Go to any entry of the history, and say which."""
        history = self.editor.history
        verb = "Undone to" if entry < history.cursor else "Done again to"
        self._travelled(verb, self.editor.go_to(entry))

    def redo(self) -> None:
        """Do again what was taken back, and say what."""
        self._travelled("Done again", self.editor.redo())

    def show_backdrop(self, backdrop: Backdrop) -> None:
        """Put something else behind the avatar."""
        self.backdrop = backdrop
        if backdrop.colour != self.document.settings.background:
            settings = replace(self.document.settings, background=backdrop.colour)
            self.editor.change_settings("Change background", settings)

    @property
    def findings(self) -> Findings:
        """What can be said about the points as they are now, or were when the hand that moves them last rested."""
        moving = self.editor.is_dragging and self.now - self._changed[1] < REST_SECONDS
        return self.review.findings(self.document, moving=moving)

    def toggle_colouring(self) -> None:
        """Colour keypoints by how sure the detector was, or by where they come from."""
        self.colouring = "origin" if self.colouring == "confidence" else "confidence"
        self.note(f"Points are coloured by {self.colouring}")

    @property
    def probe(self) -> Probe:
        """What the mode that is shown is asked about."""
        match self.mode:
            case "influence":
                return Probe(keypoints=self.editor.selected)
            case "error":
                return Probe(photo=self.editor.view)
            case "slice":
                return Probe(depth=self.slice_depth)
        return NO_PROBE

    # --- what is going on

    def status(self) -> Status:
        """In a few words."""
        task = self.task_lane.current
        if task is not None:
            return Status("busy", task.control.text, task.control.share)
        if self._note is not None and self._note[0].kind == "error":
            return self._note[0]
        if self.engine_error is not None:
            return Status("error", self.engine_error)
        if self._note is not None and self.now - self._note[1] < ANSWER_SECONDS:
            return self._note[0]
        match self.render_lane.activity:
            case "loading":
                return Status("busy", "Loading the network")
            case "encoding":
                return Status("busy", "Encoding the photos")
            case "refining" if self.shown is None:
                # A graphics card may be compiling its kernels, for a quarter of a minute.
                return Status("busy", "Preparing the first picture")
            case "refining":
                share = self.refined or 0.0
                return Status("busy", f"Refining {100 * share:.0f} %", share)
        if self._note is not None:
            return self._note[0]
        if not self.document.views:
            return Status("ready", "Open photos to begin")
        if self.document.calibration is None:
            return Status("note", "The cameras are not solved yet")
        doubts = " ".join(self.document.doubts)
        return Status("note", doubts) if doubts else Status("ready", "Ready")

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
        if self.document is not self._changed[0]:
            self._changed = (self.document, now)
        if self._note is not None and now - self._note[1] > NOTE_SECONDS:
            self._note = None
        for finished in self.task_lane.take():
            self._finish(finished)
        self._keep_journal()
        self.eye.move(now)
        take_picture(self)
        if (told := self.render_lane.take_told()) is not None:
            self.note(told, "error")
        self.render_lane.focus = focus_of(self)
        ask_for_picture(self)

    def close(self, *, keep_journal: bool = False) -> bool:
        """Stop all threads, waiting for some seconds at most; whether they ended.

        `keep_journal`: the program ends without having been asked to, and what is unsaved may be restored.
        """
        if self.journal is not None:
            self.journal.close(keep=keep_journal and not self.is_saved)
        self.render_lane.stop()
        tasks_ended = self.task_lane.close(0.8)
        return self.render_lane.close(0.2) and tasks_ended

    def _keep_journal(self) -> None:
        if self.journal is not None:
            self.journal.follow(self.editor.history, self.project_path, self.past)
            problem = self.journal.take_problem()
            if problem is not None:
                self.tell(problem)

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

    def _travelled(self, verb: str, label: str | None) -> None:
        if label is None:
            return
        self.note(f"{verb}: {label}")
        if self.backdrop.colour != self.document.settings.background:
            self.backdrop = backdrop_of(self.document.settings.background)
