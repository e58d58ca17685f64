"""How the avatar is drawn."""

from dataclasses import replace

import dearpygui.dearpygui as dpg
import numpy as np

from ...core.document import RENDER_MODES, RENDER_QUALITIES, RenderMode, RenderQuality
from ...core.edits import set_render_settings
from .. import expression
from ..backdrop import Backdrop
from ..changes import Changes
from ..form import DraggedNumber, Form
from ..refining import TITLE, can_refine, is_refining, refine, take_off
from ..session import Session

RESOLUTIONS = (128, 256, 512, 768, 1024)
_MODES: dict[str, RenderMode] = {mode.capitalize(): mode for mode in RENDER_MODES}
_QUALITIES: dict[str, RenderQuality] = {quality.capitalize(): quality for quality in RENDER_QUALITIES}


class RenderPanel:
    """Resolution, quality, what is shown, what is behind it, and through what lens."""

    def __init__(self, session: Session, form: Form) -> None:
        self._session = session
        self._changes = Changes()
        self._resolution = form.choice("Resolution", [f"{side} px" for side in RESOLUTIONS], self._resize)
        self._quality = form.choice("Quality", list(_QUALITIES), self._change_quality)
        self._mode = form.choice("Show", list(_MODES), self._show_mode)
        self._backdrop = form.choice("Background", [backdrop.value for backdrop in Backdrop], self._change_backdrop)
        self._sigma = DraggedNumber(
            form,
            session,
            "Point reach",
            title=lambda: "Change reach of points",
            edit=lambda value: (
                lambda document: set_render_settings(document, replace(document.settings, sigma=0.01 * value))
            ),
            lower=1.0,
            upper=20.0,
            speed=0.02,
            pattern="%.2f cm",
        )
        self._slice = form.slider("Slice depth", -20, 20, self._change_slice, "%.1f cm")
        self._field_of_view = form.slider("Field of view", 8, 70, self._change_lens, "%.0f°")
        with form.labelled("Overlay"):
            self._overlays = dpg.add_checkbox(label="points", callback=lambda sender, on: self._show_overlays(on))
        with form.labelled("Look"):
            self._polished = dpg.add_checkbox(label="polished", callback=lambda sender, on: self._polish(on))
        self._expression = form.choice("Expression", [], lambda text: expression.choose(session, text))
        with form.labelled("Unseen half"):
            self._mirror = dpg.add_checkbox(label="mirror", callback=lambda sender, on: self._use_mirror(on))
        with dpg.group(horizontal=True):
            self._refine = form.button(TITLE, lambda: refine(session))
            self._cancel = form.button("Cancel", session.task_lane.cancel)
            self._take_off = form.button("Take off", lambda: take_off(session), does="Take the refinement off")
        dpg.add_spacer(height=int(2 * form.scale))
        form.hint("Interactive looks once along each ray. Reference samples every ray densely, which takes minutes.")

    def update(self) -> None:
        """Show things as they are now."""
        session = self._session
        settings, angle = session.document.settings, session.eye.view.field_of_view
        looks = session.mode, session.backdrop, session.overlays, session.polished, angle, session.slice_depth
        refinement, can, refining = session.document.refinement, can_refine(session), is_refining(session)
        one_sided = session.document.unseen_half is not None
        several, expressions = expression.can_choose(session), tuple(expression.choices(session.document))
        worn = expression.chosen(session.document)
        if self._changes.seen(settings, *looks, refinement, can, refining, one_sided, several, *expressions, worn):
            return
        dpg.configure_item(self._refine, enabled=can, show=not refining)
        dpg.configure_item(self._cancel, show=refining)
        dpg.configure_item(self._take_off, show=refinement is not None and not refining)
        self._sigma.show(100 * settings.sigma)
        if not dpg.is_item_active(self._slice):
            dpg.set_value(self._slice, 100 * session.slice_depth)
        dpg.set_value(self._resolution, f"{settings.resolution} px")
        dpg.set_value(self._quality, settings.quality.capitalize())
        dpg.set_value(self._mode, session.mode.capitalize())
        dpg.configure_item(self._expression, items=list(expressions), enabled=several)
        dpg.set_value(self._expression, worn)
        dpg.set_value(self._mirror, settings.mirror)
        dpg.configure_item(self._mirror, enabled=one_sided)
        dpg.set_value(self._backdrop, session.backdrop.value)
        dpg.set_value(self._overlays, session.overlays)
        dpg.set_value(self._polished, session.polished)
        if not dpg.is_item_active(self._field_of_view):
            dpg.set_value(self._field_of_view, float(np.rad2deg(angle)))

    def _resize(self, text: str) -> None:
        settings = replace(self._session.document.settings, resolution=int(text.split()[0]))
        self._session.editor.change_settings("Change resolution", settings)

    def _change_quality(self, text: str) -> None:
        settings = replace(self._session.document.settings, quality=_QUALITIES[text])
        self._session.editor.change_settings("Change quality", settings)

    def _use_mirror(self, on: bool) -> None:
        settings = replace(self._session.document.settings, mirror=on)
        title = "Mirror the half that is not shown" if on else "Leave the half that is not shown"
        self._session.editor.change_settings(title, settings)

    def _show_mode(self, text: str) -> None:
        self._session.mode = _MODES[text]

    def _change_slice(self, centimetres: float) -> None:
        self._session.slice_depth = 0.01 * centimetres
        self._session.mode = "slice"

    def _change_backdrop(self, text: str) -> None:
        self._session.show_backdrop(Backdrop(text))

    def _change_lens(self, degrees: float) -> None:
        eye = self._session.eye
        eye.look(eye.view.with_field_of_view(float(np.deg2rad(degrees))))

    def _show_overlays(self, on: bool) -> None:
        self._session.overlays = on

    def _polish(self, on: bool) -> None:
        self._session.polished = on
