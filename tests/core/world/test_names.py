"""Names that are taken, held after a lost connection, and reserved for a registration."""

import json

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.names import new_name
from chatd.core.rooms import SessionKey, User
from chatd.core.world import names
from chatd.core.world.names import HOLD_SECONDS, UserNames
from chatd.testing import MemoryServer

ONE, TWO = SessionKey("here", 1), SessionKey("there", 2)
IN_USE = ["Server: Name Alice is already in use!"]


def ask(client, command, **arguments):
    """Send a request in JSON; return the last thing that comes."""
    return json.loads(client.ask(json.dumps({"command": command, **arguments}))[-1])


def connect(server):
    """Return a client that uses JSON, and its token."""
    client = server.connect("203.0.113.9")
    return client, json.loads(client.ask("`format json")[0])["session"]


@pytest.fixture
def server():
    """Return a server with a room."""
    return MemoryServer(rooms=(("1", "tea"),))


@pytest.fixture
def token(server):
    """Return the token of the guest Alice, whose connection was lost."""
    client, token = connect(server)
    ask(client, "join", chatroom_id="1", chatter_name="Alice")
    client.lose()
    return token


def test_a_name_is_held_for_its_token(server, token):
    """Nobody else gets the name or one that looks alike, by any way; the token gets it at once."""
    thief = server.connect()
    for request in (
        "join 1 Alice",
        "enter 1 alice",
        "rename A1ice",
        "register Alice pass-word",
    ):
        assert "already in use" in thief.ask(f"`{request}")[0]
    assert thief.ask("`list") == ["Server: \ntea@1: no chatters!\n"]
    assert thief.ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    assert thief.ask("`secret Alice hi") == ["Server: Chatter Alice NOT found!"]
    assert thief.ask("`rename Alice") == IN_USE
    assert not [line for line in server.console("who") if "Alice" in line]
    client, _ = connect(server)
    assert ask(client, "resume", session=token)["name"] == "Alice"
    assert ask(client, "join", chatroom_id="1")["name"] == "Alice"
    assert thief.ask("`rename Alice") == ["Alice: joined us @chatroom 1.", *IN_USE]


def test_a_name_is_held_for_a_minute(server, token):
    """Then another user may take it; the token does not get it back from them."""
    thief = server.connect()
    server.turn(HOLD_SECONDS - 1)
    assert thief.ask("`rename Alice") == IN_USE
    server.turn(1)
    assert thief.ask("`rename Alice") == ["Server: You are now known as Alice."]
    assert ask(connect(server)[0], "resume", session=token)["code"] == "name-in-use"
    assert thief.ask("`join 1") == ["Server: You join @chatroom 1"]


def test_a_token_that_is_late_gets_a_free_name(server, token):
    """A guest resumes after the minute as well, if nobody has taken the name."""
    server.turn(HOLD_SECONDS)
    assert ask(connect(server)[0], "resume", session=token)["name"] == "Alice"


def test_a_name_is_held_again_after_each_loss(server, token):
    """The second minute begins with the second loss, and the first one ends nothing."""
    server.turn(HOLD_SECONDS / 2)
    client, new_token = connect(server)
    ask(client, "resume", session=token)
    client.lose()
    server.turn(HOLD_SECONDS - 1)
    assert server.connect().ask("`rename Alice") == IN_USE
    assert ask(connect(server)[0], "resume", session=new_token)["name"] == "Alice"


def test_a_guest_who_is_aborted_by_a_flood(server):
    """A client that gets more than it can read keeps its name, as after any lost connection."""
    client, token = connect(server)
    ask(client, "join", chatroom_id="1", chatter_name="Alice")
    thief = server.join("1", "Bob")
    client.protocol.send_queue.pauseProducing()
    thief.send(*[f"`secret Alice {'x' * 10_000}"] * 120)
    for _ in range(4):
        server.turn()
    assert client.closed
    thief.read()
    assert thief.ask("`rename Alice") == IN_USE
    assert ask(connect(server)[0], "resume", session=token)["name"] == "Alice"


@pytest.mark.parametrize("end", ["exit", "idle", "ban", "text", "closed"])
def test_after_which_end_a_name_is_held(end):
    """A name is free at once after an orderly end, or without a token."""
    server = MemoryServer(rooms=(("1", "tea"),), idle_timeout=30)
    client, _ = connect(server)
    if end == "text":
        client = server.connect()
        client.ask("`join 1 Alice")
        client.lose()
    else:
        ask(client, "join", chatroom_id="1", chatter_name="Alice")
    if end == "exit":
        ask(client, "exit")
    elif end == "idle":
        server.turn(30)
    elif end == "ban":
        server.console("ban Alice")
        server.console("unban Alice")
    elif end == "closed":
        client.half_close()  # as the system does for a client that has crashed
    server.turn()
    taken = server.connect().ask("`rename Alice")
    assert taken == (IN_USE if end == "closed" else ["Server: You are now known as Alice."])


# -- without sessions


