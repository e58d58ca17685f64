"""Pages that share a place, one shown at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dearpygui.dearpygui as dpg

from .theme import Fonts, Palette, tab_themes


class Tabs:
    """A row of headings and the page that belongs to the chosen one, inside whatever container is open."""

    def __init__(self, labels: Sequence[str], palette: Palette, fonts: Fonts, scale: float) -> None:
        self._chosen_theme, self._other_theme = tab_themes(palette, scale)
        self._headings: dict[str, int | str] = {}
        self._pages: dict[str, int | str] = {}
        with dpg.group(horizontal=True, horizontal_spacing=2 * scale):
            for label in labels:
                heading = dpg.add_button(label=label, callback=lambda sender, value, name: self.show(name))
                dpg.set_item_user_data(heading, label)
                dpg.bind_item_font(heading, fonts.strong)
                self._headings[label] = heading
        dpg.add_spacer(height=int(2 * scale))
        for label in labels:
            self._pages[label] = dpg.add_group(show=False)
        self.show(labels[0])

    @contextmanager
    def page(self, label: str) -> Iterator[None]:
        """What is added inside goes to this page."""
        dpg.push_container_stack(self._pages[label])
        try:
            yield
        finally:
            dpg.pop_container_stack()

    def show(self, chosen: str) -> None:
        """Turn to a page."""
        for label, page in self._pages.items():
            dpg.configure_item(page, show=label == chosen)
            theme = self._chosen_theme if label == chosen else self._other_theme
            dpg.bind_item_theme(self._headings[label], theme)
