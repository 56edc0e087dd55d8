"""The history as clients see it: the command `history`, `--replay`, and receipts in JSON."""

import json
import sys

import pytest

from chatd.core.errors import StoreUnavailableError
from chatd.storage.history import MAX_REPLAYED
from chatd.storage.writer import RETRY_SECONDS, WRITE_DELAY
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore

AT_START = "[1970-01-01 00:00:00 UTC]"


@pytest.fixture
def store():
    """Return a store whose calls wait or fail as the test wants."""
    return SlowStore()


@pytest.fixture
def server(store):
    """Return a server that replays three messages."""
    return MemoryServer(store=store, replay=3, rooms=(("1", "tea"), ("2", "food")))


def json_client(server, name, room="1"):
    """Return a client that uses JSON and is in a room, and the reply to its join."""
    client = server.connect()
    client.ask("`format json")
    request = {"command": "join", "chatroom_id": room, "chatter_name": name}
    return client, ask(client, request)[0]


def ask(client, request, server=None):
    """Send a request in JSON; return the replies, after a write if there is a server."""
    client.send(json.dumps(request))
    if server is not None:
        server.turn(WRITE_DELAY)
    return [json.loads(frame) for frame in client.read()]


def history(server, client, frame="`history"):
    """Return the reply to the command `history`, once the messages before it are stored."""
    client.send(frame)
    server.turn(WRITE_DELAY)
    return client.read()


def test_history_in_text(server):
    """The last messages come oldest first, one in a line, including those not stored yet."""
    ann = server.join("2", "Ann")
    server.turn(3)
    ann.send("one", "two\nlines", "`broadcast 2 three")
    moment = "[1970-01-01 00:00:03 UTC]"
    assert history(server, ann, "`history 2") == [
        f"Server: \n{moment} Ann: two\n  lines\n{moment} Ann: three\n"
    ]
    assert history(server, ann)[0].count("Ann: ") == 3


def test_history_refused(server):
    """A user reads the history of rooms that they are in, and no other."""
    ann = server.connect()
    assert ann.ask("`history 5") == ["Server: Join a room first!"]
    ann.ask("`join 1 Ann")
    assert history(server, ann) == ["Server: No messages in chatroom 1!"]
    for wrong in ("x", "-1", "5 6", "1.5", "٣"):
        assert ann.ask(f"`history {wrong}") == ["Server: Usage: `history [limit] [before <id>]"]
    other, _ = json_client(server, "Bob")
    (answer,) = ask(other, {"command": "history", "chatroom_id": "2"})
    assert answer["code"] == "not-in-room"


def test_a_user_removed_during_the_read_gets_no_history(server, store):
    """A kick or the end of the room, while the store reads, ends in a refusal."""
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
    """With `since` the first messages after it come, without it the last, at most `limit`."""
    client, reply = json_client(server, "Ann")
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
    assert [message["id"] for message in answer["messages"]] == [4, 5]
    (answer,) = ask(client, {**request, "since": 5})
    assert answer["messages"] == []
    for wrong in (True, 1.5, -1, [1], 10**20):
        assert ask(client, {**request, "limit": wrong})[0]["code"] == "usage"


def test_history_is_bounded(server):
    """A reply has at most 500 messages and 256 KiB."""
    client, _ = json_client(server, "Ann")
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


def test_a_receipt(server):
    """A JSON client gets a receipt with its tag when its message is stored, and not before."""
    client, _ = json_client(server, "Ann")
    other = server.join("1", "Bob")
    client.read()
    assert ask(client, {"command": "say", "text": "hi", "tag": "7"}) == []
    assert other.read() == ["Ann: hi"], "the message is delivered at once"
    server.turn(WRITE_DELAY)
    assert [json.loads(frame) for frame in client.read()] == [
        {"event": "stored", "room": "1", "id": 1, "tag": "7"}
    ]
    request = {"command": "broadcast", "chatroom_id": "1", "message": "ho"}
    assert ask(client, request, server) == [{"event": "stored", "room": "1", "id": 2}]
    assert other.read() == ["Ann: ho"]
    other.send("text")
    server.turn(WRITE_DELAY)
    assert other.read() == [], "a text client gets no receipt"


