"""The words of a join, where a room has a key, bans or invited users alone."""

import json

import pytest

from tests.server.tearoom import TeaRoom


@pytest.fixture
def room():
    """Return the room with its users."""
    return TeaRoom()


def test_a_key_on_joining(room):
    """The third word is the key of a room that has one, and a part of the name elsewhere."""
    room.told("`key sesame")
    stranger = room.server.connect()
    needed = ["Server: Chatroom swimming@1 needs its key: `join 1 <chatter_name> <key>."]
    assert stranger.ask("`join 1 Zoe") == needed
    assert stranger.ask("`join 1 Zoe Sesame") == needed
    assert stranger.ask("`enter 1 Zoe sesame") == ["Server: You join @chatroom 1"]
    stranger.ask("`quit")
    assert stranger.ask("`join 1 - sesame") == ["Server: You join @chatroom 1"]
    stranger.ask("`quit")
    room.told("`key off")
    assert stranger.ask("`join 1 Zed sesame") == [
        "Server: Name Zed sesame is not allowed: no blanks, try Zed_sesame."
    ]
    room.told("`key sesame")
    room.told("`private on")
    assert stranger.ask("`join 1 Zed sesame") == ["Server: Chatroom 1 NOT exist!"]
    assert stranger.ask("`enter 1 - sesame")[0].startswith("Server: Name - sesame is not allowed")


def test_a_banned_name_is_refused_first(room):
    """Also where the room is for invited users alone."""
    room.told("`ban Bob")
    room.bob.ask("`exit")
    room.told("`invite-only on")
    stranger = room.server.connect("203.0.113.9")
    assert stranger.ask("`join 1 Bob") == ["Server: You are banned from chatroom swimming@1."]
    only = ["Server: Chatroom swimming@1 is for invited chatters alone."]
    assert stranger.ask("`join 1 Zoe") == only


def test_the_order_of_refusals(room):
    """Not visible, banned, invite-only, key, full, and then that the user is in another room."""
    server = room.server
    stranger = server.connect("203.0.113.9")
    stranger.ask("`format json")

    def code(**arguments):
        frame = json.dumps({"command": "join", "chatroom_id": "1", **arguments})
        return json.loads(stranger.ask(frame)[0]).get("code", "joined")

    server.console("start 9 other")
    stranger.ask('{"command":"join","chatroom_id":"9","chatter_name":"Zoe"}')
    undone = (
        ("`private on", "`unlisted off", "no-such-room"),
        ("`ban Zoe", "`unban Zoe", "banned-from-room"),
        ("`invite-only on", "`invite-only off", "invite-only"),
        ("`key sesame", "`key off", "wrong-key"),
        ("`limit 3", "`limit off", "room-full"),
    )
    for typed, _, _ in undone:
        room.told(typed)
    for _, undo, expected in undone:
        assert code(chatter_name="Zed") == expected
        room.told(undo)
    assert code(chatter_name="Zed") == "in-a-room"
    assert code() == "joined"


def test_a_room_that_is_full(room):
    """The words have the number."""
    room.told("`limit 1")
    stranger = room.server.connect()
    assert stranger.ask("`join 1 Zoe") == ["Server: Chatroom swimming@1 is full (at most 1)."]


def test_a_topic_that_was_removed_keeps_no_room(room):
    """A room with a topic stays, though nobody ever said anything there."""
    guest = room.server.connect()
    guest.ask("`start 9 nine")
    guest.ask("`quit")
    guest.ask("`join 9 Gus")
    nine = room.server.service.chat.room("9")
    for typed, is_needed in (("`topic all", True), ("`topic -", False)):
        guest.ask(typed)
        guest.ask("`quit")
        assert nine.is_needed == is_needed
        guest.ask("`join 9")
        room.server.console("op Gus 9")
