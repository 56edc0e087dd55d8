"""Sessions: formats, one request at a time, and handlers that fail."""

import json

import pytest
from twisted.internet.defer import Deferred

from chatd import __version__

# -- JSON


def test_format_json_and_back(server):
    """The reply to `format` is in the new format, and replies repeat the tags of requests."""
    client = server.connect()
    (frame,) = client.ask("`format json")
    reply = json.loads(frame)
    assert len(reply.pop("session")) > 40
    assert reply == {
        "event": "reply",
        "command": "format",
        "text": "You now speak json.",
        "format": "json",
        "server": f"chatd {__version__}",
        "room_count": 0,
        "user_count": 0,
        "max_message": 16384,
    }
    assert client.ask('{"command":"start","chatroom_id":"1","chatroom_name":"a","tag":"x"}') == [
        '{"event":"reply","command":"start","tag":"x","text":"Chatroom 1 started!","room":"1"}'
    ]
    (error,) = client.ask('{"command":"join","chatroom_id":"3","chatter_name":"A","tag":"y"}')
    assert error == (
        '{"event":"error","command":"join","tag":"y","code":"no-such-room",'
        '"text":"Chatroom 3 NOT exist!"}'
    )
    assert client.ask('{"command":"format","format":"text"}') == ["Server: You now speak text."]


def test_json_and_text_in_one_room(server):
    """Text and JSON clients in one room read the same events."""
    alice, bob = server.join("1", "Alice"), server.connect()
    bob.send("`format json", '{"command":"join","chatroom_id":"1","chatter_name":"Bob"}')
    assert bob.read()[1] == (
        '{"event":"reply","command":"join","text":"You join @chatroom 1",'
        '"room":"1","name":"Bob","last":0,"room_name":"1","members":["Alice","Bob"],"count":2,'
        '"topic":""}'
    )
    bob.send('{"command":"say","text":"`list"}', '{"command":"say","text":"x","chatroom_id":"2"}')
    assert alice.read() == ["Bob: joined us @chatroom 1.", "Bob: `list"]
    assert '"code":"not-in-room"' in bob.read()[0]
    alice.send("hi")
    assert bob.read()[0].startswith('{"event":"said","room":"1","id":2,"from":"Alice","text":"hi"')


def test_counts_in_the_reply_to_format(server):
    """A program reads how many rooms there are and how many users have a name."""
    server.join("1", "Alice")
    server.connect()
    bob = server.join("1", "Bob")
    bob.ask("`rename Rob")
    reply = json.loads(bob.ask("`format json")[0])
    assert (reply["room_count"], reply["user_count"]) == (1, 2)
    bob.ask('{"command":"exit"}')
    reply = json.loads(server.connect().ask("`format json")[0])
    assert (reply["room_count"], reply["user_count"]) == (1, 1)


def test_members_in_the_reply_to_join(server):
    """A program that joins reads the first 50 names, and the number of all members."""
    for number in range(52):
        server.join("1", f"user{number}")
    client = server.connect()
    client.ask("`format json")
    reply = json.loads(client.ask('{"command":"enter","chatroom_id":"1","chatter_name":"Al"}')[0])
    assert reply["members"] == [f"user{number}" for number in range(50)]
    assert reply["count"] == 53


def test_json_over_lines(server):
    """JSON works with every framing."""
    client = server.connect(end=b"\r\n")
    assert client.ask("`format json")[0].startswith('{"event":"reply"')
    assert client.ask('{"command":"list"}') == ['{"event":"rooms","command":"list","rooms":[]}']


def test_not_json(server):
    """A frame that is no request is refused, and the connection stays."""
    client = server.connect()
    client.ask("`format json")
    (reply,) = client.ask("hello")
    assert '"event":"error","command":null,"code":"bad-json"' in reply
    (reply,) = client.ask('{"command":7,"tag":"t2"}')
    assert '"event":"error","command":null,"tag":"t2","code":"bad-json"' in reply
    assert client.ask('{"command":"list"}') == ['{"event":"rooms","command":"list","rooms":[]}']


# -- one request at a time


@pytest.fixture
def slow(server, monkeypatch):
    """Return a server that lets a user join only when the returned Deferred fires."""
    gate = Deferred()

    async def preload_late(_):
        await gate

    monkeypatch.setattr(server.service.history, "preload", preload_late)
    return server, gate


def test_requests_wait_for_the_one_before(slow):
    """Frames behind a `join` in one packet wait for it, and none is lost."""
    server, gate = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann", "hi", "`quit")
    assert client.read() == ["Server: Chatroom 1 started!"]
    gate.callback(None)
    assert client.read() == [
        "Server: You join @chatroom 1",
        "Server: You quitted from chatroom a@1",
    ]


def test_a_flood_behind_a_slow_request_is_not_read(slow):
    """A connection with 64 KiB waiting is not read from until the request is carried out."""
    server, gate = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    client.send(*["x" * 1000] * 70)
    assert client.transport.producerState == "paused"
    gate.callback(None)
    server.turn()
    assert client.transport.producerState == "producing"
    assert client.ask("`quit")[-1] == "Server: You quitted from chatroom a@1"


