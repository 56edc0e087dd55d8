"""How far accounts have read rooms: what their sessions are told, and what the store gets."""

import json

import pytest

from chatd.core import readmarks
from chatd.core.errors import StoreUnavailableError
from chatd.core.readmarks import WRITE_SECONDS
from chatd.storage.testing import result
from chatd.testing import MemoryServer
from chatd.testing_cluster import MemoryCluster
from chatd.testing_slow import SlowStore

WORD = "staple-battery"


@pytest.fixture
def store():
    """Return a store with gates; `writes` has the marks of each write."""
    store = SlowStore()
    store.writes, write = [], store.raise_read_marks

    async def note(marks):
        await write(marks)
        store.writes.append([(mark.room, mark.id) for mark in marks])

    store.raise_read_marks = note
    return store


@pytest.fixture
def server(store):
    """Return a server with two rooms, in the first of which nine messages were said, and amy."""
    rooms = (("1", "tea"), ("2", "food"))
    server = MemoryServer(store=store, rooms=rooms, rooms_per_client=2)
    server.connect().ask(f"`register amy {WORD}")
    server.join("1", "Ann").send(*"abcdefghi")
    return server


def ask(client, command, **arguments):
    """Send a request in JSON; return the last event that comes back."""
    return json.loads(client.ask(json.dumps({"command": command, **arguments}))[-1])


def log_in(server, room=None):
    """Return a session of amy that uses JSON, and has joined a room if one is given."""
    client = server.connect()
    client.ask("`format json")
    ask(client, "login", username="amy", password=WORD)
    if room is not None:
        ask(client, "join", chatroom_id=room)
    return client


def read(client, message_id, room="1"):
    """Tell that a room was read up to a message; return the id in the reply."""
    reply = ask(client, "read", chatroom_id=room, id=message_id)
    assert (reply["event"], reply["room"]) == ("reply", room)
    return reply["id"]


def told(client):
    """Return up to which messages another session has read, as a client was told it."""
    events = map(json.loads, client.read())
    return [(event["room"], event["id"]) for event in events if event["event"] == "read"]


def mark_on_joining(server, room="1"):
    """Return the mark that a new session reads as it joins a room, None if there is none."""
    return ask(log_in(server), "enter", chatroom_id=room).get("read")


def stored(server, room="1"):
    """Return the mark that is in the store."""
    account = server.service.world.find_account("amy")
    return result(server.service.store.read_mark(account.id, room))


# -- marks


def test_the_other_sessions_are_told(server):
    """Not the one that has read, and nobody else."""
    first, second = log_in(server, "1"), log_in(server, "1")
    bob = server.connect()
    bob.ask("`format json")
    ask(bob, "join", chatroom_id="1", chatter_name="Bob")
    first.read()
    assert read(first, 7) == 7
    assert (told(first), told(second), told(bob)) == ([], [("1", 7)], [])


def test_in_the_current_room(server):
    """A request that names no room is about that one."""
    first = log_in(server, "1")
    reply = ask(first, "read", id=3)
    assert (reply["room"], reply["id"]) == ("1", 3)
    assert reply["text"] == "Messages up to 3 are read."


def test_never_backwards(server):
    """A lower id, or the same, is ignored, also once the mark is stored."""
    first, second = log_in(server, "1"), log_in(server, "1")
    first.read()
    assert read(first, 7) == 7
    assert [read(second, 7), read(second, 0)] == [7, 7]
    server.turn(WRITE_SECONDS)
    assert read(second, 3) == 7
    assert (told(first), mark_on_joining(server)) == ([], 7)


def test_no_further_than_the_newest_message(server):
    """A higher id stands for that."""
    first = log_in(server, "1")
    assert read(first, 999_999_999_999_999) == 9
    assert mark_on_joining(server) == 9


def test_refused(server):
    """Guests have no marks; the user must be in the room, and the id is a number."""
    amy, bob = log_in(server, "1"), server.connect()
    bob.ask("`format json")
    assert ask(bob, "read", chatroom_id="1", id=1)["code"] == "not-in-room"
    ask(bob, "join", chatroom_id="1", chatter_name="Bob")
    assert ask(bob, "read", id=1)["code"] == "login-first"
    assert ask(amy, "read", chatroom_id="2", id=1)["code"] == "not-in-room"
    assert ask(amy, "read", chatroom_id="1", id=-1)["code"] == "usage"
    assert "read" not in ask(bob, "join", chatroom_id="2")


# -- on joining


def test_on_joining(server):
    """The mark is in the reply to `join` and `enter`, once there is one."""
    assert mark_on_joining(server) is None
    first = log_in(server, "1")
    read(first, 4)
    assert mark_on_joining(server) == 4
    ask(first, "quit")
    assert ask(first, "join", chatroom_id="tea")["read"] == 4


def test_after_a_restart(server, store):
    """The mark comes from the store."""
    read(log_in(server, "1"), 5)
    server.service.stopService()
    server.turn(5)
    again = MemoryServer(store=store, rooms=(("1", "tea"),))
    assert mark_on_joining(again) == 5


