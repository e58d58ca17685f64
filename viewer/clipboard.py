"""The text that was copied last, in any program.

Dear PyGui's own function ends the process where there is none, or where it is a picture; so the X server is asked
directly. On a thread, because the owner of the text may be this program, which answers between two frames.
"""

import ctypes
import ctypes.util
import threading
import time
from contextlib import suppress

PATIENCE_SECONDS = 1.0
LONGEST = 65536
"""Of a text, in units of four bytes."""
_SELECTION_NOTIFY = 31


class Clipboard:
    """Ask, and take the answer in a later frame."""

    def __init__(self) -> None:
        self._answer: str | None = None
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Have the text fetched."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._fetch, name="clipboard", daemon=True)
            self._thread.start()

    def take(self) -> str | None:
        """The text, once; empty where nothing was copied that is a text. None: not asked, or no answer yet."""
        answer = self._answer
        if answer is not None:
            self._answer = self._thread = None
        return answer

    def _fetch(self) -> None:
        text = ""
        with suppress(OSError):
            text = copied_text()
        self._answer = text


def copied_text() -> str:
    """What the owner of the clipboard says within a second; empty where there is none, or nothing that is a text.

    Must not run on the thread of the window. Raises OSError without X.
    """
    x = _xlib()
    display = x.XOpenDisplay(None)
    if not display:
        return ""
    try:
        window = x.XCreateSimpleWindow(display, x.XDefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0)
        clipboard, utf8, ours = (
            x.XInternAtom(display, name, False) for name in (b"CLIPBOARD", b"UTF8_STRING", b"KPNERF_COPIED")
        )
        x.XConvertSelection(display, clipboard, utf8, ours, window, 0)
        x.XFlush(display)
        event = _Event()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not x.XCheckTypedWindowEvent(display, window, _SELECTION_NOTIFY, ctypes.byref(event)):
            if time.monotonic() > deadline:
                return ""
            time.sleep(0.005)
        return _property(x, display, window, ours) if event.selection.property else ""
    finally:
        x.XCloseDisplay(display)


def _property(x: ctypes.CDLL, display: int, window: int, name: int) -> str:
    kind, unit, left = ctypes.c_ulong(), ctypes.c_int(), ctypes.c_ulong()
    count, data = ctypes.c_ulong(), ctypes.POINTER(ctypes.c_char)()
    results = (ctypes.byref(each) for each in (kind, unit, count, left, data))
    if x.XGetWindowProperty(display, window, name, 0, LONGEST, True, 0, *results) != 0 or not data:
        return ""
    text = ctypes.string_at(data, count.value) if unit.value == 8 else b""
    x.XFree(data)
    return text.decode("utf-8", "replace")


class _Selection(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("requestor", ctypes.c_ulong),
        ("selection", ctypes.c_ulong),
        ("target", ctypes.c_ulong),
        ("property", ctypes.c_ulong),
        ("time", ctypes.c_ulong),
    ]


class _Event(ctypes.Union):
    _fields_ = [("selection", _Selection), ("room", ctypes.c_long * 24)]


def _xlib() -> ctypes.CDLL:
    x = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
    pointer, number, whole = ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int
    x.XOpenDisplay.restype, x.XOpenDisplay.argtypes = pointer, [ctypes.c_char_p]
    x.XDefaultRootWindow.restype, x.XDefaultRootWindow.argtypes = number, [pointer]
    x.XCreateSimpleWindow.restype = number
    x.XCreateSimpleWindow.argtypes = [pointer, number, *[whole] * 2, *[ctypes.c_uint] * 3, *[number] * 2]
    x.XInternAtom.restype, x.XInternAtom.argtypes = number, [pointer, ctypes.c_char_p, whole]
    x.XConvertSelection.argtypes = [pointer, *[number] * 5]
    x.XCheckTypedWindowEvent.argtypes = [pointer, number, whole, pointer]
    x.XGetWindowProperty.argtypes = [
        pointer,
        number,
        number,
        ctypes.c_long,
        ctypes.c_long,
        whole,
        number,
        *[pointer] * 5,
    ]
    for function in (x.XFlush, x.XCloseDisplay, x.XFree):
        function.argtypes = [pointer]
    return x
