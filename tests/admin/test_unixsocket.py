"""The console on a UNIX socket."""

import gc
import json
import os
import pwd
import socket
import stat
from pathlib import Path

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from chatd.admin.unixsocket import ConsoleFactory, listen
from chatd.daemon.startup import StartError
from chatd.protocol.console_commands import SHUTDOWN_LINES
from chatd.server.sendqueue import FINISH_SECONDS
from chatd.testing import MemoryServer

TOO_LONG = "Administrator: Line too long (at most 16384 characters)."


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
    """Replies come without prompt or echo; the end of input closes the console after them."""
    peer = connect()
    peer.dataReceived(b"start 1 x\nli")
    assert peer.transport.value() == b"Administrator: Chatroom 1 started!\n"
    peer.transport.clear()
    peer.dataReceived(b"st")
    assert not peer.transport.disconnecting
    peer.readConnectionLost()
    assert peer.transport.value() == b"\nAdministrator: x@1: no chatters!\n\n"
    assert peer.transport.disconnecting


def test_a_connection_without_input(connect):
    """A connection that ends without input gets no output."""
    peer = connect()
    peer.readConnectionLost()
    assert peer.transport.value() == b""
    assert peer.transport.disconnecting


def test_the_socket_with_a_line_that_is_too_long(connect):
    """The console refuses a line that is too long, and continues."""
    peer = connect()
    peer.dataReceived(b"x" * 100_000 + b"\nlist\n")
    assert peer.transport.value().decode().splitlines() == [
        TOO_LONG,
        "Administrator: No chatroom exists!",
    ]


def test_the_socket_is_told_of_the_end(connect, server):
    """When the server stops, the last lines are printed and the connection is closed."""
    peer = connect()
    peer.dataReceived(b"list\n")
    peer.transport.clear()
    server.service.consoles.shut_down()
    assert peer.transport.value().decode().splitlines() == [*SHUTDOWN_LINES]
    assert peer.transport.disconnecting


def test_a_connection_without_input_is_closed_at_the_end(connect):
    """A connection without input has no console, and is closed by the factory."""
    silent, typing = connect(), connect()
    typing.dataReceived(b"list\n")
    closed = silent._factory.shut_down()
    assert silent.transport.disconnecting
    assert not typing.transport.disconnecting
    silent.connectionLost(Failure(ConnectionDone()))
    assert not closed.called
    typing.connectionLost(Failure(ConnectionDone()))
    assert closed.called


def test_a_console_that_does_not_read_at_the_end(server):
    """A connection that does not read delays the end of the server by some seconds at most."""
    console = server.service.admin_factory.buildProtocol(None)
    console.makeConnection(StringTransport())
    console.dataReceived(b"list\n")
    stopped = server.service.stopService()
    server.turn(FINISH_SECONDS - 0.1)
    assert not stopped.called
    server.turn(0.1)
    assert stopped.called


EDITOR = b"\0" + json.dumps({"line": "passwd alice"}).encode() + b"\n"


@pytest.mark.parametrize("sent", [b"list\n", b"passwd alice\n", EDITOR])
def test_a_lost_connection(connect, server, accounts, capture_log, sent):
    """Nothing is written to a connection that is lost, and a question there gets no answer."""
    peer = connect()
    peer.dataReceived(sent)
    peer.connectionLost(Failure(ConnectionDone()))
    peer.transport.clear()
    server.service.consoles.shut_down()
    assert peer.transport.value() == b""
    assert accounts.passwords == {"alice": "as it was"}
    gc.collect()
    assert capture_log() == []


def test_an_editor_on_the_socket(connect):
    """After a NUL, messages are exchanged with an editor; the last one is `closed`."""
    peer = connect()
    peer.dataReceived(b"\0")
    assert peer.transport.value() == b'{"prompt": "Chat administration:> "}\n'
    peer.transport.clear()
    peer.dataReceived(b'{"line": "list"}\n')
    assert b'{"print": ["Administrator: No chatroom exists!"]}\n' in peer.transport.value()
    peer.readConnectionLost()
    assert peer.transport.value().endswith(b'{"closed": null}\n')
    assert peer.transport.disconnecting


class UnixReactor:
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
        """Close all sockets as the end of a process does: the files stay."""
        for opened in self.sockets:
            opened.close()


@pytest.fixture
def listener(server, tmp_path):
    """Return a reactor with a function that opens the console's socket in a folder."""
    reactor = UnixReactor()
    reactor.path = tmp_path / "admin.sock"
    reactor.open = lambda: listen(
        reactor, str(reactor.path), ConsoleFactory(server.service.consoles)
    )
    yield reactor
    reactor.close()


