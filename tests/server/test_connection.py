"""The interface between gateways and sessions, with a gateway and a codec that chatd does not ship.

The gateway is the one in the docstring of `Connection`, for clients that speak a third protocol.
"""

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.testing import StringTransport
from twisted.protocols.basic import LineOnlyReceiver

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Joined, Left, MessageBatch, Renamed
from chatd.protocol.command import Request
from chatd.protocol.framing import Framing
from chatd.protocol.replies import ErrorReply, JoinedRoom
from chatd.server.nativesession import NativeSession
from chatd.server.peers import peer_address
from chatd.server.sendqueue import TransportSendQueue
from chatd.testing import MemoryServer

LIMIT = 1000


class ShoutCodec:
    """A codec in the style of IRC: verbs in capitals, errors by their code, no rooms in `LEFT`."""

    framing = Framing.CRLF
    is_text = True

    def encode(self, event):
        """Return the line for an event, or nothing for one that these clients are not told."""
        match event:
            case MessageBatch():
                lines = [f"SAY {event.room} {event.sender} {text}" for text in event.texts]
            case Joined():
                lines = [f"JOIN {event.room} {event.name}"]
            case Left():
                lines = [f"LEFT {event.name}"]
            case JoinedRoom():
                lines = [f"WELCOME {event.room} {event.name} {event.last}"]
            case ErrorReply():
                lines = [f"ERROR {event.code} {' '.join(map(str, event.params.values()))}"]
            case _:
                return b""
        return self.framing.encode("\0".join(lines))

    def describe(self, event):
        """Return what the trace shows."""
        return [repr(event)]

    def leading_messages(self, frames):
        """Return nothing: to say something is a command."""
        assert frames
        return []

    def decode(self, frame):
        """Return the request in a line."""
        verb, *words = frame.decode().split(" ", 2)
        match verb, words:
            case "JOIN", [room, name]:
                return Request("join", {"chatroom_id": room, "chatter_name": name})
            case "SAY", [room, text]:
                return Request("say", {"chatroom_id": room, "text": text})
        raise ChatError(ErrorCode.UNKNOWN_COMMAND, command=verb)

    def describe_frame(self, frame):
        """Return what the trace shows."""
        return frame.decode()

    def for_room_count(self, in_rooms):
        """Return the codec, whatever the number of rooms."""
        assert in_rooms >= 0
        return self


class LineGateway(LineOnlyReceiver):
    """The gateway of the docstring."""

    codec = ShoutCodec()

    def __init__(self, server):
        self._sessions = server.service.sessions
        self._clock = server.reactor

    def connectionMade(self):
        """Start a session with a codec of the gateway's own."""
        self.address, self._lines = peer_address(self.transport), []
        self.send_queue = TransportSendQueue(self.transport, self._clock, LIMIT, print)
        self._session = self._sessions.connect(self, NativeSession)
        self._session.start(self.codec)

    def lineReceived(self, line):
        """Pass a line to the session."""
        self._lines.append(line)
        self.process_input()

    def process_input(self):
        """Pass waiting lines, as long as the session takes them."""
        while self._lines and not (self._session.busy or self._session.closed):
            del self._lines[: self._session.receive(self._lines)]

    def connectionLost(self, reason=None):  # noqa: ARG002 -- Twisted's
        """End the session."""
        self.send_queue.connection_lost()
        self._session.connection_lost()


class Client:
    """A client of the line gateway."""

    def __init__(self, server):
        self._server = server
        self.gateway = LineGateway(server)
        self._transport = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.9", 6667))
        self.gateway.makeConnection(self._transport)

    def ask(self, *lines):
        """Send lines; return the lines that arrive."""
        for line in lines:
            self.gateway.dataReceived(line.encode() + b"\r\n")
        return self.read()

    def read(self):
        """Let the turn end; return the lines that arrive."""
        self._server.turn()
        data = self._transport.value()
        self._transport.clear()
        return data.decode().splitlines()


@pytest.fixture
def client(server):
    """Return a client of the line gateway, and let there be a room."""
    server.console("start 1 tea")
    return Client(server)


def test_a_session_with_a_third_codec(server, client):
    """Clients of two gateways are in one room, each with its own codec."""
    assert client.ask("JOIN 1 Ann") == ["WELCOME 1 Ann 0"]
    bob = server.connect()
    assert bob.ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    assert client.read() == ["JOIN 1 Bob"]
    assert client.ask("SAY 1 hello") == []
    assert bob.read() == ["Ann: hello"]
    bob.send("one", "two")
    assert client.read() == ["SAY 1 Bob one", "SAY 1 Bob two"]


def test_errors_have_codes_and_parameters(client):
    """A codec makes words of its own for an error."""
    assert client.ask("JOIN 3 Ann") == ["ERROR no-such-room 3"]
    assert client.ask("DANCE") == ["ERROR unknown-command DANCE"]


def test_events_that_a_codec_does_not_tell(server, client):
    """A session is not written to for an event that its codec encodes as nothing."""
    client.ask("JOIN 1 Ann")
    bob = server.connect()
    bob.ask("`join 1 Bob")
    client.read()
    assert LineGateway.codec.encode(Renamed("Bob", "Bert", 0.0)) == b""
    assert bob.ask("`rename Bert") == ["Server: You are now known as Bert."]
    assert client.read() == []


def test_one_line_for_a_user_who_leaves_several_rooms():
    """A codec that does not name the room tells once that a user is gone."""
    server = MemoryServer(rooms=(("1", "tea"), ("2", "food")), rooms_per_client=2)
    client, bob, cathy = Client(server), server.connect(), server.connect()
    client.ask("JOIN 1 Ann", "JOIN 2 Ann")
    for user, name in ((bob, "Bob"), (cathy, "Cathy")):
        user.ask(f"`join 1 {name}")
        user.ask("`join 2")
    client.read()
    cathy.read()
    bob.lose()
    assert client.read() == ["LEFT Bob"]
    assert cathy.read() == ["[1] Server: Bob quitted.", "[2] Server: Bob quitted."]


def test_the_connection_is_lost(server, client):
    """A session ends with its connection, whatever the gateway."""
    client.ask("JOIN 1 Ann")
    bob = server.connect()
    bob.ask("`join 1 Bob")
    client.gateway.connectionLost()
    assert bob.read() == ["Server: Ann quitted."]
    assert len(server.service.sessions) == 1
