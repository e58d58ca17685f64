"""Handing files to the program that runs already."""

import os
import socket
from pathlib import Path

import pytest

from kpnerf.viewer import handover
from kpnerf.viewer.handover import Listener, hand_over

from .blob_engine import eventually


@pytest.fixture
def listener(tmp_path):
    """A running program, in a folder whose name is longer than a socket's may be."""
    folder = tmp_path / ("long" * 40)
    listener = Listener(folder)
    listener.folder = folder
    yield listener
    listener.close()


def test_paths_arrive_in_the_running_program(listener, monkeypatch):
    """Made absolute where they were given, with any character in them, one start after the other."""
    monkeypatch.chdir("/tmp")
    assert hand_over([Path("ä b.jpg"), Path("/c\nd.kpnerf")], listener.folder)
    assert hand_over([Path("/e")], listener.folder)

    arrived = []
    assert eventually(lambda: arrived.append(listener.take()) or len([a for a in arrived if a]) == 2)
    assert [a for a in arrived if a] == [[Path("/tmp/ä b.jpg"), Path("/c\nd.kpnerf")], [Path("/e")]]
    assert listener.take() is None


def test_without_a_running_program_nothing_is_handed_over(tmp_path):
    """Neither before the first start nor after an end or a crash."""
    assert not hand_over([Path("/a")], tmp_path)
    Listener(tmp_path).close()
    assert not hand_over([Path("/a")], tmp_path)
    left = socket.socket(socket.AF_UNIX)
    with handover._address(tmp_path) as address:
        left.bind(address)
    left.close()  # what a crash leaves: a name that nobody listens at
    assert not hand_over([Path("/a")], tmp_path)
    again = Listener(tmp_path)

    assert again.is_listening and hand_over([Path("/a")], tmp_path)
    again.close()


def test_only_one_program_listens(listener):
    """A second window leaves the first its socket, also when it closes."""
    second = Listener(listener.folder)
    second.close()

    assert not second.is_listening
    assert hand_over([Path("/a")], listener.folder) and eventually(lambda: listener.take() == [Path("/a")])


def test_a_stuck_program_is_not_waited_for(tmp_path, monkeypatch):
    """The new start opens a window of its own."""
    monkeypatch.setattr(handover, "PATIENCE_SECONDS", 0.1)
    with handover._address(tmp_path) as address, socket.socket(socket.AF_UNIX) as stuck:
        stuck.bind(address)
        stuck.listen(1)

        assert not hand_over([Path("/a")], tmp_path)


@pytest.mark.parametrize("message", [b"", b"\n", b"hello\n", b"[]\n", b'{"open": 7}\n', b"\xff\xff\n"])
def test_nonsense_is_not_listened_to(listener, message):
    """And the next start is."""
    with handover._address(listener.folder) as address, socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(16) == b""

    assert listener.take() is None
    assert hand_over([Path("/a")], listener.folder)


def test_nobody_else_may_open_files_in_this_window(listener):
    """The socket is the person's own."""
    name = next(name for name in os.listdir(listener.folder) if name.endswith(".socket"))

    assert os.stat(listener.folder / name).st_mode & 0o077 == 0
