"""Whether a window can be opened at all: the toolkit would abort the process instead of saying so."""

import ctypes
import ctypes.util
import os
import sys

from ..core.errors import UserError


def check_display() -> None:
    """UserError where there is no screen to open a window on."""
    if not sys.platform.startswith("linux"):
        return
    name = os.environ.get("DISPLAY")
    if not name:
        if os.environ.get("WAYLAND_DISPLAY"):
            raise UserError("The window needs an X display, and this desktop offers only Wayland.", "Install Xwayland.")
        raise UserError(
            "There is no screen to open a window on (DISPLAY is not set).",
            "Start it on a desktop, or use the kpnerf command, which needs no window.",
        )
    if not _answers(name):
        raise UserError(
            f"The screen {name} does not answer.", "Check DISPLAY, or use the kpnerf command, which needs no window."
        )


def _answers(name: str) -> bool:
    """Whether the X server can be connected to."""
    try:
        xlib = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
    except OSError as error:
        raise UserError("The library libX11 is missing.", "Install it: apt-get install libx11-6 libgl1.") from error
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    xlib.XOpenDisplay.argtypes = [ctypes.c_char_p]
    xlib.XCloseDisplay.argtypes = [ctypes.c_void_p]
    connection = xlib.XOpenDisplay(name.encode())
    if not connection:
        return False
    xlib.XCloseDisplay(connection)
    return True
