"""Starting, listing, joining, leaving and switching rooms, as text clients read it."""

import pytest

from chatd.testing import MemoryServer


def at(client):
    """Return a client's address as the list shows it."""
    return str((client.transport.getPeer().host, client.transport.getPeer().port))


# -- rooms


def test_start(server):
    """A room is started once; replies show the spelling of the first time."""
    client = server.connect()
    assert client.ask("`start Tea Tea  house") == ["Server: Chatroom Tea started!"]
    assert client.ask("`start TEA other") == ["Server: Chatroom Tea exists!"]
    assert client.ask("`list") == ["Server: \nTea house@Tea: no chatters!\n"]


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        ("`start a@b x", "Server: Chatroom id a@b is not allowed."),
        ("`start 1 " + "x" * 65, f"Server: Name {'x' * 65} is not allowed: 1 to 64 characters."),
        ("`start 1", "Server: Usage: `start <chatroom_id> <chatroom_name>"),
    ],
)
def test_start_refused(server, frame, answer):
    """An id or a name that is not allowed is refused, and so is a missing one."""
    assert server.connect().ask(frame) == [answer]


def test_too_many_rooms():
    """A server has at most as many rooms as the operator allows."""
    client = MemoryServer(max_rooms=2).connect()
    client.send("`start 1 a", "`start 2 b", "`start 1 c", "`start 3 d", "`enter 3 Ann")
    assert client.read()[2:] == [
        "Server: Chatroom 1 exists!",
        "Server: Too many chatrooms (at most 2).",
        "Server: Too many chatrooms (at most 2).",
    ]
    assert client.ask("`secret Ann x") == ["Server: Join a room first!"], "the name is free again"


def test_list(server):
    """The list has rooms and members in the order of their coming, a space after each member."""
    alice = server.connect()
    assert alice.ask("`list") == ["Server: No room exists!"]
    alice.send("`start 1 swimming", "`start 2 Food", "`join 1 Alice")
    bob = server.join("1", "Bob")
    alice.read()
    assert alice.ask("`list") == [
        f"Server: \nswimming@1: Alice@{at(alice)} Bob@{at(bob)} \nFood@2: no chatters!\n"
    ]


def test_list_with_hidden_addresses():
    """With --hide-addresses the list has no addresses."""
    server = MemoryServer(hide_addresses=True)
    alice = server.join("1", "Alice")
    assert alice.ask("`list") == ["Server: \n1@1: Alice \n"]


def test_rooms_of_the_operator():
    """The rooms that the operator names exist from the start."""
    server = MemoryServer(rooms=(("tea", "Tea house"),))
    assert server.connect().ask("`list") == ["Server: \nTea house@tea: no chatters!\n"]


# -- joining and leaving


def test_join_and_quit(server):
    """The other members read of both."""
    alice = server.join("1", "Alice")
    bob = server.connect()
    assert bob.ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    assert alice.read() == ["Bob: joined us @chatroom 1."]
    assert bob.ask("`quit") == ["Server: You quitted from chatroom 1@1"]
    assert alice.read() == ["Server: Bob quitted."]
    assert bob.ask("`quit") == ["Server: Join a room first!"]


def test_join_is_refused_in_the_order_of_the_table(server):
    """Of several reasons the first applies: no such room, in a room, bad name, name in use."""
    server.join("1", "Alice")
    bob = server.join("2", "Bob")
    assert bob.ask("`join 3 Alice") == ["Server: Chatroom 3 NOT exist!"]
    assert bob.ask("`join 1 Alice") == ["Server: You must quit your current chatroom 2 first."]
    assert bob.ask("`join 2 Bob") == ["Server: You must quit your current chatroom 2 first."]
    bob.ask("`quit")
    assert bob.ask("`join 1 a:b") == [
        "Server: Name a:b is not allowed: it has a character that is not allowed there, try ab."
    ]
    assert bob.ask("`join 1 ALICE") == ["Server: Name Alice is already in use!"]
    assert bob.ask("`join 1 A1ice") == ["Server: Name Alice is already in use!"]


def test_enter_starts_a_room(server):
    """`enter` joins a room, and starts it first if it does not exist."""
    alice = server.connect()
    assert alice.ask("`enter tea Alice") == ["Server: You join @chatroom tea"]
    assert server.join("TEA", "Bob").ask("`list")[0].startswith("Server: \ntea@tea: Alice")
    assert server.connect().ask("`enter a@b Eve") == ["Server: Chatroom id a@b is not allowed."]


def test_a_name_is_held_until_the_connection_ends(server):
    """A name is in use while its user is in no room, and is free when the connection ends."""
    alice = server.join("1", "Alice")
    assert alice.ask("`quit") == ["Server: You quitted from chatroom 1@1"]
    bob = server.connect()
    assert bob.ask("`join 1 Alice") == ["Server: Name Alice is already in use!"]
    assert alice.ask("`join 1") == ["Server: You join @chatroom 1"]
    alice.lose()
    assert bob.ask("`join 1 Alice") == ["Server: You join @chatroom 1"]


