"""The last messages of a room that the user joins: shown before what arrives, and once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.client.model.effects import Backfill, Incoming, Recent, Send
from chatd.client.model.phase import Phase
from chatd.client.model.session import ChatSession
from chatd.client.model.sync import HistorySync
from chatd.core.events import LeaveReason, Left, Message, RoomClosed
from chatd.protocol.command import Request
from chatd.protocol.received import Error, History, Ok

ASK = Send(Request("history", {"chatroom_id": "1", "limit": "3"}, "recent:1"))
TAG = "recent:1"


def message(number, sender="Bob"):
    """Return a message in room 1."""
    return Message("1", number, sender, "hi", 0.0)


def page(*numbers):
    """Return the reply to the request for the last messages."""
    return History("1", tuple(map(message, numbers)), TAG)


def join(last, room="1"):
    """Return the reply to `join`."""
    return Ok("join", "…", None, {"room": room, "name": "Alice", "last": last})


@pytest.fixture
def sync():
    """Return the history of a user who has just joined room 1, whose newest message is 5."""
    sync = HistorySync(recent=3)
    assert sync.joined("1", 5) == [ASK]
    return sync


def arrives(sync, number):
    """Let a message arrive live; return whether it is shown at once."""
    return sync.is_new(message(number)) and not sync.buffers(Incoming(message(number), 1), "1")


def test_recent(sync):
    """The last messages come first, then what has arrived meanwhile, then what arrives."""
    assert not sync.is_catching_up
    assert not arrives(sync, 6)
    shown = sync.replied(page(4, 5, 6), "Alice")
    assert shown == [Recent("1", (message(4), message(5))), Incoming(message(6), 1)]
    assert not arrives(sync, 6)
    assert arrives(sync, 7)


def test_empty_room():
    """In a room without messages none is asked for."""
    assert HistorySync(recent=3).joined("1", 0) == [Recent("1", ())]


def test_refused(sync):
    """Without the last messages the live ones are shown."""
    arrives(sync, 6)
    shown = sync.replied(Error("history", "unavailable", "…", TAG), "Alice")
    assert shown == [Recent("1", ()), Incoming(message(6), 1)]
    assert sync.replied(page(4, 5, 6), "Alice") == []


def test_newest_is_not_known():
    """A user who was brought into the room reads all that was said before what has arrived."""
    sync = HistorySync(recent=3)
    assert sync.joined("1", None) == [ASK]
    arrives(sync, 6)
    shown = sync.replied(page(4, 5, 6), "Alice")
    assert shown == [Recent("1", (message(4), message(5))), Incoming(message(6), 1)]
    assert arrives(sync, 7)


def test_message_that_history_brings_first():
    """A message that is among the last ones is not shown again when it arrives."""
    sync = HistorySync(recent=3)
    sync.joined("1", None)
    assert sync.replied(page(4, 5, 6), "Alice") == [Recent("1", page(4, 5, 6).messages)]
    assert not arrives(sync, 6)


def test_own_message(sync):
    """A message of the user that is said meanwhile is not among the last ones."""
    sync.stored("1", 6, None)
    assert sync.replied(page(5, 6), "Alice") == [Recent("1", (message(5),))]
    assert not arrives(sync, 6)


def test_joined_again(sync):
    """The last messages of a room that is joined again are those before the second time."""
    arrives(sync, 6)
    assert sync.left("1") == [Incoming(message(6), 1)]
    assert sync.joined("1", 7) == [ASK]
    assert sync.replied(page(5, 6, 7), "Alice") == [Recent("1", page(5, 6, 7).messages)]


def test_lost_connection(sync):
    """After a lost connection the missed messages are fetched, and the last ones no more."""
    arrives(sync, 6)
    sync.disconnected()
    (send,) = sync.joined("1", 7)
    assert send.request.arguments["since"] == "5"
    shown = sync.replied(History("1", (message(6), message(7)), "missed:1"), "Alice")
    assert shown == [Backfill("1", (message(6), message(7)), first=True)]


def test_lost_connection_before_the_place_is_known():
    """A room whose newest message is not known is joined as if for the first time."""
    sync = HistorySync(recent=3)
    sync.joined("1", None)
    sync.disconnected()
    assert sync.joined("1", 7) == [ASK]


@pytest.mark.parametrize(
    "event", [Left("1", "Alice", None, LeaveReason.KICKED, 0.0), RoomClosed("1", 0.0)]
)
def test_removed(event):
    """A user who is removed meanwhile reads at once what has arrived."""
    session = ChatSession(recent=3)
    session.connected(None)
    session.handle(join(5))
    assert session.phase is Phase.ONLINE
    assert session.handle(message(6)) == []
    assert session.handle(event) == [Incoming(message(6), 1), Incoming(event, 1)]
    assert session.handle(page(5, 6)) == []


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6), st.booleans())
def test_each_once(before, meanwhile, after, is_known):
    """Whenever the reply comes, each message is shown once and in order."""
    session = ChatSession(recent=3)
    session.connected(None)
    effects = session.handle(join(before if is_known else None))
    said = before + meanwhile
    effects += [
        each for number in range(before + 1, said + 1) for each in session.handle(message(number))
    ]
    effects += session.handle(page(*range(max(1, said - 2), said + 1)))
    for number in range(said + 1, said + after + 1):
        effects += session.handle(message(number))
    shown = []
    for each in effects:
        match each:
            case Incoming(event=Message() as live):
                shown.append(live.id)
            case Recent():
                shown += [old.id for old in each.messages]
    assert shown == list(range(shown[0], said + after + 1)) if shown else said + after == 0
    assert not shown or shown[0] <= before + 1
