"""The lines of guided mode."""

import time
from dataclasses import replace

import pytest

from chatd.client.model.effects import Backfill, ConnectionStatus, Incoming, Recent, Unconfirmed
from chatd.client.model.state import ClientState
from chatd.client.ui.guided_text import (
    info,
    people_lines,
    plain,
    room_lines,
    update_lines,
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
from chatd.core.room_events import Invited, ReadUpTo, RoleChanged, RoomChanged
from chatd.protocol.received import Ok, RoomInfo, RoomList
from chatd.protocol.room_replies import Found
from tests.client.ui.frontends import server_reply


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


NOW = 1795186288.0 + 60


def shown(event, state):
    """Return the texts of the lines for an event or a reply."""
    return [line.text for line in update_lines(Incoming(event, 1), state, NOW)]


def test_message(state):
    """A message has its speaker, its time, and the reader's name in its text."""
    said = Message("1", 1, "Bob", "hi\nPrachi", 1795186288.0)
    (line,) = update_lines(Incoming(said, 1), state, NOW)
    assert line.text == "Bob> [14:51:28] hi\n  Prachi"
    assert (line.name, line.talk, line.mention) == ("Bob", True, "Prachi")


def test_old_messages(state):
    """Missed messages have a heading, once; a deleted one has no text."""
    said = Message("1", 1, "Bob", "", 1795186288.0, is_deleted=True)
    row = "Bob> [14:51:28] (deleted)"
    first = Backfill("1", (said,), True)
    heading = "INFO> While you were away, in chatroom 1:"
    assert [each.text for each in update_lines(first, state, NOW)] == [heading, row]
    more = replace(first, first=False)
    assert [each.text for each in update_lines(more, state, NOW)] == [row]
    assert [each.text for each in update_lines(Recent("1", (said,)), state, NOW)] == [row]
    assert update_lines(Recent("2", (said,)), state, NOW) == []


def test_status(state):
    """A change of the connection, and a message that may be lost, are notices."""
    assert [each.text for each in update_lines(ConnectionStatus.LOST, state, NOW)] == [
        "INFO> Connection lost."
    ]
    (line,) = update_lines(Unconfirmed("hi"), state, NOW)
    assert (line.text, line.failed) == ("INFO> Perhaps not delivered: hi", True)


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
        (
            Left("1", "Bob", None, LeaveReason.BANNED, 0.0, by="Ann", text="spam"),
            ["INFO> Bob was banned by Ann: spam"],
        ),
        (Left("1", "Bob", None, LeaveReason.BANNED, 0.0), ["INFO> Bob left room [1]."]),
        (RoomChanged("1", "Ann", 0.0, {"topic": "laps"}), ["INFO> Ann set the topic: laps"]),
        (
            Ok("topic", "Topic of tea@1: laps", None, {"topic": "laps"}),
            ["INFO> Topic of tea@1: laps"],
        ),
        (RoleChanged("1", "Bob", "operator", "Ann", 0.0), ["INFO> Bob is now an operator."]),
        (Invited("2", "food", "Ann", 0.0), ["INFO> Ann invited you to chatroom food@2."]),
        (
            PrivateMessage("Bob", "psst", 1795186288.0, is_kept=True),
            ["INFO> [14:51:28] Bob (secret): psst"],
        ),
        (Ok("exit", "Goodbye!"), []),
        (Ok("kick", "Bob was kicked out."), []),
        (ReadUpTo("1", 7), []),
    ],
)
def test_events(state, event, texts):
    """Each event has its words; what is for the program has none."""
    assert shown(event, state) == texts


def test_found(state):
    """The messages of a search have their ids, and times as all others."""
    old = Message("1", 7, "Bob", "green tea", 1795186288.0 - 86400)
    reply = server_reply(Found((old,), "green", more=True))
    assert shown(reply, state) == [
        "#7 Bob> [2026-11-19 14:51:28] green tea",
        "… older ones: `search green #before:7",
    ]
    assert shown(server_reply(Found((), "green")), state) == ["INFO> No messages found!"]


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
