"""Which messages the user has read, without a session."""

import pytest

from chatd.client.model.effects import Send, TellReadAfter
from chatd.client.model.reading import LOOK, READ, READ_PAUSE, Reading
from chatd.client.model.state import ClientState
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Ok, RoomList


def joined(room, tag=None, **data):
    """Return the reply to a request to join."""
    return Ok("join", "You join", tag, {"room": room, "name": "alice", "last": 9, **data})


def tells(room, number):
    """Return what tells the server that a room is read up to a message."""
    return Send(Request("read", {"chatroom_id": room, "id": str(number)}, READ))


@pytest.fixture
def reading():
    """Return what a user has read who has joined the room `tea`, which is read up to 5."""
    reading = Reading(looks=True)
    reading.joined("tea", joined("tea", read=5))
    return reading


def test_seen(reading):
    """The server is told once, after a while, of the newest message seen in each room."""
    assert reading.mark("tea") == 5
    assert reading.seen("tea", 5) == []
    assert reading.seen("tea", 6) == [TellReadAfter(READ_PAUSE)]
    assert reading.seen("tea", 6) == reading.seen("tea", 8) == reading.seen("tea", 7) == []
    assert reading.seen("food", 1) == []
    assert reading.tell() == [tells("tea", 8), tells("food", 1)]
    assert (reading.mark("tea"), reading.mark("food")) == (8, 1)
    assert reading.tell() == []
    assert reading.seen("tea", 9) == [TellReadAfter(READ_PAUSE)]


def test_read_in_another_session(reading):
    """An id that another session has told already is not told again."""
    reading.seen("tea", 7)
    reading.told("tea", 8)
    reading.told("tea", 6)
    assert reading.mark("tea") == 8
    assert reading.tell() == []
    assert reading.seen("tea", 8) == []


def test_joined_again(reading):
    """The server knows best; a guest has no mark."""
    reading.joined("tea", joined("tea", read=2))
    assert reading.mark("tea") == 2
    reading.joined("tea", joined("tea"))
    assert reading.mark("tea") is None


def test_left(reading):
    """The server is told nothing of a room that the user leaves."""
    reading.seen("tea", 7)
    reading.left("tea")
    assert reading.tell() == []


def test_disconnected(reading):
    """After a lost connection the message counts as seen once more, and is told."""
    reading.seen("tea", 7)
    reading.look(["food"])
    reading.disconnected()
    assert reading.tell() == []
    assert not reading.is_looked_at("food")
    assert reading.seen("tea", 7) == [TellReadAfter(READ_PAUSE)]
    assert reading.tell() == [tells("tea", 7)]


def test_look(reading):
    """The rooms of a login are joined once more; the replies tell what is read."""
    assert reading.look(["1", "2"]) == [
        Send(Request("join", {"chatroom_id": room}, LOOK + room)) for room in ("1", "2")
    ]
    state = ClientState()
    state.rooms, state.current = ["1", "2"], "2"
    data = {"room_name": "Pool", "members": ["Bob"], "count": 1, "topic": "laps", "read": 3}
    reply = joined("1", LOOK + "1", **data)
    assert reading.is_reply(reply)
    reading.replied(reply, state)
    assert [reading.is_looked_at(room) for room in ("1", "2")] == [False, True]
    assert reading.mark("1") == 3
    assert (state.current, list(state.members["1"].names)) == ("2", ["Bob"])
    assert state.settings["1"].topic == "laps"
    reading.replied(Error("join", "no-such-room", "…", LOOK + "2"), state)
    assert not reading.is_looked_at("2")
    assert reading.mark("2") is None


def test_no_look():
    """A client that shows no old messages does not ask."""
    reading = Reading(looks=False)
    assert reading.look(["1"]) == []
    assert not reading.is_looked_at("1")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Ok("read", "…", READ), True),
        (Error("read", "unknown-command", "…", READ), True),
        (Ok("read", "…"), False),
        (RoomList((), READ), False),
        (Error("say", "muted", "…", "1"), False),
    ],
)
def test_is_reply(event, expected):
    """The replies are known by their tags."""
    assert Reading(looks=True).is_reply(event) is expected
