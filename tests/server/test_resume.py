"""Coming back by the session secret (spec section 7), through sessions."""

import json

import pytest

from chatd.server.resume import ACCOUNT_RESUME_SECONDS, GUEST_RESUME_SECONDS
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer

WORD = "staple-battery"
GONE = {
    "event": "error",
    "command": "resume",
    "code": "no-such-session",
    "text": "There is no such session, join or login again.",
}


def ask(client, command, **arguments):
    """Send a request in JSON; return the last thing that comes."""
    return json.loads(client.ask(json.dumps({"command": command, **arguments}))[-1])


def connect(server):
    """Return a client that speaks JSON, and its secret."""
    client = server.connect()
    return client, json.loads(client.ask("`format json")[0])["session"]


def guest(server, name):
    """Return a guest in room 1, and his secret."""
    client, secret = connect(server)
    ask(client, "join", chatroom_id="1", chatter_name=name)
    return client, secret


@pytest.fixture
def store():
    """Return a store that outlives its server."""
    return MemoryStore()


@pytest.fixture
def server(store):
    """Return a server with a room."""
    return MemoryServer(store=store, rooms=(("1", "tea"),))


def test_a_guest_takes_his_name_back(server):
    """Even though the server has not noticed that the old connection is dead."""
    bob = server.join("1", "Bob")
    old, secret = guest(server, "Alice")
    bob.read()
    new, token = connect(server)
    assert ask(new, "resume", session=secret, tag="r") == {
        "event": "reply",
        "command": "resume",
        "tag": "r",
        "text": "Welcome back, Alice.",
        "name": "Alice",
        "account": None,
        "session": token,
    }
    assert json.loads(old.read()[0])["code"] == "replaced"
    assert old.closed
    assert bob.read() == ["Server: Alice quitted."]
    assert ask(new, "join", chatroom_id="1")["name"] == "Alice"
    assert bob.read() == ["Alice: joined us @chatroom 1."]
    assert ask(connect(server)[0], "resume", session=secret) == GONE, "it was of use once"


def test_after_the_connection_has_ended(server):
    """For some minutes, if nobody else has the name by then."""
    old, secret = guest(server, "Alice")
    old.lose()
    other = server.join("1", "Alice")
    new, _ = connect(server)
    assert ask(new, "resume", session=secret)["code"] == "name-in-use"
    other.lose()
    assert ask(new, "resume", session=secret)["name"] == "Alice"
    new.lose()

    old, secret = guest(server, "Bob")
    old.lose()
    server.turn(GUEST_RESUME_SECONDS + 1)
    assert ask(connect(server)[0], "resume", session=secret) == GONE


def test_who_is_logged_in_stays_so(server):
    """The login comes back, and the old connection has to go."""
    old, secret = connect(server)
    ask(old, "register", username="alice", password=WORD)
    new, _ = connect(server)
    assert ask(new, "resume", session=secret)["account"] == "alice"
    assert old.closed
    assert ask(new, "password", old_password=WORD, new_password="another-one")["text"] == (
        "Password changed."
    )


def test_a_login_outlives_a_restart(store, server):
    """Also a crash: nothing is told to the old server."""
    old, first = connect(server)
    ask(old, "register", username="alice", password=WORD)
    server = MemoryServer(store=store)
    new, second = connect(server)
    assert ask(new, "resume", session=first)["account"] == "alice"
    server = MemoryServer(store=store)
    new, third = connect(server)
    assert ask(new, "resume", session=first) == GONE
    assert ask(new, "resume", session=second)["account"] == "alice"
    ask(new, "logout")
    assert ask(connect(server)[0], "resume", session=third) == GONE


def test_secrets_that_are_void(server):
    """After a new password, and a day."""
    new, second = connect(server)
    ask(new, "register", username="alice", password=WORD)
    new.lose()
    other, _ = connect(server)
    ask(other, "login", username="alice", password=WORD)
    ask(other, "password", old_password=WORD, new_password="another-one")
    assert ask(connect(server)[0], "resume", session=second) == GONE

    other, third = connect(server)
    ask(other, "login", username="alice", password="another-one")
    other.lose()
    server.turn(ACCOUNT_RESUME_SECONDS + 1)
    assert ask(connect(server)[0], "resume", session=third) == GONE


def test_a_login_is_kept_while_its_client_is_here(store, server):
    """However long he stays."""
    old, secret = connect(server)
    ask(old, "register", username="alice", password=WORD)
    for _ in range(49):
        server.turn(3600)
    server = MemoryServer(store=store)
    server.turn(49 * 3600 + 1800)
    assert ask(connect(server)[0], "resume", session=secret)["account"] == "alice"


def test_resume_refused(server):
    """Not for who is in a room, who is logged in, or who was nobody."""
    _, secret = guest(server, "Alice")
    bob, _ = guest(server, "Bob")
    assert ask(bob, "resume", session=secret)["code"] == "in-a-room"
    ask(bob, "quit")
    ask(bob, "register", username="carol", password=WORD)
    assert ask(bob, "resume", session=secret)["code"] == "logged-in"
    assert ask(connect(server)[0], "resume", session=connect(server)[1]) == GONE
    assert ask(connect(server)[0], "resume", session="guessed") == GONE


def test_who_leaves_does_not_come_back(server):
    """Who says `exit` has let go of his name."""
    client, secret = guest(server, "Alice")
    ask(client, "exit")
    assert ask(connect(server)[0], "resume", session=secret) == GONE


def test_the_secret_stays_the_same(server):
    """To ask for the format again changes nothing."""
    client, secret = connect(server)
    assert ask(client, "format", format="json")["session"] == secret


def test_secrets_are_masked_in_the_trace(capture_log):
    """Neither the reply that has one nor the request that brings it shows it."""
    server = MemoryServer(trace=True, rooms=(("1", "tea"),))
    old, secret = guest(server, "Alice")
    old.lose()
    ask(connect(server)[0], "resume", session=secret)
    assert capture_log()
    assert not [line for line in capture_log() if secret in line]