def test_of_several_servers():
    """Each knows the marks at once; the one that a mark was set on writes it."""
    cluster = MemoryCluster(rooms=(("1", "tea"),))

    def request(client, command, **arguments):
        client.send(json.dumps({"command": command, **arguments}))
        cluster.settle(0.5)
        return [json.loads(frame) for frame in client.read()][-1]

    clients = [server.connect() for server in (*cluster.servers.values(),) * 2]
    for command, client in zip(("register", *("login",) * 3), clients, strict=True):
        client.send("`format json")
        request(client, command, username="amy", password=WORD)
    first, second, *others = clients
    request(first, "join", chatroom_id="1")
    for text in "abc":
        request(first, "say", text=text)
    request(first, "read", id=2)
    assert told(second) == [("1", 2)]
    assert [request(client, "join", chatroom_id="1")["read"] for client in others] == [2, 2]
    cluster.settle(WRITE_SECONDS)
    account = cluster.servers["n1"].service.world.find_account("amy")
    assert result(cluster.store.read_mark(account.id, "1")) == 2


def test_while_the_store_waits(server, store):
    """A mark that is set meanwhile is in the reply; the user is not in the room before."""
    first, second = log_in(server, "1"), log_in(server)
    server.service.read_marks._marks.clear()
    store.mark_gate.shut = True
    ask_again = json.dumps({"command": "join", "chatroom_id": "1"})
    assert second.ask(ask_again) == []
    assert read(first, 6) == 6
    store.mark_gate.open()
    (reply,) = [json.loads(frame) for frame in second.read() if '"reply"' in frame]
    assert reply["read"] == 6


def test_while_the_store_is_away(server, store):
    """The user joins; there is no mark."""
    read(log_in(server, "1"), 6)
    server.service.read_marks._marks.clear()
    store.mark_gate.error = StoreUnavailableError()
    client = log_in(server)
    reply = ask(client, "join", chatroom_id="1")
    assert (reply["event"], reply["last"], reply.get("read")) == ("reply", 9, None)


def test_a_room_that_is_started_again(server):
    """It has no mark, neither in memory nor in the store."""
    first = log_in(server, "1")
    read(first, 7)
    server.console("end 1")
    server.console("start 1 tea")
    assert ask(first, "join", chatroom_id="1").get("read") is None
    server.turn(WRITE_SECONDS)
    assert stored(server) == 0
    first.send(json.dumps({"command": "say", "text": "x"}))
    assert read(first, 99) == 10


# -- in the store


def test_written_together(server, store):
    """Once a second, the last id of each room; nothing if nothing was read."""
    first = log_in(server, "1")
    ask(first, "join", chatroom_id="2")
    for message_id in (1, 2, 5):
        read(first, message_id)
    first.send(json.dumps({"command": "say", "text": "x", "chatroom_id": "2"}))
    read(first, 1, "2")
    assert store.writes == []
    server.turn(WRITE_SECONDS)
    assert store.writes == [[("1", 5), ("2", 1)]]
    server.turn(WRITE_SECONDS)
    assert len(store.writes) == 1


def test_written_at_the_stop(server, store):
    """Before the store is closed."""
    read(log_in(server, "1"), 7)
    server.service.stopService()
    server.turn(5)
    assert store.writes == [[("1", 7)]]


def test_written_after_an_outage(server, store):
    """Each write is tried again, with what was read since; what failed last may be stored twice."""
    first = log_in(server, "1")
    store.mark_gate.error = StoreUnavailableError()
    for message_id in (3, 4):
        read(first, message_id)
        server.turn(WRITE_SECONDS)
    store.mark_gate.error = None
    server.turn(WRITE_SECONDS)
    assert store.writes == [[("1", 4)]]


def test_stopped_while_they_are_written(server, store):
    """The write is given up, and made again before the store is closed."""
    read(log_in(server, "1"), 7)
    store.mark_gate.shut = True
    server.turn(WRITE_SECONDS)
    assert len(store.mark_gate.waiting) == 1
    store.mark_gate.shut = False
    server.service.stopService()
    server.turn(5)
    assert store.writes == [[("1", 7)]]


def test_a_room_that_ends_during_an_outage(server, store):
    """Its marks are not written to a room that is started again."""
    first = log_in(server, "1")
    store.mark_gate.error = StoreUnavailableError()
    read(first, 7)
    server.turn(WRITE_SECONDS)
    server.console("end 1")
    server.console("start 1 tea")
    store.mark_gate.error = None
    server.turn(WRITE_SECONDS)
    assert (store.writes, stored(server)) == ([], 0)


@pytest.mark.parametrize("is_late", [False, True])
def test_many_marks(server, store, monkeypatch, is_late):
    """The oldest are forgotten, also those that could not be written, or cannot in the end."""
    monkeypatch.setattr(readmarks, "MAX_MARKS", 1)
    gate, first = store.mark_gate, log_in(server, "1")
    ask(first, "join", chatroom_id="2")
    gate.shut, gate.error = is_late, None if is_late else StoreUnavailableError()
    read(first, 7)
    server.turn(WRITE_SECONDS)
    first.send(json.dumps({"command": "say", "text": "x", "chatroom_id": "2"}))
    read(first, 1, "2")
    gate.error = None
    gate.open(StoreUnavailableError())
    server.turn(WRITE_SECONDS)
    assert store.writes == [[("2", 1)]]
