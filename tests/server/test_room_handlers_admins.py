"""Administrators act in rooms in which they are no members, and their acts are in the audit."""

import json

import pytest

from tests.server.tearoom import TeaRoom


@pytest.fixture
def room():
    """Return the room with its users."""
    return TeaRoom()


def test_an_administrator_acts_from_elsewhere(room):
    """A program names the room; the room reads the name of the account."""
    room.amy.ask("`format json")

    def ask(command, **arguments):
        frame = json.dumps({"command": command, "chatroom_id": "SWIMMING", **arguments})
        return json.loads(room.amy.ask(frame)[-1])

    reply = ask("mute", chatter_name="bob", minutes="5")
    assert (reply["event"], reply["room"], reply["name"]) == ("reply", "1", "Bob")
    assert room.read()[1] == ["Server: You may not talk in chatroom swimming@1."]
    assert [entry["name"] for entry in ask("bans")["entries"]] == ["Bob"]
    assert ask("unmute", chatter_name="Bob")["event"] == "reply"
    assert ask("topic", text="Rules")["event"] == "reply"
    assert room.read()[0][-1] == "Server: amy set the topic: Rules"
    assert ask("topic")["topic"] == "Rules"
    assert ask("kick", chatter_name="alice", reason="spam")["event"] == "reply"
    assert ask("private", private="on")["private"] is True
    assert ask("invite", chatter_name="alice")["event"] == "reply"
    assert ask("op", chatter_name="alice")["code"] == "outranked"
    assert ask("deop", chatter_name="Cathy")["code"] == "no-such-role"
    assert ask("say", text="hi")["code"] == "not-in-room"
    assert ask("history")["code"] == "not-in-room"
    assert ask("end") == {
        "event": "reply",
        "command": "end",
        "text": "chatroom 1 closed.",
        "room": "1",
    }
    assert ask("end")["code"] == "no-such-room"


@pytest.mark.parametrize("frame", [
    {"command": "mute", "chatter_name": "Bob"},
    {"command": "topic", "text": "Rules"},
    {"command": "topic"},
    {"command": "private"},
    {"command": "end"},
])  # fmt: skip
def test_others_act_in_their_rooms_alone(room, frame):
    """An owner does not act from elsewhere, nor without a current room."""
    room.alice.ask("`quit")
    room.alice.ask("`format json")
    (error,) = map(json.loads, room.alice.ask(json.dumps({**frame, "chatroom_id": "1"})))
    assert (error["code"], error["text"]) == ("not-in-room", "Join chatroom 1 first!")
    (error,) = map(json.loads, room.alice.ask(json.dumps(frame)))
    assert error["code"] == "in-no-room"


def test_the_audit(room):
    """It has the acts of administrators alone, with what they did, and no key."""
    room.amy.ask("`join 1")
    for typed in (
        *("`kick Bob spam", "`mute Cathy 5", "`unmute Cathy", "`ban Cathy 5 more spam"),
        *("`unban Cathy", "`topic About tea", "`limit 5", "`key sesame", "`private on"),
        *("`topic", "`limit", "`kick Nobody", "`end"),
    ):
        room.amy.ask(typed)
    lines = [line for line in room.audit() if line.startswith("amy ")]
    assert len(lines) == 10
    assert not [line for line in lines if "sesame" in line or "Nobody" in line]
    assert any("Bob" in line and "spam" in line for line in lines)
    other = TeaRoom()
    other.told("`kick Bob spam")
    other.told("`end")
    assert not [line for line in other.audit() if "alice" in line]
