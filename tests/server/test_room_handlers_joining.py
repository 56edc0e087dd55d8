"""The words of a join, where a room has a key, bans or invited users alone."""

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
