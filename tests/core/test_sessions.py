"""The sessions and remembered logins of an account: what is listed, and what ends them."""

import json

import pytest

from chatd.storage.testing import result
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore

WORD, OTHER = "staple-battery", "battery-staple"


@pytest.fixture
def server():
    """Return a server with the accounts ann and bob."""
    server = MemoryServer(rooms=(("1", "tea"),))
    for name in ("ann", "bob"):
        server.connect().ask(f"`register {name} {WORD}")
        server.console(f"kick {name} 1")
    return server


def program(server):
    """Return a client that uses JSON."""
    client = server.connect()
    client.ask("`format json")
    return client


def ask(client, command, **parameters):
    """Return the last object that comes back."""
    return json.loads(client.ask(json.dumps({"command": command, **parameters}))[-1])


def logged_in(server, name="ann"):
    """Return a program that is logged in."""
    client = program(server)
    ask(client, "login", username=name, password=WORD)
    return client


@pytest.fixture
def ann(server):
    """Return a program that is logged in as ann."""
    return logged_in(server)


# -- tokens


def test_a_token_logs_in_to_a_further_session(server, ann):
    """The other sessions stay, and the token stays good."""
    token = ask(ann, "remember", tag="t")["token"]
    ask(ann, "join", chatroom_id="1")
    for _ in range(2):
        reply = ask(program(server), "recall", token=token)
        assert (reply["name"], reply["rooms"]) == ("ann", ["1"])
    assert ask(ann, "ping")["text"] == "pong"


def test_a_token_of_nobody(server, ann):
    """It is refused, as a login is; the reply does not tell why."""
    client = program(server)
    assert ask(client, "remember")["code"] == "login-first"
    assert ask(client, "recall", token="x")["code"] == "wrong-token"
    assert server.service.counters.failed_logins == 1
    token = ask(ann, "remember")["token"]
    assert ask(ann, "recall", token=token)["code"] == "logged-in"
    ask(client, "join", chatroom_id="1", chatter_name="Eve")
    assert ask(client, "recall", token=token)["code"] == "in-a-room"


@pytest.mark.parametrize("change", ["own", "console", "unregister"])
def test_what_ends_all_tokens(server, ann, change):
    """A new password, whoever sets it, and the end of the account; not those of others."""
    token = ask(ann, "remember")["token"]
    bobs = ask(logged_in(server, "bob"), "remember")["token"]
    if change == "own":
        ask(ann, "password", old_password=WORD, new_password=OTHER)
    elif change == "console":
        result(server.service.accounts.set_password("ann", OTHER, 0.0))
    else:
        server.console("unregister ann")
        server.connect().ask(f"`register ann {WORD}")
    assert ask(program(server), "recall", token=token)["code"] == "wrong-token"
    assert ask(program(server), "recall", token=bobs)["name"] == "bob"


def test_a_token_stays_when_its_session_logs_out(ann):
    """So it is of use at the next start."""
    token = ask(ann, "remember")["token"]
    ask(ann, "logout")
    assert ask(ann, "recall", token=token)["name"] == "ann"


def test_a_banned_account_cannot_be_recalled(server, ann):
    """As it cannot log in."""
    token = ask(ann, "remember")["token"]
    server.console("ban ann")
    assert ask(program(server), "recall", token=token)["code"] == "banned"


def test_no_token_survives_a_new_password_that_comes_meanwhile():
    """A session that asks for one while the password is set gets none."""
    store = SlowStore()
    server = MemoryServer(store=store)
    server.connect().ask(f"`register ann {WORD}")
    thief, owner = logged_in(server), logged_in(server)
    store.token_gate.shut = True
    thief.send('{"command":"remember"}')
    owner.send(json.dumps({"command": "password", "old_password": WORD, "new_password": OTHER}))
    store.token_gate.drain()
    assert ask_events(thief) == ["closing"]
    server.turn(1)
    assert result(store.remembered_tokens("ann")) == []


def ask_events(client):
    """Return the kinds of the events that came."""
    return [json.loads(frame)["event"] for frame in client.read()]


def test_tokens_are_masked(server, ann):
    """The trace shows neither a token that is given nor one that is used."""
    shown = []
    server.service.fanout.trace = lambda _, frame: shown.append(frame)
    server.service.event_log.received = lambda _, frame: shown.append(frame)
    token = ask(ann, "remember")["token"]
    ask(program(server), "recall", token=token)
    assert sum("recall" in frame or "remember" in frame for frame in shown) == 4
    assert not any(token in frame for frame in shown)


