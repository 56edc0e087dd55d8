"""Every line of the log, word for word."""

import pytest
from twisted.internet.task import Clock

from chatd.core.events import Joined, LeaveReason, Left
from chatd.core.rooms import Room
from chatd.server.eventlog import LINES_PER_MINUTE, EventLog

PEER = ("127.0.0.1", 50768)


@pytest.fixture
def event_log():
    """Return an event log."""
    return EventLog(Clock())


@pytest.mark.parametrize(
    ("method", "arguments", "line"),
    [
        (
            "listening",
            ("localhost", 9999),
            "System: ChatServer is listening at (localhost, 9999)...",
        ),
        (
            "listening",
            ("/run/chatd/chat.sock",),
            "System: ChatServer is listening at (/run/chatd/chat.sock)...",
        ),
        ("connected", (PEER,), "System: new connection from ('127.0.0.1', 50768)"),
        ("connected", ("unix",), "System: new connection from unix"),
        ("disconnected", (PEER,), "System: connection from ('127.0.0.1', 50768) closed"),
        (
            "send_queue_exceeded",
            (PEER, 1048577, 1048576),
            (
                "System: connection from ('127.0.0.1', 50768) aborted: it does not read, "
                "1048577 bytes wait (at most 1048576)"
            ),
        ),
        ("login_failed", (PEER,), "System: failed login from ('127.0.0.1', 50768)"),
        (
            "store_lost",
            ("disk full",),
            "System: the store cannot be written to: disk full",
        ),
        (
            "store_back",
            (3,),
            "System: the store can be written to again, 3 messages were lost",
        ),
        ("unconfirmed", (2,), "System: 2 messages may not have been stored"),
        (
            "reload_failed",
            ("--motd motd.txt: No such file or directory",),
            "System: --motd motd.txt: No such file or directory; the previous one stays in use",
        ),
        (
            "received",
            (PEER, "`join 1 Alice "),
            "Received message from ('127.0.0.1', 50768): `join 1 Alice ",
        ),
        (
            "sent",
            (PEER, "You join @chatroom 1"),
            "Send to ('127.0.0.1', 50768): You join @chatroom 1",
        ),
    ],
)
def test_the_words_of_each_line(event_log, capture_log, method, arguments, line):
    """Operators and their programs search the log for these words."""
    getattr(event_log, method)(*arguments)
    assert capture_log() == [line]


@pytest.mark.parametrize(
    ("address", "line"),
    [
        (("127.0.0.1", 37528), "prashant joined room [room1] from <127.0.0.1:37528>"),
        (("::1", 37528), "prashant joined room [room1] from <[::1]:37528>"),
        ("unix", "prashant joined room [room1] from <unix>"),
        (None, "prashant joined room [room1]"),
    ],
)
def test_a_user_who_joins(event_log, capture_log, address, line):
    """The line has the room's id and, where it is known, the user's address."""
    event_log.on_event(Room("room1", "Room"), Joined("room1", "prashant", address, 0.0))
    assert capture_log() == [line]


def test_a_user_who_leaves(event_log, capture_log):
    """The line has the room's id."""
    event = Left("room1", "prashant", ("127.0.0.1", 37528), LeaveReason.QUIT, 0.0)
    event_log.on_event(Room("room1", "Room"), event)
    assert capture_log() == ["prashant left room [room1]."]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("listening", ("a\nb",)),
        ("connected", ("a\nb",)),
        ("store_lost", ("a\nb",)),
        ("reload_failed", ("a\nb",)),
        ("received", ("unix", "a\nb")),
        ("sent", ("unix", "a\nb")),
    ],
)
def test_one_line_for_each_event(event_log, capture_log, method, arguments):
    """Newlines are escaped, so that no text can forge a line of the log."""
    getattr(event_log, method)(*arguments)
    (line,) = capture_log()
    assert "a\\nb" in line
    assert "\n" not in line


@pytest.mark.parametrize("address", [None, "unix"])
def test_one_line_for_each_user(event_log, capture_log, address):
    """Control characters in a name or the id of a room are escaped."""
    event_log.on_event(Room("r\n1", "Room"), Joined("r\n1", "Al\x1bice", address, 0.0))
    (line,) = capture_log()
    assert line.startswith("Al\\x1bice joined room [r\\n1]")


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
