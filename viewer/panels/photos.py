"""What the chosen photo is for: a source or to compare with, and where its foreground is."""

import dearpygui.dearpygui as dpg

from ...core.figures import Likeness
from ...core.mask_edits import restore_mask
from ...core.probe import PHOTO_COLOURS
from ..changes import Changes
from ..comparing import COMPARISON_KINDS
from ..form import Form
from ..looking import compare, toggle_held_out
from ..session import Session

_OFF = "Avatar only"
_KINDS = {_OFF: None} | {kind.capitalize(): kind for kind in COMPARISON_KINDS}


class PhotosPanel:
    """Holding out, comparing with figures, repairing the outline."""

    def __init__(self, session: Session, form: Form) -> None:
        self._session = session
        self._changes = Changes()
        with dpg.group(horizontal=True):
            self._colour = dpg.add_text("●")
            self._name = form.heading("")
        with form.labelled("Use"):
            self._source = dpg.add_checkbox(label="as a source", callback=lambda: toggle_held_out(session))
        dpg.add_spacer(height=int(2 * form.scale))
        form.heading("Compare")
        self._kind = form.choice("Show", list(_KINDS), lambda text: compare(session, _KINDS[text]))
        self._opacity = form.slider("Opacity", 0, 100, self._fade, "%.0f %%")
        self._figures = form.hint("")
        dpg.add_spacer(height=int(2 * form.scale))
        form.heading("Outline")
        with form.labelled("Brush"):
            self._brush = dpg.add_checkbox(label="show and repair", callback=lambda sender, on: self._take(on))
        self._radius = form.slider("Radius", 1, 200, session.brush.resize, "%.0f px")
        form.button("Back to detection", self._restore, does="")

    def update(self) -> None:
        """Show things as they are now."""
        session = self._session
        document, comparing, brush, view = session.document, session.comparing, session.brush, session.editor.view
        likeness = comparing.likeness(document, session.shown) if comparing.kind is not None else None
        looks = comparing.kind, comparing.opacity, likeness, self._is_at_photo(), brush.is_on, brush.radius
        if self._changes.seen(document.views, view, looks):
            return
        known = document.views[view] if view < len(document.views) else None
        dpg.set_value(self._name, known.name if known is not None else "No photo")
        red, green, blue = (int(255 * part) for part in PHOTO_COLOURS[view % len(PHOTO_COLOURS)])
        dpg.configure_item(self._colour, color=(red, green, blue, 255), show=known is not None)
        dpg.set_value(self._source, known is not None and not known.held_out)
        dpg.configure_item(self._source, enabled=known is not None)
        dpg.set_value(self._kind, _OFF if comparing.kind is None else comparing.kind.capitalize())
        dpg.set_value(self._brush, brush.is_on)
        for slider, value in ((self._opacity, 100 * comparing.opacity), (self._radius, brush.radius)):
            if not dpg.is_item_active(slider):
                dpg.set_value(slider, value)
        dpg.set_value(self._figures, self._told(likeness))

    def _told(self, likeness: Likeness | None) -> str:
        comparing, document = self._session.comparing, self._session.document
        if comparing.kind is None:
            return "Hold a photo out to see how well the others foretell it"
        if not self._is_at_photo():
            return "Look from a photo to compare with it ([ and ])"
        if likeness is None:
            return "Figures come with the finished picture in colour"
        held_out = document.views[self._session.editor.view].held_out
        against = "a photo that was held out" if held_out else "one of its sources"
        return f"PSNR {likeness.psnr:.2f} dB, SSIM {likeness.ssim:.3f}\nagainst {against}"

    def _is_at_photo(self) -> bool:
        session = self._session
        return session.shown is not None and session.comparing.view_of(session.document, session.shown) is not None

    def _fade(self, percent: float) -> None:
        self._session.comparing.opacity = 0.01 * percent

    def _take(self, on: bool) -> None:
        self._session.brush.is_on = on

    def _restore(self) -> None:
        session = self._session
        view = session.editor.view
        if view < len(session.document.views):
            name = session.document.views[view].name
            session.editor.apply(f"Outline of {name} as detected", lambda document: restore_mask(document, view))
