"""A connection: frames, the request that starts JSON, the ends of connections, reconnecting."""

import json

import pytest
from twisted.internet import error
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from chatd.client.connection import Connection
from chatd.protocol.received import Ok

UP = '{"event":"reply","command":"format","text":"You now speak json."}'


class FakeEndpoint:
    """An endpoint that connects at once; the test plays the server."""

    def __init__(self):
        self.connecting = Deferred()
        self.transport = StringTransport()

    def connect(self, factory):
        """Connect."""
        self.protocol = factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        return succeed(self.protocol)

    def receive(self, *frames):
        """Let the server send frames."""
        self.protocol.dataReceived(b"".join(frame.encode() + b"\0" for frame in frames))

    def close(self, reason):
        """Let the connection end for a reason."""
        self.protocol.connectionLost(Failure(reason))


class RecordingListener:
    """A listener that records the calls it gets."""

    def __init__(self):
        self.calls = []
        self.retries = []

    def connected(self, token, about):
        """Record the call."""
        self.about = about
        self.calls.append("up" if token is None else ("up", token))

    def connect_failed(self, reason):
        """Record the call."""
        self.calls.append(("failed", reason))

    def disconnected(self, *, reconnecting):
        """Record the call."""
        self.calls.append(("lost", reconnecting))

    def retrying(self, reason, seconds):
        """Record the call."""
        self.retries.append((reason, seconds))

    def protocol_error(self, reason):
        """Record the call."""
        self.calls.append(("broken", reason))

    def event_received(self, event):
        """Record the event."""
        self.calls.append(event)

    def banner_received(self, text):
        """Record the text."""
        self.calls.append(text)


@pytest.fixture
def listener():
    """Return a listener that records its calls."""
    return RecordingListener()


@pytest.fixture
def endpoint():
    """Return an endpoint that connects at once."""
    return FakeEndpoint()


@pytest.fixture
def clock():
    """Return a clock."""
    return Clock()


@pytest.fixture
def connection(endpoint, clock, listener):
    """Return a connection that is made, but does not speak JSON yet."""
    connection = Connection(endpoint, clock, listener, lambda: 0.0)
    connection.open()
    return connection


def test_opening(connection, endpoint, listener):
    """The first frame asks for JSON; the listener hears of the connection after its reply."""
    assert endpoint.transport.value() == b"`format json\0"
    assert not connection.is_up
    endpoint.receive(UP)
    assert connection.is_up
    assert listener.calls == ["up"]


@pytest.mark.usefixtures("connection")
def test_resume_token(endpoint, listener):
    """The resume token of the session comes with the first reply."""
    endpoint.receive(UP.replace("}", ',"session":"secret"}'))
    assert listener.calls == [("up", "secret")]


@pytest.mark.usefixtures("connection")
def test_frame_in_pieces(endpoint, listener):
    """A frame is handled when it is complete, in however many pieces it arrives."""
    endpoint.receive(UP)
    for byte in '{"event":"reply","command":"x","text":"ü"}'.encode():
        endpoint.protocol.dataReceived(bytes([byte]))
    assert listener.calls == ["up"]
    endpoint.protocol.dataReceived(b"\0")
    assert listener.calls == ["up", Ok("x", "ü")]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "nonsense",
        "[]",
        "[" * 100_000,
        '{"event":"unknown"}',
        '{"event":"said"}',
        '{"event":"said","room":1,"id":1,"from":"B","text":"x","time":"2026-01-01T00:00:00Z"}',
        '{"event":"said","room":"1","id":1,"from":"B","text":"x","time":"yesterday"}',
        '{"event":"joined","room":"1","who":"B","address":[],"time":"2026-01-01T00:00:00Z"}',
        '{"event":"reply","command":"x","text":"\\ud800"}',
        '{"event":["reply"]}',
    ],
)
@pytest.mark.usefixtures("connection")
def test_unknown_frames(endpoint, listener, frame):
    """A frame that is no event known to the client is ignored."""
    endpoint.receive(UP, frame)
    assert listener.calls == ["up"]


@pytest.mark.usefixtures("connection")
def test_endless_frame(endpoint):
    """The client disconnects from a server whose frame exceeds 16 MiB."""
    endpoint.receive(UP)
    endpoint.protocol.dataReceived(b"x" * (16 * 1024 * 1024 + 1))
    assert endpoint.transport.disconnecting


@pytest.mark.usefixtures("connection")
def test_banner(endpoint, listener):
    """A text before the first reply is a banner."""
    endpoint.receive("Server: Good morning.", UP)
    assert listener.calls == ["Server: Good morning.", "up"]


def test_half_a_surrogate_pair(connection, endpoint):
    """A text that is not valid Unicode does not end the connection."""
    endpoint.receive(UP)
    endpoint.transport.clear()
    connection.send("\ud800")
    assert endpoint.transport.value() == b"?\0"


