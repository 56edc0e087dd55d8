"""The epoll reader: one call reads all sockets, and ends are left to the reactor."""

import re
import socket
import struct
from contextlib import suppress

import pytest
from twisted.internet import tcp
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport

from chatd.server.epoll import EpollReader
from chatd.testing import MemoryServer


class Reactor:
    """Records what it watches."""

    def __init__(self):
        self.readers = set()
        self.writers = set()

    def addReader(self, reader):
        self.readers.add(reader)

    def removeReader(self, reader):
        self.readers.discard(reader)

    def addWriter(self, writer):
        self.writers.add(writer)

    def removeWriter(self, writer):
        self.writers.discard(writer)

    def callLater(self, _, call, *args):
        call(*args)


class Subclass(tcp.Server):
    """A subclass of Twisted's transport, which may encrypt."""


class Receiver(Protocol):
    """Records what it receives."""

    def __init__(self):
        self.received = b""
        self.lost = False
        self.hung_up = False

    def dataReceived(self, data):
        self.received += data

    def readConnectionLost(self):
        self.hung_up = True

    def connectionLost(self, _):
        self.lost = True


class EpollHarness:
    """An epoll reader with real sockets."""

    def __init__(self):
        self.reactor = Reactor()
        self.reader = EpollReader(self.reactor)
        self.ends = []

    def connect(self, receive=None):
        """Return the peer's socket, the transport, the adopted socket and the receiver."""
        ours, peer = socket.socketpair()
        ours.setblocking(False)
        self.ends += [ours, peer]
        receiver = Receiver()
        transport = tcp.Server(ours, receiver, ("127.0.0.1", 5), None, 0, self.reactor)
        receiver.makeConnection(transport)
        hung_up = receiver.readConnectionLost
        taken = self.reader.adopt(transport, receive or receiver.dataReceived, hung_up)
        return peer, transport, taken, receiver


@pytest.fixture
def harness():
    """Return a harness without connections."""
    harness = EpollHarness()
    yield harness
    for each in harness.ends:
        each.close()


def test_one_call_reads_all(harness):
    """The reactor watches the reader alone; one call of it reads all sockets."""
    connected = [harness.connect() for _ in range(3)]
    assert harness.reactor.readers == {harness.reader}
    for number, (peer, *_) in enumerate(connected):
        peer.send(b"%d" % number)
    harness.reader.doRead()
    assert [receiver.received for *_, receiver in connected] == [b"0", b"1", b"2"]


def test_paused_is_not_read(harness):
    """A paused socket is not read until it is resumed."""
    peer, _, taken, receiver = harness.connect()
    taken.pauseProducing()
    peer.send(b"x")
    harness.reader.doRead()
    assert receiver.received == b""
    taken.resumeProducing()
    harness.reader.doRead()
    assert receiver.received == b"x"


def test_a_hangup_while_paused(harness):
    """A hangup while paused is reported once, although data is left to read."""
    peer, _, taken, receiver = harness.connect()
    taken.pauseProducing()
    peer.send(b"last words")
    harness.reader.doRead()
    assert not receiver.hung_up
    peer.shutdown(socket.SHUT_WR)
    harness.reader.doRead()
    assert receiver.hung_up
    receiver.hung_up = False
    harness.reader.doRead()
    assert not receiver.hung_up
    taken.resumeProducing()
    harness.reader.doRead()
    assert receiver.received == b"last words"


def test_writable(harness):
    """The callback is called while the socket is writable, also if it is paused."""
    peer, _, taken, _ = harness.connect()
    taken.pauseProducing()
    called = []
    taken.call_when_writable(lambda: called.append("first"))
    harness.reader.doRead()
    peer.send(b"x")
    harness.reader.doRead()
    taken.call_when_writable(None)
    harness.reader.doRead()
    assert called == ["first", "first"]


def test_the_end_is_the_reactors(harness):
    """After the last byte the reactor reads the transport again and finds the end."""
    peer, transport, _, receiver = harness.connect()
    peer.send(b"last words")
    peer.close()
    harness.reader.doRead()
    harness.reader.doRead()
    assert receiver.received == b"last words"
    assert harness.reactor.readers == {harness.reader, transport}
    assert transport.doRead() is not None


