"""Ignored users: what their messages become for those who ignore them, and for how long."""

import json

import pytest

from chatd.core.world.users_rules import MAX_IGNORED
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer

WORD = "staple-battery"


@pytest.fixture
def server():
    """Return a server with an account bob, where a user may be in several rooms."""
    server = MemoryServer(rooms=(("1", "tea"), ("2", "food")), rooms_per_client=2)
    server.connect().ask(f"`register bob {WORD}")
    return server


def log_in(server, name, room="1"):
    """Return a client that is logged in and in a room."""
    client = server.connect()
    client.ask(f"`login {name} {WORD}")
    client.ask(f"`enter {room}")
    return client


def events(client, **request):
    """Return the objects that come back."""
    return [json.loads(frame) for frame in client.ask(json.dumps(request))]


def test_text_has_nothing_of_an_ignored_user(server):
    """Neither messages nor actions nor secrets; everybody else reads them."""
    alice, carol, bob = (server.join("1", name) for name in ("Alice", "Carol", "Bob2x"))
    carol.ask("`ignore Carol2")
    alice.read()
    assert alice.ask("`ignore bob2x") == ["Server: You ignore Bob2x."]
    carol.read()
    for frame in ("hi", "`me waves", "`secret Alice psst", "`secret Carol psst"):
        bob.send(frame)
    assert bob.read()[-2:] == ["Server: Secret sent to Alice.", "Server: Secret sent to Carol."]
    assert carol.read() == ["Bob2x: hi", "* Bob2x waves", "Bob2x (secret): psst"]
    assert alice.read() == []
    carol.send("hello")
    assert alice.read() == ["Carol: hello"]
    bob.ask("`quit")
    assert alice.read() == ["Server: Bob2x quitted."]


def test_reading_a_user_again(server):
    """Later messages come, those from before do not."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Robert")
    alice.ask("`ignore Robert")
    bob.send("one")
    alice.send("`unignore robert")
    bob.send("two")
    assert alice.read()[-2:] == ["Server: You do not ignore Robert any more.", "Robert: two"]
    assert alice.ask("`unignore Robert") == ["Server: You do not ignore Robert."]


def test_what_was_said_before_in_the_same_turn_is_read(server):
    """The list counts from the moment at which it was changed."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Robert")
    alice.read()
    bob.send("one")
    alice.send("`ignore Robert")
    bob.send("two")
    assert alice.read() == ["Robert: one", "Server: You ignore Robert."]


def test_the_list(server):
    """It has the names in the order of adding; a user is in it once."""
    alice = server.join("1", "Alice")
    server.join("1", "Robert")
    assert alice.ask("`ignore")[-1] == "Server: You ignore nobody."
    for name in ("bob", "Robert", "bob"):
        alice.ask(f"`ignore {name}")
    assert alice.ask("`ignore") == ["Server: You ignore bob, Robert."]
    assert alice.ask("`ignore Alice") == ["Server: That is your own name."]
    assert alice.ask("`ignore Nobody") == ["Server: Chatter Nobody NOT found!"]


def test_the_list_has_a_limit(server):
    """One user more is refused; one who is ignored already is not."""
    alice = server.join("1", "Alice")
    for number in range(MAX_IGNORED):
        server.connect(host=f"192.0.2.{number}").ask(f"`register u{number}x {WORD}")
        alice.ask(f"`ignore u{number}x")
    assert alice.ask("`ignore bob") == [f"Server: You may ignore at most {MAX_IGNORED} users."]
    assert alice.ask("`ignore u0x") == ["Server: You ignore u0x."]


def test_programs_read_a_mark(server):
    """Messages and secrets of an ignored user have it, those of others do not."""
    alice, bob, carol = (server.join("1", name) for name in ("Alice", "Robert", "Carol"))
    alice.ask("`format json")
    assert events(alice, command="ignore", chatter_name="Robert")[-1]["names"] == ["Robert"]
    for frame in ("a", "`me b", "`secret Alice c"):
        bob.send(frame)
    carol.send("d")
    marks = {event["text"]: event.get("ignored") for event in map(json.loads, alice.read())}
    assert marks == {"a": True, "b": True, "c": True, "d": None}
    assert events(alice, command="unignore", chatter_name="Robert")[-1]["name"] == "Robert"
    bob.send("e")
    assert "ignored" not in json.loads(alice.read()[0])


