"""Whether a window can be opened at all: the toolkit would abort the process instead of saying so."""

import ctypes
import ctypes.util
import os
import sys
from contextlib import suppress

from ..core.errors import UserError

DOTS_PER_INCH = 96.0
"""Of an ordinary screen, as X counts."""
GL_RENDERER = 0x1F01
SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software", "swiftshader")
"""What renderers of OpenGL that need no graphics card call themselves."""
NO_WINDOW = "use the kpnerf command, which needs no window"


def check_display() -> tuple[int, int] | None:
    """Width and height of the screen in pixels, None where that is not known.

    UserError where there is no screen to open a window on, or nothing to draw on it with.
    """
    size = _check_x() if sys.platform.startswith("linux") else None
    try:
        import dearpygui.dearpygui  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"The window’s library cannot be loaded ({error}).", "Install OpenGL: apt-get install libgl1."
        ) from error
    return size


def screen_scale() -> float:
    """How large the desktop wants text and controls, 1 on an ordinary screen; from its settings, 1 without any."""
    for name in ("GDK_SCALE", "QT_SCALE_FACTOR"):
        with suppress(ValueError):
            return _sensible(float(os.environ.get(name, "")))
    try:
        xlib = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so")
    except OSError:
        return 1.0
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    xlib.XOpenDisplay.argtypes = xlib.XCloseDisplay.argtypes = xlib.XResourceManagerString.argtypes = [ctypes.c_void_p]
    xlib.XResourceManagerString.restype = ctypes.c_char_p
    connection = xlib.XOpenDisplay(None)
    if not connection:
        return 1.0
    settings = (xlib.XResourceManagerString(connection) or b"").decode("latin-1")
    xlib.XCloseDisplay(connection)
    for line in settings.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "Xft.dpi":
            with suppress(ValueError):
                return _sensible(float(value) / DOTS_PER_INCH)
    return 1.0


def is_drawn_by_processor() -> bool:
    """Whether no graphics card draws the window of this thread, as far as that is known; ask after its first frame."""
    try:
        gl = _library("GL", "libgl1")
    except UserError:
        return False
    gl.glGetString.restype = ctypes.c_char_p
    gl.glGetString.argtypes = [ctypes.c_uint]
    renderer = (gl.glGetString(GL_RENDERER) or b"").decode("latin-1").lower()
    return any(name in renderer for name in SOFTWARE)


def _sensible(scale: float) -> float:
    return min(max(round(scale, 2), 1.0), 4.0)


def _check_x() -> tuple[int, int]:
    name = os.environ.get("DISPLAY")
    if not name:
        if os.environ.get("WAYLAND_DISPLAY"):
            raise UserError("The window needs an X display, and this desktop offers only Wayland.", "Install Xwayland.")
        raise UserError(
            "There is no screen to open a window on (DISPLAY is not set).", f"Start it on a desktop, or {NO_WINDOW}."
        )
    xlib, gl = _library("X11", "libx11-6"), _library("GL", "libgl1")
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    xlib.XOpenDisplay.argtypes = [ctypes.c_char_p]
    for function in (xlib.XCloseDisplay, xlib.XDefaultScreen):
        function.argtypes = [ctypes.c_void_p]
    for function in (xlib.XDisplayWidth, xlib.XDisplayHeight):
        function.argtypes = [ctypes.c_void_p, ctypes.c_int]
    gl.glXQueryExtension.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    connection = xlib.XOpenDisplay(name.encode())
    if not connection:
        raise UserError(f"The screen {name} does not answer.", f"Check DISPLAY, or {NO_WINDOW}.")
    can_draw = gl.glXQueryExtension(connection, None, None)
    number = xlib.XDefaultScreen(connection)
    size = xlib.XDisplayWidth(connection, number), xlib.XDisplayHeight(connection, number)
    xlib.XCloseDisplay(connection)
    if not can_draw:
        raise UserError(f"The screen {name} has no OpenGL.", f"Start it on another desktop, or {NO_WINDOW}.")
    return size


def _library(name: str, package: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(ctypes.util.find_library(name) or f"lib{name}.so")
    except OSError as error:
        raise UserError(f"The library lib{name} is missing.", f"Install it: apt-get install {package}.") from error
