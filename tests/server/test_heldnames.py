"""Names that are held after a lost connection, by way of sessions that use JSON."""

import json

import pytest
from twisted.internet.task import Clock

from chatd.core.rooms import User
from chatd.server import heldnames
from chatd.server.heldnames import HOLD_SECONDS, HeldNames
from chatd.testing import MemoryServer

IN_USE = ["Server: Name Alice is already in use!"]


def ask(client, command, **arguments):
    """Send a request in JSON; return the last thing that comes."""
    return json.loads(client.ask(json.dumps({"command": command, **arguments}))[-1])


def connect(server):
    """Return a client that uses JSON, and its token."""
    client = server.connect("203.0.113.9")
    return client, json.loads(client.ask("`format json")[0])["session"]


@pytest.fixture
def server():
    """Return a server with a room."""
    return MemoryServer(rooms=(("1", "tea"),))


@pytest.fixture
def token(server):
    """Return the token of the guest Alice, whose connection was lost."""
    client, token = connect(server)
    ask(client, "join", chatroom_id="1", chatter_name="Alice")
    client.lose()
    return token


def test_a_name_is_held_for_its_token(server, token):
    """Nobody else gets the name or one that looks alike, by any way; the token gets it at once."""
    thief = server.connect()
    for request in (
        "join 1 Alice",
        "enter 1 alice",
        "rename A1ice",
        "register Alice pass-word",
    ):
        assert "already in use" in thief.ask(f"`{request}")[0]
    assert thief.ask("`list") == ["Server: \ntea@1: no chatters!\n"]
    assert thief.ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    assert thief.ask("`secret Alice hi") == ["Server: Chatter Alice NOT found!"]
    assert thief.ask("`rename Alice") == IN_USE
    assert not [line for line in server.console("who") if "Alice" in line]
    client, _ = connect(server)
    assert ask(client, "resume", session=token)["name"] == "Alice"
    assert ask(client, "join", chatroom_id="1")["name"] == "Alice"
    assert thief.ask("`rename Alice") == ["Alice: joined us @chatroom 1.", *IN_USE]


def test_a_name_is_held_for_a_minute(server, token):
    """Then another user may take it; the token does not get it back from them."""
    thief = server.connect()
    server.turn(HOLD_SECONDS - 1)
    assert thief.ask("`rename Alice") == IN_USE
    server.turn(1)
    assert thief.ask("`rename Alice") == ["Server: You are now known as Alice."]
    assert ask(connect(server)[0], "resume", session=token)["code"] == "name-in-use"
    assert thief.ask("`join 1") == ["Server: You join @chatroom 1"]


def test_a_token_that_is_late_gets_a_free_name(server, token):
    """A guest resumes after the minute as well, if nobody has taken the name."""
    server.turn(HOLD_SECONDS)
    assert ask(connect(server)[0], "resume", session=token)["name"] == "Alice"


def test_a_name_is_held_again_after_each_loss(server, token):
    """The second minute begins with the second loss, and the first one ends nothing."""
    server.turn(HOLD_SECONDS / 2)
    client, new_token = connect(server)
    ask(client, "resume", session=token)
    client.lose()
    server.turn(HOLD_SECONDS - 1)
    assert server.connect().ask("`rename Alice") == IN_USE
    assert ask(connect(server)[0], "resume", session=new_token)["name"] == "Alice"


def test_a_guest_who_is_aborted_by_a_flood(server):
    """A client that gets more than it can read keeps its name, as after any lost connection."""
    client, token = connect(server)
    ask(client, "join", chatroom_id="1", chatter_name="Alice")
    thief = server.join("1", "Bob")
    client.protocol.send_queue.pauseProducing()
    thief.send(*[f"`secret Alice {'x' * 10_000}"] * 120)
    for _ in range(4):
        server.turn()
    assert client.closed
    thief.read()
    assert thief.ask("`rename Alice") == IN_USE
    assert ask(connect(server)[0], "resume", session=token)["name"] == "Alice"


@pytest.mark.parametrize("end", ["exit", "idle", "ban", "text", "closed"])
def test_after_which_end_a_name_is_held(end):
    """A name is free at once after an orderly end, or without a token."""
    server = MemoryServer(rooms=(("1", "tea"),), idle_timeout=30)
    client, _ = connect(server)
    if end == "text":
        client = server.connect()
        client.ask("`join 1 Alice")
        client.lose()
    else:
        ask(client, "join", chatroom_id="1", chatter_name="Alice")
    if end == "exit":
        ask(client, "exit")
    elif end == "idle":
        server.turn(30)
    elif end == "ban":
        server.console("ban Alice")
        server.console("unban Alice")
    elif end == "closed":
        client.half_close()  # as the system does for a client that has crashed
    server.turn()
    taken = server.connect().ask("`rename Alice")
    assert taken == (IN_USE if end == "closed" else ["Server: You are now known as Alice."])


def test_a_name_that_is_being_registered_when_the_connection_is_lost(server):
    """The end of another request for the name does not free it."""
    directory = server.service.directory
    user = User(None)
    directory._names.add("Alice", user)
    directory.assign_name(user, "Alice")
    directory.hold_name(user)
    directory.release_name(user, "Alice")
    assert server.connect().ask("`rename Alice") == IN_USE
    server.turn(HOLD_SECONDS)
    assert directory.find_user("Alice") is None


def test_limits(monkeypatch):
    """So many names are held at once, for one address and in all, and each is counted off."""
    monkeypatch.setattr(heldnames, "MAX_HELD", 3)
    monkeypatch.setattr(heldnames, "MAX_HELD_PER_ORIGIN", 2)
    clock, removed = Clock(), []
    held = HeldNames(clock, lambda user: removed.append(held.remove(user)))
    users = [User(("203.0.113.9", number)) for number in range(3)]
    assert [held.add(user, "a") for user in users] == [True, True, False]
    local = [User(("127.0.0.1", number)) for number in range(2)]
    assert [held.add(user, "b") for user in local] == [True, False]
    clock.advance(HOLD_SECONDS)
    assert removed == ["a", "a", "b"]
    assert [held.find(user) for user in (*users, *local)] == [""] * 5
    assert [held.add(user, "a") for user in users] == [True, True, False]
    assert held.remove(users[0]) == "a"
    assert held.remove(users[0]) == ""
    assert held.add(users[2], "c")
