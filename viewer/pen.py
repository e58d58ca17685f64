"""Drawing on one layer of a surface, in sizes that follow the scale of the screen."""

from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from .layout import Rect
from .theme import FONT_SIZE, Rgba

At = tuple[float, float]
NOTHING: Rgba = (0, 0, 0, 0)


@dataclass(frozen=True)
class Pen:
    """Positions are pixels of the surface; radii, line widths and text sizes are multiplied by `scale`."""

    layer: int
    scale: float

    def circle(self, centre: At, radius: float, line: Rgba = NOTHING, fill: Rgba = NOTHING, width: float = 1.5) -> None:
        """A disc, a ring, or both."""
        dpg.draw_circle(
            centre, radius * self.scale, color=line, fill=fill, thickness=width * self.scale, parent=self.layer
        )

    def line(self, start: At, end: At, colour: Rgba, width: float = 1.4) -> None:
        """A straight line."""
        dpg.draw_line(start, end, color=colour, thickness=width * self.scale, parent=self.layer)

    def box(
        self, rect: Rect, line: Rgba = NOTHING, fill: Rgba = NOTHING, rounding: float = 0.0, width: float = 1.0
    ) -> None:
        """A rectangle."""
        dpg.draw_rectangle(
            (rect.x, rect.y),
            (rect.x + rect.width, rect.y + rect.height),
            color=line,
            fill=fill,
            rounding=rounding * self.scale,
            thickness=width * self.scale,
            parent=self.layer,
        )

    def text(self, at: At, text: str, colour: Rgba, size: float = FONT_SIZE - 1) -> None:
        """A line of text whose top left corner is at `at`."""
        dpg.draw_text(at, text, size=size * self.scale, color=colour, parent=self.layer)

    def text_width(self, text: str, size: float = FONT_SIZE - 1) -> float:
        """How long a text will be, pixels."""
        measured = dpg.get_text_size(text)  # None in the first frames, while there is no font yet
        width = measured[0] if measured else 0.55 * FONT_SIZE * self.scale * len(text)
        return float(width) * size / FONT_SIZE

    def shortened(self, text: str, width: float) -> str:
        """The text, or as much of its beginning as fits `width` pixels, with an ellipsis."""
        if self.text_width(text) <= width:
            return text
        fitting = next((n for n in range(len(text), 0, -1) if self.text_width(text[:n] + "…") <= width), 0)
        return text[:fitting].rstrip() + "…"

    def wrapped(self, text: str, width: float, size: float = FONT_SIZE - 1) -> list[str]:
        """The text in lines of at most `width` pixels, broken between words."""
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.text_width(longer, size) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines
