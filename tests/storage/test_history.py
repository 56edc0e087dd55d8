"""History, as clients meet it: `history`, `--replay`, JSON, `stored`; through sessions."""

import json

import pytest

from chatd.core.errors import StoreUnavailableError
from chatd.storage.history import MAX_REPLAYED
from chatd.storage.writer import RETRY_SECONDS, WRITE_DELAY
from chatd.testing import MemoryServer, SlowStore

AT_START = "[1970-01-01 00:00:00]"


@pytest.fixture
def store():
    """Return a store that can be slow or broken."""
    return SlowStore()


@pytest.fixture
def server(store):
    """Return a server on that store, which replays three messages."""
    return MemoryServer(store=store, replay=3, rooms=(("1", "tea"), ("2", "food")))


def program(server, name, room="1"):
    """Return a client that speaks JSON and is in a room, and the reply to its join."""
    client = server.connect()
    client.ask("`format json")
    request = {"command": "join", "chatroom_id": room, "chatter_name": name}
    return client, ask(client, request)[0]


def ask(client, request, server=None):
    """Send a request in JSON; return what comes, after some time if there is a server."""
    client.send(json.dumps(request))
    if server is not None:
        server.turn(WRITE_DELAY)
    return [json.loads(frame) for frame in client.read()]


def shown(server, client, frame="`history"):
    """Return what a client is shown of the history, once it is read."""
    client.send(frame)
    server.turn(WRITE_DELAY)
    return client.read()


def test_history_in_text(server):
    """The last messages, oldest first, one a line; those of a moment ago as well."""
    ann = server.join("2", "Ann")
    server.turn(3)
    ann.send("one", "two\nlines", "`broadcast 2 three")
    assert shown(server, ann, "`history 2") == [
        "Server: \n[1970-01-01 00:00:03] Ann: two\n  lines\n[1970-01-01 00:00:03] Ann: three\n"
    ]
    assert shown(server, ann)[0].count("Ann: ") == 3


def test_history_refused(server):
    """One reads it in one's room alone."""
    ann = server.connect()
    assert ann.ask("`history 5") == ["Server: Join a room first!"]
    ann.ask("`join 1 Ann")
    assert shown(server, ann) == ["Server: No messages in chatroom 1!"]
    for wrong in ("x", "-1", "5 6", "1.5", "٣"):
        assert ann.ask(f"`history {wrong}") == ["Server: Usage: `history [limit]"]
    program_, _ = program(server, "Bob")
    (answer,) = ask(program_, {"command": "history", "chatroom_id": "2"})
    assert answer["code"] == "not-in-room"


def test_who_is_put_out_meanwhile_reads_nothing(server, store):
    """Neither after a kick nor when the room was ended, while the store was reading."""
    for command in ("kick Ann 1", "end 1"):
        ann = server.join("1", "Ann")
        ann.send("hello")
        server.turn(1)
        store.read_gate.shut = True
        ann.send("`history")
        server.console(command)
        ann.read()
        store.read_gate.open()
        assert ann.read() == ["Server: Join a room first!"]
        ann.lose()


def test_history_in_json(server):
    """With `since` the first after it, without it the last; at most `limit`."""
    client, reply = program(server, "Ann")
    assert reply["last"] == 0
    for number in range(1, 6):
        client.send(json.dumps({"command": "say", "text": f"m{number}"}))
    server.turn(1)
    client.read()
    request = {"command": "history", "chatroom_id": "1", "tag": "h"}
    (answer,) = ask(client, {**request, "since": 1, "limit": 2})
    assert answer == {
        "event": "history",
        "command": "history",
        "tag": "h",
        "room": "1",
        "messages": [
            {
                "event": "said",
                "room": "1",
                "id": number,
                "from": "Ann",
                "text": f"m{number}",
                "time": "1970-01-01T00:00:00.000Z",
            }
            for number in (2, 3)
        ],
    }
    (answer,) = ask(client, {**request, "limit": 2})
    assert [said["id"] for said in answer["messages"]] == [4, 5]
    (answer,) = ask(client, {**request, "since": 5})
    assert answer["messages"] == []
    for wrong in (True, 1.5, -1, [1], 10**20):
        assert ask(client, {**request, "limit": wrong})[0]["code"] == "usage"


def test_history_is_bounded(server):
    """At most 500 messages and 256 KiB."""
    client, _ = program(server, "Ann")
    for _ in range(600):
        client.send(json.dumps({"command": "say", "text": "x"}))
    server.turn(1)
    client.read()
    (answer,) = ask(client, {"command": "history", "limit": 1000})
    assert len(answer["messages"]) == 500
    for _ in range(40):
        client.send(json.dumps({"command": "say", "text": "y" * 12000}))
    server.turn(1)
    client.read()
    client.send('{"command":"history","limit":40}')
    assert 200 * 1024 < len(client.read_bytes()) <= 256 * 1024


