"""Many users join at once, and how a text session learns of the users who are in a room."""

import json

import pytest

from chatd.fanout.joinfolding import MAX_LINES
from chatd.protocol.people_replies import MAX_HERE
from chatd.testing import MemoryServer

ROOMS = (("1", "tea"), ("2", "food"))


@pytest.fixture
def server():
    """Return a server with two rooms, of which a user may be in one."""
    return MemoryServer(rooms=ROOMS)


@pytest.fixture
def ann(server):
    """Return Ann, who reads text, in a room that others have joined before."""
    return server.join("1", "Ann")


def join(server, numbers, room="1"):
    """Return the clients of so many guests who join a room."""
    clients = [server.connect() for _ in numbers]
    for number, client in zip(numbers, clients, strict=True):
        client.send(f"`join {room} u{number}")
    return clients


def test_a_restart(server):
    """Each client of text reads five lines at most, and how many have joined after its own join."""
    crowd = join(server, range(20))
    server.turn(1)
    lines = [f"u{number}: joined us @chatroom 1." for number in range(20)]
    for number, client in enumerate(crowd[: MAX_LINES - 1]):
        assert client.read() == [
            "Server: You join @chatroom 1",
            *lines[number + 1 : MAX_LINES],
            "Server: 15 others joined us @chatroom 1.",
        ]
    assert crowd[MAX_LINES].read()[1:] == ["Server: 14 others joined us @chatroom 1."]
    assert crowd[17].read()[1:] == ["Server: 2 others joined us @chatroom 1."]
    assert crowd[18].read()[1:] == lines[19:]
    assert crowd[19].read() == ["Server: You join @chatroom 1"]
    assert server.timers() == set()


def test_programs_get_all_joins(server):
    """JSON has no number of them."""
    program = server.connect()
    program.ask("`format json")
    program.ask('{"command":"join","chatroom_id":"1","chatter_name":"Bot"}')
    join(server, range(12))
    server.turn(1)
    events = [json.loads(frame) for frame in program.read()]
    assert [event["event"] for event in events] == ["joined"] * 12
    assert [event["who"] for event in events] == [f"u{number}" for number in range(12)]


def test_nobody_speaks_before_the_line_of_the_join(server, ann):
    """Messages, private messages and leaves come after the folded joins."""
    *_, last = join(server, range(8))
    ann.read()
    last.send("hi")
    assert ann.read() == ["Server: 4 others joined us @chatroom 1.", "u7: hi"]
    *_, last = join(server, range(10, 13))
    last.send("`secret Ann psst")
    assert ann.read() == ["Server: 3 others joined us @chatroom 1.", "u12 (secret): psst"]
    *_, last = join(server, range(20, 23))
    last.lose()
    assert ann.read() == ["Server: 3 others joined us @chatroom 1.", "Server: u22 quitted."]


def test_an_answer_follows_the_joins(server, ann):
    """A list has no users of whose joins its reader is not told."""
    join(server, range(7))
    ann.read()
    told, answer = ann.ask("`who")
    assert told == "Server: 3 others joined us @chatroom 1."
    assert "u6" in answer


def test_users_who_are_moved(server, ann):
    """A join by the administrator is folded as well."""
    crowd = join(server, range(8), "2")
    for client in crowd:
        client.read()
    names = " ".join(f"u{number}" for number in range(8))
    server.console(f"group 1 {names}")
    assert len(ann.read()) == MAX_LINES - 1
    server.turn(1)
    assert ann.read() == ["Server: 4 others joined us @chatroom 1."]
    assert crowd[6].read()[-2:] == [
        "Server: You were grouped into chatroom tea@1 by the Administrator.",
        "u7: joined us @chatroom 1.",
    ]


def test_the_end_of_a_room(server, ann):
    """The members read of the joins before; nothing is left to do for the room."""
    join(server, range(6))
    ann.read()
    server.console("end 1")
    assert ann.read() == [
        "Server: 2 others joined us @chatroom 1.",
        "Administrator: chatroom is being closed by the Administrator.",
    ]
    assert server.timers() == set()


# -- the users who are here


def test_here():
    """With `--replay` a text client reads on joining which others are in the room, if any are."""
    server = MemoryServer(rooms=ROOMS, replay=5)
    alice = server.connect()
    assert alice.ask("`join 1 Alice") == ["Server: You join @chatroom 1"]
    alice.send("hi")
    bob = server.join("1", "Bob")
    assert bob.ask("`quit") == ["Server: You quitted from chatroom tea@1"]
    alice.send("bye")
    cid = server.connect()
    answer, messages, here = cid.ask("`enter 1 Cid")
    assert (answer, here) == ("Server: You join @chatroom 1", "Server: Here: Alice.")
    assert messages.endswith("Alice: bye\n")
    program = server.connect()
    program.ask("`format json")
    (reply,) = program.ask('{"command":"join","chatroom_id":"1","chatter_name":"Bot"}')
    assert json.loads(reply)["members"] == ["Alice", "Cid", "Bot"]


def test_here_names_the_first_users():
    """The others are counted."""
    server = MemoryServer(rooms=ROOMS, replay=5)
    join(server, range(MAX_HERE + 4))
    *_, here = server.connect().ask("`join 1 Zed")
    names = ", ".join(f"u{number}" for number in range(MAX_HERE))
    assert here == f"Server: Here: {names} and 4 others."


def test_here_in_a_further_session():
    """It reads the other users, not its own."""
    server = MemoryServer(rooms=ROOMS, replay=5)
    server.join("1", "Bob")
    first, second = server.connect(), server.connect()
    first.ask("`register alice pass-word")
    first.ask("`join 1")
    second.ask("`login alice pass-word")
    assert second.ask("`join 1") == ["Server: You join @chatroom 1", "Server: Here: Bob."]
