"""The window: regions, panels and dialogs put together, and drawn anew where something has changed."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import dearpygui.dearpygui as dpg

from ..core.atomic_file import cannot_write
from ..core.document import Document
from ..core.edits import MAX_VIEWS
from ..core.photo import Photo
from .asking import Asking
from .canvas import PhotoCanvas
from .clipboard import Clipboard
from .command import Command, Key
from .commands import COMMANDS
from .dialogs import Dialogs
from .display import screen_scale
from .divider import Divider
from .file_dialog import FileDialog
from .finder import Choice, Finder
from .form import Form
from .hints import Hints
from .keyboard import Keyboard
from .keymap import keys_file, write_template
from .layout import Layout, Rect, arrange
from .menu import MenuBar
from .mouse import Mouse
from .panels.cameras import CamerasPanel
from .panels.export import ExportPanel
from .panels.history import HistoryPanel
from .panels.photos import PhotosPanel
from .panels.points import PointsPanel
from .panels.render import RenderPanel
from .preferences import PHOTO_SHARE, Memory, recent_label
from .session import Session
from .status_line import StatusLine
from .tabs import Tabs
from .textures import PhotoTextures
from .theme import Fonts, Look, bare_theme, panel_theme
from .viewport import AvatarViewport


class Window:
    """Everything in the main window. Made after Dear PyGui's context, read and drawn once in a frame."""

    def __init__(
        self,
        session: Session,
        look: Look,
        fonts: Fonts,
        memory: Memory,
        *,
        commands: Sequence[Command] = COMMANDS,
        before: "Window | None" = None,
    ) -> None:
        """`before`: the window that this one replaces, closed by now; textures are taken over from it."""
        palette, scale = look.palette, look.scale
        self.session = session
        self.look = look
        self.wanted: Look | None = None
        """Another look, or other keys, was asked for: the window has to be made anew."""
        self._memory = memory
        self._commands = commands
        self._scale = scale
        self._enlarged = memory.now.enlarged
        self._held = False
        self._frames_without_focus = 0
        self._document: Document | None = None
        self._arriving: tuple[Photo, ...] = ()
        form = Form(palette, fonts, scale, commands)
        self.form = form
        self.dialogs = Dialogs(form, commands)
        self.asking = Asking(session, self.dialogs, FileDialog(self.dialogs, form))
        self._clipboard = Clipboard()
        self._finder = Finder(self.dialogs)
        self.keyboard = Keyboard(commands)
        self._mouse = Mouse(self.keyboard)
        self._textures: PhotoTextures = PhotoTextures() if before is None else before._textures
        with dpg.window() as self.main:
            self._menu = MenuBar(
                session, commands, memory, scale, run=self.run, open_recent=lambda paths: self.asking.open_paths(paths)
            )
        dpg.set_primary_window(self.main, True)
        # The screen is cleared to the same colour; without a graphics card, filling it twice is a third of a frame.
        dpg.configure_item(self.main, no_background=True, no_scrollbar=True, no_scroll_with_mouse=True)
        dpg.bind_item_theme(self.main, bare_theme())
        self.canvases = [
            PhotoCanvas(self.main, session, index, self._textures, palette, scale) for index in range(MAX_VIEWS)
        ]
        self.viewport = AvatarViewport(self.main, session, self._textures, palette, scale)
        self._divider = Divider(self.main, palette)
        self._divider.share = memory.now.photo_share
        with dpg.child_window(parent=self.main, show=False, always_use_window_padding=True) as self._points_region:
            self._points = PointsPanel(session, form)
        with dpg.child_window(parent=self.main, show=False, always_use_window_padding=True) as self._tabs_region:
            tabs = Tabs(("Cameras", "Photos", "Render", "Export", "History"), palette, fonts, scale)
            with tabs.page("Cameras"):
                self._cameras = CamerasPanel(session, form)
            with tabs.page("Photos"):
                self._photos = PhotosPanel(session, form)
            with tabs.page("Render"):
                self._render = RenderPanel(session, form)
            with tabs.page("Export"):
                self._export = ExportPanel(session, form, self.asking)
            with tabs.page("History"):
                self._history = HistoryPanel(session, form)
        for region in (self._points_region, self._tabs_region):
            dpg.bind_item_theme(region, panel_theme(scale))
        self._status = StatusLine(self.main, session, palette, scale)
        self.hints = Hints(session, memory, palette, scale)
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
        copied = self._clipboard.take()
        if copied is not None:
            self.asking.paste(copied)
        self._follow_document()
        layout = self.layout(width, height)
        for index, canvas in enumerate(self.canvases):
            canvas.draw(layout.photos[index] if index < len(layout.photos) else None)
        self.viewport.draw(layout.avatar)
        self._place(self._points_region, layout.points)
        self._place(self._tabs_region, layout.tabs)
        for panel in (self._points, self._cameras, self._photos, self._render, self._export, self._history):
            panel.update()
        self._status.update(layout.status)
        self._menu.update()
        self.dialogs.update(width, height)
        self.hints.update(layout, hidden=self.dialogs.is_open)
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
        if Key("Escape") in command.keys:
            self.hints.dismiss()
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
        self.hints.keys_are_known()
        self.dialogs.shortcuts()

    def find_command(self) -> None:
        """Find a command, or something that was opened lately, by typing."""
        choices = [
            Choice(
                command.title,
                str(command.keys[0]) if command.keys else "",
                partial(self.run, command),
                command.enabled(self.session),
            )
            for command in self._commands
            if command.in_menu
        ]
        for sources in self._memory.now.recent:
            paths = [Path(source) for source in sources]
            choices.append(Choice(f"Open {recent_label(sources)}", "", partial(self.asking.open_paths, paths)))
        self.hints.keys_are_known()
        self._finder.open(choices)

    def change_theme(self) -> None:
        """From dark to light, or back."""
        theme = "light" if self.look.theme == "dark" else "dark"
        self._memory.change(theme=theme)
        self.wanted = replace(self.look, theme=theme)

    def resize_text(self, factor: float | None) -> None:
        """Larger or smaller text and controls; None: as the screen says."""
        scale = screen_scale() if factor is None else min(max(round(self.look.scale * factor, 2), 0.5), 4.0)
        self._memory.change(scale=None if factor is None else scale)
        self.wanted = replace(self.look, scale=scale)

    def reset_layout(self) -> None:
        """Everything where it was at the first start, but for what the window looks like."""
        self._divider.share, self._enlarged = PHOTO_SHARE, False
        self._memory.change(photo_share=PHOTO_SHARE, enlarged=False, size=None)
        for canvas in self.canvases:
            canvas.gestures.fit()
        width, height = self.look.usual_size
        dpg.set_viewport_width(width)
        dpg.set_viewport_height(height)

    def load_keys(self) -> None:
        """Take the keys from the person’s file, which is made where there is none."""
        try:
            file = write_template(COMMANDS)
        except OSError as error:
            raise cannot_write(keys_file(), error) from error
        self.session.note(f"Keys are as {file} says; change it and choose this again")
        self.wanted = self.look

    def paste(self) -> None:
        """Open what was copied, in whatever program."""
        self._clipboard.ask()

    # --- its beginning and its end

    def close(self) -> None:
        """Take everything off the screen; another window takes over."""
        self.remember()
        self.hints.close()
        self._mouse.close()
        dpg.delete_item(self.main)

    def remember(self) -> None:
        """Remember how it is laid out."""
        self._memory.change(photo_share=round(self._divider.share, 4), enlarged=self._enlarged)

    # --- small parts

    def _press_dialog_key(self, name: str) -> None:
        self.dialogs.press(name, is_typing=self.form.is_typing)

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
