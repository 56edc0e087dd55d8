"""Several sessions of one account: what each of them and the others in the rooms read."""

import json

import pytest
from twisted.internet.defer import Deferred

from chatd.testing import MemoryServer

WORD = "staple-battery"
REPLACED = "Server: You logged in from another place."


@pytest.fixture
def server():
    """Return a server with two rooms, where users may be in both."""
    return MemoryServer(rooms=(("1", "tea"), ("2", "food")), rooms_per_client=2)


def register(server, name="alice"):
    """Return a session that has registered an account."""
    client = server.connect()
    client.ask(f"`register {name} {WORD}")
    return client


def log_in(server, name="alice"):
    """Return a further session of an account, and what it reads after the reply."""
    client = server.connect()
    reply, *rest = client.ask(f"`login {name} {WORD}")
    assert reply == f"Server: Welcome back, {name}."
    return client, rest


def log_in_json(server, name="alice"):
    """Return a further session of an account that uses JSON, its token, and the reply."""
    client = server.connect()
    token = json.loads(client.ask("`format json")[0])["session"]
    return client, token, ask(client, "login", username=name, password=WORD)


def ask(client, command, **arguments):
    """Send a request in JSON; return the last event that comes."""
    return json.loads(client.ask(json.dumps({"command": command, **arguments}))[-1])


def say(client, text, **arguments):
    """Say something in a room."""
    client.send(json.dumps({"command": "say", "text": text, **arguments}))


def events(client):
    """Return the events that a session has read, without times and receipts."""
    read = [json.loads(frame) for frame in client.read()]
    return [
        {name: value for name, value in event.items() if name != "time"}
        for event in read
        if event["event"] != "stored"
    ]


@pytest.fixture
def sessions(server):
    """Return two sessions of alice, one of them in JSON, and the guest Bob, all in both rooms."""
    text = register(server)
    text.send("`join 1", "`join 2")
    program, _, _ = log_in_json(server)
    bob = server.join("1", "Bob")
    bob.ask("`join 2")
    for client in (text, program, bob):
        client.read()
    return text, program, bob


def test_login_tells_the_rooms(server):
    """A text session reads a line for each room of its user; the last one is its current room."""
    first = register(server)
    first.send("`join 1", "`join 2")
    second, lines = log_in(server)
    assert lines == [
        "Server: You are in chatroom tea@1",
        "Server: You are in chatroom food@2",
    ]
    _, _, reply = log_in_json(server)
    assert reply["rooms"] == ["1", "2"]
    second.send("hello")
    assert first.read()[-1] == "[2] alice: hello"


def test_login_without_rooms_tells_none(server):
    """The user of the account is in no room: nothing follows the reply."""
    register(server)
    _, lines = log_in(server)
    assert lines == []


def test_messages_are_read_by_the_other_sessions(sessions):
    """They read a message as everybody does, the session that said it does not."""
    text, program, bob = sessions
    text.send("hi")
    assert text.read() == []
    assert bob.read() == ["[2] alice: hi"]
    (said,) = events(program)
    assert said == {"event": "said", "room": "2", "id": 1, "from": "alice", "text": "hi"}
    say(program, "from the program", chatroom_id="1")
    assert text.read() == ["[1] alice: from the program"]
    assert bob.read() == ["[1] alice: from the program"]


def test_joins_and_leaves_are_read_by_the_other_sessions(server):
    """A program reads that it was its own user; the room reads each of them once."""
    text = register(server)
    program, _, _ = log_in_json(server)
    bob = server.join("1", "Bob")
    assert text.ask("`join 1") == ["Server: You join @chatroom 1"]
    assert bob.read() == ["alice: joined us @chatroom 1."]
    (joined,) = events(program)
    assert (joined["event"], joined["who"], joined["self"]) == ("joined", "alice", True)
    say(program, "the room is current here, too")
    assert text.read() == ["alice: the room is current here, too"]
    bob.read()
    assert ask(program, "quit")["command"] == "quit"
    assert text.read() == ["Server: alice quitted."]
    assert bob.read() == ["Server: alice quitted."]
    assert text.ask("hello") == ["Server: Join a room first!"]
    text.ask("`join 1")
    program.read()
    text.ask("`quit")
    (left,) = events(program)
    assert (left["event"], left["reason"], left["self"]) == ("left", "quit", True)


def test_joining_a_room_of_the_own_user(sessions):
    """A further session is answered as for any join, nobody is told, and the room is current."""
    text, program, bob = sessions
    reply = ask(program, "join", chatroom_id="1")
    assert (reply["command"], reply["room"], reply["name"]) == ("join", "1", "alice")
    assert (text.read(), bob.read()) == ([], [])
    say(program, "hi")
    assert bob.read() == ["[1] alice: hi"]
    refusal = "Server: You must quit your current chatroom 2 first."
    text.read()
    assert text.ask("`join 2") == [refusal], "this session has joined it itself"


