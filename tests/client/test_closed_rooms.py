"""Rooms that not everybody may join, with a client on a pipe and a server in memory."""

import pytest


@pytest.fixture
def bob(rooms):
    """Return the operator of the room `club`."""
    return rooms.join("club", "Bob")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("invite-only on", "Server: Chatroom club@club is for invited chatters alone."),
        ("limit 1", "Server: Chatroom club@club is full (at most 1)."),
        ("private on", "Server: Chatroom club NOT exist!"),
    ],
)
def test_refused(harness, bob, command, words):
    """The words are those of the server."""
    bob.ask(f"`{command}")
    assert harness.type("`join club Alice") == [words]


def test_banned(harness, bob):
    """A user who is banned leaves the room, and cannot return."""
    harness.type("`join club Alice")
    bob.ask("`ban Alice 5 spam")
    assert harness.read() == ["Server: You are banned from chatroom club@club: spam"]
    assert harness.client.frontend.state.rooms == []
    assert harness.type("`join club") == ["Server: You are banned from chatroom club@club."]


def test_key(harness, bob):
    """The client returns to a room with the key that the user has typed."""
    bob.ask("`key fish")
    assert "needs its key" in harness.type("`join club Alice")[0]
    assert harness.type("`join club Alice fish") == ["Server: You join @chatroom club"]
    harness.endpoint.peer.lose()
    harness.read()
    assert "Server: You join @chatroom club" in harness.wait(1)


def test_key_that_the_user_has_set(harness, rooms):
    """The client returns to a room with the key that its user has set there."""
    harness.type("`enter den Alice", "`key fish")
    rooms.join("tea", "Bob").ask("`join den - fish")
    harness.endpoint.peer.lose()
    harness.read()
    assert "Server: You join @chatroom den" in harness.wait(1)


def test_invited(harness, bob):
    """A user who is invited reads so, and may join."""
    bob.ask("`private on")
    harness.type("`join 1 Alice")
    bob.ask("`invite Alice")
    assert harness.read() == ["Server: Bob invited you to chatroom club@club."]
    assert harness.type("`join club") == ["Server: You join @chatroom club"]
