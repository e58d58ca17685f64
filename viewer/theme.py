"""Colours, fonts and spacing."""

from dataclasses import dataclass
from importlib.resources import as_file, files

import dearpygui.dearpygui as dpg

from ..core.keypoints import PointState

Rgba = tuple[int, int, int, int]
FONT_SIZE = 15.0
"""Of ordinary text at scale 1, pixels."""


@dataclass(frozen=True)
class Palette:
    """One set of colours, 0 to 255."""

    window: Rgba
    panel: Rgba
    canvas: Rgba
    field: Rgba
    hovered: Rgba
    pressed: Rgba
    line: Rgba
    text: Rgba
    faint: Rgba
    accent: Rgba
    on_accent: Rgba
    warning: Rgba
    error: Rgba
    detected: Rgba
    placed: Rgba
    reprojected: Rgba
    unplaced: Rgba

    def of_state(self, state: int) -> Rgba:
        """The colour of a keypoint by where it comes from."""
        return {
            PointState.DETECTED: self.detected,
            PointState.PLACED: self.placed,
            PointState.REPROJECTED: self.reprojected,
        }.get(PointState(state), self.unplaced)

    def of_confidence(self, confidence: float) -> Rgba:
        """From a warning to the colour of what is certain, 0 to 1."""
        middle, sure = min(2 * confidence, 1.0), max(2 * confidence - 1, 0.0)
        mixed = zip(self.error, self.warning, self.placed, strict=True)
        red, green, blue, alpha = (
            round(low + (half - low) * middle + (high - half) * sure) for low, half, high in mixed
        )
        return red, green, blue, alpha

    def of_point(self, state: int, confidence: float, *, by_confidence: bool) -> Rgba:
        """The colour of a keypoint; what nobody has seen has no confidence, and keeps the colour of its origin."""
        if not by_confidence or PointState(state) in (PointState.UNPLACED, PointState.REPROJECTED):
            return self.of_state(state)
        return self.of_confidence(confidence)

    def of_residual(self, residual_px: float) -> Rgba:
        """Calm while a point fits, warning when it is some pixels off."""
        return self.faint if residual_px < 3 else self.warning if residual_px < 8 else self.error


DARK = Palette(
    window=(22, 23, 26, 255),
    panel=(30, 32, 36, 255),
    canvas=(17, 18, 20, 255),
    field=(43, 46, 52, 255),
    hovered=(54, 58, 66, 255),
    pressed=(66, 71, 81, 255),
    line=(49, 52, 59, 255),
    text=(226, 228, 232, 255),
    faint=(142, 147, 157, 255),
    accent=(106, 140, 240, 255),
    on_accent=(255, 255, 255, 255),
    warning=(232, 176, 88, 255),
    error=(236, 106, 94, 255),
    detected=(86, 164, 255, 255),
    placed=(88, 209, 138, 255),
    reprojected=(163, 168, 178, 255),
    unplaced=(232, 176, 88, 255),
)

LIGHT = Palette(
    window=(233, 234, 237, 255),
    panel=(248, 248, 250, 255),
    canvas=(216, 218, 222, 255),
    field=(230, 232, 236, 255),
    hovered=(218, 221, 227, 255),
    pressed=(203, 207, 215, 255),
    line=(206, 209, 215, 255),
    text=(36, 39, 46, 255),
    faint=(104, 110, 121, 255),
    accent=(70, 105, 220, 255),
    on_accent=(255, 255, 255, 255),
    warning=(184, 118, 16, 255),
    error=(200, 60, 48, 255),
    detected=(36, 128, 230, 255),
    placed=(30, 160, 90, 255),
    reprojected=(140, 145, 155, 255),
    unplaced=(214, 140, 30, 255),
)
PALETTES = {"dark": DARK, "light": LIGHT}


@dataclass(frozen=True)
class Look:
    """What the window looks like altogether."""

    theme: str
    scale: float
    """Of text and controls."""
    usual_size: tuple[int, int]
    """Of the window, pixels, where nobody has chosen another."""

    @property
    def palette(self) -> Palette:
        """Its colours."""
        return PALETTES[self.theme]


