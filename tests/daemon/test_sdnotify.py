"""The states that a service manager is sent."""

import socket
import time

import pytest

from chatd.daemon.signals import SystemdNotifier


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path):
    """Return a notifier, and the socket on which the service manager receives its states."""
    path = str(tmp_path / "notify")
    address = path if request.param == "file" else f"@{path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(20)
        listening.bind(address.replace("@", "\0"))
        yield SystemdNotifier(address), listening


def test_each_state_is_a_datagram(manager):
    """A reload has the time of the monotonic clock, as systemd requires."""
    notifier, listening = manager
    notifier.ready()
    assert listening.recv(1000) == b"READY=1"
    before = time.monotonic()
    notifier.reloading()
    state, clock = listening.recv(1000).decode().splitlines()
    assert state == "RELOADING=1"
    assert before <= int(clock.removeprefix("MONOTONIC_USEC=")) / 1e6 + 1e-5
    notifier.stopping()
    assert listening.recv(1000) == b"STOPPING=1"


@pytest.mark.parametrize("address", [None, ""])
def test_without_a_service_manager(address):
    """Without NOTIFY_SOCKET nothing is sent."""
    SystemdNotifier(address).ready()


def test_a_service_manager_that_is_gone(tmp_path, capture_log):
    """The error is logged and not raised."""
    SystemdNotifier(str(tmp_path / "none")).stopping()
    assert capture_log() == [
        "System: the service manager cannot be told: No such file or directory"
    ]
