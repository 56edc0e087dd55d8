"""The keys of rooms that the user has typed."""

import pytest

from chatd.client.model.keys import RoomKeys
from chatd.core.room_events import RoomChanged
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Ok


def join(room, key=None, command="join"):
    """Return a request to join."""
    given = {} if key is None else {"key": key}
    return Request(command, {"chatroom_id": room, **given})


def joined(room, name, tag=None, command="join"):
    """Return the reply to it."""
    return Ok(command, "You join", tag, {"room": room, "room_name": name})


@pytest.fixture
def keys():
    """Return the keys of a user who has joined the room `tea` with the key fish."""
    keys = RoomKeys()
    keys.sent(join("TEA", "fish"))
    keys.received(joined("tea", "Tea house"))
    return keys


def test_joined(keys):
    """A key counts for the room that was joined with it, whatever was typed for the room."""
    assert keys.of("tea") == "fish"
    keys.sent(join("big kitchen", "egg", "enter"))
    keys.sent(join("food"))
    keys.received(joined("1", "Big kitchen", command="enter"))
    keys.received(joined("food", "food"))
    assert [keys.of(room) for room in ("1", "food")] == ["egg", None]


def test_refused(keys):
    """A key that was refused counts for nothing, once the right one is given."""
    keys.sent(join("food", "spoon"))
    keys.received(Error("join", "wrong-key", "…"))
    keys.sent(join("food", "fork"))
    keys.received(joined("food", "food"))
    assert keys.of("food") == "fork"


def test_joined_without(keys):
    """A room that is joined without a key has none, unless the client has joined it by itself."""
    keys.received(joined("tea", "Tea house", "rejoin"))
    assert keys.of("tea") == "fish"
    keys.received(joined("tea", "Tea house"))
    assert keys.of("tea") is None


def test_set(keys):
    """An operator who sets a key knows it; the replies come in the order of the requests."""
    for request in (Request("key"), Request("key", {"key": "egg"}), Request("key", {"key": "x y"})):
        keys.sent(request)
    keys.received(Ok("key", "A key is set.", None, {"room": "tea", "key": True}))
    assert keys.of("tea") == "fish"
    keys.received(RoomChanged("tea", "Ann", 0.0, {"key": True}))
    keys.received(Ok("key", "A key is set.", None, {"room": "tea", "key": True, "changed": True}))
    keys.received(Error("key", "bad-key", "…"))
    assert keys.of("tea") == "egg"
    keys.sent(Request("key", {"key": "off"}))
    keys.received(RoomChanged("tea", "Ann", 0.0, {"key": False}))
    keys.received(Ok("key", "There is no key.", None, {"room": "tea", "key": False}))
    assert keys.of("tea") is None


def test_changed_by_another(keys):
    """A key that another operator changes is not known any more."""
    keys.received(RoomChanged("tea", "Bob", 0.0, {"topic": "laps"}))
    assert keys.of("tea") == "fish"
    keys.received(RoomChanged("tea", "Bob", 0.0, {"key": True}))
    assert keys.of("tea") is None


def test_disconnected(keys):
    """After a lost connection the keys stay; requests without a reply count for nothing."""
    keys.sent(join("food", "fork"))
    keys.sent(Request("key", {"key": "egg"}))
    keys.disconnected()
    keys.received(joined("food", "food"))
    keys.received(Ok("key", "A key is set.", None, {"room": "food", "key": True}))
    assert [keys.of(room) for room in ("tea", "food")] == ["fish", None]
