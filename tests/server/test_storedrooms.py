"""Rooms in the world and in the store: other calls wait, nothing is lost if the store fails."""

import pytest
from twisted.internet.defer import Deferred

from chatd.core.errors import ErrorCode, StoreUnavailableError
from chatd.core.world.account_operations import EndNode
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore

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


@pytest.mark.parametrize("frame", ["`start 9 new", "`enter 9 Ann", None])
def test_the_time_of_the_creation(server, store, frame):
    """It is that of the request by the wall clock, in the world and in the store."""
    server.clock_offset = 1000.0
    if frame is None:
        server.console("start 9 new")
    else:
        server.connect().send(frame)
    server.turn(5)
    store.room_gate.let_through(1)
    assert server.service.chat.room("9").created == 1000.0
    store.crash()
    assert store.open([]).rooms[-1].created == 1000.0


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


def test_a_start_that_waits_for_an_end_and_ends_with_its_client(server, store):
    """No room is started, and nothing is known of the session any more."""
    lines = server.console("end 1")
    ann = server.connect()
    ann.send("`start 1 new")
    ann.lose()
    store.room_gate.let_through(1)
    assert lines == ["Administrator: chatroom 1 closed."]
    assert (store.room_gate.waiting, server.service.world.sessions) == ([], {})
    assert server.service.world.rooms.find("1") is None


def test_a_room_of_a_server_that_was_taken_for_dead(server, store):
    """The creation is refused: another server may create the room meanwhile."""
    started = Deferred.fromCoroutine(server.service.chat.create_room("9", "new", 0.0))
    server.service.oplog.submit(EndNode("local", 0))
    store.room_gate.let_through(1)
    started.addErrback(lambda failure: failure.value.code)
    assert started.result is ErrorCode.UNAVAILABLE
    assert server.service.world.rooms.find("9") is None


# -- the rooms of an account


def start_rooms(client, count, prefix="r"):
    """Ask for rooms; return how many were started, and the other answers."""
    client.read()
    client.send(*(f"`start {prefix}{number} room" for number in range(count)))
    answers = client.read()
    started = [answer for answer in answers if answer.endswith(" started!")]
    return len(started), {answer for answer in answers if answer not in started}


REFUSAL = {"Server: You may own at most 20 chatrooms."}


def test_an_account_owns_a_bounded_number_of_rooms():
    """All its sessions together have one limit, also after a restart."""
    store = MemoryStore()
    server = MemoryServer(store=store)
    ann, other = server.connect(), server.connect()
    ann.send("`register Ann password")
    other.send("`login Ann password")
    assert start_rooms(ann, 15) == (15, set())
    assert start_rooms(other, 100, "s") == (5, REFUSAL)
    server.service.stopService()
    server = MemoryServer(store=store)
    ann = server.connect()
    ann.send("`login Ann password")
    assert start_rooms(ann, 1, "t") == (0, REFUSAL)
    server.console("end r0")
    assert start_rooms(ann, 2, "t") == (1, REFUSAL)


def test_a_removed_account_owns_nothing():
    """Its rooms stay, and the next account of the name starts from none."""
    server = MemoryServer(rooms_per_account=2)
    ann = server.connect()
    ann.send("`register Ann password")
    assert start_rooms(ann, 2) == (2, set())
    server.console("unregister Ann")
    ann = server.connect()
    ann.send("`register Ann password")
    assert start_rooms(ann, 2, "s") == (2, set())


def test_no_limit_on_own_rooms():
    """With 0 an account may own any number; a guest and the administrator have no such limit."""
    server = MemoryServer(rooms_per_account=0)
    ann = server.connect()
    ann.send("`register Ann password")
    assert start_rooms(ann, 30) == (30, set())
    server = MemoryServer(rooms_per_account=1)
    assert start_rooms(server.connect(), 3) == (3, set())
    server.console("start a a")
    assert server.console("start b b") == ["Administrator: Chatroom b started!"]


def test_a_server_that_stops_while_rooms_change(server, store):
    """A room that the store adds is there; if the store fails, each call that waits is answered."""
    added = server.console("start 8 eight")
    failed, behind = server.console("start 9 nine"), server.console("start 9 again")
    server.service.stopService()
    store.room_gate.let_through(1)
    store.room_gate.waiting.pop(0).errback(StoreUnavailableError())
    server.turn(1)
    assert added == ["Administrator: Chatroom 8 started!"]
    assert failed == behind == [f"Administrator: {UNAVAILABLE}"]


def test_a_room_that_cannot_be_removed_keeps_its_mutes(server, store):
    """A user who was muted there is muted still."""
    server.join("1", "Bob")
    server.console("mute Bob 1")
    server.console("end 1")
    store.room_gate.waiting.pop(0).errback(StoreUnavailableError())
    bob = server.connect()
    bob.send("`join 1 Bobby")
    assert server.console("unmute Bob 1") == ["Administrator: Bob was unmuted in chatroom 1."]
