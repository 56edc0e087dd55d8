"""Private messages that wait for the next login: which session reads them, and how often."""

import json

import pytest

from chatd.server.keptmessages import STAY_SECONDS
from chatd.testing import MemoryServer
from tests.server.keeping import KEPT, WORD, ask, connect_json, kept, log_in, register

EPOCH = 1_795_186_276.0  # 2026-11-20 14:51:16 UTC
NAMES = ("alice", "carol")
LINE = "[2026-11-20 14:51:16 UTC] Ann (secret): {}"


@pytest.fixture
def server():
    """Return a server with room 1 and the account bob, whose user is not present."""
    server = MemoryServer(rooms=(("1", "tea"),), clock_offset=EPOCH)
    register(server)
    return server


@pytest.fixture
def ann(server):
    """Return the guest Ann, who has sent bob a private message."""
    ann = server.join("1", "Ann")
    assert ann.ask("`secret Bob psst") == KEPT
    return ann


# -- after the reply to a login


@pytest.mark.usefixtures("ann")
def test_text(server):
    """A line a message, with the time, after the reply."""
    server.turn(5)
    _, lines = log_in(server)
    assert lines == [LINE.format("psst")]


def test_several(server, ann):
    """They come in the order in which they were sent; lines of a message are indented."""
    ann.send("`secret bob one\ntwo", "`secret bob three")
    _, lines = log_in(server)
    assert lines == [LINE.format("psst"), LINE.format("one\n  two"), LINE.format("three")]


def test_json(server, ann):
    """The reply and the event are marked."""
    ann.ask("`format json")
    assert ask(ann, "secret", chatter_name="bob", message="hush", tag="7") == [
        {
            "event": "reply",
            "command": "secret",
            "tag": "7",
            "text": "bob is not here; your secret will be delivered.",
            "name": "bob",
            "kept": True,
        }
    ]
    bob, _ = connect_json(server)
    _, *events = ask(bob, "login", username="bob", password=WORD)
    time = "2026-11-20T14:51:16.000Z"
    assert events == [
        {"event": "secret", "from": "Ann", "text": text, "time": time, "kept": True}
        for text in ("psst", "hush")
    ]


def test_by_a_remembered_login(server, ann):
    """They come as after a login."""
    bob, _ = connect_json(server)
    ask(bob, "login", username="bob", password=WORD)
    (reply,) = ask(bob, "remember")
    server.turn(STAY_SECONDS)
    bob.lose()
    ann.ask("`secret bob hush")
    again, _ = connect_json(server)
    answer, *events = ask(again, "recall", token=reply["token"])
    assert (answer["event"], [event["text"] for event in events]) == ("reply", ["hush"])


def test_by_a_resume_token(server, ann):
    """They come as after a login, and a guest who resumes reads none."""
    bob, token = connect_json(server)
    ask(bob, "login", username="bob", password=WORD)
    server.turn(STAY_SECONDS)
    bob.lose()
    ann.ask("`secret bob hush")
    again, guests = connect_json(server)
    answer, *events = ask(again, "resume", session=token)
    assert (answer["account"], [event["text"] for event in events]) == ("bob", ["hush"])
    again.lose()
    guest, guests = connect_json(server)
    ask(guest, "rename", new_name="Zoe")
    guest.lose()
    ann.ask("`secret bob once more")
    guest, _ = connect_json(server)
    (answer,) = ask(guest, "resume", session=guests)
    assert (answer["name"], answer["account"]) == ("Zoe", None)


def test_the_sender_has_several_sessions(server):
    """The others read the message and its recipient, as if it were sent."""
    register(server, "alice")
    (first, _), (second, _) = log_in(server, "alice"), log_in(server, "alice")
    assert first.ask("`secret bob psst") == KEPT
    assert second.read() == ["alice (secret to bob): psst"]


def test_an_ignored_sender(server):
    """Nothing is kept, and none of the sender's sessions is told; nor is bob."""
    register(server, "alice")
    bob, _ = log_in(server)
    bob.ask("`ignore alice")
    bob.lose()
    (first, _), (second, _) = log_in(server, "alice"), log_in(server, "alice")
    assert first.ask("`secret bob psst") == KEPT
    assert second.read() == ["alice (secret to bob): psst"]
    assert (kept(server), log_in(server)[1]) == ([], [])


def test_an_invitation_of_an_ignored_account(server):
    """It is not told at the login, in text or in JSON; that of another account is."""
    for name in NAMES:
        register(server, name)
        client, _ = log_in(server, name)
        client.ask(f"`enter {name[0]}")
        client.ask("`invite bob")
    bob, told = log_in(server)
    invited = [f"Server: {name} invited you to chatroom {name[0]}@{name[0]}." for name in NAMES]
    assert told == invited
    bob.ask("`ignore alice")
    bob.lose()
    bob, told = log_in(server)
    assert told == invited[1:]
    bob.lose()
    client, _ = connect_json(server)
    events = ask(client, "login", username="bob", password=WORD)
    assert [event["by"] for event in events if event["event"] == "invited"] == ["carol"]


def test_too_many(ann):
    """The sender reads that no more are kept."""
    for number in range(9):
        assert ann.ask(f"`secret bob {number}") == KEPT
    assert ann.ask("`secret bob x") == ["Server: bob cannot be sent more."]
    ann.ask("`format json")
    (event,) = ask(ann, "secret", chatter_name="bob", message="y")
    assert (event["event"], event["code"]) == ("error", "too-many-kept")


