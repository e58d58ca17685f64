"""The window: regions, panels and dialogs put together, and drawn anew where something has changed."""

import dearpygui.dearpygui as dpg

from ..core.document import Document
from ..core.edits import MAX_VIEWS
from ..core.photo import Photo
from .asking import Asking
from .canvas import PhotoCanvas
from .commands import COMMANDS, Command, Key
from .dialogs import Dialogs
from .divider import Divider
from .file_dialog import FileDialog
from .form import Form
from .keyboard import Keyboard
from .layout import Layout, Rect, arrange
from .mouse import Mouse
from .panels.cameras import CamerasPanel
from .panels.export import ExportPanel
from .panels.points import PointsPanel
from .panels.render import RenderPanel
from .session import Session
from .status_line import StatusLine
from .tabs import Tabs
from .textures import PhotoTextures
from .theme import Fonts, Palette, bare_theme, menu_theme, panel_theme
from .viewport import AvatarViewport


class Window:
    """Everything in the main window. Made after Dear PyGui's context, read and drawn once in a frame."""

    def __init__(self, session: Session, palette: Palette, fonts: Fonts, scale: float) -> None:
        self.session = session
        self._scale = scale
        self._enlarged = False
        self._held = False
        self._frames_without_focus = 0
        self._document: Document | None = None
        self._arriving: tuple[Photo, ...] = ()
        form = Form(palette, fonts, scale)
        self.form = form
        self.dialogs = Dialogs(form)
        self.asking = Asking(session, self.dialogs, FileDialog(self.dialogs, form))
        self.keyboard = Keyboard()
        self._mouse = Mouse(self.keyboard)
        self._textures = PhotoTextures()
        self._menu: list[tuple[int | str, Command]] = []
        with dpg.window() as self.main:
            self._build_menu()
        dpg.set_primary_window(self.main, True)
        # The screen is cleared to the same colour; without a graphics card, filling it twice is a third of a frame.
        dpg.configure_item(self.main, no_background=True, no_scrollbar=True, no_scroll_with_mouse=True)
        dpg.bind_item_theme(self.main, bare_theme())
        self.canvases = [
            PhotoCanvas(self.main, session, index, self._textures, palette, scale) for index in range(MAX_VIEWS)
        ]
        self.viewport = AvatarViewport(self.main, session, palette, scale)
        self._divider = Divider(self.main, palette)
        with dpg.child_window(parent=self.main, show=False, always_use_window_padding=True) as self._points_region:
            self._points = PointsPanel(session, form)
        with dpg.child_window(parent=self.main, show=False, always_use_window_padding=True) as self._tabs_region:
            tabs = Tabs(("Cameras", "Render", "Export"), palette, fonts, scale)
            with tabs.page("Cameras"):
                self._cameras = CamerasPanel(session, form)
            with tabs.page("Render"):
                self._render = RenderPanel(session, form)
            with tabs.page("Export"):
                self._export = ExportPanel(session, form, self.asking)
        for region in (self._points_region, self._tabs_region):
            dpg.bind_item_theme(region, panel_theme(scale))
        self._status = StatusLine(self.main, session, palette, scale)
        self._placed: dict[int | str, Rect] = {}

    # --- each frame

    def read(self, width: float, height: float, now: float) -> None:
        """Take in what the hand did since the last frame; the session knows it then."""
        session = self.session
        layout = self.layout(width, height)
        pointer = self._mouse.read(now)
        is_typing = self.form.is_typing or self.dialogs.is_open
        self.keyboard.read(is_typing=is_typing, run=self.run, dialog_key=self._press_dialog_key)
        self._held = bool(pointer.down) or self.keyboard.is_held
        if not self.keyboard.arrows:
            session.editor.end_nudge()
        self._divider.update(layout, pointer, blocked=self.dialogs.is_open)
        for index, canvas in enumerate(self.canvases):
            rect = layout.photos[index] if index < len(layout.photos) else None
            canvas.read(rect, pointer.within(rect.x, rect.y) if rect else pointer)
        self.viewport.read(layout.avatar, pointer.within(layout.avatar.x, layout.avatar.y))

    def draw(self, width: float, height: float) -> None:
        """Draw what has changed since the last frame."""
        self._textures.begin_frame()
        self.asking.tell_failures()
        self._follow_document()
        layout = self.layout(width, height)
        for index, canvas in enumerate(self.canvases):
            canvas.draw(layout.photos[index] if index < len(layout.photos) else None)
        self.viewport.draw(layout.avatar)
        self._place(self._points_region, layout.points)
        self._place(self._tabs_region, layout.tabs)
        for panel in (self._points, self._cameras, self._render, self._export):
            panel.update()
        self._status.update(layout.status)
        self._update_menu()
        self.dialogs.update(width, height)
        if self._frames_without_focus > 0:
            self._frames_without_focus -= 1
            self.viewport.take_focus()

    def layout(self, width: float, height: float) -> Layout:
        """Where everything is in a window of this size."""
        session = self.session
        return arrange(
            width,
            height,
            scale=self._scale,
            photos=len(session.arriving) or len(session.document.views),
            chosen=session.editor.view,
            enlarged=self._enlarged,
            photo_share=self._divider.share,
        )

    @property
    def is_engaged(self) -> bool:
        """A hand is at work, even if it rests: a button or key is held, a field or a dialog is open."""
        return self._held or self.form.is_typing or self.dialogs.is_open

    @property
    def is_over_photo(self) -> bool:
        """The pointer is over a photo."""
        return any(canvas.is_hovered for canvas in self.canvases)

    def run(self, command: Command) -> None:
        """Do a command, if it can be done now."""
        if Key("Tab") in command.keys:  # the toolkit would also go to the next field with it
            self._frames_without_focus = 3
        if command.enabled(self.session):
            command.run(self)

    # --- what only the window can do

    def fit_photo(self) -> None:
        """Show the whole of the photo under the pointer."""
        for canvas in self.canvases:
            if canvas.is_hovered:
                canvas.gestures.fit()

    def toggle_enlarged(self) -> None:
        """Show the chosen photo large, or all of one size."""
        self._enlarged = not self._enlarged

    def show_shortcuts(self) -> None:
        """Show what the keys do."""
        self.dialogs.shortcuts()

    # --- small parts

    def _press_dialog_key(self, name: str) -> None:
        if name == "Escape":
            self.dialogs.close()
        elif not self.form.is_typing:  # a field has its own use for Enter
            self.dialogs.accept()

    def _follow_document(self) -> None:
        """Let go of textures of photos that neither the history nor the loader knows."""
        session = self.session
        if session.document is self._document and session.arriving is self._arriving:
            return
        self._document, self._arriving = session.document, session.arriving
        entries = session.editor.history.entries
        known = {id(view.photo): view.photo for entry in entries for view in entry.document.views}
        known |= {id(view.photo): view.photo for view in session.document.views}
        self._textures.keep_only([photo.rgb for photo in [*known.values(), *session.arriving]])

    def _place(self, region: int | str, rect: Rect) -> None:
        if self._placed.get(region) == rect:
            return
        self._placed[region] = rect
        dpg.configure_item(region, show=rect.is_visible)
        if rect.is_visible:
            place = (int(rect.x), int(rect.y))
            dpg.configure_item(region, pos=place, width=int(rect.width), height=int(rect.height))

    def _build_menu(self) -> None:
        theme = menu_theme(self._scale)
        with dpg.menu_bar():
            headings = dict.fromkeys(command.menu for command in COMMANDS)
            for heading in headings:
                with dpg.menu(label=heading) as menu:
                    dpg.bind_item_theme(menu, theme)
                    for command in (command for command in COMMANDS if command.menu == heading and command.in_menu):
                        item = dpg.add_menu_item(
                            label=command.title,
                            shortcut=str(command.keys[0]) if command.keys else "",
                            callback=lambda sender, value, chosen: self.run(chosen),
                            user_data=command,
                        )
                        self._menu.append((item, command))

    def _update_menu(self) -> None:
        history = self.session.editor.history
        for item, command in self._menu:
            enabled = command.enabled(self.session)
            if dpg.get_item_user_data(item) is command and dpg.is_item_enabled(item) != enabled:
                dpg.configure_item(item, enabled=enabled)
            label = {"Undo": history.undo_label, "Redo": history.redo_label}.get(command.title)
            if command.title in ("Undo", "Redo"):
                dpg.set_item_label(item, f"{command.title} {label.lower()}" if label else command.title)