def test_not_stored(server, store):
    """A JSON client is told within ten seconds that its message could not be stored."""
    client, _ = json_client(server, "Ann")
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


def test_history_in_an_outage(server, store):
    """A user who asks for the history is told that the store is unavailable."""
    ann = server.join("1", "Ann")
    store.write_gate.error = StoreUnavailableError("it is broken")
    ann.send("hello")
    assert history(server, ann) == [
        "Server: The server cannot reach its store now, try again later."
    ]


def test_half_close_waits_for_the_receipt(server):
    """A client that sends and closes its sending side still gets its receipt."""
    client, _ = json_client(server, "Ann")
    client.send('{"command":"say","text":"hi","tag":"7"}')
    client.half_close()
    assert not client.closed
    server.turn(WRITE_DELAY)
    assert client.read() == ['{"event":"stored","room":"1","id":1,"tag":"7"}']
    assert client.closed


def test_private_messages_are_not_stored(server):
    """Neither private messages nor those of the Administrator are in the history."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.send("`secret Bob psst", "said")
    server.console("say 1 announced")
    server.turn(1)
    bob.read()
    assert history(server, bob) == [f"Server: \n{AT_START} Ann: said\n"]


def test_replay(server):
    """A text client that joins gets the newest messages after the reply, and none of them twice."""
    ann = server.join("1", "Ann")
    joined = ["Server: You join @chatroom 1", "Server: Here: Ann."]
    assert server.connect().ask("`join 1 Bob") == joined
    ann.read()
    ann.send("one", "two", "three", "four")
    cid = server.connect()
    assert cid.ask("`join 1 Cid") == [
        "Server: You join @chatroom 1",
        f"Server: \n{AT_START} Ann: two\n{AT_START} Ann: three\n{AT_START} Ann: four\n",
        "Server: Here: Ann and Bob.",
    ]
    ann.send("five")
    assert cid.read() == ["Ann: five"]
    _, reply = json_client(server, "Dora")
    assert reply["event"] == "reply"


def test_replay_after_a_restart(store, server):
    """Messages from before the restart are replayed, too, to all users who join."""
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
    assert bob.read() == ["Server: You join @chatroom 1", old, "Server: Here: Ann."]


def test_replay_is_bounded():
    """The replayed messages have a bounded length in all."""
    server = MemoryServer(replay=500, rooms=(("1", "tea"),))
    ann = server.join("1", "Ann")
    for _ in range(50):
        ann.send("x" * 12000)
    bob = server.connect()
    assert len("".join(bob.ask("`join 1 Bob"))) < MAX_REPLAYED + 1000


def test_replay_is_bounded_in_memory():
    """A text takes four bytes a character from its first emoji on."""
    server = MemoryServer(replay=500, rooms=(("1", "tea"),))
    ann = server.join("1", "Ann")
    for _ in range(50):
        ann.send("x" * 12000 + "😄")
    server.turn()
    (kept,) = (recent.messages for recent in server.service.history._recent.values())
    assert 0 < sum(sys.getsizeof(message.text) for message in kept) <= MAX_REPLAYED


def test_a_closed_room_has_no_history(server):
    """A room created again with the same id has no old messages; its ids continue."""
    ann = server.join("1", "Ann")
    ann.send("one", "two")
    server.console("end 1")
    server.console("start 1 tea")
    bob = server.connect()
    assert bob.ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    assert history(server, bob) == ["Server: No messages in chatroom 1!"]
    _, reply = json_client(server, "Cid")
    assert reply["last"] == 2


def test_retention(store):
    """Messages older than `--keep` days are removed, at the start and then every hour."""
    server = MemoryServer(store=store, keep=1, rooms=(("1", "tea"),))
    ann = server.join("1", "Ann")
    ann.send("old")
    server.turn(3600 * 20)
    ann.send("young")
    for _ in range(5):
        server.turn(3600)
    assert history(server, ann) == ["Server: \n[1970-01-01 20:00:00 UTC] Ann: young\n"]