# -- the list


def test_the_list_of_sessions(server, ann):
    """It has the own sessions and tokens, and nothing of others."""
    ask(logged_in(server, "bob"), "remember")
    ask(ann, "remember")
    server.turn(5)
    reply = ask(ann, "sessions")
    first, own = reply["sessions"]
    assert (first["number"], first["format"], "self" in first) == (1, "text", False)
    assert (own["number"], own["format"], own["self"], own["idle"]) == (2, "json", True, 0)
    assert own["address"][0] == "127.0.0.1"
    assert [token["number"] for token in reply["tokens"]] == [3]
    text = server.connect()
    text.ask(f"`login ann {WORD}")
    lines = text.ask("`sessions")[0].splitlines()
    assert lines[0] == "Server: "
    assert lines[1].endswith("text, since 1970-01-01 00:00:00, idle for 5 s")
    assert lines[3].endswith("text, since 1970-01-01 00:00:05, idle for 0 s, this session")
    assert lines[4] == "4: remembered login of 1970-01-01 00:00:00, last used 1970-01-01 00:00:00"


def test_addresses_are_hidden():
    """The list has none where the server hides them."""
    server = MemoryServer(hide_addresses=True)
    client = server.connect()
    client.ask(f"`register ann {WORD}")
    assert client.ask("`sessions")[0].splitlines()[1].startswith("1: text, since")


def test_ending_a_session(server, ann):
    """The number is that of the list that was read, also when others have ended since."""
    second, third = logged_in(server), logged_in(server)
    assert len(ask(ann, "sessions")["sessions"]) == 4
    second.ask('{"command":"exit"}')
    assert ask(ann, "revoke", number="4")["text"] == "4 is ended."
    closing = json.loads(third.read()[-1])
    assert (closing["code"], closing["retry"]) == ("revoked", False)
    assert third.closed
    for number in ("3", "4", "9", "0"):
        assert ask(ann, "revoke", number=number)["code"] == "no-such-number"
    assert ask(ann, "revoke", number="2")["code"] == "own-session"
    assert ask(ann, "revoke", number="x")["code"] == "usage"


def test_a_session_that_was_ended_cannot_be_resumed(server, ann):
    """Its resume token ends with it."""
    other = server.connect()
    session = json.loads(other.ask("`format json")[0])["session"]
    ask(other, "login", username="ann", password=WORD)
    ask(ann, "sessions")
    ask(ann, "revoke", number="3")
    assert ask(program(server), "resume", session=session)["code"] == "no-such-session"


def test_ending_a_remembered_login(server, ann):
    """The token is not good any more, and the others are."""
    tokens = [ask(ann, "remember")["token"] for _ in range(2)]
    listed = ask(ann, "sessions")["tokens"]
    assert ask(ann, "revoke", number=str(listed[0]["number"]))["event"] == "reply"
    codes = [ask(program(server), "recall", token=token).get("code") for token in tokens]
    assert sorted(codes, key=str) == [None, "wrong-token"]


def test_ending_everything_else(server, ann):
    """All other sessions and all tokens end, those of other accounts do not."""
    other, bob = logged_in(server), logged_in(server, "bob")
    token = ask(ann, "remember")["token"]
    assert ask(ann, "revoke", number="all")["number"] == "all"
    assert json.loads(other.read()[-1])["code"] == "revoked"
    assert ask(program(server), "recall", token=token)["code"] == "wrong-token"
    assert len(ask(ann, "sessions")["sessions"]) == 1
    assert ask(bob, "ping")["text"] == "pong"


def test_nobody_ends_the_sessions_of_others(server, ann):
    """Not even by a list from before the session changed its account."""
    other = logged_in(server)
    ask(other, "remember")
    assert len(ask(other, "sessions")["sessions"]) == 3
    ask(other, "logout")
    assert ask(other, "revoke", number="1")["code"] == "login-first"
    ask(other, "login", username="bob", password=WORD)
    for number in ("1", "2", "4"):
        assert ask(other, "revoke", number=number)["code"] == "no-such-number"
    assert len(ask(ann, "sessions")["tokens"]) == 1
    assert ask(ann, "ping")["text"] == "pong"
