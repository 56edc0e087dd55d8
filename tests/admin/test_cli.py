"""`chatd-admin` without a terminal, over sockets and pipes in memory; its messages."""

import os
import socket
import sys
import threading

import pytest

from chatd.admin import cli
from chatd.admin.cli import LAST_WORDS, LineRelay, UnwritableError
from chatd.protocol.commands import SHUTDOWN_LINES

SECONDS = 20
"""How long a test waits before it fails; nothing takes that long when all is well."""


class RelayHarness:
    """A relay, the server's end of its connection, and the pipes of its input and output."""

    def __init__(self):
        self._ours, self.server = socket.socketpair()
        self.server.settimeout(SECONDS)
        self._source, self.input = (os.fdopen(end, mode, 0) for end, mode in _pipe())
        self.output, self._sink = (os.fdopen(end, mode, 0) for end, mode in _pipe())
        self.relay = LineRelay(self._ours, self._source.fileno(), self._sink.fileno())
        self._running = threading.Thread(target=self.relay.run)
        self._running.start()

    def ended(self):
        """Wait for the end of the relay; return whether it was orderly."""
        self.server.close()
        self._running.join(SECONDS)
        return self.relay.orderly

    def close(self):
        """Close what is open."""
        self.input.close()
        # The thread that copies the input has ended then, or ends by itself.
        for end in (self._ours, self._source, self.output, self._sink):
            end.close()


def _pipe():
    """Return the ends of a new pipe, with the modes to open them."""
    reading, writing = os.pipe()
    return (reading, "rb"), (writing, "wb")


@pytest.fixture
def relay():
    """Return a relay that runs."""
    harness = RelayHarness()
    yield harness
    harness.close()


def test_lines_are_relayed(relay):
    """Input goes to the server up to its end, replies go to the output up to theirs."""
    relay.input.write(b"list\n")
    assert relay.server.recv(100) == b"list\n"
    relay.input.close()
    assert relay.server.recv(100) == b""
    relay.server.sendall(b"Administrator: No chatroom exists!\n")
    assert relay.output.read(100) == b"Administrator: No chatroom exists!\n"
    assert relay.ended()


@pytest.mark.parametrize(
    ("reply", "orderly"), [(b"", False), (b"Admini", False), (b"...\n" + LAST_WORDS, True)]
)
def test_the_server_closes_first(relay, reply, orderly):
    """The end is orderly only if the server has printed its last words."""
    relay.server.sendall(reply)
    assert relay.ended() is orderly


def test_the_server_resets(relay):
    """A server that closes with input unread ends the relay without an exception."""
    relay.input.write(b"list\n")
    relay.server.recv(100, socket.MSG_PEEK)
    assert not relay.ended()


def test_nobody_reads_the_replies():
    """The relay raises an exception if a reply cannot be written."""
    ours, server = socket.socketpair()
    source, typed = os.pipe()
    printed, sink = os.pipe()
    os.close(printed)
    server.sendall(b"a reply\n")
    with pytest.raises(UnwritableError):
        LineRelay(ours, source, sink).run()
    for end in (ours, server):
        end.close()
    for descriptor in (typed, sink):
        os.close(descriptor)


def test_the_last_words_are_the_server_s():
    """`chatd-admin` knows the last line that the server prints."""
    assert f"{SHUTDOWN_LINES[-1]}\n".encode() == LAST_WORDS


@pytest.fixture
def main(monkeypatch, capsys):
    """Return a function that runs `chatd-admin` to its end, and returns its status and output."""

    def main(*arguments):
        monkeypatch.setattr(sys, "argv", ["chatd-admin", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        code = left.value.code
        return (1, code) if isinstance(code, str) else (code, capsys.readouterr().out)

    return main


def test_no_server(main, tmp_path):
    """Where no server runs, one line says what to do."""
    path = tmp_path / "admin.sock"
    status, said = main(path)
    assert status == 1
    assert said == (
        f"chatd-admin: cannot reach chatd at {path}: No such file or directory "
        "(is it running, and with --admin PATH?)"
    )


def test_a_server_that_is_no_more(main, tmp_path):
    """The socket of a server that has crashed is still there."""
    path = tmp_path / "admin.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    status, said = main(path)
    assert status == 1
    assert "Connection refused (is it running" in said


def test_no_permission(main, monkeypatch):
    """The message says whose the console is."""

    class Forbidden(socket.socket):
        def connect(self, _):
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cli.socket, "socket", Forbidden)
    status, said = main()
    assert status == 1
    assert said == (
        "chatd-admin: cannot reach chatd at chatd-admin.sock: Permission denied "
        "(the console is for the user alone that chatd runs as)"
    )


def test_a_path_that_is_too_long(main):
    """An error without a number has a message, too."""
    status, said = main("x" * 200)
    assert status == 1
    assert "AF_UNIX path too long (is it" in said


def test_help(main):
    """`--help` says what the program does and what its argument means."""
    status, said = main("--help")
    assert status == 0
    assert "usage: chatd-admin [-h] [PATH]" in said
    assert "--admin (default: chatd-admin.sock" in said
