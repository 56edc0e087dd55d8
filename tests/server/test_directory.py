"""Rooms while the store works: other calls wait, and nothing is lost if the store fails."""

import pytest

from chatd.core.errors import StoreUnavailableError
from chatd.testing import MemoryServer, SlowStore

UNAVAILABLE = "The server cannot reach its store now, try again later."


@pytest.fixture
def store():
    """Return a store whose changes of rooms wait until the test lets them through."""
    store = SlowStore()
    store.room_gate.shut = True
    return store


@pytest.fixture
def server(store):
    """Return a server on it, with two rooms."""
    return MemoryServer(store=store, max_rooms=4, rooms=(("1", "tea"), ("2", "food")))


def test_many_enter_a_new_room(server, store):
    """All are in the room once the store has it; it is created once."""
    clients = [server.connect() for _ in range(3)]
    for number, client in enumerate(clients):
        client.send(f"`enter X Guest{number}")
    starter = server.connect()
    starter.send("`start x other")
    assert len(store.room_gate.waiting) == 1
    assert server.connect().ask("`join X Zed") == ["Server: Chatroom X NOT exist!"]
    store.room_gate.let_through(1)
    for client in clients:
        assert "Server: You join @chatroom X" in client.read()
    assert starter.read() == ["Server: Chatroom X exists!"]
    assert store.room_gate.waiting == []


def test_many_enter_in_vain(server, store):
    """If the store fails, all are told, and none of them tries again."""
    clients = [server.connect() for _ in range(3)]
    for number, client in enumerate(clients):
        client.send(f"`enter X Guest{number}")
    store.room_gate.waiting.pop(0).errback(StoreUnavailableError())
    assert [client.read() for client in clients] == [[f"Server: {UNAVAILABLE}"]] * 3
    assert store.room_gate.waiting == []
    clients[0].send("`enter X Guest1")
    store.room_gate.let_through(1)
    assert clients[0].read() == ["Server: You join @chatroom X"]


def test_a_room_being_created_counts(server, store):
    """Rooms that the store adds count for the limit of rooms."""
    first, second, third = (server.connect() for _ in range(3))
    first.send("`start 3 x")
    second.send("`start 4 x")
    assert third.ask("`start 5 x") == ["Server: Too many chatrooms (at most 4)."]
    store.room_gate.waiting.pop(0).errback(StoreUnavailableError())
    third.send("`start 5 x")
    store.room_gate.let_through(1)
    store.room_gate.let_through(1)
    assert third.read() == ["Server: Chatroom 5 started!"]


def test_a_room_being_ended(server, store):
    """The room is gone immediately; its creation waits until the store has removed it."""
    ann = server.join("1", "Ann")
    ann.send("one")
    lines = server.console("end 1")
    assert lines == []
    assert ann.read() == ["Administrator: chatroom is being closed by the Administrator."]
    assert ann.ask("hello") == ["Server: Join a room first!"]
    assert ann.ask("`join 1") == ["Server: Chatroom 1 NOT exist!"]
    ann.send("`enter 1")
    store.room_gate.let_through(1)
    assert lines == ["Administrator: chatroom 1 closed."]
    store.room_gate.let_through(1)
    assert ann.read() == ["Server: You join @chatroom 1"]
    assert ann.ask("`list")[0].startswith("Server: \nfood@2: no chatters!\n1@1: Ann@")


def test_a_room_that_cannot_be_ended(server, store):
    """The room is there again, empty, in its place, and its ids continue."""
    ann = server.join("1", "Ann")
    ann.send("one", "two")
    lines = server.console("end 1")
    server.console("start 3 x")
    store.room_gate.waiting.pop(1).callback(None)
    store.room_gate.waiting.pop(0).errback(StoreUnavailableError())
    assert lines == [f"Administrator: {UNAVAILABLE}"]
    ann.read()
    assert ann.ask("`list") == [
        "Server: \ntea@1: no chatters!\nfood@2: no chatters!\nx@3: no chatters!\n"
    ]
    ann.ask("`format json")
    assert '"last":2' in ann.ask('{"command":"join","chatroom_id":"1"}')[0]


def test_a_start_that_ends_with_its_client(server, store):
    """A user whose connection ends during the `join` is in no room, and the name is free."""
    ann = server.connect()
    ann.send("`enter X Ann")
    ann.lose()
    store.room_gate.let_through(1)
    bob = server.connect()
    assert bob.ask("`join X Ann") == ["Server: You join @chatroom X"]