@pytest.mark.usefixtures("connection")
def test_refused_with_a_banner(endpoint, listener):
    """After a banner the listener gets no other reason for a failed attempt."""
    endpoint.receive("Server: You were banned by the Administrator!")
    endpoint.close(error.ConnectionDone())
    assert listener.calls[1:] == [("failed", None)]


@pytest.mark.usefixtures("connection")
def test_refused_in_json(endpoint, clock, listener):
    """The client tries a full server again; a refusal for good is an event."""
    full = {"event": "closing", "code": "full", "text": "The server is full.", "from": "Server"}
    endpoint.receive(UP)
    endpoint.close(error.ConnectionLost())
    for retry in True, False:
        clock.advance(30)
        endpoint.receive(json.dumps({**full, "retry": retry}))
        endpoint.close(error.ConnectionDone())
    assert listener.calls[2] == "Server: The server is full."
    assert listener.calls[3].retry is False


@pytest.mark.usefixtures("connection")
def test_silent_server(endpoint, clock, listener):
    """A server that does not reply within 30 seconds is given up."""
    clock.advance(30)
    assert endpoint.transport.disconnecting
    endpoint.close(error.ConnectionAborted())
    assert listener.calls == [("failed", "no answer in time")]
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("error_", "reason"),
    [
        (error.ConnectionRefusedError(), None),
        (error.DNSLookupError("no results"), "unknown host"),
        (UnicodeError("label too long"), "unknown host"),
        (error.TimeoutError(), "no answer in time"),
        (error.ConnectError(osError=113, string="no route"), "no route"),
    ],
)
@pytest.mark.usefixtures("connection")
def test_connect_fails(clock, listener, error_, reason):
    """The reason of a failed attempt is a few words; a refused connection needs none."""
    failing = FakeEndpoint()
    failing.connect = lambda _: failing.connecting
    Connection(failing, clock, listener, lambda: 0.0).open()
    failing.connecting.errback(Failure(error_))
    assert listener.calls == [("failed", reason)]


def test_closed_while_connecting(clock, listener):
    """The listener does not hear of an attempt that the client ends."""
    failing = FakeEndpoint()
    failing.connect = lambda _: failing.connecting
    connection = Connection(failing, clock, listener, lambda: 0.0)
    connection.open()
    connection.close()
    assert listener.calls == []


def test_chance_spreads_the_attempts(endpoint, clock, listener):
    """The pause before an attempt is shortened by chance."""
    connection = Connection(endpoint, clock, listener, lambda: 1.0)
    connection.open()
    endpoint.receive(UP)
    endpoint.close(error.ConnectionLost())
    (attempt,) = clock.getDelayedCalls()
    assert attempt.getTime() == 0.75


def test_closed(connection, endpoint, clock, listener):
    """After `close` the listener is not called, and no timer is left."""
    endpoint.receive(UP)
    connection.close()
    endpoint.receive('{"event":"reply","command":"x","text":"late"}')
    endpoint.close(error.ConnectionDone())
    assert listener.calls == ["up"]
    assert endpoint.transport.disconnecting
    assert clock.getDelayedCalls() == []


def test_listener_that_raises(connection, endpoint, listener, clock):
    """An event that the listener cannot handle ends the connection for good."""

    def fail(_):
        raise ValueError("year 10000")

    listener.event_received = fail
    endpoint.receive(UP, '{"event":"reply","command":"x","text":"x"}', UP)
    assert listener.calls == ["up", ("broken", "ValueError: year 10000")]
    assert endpoint.transport.disconnecting
    assert not connection.is_up
    assert clock.getDelayedCalls() == []


def test_first_attempt_is_the_only_one(connection, endpoint, clock, listener):
    """A first attempt that fails is not repeated."""
    endpoint.close(error.ConnectionLost())
    assert listener.calls == [("failed", "the connection was closed without an answer")]
    clock.advance(1000)
    assert clock.getDelayedCalls() == []
    assert not connection.is_up


def test_retry_first(endpoint, clock, listener):
    """With `retry_first` a first attempt that fails is repeated, and not reported."""
    Connection(endpoint, clock, listener, lambda: 0.0, retry_first=True).open()
    endpoint.close(error.ConnectionLost())
    assert listener.calls == []
    clock.advance(1)
    endpoint.receive(UP)
    assert listener.calls == ["up"]


def test_reconnects(connection, endpoint, clock, listener):
    """A connection that is lost is replaced after a pause."""
    endpoint.receive(UP)
    endpoint.close(error.ConnectionLost())
    assert not connection.is_up
    clock.advance(1)
    endpoint.receive(UP)
    assert listener.calls == ["up", ("lost", True), "up"]
    assert connection.is_up


