"""The registry of open sessions."""


def test_sessions_in_the_order_of_connecting(server):
    """The registry has the sessions that are open, oldest first."""
    registry = server.service.sessions
    clients = [server.connect() for _ in range(3)]
    first, _, third = registry
    clients[1].lose()
    assert list(registry) == [first, third]
    assert len(registry) == 2


def test_shut_down_waits_for_the_connections(server):
    """Shutting down is over when the last connection has ended."""
    clients = [server.connect() for _ in range(2)]
    for client in clients:
        client.transport.closes_late = True
        client.ask("`list")
    done = server.service.sessions.shut_down()
    assert all(session.closed for session in server.service.sessions)
    clients[0].lose()
    assert not done.called
    clients[1].lose()
    assert done.called


def test_shut_down_without_sessions(server):
    """A server without sessions has nothing to wait for."""
    assert server.service.sessions.shut_down().called


def test_connections_are_logged(server, capture_log):
    """The log has a line for each connection and one for its end."""
    server.connect().lose()
    assert capture_log() == [
        "System: new connection from ('127.0.0.1', 50001)",
        "System: connection from ('127.0.0.1', 50001) closed",
    ]
