"""Where bytes come from: all that can be read is read in one call, and ends are left to the reactor."""

import socket
import struct

import pytest
from twisted.internet import tcp
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport

from chatd.server.epoll import EpollReader


class Reactor:
    """Notes what it is to watch."""

    def __init__(self):
        self.readers = set()

    def addReader(self, reader):
        self.readers.add(reader)

    def removeReader(self, reader):
        self.readers.discard(reader)

    def removeWriter(self, _):
        pass

    def callLater(self, _, call, *args):
        call(*args)


class Subclass(tcp.Server):
    """Not exactly Twisted's: perhaps it encrypts."""


class Receiver(Protocol):
    """Keeps what it receives."""

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


class House:
    """Sockets that are real."""

    def __init__(self):
        self.reactor = Reactor()
        self.sockets = EpollReader(self.reactor)
        self.ends = []

    def connect(self, receive=None):
        """Return a peer's socket, the transport at our end, its socket, and what receives."""
        ours, peer = socket.socketpair()
        ours.setblocking(False)
        self.ends += [ours, peer]
        receiver = Receiver()
        transport = tcp.Server(ours, receiver, ("127.0.0.1", 5), None, 0, self.reactor)
        receiver.makeConnection(transport)
        hung_up = receiver.readConnectionLost
        taken = self.sockets.adopt(transport, receive or receiver.dataReceived, hung_up)
        return peer, transport, taken, receiver


@pytest.fixture
def house():
    """Return a house without connections."""
    house = House()
    yield house
    for each in house.ends:
        each.close()


def test_one_call_reads_all(house):
    """The reactor watches one thing alone; one call of it brings what all have sent."""
    connected = [house.connect() for _ in range(3)]
    assert house.reactor.readers == {house.sockets}
    for number, (peer, *_) in enumerate(connected):
        peer.send(b"%d" % number)
    house.sockets.doRead()
    assert [receiver.received for *_, receiver in connected] == [b"0", b"1", b"2"]


def test_paused_is_not_read(house):
    """What is sent meanwhile comes when it is read on."""
    peer, _, taken, receiver = house.connect()
    taken.pauseProducing()
    peer.send(b"x")
    house.sockets.doRead()
    assert receiver.received == b""
    taken.resumeProducing()
    house.sockets.doRead()
    assert receiver.received == b"x"


def test_who_hangs_up_while_he_is_not_read(house):
    """It is told at once, and only once, though there is more to read."""
    peer, _, taken, receiver = house.connect()
    taken.pauseProducing()
    peer.send(b"last words")
    house.sockets.doRead()
    assert not receiver.hung_up
    peer.shutdown(socket.SHUT_WR)
    house.sockets.doRead()
    assert receiver.hung_up
    receiver.hung_up = False
    house.sockets.doRead()
    assert not receiver.hung_up
    taken.resumeProducing()
    house.sockets.doRead()
    assert receiver.received == b"last words"


def test_writable(house):
    """Who waits to write is called while there is room, also where nothing is read."""
    peer, _, taken, _ = house.connect()
    taken.pauseProducing()
    called = []
    taken.call_when_writable(lambda: called.append("first"))
    house.sockets.doRead()
    peer.send(b"x")
    house.sockets.doRead()
    taken.call_when_writable(None)
    house.sockets.doRead()
    assert called == ["first", "first"]


def test_the_end_is_the_reactors(house):
    """After the last byte the reactor has the transport again, and finds the end."""
    peer, transport, _, receiver = house.connect()
    peer.send(b"last words")
    peer.close()
    house.sockets.doRead()
    house.sockets.doRead()
    assert receiver.received == b"last words"
    assert house.reactor.readers == {house.sockets, transport}
    assert transport.doRead() is not None


def test_who_is_lost_meanwhile_is_not_read(house):
    """One that was read before may have put an end to the next."""
    connected = []
    heard = []

    def end_the_other(number):
        heard.append(number)
        _, transport, taken, _ = connected[1 - number]
        transport.abortConnection()
        house.sockets.remove(taken)

    connected += [house.connect(lambda _, n=number: end_the_other(n)) for number in range(2)]
    for peer, *_ in connected:
        peer.send(b"x")
    house.sockets.doRead()
    (reader,) = heard
    assert [receiver.lost for *_, receiver in connected] == [reader == 1, reader == 0]


def test_a_fault_hurts_one_connection(house, capture_log):
    """It is logged, that connection is aborted, and the others are read."""

    def fail(_):
        raise RuntimeError("fault")

    peer, _, taken, receiver = house.connect(fail)
    other, _, _, healthy = house.connect()
    peer.send(b"x")
    other.send(b"y")
    house.sockets.doRead()
    assert receiver.lost
    assert healthy.received == b"y"
    assert ["Processing received data failed" in line for line in capture_log()] == [True]
    house.sockets.remove(taken)


def test_any_other_transport_is_read_by_the_reactor(house):
    """One that encrypts, say, or one that only resembles a plain one and may."""
    for transport in (StringTransport(), Subclass.__new__(Subclass)):
        assert house.sockets.adopt(transport, print, print) is None
    assert house.reactor.readers == set()


def test_a_reset_is_the_end(house):
    """Not half of it: who has reset his connection does not wait for answers."""
    subscriber = socket.create_server(("127.0.0.1", 0))
    peer = socket.create_connection(subscriber.getsockname())
    ours, _ = subscriber.accept()
    ours.setblocking(False)
    house.ends += [subscriber, ours]
    receiver = Receiver()
    transport = tcp.Server(ours, receiver, ("127.0.0.1", 5), None, 0, house.reactor)
    receiver.makeConnection(transport)
    house.sockets.adopt(transport, receiver.dataReceived, receiver.readConnectionLost)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    house.sockets.doRead()
    assert (receiver.lost, receiver.hung_up) == (True, False)