@dataclass(frozen=True)
class Fonts:
    """Items of the font registry."""

    regular: int
    strong: int
    size: float


def load_fonts(scale: float) -> Fonts:
    """Register the bundled font; its glyphs are rasterised as they are needed."""
    size = round(FONT_SIZE * scale)
    folder = files("kpnerf.assets") / "fonts"
    with (
        as_file(folder / "Inter-Regular.otf") as regular,
        as_file(folder / "Inter-SemiBold.otf") as strong,
        dpg.font_registry(),
    ):
        fonts = Fonts(dpg.add_font(str(regular), size), dpg.add_font(str(strong), size), size)
    dpg.bind_font(fonts.regular)
    return fonts


def bind_theme(palette: Palette, scale: float) -> None:
    """Make everything look like one thing."""
    colours = {
        dpg.mvThemeCol_Text: palette.text,
        dpg.mvThemeCol_TextDisabled: palette.faint,
        dpg.mvThemeCol_WindowBg: palette.window,
        dpg.mvThemeCol_ChildBg: palette.panel,
        dpg.mvThemeCol_PopupBg: palette.panel,
        dpg.mvThemeCol_Border: palette.line,
        dpg.mvThemeCol_BorderShadow: (0, 0, 0, 0),
        dpg.mvThemeCol_MenuBarBg: palette.window,
        dpg.mvThemeCol_TitleBg: palette.panel,
        dpg.mvThemeCol_TitleBgActive: palette.panel,
        dpg.mvThemeCol_FrameBg: palette.field,
        dpg.mvThemeCol_FrameBgHovered: palette.hovered,
        dpg.mvThemeCol_FrameBgActive: palette.pressed,
        dpg.mvThemeCol_Button: palette.field,
        dpg.mvThemeCol_ButtonHovered: palette.hovered,
        dpg.mvThemeCol_ButtonActive: palette.pressed,
        dpg.mvThemeCol_Header: _faded(palette.accent, 70),
        dpg.mvThemeCol_HeaderHovered: palette.hovered,
        dpg.mvThemeCol_HeaderActive: palette.pressed,
        dpg.mvThemeCol_CheckMark: palette.accent,
        dpg.mvThemeCol_SliderGrab: palette.accent,
        dpg.mvThemeCol_SliderGrabActive: palette.accent,
        dpg.mvThemeCol_PlotHistogram: palette.accent,
        dpg.mvThemeCol_Separator: palette.line,
        dpg.mvThemeCol_Tab: palette.panel,
        dpg.mvThemeCol_TabHovered: palette.hovered,
        dpg.mvThemeCol_TabActive: palette.field,
        dpg.mvThemeCol_ScrollbarBg: (0, 0, 0, 0),
        dpg.mvThemeCol_ScrollbarGrab: palette.hovered,
        dpg.mvThemeCol_ScrollbarGrabHovered: palette.pressed,
        dpg.mvThemeCol_ScrollbarGrabActive: palette.pressed,
        dpg.mvThemeCol_TableHeaderBg: palette.panel,
        dpg.mvThemeCol_TableBorderLight: palette.line,
        dpg.mvThemeCol_TableBorderStrong: palette.line,
        dpg.mvThemeCol_TableRowBgAlt: (0, 0, 0, 0),
        dpg.mvThemeCol_TextSelectedBg: _faded(palette.accent, 110),
        dpg.mvThemeCol_NavHighlight: palette.accent,
        dpg.mvThemeCol_ModalWindowDimBg: (0, 0, 0, 130),
    }
    paddings = {
        dpg.mvStyleVar_WindowPadding: (12, 12),
        dpg.mvStyleVar_FramePadding: (8, 4),
        dpg.mvStyleVar_ItemSpacing: (8, 7),
        dpg.mvStyleVar_ItemInnerSpacing: (6, 4),
        dpg.mvStyleVar_CellPadding: (4, 1),
    }
    sizes = {
        dpg.mvStyleVar_WindowRounding: 6,
        dpg.mvStyleVar_ChildRounding: 6,
        dpg.mvStyleVar_FrameRounding: 4,
        dpg.mvStyleVar_PopupRounding: 6,
        dpg.mvStyleVar_GrabRounding: 3,
        dpg.mvStyleVar_TabRounding: 4,
        dpg.mvStyleVar_ScrollbarSize: 10,
        dpg.mvStyleVar_ScrollbarRounding: 5,
        dpg.mvStyleVar_GrabMinSize: 10,
    }
    with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
        for target, colour in colours.items():
            dpg.add_theme_color(target, colour)
        for target, (x, y) in paddings.items():
            dpg.add_theme_style(target, x * scale, y * scale)
        for target, size in sizes.items():
            dpg.add_theme_style(target, size * scale)
        dpg.add_theme_style(dpg.mvStyleVar_SelectableTextAlign, 0, 0.5)
        dpg.add_theme_style(dpg.mvStyleVar_WindowBorderSize, 0)
        dpg.add_theme_style(dpg.mvStyleVar_ChildBorderSize, 0)
        dpg.add_theme_style(dpg.mvStyleVar_PopupBorderSize, 1)
        dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, 0)
    dpg.bind_theme(theme)


