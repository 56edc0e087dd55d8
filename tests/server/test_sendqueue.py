"""Send queues: no byte is lost or reordered, and memory is bounded."""

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from chatd.server.sendqueue import FINISH_SECONDS, SocketSendQueue, TransportSendQueue


class Socket:
    """A plain socket that takes `room` bytes."""

    def __init__(self, room=1000):
        self.room = room
        self.sent = b""
        self.writable = None
        self.closed = ""
        self.transport = self

    def send(self, data):
        if self.room is None:
            raise ConnectionResetError
        if not self.room:
            raise BlockingIOError
        taken = data[: self.room]
        self.room -= len(taken)
        self.sent += taken
        return len(taken)

    def sendmsg(self, buffers):
        return self.send(b"".join(buffers))

    def call_when_writable(self, call):
        self.writable = call

    def loseConnection(self):
        self.closed = "closing"

    def abortConnection(self):
        self.closed = "aborted"

    def drain(self, room):
        """Let the socket take `room` bytes more."""
        self.room += room
        while self.room and self.writable is not None:
            self.writable()


@pytest.fixture
def overflows():
    """Return the list of overflows that were reported."""
    return []


def direct(socket, overflows, limit=10**6):
    """Return a clock and a send queue that writes to `socket`."""
    clock = Clock()
    return clock, SocketSendQueue(socket, clock, limit, lambda *args: overflows.append(args))


def test_straight_to_the_socket(overflows):
    """Bytes that the socket takes are not queued."""
    socket = Socket()
    _, send_queue = direct(socket, overflows)
    send_queue.write(b"abc")
    assert (socket.sent, send_queue.queued, socket.writable) == (b"abc", 0, None)


def test_queued_bytes_follow_in_order(overflows):
    """A slow client gets all bytes in order, and later writes go to the socket directly again."""
    socket = Socket(room=10)
    _, send_queue = direct(socket, overflows)
    blobs = [bytes([65 + i % 26]) * 70_000 for i in range(12)]
    for blob in blobs:
        send_queue.write(blob)
    assert 0 < send_queue.queued < sum(map(len, blobs))
    for _ in range(100):
        socket.drain(9_999)
    send_queue.write(b"end")
    assert socket.sent == b"".join(blobs) + b"end"
    assert (send_queue.queued, socket.writable) == (0, None)


def test_past_the_limit_the_connection_is_aborted(overflows):
    """The overflow is reported once, the queue is dropped, and later writes do nothing."""
    socket = Socket(room=0)
    clock, send_queue = direct(socket, overflows, limit=100_000)
    for _ in range(10):
        send_queue.write(b"x" * 40_000)
    assert not socket.closed, "no caller is called back while it writes"
    clock.advance(0)
    assert socket.closed == "aborted"
    assert len(overflows) == 1
    assert overflows[0][0] > overflows[0][1] == 100_000
    assert send_queue.queued == 0


def test_a_peer_that_is_gone(overflows):
    """A send that fails aborts the connection and raises nothing."""
    socket = Socket(room=None)
    clock, send_queue = direct(socket, overflows)
    send_queue.write(b"x")
    send_queue.write(b"y")
    clock.advance(0)
    assert (socket.closed, overflows) == ("aborted", [])


def test_a_peer_that_is_gone_while_something_waits(overflows):
    """The queue is dropped when a send fails."""
    socket = Socket(room=1)
    clock, send_queue = direct(socket, overflows)
    send_queue.write(b"xy")
    socket.room = None
    socket.writable()
    socket.writable()
    clock.advance(0)
    assert (socket.closed, send_queue.queued) == ("aborted", 0)


def test_close_when_sent_sends_the_queue(overflows):
    """The connection is closed after the last byte."""
    socket = Socket(room=10)
    clock, send_queue = direct(socket, overflows)
    send_queue.write(b"x" * 200_000)
    send_queue.close_when_sent()
    assert not socket.closed
    socket.drain(500_000)
    assert (socket.closed, len(socket.sent)) == ("closing", 200_000)
    send_queue.connection_lost()
    assert clock.getDelayedCalls() == []


def test_close_when_sent_does_not_wait_for_ever(overflows):
    """A client that does not read is aborted after some seconds."""
    socket = Socket(room=0)
    clock, send_queue = direct(socket, overflows)
    send_queue.write(b"x")
    send_queue.close_when_sent()
    clock.advance(FINISH_SECONDS)
    clock.advance(0)
    assert socket.closed == "aborted"


def test_any_transport_holds_when_full(overflows):
    """Blobs are queued while the transport is full."""
    transport = StringTransport()
    send_queue = TransportSendQueue(transport, Clock(), 10, lambda *args: overflows.append(args))
    send_queue.write(b"a")
    send_queue.pauseProducing()
    send_queue.write(b"bc")
    send_queue.write(b"d")
    assert (transport.value(), send_queue.queued) == (b"a", 3)
    send_queue.resumeProducing()
    assert (transport.value(), send_queue.queued) == (b"abcd", 0)
    send_queue.pauseProducing()
    send_queue.write(b"x" * 11)
    assert overflows == [(11, 10)]


def test_any_transport_is_closed_when_all_is_sent(overflows):
    """The connection is closed after the queue is empty, also if the transport was full."""
    transport = StringTransport()
    clock = Clock()
    send_queue = TransportSendQueue(transport, clock, 10, lambda *args: overflows.append(args))
    send_queue.pauseProducing()
    send_queue.write(b"bye")
    send_queue.close_when_sent()
    assert not transport.disconnecting
    send_queue.resumeProducing()
    assert (transport.value(), transport.disconnecting) == (b"bye", True)
