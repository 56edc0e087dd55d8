"""The console on a pipe and on a UNIX socket."""

import os
import socket
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from chatd.admin import console as console_module
from chatd.admin.console import MAX_LINE, LineConsole
from chatd.admin.unixsocket import ConsoleFactory, listen
from chatd.daemon.startup import StartError
from chatd.protocol.commands import SHUTDOWN_LINES
from chatd.server.sendqueue import FINISH_SECONDS
from chatd.testing import MemoryServer

TOO_LONG = "Administrator: Line too long (at most 16384 characters)."


# -- lines


@pytest.fixture
def pipe(server):
    """Return a console on a pipe, with what it printed."""
    printed = []
    console = server.service.consoles.open(printed.extend, lambda: printed.append("closed"))
    return SimpleNamespace(lines=LineConsole(console), printed=printed)


def test_lines_come_in_any_pieces(pipe):
    """A line is what ends in a newline, with or without a carriage return."""
    for piece in (b"sta", b"rt 1 Zo\xc3", b"\xab\r\nstart 2 x\nli", b"st\n"):
        pipe.lines.received(piece)
    assert pipe.printed == [
        "Administrator: Chatroom 1 started!",
        "Administrator: Chatroom 2 started!",
        "",
        "Administrator: Zoë@1: no chatters!",
        "x@2: no chatters!",
        "",
    ]


def test_the_end_of_input_closes_the_console_only(pipe, server):
    """The last line counts without its newline, too; then nothing more is printed."""
    pipe.lines.received(b"start 1 x")
    pipe.lines.ended()
    assert pipe.printed == ["Administrator: Chatroom 1 started!", "closed"]
    pipe.lines.received(b"start 2 x\n")
    pipe.lines.ended()
    server.service.consoles.shut_down()
    assert pipe.printed == ["Administrator: Chatroom 1 started!", "closed"]
    assert server.console("start 2 x") == ["Administrator: Chatroom 2 started!"]


@pytest.mark.parametrize("character", ["x", "日", "😄"])
def test_a_line_that_is_too_long(pipe, character):
    """It is dropped up to its end, and not kept whole meanwhile."""
    pipe.lines.received(f"say 1 {character * (MAX_LINE - 6)}\n".encode())
    assert pipe.printed == ["Administrator: Chatroom 1 NOT exist!"]
    for _ in range(10):
        pipe.lines.received((character * MAX_LINE).encode())
    assert len(pipe.lines._pending) <= 4 * MAX_LINE + 1
    pipe.lines.received(b"\nlist\n")
    assert pipe.printed[1:] == [TOO_LONG, "Administrator: No chatroom exists!"]


def test_one_line_at_a_time(pipe, monkeypatch):
    """A command that takes a while holds up those after it, and the end."""
    waiting = []

    async def execute(_, line, __):
        waiting.append(Deferred())
        await waiting[-1]
        return [line]

    monkeypatch.setattr(console_module, "execute", execute)
    pipe.lines.received(b"one\ntwo\n")
    pipe.lines.ended()
    assert len(waiting) == 1
    waiting[0].callback(None)
    assert pipe.printed == ["one"]
    waiting[1].callback(None)
    assert pipe.printed == ["one", "two", "closed"]


def test_the_input_ends_behind_quit(pipe, server, people):
    """However late that is carried out: the console is closed with the server, and told of it."""
    server.reactor.stop = lambda: None
    people.stored = Deferred()
    pipe.lines.received(b"accounts\nquit\nstart 1 x\n")
    pipe.lines.ended()
    people.stored.callback(None)
    assert pipe.printed == ["alice registered 2026-11-20 14:51:16 UTC"]
    server.service.stopService()
    assert pipe.printed[1:] == [*SHUTDOWN_LINES, "closed"]


def test_a_fault_of_ours(pipe, monkeypatch, capture_log):
    """It is logged, the administrator is told, and the console goes on."""

    async def execute(_, line, __):
        if line == "fail":
            raise ZeroDivisionError
        return [line]

    monkeypatch.setattr(console_module, "execute", execute)
    pipe.lines.received(b"fail\nnext\n")
    assert pipe.printed == ["Administrator: that failed; the log says why.", "next"]
    assert "ZeroDivisionError" in capture_log()[0]


# -- the socket


@pytest.fixture
def connect(server):
    """Return a function that returns a new connection to the console."""
    factory = ConsoleFactory(server.service.consoles)

    def connect():
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(StringTransport())
        return protocol

    return connect


def test_the_socket_in_lines(connect):
    """Answers without prompt or echo; the end of input closes it after them."""
    peer = connect()
    peer.dataReceived(b"start 1 x\nli")
    assert peer.transport.value() == b"Administrator: Chatroom 1 started!\n"
    peer.transport.clear()
    peer.dataReceived(b"st")
    assert not peer.transport.disconnecting
    peer.readConnectionLost()
    assert peer.transport.value() == b"\nAdministrator: x@1: no chatters!\n\n"
    assert peer.transport.disconnecting


def test_the_socket_ends_without_a_word(connect):
    """Who says nothing is answered nothing."""
    peer = connect()
    peer.readConnectionLost()
    assert peer.transport.value() == b""
    assert peer.transport.disconnecting