def primary_button_theme(palette: Palette) -> int:
    """For the one button of a panel that is meant to be pressed."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvButton):
        dpg.add_theme_color(dpg.mvThemeCol_Button, _faded(palette.accent, 200))
        dpg.add_theme_color(dpg.mvThemeCol_ButtonHovered, palette.accent)
        dpg.add_theme_color(dpg.mvThemeCol_ButtonActive, palette.accent)
        dpg.add_theme_color(dpg.mvThemeCol_Text, palette.on_accent)
    return theme


def tab_themes(palette: Palette, scale: float) -> tuple[int, int]:
    """For the heading of the page that is shown, and for the others."""
    themes = []
    for background, text in ((palette.field, palette.text), (palette.panel, palette.faint)):
        with dpg.theme() as theme, dpg.theme_component(dpg.mvButton):
            dpg.add_theme_color(dpg.mvThemeCol_Button, background)
            dpg.add_theme_color(dpg.mvThemeCol_Text, text)
            dpg.add_theme_style(dpg.mvStyleVar_FramePadding, 5 * scale, 4 * scale)
        themes.append(theme)
    return themes[0], themes[1]


def bare_theme() -> int:
    """For the main window, whose regions are placed to the pixel."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvWindowAppItem):
        dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 0, 0)
    return theme


def menu_theme(scale: float) -> int:
    """For menus, which would otherwise take the main window's bareness over."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvMenu):
        dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 10 * scale, 8 * scale)
    return theme


def heading_button_theme(palette: Palette, scale: float) -> int:
    """For the heads of columns: words that can be clicked."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvButton):
        dpg.add_theme_color(dpg.mvThemeCol_Button, (0, 0, 0, 0))
        dpg.add_theme_color(dpg.mvThemeCol_Text, palette.faint)
        dpg.add_theme_style(dpg.mvStyleVar_FramePadding, 0, 2 * scale)
    return theme


def table_theme(scale: float) -> int:
    """For tables of which a whole row can be chosen: no gap between rows."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvTable):
        dpg.add_theme_style(dpg.mvStyleVar_ItemSpacing, 8 * scale, 0)
    return theme


def list_theme(scale: float) -> int:
    """For child windows full of rows: no gap between them, nor at the edges."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvChildWindow):
        dpg.add_theme_style(dpg.mvStyleVar_ItemSpacing, 8 * scale, 0)
        dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 0, 0)
    return theme


def panel_theme(scale: float) -> int:
    """For regions that hold fields."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvChildWindow):
        dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 12 * scale, 10 * scale)
    return theme


def canvas_theme(palette: Palette, *, filled: bool) -> int:
    """For regions that are drawn upon."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvChildWindow):
        dpg.add_theme_color(dpg.mvThemeCol_ChildBg, palette.canvas if filled else (0, 0, 0, 0))
        dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 0, 0)
    return theme


def _faded(colour: Rgba, alpha: int) -> Rgba:
    return (*colour[:3], alpha)
