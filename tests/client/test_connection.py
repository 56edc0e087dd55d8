"""One link: frames, the opening, and the ends of a connection."""

import json

import pytest
from twisted.internet import error
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from chatd.client.connection import Connection
from chatd.protocol.received import Ok

UP = '{"event":"reply","command":"format","text":"You now speak json."}'


class Endpoint:
    """An endpoint whose other end says what the test lets it say."""

    def __init__(self):
        self.connecting = Deferred()
        self.transport = StringTransport()

    def connect(self, factory):
        """Connect."""
        self.protocol = factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        return succeed(self.protocol)

    def says(self, *frames):
        """Let the server send frames."""
        self.protocol.dataReceived(b"".join(frame.encode() + b"\0" for frame in frames))

    def closes(self, why):
        """Let the connection end."""
        self.protocol.connectionLost(Failure(why))


class RecordingListener:
    """A listener that takes note of what it hears."""

    def __init__(self):
        self.all = []

    def connected(self, session):
        """Take note."""
        self.all.append("up" if session is None else ("up", session))

    def connect_failed(self, why):
        """Take note."""
        self.all.append(("failed", why))

    def disconnected(self, *, reconnecting):
        """Take note."""
        self.all.append(("lost", reconnecting))

    def protocol_error(self, why):
        """Take note."""
        self.all.append(("broken", why))

    def event_received(self, event):
        """Take note."""
        self.all.append(event)

    def banner_received(self, words):
        """Take note."""
        self.all.append(words)


@pytest.fixture
def listener():
    """Return a listener."""
    return RecordingListener()


@pytest.fixture
def endpoint():
    """Return an endpoint."""
    return Endpoint()


@pytest.fixture
def clock():
    """Return the time."""
    return Clock()


@pytest.fixture
def connection(endpoint, clock, listener):
    """Return a link that is open, but not up yet."""
    connection = Connection(endpoint, clock, listener, lambda: 0.0)
    connection.open()
    return connection


def test_opening(connection, endpoint, listener):
    """The first frame asks for JSON; its answer makes the link, and is no business of the listener."""
    assert endpoint.transport.value() == b"`format json\0"
    assert not connection.is_up
    endpoint.says(UP)
    assert connection.is_up
    assert listener.all == ["up"]


@pytest.mark.usefixtures("connection")
def test_session(endpoint, listener):
    """The secret of the session comes with the answer to the opening."""
    endpoint.says(UP.replace("}", ',"session":"secret"}'))
    assert listener.all == [("up", "secret")]


@pytest.mark.usefixtures("connection")
def test_frames_are_cut(endpoint, listener):
    """Frames come whole, however they were read."""
    endpoint.says(UP)
    for byte in '{"event":"reply","command":"x","text":"ü"}'.encode():
        endpoint.protocol.dataReceived(bytes([byte]))
    assert listener.all == ["up"]
    endpoint.protocol.dataReceived(b"\0")
    assert listener.all == ["up", Ok("x", "ü")]


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
def test_frames_that_say_nothing(endpoint, listener, frame):
    """What is no event that the client knows is left alone."""
    endpoint.says(UP, frame)
    assert listener.all == ["up"]


@pytest.mark.usefixtures("connection")
def test_endless_frame(endpoint):
    """A server that never ends a frame does not fill the memory."""
    endpoint.says(UP)
    endpoint.protocol.dataReceived(b"x" * (16 * 1024 * 1024 + 1))
    assert endpoint.transport.disconnecting


@pytest.mark.usefixtures("connection")
def test_text_before_the_opening(endpoint, listener):
    """What a server says in text before it answers is heard."""
    endpoint.says("Server: Good morning.", UP)
    assert listener.all == ["Server: Good morning.", "up"]


def test_half_a_surrogate_pair(connection, endpoint):
    """What cannot be sent as UTF-8 does not end the connection."""
    endpoint.says(UP)
    endpoint.transport.clear()
    connection.send("\ud800")
    assert endpoint.transport.value() == b"?\0"


@pytest.mark.usefixtures("connection")
def test_refused_with_words(endpoint, listener):
    """Who is told why he is not let in is told nothing more."""
    endpoint.says("Server: You were banned by the Administrator!")
    endpoint.closes(error.ConnectionDone())
    assert listener.all[1:] == [("failed", None)]


@pytest.mark.usefixtures("connection")
def test_refused_in_json(endpoint, clock, listener):
    """A server that is full is tried again, and its words are those of one that says so in text."""
    full = {"event": "closing", "code": "full", "text": "The server is full.", "from": "Server"}
    endpoint.says(UP)
    endpoint.closes(error.ConnectionLost())
    for retry in True, False:
        clock.advance(30)
        endpoint.says(json.dumps({**full, "retry": retry}))
        endpoint.closes(error.ConnectionDone())
    assert listener.all[2] == "Server: The server is full."
    assert listener.all[3].retry is False


@pytest.mark.usefixtures("connection")
def test_silent_server(endpoint, clock, listener):
    """A server that never answers is given up."""
    clock.advance(30)
    assert endpoint.transport.disconnecting
    endpoint.closes(error.ConnectionAborted())
    assert listener.all == [("failed", "the connection was closed without an answer")]
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (error.ConnectionRefusedError(), None),
        (error.DNSLookupError("no results"), "unknown host"),
        (UnicodeError("label too long"), "unknown host"),
        (error.TimeoutError(), "no answer in time"),
        (error.ConnectError(osError=113, string="no route"), "no route"),
    ],
)
@pytest.mark.usefixtures("connection")
def test_no_connection(clock, listener, why, words):
    """Why there is no connection is told in a few words; that nobody listens needs none."""
    nowhere = Endpoint()
    nowhere.connect = lambda _: nowhere.connecting
    Connection(nowhere, clock, listener, lambda: 0.0).open()
    nowhere.connecting.errback(Failure(why))
    assert listener.all == [("failed", words)]


def test_no_connection_closed_meanwhile(clock, listener):
    """An attempt that is ended is not heard of."""
    nowhere = Endpoint()
    nowhere.connect = lambda _: nowhere.connecting
    connection = Connection(nowhere, clock, listener, lambda: 0.0)
    connection.open()
    connection.close()
    assert listener.all == []


def test_chance_spreads_the_attempts(endpoint, clock, listener):
    """Not all clients come back in the same moment."""
    connection = Connection(endpoint, clock, listener, lambda: 1.0)
    connection.open()
    endpoint.says(UP)
    endpoint.closes(error.ConnectionLost())
    (attempt,) = clock.getDelayedCalls()
    assert attempt.getTime() == 0.75


def test_closed(connection, endpoint, clock, listener):
    """After the end nothing is heard, and nothing waits."""
    endpoint.says(UP)
    connection.close()
    endpoint.says('{"event":"reply","command":"x","text":"late"}')
    endpoint.closes(error.ConnectionDone())
    assert listener.all == ["up"]
    assert endpoint.transport.disconnecting
    assert clock.getDelayedCalls() == []


def test_listener_that_stumbles(connection, endpoint, listener, clock):
    """A frame that the listener cannot deal with ends the connection, and there is no other."""

    def stumble(_):
        raise ValueError("year 10000")

    listener.event_received = stumble
    endpoint.says(UP, '{"event":"reply","command":"x","text":"x"}', UP)
    assert listener.all == ["up", ("broken", "ValueError: year 10000")]
    assert endpoint.transport.disconnecting
    assert not connection.is_up
    assert clock.getDelayedCalls() == []
