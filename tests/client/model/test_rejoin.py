"""The requests that take back the name, the rooms and the current room, one after another."""

import pytest

from chatd.client.model.keys import RoomKeys
from chatd.client.model.rejoin import TAG, Rejoin
from chatd.client.model.state import ClientState
from chatd.protocol.command import Request
from chatd.protocol.received import Ok


@pytest.fixture
def state():
    """Return the state of a user in no room."""
    return ClientState()


def join(room):
    """Return the request that joins a room."""
    return Request("join", {"chatroom_id": room, "chatter_name": "Alice"}, TAG)


def resume(token):
    """Return the request that resumes a session."""
    return Request("resume", {"session": token}, TAG)


def test_guest(state):
    """A guest joins the rooms in order, and makes the same one current."""
    rejoin = Rejoin("Alice", ["1", "2"], "1")
    assert rejoin.request(state) == join("1")
    rejoin.replied("join")
    assert rejoin.rooms == ("2",)
    assert rejoin.request(state) == join("2")
    rejoin.replied("join")
    state.rooms, state.current = ["1", "2"], "2"
    assert rejoin.request(state) == Request("switch", {"chatroom_id": "1"}, TAG)
    rejoin.replied("switch")
    assert rejoin.request(state) is None


def test_key(state):
    """A room with a key is joined with it."""
    keys = RoomKeys()
    keys.sent(Request("join", {"chatroom_id": "1", "key": "fish"}))
    keys.received(Ok("join", "You join", None, {"room": "1"}))
    arguments = {"chatroom_id": "1", "chatter_name": "Alice", "key": "fish"}
    rejoin = Rejoin("Alice", ["1"], "1", keys=keys)
    assert rejoin.request(state) == Request("join", arguments, TAG)


def test_request_is_repeated(state):
    """The same request comes until its reply."""
    rejoin = Rejoin("Alice", ["1"], "1", ["token"])
    assert rejoin.request(state) == rejoin.request(state) == resume("token")


def test_tokens(state):
    """The tokens are tried in turn, before the rooms are joined."""
    rejoin = Rejoin("Alice", ["1"], "1", ["token 1", "token 2"])
    assert rejoin.request(state) == resume("token 1")
    rejoin.replied("resume")
    assert rejoin.request(state) == resume("token 2")
    rejoin.replied("resume")
    assert rejoin.request(state) == join("1")


def test_name_restored(state):
    """No other token is tried once the user has the name."""
    rejoin = Rejoin("alice", ["1"], "1", ["token 1", "token 2"], "alice")
    rejoin.name_restored()
    rejoin.replied("resume")
    assert not rejoin.must_log_in
    assert rejoin.request(state).command == "join"


def test_must_log_in(state):
    """A user of an account joins no room before the login."""
    rejoin = Rejoin("alice", ["1"], "1", ["token"], "alice")
    assert not rejoin.must_log_in
    rejoin.replied("resume")
    assert rejoin.must_log_in
    assert rejoin.request(state) is None
    rejoin.name_restored()
    assert rejoin.request(state).command == "join"


def test_without_a_name(state):
    """A user who had no name resumes no session."""
    rejoin = Rejoin("", [], None, ["token"])
    assert rejoin.request(state) is None


def test_rooms_of_other_sessions(state):
    """A room that the user is in already is not joined."""
    rejoin = Rejoin("alice", ["1", "2", "3"], "2", account=None)
    state.rooms, state.current = ["1", "2"], "2"
    assert rejoin.request(state).arguments["chatroom_id"] == "3"
    rejoin.replied("join")
    assert rejoin.request(state) is None


def test_current_room_is_gone(state):
    """The current room stays as it is if the former one could not be joined."""
    rejoin = Rejoin("Alice", [], "1")
    state.rooms, state.current = ["2"], "2"
    assert rejoin.request(state) is None


def test_pauses():
    """The pauses do not shrink, and end after more than two minutes."""
    rejoin = Rejoin("Alice", ["1"], "1")
    pauses = []
    while (pause := rejoin.next_pause()) is not None:
        pauses.append(pause)
    assert pauses == sorted(pauses)
    assert sum(pauses) > 120
