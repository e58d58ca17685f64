"""The list of keypoints: where each comes from in every photo, and how well the photos agree on it."""

from dataclasses import dataclass

import dearpygui.dearpygui as dpg
import numpy as np

from ...core import edits
from ...core.document import Document
from ...core.keypoints import PointState
from ..changes import Changes
from ..form import Form
from ..looking import look_at_worst
from ..point_order import ORDERS, Order, ordered, worst_residual
from ..session import Session
from ..theme import Rgba, heading_button_theme, table_theme

LINE, BUTTONS = 19, 38
"""Heights, pixels at scale 1."""


@dataclass(frozen=True)
class _Row:
    """The widgets of one line; which keypoint it shows depends on the order."""

    name: int | str
    dots: tuple[int | str, ...]
    residual: int | str
    rank: int | str


class PointsPanel:
    """A row for each keypoint; clicking selects it in all photos, clicking a heading sorts."""

    def __init__(self, session: Session, form: Form) -> None:
        self._session = session
        self._form = form
        self._rows: list[_Row] = []
        self._cells: dict[int | str, tuple[str, Rgba | None]] = {}
        self._headings: dict[Order, int | str] = {}
        self._views: list[int | str] = []
        self._shape: tuple[object, ...] = ()
        self._changes = Changes()
        self._hovering = False
        self._order: Order | None = None
        self._names: list[str] = []
        self._theme, self._heading_theme = table_theme(form.scale), heading_button_theme(form.palette, form.scale)
        self._body = dpg.add_child_window(border=False, height=-BUTTONS * form.scale)
        self._doubt = dpg.add_text("", color=form.palette.warning, wrap=0, show=False)
        with dpg.group(horizontal=True):
            for label, does, command in (
                ("Occlude", "Occlude or show", lambda: session.editor.toggle_occluded()),
                ("Unplace", "Unplace", lambda: session.editor.change_points("Unplace", edits.unplace_keypoint)),
                (
                    "To detection",
                    "Back to detection",
                    lambda: session.editor.change_points("Snap back", edits.snap_to_detection),
                ),
                ("Worst", "Go to the worst", lambda: look_at_worst(session)),
            ):
                form.button(label, command, does=does)

    def update(self) -> None:
        """Show the document as it is now."""
        session, document, editor = self._session, self._session.document, self._session.editor
        shape = (document.schema.names, len(document.views))
        if shape != self._shape:
            self._shape = shape
            self._changes.forget()
            self._build(document)
        self._follow_pointer()
        shown = (editor.points, editor.view, editor.hovered, editor.is_dragging, session.colouring, self._order)
        if self._changes.seen(document.views, document.calibration, session.findings, *shown):
            return
        self._fill(document)
        self._tell()

    def _build(self, document: Document) -> None:
        dpg.delete_item(self._body, children_only=True)
        self._rows, self._names = [], list(document.schema.names)
        self._cells.clear()
        if not document.views:
            return
        scale = self._form.scale
        with dpg.table(
            parent=self._body,
            header_row=False,
            policy=dpg.mvTable_SizingFixedFit,
            pad_outerX=False,
            freeze_rows=1,
            scrollY=True,
        ) as table:
            dpg.bind_item_theme(table, self._theme)
            dpg.add_table_column(width_stretch=True)
            for _ in document.views:
                dpg.add_table_column(width_fixed=True)
            dpg.add_table_column(width_fixed=True, init_width_or_weight=36 * scale)
            dpg.add_table_column(width_fixed=True, init_width_or_weight=44 * scale)
            with dpg.table_row():
                dpg.bind_item_font(self._add_heading("name"), self._form.fonts.strong)
                self._views = [dpg.add_text(str(number + 1)) for number in range(len(document.views))]
                self._add_heading("residual")
                self._add_heading("rank")
            for _ in document.schema.names:
                with dpg.table_row():
                    name = dpg.add_selectable(
                        span_columns=True,
                        height=int(22 * scale),
                        callback=lambda sender, value, slot: self._chosen(slot),
                        user_data=len(self._rows),
                    )
                    dots = tuple(dpg.add_text("●") for _ in document.views)
                    self._rows.append(_Row(name, dots, dpg.add_text(""), dpg.add_text("")))

    def _add_heading(self, order: Order) -> int | str:
        button = dpg.add_button(callback=lambda sender, value, chosen: self._sort(chosen), user_data=order)
        dpg.bind_item_theme(button, self._heading_theme)
        self._headings[order] = button
        return button

    def _fill(self, document: Document) -> None:
        palette, session, editor = self._form.palette, self._session, self._session.editor
        calibration, findings = document.calibration, self._session.findings
        residuals = None if calibration is None else calibration.residuals_px
        if self._rows and not editor.is_dragging:  # rows stay where they are while a number changes under the hand
            self._names = ordered(document.schema.names, self._order, residuals, findings.ranks)
        for order, heading in self._headings.items():
            dpg.set_item_label(heading, ORDERS[order] + (" ↓" if order == self._order else ""))
        for row, name in zip(self._rows, self._names, strict=False):
            index = document.schema.index(name)
            dpg.set_item_label(row.name, name)
            dpg.set_value(row.name, name in editor.points)  # a click has changed it already
            for number, (view, dot) in enumerate(zip(document.views, row.dots, strict=True)):
                keypoints = view.keypoints
                state = PointState(int(keypoints.state[index]))
                hollow = keypoints.occluded[index] or state in (PointState.UNPLACED, PointState.REPROJECTED)
                by_confidence = session.colouring == "confidence"
                colour = palette.of_point(state, float(keypoints.confidence[index]), by_confidence=by_confidence)
                doubted = findings.doubt_about(name, number) is not None
                sign = "!" if doubted else "○" if hollow else "●"
                self._put(dot, sign, palette.error if doubted else colour)
            worst = worst_residual(residuals, index)
            shown = ("", palette.faint) if worst is None else (f"{worst:5.1f}", palette.of_residual(worst))
            self._put(row.residual, *shown)
            rank = findings.ranks.get(name)
            self._put(row.rank, "" if rank is None else f"{rank:3d}")
        for number, heading in enumerate(self._views):
            off = np.nan if calibration is None else float(calibration.residual_px[number])
            dpg.configure_item(heading, color=palette.of_residual(off) if np.isfinite(off) else palette.faint)

    def _put(self, cell: int | str, text: str, colour: Rgba | None = None) -> None:
        """Into a cell that shows something else: under a dragging hand most of them stay as they are."""
        if self._cells.get(cell) == (text, colour):
            return
        self._cells[cell] = text, colour
        dpg.set_value(cell, text)
        if colour is not None:
            dpg.configure_item(cell, color=colour)

    def _tell(self) -> None:
        """The sentence about what cannot be right, where there is one."""
        text = self._session.findings.sentence(self._session.editor.hovered)
        height = BUTTONS + (2 * LINE + 4 if text else 0)
        dpg.set_value(self._doubt, text)
        dpg.configure_item(self._doubt, show=bool(text))
        dpg.configure_item(self._body, height=-int(height * self._form.scale))

    def _sort(self, order: Order) -> None:
        self._order = None if order == self._order else order
        self._changes.forget()

    def _chosen(self, slot: int) -> None:
        editor, name = self._session.editor, self._names[slot]
        if dpg.is_key_down(dpg.mvKey_LShift) or dpg.is_key_down(dpg.mvKey_LControl):
            editor.toggle_point(name)
        else:
            editor.select(points={name})
        self._changes.forget()

    def _follow_pointer(self) -> None:
        """A row under the pointer shows its point in the photos."""
        editor = self._session.editor
        if dpg.get_item_state(self._body).get("hovered"):
            rows = zip(self._names, self._rows, strict=False)
            editor.hovered = next((name for name, row in rows if dpg.is_item_hovered(row.name)), None)
            self._hovering = True
        elif self._hovering:
            editor.hovered, self._hovering = None, False
