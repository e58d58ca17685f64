"""Runs the window and writes after each frame, as JSON, what a person could see.

`python -m tests.viewer.drive STATE [--engine blobs|avatar|coarse] …`; what follows are the program's own arguments.
"""

import argparse
import faulthandler
import gc
import json
import os
import signal
import sys
import time
import zlib
from pathlib import Path

import dearpygui.dearpygui as dpg
import numpy as np

from kpnerf.core.geometry import project
from kpnerf.viewer import app as program
from kpnerf.viewer.camera_pose import pose_of_camera
from kpnerf.viewer.engine import Engine
from kpnerf.viewer.expression import chosen
from kpnerf.viewer.pace import Pace

from .blob_engine import BlobEngine

SHORTEST = 0.02
"""Seconds between two states."""
SETTLING = 4
"""Frames that a dialog takes to find its place, however long they are."""
CLICKABLE = ("mvButton", "mvInputText", "mvInputInt", "mvCheckbox", "mvCombo", "mvSelectable", "mvDragFloat")


LATE = 0.05
"""Seconds from one frame to the next beyond which a hand at work notices."""


class Observer:
    """Called after every frame."""

    def __init__(self, path: Path, shortest: float = SHORTEST) -> None:
        self._shortest = shortest
        self.took = 0.0
        """Seconds that writing took after the last frame: no part of it."""
        self.attended = self.late = 0
        """Frames drawn with a hand at work, and those among them that were late."""
        self.longest = 0.0
        """From one such frame to the next, seconds."""
        self._opened = 0
        self._editor: object = None
        self._path = path
        self._written = 0.0
        self._frames = 0
        self._began = time.monotonic()
        self._looked_up = 0.0
        self._found: list = []
        self._has_dialog = self._is_steady = False
        self._dialog_since = 0
        self._tooltips: list = []

    def __call__(self, app: program.App) -> None:
        """Write the state, not too often."""
        now = time.monotonic()
        self._frames += 1
        self.took = 0.0
        if now - self._written < self._shortest:
            return
        self._written = now
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps(self.state(app)))
        os.replace(temporary, self._path)
        self.took = time.monotonic() - now

    def note_interval(self, seconds: float) -> None:
        """From one frame to the next, without what is done here, while a hand was at work."""
        self.attended += 1
        self.late += seconds > LATE
        self.longest = max(self.longest, seconds)

    def state(self, app: program.App) -> dict:
        """What there is to see."""
        session, window = app.session, app.window
        width, height = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        layout, status, shown = window.layout(width, height), session.status(), session.shown
        calibration = session.document.calibration
        return {
            "frames": self._frames,
            "attended": [self.attended, self.late, self.longest],
            "memory": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20,
            "seconds": time.monotonic() - self._began,
            "window": [width, height],
            "position": dpg.get_viewport_pos(),
            "status": [status.kind, status.text],
            "title": session.title,
            "saved": session.is_saved,
            "undo": session.editor.history.undo_label,
            "cursor": session.editor.history.cursor,
            "opened": self._count_opened(session),
            "sources": [str(path) for path in session.sources],
            "theme": window.look.theme,
            "scale": window.look.scale,
            "hints": list(window.hints.shown),
            "tips": self._tips(),
            "written": session.journal is not None and session.journal.is_written,
            "entries": [entry.label for entry in session.editor.history.entries],
            "selected": sorted(session.editor.points),
            "view": session.editor.view,
            "mode": session.mode,
            "colouring": session.colouring,
            "yaw_of_photo": self._yaw_of_photo(session),
            "hovered": session.editor.hovered,
            "grabbed": session.editor.grabbed,
            "suspects": [[suspect.view, suspect.name] for suspect in session.findings.ranking],
            "doubts": [[doubt.view, doubt.name] for doubt in session.findings.doubts],
            "doubt": session.findings.sentence(),
            "states": [view.keypoints.state.tolist() for view in session.document.views],
            "occluded": [view.keypoints.occluded.tolist() for view in session.document.views],
            "pixels": [view.keypoints.xy_px.tolist() for view in session.document.views],
            "zoom": [self._zoom(window, index) for index in range(len(layout.photos))],
            "dialog": window.dialogs.is_open,
            "typing": window.form.is_typing,
            "modifiers": [window.keyboard.ctrl, window.keyboard.shift, window.keyboard.alt],
            "yaw": session.eye.view.yaw,
            "playing": session.eye.is_playing,
            **self._looks(app, layout.avatar),
            "avatar": [layout.avatar.x, layout.avatar.y, layout.avatar.width, layout.avatar.height],
            "photos": [[rect.x, rect.y, rect.width, rect.height] for rect in layout.photos],
            "points": [self._points(window, index, rect) for index, rect in enumerate(layout.photos)],
            "keypoints": None if calibration is None else calibration.keypoints.xyz.tolist(),
            "picture": None if shown is None else zlib.crc32(np.ascontiguousarray(shown.picture)),
            "progress": None if shown is None or not session.is_current else shown.frame.progress,
            "focus": session.render_lane.focus,
            "asked": session.render_lane.generation,
            "settled": gc.get_freeze_count() > 0,
            "widgets": self._widgets(window.dialogs.is_open),
            "looked_at": self._looked_up,
            "steady": self._is_steady,
        }

    def _count_opened(self, session) -> int:
        """How many documents were opened up to now."""
        if session.editor is not self._editor:
            self._editor, self._opened = session.editor, self._opened + 1
        return self._opened

    def _points(self, window, index: int, rect) -> dict:
        gestures = window.canvases[index].gestures
        if gestures.view is None or gestures.transform is None:
            return {}
        places = gestures.points() + [rect.x, rect.y]
        return dict(zip(gestures.view.keypoints.schema.names, places.tolist(), strict=True))

    def _tips(self) -> list[str]:
        """What tooltips say that are on the screen now."""
        shown = [item for item in self._tooltips if dpg.does_item_exist(item) and dpg.is_item_shown(item)]
        texts = [text for item in shown for text in dpg.get_item_children(item, 1)]
        return [dpg.get_value(text) for text in texts if dpg.get_item_state(text).get("visible")]

    def _yaw_of_photo(self, session) -> float | None:
        """Of the chosen photo's camera, degrees."""
        calibration, view = session.document.calibration, session.editor.view
        if calibration is None:
            return None
        return float(np.rad2deg(pose_of_camera(calibration.head_cameras[view]).yaw))

    def _looks(self, app: program.App, avatar) -> dict:
        """From where the avatar is looked at, and what is shown beside it."""
        session, overview = app.session, app.window.viewport.overview
        view, comparing = session.eye.view, session.comparing
        camera = view.camera(round(avatar.width), round(avatar.height))
        apexes = [project(camera, frustum.apex)[0] + 0.5 + [avatar.x, avatar.y] for frustum in overview.frustums]
        likeness = comparing.likeness(session.document, session.shown) if comparing.kind else None
        calibration = session.document.calibration
        return {
            "eye": [view.yaw, view.pitch, view.distance, view.field_of_view, *view.target.tolist()],
            "moving": session.eye.is_moving,
            "path": [[key.yaw, key.pitch, key.distance] for key in session.document.camera_path.views],
            "timing": [session.document.camera_path.seconds, session.document.camera_path.loop],
            "key_view": session.editor.key_view,
            "overlays": session.overlays,
            "polished": session.polished,
            "expression": chosen(session.document) if session.document.views else "",
            "is_mirrored": session.document.mirror is not None,
            "apexes": [place.tolist() for place in apexes],
            "comparing": [comparing.kind, comparing.divider],
            "likeness": None if likeness is None else [likeness.psnr, likeness.ssim],
            "cameras": [] if calibration is None else [c.position_in_world.tolist() for c in calibration.cameras],
            "masks": [float(view.mask.sum()) for view in session.document.views],
            "distortion": [view.distortion for view in session.document.views],
            "held_out": [view.held_out for view in session.document.views],
            "brush": [session.brush.is_on, session.brush.radius],
        }

    def _zoom(self, window, index: int) -> float | None:
        transform = window.canvases[index].gestures.transform
        return None if transform is None else transform.scale

    def _widgets(self, has_dialog: bool) -> list:
        """Label, kind and rectangle of everything that can be clicked, looked up a few times a second."""
        if has_dialog != self._has_dialog:
            self._has_dialog, self._dialog_since = has_dialog, self._frames
        if time.monotonic() - self._looked_up < 0.25:
            return self._found
        self._looked_up = time.monotonic()
        self._is_steady = self._frames - self._dialog_since >= SETTLING
        self._found = found = []
        self._tooltips = [item for item in dpg.get_all_items() if dpg.get_item_type(item).endswith("mvTooltip")]
        for item in dpg.get_all_items():
            kind = dpg.get_item_type(item).rpartition("::")[2]
            if kind in CLICKABLE and dpg.is_item_visible(item):
                label = dpg.get_item_label(item) or _text_beside(item)
                found.append([label, kind, *dpg.get_item_rect_min(item), *dpg.get_item_rect_size(item)])
        return found