def named(known, name, host="203.0.113.9"):
    """Return a user with a name."""
    user = User((host, 1))
    known.assign(user, new_name(name))
    return user


def is_free(known, name, now=0, session=ONE):
    """Tell whether nobody has a name."""
    try:
        known.check_free(new_name(name), session, now)
    except ChatError as error:
        assert error.code is ErrorCode.NAME_IN_USE
        return False
    return True


def test_assign():
    """A user has one name, which nobody else can take; the former one is free."""
    known = UserNames()
    ann = named(known, "Ann")
    assert known.find(new_name("ANN").keys) is ann
    with pytest.raises(ChatError) as refused:
        known.check_free(new_name("ann"), ONE, 0)
    assert refused.value.params == {"name": "Ann"}
    known.check_free(new_name("ann"), ONE, 0, ann)
    known.assign(ann, new_name("Zoe"))
    assert (is_free(known, "Ann"), ann.name, known.count(0)) == (True, "Zoe", 1)
    known.assign(ann, None)
    assert (is_free(known, "Zoe"), ann.name, ann.keys, known.count(0)) == (True, "", None, 0)


def test_hold():
    """Nobody has a name that is held; it is free once its time is over, noted or not."""
    known = UserNames()
    ann = named(known, "Ann")
    known.hold(ann, 5)
    assert (ann.name, ann.keys, known.find(new_name("Ann").keys)) == ("", None, None)
    last = 5 + HOLD_SECONDS
    assert [is_free(known, "Ann", now) for now in (5, last - 0.1, last)] == [False, False, True]
    assert [known.count(now) for now in (5, last)] == [1, 0]
    known.check_free(new_name("Ann"), ONE, 5, ann)
    known.end_holds(last - 0.1)
    assert not is_free(known, "Ann", 5)
    known.end_holds(last)
    assert is_free(known, "Ann", 5)


def test_end_hold():
    """The name is free at once; for a user without a held name nothing happens."""
    known = UserNames()
    ann, bob = named(known, "Ann"), named(known, "Bob")
    known.hold(ann, 0)
    for user in (ann, ann, bob):
        known.end_hold(user)
    assert (is_free(known, "Ann"), is_free(known, "Bob")) == (True, False)


def test_limits(monkeypatch):
    """So many names are held at once, for one address and in all, and each is counted off."""
    monkeypatch.setattr(names, "MAX_HELD", 3)
    monkeypatch.setattr(names, "MAX_HELD_PER_ORIGIN", 2)
    known = UserNames()

    def held(name, host="203.0.113.9"):
        known.hold(named(known, name, host), 0)
        return not is_free(known, name)

    assert [held(name) for name in ("Ann", "Bob", "Cid")] == [True, True, False]
    assert [held(name, "127.0.0.1") for name in ("Dan", "Eve")] == [True, False]
    known.end_holds(HOLD_SECONDS)
    assert [is_free(known, name) for name in ("Ann", "Bob", "Dan")] == [True] * 3
    assert [held(name, "127.0.0.1") for name in ("Dan", "Eve", "Fay")] == [True] * 3
    known.end_holds(HOLD_SECONDS)
    assert [held(name) for name in ("Ann", "Bob", "Cid")] == [True, True, False]


def test_present():
    """Names that are held or reserved are those of nobody."""
    names, ann = UserNames(), User(("203.0.113.9", 1))
    names.assign(ann, new_name("Ann"))
    names.assign(User(None), new_name("Bob"))
    names.reserve(ONE, new_name("Zoe"))
    assert (names.present, names.count(0)) == (2, 3)
    names.hold(ann, 0)
    assert (names.present, names.count(0)) == (1, 3)
    names.end_hold(ann)
    assert (names.present, names.count(0)) == (1, 2)


def test_reserve():
    """A session has one reservation: others cannot take the name, and nobody is found by it."""
    known = UserNames()
    known.reserve(ONE, new_name("Ann"))
    assert (is_free(known, "ann", session=ONE), is_free(known, "ann", session=TWO)) == (True, False)
    assert (known.find(new_name("Ann").keys), known.count(0)) == (None, 1)
    known.reserve(ONE, new_name("Bob"))
    assert (is_free(known, "Ann", session=TWO), is_free(known, "Bob", session=TWO)) == (True, False)
    for _ in range(2):
        known.release(ONE)
    assert (is_free(known, "Bob", session=TWO), known.count(0)) == (True, 0)


def test_the_end_of_a_reservation_ends_no_hold():
    """A name that is held stays so when another session releases its reservation of it."""
    known = UserNames()
    known.reserve(TWO, new_name("Ann"))
    ann = named(known, "Ann")
    known.hold(ann, 0)
    known.release(TWO)
    assert not is_free(known, "Ann")


def test_release_all():
    """The reservations of one server end, those of others stay."""
    known = UserNames()
    known.reserve(ONE, new_name("Ann"))
    known.reserve(TWO, new_name("Bob"))
    known.release_all("here")
    assert (is_free(known, "Ann", session=TWO), is_free(known, "Bob", session=ONE)) == (True, False)
