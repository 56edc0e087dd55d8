"""`chatd-admin` without a terminal: its options and its messages."""

import socket
import sys
from importlib.metadata import version

import pytest

from chatd.admin import cli


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
    status, said = main("--socket", path)
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
    status, said = main("--socket", path)
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
    status, said = main("--socket", "x" * 200)
    assert status == 1
    assert "AF_UNIX path too long (is it" in said


def test_help(main):
    """`--help` says what the program does and what its options mean, within 80 columns."""
    status, said = main("--help")
    assert status == 0
    assert "usage: chatd-admin [--socket PATH] [--json] [COMMAND ...]" in said
    assert "--admin (default: chatd-admin.sock)" in " ".join(said.split())
    assert max(len(line) for line in said.splitlines()) <= 80


def test_version(main):
    """`--version` prints the version of chatd."""
    assert main("--version") == (0, f"chatd {version('chatd')}\n")


def test_an_unknown_option(main):
    """An option that does not exist is wrong usage."""
    assert main("--jsn", "list")[0] == 2