class ObservedPace(Pace):
    """Rests as without an observer, and tells it when frames came."""

    def __init__(self, app: program.App, observer: Observer) -> None:
        super().__init__()
        self._app, self._observer = app, observer
        self._before: float | None = None

    def rest(self, spent: float, *, busy: bool) -> float:
        """What the program does after each frame."""
        now = time.monotonic()
        at_work = self._app.window.is_engaged
        if at_work and self._before is not None:
            self._observer.note_interval(now - self._before - self._observer.took)
        self._before = now if at_work else None
        return super().rest(spent - self._observer.took, busy=busy)


def _text_beside(field: int) -> str:
    """What stands before a field that has no label of its own."""
    first = dpg.get_item_children(dpg.get_item_parent(field), 1)[0]
    return dpg.get_value(first) if dpg.get_item_type(first).endswith("mvText") else ""


def main() -> int:
    """Run until closed."""
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # says where every thread is
    parser = argparse.ArgumentParser()
    parser.add_argument("state", type=Path)
    parser.add_argument("--engine", choices=("blobs", "avatar", "coarse"), default="blobs")
    parser.add_argument("--remembered-size", action="store_true", help="the window as large as it was the last time")
    parser.add_argument("--slow", type=float, default=0.0, help="seconds that blobs take for each of their pictures")
    parser.add_argument("--look", type=float, default=SHORTEST, help="seconds between two states at least")
    options, rest = parser.parse_known_args()
    chosen = program.parse(rest)
    load = program.load_avatar
    if options.engine == "blobs":

        def load() -> BlobEngine:
            return BlobEngine(seconds_per_frame=options.slow)

    elif options.engine == "coarse":

        def load() -> Engine:
            from kpnerf.core.render import grids

            grids.COARSE_NODES, grids.FINE_NODES = 32, 64  # type: ignore[misc]
            return program.load_avatar()

    look = {"size": chosen.size, "scale": chosen.scale, "theme": chosen.theme}
    observer = Observer(options.state, options.look)
    app = program.App(load, chosen.paths, **look, on_frame=observer)
    app._pace = ObservedPace(app, observer)
    return app.run()


if __name__ == "__main__":
    sys.exit(main())
