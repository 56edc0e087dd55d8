"""The view of their rooms that a user on a terminal has, with a server in memory and without."""

from dataclasses import replace

import pytest

from chatd.client.model.unread import Unread
from chatd.client.ui.frontend import Line
from chatd.client.ui.overview import here, unread_words
from chatd.client.ui.terminal_mode import TerminalMode
from chatd.core.events import Joined, LeaveReason, Left, Message, PrivateMessage
from chatd.core.room_events import Invited, ReadUpTo, RoomChanged
from chatd.protocol.received import Error, History, Ok, RoomInfo, RoomList
from tests.client.conftest import HERE
from tests.client.ui.frontends import read_store, texts


@pytest.mark.parametrize(
    ("names", "hidden", "expected"),
    [
        ([], 0, "Nobody else is here."),
        (["Alice"], 0, "Here: Alice."),
        (["Alice", "Bob"], 0, "Here: Alice and Bob."),
        (["Alice", "Bob"], 3, "Here: Alice, Bob and 3 others."),
        (list("abcdefghi"), 0, "Here: a, b, c, d, e, f, g, h and 1 other."),
        (list("abcdefghij"), 40, "Here: a, b, c, d, e, f, g, h and 42 others."),
        ([], 2, "Here: 2 others."),
    ],
)
def test_here(names, hidden, expected):
    """The line names the first members, and counts the others."""
    assert here(names, hidden) == expected


def joined(room, *others, last=0):
    """Return the reply to `join`."""
    members = [*others, "Ann"]
    data = {"room": room, "name": "Ann", "last": last, "room_name": f"Room {room}"}
    return Ok("join", "You join", None, {**data, "members": members, "count": len(members)})


@pytest.fixture
def frontend():
    """Return the frontend of Ann, who is in the rooms food and tea; tea is the current one."""
    frontend = TerminalMode()
    frontend.start(HERE)
    frontend.connected(None)
    frontend.handle(joined("food", "Dave"))
    frontend.handle(joined("tea", "Carol"))
    return frontend


def test_topic(frontend):
    """The topic is shown on joining, and is in the status, as are the settings that are told."""
    reply = joined("pool", "Eve")
    lines = texts(frontend.handle(replace(reply, data={**reply.data, "topic": "20 laps"})))
    topic = "[pool] Topic of Room pool@pool: 20 laps"
    assert lines[-2:] == [topic, "[pool] You are Ann. Here: Eve."]
    assert frontend.status.topic == "20 laps"
    frontend.handle(RoomChanged("pool", "Eve", 0.0, {"moderated": True}))
    frontend.handle(RoomChanged("pool", "Eve", 0.0, {"topic": ""}))
    assert (frontend.status.topic, frontend.status.flags) == ("", ("moderated",))


def said(room, text, number=1, sender="Dave"):
    """Return a message."""
    return Message(room, number, sender, text, 0.0)


def test_status(frontend):
    """The status has the server, the user, the current room and its members."""
    frontend.handle(Joined("tea", "Eve", None, 0.0))
    status = frontend.status
    assert (status.server, status.name, status.room) == ("localhost:9999", "Ann", "tea")
    assert (status.room_name, status.members, status.connection) == ("Room tea", 3, "")


def test_unread(frontend):
    """Messages of other rooms are counted until their room is the current one."""
    frontend.handle(said("tea", "hello"))
    assert frontend.status.unread == ()
    frontend.handle(said("food", "hello"))
    frontend.handle(said("food", "Ann: hello", 2))
    frontend.handle(said("food", "mine, from elsewhere", 3, "Ann"))
    assert frontend.status.unread == (Unread("food", 2, 1),)
    frontend.handle(Ok("switch", "You are now in food", None, {"room": "food"}))
    assert frontend.status.unread == ()


def test_unread_of_a_room_that_is_left(frontend):
    """A room that the user leaves has no unread messages."""
    frontend.handle(said("food", "hello"))
    frontend.handle(Left("food", "Ann", None, LeaveReason.KICKED, 0.0))
    assert frontend.status.unread == ()


def test_unread_while_returning(frontend):
    """On the way back, when rooms are joined one after another, nothing counts as read."""
    frontend.handle(said("food", "hello"))
    frontend.disconnected(reconnecting=True)
    frontend.connected(None)
    assert frontend.status.room == "tea"
    frontend.handle(joined("food", "Dave", last=1))
    assert frontend.status.unread == (Unread("food", 1),)
    assert frontend.status.connection == "returning"


def test_calls(frontend):
    """Mentions and private messages draw the user's attention; other lines do not."""
    for event, calls in (
        (said("tea", "hello"), False),
        (said("tea", "Ann: hello", 2), True),
        (said("tea", "Ann: hello", 3, "Ann"), False),
        (PrivateMessage("Bob", "psst", 0.0), True),
        (PrivateMessage("Ann", "psst", 0.0, "Bob"), False),
        (PrivateMessage("Bob", "psst", 0.0, is_kept=True), True),
        (Invited("club", "Club", "Bob", 0.0), True),
    ):
        line, *_ = frontend.handle(event)
        assert line.calls is calls