def test_two_sessions_join_the_same_room_at_once(server):
    """Both are answered as for a join, and the room is told once."""
    text = register(server)
    program, _, _ = log_in_json(server)
    bob = server.join("1", "Bob")
    text.send("`join 1")
    reply = ask(program, "join", chatroom_id="1")
    assert reply["event"] == "reply"
    assert text.read() == ["Server: You join @chatroom 1"]
    assert bob.read() == ["alice: joined us @chatroom 1."]


def test_current_room_belongs_to_the_session(sessions):
    """A session that switches changes nothing for the others; leaving takes the room from all."""
    text, program, bob = sessions
    text.ask("`switch 1")
    say(program, "two")
    assert bob.read() == ["[2] alice: two"]
    text.read()
    text.send("one")
    assert bob.read() == ["[1] alice: one"]
    text.ask("`quit 2")
    program.read()
    say(program, "only one left")
    assert bob.read() == ["[2] Server: alice quitted.", "[1] alice: only one left"]


def test_private_messages(sessions):
    """All sessions of the addressee read it; the sender's others read to whom it went."""
    text, program, bob = sessions
    bob.ask("`secret alice psst")
    assert text.read() == ["Bob (secret): psst"]
    assert events(program) == [{"event": "secret", "from": "Bob", "text": "psst"}]
    assert text.ask("`secret Bob hush") == ["Server: Secret sent to Bob."]
    assert bob.read() == ["alice (secret): hush"]
    assert events(program) == [{"event": "secret", "from": "alice", "to": "Bob", "text": "hush"}]
    ask(program, "secret", chatter_name="Bob", message="hist")
    assert text.read() == ["alice (secret to Bob): hist"]


def test_kick_and_group_act_on_all_sessions(server, sessions):
    """Each session is told, and reads no more of the room, or reads the new one."""
    text, program, bob = sessions
    server.console("kick alice 2")
    kicked = "Server: You were kicked out from chatroom food@2 by the Administrator!"
    assert text.read() == [kicked]
    assert [event["event"] for event in events(program)] == ["notice", "left"]
    assert bob.read() == ["[2] Administrator: alice was kicked out."]
    bob.ask("not for alice")
    assert (text.read(), program.read()) == ([], [])
    server.console("group 2 alice")
    assert text.read() == ["Server: You were grouped into chatroom food@2 by the Administrator."]
    assert [event["event"] for event in events(program)] == ["notice", "joined"]
    say(program, "back")
    assert text.read() == ["[2] alice: back"]


def test_end_of_a_room(server, sessions):
    """All sessions are told, and have the other room left."""
    text, program, _ = sessions
    server.console("end 2")
    line = "[2] Administrator: chatroom is being closed by the Administrator."
    assert text.read() == [line]
    assert events(program) == [{"event": "closed", "room": "2"}]
    say(program, "hi")
    assert text.read() == ["alice: hi"]


def test_rename_of_a_guest(sessions):
    """Each session reads it once, however many rooms are shared; the guest reads the reply."""
    text, program, bob = sessions
    assert bob.ask("`rename Rob") == ["Server: You are now known as Rob."]
    assert text.read() == ["Server: Bob is now known as Rob."]
    assert events(program) == [{"event": "renamed", "who": "Bob", "to": "Rob"}]
    assert text.ask("`secret Bob x") == ["Server: Chatter Bob NOT found!"]
    assert text.ask("`secret Rob x") == ["Server: Secret sent to Rob."]
    assert text.ask("`rename Zoe") == ["Server: Your name is that of your account."]


def test_logout_of_one_session(sessions):
    """That session is a guest without a name; the others stay in the rooms."""
    text, program, bob = sessions
    assert text.ask("`logout") == ["Server: Bye, alice"]
    assert (bob.read(), program.read()) == ([], [])
    assert text.ask("hi") == ["Server: Join a room first!"]
    say(program, "still here")
    assert (bob.read(), text.read()) == (["[2] alice: still here"], [])
    assert text.ask("`join 1 Ann") == ["Server: You join @chatroom 1"]
    bob.read()
    assert ask(program, "logout")["name"] == "alice"
    left = ["[1] Server: alice quitted.", "[2] Server: alice quitted."]
    assert bob.read() == left


@pytest.mark.parametrize("ending", ["exit", "lose", "half_close"])
def test_end_of_one_session(sessions, ending):
    """The user stays as long as a session does, and leaves all rooms with the last one."""
    text, program, bob = sessions
    if ending == "exit":
        text.ask("`exit")
    else:
        getattr(text, ending)()
    assert (bob.read(), program.read()) == ([], [])
    say(program, "still here")
    assert bob.read() == ["[2] alice: still here"]
    program.lose()
    assert bob.read() == ["[1] Server: alice quitted.", "[2] Server: alice quitted."]