def test_connection_ends_while_a_request_is_carried_out(slow):
    """A user whose connection ends during a `join` is in no room, and the name is free."""
    server, gate = slow
    client, watcher = server.connect(), server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    client.lose()
    gate.callback(None)
    assert watcher.ask("`list") == ["Server: \na@1: no chatters!\n"]
    assert watcher.ask("`join 1 Ann") == ["Server: You join @chatroom 1"]


def test_the_room_ends_while_a_user_joins(slow):
    """A `join` of a room that is ended meanwhile is refused, and the name is free."""
    server, gate = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    server.console("end 1")
    gate.callback(None)
    assert client.read()[1:] == ["Server: Chatroom 1 NOT exist!"]
    assert server.service.world.find_user("Ann") is None


def test_the_limits_of_a_member_hold_from_the_join_on(slow):
    """They hold also for frames that waited for the join, and without any later frame."""
    server, gate = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    client.send("x" * 5000, "`quit")
    gate.callback(None)
    assert client.read()[1:] == [
        "Server: You join @chatroom 1",
        "Server: You quitted from chatroom a@1",
    ]
    assert client.protocol.send_queue.limit == 1048576


def test_a_frame_without_end_behind_a_slow_request_is_bounded(slow):
    """A frame without end is buffered up to 64 KiB; then the connection is not read from."""
    server, _ = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    client.send_bytes(b"x" * 65536)
    assert client.transport.producerState == "paused"


def test_shutdown_while_a_request_is_carried_out(slow):
    """A client reads of the shutdown and nothing after it."""
    server, gate = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    client.read()
    client.transport.closes_late = True
    server.service.stopService()
    gate.callback(None)
    assert client.read() == ["Administrator: Chatserver is going to shutdown..."]


def test_a_closed_session_takes_no_frames(server):
    """While the last frames are sent, received frames are neither carried out nor buffered."""
    client = server.connect()
    client.transport.closes_late = True
    assert client.ask("`exit") == ["Server: Goodbye!"]
    client.send("`start 1 a", "x" * 100_000)
    assert client.protocol.inbound.receiver.buffered == 0
    server.service.stopService()
    assert client.read() == []
    assert server.service.world.rooms.find("1") is None


# -- handlers that fail


def test_a_failure_is_logged_and_closes_one_connection(server, monkeypatch):
    """A client whose request fails is told and disconnected; the others notice nothing."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    failures = []
    monkeypatch.setattr(server.service.chat, "joined_room", lambda *_: 1 // 0)
    event_log = server.service.factory.context.services.event_log
    monkeypatch.setattr(event_log, "failed", lambda *failed: failures.append(failed))
    (reply,) = bob.ask("`switch 1")
    assert reply == "Server: The connection is closed because of a fault of the server."
    assert bob.closed
    assert failures[0][1].check(ZeroDivisionError)
    assert alice.ask("still here") == ["Bob: joined us @chatroom 1.", "Server: Bob quitted."]


def test_a_failure_while_replying(server, monkeypatch):
    """If not even a reply can be sent, the connection ends, and the log has both failures."""
    client = server.connect()
    client.ask("`list")
    failures = []
    monkeypatch.setattr(server.service.fanout, "answer", lambda *_: 1 // 0)
    event_log = server.service.factory.context.services.event_log
    monkeypatch.setattr(event_log, "failed", lambda *failed: failures.append(failed))
    client.send("`start 1 a")
    server.turn()
    assert client.closed
    assert len(failures) == 2


def test_motd_is_read_once_before_the_first_reply(server, monkeypatch):
    """Each client reads the message of the day that is set at its first reply."""
    monkeypatch.setattr(server.service, "motd", "Welcome!")
    client = server.connect()
    assert client.ask("`list") == ["Server: Welcome!", "Server: No room exists!"]
    assert client.ask("`list") == ["Server: No room exists!"]


@pytest.mark.parametrize("end", [b"\0", b"\n", b"\r\n"])
def test_messages_that_begin_with_a_backtick(server, end):
    """Among other messages, in every framing, such a message is said in its turn."""
    alice, bob = server.join("1", "Alice"), server.connect(end=end)
    bob.ask("`ENTER 1 Bob")
    alice.read()
    bob.send("hi", "``code``", "`say `list", "bye")
    assert alice.read() == ["Bob: hi", "Bob: `code``", "Bob: `list", "Bob: bye"]


def test_doubled_backtick_in_no_room(server):
    """A message that begins with a backtick is said in a room as any other."""
    assert server.connect().ask("``code``") == ["Server: Join a room first!"]
