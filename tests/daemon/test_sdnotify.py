"""What the service manager is told."""

import socket
import time

import pytest

from chatd.daemon.sdnotify import SystemdNotifier


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path):
    """Return what tells the service manager, and the socket on which that hears it."""
    path = str(tmp_path / "notify")
    address = path if request.param == "file" else f"@{path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hearing:
        hearing.settimeout(20)
        hearing.bind(address.replace("@", "\0"))
        yield SystemdNotifier(address), hearing


def test_what_is_told(manager):
    """Each in a datagram, a reload with the time of the machine's clock."""
    tell, hearing = manager
    tell.ready()
    assert hearing.recv(1000) == b"READY=1"
    before = time.monotonic()
    tell.reloading()
    word, clock = hearing.recv(1000).decode().splitlines()
    assert word == "RELOADING=1"
    assert before <= int(clock.removeprefix("MONOTONIC_USEC=")) / 1e6 + 1e-5
    tell.stopping()
    assert hearing.recv(1000) == b"STOPPING=1"


@pytest.mark.parametrize("address", [None, ""])
def test_nobody_to_tell(address):
    """Most start it without one."""
    SystemdNotifier(address).ready()


def test_one_that_is_gone(tmp_path, capture_log):
    """The server goes on, and the log says so."""
    SystemdNotifier(str(tmp_path / "none")).stopping()
    assert capture_log() == [
        "System: the service manager cannot be told: No such file or directory"
    ]
