"""How the avatar is drawn."""

from dataclasses import replace

import dearpygui.dearpygui as dpg
import numpy as np

from ...core.document import RENDER_MODES, RENDER_QUALITIES
from ...core.edits import set_render_settings
from ..backdrop import Backdrop
from ..form import DraggedNumber, Form
from ..session import Session

RESOLUTIONS = (128, 256, 512, 1024)


class RenderPanel:
    """Resolution, quality, what is shown, what is behind it, and through what lens."""

    def __init__(self, session: Session, form: Form) -> None:
        self._session = session
        self._shown: tuple[object, ...] = ()
        self._resolution = form.choice(
            "Resolution",
            [f"{side} px" for side in RESOLUTIONS],
            lambda text: session.editor.change_settings("Change resolution", resolution=int(text.split()[0])),
        )
        self._quality = form.choice(
            "Quality",
            [quality.capitalize() for quality in RENDER_QUALITIES],
            lambda text: session.editor.change_settings("Change quality", quality=text.lower()),
        )
        self._mode = form.choice("Show", [mode.capitalize() for mode in RENDER_MODES], self._show_mode)
        self._backdrop = form.choice(
            "Background", [backdrop.value for backdrop in Backdrop], lambda text: session.show_backdrop(Backdrop(text))
        )
        self._field_of_view = form.slider("Field of view", 8, 70, self._zoom_lens, "%.0f°")
        self._sigma = DraggedNumber(
            form,
            session,
            "Influence σ",
            title=lambda: "Change influence",
            edit=lambda value: (
                lambda document: set_render_settings(document, replace(document.settings, sigma=value / 1000))
            ),
            lower=5,
            upper=200,
            speed=0.2,
            pattern="%.0f mm",
        )
        with form.labelled("Overlay"):
            self._overlays = dpg.add_checkbox(
                label="points over the avatar", callback=lambda sender, on: setattr(session, "overlays", on)
            )

    def update(self) -> None:
        """Show things as they are now."""
        session = self._session
        settings, angle = session.document.settings, session.eye.view.field_of_view
        wanted = (settings, session.mode, session.backdrop, session.overlays, angle)
        if wanted == self._shown:
            return
        self._shown = wanted
        dpg.set_value(self._resolution, f"{settings.resolution} px")
        dpg.set_value(self._quality, settings.quality.capitalize())
        dpg.set_value(self._mode, session.mode.capitalize())
        dpg.set_value(self._backdrop, session.backdrop.value)
        dpg.set_value(self._overlays, session.overlays)
        self._sigma.show(settings.sigma * 1000)
        if not dpg.is_item_active(self._field_of_view):
            dpg.set_value(self._field_of_view, float(np.rad2deg(angle)))

    def _show_mode(self, text: str) -> None:
        self._session.mode = next(mode for mode in RENDER_MODES if mode.capitalize() == text)

    def _zoom_lens(self, degrees: float) -> None:
        eye = self._session.eye
        eye.look(eye.view.with_field_of_view(float(np.deg2rad(degrees))))