def test_missed_mention(frontend):
    """Missed messages draw the attention once, if one of them mentions the user."""
    frontend.disconnected(reconnecting=True)
    frontend.connected(None)
    frontend.handle(joined("food", last=2))
    frontend.handle(joined("tea"))
    messages = (said("food", "Ann: hello"), said("food", "are you there, Ann?", 2))
    actions = frontend.handle(History("food", messages, "missed:food"))
    assert [each.calls for each in actions if isinstance(each, Line)] == [False, False, True]
    assert frontend.status.unread == (Unread("food", 2, 2),)


def test_room_without_known_members(frontend):
    """The members of a room that the user was brought into are asked for, and then shown."""
    frontend.handle(joined("food", "Dave"))
    actions = frontend.handle(Joined("work", "Ann", None, 0.0))
    requests = [each.request for each in actions if not isinstance(each, Line)]
    assert [each.tag for each in requests] == ["recent:work", "members:work"]
    assert frontend.handle(Error("history", "unavailable", "…", "recent:work")) == []
    rooms = RoomList((RoomInfo("work", "Work", (("Bob", None), ("Ann", None))),), "members:work")
    assert texts(frontend.handle(rooms)) == ["[work] You are Ann. Here: Bob."]
    assert frontend.status.members == 2


def test_members_refused(frontend):
    """Without the members there is no line about them, and they are not asked for again."""
    frontend.handle(Joined("work", "Ann", None, 0.0))
    frontend.handle(Error("history", "unavailable", "…", "recent:work"))
    assert frontend.handle(Error("list", "no-such-room", "…", "members:work")) == []
    (line,) = frontend.handle(said("work", "hello"))
    assert line.text == "[work] Dave: hello"


@pytest.fixture
def ann(rooms, make_harness):
    """Return the harness of a user on a terminal, before the first join."""
    harness = make_harness(rooms, TerminalMode())
    harness.start()
    return harness


def test_joining(rooms, ann):
    """On joining the user reads the last 20 messages, and who is here; then what is said."""
    bob = rooms.join("1", "Bob")
    bob.send(*(f"message {number}" for number in range(25)))
    rooms.turn(0.005)
    ann.client.typed("`join 1 Ann")
    lines = read_store(ann, rooms)
    bob.send("now")
    lines += ann.read()
    assert lines[0] == "Server: You join @chatroom 1"
    assert [line.rpartition("Bob: ")[2] for line in lines[1:21]] == [
        f"message {number}" for number in range(5, 25)
    ]
    assert lines[21:] == ["You are Ann. Here: Bob.", "Bob: now"]


def test_not_again_after_a_loss(rooms, ann):
    """After a lost connection only what was missed is shown."""
    bob = rooms.join("1", "Bob")
    bob.send("old")
    rooms.turn(0.005)
    ann.client.typed("`join 1 Ann")
    assert any(line.endswith("Bob: old") for line in read_store(ann, rooms))
    ann.endpoint.peer.lose()
    ann.endpoint.lose()
    bob.send("missed")
    rooms.turn(0.005)
    ann.wait(60)
    lines = read_store(ann, rooms)
    assert any(line.endswith("Bob: missed") for line in [*lines, *ann.lines])
    assert not any("old" in line or "Here" in line for line in lines)
    assert ann.client.frontend.status.members == 2


@pytest.mark.parametrize(
    ("shown", "older", "expected"),
    [
        (1, 0, "-- 1 unread message --"),
        (3, 0, "-- 3 unread messages --"),
        (1, 1, "-- 1 of 2 unread messages --"),
        (20, 15, "-- 20 of 35 unread messages --"),
    ],
)
def test_unread_words(shown, older, expected):
    """The words tell how many are shown, and of how many."""
    assert unread_words(shown, older) == expected


def test_where_unread_messages_begin(frontend):
    """A line stands before the first unread message, if another user has said it."""
    reply = joined("pool", "Eve", last=3)
    frontend.handle(replace(reply, data={**reply.data, "read": 1}))
    page = History("pool", tuple(said("pool", "hi", number) for number in (1, 2, 3)), "recent:pool")
    lines = texts(frontend.handle(page))[:4]
    hi = "[pool] Dave: hi"
    assert lines == [hi, "[pool] -- 2 unread messages --", hi, hi]


def test_own_messages_are_read(frontend):
    """The user's own messages are not unread."""
    reply = joined("pool", "Eve", last=3)
    frontend.handle(replace(reply, data={**reply.data, "read": 1}))
    page = History("pool", (said("pool", "hi", 2, "Ann"),), "recent:pool")
    assert not any("unread" in line for line in texts(frontend.handle(page)))


def test_read_in_another_session(frontend):
    """The status counts what no other session has read; a message read there calls nobody."""
    for number in (1, 2, 3):
        frontend.handle(said("food", "Ann: hello", number))
    assert frontend.handle(ReadUpTo("food", 2)) == []
    assert frontend.status.unread == (Unread("food", 1, 1),)
    frontend.handle(ReadUpTo("food", 4))
    (line,) = frontend.handle(said("food", "Ann: hello", 4))
    assert not line.calls
    assert frontend.status.unread == ()