def test_the_mode_of_the_socket(listener):
    """The mode is 600 from the beginning, and the mask of the process is restored."""
    before = os.umask(0o22)
    try:
        listener.open()
        assert listener.modes == (0o600, 0o600)
        assert os.umask(0o22) == 0o22
    finally:
        os.umask(before)


def test_a_stale_socket_is_replaced(listener):
    """The socket of a server that has crashed is replaced."""
    listener.open()
    listener.close()
    listener.open()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(listener.path))


def test_a_live_socket_is_left_alone(listener):
    """The socket of a running server is left alone."""
    listener.open()
    with pytest.raises(FileExistsError, match="another server answers there"):
        listener.open()
    assert listener.path.is_socket()


def test_a_live_server_that_is_busy(listener):
    """A server that is too busy to accept counts as running, and is not waited for."""
    listener.open()
    listener.sockets[0].listen(0)
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(str(listener.path))
        with pytest.raises(FileExistsError, match="another server answers there"):
            listener.open()


def test_a_file_of_that_name_is_left_alone(listener):
    """A file that is no socket is not removed."""
    listener.path.write_text("notes")
    with pytest.raises(FileExistsError, match="no socket"):
        listener.open()
    assert listener.path.read_text() == "notes"


def test_a_socket_that_cannot_be_opened(tmp_path):
    """The operator reads one line if the socket cannot be opened."""
    path = tmp_path / "file"
    path.write_text("notes")
    with pytest.raises(StartError, match=f"cannot open the admin socket {path}: .*no socket"):
        MemoryServer(admin=str(path))


def test_a_peer_that_does_not_read(connect):
    """While the peer does not read, no further line is executed or read for it; then all are."""
    peer = connect()
    peer.dataReceived(b"start 1 x\n")
    peer.transport.clear()
    peer.transport.producer.pauseProducing()
    peer.dataReceived(b"list\n" * 3)
    assert peer.transport.value() == b""
    assert peer.transport.producerState == "paused"
    peer.readConnectionLost()
    peer.transport.producer.resumeProducing()
    assert peer.transport.value().count(b"x@1: no chatters!") == 3
    assert peer.transport.disconnecting
    assert peer.transport.producer is None


def test_a_program_on_the_socket(connect):
    """After a byte 1, each line is answered by an object, and there is no prompt."""
    peer = connect()
    peer.dataReceived(b'\1{"line": "start 1 x"}\n')
    assert [json.loads(line) for line in peer.transport.value().splitlines()] == [
        {"print": ["Administrator: Chatroom 1 started!"]},
        {"answer": {"failed": False, "data": {"room": "1"}}},
    ]
    peer.transport.clear()
    peer.dataReceived(b'{"line": ""}\n')
    assert json.loads(peer.transport.value()) == {"answer": {"failed": False, "data": None}}
    peer.readConnectionLost()
    assert peer.transport.value().endswith(b'{"closed": null}\n')


def act(peer, line):
    """Send a line in the way of each program that uses the socket."""
    messages = [f"{line}\n", f'\0{{"line": "{line}"}}\n', f'\1{{"line": "{line}"}}\n']
    for message in messages:
        connected = peer()
        connected.dataReceived(message.encode())


def test_the_audit_names_the_peer(connect, server):
    """An act is that of the user of the system who opened the socket, whatever the program."""
    mine, other = socket.socketpair(socket.AF_UNIX)

    def peer():
        connected = connect()
        connected.transport.socket = mine
        return connected

    with mine, other:
        act(peer, "trace off")
    user = pwd.getpwuid(os.getuid()).pw_name
    acts = [line.split(" ", 3)[3] for line in server.console("audit")]
    assert acts == [f"{user} over the socket switched the trace off"] * 3


def test_a_peer_that_the_system_does_not_tell(connect, server, monkeypatch):
    """The act is one over the socket, of a user with a number or of nobody known."""
    act(connect, "trace off")
    assert server.console("audit 1")[0].endswith(" UTC socket switched the trace off")
    mine, other = socket.socketpair(socket.AF_UNIX)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    connected = connect()
    connected.transport.socket = mine
    with mine, other:
        connected.dataReceived(b"trace off\n")
    assert f" UTC {os.getuid()} over the socket " in server.console("audit 1")[0]


def test_exit_in_lines(connect):
    """`exit` closes the connection of a script; the lines after it are not executed."""
    peer = connect()
    peer.dataReceived(b"exit\nlist\n")
    assert peer.transport.value() == b""
    assert peer.transport.disconnecting