def test_present_again(server, ann):
    """Messages come at once, and are not kept."""
    bob, _ = log_in(server)
    assert ann.ask("`secret bob hi") == ["Server: Secret sent to bob."]
    assert bob.read() == ["Ann (secret): hi"]
    assert kept(server) == ["psst"]


@pytest.mark.usefixtures("ann")
def test_the_log_has_no_text(server):
    """Not that of a private message, in either format."""
    trace = []
    server.service.fanout.trace = lambda _, text: trace.append(text)
    log_in(server)[0].lose()
    assert trace == ["Welcome back, bob.", LINE.format("…")]
    bob, _ = connect_json(server)
    bob.send(json.dumps({"command": "login", "username": "bob", "password": WORD}))
    assert json.loads(trace[-1])["text"] == "…"
    assert "psst" in bob.read()[-1]
    assert "psst" not in str(trace)


# -- how often


@pytest.mark.usefixtures("ann")
def test_removed_when_the_connection_has_stayed(server):
    """Not before; then nobody reads them again."""
    bob, _ = log_in(server)
    server.turn(STAY_SECONDS - 0.1)
    assert kept(server) == ["psst"]
    server.turn(0.1)
    assert kept(server) == []
    bob.lose()
    assert log_in(server)[1] == []


@pytest.mark.usefixtures("ann")
def test_lost_early(server):
    """The next session reads them again, until a connection has stayed."""
    for _ in range(3):
        bob, lines = log_in(server)
        assert lines == [LINE.format("psst")]
        server.turn(STAY_SECONDS - 0.1)
        bob.lose()
    server.turn(STAY_SECONDS)
    assert kept(server) == ["psst"]
    _, lines = log_in(server)
    server.turn(STAY_SECONDS)
    assert (lines, kept(server)) == ([LINE.format("psst")], [])


@pytest.mark.usefixtures("ann")
def test_lost_and_back_at_once(server):
    """The time of the second connection counts, not that of the first."""
    log_in(server)[0].lose()
    server.turn(STAY_SECONDS - 1)
    bob, lines = log_in(server)
    assert lines == [LINE.format("psst")]
    server.turn(1)
    assert kept(server) == ["psst"]
    bob.lose()
    assert log_in(server)[1] == [LINE.format("psst")]


@pytest.mark.usefixtures("ann")
def test_exit_early(server):
    """It is as a loss: the client may not have shown them."""
    bob, _ = log_in(server)
    bob.ask("`exit")
    server.turn(STAY_SECONDS)
    assert log_in(server)[1] == [LINE.format("psst")]


@pytest.mark.usefixtures("ann")
def test_logout_early(server):
    """The connection has stayed."""
    bob, _ = log_in(server)
    bob.ask("`logout")
    server.turn(STAY_SECONDS)
    assert kept(server) == []


def test_login_as_another(server, ann):
    """A session that logs out and in reads what is for its account now."""
    register(server, "carol")
    client, _ = log_in(server)
    ann.ask("`secret carol hush")
    client.ask("`logout")
    assert client.ask(f"`login carol {WORD}") == [
        "Server: Welcome back, carol.",
        LINE.format("hush"),
    ]


@pytest.mark.usefixtures("ann")
def test_a_second_session(server):
    """It reads nothing, as long as the first one stays."""
    first, _ = log_in(server)
    second, lines = log_in(server)
    assert lines == []
    server.turn(STAY_SECONDS)
    first.lose()
    assert (second.read(), kept(server)) == ([], [])


@pytest.mark.usefixtures("ann")
def test_the_first_session_is_lost_early(server):
    """The second one reads them, and they are removed once that has stayed."""
    first, _ = log_in(server)
    second, _ = log_in(server)
    third, _ = log_in(server)
    first.lose()
    assert (second.read(), third.read()) == ([LINE.format("psst")], [])
    server.turn(STAY_SECONDS)
    assert kept(server) == []
    assert third.read() == []


@pytest.mark.usefixtures("ann")
def test_a_session_that_is_resumed_early(server):
    """The new connection reads them again: the old one was lost, though nobody noticed."""
    old, token = connect_json(server)
    ask(old, "login", username="bob", password=WORD)
    new, _ = connect_json(server)
    _, *events = ask(new, "resume", session=token)
    assert [event["text"] for event in events] == ["psst"]
    assert old.closed
    server.turn(STAY_SECONDS)
    assert kept(server) == []


def test_the_server_stops_early(server, ann):
    """They are kept for the next start."""
    log_in(server)
    store, stopped = server.service.store, []
    server.service.stopService().addCallback(stopped.append)
    ann.lose()
    server.turn(STAY_SECONDS)
    assert len(stopped) == 1
    assert log_in(MemoryServer(store=store, clock_offset=EPOCH + 10))[1] == [LINE.format("psst")]


# -- invitations


def test_invitations(server):
    """They are told after the reply, to the first session, until they are used."""
    alice = server.connect()
    alice.ask(f"`register alice {WORD}")
    alice.ask("`enter 2")
    alice.ask("`private on")
    assert alice.ask("`invite bob") == ["Server: You invited bob."]
    program, _ = connect_json(server)
    _, invited = ask(program, "login", username="bob", password=WORD)
    assert (invited["event"], invited["room"], invited["by"]) == ("invited", "2", "alice")
    assert invited["time"] == "2026-11-20T14:51:16.000Z"
    other, lines = log_in(server)
    assert lines == []
    for session in (program, other):
        session.lose()
    bob, lines = log_in(server)
    assert lines == ["Server: alice invited you to chatroom 2@2."]
    bob.ask("`join 2")
    bob.lose()
    assert log_in(server)[1] == []
