"""What a person is asked: which files, where to, and whether to keep changes."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ..core.camera_edits import scale_to_distance
from ..core.edits import MAX_VIEWS
from ..core.errors import UserError
from ..core.mesh_file import MESH_ENDINGS
from ..core.photo_records import PICTURE_ENDINGS
from ..core.project_file import ENDING
from ..core.world_scale import distance_in_world
from . import export_tasks, tasks
from .dialogs import Dialogs
from .file_dialog import FileDialog, FileQuestion
from .folder_listing import paths_in_text
from .number_dialog import NumberDialog
from .sample import sample_folder, sample_photos
from .session import Session
from .telling import MissingPhotos

Then = Callable[[], None]


class Asking:
    """Opens dialogs and hands their answers to tasks."""

    def __init__(self, session: Session, dialogs: Dialogs, files: FileDialog) -> None:
        self._session = session
        self._dialogs = dialogs
        self._files = files
        self.is_done = False
        """The person wants the window closed, and nothing is lost by it."""

    # --- opening and closing

    def open(self) -> None:
        """What to open in place of what is open."""
        question = FileQuestion(
            "Open photos, a project or a capture folder",
            "Open",
            (*PICTURE_ENDINGS, ENDING),
            lambda paths: tasks.open_source(self._session, paths),
            many=True,
            folders=True,
        )
        self._keep_first(lambda: self._files.ask(question, self._nearby()))

    def open_sample(self) -> None:
        """Whether to keep changes, before the bundled photos are opened."""
        self._keep_first(lambda: self._guarded(lambda: tasks.open_source(self._session, sample_photos())))

    def add_photos(self) -> None:
        """Which photos to add."""
        question = FileQuestion(
            "Add photos", "Add", PICTURE_ENDINGS, lambda paths: tasks.add_photos(self._session, paths), many=True
        )
        self._files.ask(question, self._nearby())

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Whether to keep changes, before these are opened."""
        self._keep_first(lambda: self._guarded(lambda: tasks.open_source(self._session, list(paths))))

    def paste(self, text: str) -> None:
        """Open what a copied text names, after whether to keep changes."""
        paths = [path for path in paths_in_text(text, Path.home()) if path.exists()][: MAX_VIEWS + 1]
        if paths:
            self.open_paths(paths)
        else:
            self._session.note("What was copied names no photos and no project", "error")

    def quit(self) -> None:
        """Whether to keep changes, before the window closes."""
        self._keep_first(self._finish)

    def tell_failures(self) -> None:
        """Show what the session has to tell."""
        session = self._session
        if session.missing_photos is not None:
            missing, session.missing_photos = session.missing_photos, None
            answers = [("Choose the folder…", lambda: self._ask_photo_folder(missing)), ("Cancel", lambda: None)]
            self._dialogs.question(missing.error.what_happened, missing.error.what_to_do, answers)
        while session.failures:
            error = session.failures.popleft()
            self._dialogs.message(error.what_happened, error.what_to_do)

    def scale_by_distance(self) -> None:
        """How far the two selected keypoints are apart; the world gets that scale."""
        editor, calibration = self._session.editor, self._session.document.calibration
        if calibration is None or len(editor.selected) != 2:
            self._dialogs.message("A distance needs two keypoints.", "Select two keypoints, then try again.")
            return
        first, second = editor.selected

        def scale(metres: float) -> None:
            label = f"Scale by {first} to {second}"
            editor.apply(label, lambda document: scale_to_distance(document, first, second, metres))

        now = distance_in_world(calibration, first, second)
        NumberDialog(self._dialogs).ask(f"From {first} to {second}, in metres", now, scale)

    # --- saving and exporting

    def save(self, then: Then | None = None) -> None:
        """Where to save the project, where that is not known; `then` goes on once it is saved."""
        if self._session.project_path is None:
            self.save_as(then)
        else:
            tasks.save(self._session, self._session.project_path, then)

    def save_as(self, then: Then | None = None) -> None:
        """Where to save the project."""
        path = self._session.project_path
        self._ask_where(
            "Save the project",
            path.name if path is not None else f"avatar{ENDING}",
            (ENDING,),
            lambda path: tasks.save(self._session, path, then),
        )

    def export_picture(self, longer_side: int, *, transparent: bool) -> None:
        """Where to write the avatar as it is looked at."""
        self._ask_where(
            "Save the picture",
            "avatar.png",
            (".png", ".jpg", ".webp"),
            lambda path: export_tasks.export_picture(self._session, path, longer_side, transparent=transparent),
        )

    def export_turntable(self, longer_side: int, *, frames: int, fps: float, ending: str) -> None:
        """Where to write a film of it turning."""
        self._ask_where(
            "Save the turntable",
            "turntable" if ending == ".png" else f"turntable{ending}",
            (ending,),
            lambda path: export_tasks.export_turntable(self._session, path, longer_side, frames=frames, fps=fps),
        )

    def export_film(self, longer_side: int, *, fps: float, ending: str) -> None:
        """Where to write a film along the path."""

        def ask() -> None:
            self._session.document.camera_path.check()
            self._ask_where(
                "Save the film",
                "film" if ending == ".png" else f"film{ending}",
                (ending,),
                lambda path: export_tasks.export_film(self._session, path, longer_side, fps=fps),
            )

        self._guarded(ask)

    def export_mesh(self) -> None:
        """Where to write the avatar's surface."""
        self._ask_where(
            "Save the mesh",
            f"avatar{MESH_ENDINGS[0]}",
            MESH_ENDINGS,
            lambda path: export_tasks.export_mesh(self._session, path),
        )

    # --- small parts

    def _keep_first(self, then: Then) -> None:
        """Ask before something is lost; `then` goes on."""
        if self._session.is_saved:
            then()
            return
        answers = [("Save", lambda: self.save(then)), ("Don’t save", then), ("Cancel", lambda: None)]
        self._dialogs.question("Save the changes first?", "They are lost otherwise.", answers)

    def _ask_where(self, title: str, name: str, endings: tuple[str, ...], chosen: Callable[[Path], None]) -> None:
        question = FileQuestion(
            title, "Save", endings, lambda paths: self._guarded(lambda: chosen(paths[0])), save_as=name
        )
        self._files.ask(question, self._nearby())

    def _ask_photo_folder(self, missing: MissingPhotos) -> None:
        question = FileQuestion(
            "The folder the photos are in now",
            "Look here",
            PICTURE_ENDINGS,
            lambda paths: missing.look_in(paths[0] if paths[0].is_dir() else paths[0].parent),
            folders=True,
        )
        self._files.ask(question, missing.near)

    def _nearby(self) -> Path | None:
        """The folder of what is open; None, for the one used last, where that is only the sample's."""
        session = self._session
        if session.project_path is not None:
            return session.project_path.parent
        folders = [view.photo.path.parent for view in session.document.views if view.photo.path is not None]
        return folders[0] if folders and folders[0] != sample_folder() else None

    def _finish(self) -> None:
        self.is_done = True

    def _guarded(self, act: Then) -> None:
        try:
            act()
        except UserError as error:
            self._session.report(error)
