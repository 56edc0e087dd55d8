"""Spec section 4, sentence by sentence, as clients with NUL frames read it."""

import json

import pytest
from twisted.internet.defer import Deferred

from chatd.testing import MemoryServer


def at(client):
    """Return a client's address as the list shows it."""
    return str((client.transport.getPeer().host, client.transport.getPeer().port))


# -- rooms


def test_start(server):
    """A room is created once; it keeps the spelling of its creation."""
    client = server.connect()
    assert client.ask("`start Tea Tea  house") == ["Server: Chatroom Tea started!"]
    assert client.ask("`start TEA other") == ["Server: Chatroom Tea exists!"]
    assert client.ask("`list") == ["Server: \nTea house@Tea: no chatters!\n"]


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        ("`start a@b x", "Server: Chatroom id a@b is not allowed."),
        ("`start 1 " + "x" * 65, f"Server: Name {'x' * 65} is not allowed."),
        ("`start 1", "Server: Usage: `start <chatroom_id> <chatroom_name>"),
    ],
)
def test_start_refused(server, frame, answer):
    """Ids and names of rooms that are not allowed are refused."""
    assert server.connect().ask(frame) == [answer]


def test_too_many_rooms():
    """The operator limits the number of rooms."""
    client = MemoryServer(max_rooms=2).connect()
    client.send("`start 1 a", "`start 2 b", "`start 1 c", "`start 3 d", "`enter 3 Ann")
    assert client.read()[2:] == [
        "Server: Chatroom 1 exists!",
        "Server: Too many chatrooms (at most 2).",
        "Server: Too many chatrooms (at most 2).",
    ]
    assert client.ask("`secret Ann x") == ["Server: Join a room first!"], "the name was given back"


def test_list(server):
    """Rooms are in the order of creation, members in that of joining, with a space after each."""
    alice = server.connect()
    assert alice.ask("`list") == ["Server: No room exists!"]
    alice.send("`start 1 swimming", "`start 2 Food", "`join 1 Alice")
    bob = server.join("1", "Bob")
    alice.read()
    assert alice.ask("`list") == [
        f"Server: \nswimming@1: Alice@{at(alice)} Bob@{at(bob)} \nFood@2: no chatters!\n"
    ]


def test_list_with_hidden_addresses():
    """With --hide-addresses clients do not see the addresses of others."""
    server = MemoryServer(hide_addresses=True)
    alice = server.join("1", "Alice")
    assert alice.ask("`list") == ["Server: \n1@1: Alice \n"]


def test_rooms_from_the_start():
    """Rooms that the operator names exist from the start."""
    server = MemoryServer(rooms=(("tea", "Tea house"),))
    assert server.connect().ask("`list") == ["Server: \nTea house@tea: no chatters!\n"]


# -- joining and leaving


def test_join_and_quit(server):
    """The others in the room read both."""
    alice = server.join("1", "Alice")
    bob = server.connect()
    assert bob.ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    assert alice.read() == ["Bob: joined us @chatroom 1."]
    assert bob.ask("`quit") == ["Server: You quitted from chatroom 1@1"]
    assert alice.read() == ["Server: Bob quitted."]
    assert bob.ask("`quit") == ["Server: Join a room first!"]


def test_join_is_refused_in_the_order_of_the_table(server):
    """The order is: no such room, in a room already, name not allowed, name in use."""
    server.join("1", "Alice")
    bob = server.join("2", "Bob")
    assert bob.ask("`join 3 Alice") == ["Server: Chatroom 3 NOT exist!"]
    assert bob.ask("`join 1 Alice") == ["Server: You must quit your current chatroom 2 first."]
    assert bob.ask("`join 2 Bob") == ["Server: You must quit your current chatroom 2 first."]
    bob.ask("`quit")
    assert bob.ask("`join 1 a:b") == ["Server: Name a:b is not allowed."]
    assert bob.ask("`join 1 ALICE") == ["Server: Name Alice is already in use!"]
    assert bob.ask("`join 1 Аlice") == ["Server: Name Alice is already in use!"]


