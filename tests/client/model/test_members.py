"""The members of the user's rooms, against a model that has no server between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.client.model.members import RoomMembers
from chatd.client.model.state import ClientState
from chatd.core.events import Joined, LeaveReason, Left, Renamed, RoomClosed
from chatd.protocol.received import Ok, RoomInfo, RoomList

NAMED = 3
"""How many members the server of these tests names in a reply."""


def joined(names, room="tea", count=None, name="Alice"):
    """Return the reply to `join`."""
    data = {"room": room, "name": name, "room_name": "Tea house", "members": list(names)}
    return Ok("join", "…", None, {**data, "count": len(names) if count is None else count})


@pytest.fixture
def state():
    """Return the state of Alice, who is in a room with Bob."""
    state = ClientState()
    state.update(joined(["Bob", "Alice"]))
    return state


def members(state, room="tea"):
    """Return the known names of a room, and the number of members."""
    return list(state.members[room].names), state.members[room].count


def test_joined(state):
    """The reply to `join` names members and room; their names can be completed."""
    assert members(state) == (["Bob", "Alice"], 2)
    assert state.members["tea"].room_name == "Tea house"
    assert "Bob" in state.known_names


def test_unknown():
    """A room that the user is in without a reply that names members has none that are known."""
    state = ClientState()
    state.update(Ok("login", "…", None, {"name": "Alice", "rooms": ["tea"]}))
    assert (state.rooms, state.members) == (["tea"], {})
    state.update(Joined("tea", "Bob", None, 0.0))
    assert state.members == {}


def test_list(state):
    """A list names the members of the user's rooms anew, and of no other."""
    rooms = (RoomInfo("tea", "Tea", (("Carol", None),), 60), RoomInfo("food", "Food"))
    state.update(RoomList(rooms, "some tag"))
    assert members(state) == (["Carol"], 61)
    assert list(state.members) == ["tea"]


def test_own_name(state):
    """The user's own new name is in the room, too."""
    state.update(Ok("rename", "…", None, {"name": "Alicia"}))
    assert members(state) == (["Bob", "Alicia"], 2)


def test_reply_of_another_server():
    """Members that are no list of names are not used."""
    state = ClientState()
    for wrong in ({"members": "Bob"}, {"members": ["Bob"]}, {"members": ["Bob"], "count": "1"}):
        state.update(Ok("join", "…", None, {"room": "tea", "name": "Alice", **wrong}))
        assert state.members == {}
    data = {"members": ["Bob", 1], "count": 2, "room_name": None}
    state.update(Ok("join", "…", None, {"room": "tea", "name": "Alice", **data}))
    assert members(state) == (["Bob"], 2)


@pytest.mark.parametrize(
    "event",
    [
        Left("tea", "Alice", None, LeaveReason.KICKED, 0.0),
        RoomClosed("tea", 0.0),
        Ok("quit", "…", None, {"room": "tea"}),
        Ok("logout", "…", None, {"name": "Alice"}),
    ],
)
def test_left(state, event):
    """The members of a room that the user has left are forgotten."""
    state.update(event)
    assert state.members == {}


def test_hidden():
    """Of members without a known name the number is known."""
    room = RoomMembers(["Ann", "Bob"], 4)
    room.left("Carol")
    room.left("Ann")
    assert (list(room.names), room.count) == (["Bob"], 2)
    room.left("Dave")
    room.left("Eve")
    assert room.count == 1


NAMES = st.sampled_from([f"user{number}" for number in range(8)])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), NAMES),
        st.tuples(st.just("leave"), NAMES),
        st.tuples(st.just("rename"), NAMES, NAMES),
        st.tuples(st.just("list")),
    )
)


@given(st.lists(NAMES, unique=True), STEPS)
def test_like_a_room(before, steps):
    """The number is that of the server's room, and each known name is that of a member."""
    room = dict.fromkeys([*before, "Alice"])
    state = ClientState()
    state.update(joined(list(room)[:NAMED], count=len(room)))
    for action, *names in steps:
        match action:
            case "join" if names[0] not in room:
                room[names[0]] = None
                state.update(Joined("tea", names[0], None, 0.0))
            case "leave" if names[0] in room:
                del room[names[0]]
                state.update(Left("tea", names[0], None, LeaveReason.QUIT, 0.0))
            case "rename" if names[0] in room and names[1] not in room:
                room = {names[1] if name == names[0] else name: None for name in room}
                state.update(Renamed(names[0], names[1], 0.0))
            case "list":
                named = tuple((name, None) for name in list(room)[:NAMED])
                state.update(RoomList((RoomInfo("tea", "Tea", named, len(room) - len(named)),)))
        known = state.members["tea"]
        assert known.count == len(room)
        assert set(known.names) <= set(room)
        if not known.hidden:
            assert list(known.names) == list(room)
