"""Rooms found by their names."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.core.roomnames import RoomNames, find_named, nearest_room
from chatd.core.rooms import Room
from chatd.testing import MemoryServer

NAMES = st.sampled_from(["tea", "Tea", " tea ", "ＴＥＡ", "tea house", "Tea  House", "x"])


@given(st.lists(st.tuples(NAMES, st.booleans()), max_size=12), NAMES)
def test_index(changes, wanted):
    """The index finds the room that a search through all rooms finds."""
    index, rooms = RoomNames(), []
    for number, (name, is_added) in enumerate(changes):
        if is_added or not rooms:
            rooms.append(Room(str(number), name))
            index.add(rooms[-1])
        else:
            index.remove(rooms.pop(0))
    assert index.find(wanted) is find_named(wanted, rooms)


def test_nearest_room():
    """Ids and names count; digits never differ."""
    tea, second = Room("1", "Tea house"), Room("room2", "food")
    rooms = (tea, second)
    assert nearest_room("tea hose", rooms) is tea
    assert nearest_room("fod", rooms) is second
    assert nearest_room("fo", rooms) is None
    assert nearest_room("room3", rooms) is None
    assert nearest_room("x" * 100_000, rooms) is None


def test_commands_take_a_name():
    """Where an id is wanted, the name of one room alone is understood; an id wins."""
    server = MemoryServer(rooms_per_client=3)
    for command in ("start 1 Tea House", "start 2 food", "start food other"):
        server.console(command)
    client = server.connect()
    assert client.ask("`join tea Ann") == ["Server: Chatroom tea NOT exist!"]
    assert client.ask("`join food Ann") == ["Server: You join @chatroom food"]
    json = server.connect()
    json.ask("`format json")
    (reply,) = json.ask('{"command":"join","chatroom_id":"tea  house","chatter_name":"Bob"}')
    assert '"room":"1"' in reply
    assert server.console("say other hello") == []


def test_rooms_of_the_user_come_first():
    """A name that several rooms have is that of the one that the user is in."""
    server = MemoryServer(rooms_per_client=3)
    for command in ("start 1 tea", "start 2 tea", "start 3 food"):
        server.console(command)
    ann = server.join("2", "Ann")
    ann.ask("`join 3")
    assert ann.ask("`switch tea") == ["Server: You are now in chatroom tea@2"]
    assert ann.ask("`switch coffee") == ["Server: Join chatroom coffee first!"]
    assert server.connect().ask("`join tea Bob") == [
        "Server: Chatroom tea NOT exist! Did you mean tea@1?"
    ]


def test_enter_joins_a_room_by_its_name():
    """A room that exists gets no twin whose id is its name."""
    server = MemoryServer()
    server.console("start 1 tea")
    assert server.connect().ask("`enter tea Ann") == ["Server: You join @chatroom 1"]
    assert len(list(server.service.chat.rooms())) == 1


def test_suggestion():
    """A room that does not exist is answered with the nearest one, by id or by name."""
    server = MemoryServer()
    server.console("start 1 coffee")
    client = server.connect()
    assert client.ask("`join cofee Ann") == [
        "Server: Chatroom cofee NOT exist! Did you mean coffee@1?"
    ]
    assert client.ask("`join 3 Ann") == ["Server: Chatroom 3 NOT exist!"]
    assert server.console("end cofee") == [
        "Administrator: Chatroom cofee NOT exist! Did you mean coffee@1?"
    ]
    client.ask("`format json")
    (error,) = client.ask('{"command":"list","chatroom_id":"cofee"}')
    assert '"suggestion":"1"' in error
