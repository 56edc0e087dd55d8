"""The lines of the log that anybody who can connect causes are limited in number."""

from twisted.internet.task import Clock
from twisted.python.failure import Failure

from chatd.server.eventlog import FAILURES_PER_MINUTE, EventLog
from chatd.server.limitedlog import LINES_PER_MINUTE

PEER = ("127.0.0.1", 50768)


def test_a_flood_of_connections(capture_log):
    """Past the limit, one line at the end of the minute has their number; then all begins anew."""
    clock = Clock()
    log = EventLog(clock)
    for number in range(LINES_PER_MINUTE + 5):
        log.connected((f"203.0.113.{number % 3}", number))
    lines = [text for text in capture_log() if "new connection" in text]
    assert len(lines) == LINES_PER_MINUTE
    log.disconnected(PEER)  # another kind
    clock.advance(60)
    assert capture_log()[-2:] == [
        "System: connection from ('127.0.0.1', 50768) closed",
        "System: 5 more connections, from 3 addresses",
    ]
    log.connected(PEER)
    assert capture_log()[-1] == "System: new connection from ('127.0.0.1', 50768)"
    assert not clock.getDelayedCalls()


def test_the_fields_of_a_summary(log_fields):
    """The line for many has their number, and that of their addresses."""
    clock = Clock()
    event_log = EventLog(clock)
    for _ in range(LINES_PER_MINUTE + 2):
        event_log.login_failed(PEER)
    log_fields()
    clock.advance(60)
    assert log_fields() == [{"event": "login-failed", "count": 2, "addresses": 1}]


def test_tracebacks_are_limited(log_fields):
    """A fault that a client can cause again and again does not fill the log with tracebacks."""
    clock = Clock()
    event_log = EventLog(clock)
    for _ in range(FAILURES_PER_MINUTE + 3):
        event_log.failed("A request of", Failure(ZeroDivisionError("a fault")), PEER)
    lines = log_fields()
    assert len(lines) == FAILURES_PER_MINUTE
    assert all(line["event"] == "failure" for line in lines)
    assert all("ZeroDivisionError: a fault" in line["traceback"] for line in lines)
    clock.advance(60)
    assert log_fields() == [{"event": "failure", "count": 3, "addresses": 1}]
