"""The client's knowledge of its user, from the replies and events of the server."""

import pytest

from chatd.client.model.state import ClientState, rooms_of
from chatd.core.events import (
    Joined,
    LeaveReason,
    Left,
    Message,
    PrivateMessage,
    Renamed,
    RoomClosed,
)
from chatd.core.room_events import Invited, RoomChanged
from chatd.protocol.received import Error, Ok, RoomInfo, RoomList


def reply(command, **data):
    """Return a reply with data."""
    return Ok(command, "…", None, data)


@pytest.fixture
def state():
    """Return the state of Alice in rooms 1 and 2; 2 is the current room."""
    state = ClientState()
    state.update(reply("join", room="1", name="Alice", last=0))
    state.update(reply("join", room="2", name="Alice", last=0))
    return state


def rooms(state):
    """Return the rooms of the user, and the current one."""
    return state.rooms, state.current


def test_empty():
    """A new client has no name, no account and no room."""
    state = ClientState()
    assert (state.name, state.account, *rooms(state)) == ("", None, [], None)


def test_join(state):
    """A room that is joined becomes the current one."""
    assert state.name == "Alice"
    assert rooms(state) == (["1", "2"], "2")
    assert list(state.known_rooms) == ["1", "2"]


def test_switch(state):
    """`switch` changes the current room."""
    state.update(reply("switch", room="1"))
    assert rooms(state) == (["1", "2"], "1")


def test_quit(state):
    """After the current room is left, the room joined last is the current one."""
    state.update(reply("quit", room="2"))
    assert rooms(state) == (["1"], "1")
    state.update(reply("quit", room="1"))
    assert rooms(state) == ([], None)


def test_quit_another_room(state):
    """The current room stays when another one is left."""
    state.update(reply("quit", room="1"))
    assert rooms(state) == (["2"], "2")


def test_start(state):
    """A room that the user starts is known, and not joined."""
    state.update(reply("start", room="3"))
    assert rooms(state) == (["1", "2"], "2")
    assert "3" in state.known_rooms


def test_error_changes_nothing(state):
    """A refusal changes nothing."""
    state.update(Error("join", "no-such-room", "Chatroom 3 NOT exist!"))
    assert rooms(state) == (["1", "2"], "2")


@pytest.mark.parametrize("data", [{}, {"room": 1, "name": None}, {"room": None}])
def test_invalid_data(state, data):
    """Values of other types than the protocol has are ignored."""
    state.update(reply("join", **data))
    assert (state.name, *rooms(state)) == ("Alice", ["1", "2"], "2")


# -- accounts


@pytest.mark.parametrize("command", ["login", "register"])
def test_login(command):
    """A user who logs in has the name of the account."""
    state = ClientState()
    state.update(reply(command, name="alice"))
    assert (state.name, state.account) == ("alice", "alice")


def test_login_with_rooms():
    """A session of a user in rooms is in them too; the room joined last is the current one."""
    state = ClientState()
    state.update(reply("login", name="alice", rooms=["1", "2"]))
    assert rooms(state) == (["1", "2"], "2")


@pytest.mark.parametrize("account", [None, "alice"])
def test_resume(account):
    """A session that is resumed has its name, its account if there is one, and its rooms."""
    state = ClientState()
    state.update(reply("resume", name="alice", account=account, rooms=["1"]))
    assert (state.name, state.account, *rooms(state)) == ("alice", account, ["1"], "1")


def test_logout(state):
    """A user who logs out has neither name nor rooms."""
    state.update(reply("login", name="alice"))
    state.update(reply("logout", name="alice"))
    assert (state.name, state.account, *rooms(state)) == ("", None, [], None)


@pytest.mark.parametrize(
    ("value", "expected"), [(["1", "2"], ["1", "2"]), (["1", 2], ["1"]), ("12", []), (None, [])]
)
def test_rooms_of(value, expected):
    """The rooms of a reply are the texts in its list."""
    assert rooms_of(reply("login", rooms=value)) == expected


# -- events


def test_moved(state):
    """A room that the administrator moves the user into becomes the current one."""
    state.update(Joined("3", "Alice", None, 0.0))
    assert rooms(state) == (["1", "2", "3"], "3")
    state.update(Left("3", "Alice", None, LeaveReason.KICKED, 0.0))
    assert rooms(state) == (["1", "2"], "2")


