"""The words on connecting, and the line that says what to do next."""

import pytest

from chatd.client.model.state import ClientState
from chatd.client.ui.frontend import Address
from chatd.client.ui.hints import greeting, hint, liveliest
from chatd.protocol.received import RoomInfo, RoomList

HERE = Address("localhost", 9999)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (
            {"server": "chatd 0.1.0", "room_count": 3, "user_count": 7},
            "Connected to localhost:9999 (chatd 0.1.0): 3 rooms, 7 people.",
        ),
        (
            {"server": "chatd 0.1.0", "room_count": 1, "user_count": 1},
            "Connected to localhost:9999 (chatd 0.1.0): 1 room, 1 person.",
        ),
        ({}, "Connected to localhost:9999."),
        ({"server": 5, "room_count": "many"}, "Connected to localhost:9999."),
        ({"server": "a\x1b[31m"}, "Connected to localhost:9999 (a[31m)."),
    ],
)
def test_greeting(about, words):
    """The line on connecting has what the server says of itself, as far as it does."""
    assert greeting(HERE, about) == words


def test_hint():
    """The hint names a room that exists, and asks for a name unless there is one."""
    state = ClientState()
    assert (
        hint(state)
        == "There is no room yet. Type `enter lobby YourName to start one, `help for more."
    )
    state.known_rooms["tea"] = None
    ending = " to join a room, `list to see all, `help for more."
    assert hint(state) == f"Type `enter tea YourName{ending}"
    assert hint(state, "Ann") == f"Type `enter tea{ending}"
    state.name = "Ann"
    assert hint(state) == f"Type `enter tea{ending}"


def test_liveliest():
    """The room that most people are in comes first."""
    rooms = RoomList((RoomInfo("1", "a"), RoomInfo("2", "b", (("Ann", None),))))
    assert [room.id for room in liveliest(rooms).rooms] == ["2", "1"]