def test_list_shows_the_oldest_session(server, sessions):
    """A user is there once, with the address of the oldest session."""
    text, program, bob = sessions
    oldest = text.transport.getPeer().port
    assert f"alice@('127.0.0.1', {oldest}) " in bob.ask("`list")[0]
    text.lose()
    oldest = program.transport.getPeer().port
    assert bob.ask("`list")[0].count("alice@") == 2
    assert f"alice@('127.0.0.1', {oldest}) " in bob.ask("`list")[0]
    lines = server.console("who")
    assert [line for line in lines if "name=alice account=alice rooms=1,2" in line] == lines[:1]


@pytest.mark.usefixtures("sessions")
def test_who_has_a_line_for_each_session(server):
    """The console shows every session of a user."""
    lines = server.console("who")
    assert sum("name=alice account=alice rooms=1,2" in line for line in lines) == 2


def test_the_session_silent_for_longest_ends(server):
    """Past the limit that session is told and closed; the user stays in the rooms."""
    server = MemoryServer(rooms=(("1", "tea"),), sessions_per_account=2)
    first = register(server)
    first.ask("`join 1")
    server.turn(1)
    second, _ = log_in(server)
    server.turn(1)
    first.send("I am not silent")
    server.turn(1)
    bob = server.join("1", "Bob")
    third, _ = log_in(server)
    second.read()
    assert second.closed
    assert not first.closed
    assert bob.read() == []
    third.send("hi")
    assert bob.read() == ["alice: hi"]


def test_a_replaced_program_is_told_why(server):
    """It reads the code `replaced`, and its token does not let it come back."""
    server = MemoryServer(sessions_per_account=1)
    register(server).lose()
    program, token, _ = log_in_json(server)
    log_in(server)
    closing = json.loads(program.read()[-1])
    assert (closing["code"], closing["retry"]) == ("replaced", False)
    assert program.closed
    other, _, _ = log_in_json(server)
    ask(other, "logout")
    assert ask(other, "resume", session=token)["code"] == "no-such-session"


def test_new_password_ends_the_other_sessions(server):
    """A user who changes the password stays logged in; their other sessions end, for good."""
    first = register(server)
    first.ask("`join 1")
    text, _ = log_in(server)
    program, token, _ = log_in_json(server)
    assert first.ask(f"`password {WORD} another-one") == ["Server: Password changed."]
    assert text.read() == ["Server: Your password was changed in another session."]
    closing = json.loads(program.read()[-1])
    assert (closing["code"], closing["retry"]) == ("password-changed", True)
    assert text.closed
    assert program.closed
    assert first.ask("hello") == []
    again = server.connect()
    again.ask("`format json")
    assert ask(again, "resume", session=token)["code"] == "no-such-session"


def test_new_password_of_the_administrator_ends_all_sessions(server, sessions):
    """Every session is told and closed; the rooms are left once."""
    text, program, bob = sessions
    accounts = server.service.accounts
    Deferred.fromCoroutine(accounts.set_password("alice", "another-one", 0))
    assert text.read() == ["Server: Your password was set by the Administrator."]
    assert json.loads(program.read()[-1])["code"] == "password-set"
    assert text.closed
    assert program.closed
    assert bob.read() == ["[1] Server: alice quitted.", "[2] Server: alice quitted."]


def test_ban_ends_all_sessions(server, sessions):
    """A ban on the name acts on the user."""
    text, program, bob = sessions
    server.console("ban alice")
    assert text.closed
    assert program.closed
    assert len(bob.read()) == 2


def test_login_of_a_named_guest(server):
    """The guest disappears: the name is free, and the session is one of the account's user."""
    register(server)
    guest = server.join("1", "Guest")
    guest.ask("`quit")
    assert guest.ask(f"`login alice {WORD}") == ["Server: Welcome back, alice."]
    assert server.connect().ask("`join 1 Guest") == ["Server: You join @chatroom 1"]


def test_resume_of_one_session(server, sessions):
    """It closes the old connection of that session alone; the user stays in the rooms."""
    text, program, bob = sessions
    lost, token, _ = log_in_json(server)
    new = server.connect()
    new.ask("`format json")
    reply = ask(new, "resume", session=token)
    assert (reply["name"], reply["account"], reply["rooms"]) == ("alice", "alice", ["1", "2"])
    assert reply["session"] != token
    assert lost.closed
    assert not text.closed
    assert not program.closed
    assert bob.read() == []
    again = server.connect()
    again.ask("`format json")
    assert ask(again, "resume", session=token)["code"] == "no-such-session"
    assert ask(again, "resume", session=reply["session"])["name"] == "alice"
    assert new.closed
