"""`chatd-admin` without a terminal, over sockets and pipes in memory; its messages."""

import os
import socket
import sys

import pytest

from chatd.admin import cli
from chatd.admin.cli import LAST_WORDS, LineRelay
from chatd.protocol.commands import SHUTDOWN_LINES


@pytest.fixture
def relay():
    """Return a relay, the server's end of it, and the files for input and output."""
    ours, server = socket.socketpair()
    server.settimeout(20)
    source, typed = os.pipe()
    printed, sink = os.pipe()
    relay = LineRelay(ours, source, sink)
    relay.server, relay.typed, relay.printed = server, typed, printed
    yield relay
    for one in (ours, server):
        one.close()
    for descriptor in (source, printed, sink):
        os.close(descriptor)


def test_lines_are_relayed(relay):
    """Input to the server up to its end, answers to output up to theirs."""
    os.write(relay.typed, b"list\n")
    os.close(relay.typed)
    relay.server.sendall(b"Administrator: No chatroom exists!\n")
    for _ in range(3):
        relay._turn()
    assert relay.server.recv(100) == b"list\n"
    assert relay.server.recv(100) == b""
    assert os.read(relay.printed, 100) == b"Administrator: No chatroom exists!\n"
    relay.server.close()
    relay.run()
    assert relay.orderly


@pytest.mark.parametrize(
    ("heard", "orderly"), [(b"", False), (b"Admini", False), (b"...\n" + LAST_WORDS, True)]
)
def test_the_server_closes_first(relay, heard, orderly):
    """That is in order only if it said so."""
    relay.server.sendall(heard)
    relay.server.close()
    relay.run()
    assert relay.orderly is orderly
    os.close(relay.typed)


def test_the_server_resets(relay):
    """What it did not read makes no traceback."""
    os.write(relay.typed, b"list\n")
    relay._turn()
    relay._turn()
    relay.server.close()
    relay.run()
    assert not relay.orderly
    os.close(relay.typed)


def test_the_last_words_are_the_server_s():
    """Both ends know the same."""
    assert f"{SHUTDOWN_LINES[-1]}\n".encode() == LAST_WORDS


@pytest.fixture
def main(monkeypatch, capsys):
    """Return a function that runs `chatd-admin` to its end, and returns its status and its words."""

    def main(*arguments):
        monkeypatch.setattr(sys, "argv", ["chatd-admin", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        code = left.value.code
        return (1, code) if isinstance(code, str) else (code, capsys.readouterr().out)

    return main


def test_no_server(main, tmp_path):
    """One line that says what to do."""
    path = tmp_path / "admin.sock"
    status, said = main(path)
    assert status == 1
    assert said == (
        f"chatd-admin: cannot reach chatd at {path}: No such file or directory "
        "(is it running, and with --admin PATH?)"
    )


def test_a_server_that_is_no_more(main, tmp_path):
    """Its socket is still there."""
    path = tmp_path / "admin.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    status, said = main(path)
    assert status == 1
    assert "Connection refused (is it running" in said


def test_no_permission(main, monkeypatch):
    """It is told whose the console is."""

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
    """An error without a number has words, too."""
    status, said = main("x" * 200)
    assert status == 1
    assert "AF_UNIX path too long (is it" in said


def test_help(main):
    """It says what it is and what its one argument means."""
    status, said = main("--help")
    assert status == 0
    assert "usage: chatd-admin [-h] [PATH]" in said
    assert "--admin (default: chatd-admin.sock" in said
