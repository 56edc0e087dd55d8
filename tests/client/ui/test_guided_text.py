"""The lines of guided mode."""

import time

import pytest

from chatd.client.model.state import ClientState
from chatd.client.ui.guided_text import (
    chat_line,
    event_lines,
    info,
    people_lines,
    plain,
    room_lines,
)
from chatd.core.events import (
    Joined,
    LeaveReason,
    Left,
    Message,
    PrivateMessage,
    Renamed,
    RoomClosed,
)
from chatd.protocol.received import Ok, RoomInfo, RoomList


@pytest.fixture(autouse=True)
def zone(monkeypatch):
    """Set the local time to UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def state():
    """Return the state of prachi in room 1."""
    state = ClientState()
    state.update(Ok("enter", "…", None, {"room": "1", "name": "prachi"}))
    return state


def test_plain():
    """A plain line has its words and no time."""
    line = plain("Bye")
    assert (line.text, line.stamped) == ("Bye", False)


def test_info():
    """A notice starts with INFO instead of the server's name."""
    line = info("Server: Be kind.", failed=True)
    assert (line.text, line.look, line.failed) == ("INFO> Be kind.", "info", True)


def test_chat_line():
    """A message has its speaker, its time, and the reader's name in its text."""
    line = chat_line(Message("1", 1, "Bob", "hi\nPrachi", 1795186288.0), "prachi")
    assert line.text == "Bob> [14:51:28] hi\n  Prachi"
    assert (line.name, line.talk, line.mention) == ("Bob", True, "Prachi")


@pytest.mark.parametrize(
    ("event", "texts"),
    [
        (Joined("1", "Bob", ("::1", 5), 0.0), ["INFO> Bob joined room [1] from <[::1]:5>"]),
        (Joined("1", "Bob", None, 0.0), ["INFO> Bob joined room [1]"]),
        (Left("1", "Bob", None, LeaveReason.LOGOUT, 0.0), ["INFO> Bob left room [1]."]),
        (
            Left("1", "Bob", None, LeaveReason.KICKED, 0.0),
            ["INFO> Administrator: Bob was kicked out."],
        ),
        (PrivateMessage("Bob", "psst", 0.0), ["INFO> Bob (secret): psst"]),
        (PrivateMessage("prachi", "psst", 0.0, "Bob"), ["INFO> prachi (secret to Bob): psst"]),
        (Renamed("Bob", "Rob", 0.0), ["INFO> Bob is now known as Rob."]),
        (
            RoomClosed("1", 0.0),
            ["INFO> Administrator: chatroom is being closed by the Administrator."],
        ),
        (Ok("exit", "Goodbye!"), []),
    ],
)
def test_event_lines(event, texts):
    """Each event has its words; the reply to `exit` has none."""
    assert [line.text for line in event_lines(event)] == texts


def test_room_lines():
    """Each room is shown with its name if that is not its id, and the number of its members."""
    rooms = RoomList((RoomInfo("1", "tea", (("Bob", None),)), RoomInfo("food", "food")))
    texts = [line.text for line in room_lines(rooms)]
    assert texts == ["<---- CHAT ROOMS ---->", "* 1 (tea) <1>", "* food <0>", ""]


def test_people_lines(state):
    """The members of the user's own room are shown, with their addresses if there are any."""
    members = (("Bob", ("127.0.0.1", 5)), ("prachi", None), ("Eve", "unix"))
    rooms = RoomList((RoomInfo("1", "tea", members), RoomInfo("2", "food", (("Al", None),))))
    lines = people_lines(rooms, state)
    assert [line.text for line in lines] == [
        "<---- PEOPLE ONLINE ---->",
        "* Bob <127.0.0.1:5>",
        "* prachi",
        "* Eve <unix>",
        "",
    ]
    assert [line.text for line in lines if line.own] == ["* prachi"]


def test_people_of_a_room_that_is_gone(state):
    """A user who is no longer in a room sees no members."""
    state.update(RoomClosed("1", 0.0))
    assert people_lines(RoomList((RoomInfo("1", "tea", (("Bob", None),)),)), state) == []
