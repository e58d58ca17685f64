"""Where each photo was taken, and with what lens."""

import dearpygui.dearpygui as dpg
import numpy as np

from ...core import edits
from ...core.document import Document
from ..camera_pose import CameraPose, pose_of_camera, world_from_camera
from ..changes import Changes
from ..form import DraggedNumber, Form
from ..session import Session
from ..tasks import solve


class CamerasPanel:
    """The chosen photo's camera as numbers to drag, in degrees and metres about the head."""

    def __init__(self, session: Session, form: Form) -> None:
        self._session = session
        self._form = form
        self._changes = Changes()
        self._photo = form.choice("Photo", [], self._chosen)
        self._focal = DraggedNumber(
            form,
            session,
            "Focal length",
            title=lambda: f"Focal length of {self._name()}",
            edit=lambda value: lambda document: edits.set_focal(document, session.editor.view, value),
            lower=50,
            upper=20000,
            speed=2.0,
            pattern="%.0f px",
        )
        self._numbers = {
            field: self._number(label, field, lower, upper, speed, pattern)
            for label, field, lower, upper, speed, pattern in (
                ("Yaw", "yaw", -180.0, 180.0, 0.2, "%.1f°"),
                ("Pitch", "pitch", -89.0, 89.0, 0.2, "%.1f°"),
                ("Roll", "roll", -180.0, 180.0, 0.2, "%.1f°"),
                ("Distance", "distance", 0.2, 10.0, 0.004, "%.3f m"),
                ("Across", "across", -2.0, 2.0, 0.001, "%.3f m"),
                ("Down", "down", -2.0, 2.0, 0.001, "%.3f m"),
            )
        }
        with form.labelled("Keep"), dpg.group(horizontal=True):
            self._lock_pose = dpg.add_checkbox(label="pose", callback=lambda s, on: self._lock(pose=on))
            self._lock_focal = dpg.add_checkbox(label="focal length", callback=lambda s, on: self._lock(focal=on))
        self._residual = form.hint("")
        with dpg.group(horizontal=True):
            form.button("Solve again", lambda: solve(session), primary=True)
            form.button("Look from here", lambda: session.fly_to_view(session.editor.view))

    def update(self) -> None:
        """Show the document as it is now."""
        document, view = self._session.document, self._session.editor.view
        if self._changes.seen(document.views, document.calibration, view):
            return
        self._fill(document, view)

    def _fill(self, document: Document, view: int) -> None:
        dpg.configure_item(self._photo, items=list(document.names))
        dpg.set_value(self._photo, self._name())
        known = document.views[view] if view < len(document.views) else None
        camera = known.camera if known is not None else None
        self._focal.show(camera.fx if camera else None)
        pose = self._pose(document, view)
        for field, number in self._numbers.items():
            value = None if pose is None else getattr(pose, field)
            number.show(float(np.rad2deg(value)) if value is not None and field in ("yaw", "pitch", "roll") else value)
        for box, on in (
            (self._lock_pose, known is not None and known.lock_pose),
            (self._lock_focal, known is not None and known.lock_focal),
        ):
            dpg.set_value(box, on)
            dpg.configure_item(box, enabled=known is not None)
        residual = document.calibration.residual_px[view] if document.calibration and known is not None else np.nan
        dpg.set_value(self._residual, f"Points are off by {residual:.1f} px (median)" if np.isfinite(residual) else "")

    def _number(self, label: str, field: str, lower: float, upper: float, speed: float, pattern: str) -> DraggedNumber:
        return DraggedNumber(
            self._form,
            self._session,
            label,
            title=lambda: f"Camera of {self._name()}",
            edit=lambda value: lambda document: self._posed(document, field, value),
            lower=lower,
            upper=upper,
            speed=speed,
            pattern=pattern,
        )

    def _posed(self, document: Document, field: str, value: float) -> Document:
        view = self._session.editor.view
        pose = self._pose(document, view)
        if pose is None:
            return document
        changed = pose.changed(field, float(np.deg2rad(value)) if field in ("yaw", "pitch", "roll") else value)
        assert document.calibration is not None
        return edits.set_pose(document, view, world_from_camera(changed, document.calibration.world_from_head))

    def _pose(self, document: Document, view: int) -> CameraPose | None:
        if document.calibration is None or view >= len(document.views):
            return None
        return pose_of_camera(document.calibration.head_cameras[view])

    def _name(self) -> str:
        names = self._session.document.names
        return names[self._session.editor.view] if names else ""

    def _chosen(self, name: str) -> None:
        self._session.editor.select(self._session.document.names.index(name))

    def _lock(self, pose: bool | None = None, focal: bool | None = None) -> None:
        session, view = self._session, self._session.editor.view
        if not session.document.views:
            return
        on = pose if pose is not None else focal
        what = "pose" if pose is not None else "focal length"
        session.editor.apply(
            f"{'Keep' if on else 'Release'} {what} of {self._name()}",
            lambda document: edits.lock(document, view, pose=pose, focal=focal),
        )