def test_stop_reconnecting(connection, endpoint, clock, listener):
    """After `stop_reconnecting` a connection that is lost is not replaced."""
    endpoint.receive(UP)
    connection.stop_reconnecting()
    endpoint.close(error.ConnectionDone())
    assert listener.calls == ["up", ("lost", False)]
    clock.advance(1000)
    assert clock.getDelayedCalls() == []


def test_send_without_a_connection(connection, endpoint):
    """A frame that is sent while there is no connection is dropped."""
    endpoint.receive(UP)
    endpoint.close(error.ConnectionLost())
    endpoint.transport.clear()
    connection.send("late")
    assert endpoint.transport.value() == b""


# -- with a server


def test_pauses_grow(harness):
    """The pauses between attempts to connect grow up to a minute."""
    server, harness.endpoint.server = harness.endpoint.server, None
    harness.endpoint.peer.lose()
    harness.read()
    attempts = []
    for second in range(400):
        before = harness.endpoint.attempts
        harness.wait(1)
        if harness.endpoint.attempts > before:
            attempts.append(second + 1)
    assert attempts[:9] == [1, 3, 7, 15, 31, 63, 123, 183, 243]
    harness.endpoint.server = server
    assert harness.wait(60) == ["Connected again."]


def test_pauses_grow_for_a_server_that_drops_connections(harness):
    """Pauses also grow while the server accepts connections and drops them at once."""
    for pause in (1, 2, 4, 8):
        harness.endpoint.peer.lose()
        assert harness.read() == ["Connection lost."]
        assert harness.wait(pause - 0.5) == []
        assert harness.wait(0.5) == ["Connected again."]


def test_pauses_are_short_again_after_a_steady_connection(harness):
    """After a steady connection the pauses start from one second again."""
    for _ in range(3):
        harness.wait(60)
        harness.endpoint.peer.lose()
        assert harness.read() == ["Connection lost."]
        assert harness.wait(1) == ["Connected again."]


class FailingEndpoint:
    """An endpoint whose attempts fail, each for the next of the given reasons."""

    def __init__(self, *reasons):
        self.reasons = list(reasons)

    def connect(self, factory):  # noqa: ARG002 -- Twisted's
        """Fail."""
        return fail(self.reasons.pop(0))


def test_retrying(listener, clock):
    """Each attempt that fails is reported, with its reason and the pause before the next."""
    endpoint = FailingEndpoint(error.ConnectionRefusedError(), error.TimeoutError())
    endpoint.reasons.append(error.ConnectionRefusedError())
    connection = Connection(endpoint, clock, listener, lambda: 0.0, retry_first=True)
    connection.open()
    clock.pump([1.0, 2.0])
    assert listener.retries == [
        ("connection refused", 1.0),
        ("no answer in time", 2.0),
        ("connection refused", 4.0),
    ]
    assert listener.calls == []


def test_lasting_failure(listener, clock):
    """An unknown host is not tried again before the first connection."""
    endpoint = FailingEndpoint(error.DNSLookupError())
    connection = Connection(endpoint, clock, listener, lambda: 0.0, retry_first=True)
    connection.open()
    clock.advance(100)
    assert listener.calls == [("failed", "unknown host")]
    assert listener.retries == []


def test_lost_is_reported_with_pause(connection, endpoint, listener):
    """After a lost connection the listener gets the pause, and no reason."""
    endpoint.receive(UP)
    endpoint.close(error.ConnectionLost())
    assert listener.calls == ["up", ("lost", True)]
    assert listener.retries == [("", 1.0)]
    connection.close()


def test_about(connection, endpoint, listener):
    """The version and the counts of the server come with the connection."""
    endpoint.receive(UP.replace("}", ',"server":"chatd 0.1.0","room_count":3}'))
    assert dict(listener.about) == {"server": "chatd 0.1.0", "room_count": 3}
    connection.close()


@pytest.mark.usefixtures("connection")
def test_foreign_server(endpoint, listener, clock):
    """A server that ends no frame is no chatd server; its words are shown."""
    endpoint.protocol.dataReceived(b"SSH-2.0-OpenSSH_9.2\r\n")
    clock.advance(3)
    assert endpoint.transport.disconnected
    endpoint.close(error.ConnectionAborted())
    reason = "that is no chatd server; it says: SSH-2.0-OpenSSH_9.2"
    assert listener.calls == [("failed", reason)]


@pytest.mark.usefixtures("connection")
def test_server_that_speaks_tls(endpoint, listener):
    """The alert of a server that speaks TLS says which option is missing."""
    endpoint.protocol.dataReceived(bytes.fromhex("15030300020100"))
    assert listener.calls == [("failed", "it speaks TLS (--tls)")]
