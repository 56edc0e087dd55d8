"""A real twistd as a service manager runs it: told when it is ready, given its sockets, told to reload."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 20
TWISTD = Path(sys.executable).parent / "twistd"

# What the service manager does between fork and exec.
WITH_SOCKET = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="chat")
os.execv(sys.argv[2], sys.argv[2:])
"""


class Manager:
    """Starts the server in a folder, and hears what it tells."""

    def __init__(self, folder):
        self._folder = folder
        self._hearing = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._hearing.settimeout(SECONDS)
        self._hearing.bind(f"\0{folder}/notify")
        self._processes = []

    def start(self, *command, stdin=subprocess.DEVNULL, **how):
        """Start a program, and wait until it is ready."""
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=self._folder,
            stdin=stdin,
            env={**os.environ, "NOTIFY_SOCKET": f"@{self._folder}/notify"},
            **how,
        )
        self._processes.append(process)
        self.expect("READY=1")
        return process

    def expect(self, state):
        """Wait until that is told."""
        assert self._hearing.recv(1000).decode().splitlines()[0] == state

    def reload(self, pid):
        """Let a server read its files again, and wait until that is done."""
        os.kill(pid, signal.SIGHUP)
        self.expect("RELOADING=1")
        self.expect("READY=1")

    def close(self):
        """End what was started."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
                process.wait(SECONDS)
        self._hearing.close()


def _lines(file):
    return file.read_text().splitlines()


@pytest.fixture
def manager(tmp_path):
    """Return a service manager."""
    manager = Manager(tmp_path)
    yield manager
    manager.close()


def test_a_life(manager, tmp_path):
    """Ready, reloading, ready, stopping; the log file is opened again after it was moved."""
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
    assert after[0] == "System: SIGHUP received, reading again what is on the disk"
    assert "System: SIGTERM received" in after


def test_in_the_background(manager, tmp_path):
    """The same where twistd has left the terminal it was started on."""
    log = tmp_path / "twistd.log"
    screen, terminal = os.openpty()
    words = "chatd --listen unix:chat.sock"
    manager.start(TWISTD, *words.split(), stdin=terminal).wait(SECONDS)
    pid = int((tmp_path / "twistd.pid").read_text())
    try:
        log.rename(tmp_path / "moved.log")
        manager.reload(pid)
        assert "SIGHUP received" in log.read_text()
    finally:
        os.kill(pid, signal.SIGTERM)
        manager.expect("STOPPING=1")
        os.close(screen)
        os.close(terminal)


@pytest.mark.parametrize("which", ["index=0", "name=chat"])
@pytest.mark.parametrize("domain", ["INET", "UNIX"])
def test_socket_activation(manager, tmp_path, domain, which):
    """The service manager's socket is taken over, with who had come before there was a server."""
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
            *("--listen", f"systemd:domain={domain}:{which}"),
            pass_fds=[listening.fileno()],
        )
        assert client.recv(100) == b"Server: No room exists!\0"
        process.terminate()
        manager.expect("STOPPING=1")
        assert process.wait(SECONDS) == 0
        # It is the service manager's: the next server finds it, and those who wait at it.
        with socket.socket(family) as next_one:
            next_one.connect(listening.getsockname())
