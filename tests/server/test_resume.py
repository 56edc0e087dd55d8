"""Resume tokens (spec section 7), by way of sessions that use JSON."""

import json

import pytest

from chatd.core.world.names import HOLD_SECONDS
from chatd.core.world.tokens import ACCOUNT_RESUME_SECONDS, GUEST_RESUME_SECONDS
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
    """Return a client that uses JSON, and its token."""
    client = server.connect()
    return client, json.loads(client.ask("`format json")[0])["session"]


def guest(server, name):
    """Return a guest in room 1, and its token."""
    client, token = connect(server)
    ask(client, "join", chatroom_id="1", chatter_name=name)
    return client, token


@pytest.fixture
def store():
    """Return a store that outlives its server."""
    return MemoryStore()


@pytest.fixture
def server(store):
    """Return a server with a room."""
    return MemoryServer(store=store, rooms=(("1", "tea"),))


def test_a_guest_resumes_before_the_old_connection_ends(server):
    """The old connection is closed and its user leaves; the name is free for the new session."""
    bob = server.join("1", "Bob")
    old, token = guest(server, "Alice")
    bob.read()
    new, new_token = connect(server)
    assert ask(new, "resume", session=token, tag="r") == {
        "event": "reply",
        "command": "resume",
        "tag": "r",
        "text": "Welcome back, Alice.",
        "name": "Alice",
        "account": None,
        "session": new_token,
    }
    assert json.loads(old.read()[0])["code"] == "replaced"
    assert old.closed
    assert bob.read() == ["Server: Alice quitted."]
    assert ask(new, "join", chatroom_id="1")["name"] == "Alice"
    assert bob.read() == ["Alice: joined us @chatroom 1."]
    assert ask(connect(server)[0], "resume", session=token) == GONE, "a token is used once"


def test_a_guest_resumes_after_the_connection_has_ended(server):
    """A guest's token is valid for ten minutes, unless another user has the name."""
    old, token = guest(server, "Alice")
    old.lose()
    server.turn(HOLD_SECONDS)
    other = server.join("1", "Alice")
    new, _ = connect(server)
    assert ask(new, "resume", session=token)["code"] == "name-in-use"
    other.lose()
    assert ask(new, "resume", session=token)["name"] == "Alice"
    new.lose()

    old, token = guest(server, "Bob")
    old.lose()
    server.turn(GUEST_RESUME_SECONDS + 1)
    assert ask(connect(server)[0], "resume", session=token) == GONE


def test_an_account_is_resumed(server):
    """The new session is logged in, and the old connection is closed."""
    old, token = connect(server)
    ask(old, "register", username="alice", password=WORD)
    new, _ = connect(server)
    assert ask(new, "resume", session=token)["account"] == "alice"
    assert old.closed
    assert ask(new, "password", old_password=WORD, new_password="another-one")["text"] == (
        "Password changed."
    )


def test_a_login_outlives_a_restart(store, server):
    """The store has the token, also after a crash of the server."""
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


def test_tokens_that_are_not_valid(server):
    """A new password ends the tokens of all other sessions, and a day without a session any."""
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


def test_a_token_does_not_expire_while_its_session_lasts(store, server):
    """The server notes every hour which sessions are there."""
    old, token = connect(server)
    ask(old, "register", username="alice", password=WORD)
    for _ in range(49):
        server.turn(3600)
    server = MemoryServer(store=store)
    server.turn(49 * 3600 + 1800)
    assert ask(connect(server)[0], "resume", session=token)["account"] == "alice"


def test_resume_refused(server):
    """A session in a room or logged in cannot resume; a session without a name is not resumed."""
    _, token = guest(server, "Alice")
    bob, _ = guest(server, "Bob")
    assert ask(bob, "resume", session=token)["code"] == "in-a-room"
    ask(bob, "quit")
    ask(bob, "register", username="carol", password=WORD)
    assert ask(bob, "resume", session=token)["code"] == "logged-in"
    assert ask(connect(server)[0], "resume", session=connect(server)[1]) == GONE
    assert ask(connect(server)[0], "resume", session="guessed") == GONE


def test_exit_ends_the_token(server):
    """A client that sends `exit` does not come back."""
    client, token = guest(server, "Alice")
    ask(client, "exit")
    assert ask(connect(server)[0], "resume", session=token) == GONE


def test_a_session_has_one_token(server):
    """The reply to a second request for the format has the same token."""
    client, token = connect(server)
    assert ask(client, "format", format="json")["session"] == token


def test_tokens_are_masked_in_the_trace(capture_log):
    """Neither the replies that have a token nor the request that brings it show it."""
    server = MemoryServer(trace=True, rooms=(("1", "tea"),))
    old, token = guest(server, "Alice")
    old.lose()
    ask(connect(server)[0], "resume", session=token)
    assert capture_log()
    assert not [line for line in capture_log() if token in line]


def test_other_sessions_keep_their_tokens(store, server):
    """A session that ends or logs out ends its own token alone, also in the store."""
    first, first_token = connect(server)
    ask(first, "register", username="alice", password=WORD)
    (second, second_token), (third, third_token) = connect(server), connect(server)
    for session in (second, third):
        ask(session, "login", username="alice", password=WORD)
    ask(second, "logout")
    ask(third, "exit")
    server = MemoryServer(store=store)
    for token in (second_token, third_token):
        assert ask(connect(server)[0], "resume", session=token) == GONE
    assert ask(connect(server)[0], "resume", session=first_token)["account"] == "alice"


def test_token_of_a_session_that_logged_out(server):
    """It stands for the guest that the session is then, not for the account."""
    client, token = connect(server)
    ask(client, "register", username="alice", password=WORD)
    ask(client, "logout")
    ask(client, "join", chatroom_id="1", chatter_name="Guest")
    client.lose()
    reply = ask(connect(server)[0], "resume", session=token)
    assert (reply["name"], reply["account"]) == ("Guest", None)


def test_a_used_token_is_not_valid_after_a_restart(store, server):
    """The store has the token of the session that goes on."""
    old, token = connect(server)
    ask(old, "register", username="alice", password=WORD)
    new, _ = connect(server)
    next_token = ask(new, "resume", session=token)["session"]
    server = MemoryServer(store=store)
    assert ask(connect(server)[0], "resume", session=token) == GONE
    assert ask(connect(server)[0], "resume", session=next_token)["account"] == "alice"


def test_a_session_resumes_itself(server):
    """A guest in no room that sends its own token keeps its name, and gets another token."""
    client, token = guest(server, "Alice")
    ask(client, "quit")
    reply = ask(client, "resume", session=token)
    assert reply["name"] == "Alice"
    assert reply["session"] != token
    assert not client.closed


def test_a_new_password_ends_the_tokens_of_other_sessions(server):
    """The session that changes it keeps its own."""
    first, first_token = connect(server)
    ask(first, "register", username="alice", password=WORD)
    second, second_token = connect(server)
    ask(second, "login", username="alice", password=WORD)
    ask(first, "password", old_password=WORD, new_password="another-one")
    assert ask(connect(server)[0], "resume", session=second_token) == GONE
    assert ask(connect(server)[0], "resume", session=first_token)["account"] == "alice"