def test_enter_starts_a_room(server):
    """`enter` joins a room, and creates it first if there is none."""
    alice = server.connect()
    assert alice.ask("`enter tea Alice") == ["Server: You join @chatroom tea"]
    assert server.join("TEA", "Bob").ask("`list")[0].startswith("Server: \ntea@tea: Alice")
    assert server.connect().ask("`enter a@b Eve") == ["Server: Chatroom id a@b is not allowed."]


def test_a_name_is_held_until_the_connection_ends(server):
    """A user keeps the name between rooms, need not repeat it, and releases it at the end."""
    alice = server.join("1", "Alice")
    assert alice.ask("`quit") == ["Server: You quitted from chatroom 1@1"]
    bob = server.connect()
    assert bob.ask("`join 1 Alice") == ["Server: Name Alice is already in use!"]
    assert alice.ask("`join 1") == ["Server: You join @chatroom 1"]
    alice.lose()
    assert bob.ask("`join 1 Alice") == ["Server: You join @chatroom 1"]


def test_another_name_only_while_in_no_room():
    """A join changes no name in a room; in none it may, and the former name is free."""
    server = MemoryServer(rooms_per_client=2, rooms=(("1", "a"), ("2", "b")))
    alice = server.join("1", "Alice")
    assert alice.ask("`join 2 Anna") == ["Server: You must quit your current chatroom 1 first."]
    alice.ask("`quit")
    assert alice.ask("`join 2 Anna") == ["Server: You join @chatroom 2"]
    assert server.connect().ask("`join 1 Alice") == ["Server: You join @chatroom 1"]


def test_join_without_a_name(server):
    """The first join needs a name."""
    client = server.connect()
    client.ask("`start 1 x")
    assert client.ask("`join 1") == ["Server: Usage: `join <chatroom_id> <chatter_name>"]


@pytest.mark.parametrize("frame", ["`enter a@b Zed", "`enter 3 Zed"])
def test_a_refusal_changes_no_name(frame):
    """A guest whose request is refused keeps the former name, and the new one is free."""
    server = MemoryServer(max_rooms=2)
    ann = server.join("1", "Ann")
    ann.send("`quit", "`start 2 x", frame)
    assert ann.read()[2].startswith(("Server: Chatroom id a@b", "Server: Too many chatrooms"))
    zed = server.join("1", "Zed")
    assert zed.ask("`secret Ann psst") == ["Server: Secret sent to Ann."]


def test_quit_in_no_room(server):
    """The refusal is the same whichever room the request names."""
    client = server.connect()
    client.ask("`start 2 x")
    assert client.ask("`quit 2") == ["Server: Join a room first!"]


@pytest.mark.parametrize("ending", ["exit", "lose", "half_close"])
def test_the_end_of_a_connection(server, ending):
    """The others read once that the user quitted, however the connection ends."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    if ending == "exit":
        assert bob.ask("`exit") == ["Server: Goodbye!"]
    else:
        getattr(bob, ending)()
    assert alice.read() == ["Server: Bob quitted."]
    assert bob.closed


def test_nothing_is_processed_after_exit(server):
    """Requests that follow `exit` in the same packet are not carried out."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    bob.send("`exit", "I am still here", "`join 1 Bob")
    assert alice.read() == ["Server: Bob quitted."]


# -- messages


