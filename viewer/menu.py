"""The menu bar: the command table under its headings, and what was opened lately."""

from collections.abc import Callable, Sequence
from pathlib import Path

import dearpygui.dearpygui as dpg

from .changes import Changes
from .command import Command
from .preferences import Memory, recent_label
from .session import Session
from .theme import menu_theme

OPEN_RECENT_AFTER = "Open…"
Run = Callable[[Command], None]


class MenuBar:
    """Made inside the main window."""

    def __init__(
        self,
        session: Session,
        commands: Sequence[Command],
        memory: Memory,
        scale: float,
        *,
        run: Run,
        open_recent: Callable[[Sequence[Path]], None],
    ) -> None:
        self._session = session
        self._memory = memory
        self._open_recent = open_recent
        self._items: list[tuple[int | str, Command]] = []
        self._enabled: dict[int | str, bool] = {}
        self._changes = Changes()
        theme = menu_theme(scale)
        with dpg.menu_bar():
            for heading in dict.fromkeys(command.menu for command in commands):
                with dpg.menu(label=heading) as menu:
                    dpg.bind_item_theme(menu, theme)
                    for command in (command for command in commands if command.menu == heading and command.in_menu):
                        item = dpg.add_menu_item(
                            label=command.title,
                            shortcut=str(command.keys[0]) if command.keys else "",
                            callback=lambda sender, value, chosen: run(chosen),
                            user_data=command,
                        )
                        self._items.append((item, command))
                        if command.title == OPEN_RECENT_AFTER:
                            self._recent = dpg.add_menu(label="Open recent")
                            dpg.bind_item_theme(self._recent, theme)

    def update(self) -> None:
        """Show what can be done now."""
        history = self._session.editor.history
        for item, command in self._items:
            enabled = command.enabled(self._session)
            if self._enabled.get(item) != enabled:
                self._enabled[item] = enabled
                dpg.configure_item(item, enabled=enabled)
            label = {"Undo": history.undo_label, "Redo": history.redo_label}.get(command.title)
            if command.title in ("Undo", "Redo"):
                dpg.set_item_label(item, f"{command.title} {label.lower()}" if label else command.title)
        recent = self._memory.now.recent
        if not self._changes.seen(recent):
            self._list(recent)

    def _list(self, recent: Sequence[Sequence[str]]) -> None:
        dpg.delete_item(self._recent, children_only=True)
        dpg.configure_item(self._recent, enabled=bool(recent))
        for sources in recent:
            dpg.add_menu_item(
                label=recent_label(sources),
                parent=self._recent,
                callback=lambda sender, value, chosen: self._open_recent([Path(source) for source in chosen]),
                user_data=sources,
            )
