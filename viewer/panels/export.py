"""Pictures and films of the avatar, and its surface."""

from typing import Protocol

import dearpygui.dearpygui as dpg
import numpy as np

from ..changes import Changes
from ..form import Form
from ..path_fields import PathFields
from ..session import Session

SIZES = (256, 512, 1024, 2048)


class Exporter(Protocol):
    """What the panel's buttons ask for; the window asks where to and starts the task."""

    def export_picture(self, longer_side: int, *, transparent: bool) -> None:
        """Write the avatar as it is looked at."""

    def export_turntable(self, longer_side: int, *, frames: int, fps: float, ending: str) -> None:
        """Write a film of it turning."""

    def export_film(self, longer_side: int, *, fps: float, ending: str) -> None:
        """Write a film along the path."""

    def export_mesh(self) -> None:
        """Write its surface."""


TASKS = ("Picture", "Turntable", "Film", "Mesh")
"""Titles of what the buttons start."""
FILMS = {"MP4 film": ".mp4", "GIF": ".gif", "PNG pictures": ".png"}
TURNTABLE, PATH = "Turntable", "Along the path"
"""Ways of the camera in a film."""


class ExportPanel:
    """Size, transparency, the way of a film; progress and a way out while one is being made."""

    def __init__(self, session: Session, form: Form, exporter: Exporter) -> None:
        self._session = session
        self._exporter = exporter
        self._changes = Changes()
        self._opened = Changes()
        self._path_changes = Changes()
        form.heading("Picture")
        self._size = form.choice("Longer side", [f"{side} px" for side in SIZES], lambda _: None)
        with dpg.group(horizontal=True):
            self._picture = form.button("Save picture…", self._save_picture, primary=True)
            self._transparent = dpg.add_checkbox(label="transparent", default_value=True)
        dpg.add_spacer(height=int(2 * form.scale))
        form.heading("Film")
        self._way = form.choice("Camera", [TURNTABLE, PATH], self._show_way)
        with dpg.group() as turntable:
            self._frames = form.number("Frames", 72, 2, 2000, lambda _: None)
            self._swing = form.slider("Swing", 10, 360, self._change_swing, "%.0f°")
        with dpg.group() as path:
            self._path = PathFields(session, form)
        self._film = form.choice("Format", list(FILMS), lambda _: None)
        self._film_size = form.choice("Longer side", [f"{side} px" for side in SIZES[:3]], lambda _: None)
        self._fps = form.number("Per second", 24, 1, 60, lambda _: None)
        with dpg.group() as self._saving:
            turn = form.button("Save turntable…", self._save_turntable, primary=True)
            along = form.button("Save film along the path…", self._save_film, primary=True)
        self._ways = {TURNTABLE: (turntable, turn), PATH: (path, along)}
        with dpg.group(horizontal=True, show=False) as self._running:
            form.button("Cancel", session.task_lane.cancel)
            self._bar = dpg.add_progress_bar(width=-1)
        dpg.add_spacer(height=int(2 * form.scale))
        form.heading("Mesh")
        self._mesh = form.button("Save mesh…", exporter.export_mesh, primary=True)
        dpg.set_value(self._size, "1024 px")
        dpg.set_value(self._film_size, "512 px")
        dpg.set_value(self._film, "MP4 film")

    def update(self) -> None:
        """Show the path, whether something is being made, and how far it is."""
        session = self._session
        views = session.document.camera_path.views
        if not self._opened.seen(session.editor):
            self._show_way(TURNTABLE)
        if not self._path_changes.seen(session.editor, views) and views:
            self._show_way(PATH)
        self._path.update()
        task = session.task_lane.current
        ready = session.document.calibration is not None
        exporting = task is not None and task.title in TASKS
        share = (task.control.share or 0.0) if task is not None and exporting else None
        text = task.control.text if task is not None and exporting else ""
        if self._changes.seen(ready, exporting, share, text, session.eye.swing):
            return
        for button in (self._picture, *(save for _, save in self._ways.values()), self._mesh):
            dpg.configure_item(button, enabled=ready)
        dpg.configure_item(self._running, show=exporting)
        dpg.configure_item(self._saving, show=not exporting)
        if exporting:
            dpg.set_value(self._bar, share or 0.0)
            dpg.configure_item(self._bar, overlay=text)
        if not dpg.is_item_active(self._swing):
            dpg.set_value(self._swing, float(np.rad2deg(session.eye.swing)))

    def _show_way(self, chosen: str) -> None:
        dpg.set_value(self._way, chosen)
        for way, parts in self._ways.items():
            for part in parts:
                dpg.configure_item(part, show=way == chosen)

    def _save_picture(self) -> None:
        self._exporter.export_picture(_pixels(self._size), transparent=dpg.get_value(self._transparent))

    def _save_turntable(self) -> None:
        frames = dpg.get_value(self._frames)
        self._exporter.export_turntable(
            _pixels(self._film_size), frames=frames, fps=self._per_second, ending=self._ending
        )

    def _save_film(self) -> None:
        self._exporter.export_film(_pixels(self._film_size), fps=self._per_second, ending=self._ending)

    @property
    def _per_second(self) -> float:
        return float(dpg.get_value(self._fps))

    @property
    def _ending(self) -> str:
        return FILMS[dpg.get_value(self._film)]

    def _change_swing(self, degrees: float) -> None:
        self._session.eye.swing = float(np.deg2rad(degrees))


def _pixels(choice: int | str) -> int:
    return int(dpg.get_value(choice).split()[0])
