"""The input of a connection without Twisted: its states, its limits, and what a session gets."""

from types import SimpleNamespace

import pytest

from chatd.config import Limits
from chatd.protocol.framing import Framing, UnknownProtocolError
from chatd.server.inbound import MAX_FRAMES_PER_TURN, READ_LIMIT, Inbound, State

UNLIMITED = Limits(rate=0)


class FakeSession:
    """Records the frames that it gets, one at a time; `busy` and `closed` are set by the test."""

    def __init__(self):
        self.busy = self.closed = self.is_registered = False
        self.extra_cost = 0
        self.send_queue = SimpleNamespace(limit=0)
        self.received = []
        self.calls = []
        self.on_frame = lambda _: None

    def receive(self, frames):
        self.received.append(frames[0])
        self.on_frame(frames[0])
        return 1

    def refuse(self, error):
        self.calls.append(error.code)

    def input_closed(self):
        self.calls.append("input closed")


class InboundHarness:
    """An `Inbound` with a fake session and a clock that the test sets."""

    def __init__(self, limits=UNLIMITED):
        self.now = 0.0
        self.session = FakeSession()
        self.closed = []
        self.inbound = Inbound(
            self.session, limits, lambda: self.now, lambda: self.closed.append(True)
        )

    @property
    def is_full(self):
        """Whether the gateway must not read more."""
        return self.inbound.receiver.buffered >= self.inbound.read_limit

    def feed(self, data):
        """Feed bytes, and process them."""
        self.inbound.feed(data)
        return self.inbound.process()


@pytest.fixture
def harness():
    """Return a harness without a limit on the rate."""
    return InboundHarness()


def test_the_first_frame_opens_the_input(harness):
    """Before it, nothing is processed."""
    assert harness.feed(b"`li") is None
    assert (harness.inbound.state, harness.inbound.framing) == (State.AWAITING_FRAMING, None)
    harness.feed(b"st\n")
    assert (harness.inbound.state, harness.inbound.framing) == (State.OPEN, Framing.LF)
    assert harness.session.received == [b"`list"]


def test_tls_is_not_chat(harness):
    """`feed` raises an error, and no state changes."""
    with pytest.raises(UnknownProtocolError):
        harness.inbound.feed(b"\x16\x03\x01")
    assert harness.inbound.state is State.AWAITING_FRAMING


def test_a_busy_session_gets_no_frame(harness):
    """The next frames are processed when the session is ready."""

    def become_busy(_):
        harness.session.busy = True

    harness.session.on_frame = become_busy
    harness.feed(b"1\x002\0")
    assert harness.session.received == [b"1"]
    harness.session.busy = False
    harness.inbound.process()
    assert harness.session.received == [b"1", b"2"]


def test_processing_is_not_reentrant(harness):
    """A session that calls back while it receives a frame gets the next one afterwards."""
    harness.session.on_frame = lambda _: harness.inbound.process()
    harness.feed(b"1\x002\x003\0")
    assert harness.session.received == [b"1", b"2", b"3"]


def test_frames_of_one_turn(harness):
    """After `MAX_FRAMES_PER_TURN` frames other connections are served."""
    assert harness.feed(b"x\0" * (MAX_FRAMES_PER_TURN + 1)) == 0.0
    assert len(harness.session.received) == MAX_FRAMES_PER_TURN
    assert harness.feed(b"y\0") is None, "it waits for `resume`"
    assert len(harness.session.received) == MAX_FRAMES_PER_TURN
    harness.inbound.resume()
    assert harness.inbound.process() is None
    assert harness.session.received[-2:] == [b"x", b"y"]


def test_the_rate():
    """Frames past the burst wait for the seconds that `process` returns."""
    harness = InboundHarness(Limits(rate=5, burst=2))
    assert harness.feed(b"1\x002\x003\0") == pytest.approx(0.2)
    assert harness.session.received == [b"1", b"2"]
    harness.now = 0.2
    harness.inbound.resume()
    assert harness.inbound.process() is None
    assert harness.session.received == [b"1", b"2", b"3"]


