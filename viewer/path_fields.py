"""The path of a film as fields of a panel: its views to click on, what can be done to them, how long they take."""

import dearpygui.dearpygui as dpg
import numpy as np

from ..core.camera_path import KeyView
from ..core.path_edits import LONGEST, SHORTEST, time_path
from . import filming
from .changes import Changes
from .form import DraggedNumber, Form
from .session import Session
from .theme import list_theme

MOST_ROWS = 4
"""Views that are seen at once; more are scrolled to."""
ROW = 24
"""Height of one, pixels at scale 1."""


class PathFields:
    """Made inside whatever container is open."""

    def __init__(self, session: Session, form: Form) -> None:
        self._session = session
        self._row = int(ROW * form.scale)
        self._changes = Changes()
        self._row_changes = Changes()
        with dpg.group(horizontal=True):
            self._list = dpg.add_child_window(border=False, show=False)
            with dpg.group(show=False) as self._arrows:
                form.arrow("up", lambda: filming.move_view(session, -1), does=filming.EARLIER)
                form.arrow("down", lambda: filming.move_view(session, 1), does=filming.LATER)
        dpg.bind_item_theme(self._list, list_theme(form.scale))
        self._below = dpg.add_spacer(show=False)
        with dpg.group(horizontal=True):
            self._add = form.button("Add view", lambda: filming.add_view(session), does=filming.ADD)
            self._of_chosen = [
                form.button("Replace", lambda: filming.replace_view(session), does=filming.REPLACE),
                form.button("Remove", lambda: filming.remove_view(session), does=filming.REMOVE),
                form.button("Clear", lambda: filming.clear_path(session), does=filming.CLEAR),
            ]
        self._seconds = DraggedNumber(
            form,
            session,
            "Between views",
            title=lambda: "Seconds of the path",
            edit=lambda value: lambda document: time_path(document, seconds=round(value, 1)),
            lower=SHORTEST,
            upper=LONGEST,
            speed=0.02,
            pattern="%.1f s",
        )
        with dpg.group(horizontal=True):
            self._play = form.button(filming.PLAY, lambda: filming.play_path(session))
            self._loop = dpg.add_checkbox(label="loop", callback=lambda sender, on: filming.loop_path(session, loop=on))
            self._length = dpg.add_text("", color=form.palette.faint)

    def update(self) -> None:
        """Show the path as it is now."""
        session = self._session
        path, chosen, playing = session.document.camera_path, session.editor.key_view, filming.is_on_path(session)
        solved = session.document.calibration is not None
        if not self._row_changes.seen(path.views, chosen):
            self._fill(path.views, chosen)
        if self._changes.seen(path, playing, solved):
            return
        dpg.configure_item(self._add, enabled=solved)
        for button in self._of_chosen:
            dpg.configure_item(button, enabled=bool(path.views))
        self._seconds.show(path.seconds)
        dpg.configure_item(self._play, enabled=solved, label="Stop" if playing else filming.PLAY)
        dpg.set_value(self._loop, path.loop)
        dpg.set_value(
            self._length, f"{len(path.views)} views, {path.duration:.1f} s" if path.duration else "add two views"
        )

    def _fill(self, views: tuple[KeyView, ...], chosen: int) -> None:
        dpg.delete_item(self._list, children_only=True)
        several = len(views) > 1  # that can change places
        dpg.configure_item(self._list, show=bool(views), height=min(len(views), MOST_ROWS) * self._row)
        dpg.configure_item(self._list, width=-int(1.3 * self._row) if several else 0)
        dpg.configure_item(self._arrows, show=several)
        dpg.configure_item(self._below, show=bool(views))
        for index, view in enumerate(views):
            yaw, pitch = np.rad2deg([view.yaw, view.pitch]).round() + 0.0  # no minus before a zero
            dpg.add_selectable(
                label=f" {index + 1}   yaw {yaw:.0f}°, pitch {pitch:.0f}°, {view.distance:.2f} m",
                parent=self._list,
                default_value=index == chosen,
                height=self._row,
                user_data=index,
                callback=lambda sender, value, index: self._go_to(index),
            )
        dpg.set_y_scroll(self._list, max(chosen - MOST_ROWS + 1, 0) * self._row)

    def _go_to(self, index: int) -> None:
        filming.fly_to_key_view(self._session, index)
        self._row_changes.forget()
