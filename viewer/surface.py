"""A region of the window that is drawn upon, in layers."""

import dearpygui.dearpygui as dpg

from .layout import Rect
from .pen import Pen
from .theme import Palette, canvas_theme


class Surface:
    """A child window filled by a drawlist; it follows its place in the layout."""

    def __init__(self, parent: int | str, palette: Palette, scale: float = 1.0, *, filled: bool = True) -> None:
        """`filled`: with a background of its own; a surface that is drawn all over needs none."""
        self._scale = scale
        self._window = dpg.add_child_window(
            parent=parent,
            border=False,
            no_scrollbar=True,
            no_scroll_with_mouse=True,
            flattened_navigation=False,
            show=False,
        )
        dpg.bind_item_theme(self._window, canvas_theme(palette, filled=filled))
        self._drawlist = dpg.add_drawlist(8, 8, parent=self._window)
        self._layers: dict[str, int] = {}
        self._rect: Rect | None = None

    @property
    def is_hovered(self) -> bool:
        """The pointer is over it, and neither a dialog nor a menu lies between."""
        return bool(dpg.get_item_state(self._window).get("hovered"))

    def take_focus(self) -> None:
        """Have the keys go to no field."""
        dpg.focus_item(self._window)

    def place(self, rect: Rect) -> bool:
        """Put it where the layout says; False where there is no room for it."""
        if not rect.is_visible:
            return False
        if rect != self._rect:
            if self._rect is None:
                dpg.show_item(self._window)
            self._rect = rect
            width, height = int(rect.width), int(rect.height)
            dpg.configure_item(self._window, pos=(int(rect.x), int(rect.y)), width=width, height=height)
            dpg.configure_item(self._drawlist, width=width, height=height)
        return True

    def hide(self) -> None:
        """Take it out of the window until it is placed again."""
        if self._rect is not None:
            dpg.hide_item(self._window)
            self._rect = None

    def clear(self, layer: str) -> Pen:
        """A pen for a layer with nothing on it; layers lie above each other in the order they were first cleared."""
        if layer not in self._layers:
            self._layers[layer] = dpg.add_draw_layer(parent=self._drawlist)
        else:
            dpg.delete_item(self._layers[layer], children_only=True)
        return Pen(self._layers[layer], self._scale)
