"""The console's `rooms` and `history`."""

import pytest

from chatd.core.errors import StoreUnavailableError
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore

DAY = 1_764_201_600  # 2025-11-27 00:00 UTC
WORD = "staple-battery"


@pytest.fixture
def server():
    """Return a server whose wall clock is at the beginning of a day."""
    return MemoryServer(clock_offset=DAY)


def said(server, *texts):
    """Let Ann say something in room 1 in a second of its own, and return the client."""
    ann = server.join("1", "Ann")
    for text in texts:
        server.turn(1)
        ann.send(text)
    server.turn(2)
    return ann


def test_rooms_without_rooms(server):
    """Without rooms there is one line."""
    assert server.console("rooms") == ["Administrator: No chatroom exists!"]


def test_rooms(server):
    """There is a line for each room; one in which nothing was said has no bytes and no time."""
    server.console("start 2 Deep water")
    zoe = server.connect()
    zoe.ask(f"`register zoe {WORD}")
    zoe.ask("`enter 3 zoe")
    said(server, "hello", "x" * 1000)
    first, second, third = server.console("rooms")
    assert first == "Deep water@2 owner=- settings=- members=0 messages=0 bytes=0 last=-"
    assert second == "3@3 owner=zoe settings=- members=1 messages=0 bytes=0 last=-"
    assert third.startswith("1@1 owner=- settings=- members=1 messages=2 bytes=")
    assert third.endswith(" last=2025-11-27 00:00:02 UTC")
    assert 1005 <= server.answer("rooms").data[2]["bytes"] < 1100
    assert server.answer("rooms").data[1] == {
        "id": "3",
        "name": "3",
        "owner": "zoe",
        "settings": [],
        "topic": None,
        "members": 1,
        "messages": 0,
        "bytes": 0,
        "last_spoken": None,
    }


def test_rooms_counts_what_was_just_said(server):
    """Messages that are not stored yet are stored first."""
    ann = server.join("1", "Ann")
    ann.send("hello")
    lines = server.console("rooms")
    server.turn(5)
    assert "messages=1 bytes=0" not in lines[0]
    assert lines[0].endswith(" last=2025-11-27 00:00:00 UTC")


def test_rooms_without_the_store():
    """An answer that needs the store is refused while it is unavailable."""
    store = SlowStore()
    server = MemoryServer(store=store)
    server.join("1", "Ann")

    async def fail():
        raise StoreUnavailableError

    store.room_usage = fail
    assert server.console("rooms") == [
        "Administrator: The server cannot reach its store now, try again later."
    ]


def test_a_name_from_right_to_left_is_isolated(server):
    """The name of a room does not change the order of its line."""
    server.console("start 1 שלום")
    assert server.console("rooms")[0].startswith("\u2068שלום\u2069@1 owner=-")


def test_history(server):
    """The last messages are shown with their times; lines after the first are indented."""
    ann = said(server, "one", "two")
    ann.send("three\nBob: four")
    server.turn(2)
    assert server.console("history 1") == [
        "[2025-11-27 00:00:01 UTC] Ann: one",
        "[2025-11-27 00:00:02 UTC] Ann: two",
        "[2025-11-27 00:00:04 UTC] Ann: three",
        "  Bob: four",
    ]
    assert server.console("history 1 2")[0] == "[2025-11-27 00:00:02 UTC] Ann: two"
    assert server.answer("history 1 3").data[0] == {
        "id": 1,
        "from": "Ann",
        "text": "one",
        "time": "2025-11-27T00:00:01Z",
    }


def test_history_of_a_former_name(server):
    """A name that belongs to an account by now is marked."""
    ann = said(server, "one")
    ann.lose()
    server.turn(120)
    assert server.connect().ask(f"`register ann {WORD}") == ["Server: Registered successfully."]
    assert server.console("history 1") == ["[2025-11-27 00:00:01 UTC] Ann (former): one"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("history 2", "Administrator: Chatroom 2 NOT exist!"),
        ("history 1", "Administrator: No messages in chatroom 1!"),
        ("history 1 0", "Unknown commands."),
        ("history 1 x", "Unknown commands."),
        ("history", "Unknown commands."),
    ],
)
def test_history_refused(server, line, answer):
    """A room that does not exist, or no number, is refused; an empty room is said to be so."""
    server.join("1", "Ann")
    assert server.console(line)[0] == answer


def test_no_messages_after_a_crash(server):
    """A room in which nothing was said has none, though a crash has raised its last id."""
    server.console("start 1 tea")
    room = server.service.chat.room("1")
    room.last_id = room._unused_id = 16384
    assert "messages=0" in server.console("rooms")[0]
