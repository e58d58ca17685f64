"""Pictures and films of the avatar, and its surface."""

from typing import Protocol

import dearpygui.dearpygui as dpg
import numpy as np

from ..changes import Changes
from ..form import Form
from ..session import Session

SIZES = (256, 512, 1024, 2048)


class Exporter(Protocol):
    """What the panel's buttons ask for; the window asks where to and starts the task."""

    def export_picture(self, longer_side: int, *, transparent: bool) -> None:
        """Write the avatar as it is looked at."""

    def export_turntable(self, longer_side: int, *, frames: int, fps: float, ending: str) -> None:
        """Write a film of it turning."""

    def export_mesh(self) -> None:
        """Write its surface."""


TASKS = ("Picture", "Turntable", "Mesh")
"""Titles of what the buttons start."""
FILMS = {"MP4 film": ".mp4", "GIF": ".gif", "PNG pictures": ".png"}


class ExportPanel:
    """Size, transparency, length of the film; progress and a way out while one is being made."""

    def __init__(self, session: Session, form: Form, exporter: Exporter) -> None:
        self._session = session
        self._exporter = exporter
        self._changes = Changes()
        form.heading("Picture")
        self._size = form.choice("Longer side", [f"{side} px" for side in SIZES], lambda _: None)
        with dpg.group(horizontal=True):
            self._picture = form.button("Save picture…", self._save_picture, primary=True)
            self._transparent = dpg.add_checkbox(label="transparent", default_value=True)
        dpg.add_spacer(height=int(2 * form.scale))
        form.heading("Turntable")
        self._film = form.choice("Format", list(FILMS), lambda _: None)
        self._film_size = form.choice("Longer side", [f"{side} px" for side in SIZES[:3]], lambda _: None)
        self._frames = form.number("Frames", 72, 2, 2000, lambda _: None)
        self._fps = form.number("Per second", 24, 1, 60, lambda _: None)
        self._swing = form.slider("Swing", 10, 360, self._change_swing, "%.0f°")
        self._turntable = form.button("Save turntable…", self._save_turntable, primary=True)
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
        """Show whether something is being made, and how far it is."""
        session = self._session
        task = session.task_lane.current
        ready = session.document.calibration is not None
        exporting = task is not None and task.title in TASKS
        share = (task.control.share or 0.0) if task is not None and exporting else None
        text = task.control.text if task is not None and exporting else ""
        if self._changes.seen(ready, exporting, share, text, session.eye.swing):
            return
        for button in (self._picture, self._turntable, self._mesh):
            dpg.configure_item(button, enabled=ready)
        dpg.configure_item(self._running, show=exporting)
        dpg.configure_item(self._turntable, show=not exporting)
        if exporting:
            dpg.set_value(self._bar, share or 0.0)
            dpg.configure_item(self._bar, overlay=text)
        if not dpg.is_item_active(self._swing):
            dpg.set_value(self._swing, float(np.rad2deg(session.eye.swing)))

    def _save_picture(self) -> None:
        self._exporter.export_picture(_pixels(self._size), transparent=dpg.get_value(self._transparent))

    def _save_turntable(self) -> None:
        self._exporter.export_turntable(
            _pixels(self._film_size),
            frames=dpg.get_value(self._frames),
            fps=float(dpg.get_value(self._fps)),
            ending=FILMS[dpg.get_value(self._film)],
        )

    def _change_swing(self, degrees: float) -> None:
        self._session.eye.swing = float(np.deg2rad(degrees))


def _pixels(choice: int | str) -> int:
    return int(dpg.get_value(choice).split()[0])
