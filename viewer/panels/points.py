"""The list of keypoints: where each comes from in every photo, and how well the photos agree on it."""

import dearpygui.dearpygui as dpg
import numpy as np

from ...core import edits
from ...core.document import Document
from ...core.keypoints import PointState
from ..changes import Changes
from ..form import Form
from ..session import Session
from ..theme import table_theme


class PointsPanel:
    """A row for each keypoint; clicking selects it in all photos."""

    def __init__(self, session: Session, form: Form) -> None:
        self._session = session
        self._form = form
        self._rows: list[tuple[int | str, list[int | str], int | str]] = []
        self._shape: tuple[object, ...] = ()
        self._changes = Changes()
        self._hovering = False
        with dpg.group(horizontal=True):
            form.heading("Points")
            self._summary = dpg.add_text("", color=form.palette.faint)
        self._theme = table_theme(form.scale)
        self._body = dpg.add_child_window(border=False, height=-38 * form.scale)
        with dpg.group(horizontal=True):
            for label, command in (
                ("Occlude", lambda: session.editor.toggle_occluded()),
                ("Unplace", lambda: session.editor.change_points("Unplace", edits.unplace_keypoint)),
                ("To detection", lambda: session.editor.change_points("Snap back", edits.snap_to_detection)),
            ):
                form.button(label, command)

    def update(self) -> None:
        """Show the document as it is now."""
        document, editor = self._session.document, self._session.editor
        shape = (document.schema.names, len(document.views))
        if shape != self._shape:
            self._shape = shape
            self._changes.forget()
            self._build(document)
        self._follow_pointer()
        if self._changes.seen(document.views, document.calibration, editor.points, editor.view, editor.hovered):
            return
        self._fill(document)

    def _build(self, document: Document) -> None:
        dpg.delete_item(self._body, children_only=True)
        self._rows = []
        if not document.views:
            return
        with dpg.table(
            parent=self._body, header_row=False, policy=dpg.mvTable_SizingFixedFit, pad_outerX=False
        ) as table:
            dpg.bind_item_theme(table, self._theme)
            dpg.add_table_column(width_stretch=True)
            for _ in document.views:
                dpg.add_table_column(width_fixed=True)
            dpg.add_table_column(width_fixed=True, init_width_or_weight=44 * self._form.scale)
            for name in document.schema.names:
                with dpg.table_row():
                    row = dpg.add_selectable(
                        label=name,
                        span_columns=True,
                        height=int(22 * self._form.scale),
                        callback=lambda sender, value, chosen: self._chosen(chosen),
                    )
                    dpg.set_item_user_data(row, name)
                    dots = [dpg.add_text("●") for _ in document.views]
                    self._rows.append((row, dots, dpg.add_text("")))

    def _fill(self, document: Document) -> None:
        palette, editor = self._form.palette, self._session.editor
        calibration = document.calibration
        residuals = None if calibration is None else calibration.residuals_px
        for index, (row, dots, number) in enumerate(self._rows):
            name = document.schema.names[index]
            dpg.set_value(row, name in editor.points)
            for view, dot in zip(document.views, dots, strict=True):
                state = PointState(int(view.keypoints.state[index]))
                hollow = view.keypoints.occluded[index] or state in (PointState.UNPLACED, PointState.REPROJECTED)
                dpg.configure_item(dot, color=palette.of_state(state))
                dpg.set_value(dot, "○" if hollow else "●")
            worst = _worst(residuals, index)
            dpg.set_value(number, "" if worst is None else f"{worst:5.1f}")
            dpg.configure_item(number, color=palette.faint if worst is None else palette.of_residual(worst))
        used = np.array([]) if residuals is None else residuals[np.isfinite(residuals)]
        dpg.set_value(self._summary, f"median {np.median(used):.1f} px" if used.size else "")

    def _chosen(self, name: str) -> None:
        editor = self._session.editor
        if dpg.is_key_down(dpg.mvKey_LShift) or dpg.is_key_down(dpg.mvKey_LControl):
            editor.toggle_point(name)
        else:
            editor.select(points={name})
        self._changes.forget()

    def _follow_pointer(self) -> None:
        """A row under the pointer shows its point in the photos."""
        editor = self._session.editor
        if dpg.get_item_state(self._body).get("hovered"):
            names = self._session.document.schema.names
            rows = zip(names, self._rows, strict=False)
            editor.hovered = next((name for name, (row, _, _) in rows if dpg.is_item_hovered(row)), None)
            self._hovering = True
        elif self._hovering:
            editor.hovered, self._hovering = None, False


def _worst(residuals: np.ndarray | None, index: int) -> float | None:
    """The largest residual of a keypoint over all photos, or None."""
    if residuals is None:
        return None
    finite = residuals[:, index][np.isfinite(residuals[:, index])]
    return float(finite.max()) if finite.size else None
