"""Every line of the log, word for word."""

import ast
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from chatd.core.events import Joined, LeaveReason, Left, PrivateAddress
from chatd.core.records import Actor, ActorKind, AuditEntry
from chatd.core.rooms import Room
from chatd.server.eventlog import EventLog

ROOT = Path(__file__).parents[2]

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
    ("method", "arguments"),
    [
        ("connected", ()),
        ("disconnected", ()),
        ("send_queue_exceeded", (9, 8)),
        ("bad_proxy_header", ()),
        ("login_failed", ()),
        ("received", ("hi",)),
        ("sent", ("hi",)),
    ],
)
def test_an_address_that_other_users_do_not_read(event_log, capture_log, method, arguments):
    """The log has it in the same form as others."""
    for address in (PEER, PrivateAddress(*PEER)):
        getattr(event_log, method)(address, *arguments)
    private, plain = capture_log()
    assert private == plain
    assert str(PEER) in plain


@pytest.mark.parametrize(
    ("address", "line"),
    [
        (("127.0.0.1", 37528), "prashant joined room [room1] from <127.0.0.1:37528>"),
        (("::1", 37528), "prashant joined room [room1] from <[::1]:37528>"),
        (
            PrivateAddress("127.0.0.1", 37528),
            "prashant joined room [room1] from <127.0.0.1:37528>",
        ),
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


FIELDS = {
    "listening": (("localhost", 9999), {"address": "localhost", "port": 9999}),
    "connected": ((PEER,), {"address": "127.0.0.1", "port": 50768}),
    "disconnected": ((PEER,), {"address": "127.0.0.1", "port": 50768}),
    "send_queue_exceeded": (
        (PEER, 9, 8),
        {"queued": 9, "limit": 8, "address": "127.0.0.1", "port": 50768},
    ),
    "bad_proxy_header": (("unix",), {"address": "unix"}),
    "login_failed": ((PEER,), {"address": "127.0.0.1", "port": 50768}),
    "store_lost": (("disk full",), {"why": "disk full"}),
    "store_back": ((3,), {"count": 3}),
    "unconfirmed": ((2,), {"event": "not-stored", "count": 2}),
    "pruned": ((5, 7), {"count": 5, "days": 7}),
    "trimmed": ((5, 70), {"count": 5, "size": 70}),
    "rooms_expired": ((2,), {"count": 2}),
    "acted": (
        (AuditEntry(0.0, Actor(ActorKind.SOCKET, "root"), "ban", "Bob", "", 60, "spam"), "…"),
        {
            "event": "audit",
            "via": "socket",
            "actor": "root",
            "act": "ban",
            "subject": "Bob",
            "room": None,
            "minutes": 60,
            "reason": "spam",
        },
    ),
    "audit_not_stored": (("disk full",), {"why": "disk full"}),
    "reload_failed": (("--motd x",), {"why": "--motd x"}),
    "received": (
        (PEER, "hi"),
        {"event": "frame-received", "frame": "hi", "address": "127.0.0.1", "port": 50768},
    ),
    "sent": (
        (PEER, "hi"),
        {"event": "frame-sent", "frame": "hi", "address": "127.0.0.1", "port": 50768},
    ),
}
"""The arguments of each method that logs a line, and the fields of the line in JSON."""


@pytest.mark.parametrize("method", FIELDS)
def test_the_fields_of_each_line(event_log, log_fields, method):
    """Programs read the name of the event, and its parts, beside the words."""
    arguments, fields = FIELDS[method]
    getattr(event_log, method)(*arguments)
    assert log_fields() == [{"event": method.replace("_", "-"), **fields}]


def test_no_line_is_without_fields():
    """Each method that logs is in the table of this test."""
    methods = {name for name in vars(EventLog) if not name.startswith("_")}
    # `failed` has a traceback, see test_limitedlog.py.
    assert methods - {"on_event", "failed"} == set(FIELDS)


def test_the_fields_of_joins(event_log, log_fields):
    """A user who joins or leaves is there with the room; names are not escaped twice."""
    room = Room("1", "tea")
    event_log.on_event(room, Joined("1", "Zoë", PEER, 0))
    event_log.on_event(room, Left("1", "Zoë", PEER, LeaveReason.QUIT, 0))
    assert log_fields() == [
        {"event": "joined", "user": "Zoë", "room": "1", "address": "127.0.0.1", "port": 50768},
        {"event": "left", "user": "Zoë", "room": "1", "reason": LeaveReason.QUIT},
    ]


def logging_calls():
    """Return the calls by which chatd logs a line, each with its file."""
    for path in (ROOT / "chatd").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Name(id="_log"),
                        attr="info" | "warn" | "error" | "critical" | "emit" as method,
                    )
                ):
                    yield path.name, method, node


def test_every_line_of_the_server_has_fields():
    """No line is logged without `fields`, in any module; a failure has its own event."""
    calls = list(logging_calls())
    assert len(calls) > 15
    without = [
        f"{name}:{node.lineno}"
        for name, _, node in calls
        if not any(keyword.arg == "fields" for keyword in node.keywords)
    ]
    assert without == []


def test_every_event_is_documented(event_log, log_fields):
    """The table in docs/operation.md has every event."""
    page = (ROOT / "docs" / "operation.md").read_text()
    for method, (arguments, _) in FIELDS.items():
        getattr(event_log, method)(*arguments)
    events = {row["event"] for row in log_fields()}
    for _, _, node in logging_calls():
        for keyword in node.keywords:
            if isinstance(keyword.value, ast.Dict):
                events |= {
                    value.value
                    for key, value in zip(keyword.value.keys, keyword.value.values, strict=True)
                    if isinstance(key, ast.Constant)
                    and key.value == "event"
                    and isinstance(value, ast.Constant)
                }
    assert events >= {"connected", "reloading", "stopping"}
    assert [event for event in sorted(events) if f"`{event}`" not in page] == []
