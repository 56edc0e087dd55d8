"""The registry of open sessions."""

from chatd.core.events import Address
from chatd.server.session_registry import SessionRegistry
from chatd.testing import MemorySendQueue

HERE: Address = ("127.0.0.1", 5)


def connect(server):
    """Return a new session of a server, without a connection."""
    return server.service.sessions.connect(HERE, MemorySendQueue(), lambda: None)


def test_sessions_in_the_order_of_connecting(server):
    """The registry has the sessions that are open, oldest first."""
    first, second, third = (connect(server) for _ in range(3))
    registry = server.service.sessions
    assert list(registry) == [first, second, third]
    second.connection_lost()
    assert list(registry) == [first, third]
    assert len(registry) == 2


def test_shut_down_waits_for_the_connections(server):
    """Shutting down is over when the last connection has ended."""
    sessions = [connect(server) for _ in range(2)]
    done = server.service.sessions.shut_down()
    assert all(session.closed for session in sessions)
    sessions[0].connection_lost()
    assert not done.called
    sessions[1].connection_lost()
    assert done.called


def test_shut_down_without_sessions(server):
    """A server without sessions has nothing to wait for."""
    assert SessionRegistry(server.service.sessions.services).shut_down().called


def test_connections_are_counted_and_logged(server, capture_log):
    """The log has a line for each connection and for its end."""
    connect(server).connection_lost()
    assert server.service.event_log.connections == 1
    assert capture_log() == [
        "System: new connection from ('127.0.0.1', 5)",
        "System: connection from ('127.0.0.1', 5) closed",
    ]
