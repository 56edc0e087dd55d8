"""A real twistd in its own process, and clients on real sockets."""

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

SECONDS = 20
"""The time after which a test stops waiting; no test that passes waits so long."""

BIN = Path(sys.executable).parent


class Daemon:
    """A running `twistd -n chatd`; `arguments` replaces `-n chatd`.

    `environment` has further variables.
    """

    def __init__(
        self,
        directory,
        *options,
        arguments=("-n", "chatd"),
        stdin=subprocess.PIPE,
        environment=(),
    ):
        command = [BIN / "twistd", *arguments, "--listen", "tcp:0:interface=localhost", *options]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            cwd=directory,
            env={**os.environ, **dict(environment)},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.lines = []
        self._clients = []
        self._arrived = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        listening = self.expect(r"System: ChatServer is listening at \(localhost, (\d+)\)\.\.\.")
        self.port = int(listening[1])

    def _read(self):
        for line in self.process.stdout:
            self._arrived.put(line.decode().removesuffix("\n"))
        self._arrived.put(None)

    def expect(self, pattern):
        """Read the output up to a line that matches; return the match."""
        while (line := self._arrived.get(timeout=SECONDS)) is not None:
            self.lines.append(line)
            if match := re.fullmatch(pattern, line):
                return match
        raise AssertionError(f"no {pattern!r} in {self.lines}")

    def type(self, *lines):
        """Write lines to standard input, the console."""
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self.process.stdin.flush()

    def connect(self, end=b"\0"):
        """Return a new client."""
        self._clients.append(Client(self.port, end))
        return self._clients[-1]

    def ended(self):
        """Wait for the end of the process, and read the rest of its output; return the status."""
        status = self.process.wait(SECONDS)
        while (line := self._arrived.get(timeout=SECONDS)) is not None:
            self.lines.append(line)
        return status

    def stop(self):
        """End the process, if it has not ended, and close all clients."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.ended()
        for client in self._clients:
            client.socket.close()
        self._reader.join(SECONDS)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


class Client:
    """A client of the daemon on a real socket; `end` ends its frames."""

    def __init__(self, port, end):
        self.socket = socket.create_connection(("localhost", port), timeout=SECONDS)
        self.address = str(self.socket.getsockname())
        self._end = end
        self._buffer = b""

    def send(self, *frames):
        """Send frames."""
        self.socket.sendall(b"".join(frame.encode() + self._end for frame in frames))

    def read(self):
        """Return the next frame, or None at the end of the connection."""
        while self._end not in self._buffer:
            data = self.socket.recv(65536)
            if not data:
                return None
            self._buffer += data
        frame, _, self._buffer = self._buffer.partition(self._end)
        return frame.decode()

    def expect(self, *frames):
        """Read frames; they have to be these, and no others in between."""
        for frame in frames:
            assert self.read() == frame

    def ask(self, frame, *answers):
        """Send a frame and expect the answers."""
        self.send(frame)
        self.expect(*answers)


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a daemon in the temporary directory of the test."""
    daemons = []

    def start(*options, **settings):
        daemons.append(Daemon(tmp_path, *options, **settings))
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.stop()


@pytest.fixture
def run(tmp_path):
    """Return a function that runs an installed program of chatd or Twisted to its end."""

    def run(name, *arguments, **settings):
        return subprocess.run(
            [str(BIN / name), *arguments],
            cwd=tmp_path,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            text=True,
            env={**os.environ, **settings.pop("env", {})},
            **settings,
        )

    return run