def test_the_format_may_change(server):
    """The list counts in both formats, and in any number of rooms."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Robert")
    alice.ask("`ignore Robert")
    alice.ask("`format json")
    alice.ask('{"command":"format","format":"text"}')
    alice.ask("`join 2")
    bob.ask("`join 2")
    alice.read()
    bob.send("hi", "`broadcast 1 hi")
    assert alice.read() == []
    alice.ask("`quit 2")
    bob.send("`broadcast 1 hi")
    assert alice.read() == []


def test_history_and_replay():
    """Old messages of an ignored user are left out, or marked; nothing is replayed of them."""
    server = MemoryServer(rooms=(("1", "tea"),), replay=5)
    for name in ("ann", "bob"):
        server.connect().ask(f"`register {name} {WORD}")
    bob, ann = log_in(server, "bob"), log_in(server, "ann")
    bob.send("hi")
    server.turn(1)
    ann.send("`ignore bob", "`history")
    server.turn(1)
    assert ann.read()[-1] == "Server: No messages in chatroom 1!"
    ann.send("`quit", "`join 1")
    server.turn(1)
    assert ann.read()[-2:] == ["Server: You join @chatroom 1", "Server: Here: bob."]
    ann.ask("`format json")
    ann.send('{"command":"history"}')
    server.turn(1)
    (said,) = json.loads(ann.read()[-1])["messages"]
    assert (said["text"], said["ignored"]) == ("hi", True)


# -- accounts


def test_an_account_keeps_its_list():
    """It counts in all sessions, after a login and after a restart; not for others."""
    store = MemoryStore()
    server = MemoryServer(store=store)
    for name in ("ann", "bob"):
        server.connect().ask(f"`register {name} {WORD}")
    first, second, bob = (log_in(server, name) for name in ("ann", "ann", "bob"))
    first.ask("`ignore bob")
    second.read()
    bob.send("hi")
    assert (first.read(), second.read()) == ([], [])
    server.service.stopService()
    server = MemoryServer(store=store)
    ann, bob = log_in(server, "ann"), log_in(server, "bob")
    ann.read()
    bob.send("hi", "`secret ann hi")
    assert ann.read() == []
    assert ann.ask("`ignore") == ["Server: You ignore bob."]
    ann.ask("`logout")
    assert ann.ask("`ignore") == ["Server: You ignore nobody."]
    ann.ask("`join 1 Guest")
    bob.send("again")
    assert ann.read()[-1] == "bob: again"


def test_an_account_is_ignored_as_such(server):
    """Also by a guest, when it logs in later, and not another one that gets the name."""
    alice = server.join("1", "Alice")
    assert alice.ask("`ignore BOB") == ["Server: You ignore bob."]
    bob = log_in(server, "bob")
    alice.read()
    bob.send("hi")
    assert alice.read() == []
    server.console("unregister bob")
    other = server.join("1", "bob")
    alice.read()
    other.send("hi")
    assert alice.read() == ["bob: hi"]
    assert alice.ask("`unignore bob") == ["Server: You do not ignore bob any more."]


def test_the_list_of_a_removed_account_is_gone(server):
    """The next account of that name ignores nobody, and nobody ignores it."""
    server.connect().ask(f"`register ann {WORD}")
    log_in(server, "ann").ask("`ignore bob")
    for name in ("ann", "bob"):
        server.console(f"unregister {name}")
        server.connect().ask(f"`register {name} {WORD}")
    assert log_in(server, "ann").ask("`ignore") == ["Server: You ignore nobody."]


# -- guests


def test_a_guest_is_ignored_under_every_name(server):
    """Also in the turn of the change, and another guest may have the former name."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Robert")
    alice.ask("`ignore Robert")
    bob.send("one", "`rename Rob", "two")
    assert alice.read() == ["Server: Robert is now known as Rob."]
    assert alice.ask("`ignore") == ["Server: You ignore Rob."]
    server.turn(1)
    other = server.join("1", "Robert")
    alice.read()
    other.send("hi")
    bob.send("three")
    assert alice.read() == ["Robert: hi"]
    assert alice.ask("`unignore Rob") == ["Server: You do not ignore Rob any more."]


def test_it_ends_with_the_guest(server):
    """The messages of the last turn are not read; those of another guest of that name are."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Robert")
    alice.ask("`ignore Robert")
    bob.send("bye", "`exit")
    assert alice.read() == ["Server: Robert quitted."]
    assert alice.ask("`ignore") == ["Server: You ignore nobody."]
    server.turn(1)
    other = server.join("1", "Robert")
    alice.read()
    other.send("hi")
    assert alice.read() == ["Robert: hi"]


@pytest.mark.parametrize("who", ["Alice", "Robert"])
def test_it_outlives_a_lost_connection(server, who):
    """A guest who resumes the session is the same guest, and has the same list."""
    clients = {name: server.connect() for name in ("Alice", "Robert")}
    tokens = {}
    for name, client in clients.items():
        tokens[name] = json.loads(client.ask("`format json")[-1])["session"]
        events(client, command="join", chatroom_id="1", chatter_name=name)
    events(clients["Alice"], command="ignore", chatter_name="Robert")
    clients[who].lose()
    clients[who] = server.connect()
    clients[who].ask("`format json")
    assert events(clients[who], command="resume", session=tokens[who])[-1]["name"] == who
    events(clients[who], command="join", chatroom_id="1")
    clients["Alice"].read()
    events(clients["Robert"], command="say", text="hi")
    assert json.loads(clients["Alice"].read()[0])["ignored"] is True


def test_sessions_that_ignore_nobody_share_the_codec(server):
    """So an event is encoded once for all of them."""
    clients = [server.join("1", name) for name in ("Alice", "Robert", "Carol")]
    clients[0].ask("`ignore Robert")
    codecs = [client.protocol._session.codec for client in clients]
    assert codecs[1] is codecs[2] is not codecs[0]
    clients[0].ask("`unignore Robert")
    assert clients[0].protocol._session.codec is codecs[1]
