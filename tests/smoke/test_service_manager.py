"""A real twistd under a service manager: its states, its reloads, and its sockets."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 20
TWISTD = Path(sys.executable).parent / "twistd"

# The service manager does this between fork and exec.
WITH_SOCKET = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="chat")
os.execv(sys.argv[2], sys.argv[2:])
"""


class Manager:
    """A service manager: it starts servers in a directory and receives their states."""

    def __init__(self, directory):
        self._directory = directory
        self._states = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._states.settimeout(SECONDS)
        self._states.bind(f"\0{directory}/notify")
        self._processes = []

    def start(self, *command, stdin=subprocess.DEVNULL, **settings):
        """Start a program, and wait until it is ready."""
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=self._directory,
            stdin=stdin,
            env={**os.environ, "NOTIFY_SOCKET": f"@{self._directory}/notify"},
            **settings,
        )
        self._processes.append(process)
        self.expect("READY=1")
        return process

    def expect(self, state):
        """Wait for the next state; it has to be this one."""
        assert self._states.recv(1000).decode().splitlines()[0] == state

    def reload(self, pid):
        """Send SIGHUP, and wait until the reload is complete."""
        os.kill(pid, signal.SIGHUP)
        self.expect("RELOADING=1")
        self.expect("READY=1")

    def close(self):
        """End all servers."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
                process.wait(SECONDS)
        self._states.close()


def _lines(file):
    return file.read_text().splitlines()


@pytest.fixture
def manager(tmp_path):
    """Return a service manager."""
    manager = Manager(tmp_path)
    yield manager
    manager.close()


def test_states_and_reloads(manager, tmp_path):
    """The manager receives each state; a reload opens a log file that was moved again."""
    log = tmp_path / "chatd.log"
    words = "-n --logfile chatd.log chatd --log-json --listen unix:chat.sock"
    process = manager.start(TWISTD, *words.split())
    log.rename(tmp_path / "moved.log")
    manager.reload(process.pid)
    process.terminate()
    manager.expect("STOPPING=1")
    assert process.wait(SECONDS) == 0
    before = [json.loads(line)["text"] for line in _lines(tmp_path / "moved.log")]
    after = [json.loads(line)["text"] for line in _lines(log)]
    assert "System: ChatServer is listening at (chat.sock)..." in before
    assert after[0] == "System: SIGHUP received, reloading"
    assert "System: SIGTERM received" in after


def test_in_the_background(manager, tmp_path):
    """A server in the background reloads, too, and does not follow its terminal."""
    log = tmp_path / "twistd.log"
    screen, terminal = os.openpty()
    words = "chatd --listen unix:chat.sock"
    manager.start(TWISTD, *words.split(), stdin=terminal).wait(SECONDS)
    pid = int((tmp_path / "twistd.pid").read_text())
    try:
        log.rename(tmp_path / "moved.log")
        manager.reload(pid)
    finally:
        ended = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        manager.expect("STOPPING=1")
        assert select.select([ended], [], [], SECONDS)[0]
        for descriptor in (ended, screen, terminal):
            os.close(descriptor)
    assert "SIGHUP received" in log.read_text()


@pytest.mark.parametrize("selector", ["index=0", "name=chat"])
@pytest.mark.parametrize("domain", ["INET", "UNIX"])
def test_socket_activation(manager, tmp_path, domain, selector):
    """The server takes the manager's socket, with a client that connected before it started."""
    at = str(tmp_path / "activated.sock") if domain == "UNIX" else ("127.0.0.1", 0)
    family = getattr(socket, f"AF_{domain}")
    with socket.socket(family) as listening, socket.socket(family) as client:
        listening.bind(at)
        listening.listen()
        client.settimeout(SECONDS)
        client.connect(listening.getsockname())
        client.sendall(b"`list\0")
        process = manager.start(
            *(sys.executable, "-c", WITH_SOCKET, listening.fileno()),
            *(TWISTD, "-n", "--pidfile=", "chatd", "--store", "memory:"),
            *("--listen", f"systemd:domain={domain}:{selector}"),
            pass_fds=[listening.fileno()],
        )
        assert client.recv(100) == b"Server: No room exists!\0"
        process.terminate()
        manager.expect("STOPPING=1")
        assert process.wait(SECONDS) == 0
        # The socket stays the manager's: clients can connect before the next server starts.
        with socket.socket(family) as waiting:
            waiting.connect(listening.getsockname())
