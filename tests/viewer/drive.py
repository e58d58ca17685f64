"""Runs the window and writes after each frame, as JSON, what a person could see.

`python -m tests.viewer.drive STATE [--engine blobs|avatar] …`; what follows are the program's own arguments.
"""

import argparse
import json
import os
import sys
import time
import zlib
from pathlib import Path

import dearpygui.dearpygui as dpg
import numpy as np

from kpnerf.viewer import app as program

from .blob_engine import BlobEngine

SHORTEST = 0.02
"""Seconds between two states."""
CLICKABLE = ("mvButton", "mvInputText", "mvInputInt", "mvCheckbox", "mvCombo", "mvSelectable", "mvDragFloat")


class Observer:
    """Called after every frame."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0.0
        self._frames = 0
        self._began = time.monotonic()
        self._looked_up = 0.0
        self._found: list = []

    def __call__(self, app: program.App) -> None:
        """Write the state, not too often."""
        now = time.monotonic()
        self._frames += 1
        if now - self._written < SHORTEST:
            return
        self._written = now
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps(self.state(app)))
        os.replace(temporary, self._path)

    def state(self, app: program.App) -> dict:
        """What there is to see."""
        session, window = app.session, app.window
        width, height = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        layout, status, shown = window.layout(width, height), session.status(), session.shown
        calibration = session.document.calibration
        return {
            "frames": self._frames,
            "seconds": time.monotonic() - self._began,
            "window": [width, height],
            "position": dpg.get_viewport_pos(),
            "status": [status.kind, status.text],
            "title": session.title,
            "saved": session.is_saved,
            "undo": session.editor.history.undo_label,
            "entries": [entry.label for entry in session.editor.history.entries],
            "selected": sorted(session.editor.points),
            "view": session.editor.view,
            "mode": session.mode,
            "dialog": window.dialogs.is_open,
            "typing": window.form.is_typing,
            "yaw": session.eye.view.yaw,
            "playing": session.eye.is_playing,
            "avatar": [layout.avatar.x, layout.avatar.y, layout.avatar.width, layout.avatar.height],
            "photos": [[rect.x, rect.y, rect.width, rect.height] for rect in layout.photos],
            "points": [self._points(window, index, rect) for index, rect in enumerate(layout.photos)],
            "keypoints": None if calibration is None else calibration.keypoints.xyz.tolist(),
            "picture": None if shown is None else zlib.crc32(np.ascontiguousarray(shown.picture)),
            "progress": None if shown is None or not session.is_current else shown.frame.progress,
            "widgets": self._widgets(),
            "looked_at": self._looked_up,
        }

    def _points(self, window, index: int, rect) -> dict:
        gestures = window.canvases[index].gestures
        if gestures.view is None or gestures.transform is None:
            return {}
        places = gestures.points() + [rect.x, rect.y]
        return dict(zip(gestures.view.keypoints.schema.names, places.tolist(), strict=True))

    def _widgets(self) -> list:
        """Label, kind and rectangle of everything that can be clicked, looked up a few times a second."""
        if time.monotonic() - self._looked_up < 0.25:
            return self._found
        self._looked_up = time.monotonic()
        self._found = found = []
        for item in dpg.get_all_items():
            kind = dpg.get_item_type(item).rpartition("::")[2]
            if kind in CLICKABLE and dpg.is_item_visible(item):
                label = dpg.get_item_label(item) or ""
                found.append([label, kind, *dpg.get_item_rect_min(item), *dpg.get_item_rect_size(item)])
        return found


def main() -> int:
    """Run until closed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("state", type=Path)
    parser.add_argument("--engine", choices=("blobs", "avatar"), default="blobs")
    parser.add_argument("--slow", type=float, default=0.0, help="seconds that blobs take for each of their pictures")
    options, rest = parser.parse_known_args()
    chosen = program.parse(rest)
    load = program.load_avatar
    if options.engine == "blobs":

        def load() -> BlobEngine:
            return BlobEngine(seconds_per_frame=options.slow)

    look = {"size": chosen.size or program.SIZE, "scale": chosen.scale, "theme": chosen.theme}
    app = program.App(load, chosen.paths, **look, on_frame=Observer(options.state))
    return app.run()


if __name__ == "__main__":
    sys.exit(main())
