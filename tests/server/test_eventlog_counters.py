"""The totals that the metrics show, and the events that they count."""

from chatd.server.eventlog import Counters
from chatd.testing import MemoryServer


def totals(counters):
    """Return all totals: accepted, refused and aborted connections, failed logins."""
    return (counters.accepted, counters.refused, counters.aborted, counters.failed_logins)


def test_each_method_counts_one_event():
    """No method touches another total."""
    counters = Counters()
    assert totals(counters) == (0, 0, 0, 0)
    counters.connection_accepted()
    assert totals(counters) == (1, 0, 0, 0)
    counters.connection_refused()
    assert totals(counters) == (1, 1, 0, 0)
    counters.connection_aborted()
    assert totals(counters) == (1, 1, 1, 0)
    counters.login_failed()
    assert totals(counters) == (1, 1, 1, 1)


def test_a_failed_login_is_counted():
    """A login to an account that does not exist counts like a wrong password."""
    server = MemoryServer()
    answer = server.connect().ask("`login ann not-the-password")
    assert answer == ["Server: Wrong username or password."]
    assert totals(server.service.counters) == (1, 0, 0, 1)


def test_a_client_that_does_not_read_is_counted():
    """The connection that is aborted is counted once."""
    server = MemoryServer(send_queue=2048)
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    bob.transport.producer.pauseProducing()
    for _ in range(4):
        ann.send("x" * 1000)
        server.turn()
    server.turn()
    assert bob.closed
    assert totals(server.service.counters)[:3] == (2, 0, 1)