def test_the_socket_with_a_line_that_is_too_long(connect):
    """It says so and goes on."""
    peer = connect()
    peer.dataReceived(b"x" * 100_000 + b"\nlist\n")
    assert peer.transport.value().decode().splitlines() == [
        TOO_LONG,
        "Administrator: No chatroom exists!",
    ]


def test_the_socket_is_told_of_the_end(connect, server):
    """The last words, and closed."""
    peer = connect()
    peer.dataReceived(b"list\n")
    peer.transport.clear()
    server.service.consoles.shut_down()
    assert peer.transport.value().decode().splitlines() == [*SHUTDOWN_LINES]
    assert peer.transport.disconnecting


def test_who_has_said_nothing_is_closed_at_the_end(connect):
    """No console would do it, and nobody is waited for in vain."""
    silent, typing = connect(), connect()
    typing.dataReceived(b"list\n")
    gone = silent._factory.shut_down()
    assert silent.transport.disconnecting
    assert not typing.transport.disconnecting
    silent.connectionLost(Failure(ConnectionDone()))
    assert not gone.called
    typing.connectionLost(Failure(ConnectionDone()))
    assert gone.called


def test_a_console_that_does_not_read_at_the_end(server):
    """It holds the end up for some seconds at most."""
    console = server.service.admin_factory.buildProtocol(None)
    console.makeConnection(StringTransport())
    console.dataReceived(b"list\n")
    stopped = server.service.stopService()
    server.turn(FINISH_SECONDS - 0.1)
    assert not stopped.called
    server.turn(0.1)
    assert stopped.called


def test_a_lost_connection_is_forgotten(connect, server):
    """Nobody writes to it any more."""
    for beginning in (b"list\n", b"\x00100 40\nlist\r"):
        peer = connect()
        peer.dataReceived(beginning)
        peer.connectionLost(Failure(ConnectionDone()))
        peer.transport.clear()
        server.service.consoles.shut_down()
        assert peer.transport.value() == b""


def test_a_terminal_on_the_socket(connect):
    """After a NUL there are sizes and keys; a NUL comes back as it is closed."""
    peer = connect()
    peer.dataReceived(b"\x00100 40\n")
    assert b"Chat administration:> " in peer.transport.value()
    peer.dataReceived(b"li")
    peer.dataReceived(b"\0")
    peer.transport.clear()
    peer.dataReceived(b"20 40\nst")
    assert b":> li" in peer.transport.value()
    assert b"Chat administration" not in peer.transport.value()
    peer.dataReceived(b"\r")
    assert b"Administrator: No chatroom exists!\r\n" in peer.transport.value()
    peer.dataReceived(b"\x04")
    assert peer.transport.value().endswith(b"\0")
    assert peer.transport.disconnecting


class Listener:
    """A reactor that opens UNIX sockets, and does nothing with them."""

    def __init__(self):
        self.sockets = []

    def listenUNIX(self, path, factory, mode):
        assert isinstance(factory, ConsoleFactory)
        self.sockets.append(socket.socket(socket.AF_UNIX))
        self.sockets[-1].bind(path)
        self.sockets[-1].listen()
        self.modes = (stat.S_IMODE(Path(path).stat().st_mode), mode)

    def close(self):
        """Close all, as the end of a process does it: the files stay."""
        for one in self.sockets:
            one.close()


@pytest.fixture
def listener(server, tmp_path):
    """Return a reactor with a function that opens the console's socket in a folder."""
    reactor = Listener()
    reactor.path = tmp_path / "admin.sock"
    reactor.open = lambda: listen(
        reactor, str(reactor.path), ConsoleFactory(server.service.consoles)
    )
    yield reactor
    reactor.close()


def test_the_socket_is_its_owner_s(listener):
    """From the first moment on; and what is made later has the usual mode."""
    before = os.umask(0o22)
    try:
        listener.open()
        assert listener.modes == (0o600, 0o600)
        assert os.umask(0o22) == 0o22
    finally:
        os.umask(before)


def test_a_stale_socket_is_replaced(listener):
    """The server that made it is no more."""
    listener.open()
    listener.close()
    listener.open()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(listener.path))


def test_a_live_socket_is_left_alone(listener):
    """Another server answers there."""
    listener.open()
    with pytest.raises(FileExistsError, match="another server answers there"):
        listener.open()
    assert listener.path.is_socket()


def test_a_live_server_that_is_busy(listener):
    """It counts as one that answers, and is not waited for."""
    listener.open()
    listener.sockets[0].listen(0)
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(str(listener.path))
        with pytest.raises(FileExistsError, match="another server answers there"):
            listener.open()


def test_a_file_of_that_name_is_left_alone(listener):
    """Nobody's notes are overwritten."""
    listener.path.write_text("notes")
    with pytest.raises(FileExistsError, match="no socket"):
        listener.open()
    assert listener.path.read_text() == "notes"


def test_what_cannot_be_is_one_line(tmp_path):
    """For the operator, as the server starts."""
    path = tmp_path / "file"
    path.write_text("notes")
    with pytest.raises(StartError, match=f"cannot open the admin socket {path}: .*no socket"):
        MemoryServer(admin=str(path))
