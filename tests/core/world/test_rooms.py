"""The rooms of the world, and their states between creation and end."""

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.rooms import Room
from chatd.core.world.rooms import KnownRooms, RoomState
from tests.core.world.harness import NOW, start


@pytest.fixture
def rooms():
    """Return the rooms Tea, 2 and 3."""
    rooms = KnownRooms()
    for room in ("Tea", "2", "3"):
        rooms.open(Room(room, f"room {room}"))
    return rooms


def refusal(call, *arguments):
    """Return the code and the parameters with which a call is refused."""
    with pytest.raises(ChatError) as refused:
        call(*arguments)
    return refused.value.code, refused.value.params


def ids(rooms):
    """Return the ids of the open rooms, in their order."""
    return [room.id for room in rooms]


def test_find(rooms):
    """A room is found by its id, whatever the case, or by a name that no other room has."""
    tea = rooms.by_key("tea")
    assert [rooms.find(text) for text in ("TEA", "Room tea", "Tea ")] == [tea, tea, None]
    assert (rooms.by_key("Tea"), rooms.find("x" * 5000)) == (None, None)
    rooms.open(Room("4", "room 2"))
    assert (rooms.find("room 2"), rooms.find("2").id) == (None, "2")


def test_find_id(rooms):
    """The names of rooms do not count, nor do rooms that are not visible."""
    tea = rooms.by_key("tea")
    assert [rooms.find_id(text) for text in ("TEA", "Room tea", "x" * 5000)] == [tea, None, None]
    assert rooms.find_id("tea", lambda room: room is not tea) is None


def test_a_room_starts(rooms):
    """Its id is taken, and nobody finds it, until the store has it; its message ids continue."""
    assert rooms.start(start("4"))
    assert (rooms.find("4"), rooms.find("room 4"), ids(rooms)) == (None, None, ["Tea", "2", "3"])
    assert not rooms.start(start("4"))
    room = rooms.settle("4", True, 7)
    assert (rooms.find("4"), room.last_id, room.is_used) == (room, 7, False)
    assert room.created == NOW
    assert ids(rooms) == ["Tea", "2", "3", "4"]
    assert rooms.settle("4", True, 0) is room


def test_a_room_that_cannot_be_stored(rooms):
    """Its id is free."""
    rooms.start(start("4"))
    assert rooms.settle("4", False) is None
    assert (rooms.find("4"), rooms.changing) == (None, {})
    assert rooms.start(start("4"))


def test_a_room_ends(rooms):
    """Nobody finds it; its id is taken until the store has removed it."""
    rooms.end(rooms.find("2"), "here")
    assert (rooms.find("2"), rooms.find("room 2"), ids(rooms)) == (None, None, ["Tea", "3"])
    assert rooms.changing["2"].state is RoomState.ENDING
    assert not rooms.start(start("2"))
    assert rooms.settle("2", True) is None
    assert rooms.start(start("2"))


def test_a_room_that_cannot_be_removed(rooms):
    """It is there again, in its place, with its message ids."""
    room = rooms.find("2")
    room.last_id = 5
    rooms.end(room, "here")
    rooms.start(start("4"))
    rooms.settle("4", True)
    assert rooms.settle("2", False) is room
    assert (ids(rooms), room.last_id, rooms.find("room 2")) == (["Tea", "2", "3", "4"], 5, room)


def test_nothing_to_settle(rooms):
    """A room that is not changing stays as it is."""
    assert rooms.settle("2", True) is rooms.find("2")
    assert rooms.settle("9", False) is None
    assert ids(rooms) == ["Tea", "2", "3"]


def test_start_refused(rooms):
    """A room that exists is not started again; those that change count for the limit."""
    assert refusal(rooms.start, start("TEA")) == (ErrorCode.ROOM_EXISTS, {"room": "Tea"})
    too_many = (ErrorCode.TOO_MANY_ROOMS, {"limit": 4})
    rooms.start(start("4", max_rooms=4))
    assert refusal(rooms.start, start("5", max_rooms=4)) == too_many
    rooms.settle("4", False)
    rooms.end(rooms.find("2"), "here")
    rooms.start(start("5", max_rooms=4))
    assert refusal(rooms.start, start("6", max_rooms=4)) == too_many


def test_rooms_of_an_account(rooms):
    """Those that are created count, those that end do not; 0 is no limit."""
    too_many = (ErrorCode.TOO_MANY_OWN_ROOMS, {"limit": 2})
    rooms.start(start("4", owner=7, max_owned=2))
    rooms.settle("4", True)
    rooms.start(start("5", owner=7, max_owned=2))
    assert refusal(rooms.start, start("6", owner=7, max_owned=2)) == too_many
    rooms.end(rooms.find("4"), "here")
    assert rooms.start(start("8", owner=7, max_owned=2))
    assert rooms.start(start("6", owner=8, max_owned=2))
    assert rooms.start(start("7", owner=7, max_owned=0))


def test_forget_account(rooms):
    """The rooms of an account that was removed have no owner, also those that are changing."""
    for room, owner in (("4", 7), ("5", 7), ("6", 8)):
        rooms.start(start(room, owner))
    rooms.settle("4", True)
    rooms.settle("6", True)
    rooms.forget_account(7)
    rooms.settle("5", True)
    assert [rooms.find(room).owner for room in "456"] == [None, None, 8]
