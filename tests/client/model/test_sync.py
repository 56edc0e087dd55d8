"""The history of all rooms: what is asked for, buffered and shown."""

import pytest

from chatd.client.model.effects import (
    Backfill,
    ConnectionStatus,
    Incoming,
    RetryAfter,
    Send,
    Unconfirmed,
)
from chatd.client.model.sync import STORE_PAUSE, HistorySync
from chatd.core.events import Message
from chatd.protocol.command import Request
from chatd.protocol.received import Error, History

UNAVAILABLE = Error("history", "unavailable", "…", "missed:1")


def message(number, room="1", sender="Bob", text="hi"):
    """Return a message."""
    return Message(room, number, sender, text, 0.0)


def missed(room, since):
    """Return the effect that asks for missed messages."""
    arguments = {"chatroom_id": room, "since": str(since), "limit": "500"}
    return Send(Request("history", arguments, f"missed:{room}"))


@pytest.fixture
def sync():
    """Return the history of a user in room 1, whose newest message is 5."""
    sync = HistorySync()
    assert sync.joined("1", 5) == []
    return sync


@pytest.fixture
def fetching(sync):
    """Return the same when the room is joined again, and messages 6 and 7 are missing."""
    sync.disconnected()
    assert sync.joined("1", 7) == [missed("1", 5)]
    return sync


def test_new_messages(sync):
    """A message is new once; so is the first of a room that is not known yet."""
    assert sync.is_new(message(6))
    assert not sync.is_new(message(6))
    assert sync.is_new(message(41, "2"))
    assert not sync.is_new(message(41, "2"))


def test_newest_id_is_asked_for():
    """The client asks for the newest message of a room that it did not join itself."""
    sync = HistorySync()
    newest = Request("history", {"chatroom_id": "1", "limit": "1"}, "newest:1")
    assert sync.joined("1", None) == [Send(newest)]
    assert sync.replied(History("1", (message(41),), "newest:1"), "Alice") == []
    sync.disconnected()
    assert sync.joined("1", 42) == [missed("1", 41)]


def test_newest_id_of_an_empty_room():
    """In a room without messages everything from the first one on can be missed."""
    sync = HistorySync()
    sync.joined("1", None)
    sync.replied(History("1", (), "newest:1"), "Alice")
    sync.disconnected()
    assert sync.joined("1", 1) == [missed("1", 0)]


def test_newest_id_refused():
    """A refusal of the newest message shows nothing."""
    sync = HistorySync()
    sync.joined("1", None)
    assert sync.replied(Error("history", "unavailable", "…", "newest:1"), "Alice") == []


def test_buffering(fetching):
    """Events of a room are buffered while messages before them are missing; others are not."""
    incoming = Incoming(message(8), 1)
    assert fetching.is_catching_up
    assert fetching.is_new(message(8))
    assert fetching.buffers(incoming, "1")
    assert not fetching.buffers(Incoming(message(1, "2"), 1), "2")
    assert not fetching.buffers(incoming, None)
    page = (message(6), message(7))
    shown = fetching.replied(History("1", page, "missed:1"), "Alice")
    assert shown == [Backfill("1", page, first=True), incoming]
    assert not fetching.is_catching_up


def test_pages(fetching):
    """A page that is not the last one is followed by a request for the next."""
    first, second = (message(6),), (message(7),)
    effects = fetching.replied(History("1", first, "missed:1"), "Alice")
    assert effects == [Backfill("1", first, first=True), missed("1", 6)]
    effects = fetching.replied(History("1", second, "missed:1"), "Alice")
    assert effects == [Backfill("1", second, first=False)]


def test_left(fetching):
    """A user who leaves reads what was buffered, and no history."""
    incoming = Incoming(message(8), 1)
    fetching.buffers(incoming, "1")
    assert fetching.left("1") == [incoming]
    assert fetching.left("1") == []
    assert fetching.replied(History("1", (message(6),), "missed:1"), "Alice") == []


def test_removed(fetching):
    """A user who is removed still reads the history that was asked for."""
    fetching.removed("1")
    assert fetching.is_catching_up
    page = (message(6), message(7))
    shown = fetching.replied(History("1", page, "missed:1"), "Alice")
    assert shown == [Backfill("1", page, first=True)]
    fetching.disconnected()
    assert fetching.joined("1", 9) == []


def test_removed_when_nothing_is_missing(sync):
    """A user who is removed has no marker; a later return misses nothing."""
    sync.removed("1")
    sync.removed("2")
    assert sync.joined("1", 9) == []


def test_unavailable(fetching):
    """While the store is away events are shown; the history is asked for again after a pause."""
    incoming = Incoming(message(8), 1)
    fetching.buffers(incoming, "1")
    effects = fetching.replied(UNAVAILABLE, "Alice")
    assert effects == [ConnectionStatus.STORE_AWAY, incoming, RetryAfter(STORE_PAUSE)]
    assert fetching.retry() == [missed("1", 5)]
    assert fetching.retry() == []
    assert fetching.replied(UNAVAILABLE, "Alice") == [RetryAfter(STORE_PAUSE)]


def test_refused(fetching):
    """After a refusal for good the buffered events are shown."""
    incoming = Incoming(message(8), 1)
    fetching.buffers(incoming, "1")
    refused = Error("history", "not-in-room", "…", "missed:1")
    assert fetching.replied(refused, "Alice") == [incoming]


def test_own_messages(sync):
    """The user's own messages in a history confirm those in doubt, and are not shown."""
    sync.send(Request("say", {"text": "hi"}))
    sync.send(Request("say", {"text": "ho"}))
    sync.disconnected()
    sync.joined("1", 6)
    assert sync.unconfirmed() == []
    page = (message(6, sender="Alice"),)
    assert sync.replied(History("1", page, "missed:1"), "Alice") == []
    assert sync.unconfirmed() == [Unconfirmed("ho")]
    assert sync.unconfirmed() == []


def test_messages_of_another_session(sync):
    """A message that another session of the user sent is shown as missed."""
    sync.disconnected()
    sync.joined("1", 6)
    page = (message(6, sender="Alice"),)
    shown = sync.replied(History("1", page, "missed:1"), "Alice")
    assert shown == [Backfill("1", page, first=True)]


def test_reset(fetching):
    """A client that leaves the server forgets its rooms and messages."""
    fetching.send(Request("say", {"text": "hi"}))
    fetching.reset()
    fetching.disconnected()
    assert fetching.unconfirmed() == []
    assert fetching.joined("1", 9) == []
