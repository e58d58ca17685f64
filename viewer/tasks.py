"""What takes long: opening, solving, saving. Each function queues work and returns at once; so do `export_tasks`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..core.document import Document, DocumentView
from ..core.edits import add_views, apply_calibration, solve_cameras
from ..core.history import History
from ..core.interop.formats import is_capture
from ..core.left_behind import LeftBehind
from ..core.photo import Photo, load_photo
from ..core.photo_records import MissingPhotosError
from ..core.project_file import ENDING, open_with_history, save_project
from ..core.replay import steps_of
from ..core.source import named_files, read_source, view_of, with_same_person
from ..core.steps import Step, opening
from .session import Session
from .task_lane import Cancelled, Task, TaskControl
from .telling import MissingPhotos

Done = Callable[[], None]

# --- opening ----------------------------------------------------------------------------------------------------


def open_source(session: Session, paths: Sequence[Path]) -> None:
    """Open photos, a project file or a capture folder in place of what is open."""
    if len(paths) == 1 and paths[0].suffix == ENDING:
        open_project_file(session, paths[0])
        return

    def done(document: Document) -> None:
        session.open_document(document, None, sources=tuple(paths), past=(opening(paths),))
        if document.views and document.calibration is None:
            solve(session, first=True)

    session.task_lane.submit(Task("Opening", partial(_read, session, paths, True, ()), done))
    session.render_lane.prepare()


def open_project_file(session: Session, project: Path, folders: Sequence[Path] = ()) -> None:
    """Open a project file; its photos are looked for in `folders` too."""

    def work(control: TaskControl) -> tuple[Document, tuple[Step, ...]]:
        return open_with_history(project, search_folders=[*folders, *session.photo_folders])

    def done(opened: tuple[Document, tuple[Step, ...]]) -> None:
        document, past = opened
        session.open_document(document, project, sources=(project,), past=past)
        if document.views and document.calibration is None:
            solve(session, first=True)

    look_in = partial(_look_in, session, lambda folder: open_project_file(session, project, [folder]))
    session.task_lane.submit(Task("Opening", work, done, partial(_note_missing, session, project.parent, look_in)))


def restore(session: Session, left: LeftBehind, folders: Sequence[Path] = ()) -> None:
    """Go on where a program that crashed was, with its whole history."""

    def work(control: TaskControl) -> History:
        return left.history([*folders, *session.photo_folders])

    def done(history: History) -> None:
        if session.journal is not None:
            session.journal.adopt(left, history, left.project)
        session.open_document(history.document, left.project, past=left.past, history=history)
        session.note(f"Restored, up to: {left.last_label}")

    near = left.project.parent if left.project is not None else Path.home()
    look_in = partial(_look_in, session, lambda folder: restore(session, left, [folder]))
    session.task_lane.submit(Task("Restoring", work, done, partial(_note_missing, session, near, look_in)))


def _look_in(session: Session, again: Callable[[Path], None], folder: Path) -> None:
    """Try again with a folder, and look there the next time without asking."""
    session.photo_folders = (folder, *(known for known in session.photo_folders if known != folder))[:8]
    again(folder)


def _note_missing(session: Session, near: Path, look_in: Callable[[Path], None], error: Exception) -> bool:
    """Photos that have moved can be looked for elsewhere: that is a question, not just a message."""
    if not isinstance(error, MissingPhotosError):
        return False
    session.missing_photos = MissingPhotos(error, near, look_in)
    return True


def add_photos(session: Session, paths: Sequence[Path]) -> None:
    """Add photos to what is open."""

    def done(added: Document) -> None:
        def grown(document: Document) -> Document:
            reading = document.reading if added.reading.is_usual else added.reading
            return replace(add_views(document, added.views), reading=reading)

        label = f"Add {added.names[0]}" if len(added.views) == 1 else f"Add {len(added.views)} photos"
        if session.editor.apply(label, grown):
            solve(session)

    session.task_lane.submit(Task("Adding photos", partial(_read, session, paths, False, session.document.views), done))


def _read(
    session: Session,
    paths: Sequence[Path],
    show_arriving: bool,
    beside: Sequence[DocumentView],
    control: TaskControl,
) -> Document:
    """The document of what was named, of the person whom the views `beside` it show; with `show_arriving` photos appear
    in the window as soon as they are read."""

    def show(photos: Iterable[Photo]) -> None:
        if show_arriving:
            session.arriving = tuple(photos)  # one assignment of a frozen value: safe from this thread

    paths = named_files(paths)
    if any(path.suffix == ENDING or is_capture(path) for path in paths):
        return read_source(
            paths, report=control.report, show=lambda document: show(view.photo for view in document.views)
        )
    photos: list[Photo] = []
    for index, path in enumerate(paths):
        control.report(f"Reading {index + 1} of {len(paths)}", index / len(paths))
        photos.append(load_photo(path))
        show(photos)
    views: list[DocumentView] = []
    for index, photo in enumerate(photos):
        control.report(f"Detecting {index + 1} of {len(photos)}", index / len(photos))
        views.append(view_of(photo))
    document = add_views(Document(), views)
    return replace(document, views=with_same_person(document.views, beside))


# --- solving ----------------------------------------------------------------------------------------------------


def solve(session: Session, *, first: bool = False) -> None:
    """Find cameras and 3D keypoints from the points and locks as they are now.

    While they are being found already, asking again changes nothing: what has moved meanwhile is found afterwards.
    `first`: right after opening, so that it belongs to opening and is no entry of its own.
    """
    if not session.document.views:
        return
    session.editor.commit()
    document, editor = session.document, session.editor
    about = (editor, document.names)
    if session.task_lane.is_at(about):
        return

    def work(control: TaskControl) -> Document:
        control.report("Finding cameras", 0.0)
        solved = solve_cameras(document, progress=control.progress, cancelled=control.is_cancelled)
        if control.is_cancelled():
            raise Cancelled
        return solved

    def done(solved: Document) -> None:
        if session.document is not document:
            if session.editor is editor and session.document.names == document.names:
                solve(session)  # points were moved meanwhile: what was found is not about them
            return
        if first and session.editor.history.cursor == 0:
            view, points = session.editor.view, session.editor.points
            session.open_document(solved, session.project_path, sources=session.sources, past=session.past)
            session.editor.select(view, points)
        else:
            calibration = solved.calibration
            assert calibration is not None
            session.editor.apply("Solve cameras", lambda current: apply_calibration(current, calibration))

    session.task_lane.submit(Task("Finding cameras", work, done, about=about))


# --- saving -----------------------------------------------------------------------------------------------------


def save(session: Session, path: Path, then: Done | None = None) -> None:
    """Write the project file; `then` runs once it is on the disk."""
    path = path if path.suffix == ENDING else path.with_name(path.name + ENDING)
    session.editor.commit()
    current, written = session.document, session.to_save()
    session.editor.history.mark_saved(None)  # an undo from here on must not count as what is on the disk
    past, entries = session.past, session.editor.history.entries[: session.editor.history.cursor + 1]

    def work(control: TaskControl) -> None:
        save_project(written, path, history=[*past, *steps_of(entries)])

    def done(_: None) -> None:
        session.editor.history.mark_saved(current)
        session.project_path, session.sources = path, (path,)
        session.note(f"Saved {path.name}")
        if then is not None:
            then()

    session.task_lane.submit(Task("Saving", work, done))
