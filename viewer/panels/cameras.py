"""Where each photo was taken, and with what lens."""

import dearpygui.dearpygui as dpg
import numpy as np

from ...core import edits
from ...core.document import Document
from ...core.head_placement import scale_of
from ...core.lens_edits import LEAST, MOST, set_distortion
from ..camera_pose import CameraPose, pose_of_camera, world_from_camera
from ..changes import Changes
from ..editor import Edit
from ..form import DraggedNumber, Form
from ..looking import fly_to_view, toggle_overview
from ..session import Session
from ..tasks import solve


class CamerasPanel:
    """The chosen photo's camera as numbers to drag, in degrees and metres about the head."""

    def __init__(self, session: Session, form: Form) -> None:
        self._session = session
        self._form = form
        self._changes = Changes()
        self._photo = form.choice("Photo", [], self._chosen)
        with dpg.group(horizontal=True):
            form.button("Solve again", lambda: solve(session), primary=True)
            form.button("Look from", lambda: fly_to_view(session, session.editor.view))
            form.button("Show all", lambda: toggle_overview(session), does="Cameras round the avatar")
        self._residual = form.hint("")
        with dpg.group(horizontal=True):
            dpg.add_text("Keep", color=form.palette.faint)
            self._lock_pose = dpg.add_checkbox(label="pose", callback=lambda s, on: self._lock(pose=on))
            self._lock_focal = dpg.add_checkbox(label="focal", callback=lambda s, on: self._lock(focal=on))
            self._lock_centre = dpg.add_checkbox(label="centre", callback=lambda s, on: self._lock(centre=on))
        self._follow = dpg.add_checkbox(
            label="Solve while points are dragged", callback=lambda s, on: self._let_follow(on)
        )
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
        half = int(91 * form.scale)
        with form.labelled("Centre"), dpg.group(horizontal=True):
            self._centre = {"cx": self._centre_number("cx", half), "cy": self._centre_number("cy", -1)}
        self._distortion = DraggedNumber(
            form,
            session,
            "Distortion",
            title=lambda: f"Distortion of {self._name()}",
            edit=self._straightened,
            lower=100 * LEAST,
            upper=100 * MOST,
            speed=0.05,
            pattern="%.2f %%",
        )
        self._numbers = {
            field: self._number(label, field, lower, upper, speed, pattern)
            for label, field, lower, upper, speed, pattern in (
                ("Yaw", "yaw", -180.0, 180.0, 0.2, "%.1f°"),
                ("Pitch", "pitch", -89.0, 89.0, 0.2, "%.1f°"),
                ("Roll", "roll", -180.0, 180.0, 0.2, "%.1f°"),
                ("Distance", "distance", 0.2, 10.0, 0.004, "%.3f m"),
            )
        }
        with form.labelled("Shift"), dpg.group(horizontal=True):
            for field, width in (("across", half), ("down", -1)):
                self._numbers[field] = self._number("", field, -2.0, 2.0, 0.001, "%.3f m", width)

    def update(self) -> None:
        """Show the document as it is now."""
        document, view = self._session.document, self._session.editor.view
        follow = self._session.editor.cameras_follow
        if self._changes.seen(document.views, document.calibration, view, follow):
            return
        dpg.set_value(self._follow, follow)
        self._fill(document, view)

    def _fill(self, document: Document, view: int) -> None:
        dpg.configure_item(self._photo, items=list(document.names))
        dpg.set_value(self._photo, self._name())
        known = document.views[view] if view < len(document.views) else None
        camera = known.camera if known is not None else None
        self._focal.show(camera.fx if camera else None)
        self._distortion.show(None if known is None else 100 * known.distortion)
        for axis, number in self._centre.items():
            number.show(getattr(camera, axis) if camera else None)
        pose = self._pose(document, view)
        for field, number in self._numbers.items():
            number.show(None if pose is None else getattr(pose, field) * self._unit(document, field))
        for box, on in (
            (self._lock_pose, known is not None and known.lock_pose),
            (self._lock_focal, known is not None and known.lock_focal),
            (self._lock_centre, known is not None and known.lock_centre),
        ):
            dpg.set_value(box, on)
            dpg.configure_item(box, enabled=known is not None)
        residual = document.calibration.residual_px[view] if document.calibration and known is not None else np.nan
        told = [f"Points are off by {residual:.1f} px (median)"] if np.isfinite(residual) else []
        if document.known_distance is not None:
            known_distance = document.known_distance
            told.append(f"{known_distance.first} to {known_distance.second}: {1000 * known_distance.metres:.1f} mm")
        dpg.set_value(self._residual, "\n".join(told))

    def _straightened(self, percent: float) -> Edit:
        """What is shown, in hundredths of a percent, is what is kept."""
        share = round(percent / 100, 4)
        return lambda document: set_distortion(document, self._session.editor.view, share)

    def _centre_number(self, axis: str, width: int) -> DraggedNumber:
        def edit(value: float) -> Edit:
            def moved(document: Document) -> Document:
                view = self._session.editor.view
                camera = document.views[view].camera
                if camera is None:
                    return document
                place = {"cx": camera.cx, "cy": camera.cy} | {axis: value}
                return edits.set_principal_point(document, view, place["cx"], place["cy"])

            return moved

        return DraggedNumber(
            self._form,
            self._session,
            "",
            title=lambda: f"Principal point of {self._name()}",
            edit=edit,
            lower=-20000,
            upper=40000,
            speed=0.5,
            pattern="%.1f px",
            width=width,
        )

    def _number(
        self, label: str, field: str, lower: float, upper: float, speed: float, pattern: str, width: int = -1
    ) -> DraggedNumber:
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
            width=width,
        )

    def _posed(self, document: Document, field: str, value: float) -> Document:
        view = self._session.editor.view
        pose = self._pose(document, view)
        if pose is None:
            return document
        changed = pose.changed(field, float(value / self._unit(document, field)))
        assert document.calibration is not None
        return edits.set_pose(document, view, world_from_camera(changed, document.calibration.world_from_head))

    def _unit(self, document: Document, field: str) -> float:
        """What a field counts in: degrees for a radian, metres of the world for one of the head."""
        if field in ("yaw", "pitch", "roll"):
            return float(np.rad2deg(1.0))
        return 1.0 if document.calibration is None else scale_of(document.calibration.world_from_head)

    def _pose(self, document: Document, view: int) -> CameraPose | None:
        if document.calibration is None or view >= len(document.views):
            return None
        return pose_of_camera(document.calibration.head_cameras[view])

    def _name(self) -> str:
        names = self._session.document.names
        return names[self._session.editor.view] if names else ""

    def _chosen(self, name: str) -> None:
        self._session.editor.select(self._session.document.names.index(name))

    def _let_follow(self, on: bool) -> None:
        self._session.editor.cameras_follow = on

    def _lock(self, pose: bool | None = None, focal: bool | None = None, centre: bool | None = None) -> None:
        session, view = self._session, self._session.editor.view
        if not session.document.views:
            return
        parts = {"pose": pose, "focal length": focal, "principal point": centre}
        what, on = next((part, on) for part, on in parts.items() if on is not None)
        session.editor.apply(
            f"{'Keep' if on else 'Release'} {what} of {self._name()}",
            lambda document: edits.lock(document, view, pose=pose, focal=focal, centre=centre),
        )