def test_a_socket_that_was_just_closed_is_not_read(harness):
    """A socket that another one closed in the same call is not read."""
    connected = []
    readers = []

    def end_the_other(number):
        readers.append(number)
        _, transport, taken, _ = connected[1 - number]
        transport.abortConnection()
        harness.reader.remove(taken)

    connected += [harness.connect(lambda _, n=number: end_the_other(n)) for number in range(2)]
    for peer, *_ in connected:
        peer.send(b"x")
    harness.reader.doRead()
    (reader,) = readers
    assert [receiver.lost for *_, receiver in connected] == [reader == 1, reader == 0]


def test_an_exception_ends_one_connection(harness, capture_log):
    """A failure is logged and ends its own connection; the others are read."""

    def fail(_):
        raise RuntimeError("fault")

    peer, _, taken, receiver = harness.connect(fail)
    other, _, _, healthy = harness.connect()
    peer.send(b"x")
    other.send(b"y")
    harness.reader.doRead()
    assert receiver.lost
    assert healthy.received == b"y"
    assert ["Processing received data failed" in line for line in capture_log()] == [True]
    harness.reader.remove(taken)


def test_any_other_transport_is_read_by_the_reactor(harness):
    """Any other transport is left to the reactor, also a subclass of a plain one."""
    for transport in (StringTransport(), Subclass.__new__(Subclass)):
        assert harness.reader.adopt(transport, print, print) is None
    assert harness.reactor.readers == set()


def test_a_reset_is_the_end(harness):
    """A reset is the end of the connection, not of its input alone."""
    subscriber = socket.create_server(("127.0.0.1", 0))
    peer = socket.create_connection(subscriber.getsockname())
    ours, _ = subscriber.accept()
    ours.setblocking(False)
    harness.ends += [subscriber, ours]
    receiver = Receiver()
    transport = tcp.Server(ours, receiver, ("127.0.0.1", 5), None, 0, harness.reactor)
    receiver.makeConnection(transport)
    harness.reader.adopt(transport, receiver.dataReceived, receiver.readConnectionLost)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    harness.reader.doRead()
    assert (receiver.lost, receiver.hung_up) == (True, False)


# -- both paths

SCRIPT = [
    b"`start 1 tea\0`join 1 Ann\0",
    b"".join(b"message %d\0" % number for number in range(120)),
    b"`list\0`history 50\0`nonsense\0half a ",
    b"message\0" + b"x" * 20_000 + b"\0`format json\0",
    b'{"command":"say","text":"hi","tag":"1"}\0{"command":"quit"}\0{"command":"list"}\0',
    b'{"command":"exit"}\0{"command":"list"}\0',
]


class LeftToReactor(EpollReader):
    """A reader that adopts no transport."""

    def adopt(self, *_):
        return None


def run_script(reader_class):
    """Send SCRIPT over a real socket; return all bytes that the client gets."""
    server = MemoryServer()
    context = server.service.factory.context
    reactor = Reactor()
    reactor.callLater = server.reactor.callLater
    context.epoll = reader_class(reactor)
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    protocol = server.service.factory.buildProtocol(None)
    transport = tcp.Server(ours, protocol, ("127.0.0.1", 5), None, 0, reactor)
    reactor.addReader(transport)
    transport.setTcpNoDelay = transport.setTcpKeepAlive = lambda _: None  # it is a UNIX socket
    protocol.makeConnection(transport)
    received = b""
    with peer, ours:
        peer.setblocking(False)
        for read in [*SCRIPT, *[b""] * 20]:
            if read:
                peer.send(read)
            for reader in list(reactor.readers):
                reader.doRead()
            for writer in list(reactor.writers):
                writer.doWrite()
            server.turn(0.1)
            with suppress(BlockingIOError):
                received += peer.recv(1 << 20)
    return received


def test_both_paths_give_the_same_bytes():
    """A client gets the same bytes whether the epoll reader or the reactor reads its socket."""
    adopted, left = run_script(EpollReader), run_script(LeftToReactor)
    assert b'"command":"exit"' in adopted
    session = re.compile(rb'"session":"[^"]*"')
    assert session.sub(b"", adopted) == session.sub(b"", left)
