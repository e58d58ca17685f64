"""Choosing files: a listing to click through, and a line where paths can be pasted."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import dearpygui.dearpygui as dpg

from ..core.errors import UserError
from .dialogs import Dialogs
from .folder_listing import Entry, list_folder, paths_in_text
from .form import Form
from .gestures import DOUBLE_CLICK_SECONDS

Chosen = Callable[[list[Path]], None]


@dataclass(frozen=True)
class FileQuestion:
    """What a person is asked to choose."""

    title: str
    button: str
    endings: Sequence[str]
    """Files that are listed, with their dots, lower case."""
    chosen: Chosen
    many: bool = False
    folders: bool = False
    """A folder may be the answer."""
    save_as: str | None = None
    """Name to begin with when a new file is asked for."""


class FileDialog:
    """Remembers the folder from one question to the next."""

    def __init__(self, dialogs: Dialogs, form: Form) -> None:
        self._dialogs = dialogs
        self._form = form
        self._folder = Path.cwd()
        self._question: FileQuestion | None = None
        self._marked: list[Path] = []
        self._rows: dict[Path, int | str] = {}
        self._may_replace: Path | None = None
        self._clicked_at = 0.0

    def ask(self, question: FileQuestion, folder: Path | None = None) -> None:
        """Open the dialog."""
        if folder is not None and folder.is_dir():
            self._folder = folder
        self._question, self._marked, self._may_replace = question, [], None
        self._dialogs.show(question.title, lambda: self._fill(question), int(640 * self._form.scale))

    def _fill(self, question: FileQuestion) -> None:
        scale = self._form.scale
        with dpg.group(horizontal=True):
            self._form.button("Up", lambda: self._enter(self._folder.parent))
            self._form.button("Home", lambda: self._enter(Path.home()))
            self._path = self._form.hint(str(self._folder))
        self._listing = dpg.add_child_window(height=int(320 * scale), border=True)
        self._form.hint("Name" if question.save_as is not None else "Or paste paths here, one or several in quotes")
        self._name = dpg.add_input_text(
            width=-1, default_value=question.save_as or "", on_enter=True, callback=lambda: self._accept()
        )
        self._form.watch(self._name)
        dpg.focus_item(self._name)
        with dpg.group(horizontal=True):
            self._form.button(question.button, self._accept, primary=True)
            self._form.button("Cancel", self._dialogs.close)
            self._problem = dpg.add_text("", color=self._form.palette.warning)
        self._list()

    def _list(self) -> None:
        question = self._question
        assert question is not None
        try:
            entries = list_folder(self._folder, question.endings)
        except UserError as error:
            dpg.set_value(self._problem, str(error))
            return
        dpg.set_value(self._path, str(self._folder))
        dpg.set_value(self._problem, "")
        dpg.delete_item(self._listing, children_only=True)
        self._rows, self._marked = {}, []
        for entry in entries:
            row = dpg.add_selectable(
                label=_line(entry),
                parent=self._listing,
                user_data=entry,
                callback=lambda sender, value, clicked: self._clicked(clicked),
            )
            self._rows[entry.path] = row
        if not entries:
            dpg.add_text("Nothing here that can be opened", parent=self._listing, color=self._form.palette.faint)

    def _clicked(self, entry: Entry) -> None:
        question = self._question
        assert question is not None
        if entry.is_folder:
            self._enter(entry.path)
            return
        if question.many and (dpg.is_key_down(dpg.mvKey_LControl) or dpg.is_key_down(dpg.mvKey_LShift)):
            marked = self._marked
            self._marked = [p for p in marked if p != entry.path] if entry.path in marked else [*marked, entry.path]
        elif self._marked == [entry.path] and time.monotonic() - self._clicked_at < DOUBLE_CLICK_SECONDS:
            self._accept()
            return
        else:
            self._marked = [entry.path]
        self._clicked_at = time.monotonic()
        for path, row in self._rows.items():
            dpg.set_value(row, path in self._marked)
        names = [path.name for path in self._marked]
        dpg.set_value(self._name, names[0] if len(names) == 1 else " ".join(f'"{name}"' for name in names))

    def _enter(self, folder: Path) -> None:
        self._folder = folder
        if self._question is not None and self._question.save_as is None:
            dpg.set_value(self._name, "")
        self._list()

    def _accept(self) -> None:
        question = self._question
        assert question is not None
        paths = paths_in_text(dpg.get_value(self._name), self._folder)
        if not paths and question.folders:
            paths = [self._folder]
        if not paths:
            dpg.set_value(self._problem, "Choose a file first")
            return
        if question.save_as is None and len(paths) == 1 and paths[0].is_dir() and not question.folders:
            self._enter(paths[0])
            return
        missing = [path for path in paths if not path.exists()] if question.save_as is None else []
        if missing:
            dpg.set_value(self._problem, f"There is no {missing[0].name}")
            return
        if question.save_as is not None and not paths[0].parent.is_dir():
            dpg.set_value(self._problem, f"There is no folder {paths[0].parent}")
            return
        if question.save_as is not None and paths[0].exists() and self._may_replace != paths[0]:
            self._may_replace = paths[0]
            dpg.set_value(self._problem, f"{paths[0].name} exists already; press again to replace it")
            return
        self._dialogs.close()
        self._folder = paths[0].parent
        question.chosen(paths)


def _line(entry: Entry) -> str:
    if entry.is_folder:
        return entry.name
    return (
        f"{entry.name}    {entry.size / 1024:.0f} KiB"
        if entry.size < 2**20
        else f"{entry.name}    {entry.size / 2**20:.1f} MiB"
    )
