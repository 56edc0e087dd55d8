"""A line client in memory, and the endpoint that connects it to a server in memory."""

import pytest
from twisted.internet import defer, error
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from chatd.client.app import Client
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.frontend import Address
from chatd.testing import MemoryServer

HERE = Address("localhost", 9999)


class LoopbackEndpoint:
    """An endpoint that leads to a server in memory; without a server it refuses all connections."""

    def __init__(self, server):
        self.server = server
        self.addresses = []
        self.attempts = 0
        self.protocol = self.peer = None

    def endpoint_for(self, address):
        """Return the endpoint for an address: this one, whatever the address."""
        self.addresses.append(address)
        return self

    def connect(self, factory):
        """Connect, as an endpoint does."""
        self.attempts += 1
        if self.server is None:
            return defer.fail(error.ConnectionRefusedError())
        self.protocol, self.peer = factory.buildProtocol(None), self.server.connect()
        self.protocol.makeConnection(_Transport(self.peer))
        return defer.succeed(self.protocol)

    def pump(self):
        """Carry all bytes in both directions, and the end of the connection."""
        while self.protocol is not None:
            data = self.peer.read_bytes()
            if data and not self.protocol.transport.disconnected:
                self.protocol.dataReceived(data)
            elif self.peer.closed or self.protocol.transport.disconnected:
                self.peer.lose()
                self.lose()
            else:
                return

    def lose(self):
        """Let the client lose the connection; the server does not notice."""
        protocol, self.protocol = self.protocol, None
        protocol.connectionLost(Failure(error.ConnectionLost()))


class _Transport(StringTransport):
    """A transport that brings everything that is written to the server at once."""

    disconnected = False

    def __init__(self, peer):
        super().__init__()
        self._peer = peer

    def write(self, data):
        """Bring the data to the server."""
        if not self._peer.closed:
            self._peer.send_bytes(data)

    def loseConnection(self):
        """Close the connection."""
        self.disconnected = True


class ClientHarness:
    """A line client with a clock and a screen: lines are typed, and the lines shown are read."""

    def __init__(self, server, frontend=None, **options):
        self.endpoint = LoopbackEndpoint(server)
        self.clock = Clock()
        self.lines = []
        self.restored = ""
        self.client = Client(
            frontend or CommandMode(),
            self,
            self.clock,
            self.endpoint.endpoint_for,
            lambda: 0.0,
            **{"exit_timeout": 10.0, **options},
        )

    def show(self, line):
        """Record a line that is shown, as a screen on which the typed lines stay."""
        if not line.echo:
            self.lines.append(line)

    def show_error(self, words):
        """Record an error that is shown."""
        self.lines.append(words)

    def restore(self, text):
        """Record a text that is put into the input again."""
        self.restored = text

    def start(self):
        """Start the client; return the lines shown."""
        self.client.start(HERE)
        return self.read()

    def type(self, *lines):
        """Type lines; return the lines shown."""
        for line in lines:
            self.client.typed(line)
        return self.read()

    def wait(self, seconds):
        """Let time pass; return the lines shown."""
        self.clock.advance(seconds)
        return self.read()

    def read(self):
        """Carry everything that is under way; return the lines shown."""
        self.endpoint.pump()
        shown, self.lines = self.lines, []
        return [line if isinstance(line, str) else line.text for line in shown]


@pytest.fixture
def rooms():
    """Return a server in memory with two rooms; a client may be in three."""
    return MemoryServer(rooms=(("1", "tea"), ("2", "food")), rooms_per_client=3)


@pytest.fixture
def make_harness():
    """Return the class of the harness, which takes a server."""
    return ClientHarness


@pytest.fixture
def harness(rooms):
    """Return the harness of a client that is connected to the server `rooms`."""
    harness = ClientHarness(rooms)
    harness.start()
    return harness
