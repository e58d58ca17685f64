"""One window for all: a second start hands what it was given to the program that runs already.

The running one listens on a socket in the person's state folder. A lock beside it tells whether anybody does, also
after a crash has left the socket lying there.
"""

import fcntl
import json
import os
import queue
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..core.crash_log import state_folder

PATIENCE_SECONDS = 2.0
"""After that the running program is taken to be stuck."""
LONGEST_MESSAGE = 1 << 20


def hand_over(paths: Sequence[Path], folder: Path | None = None) -> bool:
    """Have the running program open these; False where none runs, or none answers."""
    message = json.dumps({"open": [str(path.absolute()) for path in paths]}).encode() + b"\n"
    try:
        with _address(folder) as address, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(address)
            connection.sendall(message)
            return connection.recv(16) == b"ok\n"
    except OSError:
        return False


class Listener:
    """Takes what other starts hand over; a thread waits for them."""

    def __init__(self, folder: Path | None = None) -> None:
        """Does nothing where another program listens already, or the folder cannot be written to."""
        self._arrived: queue.SimpleQueue[list[Path]] = queue.SimpleQueue()
        self._socket: socket.socket | None = None
        self._folder = folder
        self._lock = -1
        with suppress(OSError):
            self._listen()

    @property
    def is_listening(self) -> bool:
        """Others hand over to this program."""
        return self._socket is not None

    def take(self) -> list[Path] | None:
        """What was handed over and not taken yet; None: nothing."""
        return None if self._arrived.empty() else self._arrived.get()

    def close(self) -> None:
        """Let the next start be the one."""
        if self._socket is not None:
            with suppress(OSError), _address(self._folder) as address:
                os.unlink(address)
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
            self._socket.close()
            self._socket = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _listen(self) -> None:
        with _address(self._folder) as address:
            self._lock = os.open(address + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                os.unlink(address)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                listener.bind(address)
                os.chmod(address, 0o600)  # nobody else may open files in this window
                listener.listen(8)
            except OSError:
                listener.close()
                raise
        self._socket = listener
        threading.Thread(target=self._wait, args=(listener,), name="handover", daemon=True).start()

    def _wait(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed
                return
            with connection, suppress(OSError, ValueError, KeyError, TypeError):
                connection.settimeout(PATIENCE_SECONDS)
                with connection.makefile("rb") as stream:
                    message = json.loads(stream.readline(LONGEST_MESSAGE))
                paths = [Path(str(path)) for path in message["open"]]
                self._arrived.put(paths)
                connection.sendall(b"ok\n")


@contextmanager
def _address(folder: Path | None) -> Iterator[str]:
    """The socket's name: one for each screen; by way of the folder's descriptor, for sockets' names are short."""
    folder = folder or state_folder()
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    screen = os.environ.get("DISPLAY", "").replace("/", "_") or "screen"
    try:
        yield f"/proc/self/fd/{descriptor}/window{screen}.socket"
    finally:
        os.close(descriptor)