def test_messages(server):
    """The others read messages with the sender's name; the sender reads nothing."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    assert alice.ask("Hello, I am Alice") == []
    assert bob.read() == ["Alice: Hello, I am Alice"]
    assert alice.ask("") == []
    assert alice.ask("\x07") == []
    assert bob.read() == []
    assert alice.ask("  ") == []
    assert bob.read() == ["Alice:   "]


def test_message_in_no_room(server):
    """Any message is refused, an empty one as well."""
    client = server.connect()
    assert client.ask("hello") == ["Server: Join a room first!"]
    assert client.ask("") == ["Server: Join a room first!"]


def test_text_is_safe(server):
    """Control characters are removed, and no newline lets a message look like another."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    alice.send("a\x1b[2J\u2028Server: b\r\nc\rd\u202e")
    assert bob.read() == ["Alice: a[2J\n  Server: b\n  cd"]
    alice.send_bytes(b"caf\xe9\0")
    assert bob.read() == ["Alice: caf\ufffd"]


def test_secret(server):
    """One user reads it, in a room or not; any spelling of the name that is the same will do."""
    alice, bob, eve = (server.join("1", name) for name in ("Alice", "Bob", "Eve"))
    bob.ask("`quit")
    for client in (alice, bob, eve):
        client.read()
    assert alice.ask("`secret BOB psst") == ["Server: Secret sent to Bob."]
    assert bob.read() == ["Alice (secret): psst"]
    assert eve.read() == []
    assert alice.ask("`secret Nobody x") == ["Server: Chatter Nobody NOT found!"]
    assert server.connect().ask("`secret Bob x") == ["Server: Join a room first!"]


def test_events_of_a_user_are_read_in_order(server):
    """A secret comes between the messages that its sender said before and after it."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    alice.send("one", "`secret Bob two", "three", "`quit")
    assert bob.read() == [
        "Alice: one",
        "Alice (secret): two",
        "Alice: three",
        "Server: Alice quitted.",
    ]


def test_a_reply_comes_after_earlier_messages(server):
    """A message said before a request is read before its reply."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.send("before")
    bob.send("`quit")
    alice.send("after")
    assert bob.read() == ["Alice: before", "Server: You quitted from chatroom 1@1"]


def test_help(server):
    """The reply has a line for each command."""
    lines = server.connect().ask("`help")[0].split("\n")
    assert lines[0] == "Server: "
    assert "`quit`: Quit the current chat room." in lines


def test_unknown_command(server):
    """The reply names the command for help."""
    answer = ["Server: Unknown command `foo. Type `help for usage."]
    assert server.connect().ask("`foo bar") == answer


# -- more than one room


@pytest.fixture
def several():
    """Return Ann, who is in rooms 1 and 2, Bob in 1 and Cid in 2, where three rooms are allowed."""
    server = MemoryServer(
        rooms_per_client=3, rooms=(("1", "a"), ("2", "b"), ("3", "c"), ("4", "d"))
    )
    ann, bob, cid = server.join("1", "Ann"), server.join("1", "Bob"), server.join("2", "Cid")
    ann.ask("`join 2")
    for client in (ann, bob, cid):
        client.read()
    return server, ann, bob, cid


def test_join_makes_current(several):
    """Messages go to the room joined last, until the session switches."""
    _, ann, bob, cid = several
    ann.send("to two")
    assert (bob.read(), cid.read()) == ([], ["Ann: to two"])
    assert ann.ask("`switch 1") == ["Server: You are now in chatroom a@1"]
    ann.send("to one")
    assert (bob.read(), cid.read()) == (["Ann: to one"], [])
    assert ann.ask("`switch 3") == ["Server: Join chatroom 3 first!"]
    assert ann.ask("`switch 9") == ["Server: Join chatroom 9 first!"]


def test_broadcast(several):
    """A message goes to the room whose id it names, which the user must be in."""
    _, ann, bob, cid = several
    assert ann.ask("`broadcast 1 hi all") == []
    assert (bob.read(), cid.read()) == (["Ann: hi all"], [])
    assert ann.ask("`broadcast 3 hi") == ["Server: Join chatroom 3 first!"]
    assert ann.ask("`broadcast 3") == ["Server: Usage: `broadcast <chatroom_id> <message>"]


def test_room_tags(several):
    """In several rooms, lines of a room start with its id; replies and secrets do not."""
    server, ann, bob, cid = several
    bob.send("one")
    cid.send("two")
    dan = server.join("1", "Dan")
    dan.send("`quit", "`secret Ann psst")
    server.console("say 2 hear")
    assert ann.read() == [
        "[1] Bob: one",
        "[2] Cid: two",
        "[1] Dan: joined us @chatroom 1.",
        "[1] Server: Dan quitted.",
        "Dan (secret): psst",
        "[2] Administrator: hear",
    ]
    bob.send("last")
    assert ann.ask("`quit 2") == ["[1] Bob: last", "Server: You quitted from chatroom b@2"]
    bob.send("alone")
    assert ann.read() == ["Bob: alone"]


def test_quit_means_the_current_room(several):
    """Then the room joined before is current; a request may name another room."""
    _, ann, *_ = several
    assert ann.ask("`join 3") == ["Server: You join @chatroom 3"]
    assert ann.ask("`join 4") == ["Server: You must quit your current chatroom 3 first."]
    assert ann.ask("`quit 4") == ["Server: Join chatroom 4 first!"]
    assert ann.ask("`quit 1") == ["Server: You quitted from chatroom a@1"]
    assert ann.ask("`quit") == ["Server: You quitted from chatroom c@3"]
    assert ann.ask("`quit") == ["Server: You quitted from chatroom b@2"]


def test_a_sender_is_read_in_order_across_rooms(several):
    """Messages of one user in several rooms are read in the order in which they were said."""
    server, ann, *_ = several
    dan = server.join("1", "Dan")
    dan.ask("`join 2")
    ann.read()
    dan.send("`broadcast 1 a", "`broadcast 2 b", "`broadcast 1 c", "`quit 2", "d")
    assert ann.read() == [
        "[1] Dan: a",
        "[2] Dan: b",
        "[1] Dan: c",
        "[2] Server: Dan quitted.",
        "[1] Dan: d",
    ]


# -- JSON


def test_format_json_and_back(server):
    """The reply is in the new format, and replies have the tag of their request."""
    client = server.connect()
    (answer,) = client.ask("`format json")
    reply = json.loads(answer)
    assert len(reply.pop("session")) > 40
    assert reply == {
        "event": "reply",
        "command": "format",
        "text": "You now speak json.",
        "format": "json",
    }
    assert client.ask('{"command":"start","chatroom_id":"1","chatroom_name":"a","tag":"x"}') == [
        '{"event":"reply","command":"start","tag":"x","text":"Chatroom 1 started!","room":"1"}'
    ]
    assert client.ask('{"command":"join","chatroom_id":"3","chatter_name":"A","tag":"y"}') == [
        (
            '{"event":"error","command":"join","tag":"y","code":"no-such-room",'
            '"text":"Chatroom 3 NOT exist!"}'
        )
    ]
    assert client.ask('{"command":"format","format":"text"}') == ["Server: You now speak text."]


def test_json_and_text_in_one_room(server):
    """Both read the same events, each in its format."""
    alice, bob = server.join("1", "Alice"), server.connect()
    bob.send("`format json", '{"command":"join","chatroom_id":"1","chatter_name":"Bob"}')
    assert bob.read()[1] == (
        '{"event":"reply","command":"join","text":"You join @chatroom 1",'
        '"room":"1","name":"Bob","last":0}'
    )
    bob.send('{"command":"say","text":"`list"}', '{"command":"say","text":"x","chatroom_id":"2"}')
    assert alice.read() == ["Bob: joined us @chatroom 1.", "Bob: `list"]
    assert '"code":"not-in-room"' in bob.read()[0]
    alice.send("hi")
    assert bob.read()[0].startswith('{"event":"said","room":"1","id":2,"from":"Alice","text":"hi"')


def test_json_over_lines(server):
    """JSON works with lines as with NUL frames."""
    client = server.connect(end=b"\r\n")
    assert client.ask("`format json")[0].startswith('{"event":"reply"')
    assert client.ask('{"command":"list"}') == ['{"event":"rooms","command":"list","rooms":[]}']


def test_not_json(server):
    """A frame that is no request is refused, and the connection stays."""
    client = server.connect()
    client.ask("`format json")
    (answer,) = client.ask("hello")
    assert '"event":"error","command":null,"code":"bad-json"' in answer
    (answer,) = client.ask('{"command":7,"tag":"t2"}')
    assert '"event":"error","command":null,"tag":"t2","code":"bad-json"' in answer
    assert client.ask('{"command":"list"}') == ['{"event":"rooms","command":"list","rooms":[]}']


# -- one request at a time


@pytest.fixture
def slow(server, monkeypatch):
    """Return a server that reserves names once the Deferred that is returned fires."""
    directory = server.service.chat._directory
    reserve = directory.reserve_name
    gate = Deferred()

    async def reserve_late(user, name):
        await gate
        return await reserve(user, name)

    monkeypatch.setattr(directory, "reserve_name", reserve_late)
    return server, gate


def test_requests_wait_for_the_one_before(slow):
    """Requests in one packet with a slow one wait for it, and none is lost."""
    server, gate = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann", "hi", "`quit")
    assert client.read() == ["Server: Chatroom 1 started!"]
    gate.callback(None)
    answers = ["Server: You join @chatroom 1", "Server: You quitted from chatroom a@1"]
    assert client.read() == answers


def test_a_flood_behind_a_slow_request_is_not_read(slow):
    """Beyond 64 KiB the connection is not read from until the request is done."""
    server, gate = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    client.send(*["x" * 1000] * 70)
    assert client.transport.producerState == "paused"
    gate.callback(None)
    server.turn()
    assert client.transport.producerState == "producing"
    assert client.ask("`quit")[-1] == "Server: You quitted from chatroom a@1"


def test_lost_while_a_request_is_carried_out(slow):
    """A user whose connection ends during a join is in no room, and the name is free."""
    server, gate = slow
    client, watcher = server.connect(), server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    client.lose()
    gate.callback(None)
    assert watcher.ask("`list") == ["Server: \na@1: no chatters!\n"]
    assert watcher.ask("`join 1 Ann") == ["Server: You join @chatroom 1"]


def test_the_room_ends_while_a_name_is_reserved(slow):
    """The join is refused, and the name is free."""
    server, gate = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    server.console("end 1")
    gate.callback(None)
    assert client.read()[1:] == ["Server: Chatroom 1 NOT exist!"]
    assert server.service.chat._directory.find_user("Ann") is None


def test_the_limits_change_with_the_first_join(slow):
    """The larger limits hold for frames that came while the join was carried out."""
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
    """The connection is not read from once 64 KiB of it are buffered."""
    server, _ = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    client.send_bytes(b"x" * 65536)
    assert client.transport.producerState == "paused"


def test_shutdown_while_a_request_is_carried_out(slow):
    """The client reads nothing after the goodbye."""
    server, gate = slow
    client = server.connect()
    client.send("`start 1 a", "`join 1 Ann")
    client.read()
    client.transport.closes_late = True
    server.service.stopService()
    gate.callback(None)
    assert client.read() == ["Administrator: Chatserver is going to shutdown..."]


def test_input_of_a_closed_connection_is_dropped(server):
    """While the last frames are sent, input is neither carried out nor kept."""
    client = server.connect()
    client.transport.closes_late = True
    assert client.ask("`exit") == ["Server: Goodbye!"]
    client.send("`start 1 a", "x" * 100_000)
    assert client.protocol.inbound.buffered == 0
    server.service.stopService()
    assert client.read() == []
    assert server.service.chat._directory.room("1") is None


# -- failures


def test_a_failure_is_logged_and_ends_one_connection(server, monkeypatch):
    """The client of the failed request is told and closed, and the others stay."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    failures = []
    monkeypatch.setattr(server.service.chat, "joined_room", lambda *_: 1 // 0)
    monkeypatch.setattr(
        "chatd.server.session._log.failure", lambda *args, **_: failures.append(args)
    )
    (answer,) = bob.ask("`switch 1")
    assert answer == "Server: The connection is closed because of a fault of the server."
    assert bob.closed
    assert failures[0][1].check(ZeroDivisionError)
    assert alice.ask("still here") == ["Bob: joined us @chatroom 1.", "Server: Bob quitted."]


def test_a_failure_of_a_reply(server, monkeypatch):
    """Where not even an error can be sent, the connection ends, and both failures are logged."""
    client = server.connect()
    client.ask("`list")
    failures = []
    monkeypatch.setattr(server.service.fanout, "send", lambda *_: 1 // 0)
    monkeypatch.setattr(
        "chatd.server.session._log.failure", lambda *args, **_: failures.append(args)
    )
    client.send("`start 1 a")
    server.turn()
    assert client.closed
    assert len(failures) == 2