def test_another_name_only_while_in_no_room():
    """A user in a room joins no other under another name; a user in no room does."""
    server = MemoryServer(rooms_per_client=2, rooms=(("1", "a"), ("2", "b")))
    alice = server.join("1", "Alice")
    assert alice.ask("`join 2 Anna") == ["Server: You must quit your current chatroom 1 first."]
    alice.ask("`quit")
    assert alice.ask("`join 2 Anna") == ["Server: You join @chatroom 2"]
    assert server.connect().ask("`join 1 Alice") == ["Server: You join @chatroom 1"]


def test_join_without_a_name(server):
    """A user without a name gets the usage if `join` has none."""
    client = server.connect()
    client.ask("`start 1 x")
    assert client.ask("`join 1") == ["Server: Usage: `join <chatroom_id> <chatter_name>"]


@pytest.mark.parametrize("frame", ["`enter a@b Zed", "`enter 3 Zed"])
def test_a_refusal_changes_no_name(frame):
    """A user whose `enter` is refused keeps the old name, and the new one is free."""
    server = MemoryServer(max_rooms=2)
    ann = server.join("1", "Ann")
    ann.send("`quit", "`start 2 x", frame)
    assert ann.read()[2].startswith(("Server: Chatroom id a@b", "Server: Too many chatrooms"))
    zed = server.join("1", "Zed")
    assert zed.ask("`secret Ann psst") == ["Server: Secret sent to Ann."]


def test_quit_in_no_room(server):
    """A user in no room is told so, whichever room `quit` names."""
    client = server.connect()
    client.ask("`start 2 x")
    assert client.ask("`quit 2") == ["Server: Join a room first!"]


@pytest.mark.parametrize("ending", ["exit", "lose", "half_close"])
def test_the_end_of_a_connection(server, ending):
    """However a connection ends, the others read once that the user quitted."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    if ending == "exit":
        assert bob.ask("`exit") == ["Server: Goodbye!"]
    else:
        getattr(bob, ending)()
    assert alice.read() == ["Server: Bob quitted."]
    assert bob.closed


def test_nothing_is_served_after_exit(server):
    """Frames behind `exit` are not carried out."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    bob.send("`exit", "I am still here", "`join 1 Bob")
    assert alice.read() == ["Server: Bob quitted."]


# -- more than one room


@pytest.fixture
def several():
    """Return a server that allows three rooms, Ann in rooms 1 and 2, Bob in 1 and Cid in 2."""
    server = MemoryServer(
        rooms_per_client=3, rooms=(("1", "a"), ("2", "b"), ("3", "c"), ("4", "d"))
    )
    ann, bob, cid = server.join("1", "Ann"), server.join("1", "Bob"), server.join("2", "Cid")
    ann.ask("`join 2")
    for client in (ann, bob, cid):
        client.read()
    return server, ann, bob, cid


def test_join_makes_current(several):
    """Messages go to the room joined last, until `switch` makes another current."""
    _, ann, bob, cid = several
    ann.send("to two")
    assert (bob.read(), cid.read()) == ([], ["Ann: to two"])
    assert ann.ask("`switch 1") == ["Server: You are now in chatroom a@1"]
    ann.send("to one")
    assert (bob.read(), cid.read()) == (["Ann: to one"], [])
    assert ann.ask("`switch 3") == ["Server: Join chatroom 3 first!"]
    assert ann.ask("`switch 9") == ["Server: Join chatroom 9 first!"]


def test_broadcast(several):
    """`broadcast` sends a message to a room of the user that is not the current one."""
    _, ann, bob, cid = several
    assert ann.ask("`broadcast 1 hi all") == []
    assert (bob.read(), cid.read()) == (["Ann: hi all"], [])
    assert ann.ask("`broadcast 3 hi") == ["Server: Join chatroom 3 first!"]
    assert ann.ask("`broadcast 3") == ["Server: Usage: `broadcast <chatroom_id> <message>"]


def test_room_tags(several):
    """A user in several rooms reads a room's id before its frames, and none before replies."""
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
    """`quit` leaves the current room or the one named; the one joined last is then current."""
    _, ann, *_ = several
    assert ann.ask("`join 3") == ["Server: You join @chatroom 3"]
    assert ann.ask("`join 4") == ["Server: You must quit your current chatroom 3 first."]
    assert ann.ask("`quit 4") == ["Server: Join chatroom 4 first!"]
    assert ann.ask("`quit 1") == ["Server: You quitted from chatroom a@1"]
    assert ann.ask("`quit") == ["Server: You quitted from chatroom c@3"]
    assert ann.ask("`quit") == ["Server: You quitted from chatroom b@2"]


def test_one_sender_is_read_in_order_across_rooms(several):
    """Messages of one sender in several rooms are read in the order of sending."""
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