def test_stored(server):
    """Who speaks JSON is told when his message is stored, with his tag; not before."""
    client, _ = program(server, "Ann")
    other = server.join("1", "Bob")
    client.read()
    assert ask(client, {"command": "say", "text": "hi", "tag": "7"}) == []
    assert other.read() == ["Ann: hi"], "delivered at once"
    server.turn(WRITE_DELAY)
    assert [json.loads(frame) for frame in client.read()] == [
        {"event": "stored", "room": "1", "id": 1, "tag": "7"}
    ]
    request = {"command": "broadcast", "chatroom_id": "1", "message": "ho"}
    assert ask(client, request, server) == [{"event": "stored", "room": "1", "id": 2}]
    assert other.read() == ["Ann: ho"]
    other.send("text")
    server.turn(WRITE_DELAY)
    assert other.read() == [], "who reads text is not told"


def test_not_stored(server, store):
    """Who speaks JSON is told within ten seconds that it could not be."""
    client, _ = program(server, "Ann")
    store.write_gate.error = StoreUnavailableError("it is broken")
    client.send('{"command":"say","text":"hi","tag":"7"}')
    for _ in range(99):
        server.turn(0.1)
    assert [json.loads(frame) for frame in client.read()] == [
        {
            "event": "error",
            "command": "say",
            "tag": "7",
            "code": "not-stored",
            "text": "Your message could not be stored.",
            "room": "1",
            "id": 1,
        }
    ]
    client.send('{"command":"say","text":"ho","tag":"8"}')
    server.turn(WRITE_DELAY)
    store.write_gate.error = None
    server.turn(RETRY_SECONDS)
    server.turn(WRITE_DELAY)
    assert client.read() == ['{"event":"stored","room":"1","id":2,"tag":"8"}']


def test_history_out_of_reach(server, store):
    """Who asks for it meanwhile is told so."""
    ann = server.join("1", "Ann")
    store.write_gate.error = StoreUnavailableError("it is broken")
    ann.send("hello")
    assert shown(server, ann) == ["Server: The server cannot reach its store now, try again later."]


def test_who_closes_his_side_is_told_first(server):
    """A program that sends and closes its sending side still hears that it was stored."""
    client, _ = program(server, "Ann")
    client.send('{"command":"say","text":"hi","tag":"7"}')
    client.half_close()
    assert not client.closed
    server.turn(WRITE_DELAY)
    assert client.read() == ['{"event":"stored","room":"1","id":1,"tag":"7"}']
    assert client.closed


def test_secrets_are_not_kept(server):
    """What is said to one alone is in no history, and neither is what the Administrator says."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.send("`secret Bob psst", "said")
    server.console("say 1 announced")
    server.turn(1)
    bob.read()
    assert shown(server, bob) == [f"Server: \n{AT_START} Ann: said\n"]


def test_replay(server):
    """Who joins with a text client is shown the newest messages, after the answer and nothing twice."""
    ann = server.join("1", "Ann")
    assert server.connect().ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    ann.read()
    ann.send("one", "two", "three", "four")
    cid = server.connect()
    assert cid.ask("`join 1 Cid") == [
        "Server: You join @chatroom 1",
        f"Server: \n{AT_START} Ann: two\n{AT_START} Ann: three\n{AT_START} Ann: four\n",
    ]
    ann.send("five")
    assert cid.read() == ["Ann: five"]
    _, reply = program(server, "Dora")
    assert reply["event"] == "reply"


def test_replay_after_a_restart(store, server):
    """What was said before the restart is replayed as well, before what was said while it was read."""
    ann = server.join("1", "Ann")
    ann.send("one", "two")
    server.turn(1)
    server.service.stopService()
    server = MemoryServer(store=store, replay=3)
    store.read_gate.shut = True
    ann, bob = server.connect(), server.connect()
    ann.send("`join 1 Ann")
    bob.send("`join 1 Bob")
    assert ann.read() == []
    store.read_gate.open()
    old = f"Server: \n{AT_START} Ann: one\n{AT_START} Ann: two\n"
    assert ann.read()[:2] == ["Server: You join @chatroom 1", old]
    assert bob.read() == ["Server: You join @chatroom 1", old]


def test_replay_is_bounded():
    """However long the messages are that are replayed."""
    server = MemoryServer(replay=500, rooms=(("1", "tea"),))
    ann = server.join("1", "Ann")
    for _ in range(50):
        ann.send("x" * 12000)
    bob = server.connect()
    assert len("".join(bob.ask("`join 1 Bob"))) < MAX_REPLAYED + 1000


def test_an_ended_room_has_no_history(server):
    """Neither in the store nor for who joins one that is started again; its ids go on."""
    ann = server.join("1", "Ann")
    ann.send("one", "two")
    server.console("end 1")
    server.console("start 1 tea")
    bob = server.connect()
    assert bob.ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    assert shown(server, bob) == ["Server: No messages in chatroom 1!"]
    _, reply = program(server, "Cid")
    assert reply["last"] == 2


def test_keep(store):
    """What is older than so many days goes, at the start and then every hour."""
    server = MemoryServer(store=store, keep=1, rooms=(("1", "tea"),))
    ann = server.join("1", "Ann")
    ann.send("old")
    server.turn(3600 * 20)
    ann.send("young")
    for _ in range(5):
        server.turn(3600)
    assert shown(server, ann) == ["Server: \n[1970-01-01 20:00:00] Ann: young\n"]
