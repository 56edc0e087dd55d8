"""Send queues: no byte is lost or reordered, and memory is bounded."""

import socket as sockets
from types import SimpleNamespace

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from chatd.server.sendqueue import (
    ANSWER_LIMIT,
    FINISH_SECONDS,
    PROGRESS_SECONDS,
    SocketSendQueue,
    TransportSendQueue,
)


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


# -- answers


def test_an_answer_does_not_count_towards_the_limit(overflows):
    """A client that reads slowly gets an answer of any size, and what others say meanwhile."""
    socket = Socket(room=0)
    clock, send_queue = direct(socket, overflows, limit=10_000)
    read = []
    send_queue.write(b"before")
    send_queue.answer(b"x" * 500_000)
    send_queue.write(b"y" * 9_000)
    send_queue.call_when_read(lambda: read.append(len(socket.sent)))
    assert (send_queue.is_behind, send_queue.queued) == (True, 509_006)
    while len(socket.sent) < 500_000:
        socket.drain(9_999)
        clock.advance(PROGRESS_SECONDS / 2)
        assert send_queue.is_behind == (read == [])
    socket.drain(9_999)
    clock.advance(0)
    assert socket.sent == b"before" + b"x" * 500_000 + b"y" * 9_000
    assert (len(read), send_queue.is_behind, overflows) == (1, False, [])
    assert clock.getDelayedCalls() == []


def test_what_others_say_counts_beside_an_answer(overflows):
    """The limit holds for all that the client did not ask for."""
    socket = Socket(room=0)
    clock, send_queue = direct(socket, overflows, limit=10_000)
    send_queue.answer(b"x" * 500_000)
    for _ in range(3):
        send_queue.write(b"y" * 4_000)
    clock.advance(0)
    assert (socket.closed, overflows) == ("aborted", [(512_000, 10_000)])


def test_an_answer_counts_no_more_once_it_is_read(overflows):
    """Once an answer is gone, all that others said counts."""
    socket = Socket(room=0)
    clock, send_queue = direct(socket, overflows, limit=10_000)
    send_queue.answer(b"x" * 500_000)
    send_queue.write(b"y" * 9_000)
    socket.drain(501_000)
    assert (send_queue.queued, overflows) == (8_000, [])
    send_queue.write(b"y" * 9_000)
    clock.advance(0)
    assert (socket.closed, overflows) == ("aborted", [(17_000, 10_000)])


def test_an_answer_of_which_nothing_is_read(overflows):
    """The connection is aborted after a time, unless something is read in between."""
    socket = Socket(room=0)
    clock, send_queue = direct(socket, overflows)
    send_queue.answer(b"x" * 500_000)
    send_queue.call_when_read(lambda: None)
    clock.advance(PROGRESS_SECONDS - 1)
    socket.drain(1)
    clock.advance(PROGRESS_SECONDS)
    assert not socket.closed
    clock.advance(PROGRESS_SECONDS)
    clock.advance(0)
    assert (socket.closed, overflows) == ("aborted", [(499_999, ANSWER_LIMIT)])
    assert clock.getDelayedCalls() == []


def test_progress_that_only_the_system_knows_of(overflows):
    """Bytes that the system has taken and the client reads later count as progress."""
    ours, peer = sockets.socketpair()
    ours.setblocking(False)
    adopted = SimpleNamespace(
        send=ours.send, transport=SimpleNamespace(socket=ours), call_when_writable=lambda _: None
    )
    clock, send_queue = direct(adopted, overflows)
    send_queue.answer(b"x" * 4_000_000)
    send_queue.call_when_read(lambda: None)
    peer.recv(100_000)
    clock.advance(PROGRESS_SECONDS)
    assert (send_queue.is_behind, overflows) == (True, [])
    ours.close()
    peer.close()


def test_the_end_of_the_connection_ends_the_wait(overflows):
    """The callback is called, not at once, and no timer is left."""
    socket = Socket(room=0)
    clock, send_queue = direct(socket, overflows)
    read = []
    send_queue.answer(b"x" * 500_000)
    send_queue.call_when_read(lambda: read.append(send_queue.is_behind))
    send_queue.connection_lost()
    assert read == []
    clock.advance(0)
    assert (read, clock.getDelayedCalls()) == ([False], [])


def test_any_transport_gets_an_answer_in_pieces(overflows):
    """A transport that takes whatever it gets is not given more than it asks for."""
    transport = StringTransport()
    send_queue = TransportSendQueue(transport, Clock(), 10, lambda *args: overflows.append(args))
    take = transport.write

    def write(data):
        take(data)
        send_queue.pauseProducing()

    transport.write = write
    send_queue.answer(b"x" * 300_000)
    assert send_queue.queued == 300_000 - len(transport.value())
    assert send_queue.is_behind
    while send_queue.queued:
        send_queue.resumeProducing()
    assert (transport.value(), send_queue.is_behind) == (b"x" * 300_000, False)
    assert overflows == []