def test_an_oversized_frame_is_refused(harness):
    """The limit is the smaller one until the user is registered."""
    harness.feed(b"x" * 2049 + b"\0next\0")
    assert harness.session.calls == ["too-long"]
    assert harness.session.received == [b"next"]


def test_the_limits_of_a_registered_user(harness):
    """They apply to the frame behind the one that registers the user, and to the send queue."""

    def register(_):
        harness.session.is_registered = True

    harness.session.on_frame = register
    harness.feed(b"`join 1 Ann\0" + b"x" * 16384 + b"\0")
    assert harness.session.calls == []
    assert harness.session.send_queue.limit == UNLIMITED.send_queue


def test_a_full_buffer_is_not_read(harness):
    """The gateway stops reading at `read_limit`."""
    harness.feed(b"x\0")
    harness.session.busy = True
    harness.feed(b"y\0" * (READ_LIMIT // 2 - 1))
    assert not harness.is_full
    harness.feed(b"y\0")
    assert harness.is_full
    assert harness.inbound.is_read


# -- the states at the end


@pytest.mark.parametrize("first", [b"", b"`li", b"1\0", b"1\x002\0"])
def test_the_client_closes_its_sending_side(harness, first):
    """The session learns it when all frames are processed."""
    harness.feed(first)
    harness.inbound.end_input()
    harness.inbound.process()
    assert harness.inbound.state is State.DRAINING
    assert not harness.inbound.is_read
    assert harness.session.calls == ["input closed"]
    harness.session.closed = True
    harness.inbound.process()
    assert harness.inbound.state is State.CLOSING
    harness.inbound.lose_connection()
    assert (harness.inbound.state, harness.closed) == (State.CLOSED, [True])


def test_the_session_closes(harness):
    """Buffered frames are dropped, and the gateway still reads, to notice the client's end."""

    def close(_):
        harness.session.closed = True
        harness.inbound.process()

    harness.session.on_frame = close
    harness.feed(b"`exit\0`list\0")
    assert harness.session.received == [b"`exit"]
    assert (harness.inbound.state, harness.inbound.receiver.buffered) == (State.CLOSING, 0)
    assert harness.inbound.is_read


@pytest.mark.parametrize("data", [b"", b"half", b"x\0half"])
def test_a_lost_connection_without_frames(harness, data):
    """It is closed at once."""
    harness.feed(data)
    harness.inbound.lose_connection()
    assert (harness.inbound.state, harness.closed) == (State.CLOSED, [True])


def test_a_lost_connection_with_frames(harness):
    """Whole frames are still processed, then the connection is closed, once."""
    harness.feed(b"1\0")
    harness.session.busy = True
    harness.feed(b"2\x003\0half")
    harness.inbound.lose_connection()
    assert (harness.inbound.state, harness.closed) == (State.DISCONNECTED, [])
    harness.session.busy = False
    harness.inbound.process()
    assert harness.session.received == [b"1", b"2", b"3"]
    assert (harness.inbound.state, harness.closed) == (State.CLOSED, [True])


@pytest.mark.parametrize("is_lost", [False, True])
def test_the_time_to_drain_is_over(harness, is_lost):
    """Buffered frames are dropped; a lost connection is closed, though a request runs."""
    harness.feed(b"1\0")
    harness.session.busy = True
    harness.feed(b"2\0")
    if is_lost:
        harness.inbound.lose_connection()
    harness.inbound.stop_draining()
    assert harness.inbound.receiver.buffered == 0
    assert harness.inbound.state is (State.CLOSED if is_lost else State.DRAINING)
    harness.session.busy = False
    harness.inbound.process()
    assert harness.session.received == [b"1"]
    assert harness.session.calls == ([] if is_lost else ["input closed"])