def test_joined_by_another_session(state):
    """A room that another session of the user joins does not become the current one."""
    state.update(Joined("3", "Alice", None, 0.0, is_self=True))
    assert rooms(state) == (["1", "2", "3"], "2")
    state.update(Left("2", "Alice", None, LeaveReason.QUIT, 0.0, is_self=True))
    assert rooms(state) == (["1", "3"], "3")


def test_first_room_joined_by_another_session():
    """A room that another session joins becomes the current one where there is none."""
    state = ClientState()
    state.update(reply("login", name="alice"))
    state.update(Joined("1", "alice", None, 0.0, is_self=True))
    assert rooms(state) == (["1"], "1")


def test_is_own(state):
    """Only joins and departures of the user's own name are the user's own."""
    assert state.is_own(Joined("3", "Alice", None, 0.0))
    assert state.is_own(Left("1", "Alice", None, LeaveReason.QUIT, 0.0))
    assert not state.is_own(Joined("3", "Bob", None, 0.0))
    assert not state.is_own(Message("1", 1, "Alice", "hi", 0.0))


def test_closed(state):
    """A room that is closed is neither the user's nor known."""
    state.update(RoomClosed("2", 0.0))
    assert rooms(state) == (["1"], "1")
    assert list(state.known_rooms) == ["1"]


def test_names(state):
    """The names of users who join and speak are known until they leave."""
    state.update(Joined("1", "Bob", None, 0.0))
    state.update(Message("1", 1, "Cathy", "hi", 0.0))
    state.update(PrivateMessage("Dan", "psst", 0.0))
    state.update(PrivateMessage("Alice", "psst", 0.0, "Eve"))
    assert list(state.known_names) == ["Bob", "Cathy", "Dan", "Eve"]
    state.update(Left("1", "Bob", None, LeaveReason.QUIT, 0.0))
    assert list(state.known_names) == ["Cathy", "Dan", "Eve"]


def test_room_list(state):
    """The list of the rooms replaces all rooms and names that are known."""
    state.update(Message("1", 1, "Bob", "hi", 0.0))
    state.update(RoomList((RoomInfo("7", "tea", (("Cathy", None),)),)))
    assert (list(state.known_rooms), list(state.known_names)) == (["7"], ["Cathy"])


def test_renamed(state):
    """The new name of another user replaces the former one."""
    state.update(Joined("1", "Bob", None, 0.0))
    state.update(Renamed("Bob", "Rob", 0.0))
    assert list(state.known_names) == ["Rob"]
    assert state.name == "Alice"


def test_renamed_stranger(state):
    """The new name of a user whose name is not known is not known either."""
    state.update(Renamed("Bob", "Rob", 0.0))
    assert not state.known_names


@pytest.mark.parametrize("event", [reply("rename", name="Al"), Renamed("Alice", "Al", 0.0)])
def test_renamed_oneself(state, event):
    """The user has the new name from the server's reply or event on."""
    state.update(event)
    assert (state.name, *rooms(state)) == ("Al", ["1", "2"], "2")


def test_leave_all(state):
    """A lost connection ends the rooms; the name is kept."""
    state.update(Message("1", 1, "Bob", "hi", 0.0))
    state.leave_all()
    assert (state.name, *rooms(state)) == ("Alice", [], None)
    assert not state.known_names


def test_settings(state):
    """Topics and settings come from replies and events, and go with the room."""
    state.update(reply("enter", room="3", name="Alice", topic="laps"))
    state.update(RoomChanged("3", "Bob", 0.0, {"private": True}))
    state.update(reply("moderated", room="3", moderated=True))
    state.update(reply("topic", room="9", topic="not ours"))
    assert state.settings["3"].topic == "laps"
    assert state.settings["3"].flags == ("private", "moderated")
    state.update(reply("quit", room="3"))
    assert state.settings.keys() == {"1", "2"}
    state.leave_all()
    assert state.settings == {}


def test_invited(state):
    """The id of a room that the user is invited to can be completed."""
    state.update(Invited("club", "Club", "Bob", 0.0))
    assert "club" in state.known_rooms
