"""Mutes: who may not talk, for how long, and what everybody reads of it."""

import json

import pytest

from chatd.testing import MemoryServer

WORD = "staple-battery"
REFUSED = "Server: You may not talk in chatroom swimming@1."
THERE, ELSEWHERE = "10.0.0.1", "10.0.0.2"


@pytest.fixture
def server():
    """Return a server with room 1."""
    return MemoryServer(rooms=(("1", "swimming"), ("2", "food")), rooms_per_client=2)


@pytest.fixture
def people(server):
    """Return Alice and Bob, who are in room 1."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob", host=THERE)
    alice.read()
    return alice, bob


def login(server, name, host="127.0.0.1"):
    """Return a client in room 1 that is logged in, to a new account if need be."""
    client = server.connect(host=host)
    client.ask(f"`register {name} {WORD}")
    client.ask(f"`login {name} {WORD}")
    client.ask("`join 1")
    return client


def test_mute(server, people):
    """The room and the user are told; what the user says is refused and read by nobody."""
    alice, bob = people
    assert server.console("mute bob 1") == ["Administrator: Bob was muted in chatroom 1."]
    assert alice.read() == ["Server: Bob was muted."]
    assert bob.read() == [REFUSED]
    for words in ("hi", "`say hi", "`broadcast 1 hi", "`me waves"):
        assert bob.ask(words) == [REFUSED]
    bob.send("one", "two", "three")
    assert bob.read() == [REFUSED] * 3
    assert alice.read() == []
    assert server.console("history 1") == ["Administrator: No messages in chatroom 1!"]


def test_a_muted_user_reads_and_whispers(server, people):
    """A mute concerns what the room would read, in that room alone."""
    alice, bob = people
    server.console("mute Bob 1")
    alice.read(), bob.read()
    alice.send("hi")
    assert bob.read() == ["Alice: hi"]
    assert bob.ask("`secret Alice psst") == ["Server: Secret sent to Alice."]
    assert alice.read() == ["Bob (secret): psst"]
    cid = server.join("2", "Cid")
    bob.ask("`join 2")
    cid.read()
    bob.ask("hi")
    assert cid.read() == ["Bob: hi"]


def test_unmute(server, people):
    """The room and the user are told, and the user talks again."""
    alice, bob = people
    server.console("mute Bob 1")
    alice.read(), bob.read()
    assert server.console("unmute BOB 1") == ["Administrator: Bob was unmuted in chatroom 1."]
    assert alice.read() == ["Server: Bob was unmuted."]
    assert bob.read() == ["Server: You may talk in chatroom swimming@1 again."]
    assert bob.ask("hi") == []
    assert alice.read() == ["Bob: hi"]
    assert server.console("unmute Bob 1") == ["Administrator: Bob is not muted in chatroom 1."]
    assert not server.service.chat.room("1").restricts_talk


def test_events_keep_their_order(server, people):
    """Messages of the same turn from before the mute come first."""
    alice, bob = people
    alice.send("before")
    server.console("mute Bob 1")
    alice.send("after")
    assert bob.read() == ["Alice: before", REFUSED, "Alice: after"]


def test_json(server, people):
    """Programs get events and the code `muted`; the user's own has `self`."""
    alice, bob = people
    for client in people:
        client.ask("`format json")
    server.console("mute Bob 1 30")
    (muted,), (own,) = (map(json.loads, client.read()) for client in people)
    assert muted == {
        "event": "muted",
        "room": "1",
        "who": "Bob",
        "by": "Administrator",
        "minutes": 30,
        "room_name": "swimming",
        "time": muted["time"],
    }
    assert own == {**muted, "self": True}
    (error,) = map(json.loads, bob.ask('{"command":"say","text":"hi","tag":"t"}'))
    assert error == {
        "event": "error",
        "command": "say",
        "tag": "t",
        "code": "muted",
        "text": "You may not talk in chatroom swimming@1.",
    }
    server.console("unmute Bob 1")
    (unmuted,) = map(json.loads, alice.read())
    assert (unmuted["event"], unmuted["who"]) == ("unmuted", "Bob")


def test_minutes(server, people):
    """A mute for minutes ends by itself; a second one replaces the first."""
    alice, bob = people
    answer = ["Administrator: Bob was muted in chatroom 1 for 1 minute."]
    assert server.console("mute Bob 1 1") == answer
    server.turn(59)
    bob.read()
    assert bob.ask("hi") == [REFUSED]
    server.console("mute Bob 1 2")
    server.turn(119)
    bob.read()
    assert bob.ask("hi") == [REFUSED]
    server.turn(1)
    alice.read()
    assert bob.ask("hi") == []
    assert alice.read() == ["Bob: hi"]
    assert server.console("unmute Bob 1") == ["Administrator: Bob is not muted in chatroom 1."]
    assert not server.service.chat.room("1").restricts_talk


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("mute Bob 7", "Administrator: Chatroom 7 NOT exist!"),
        ("mute Zed 1", "Administrator: Chatter Zed NOT found!"),
        ("mute Bob 1 0", "Unknown commands."),
        ("mute Bob 1 x", "Unknown commands."),
        ("mute Bob", "Unknown commands."),
        ("unmute Bob 7", "Administrator: Chatroom 7 NOT exist!"),
        ("unmute Zed 1", "Administrator: Zed is not muted in chatroom 1."),
    ],
)
@pytest.mark.usefixtures("people")
def test_refused(server, line, answer):
    """A room or a user that does not exist, and wrong minutes, are refused."""
    assert server.console(line)[0] == answer


def test_an_account_stays_muted(server):
    """It is muted in all sessions, after a further login, and after a mute while it is away."""
    ann = login(server, "ann")
    other = login(server, "ann")
    server.console("mute ann 1")
    for client in (ann, other):
        client.read()
        assert client.ask("hi") == [REFUSED]
        client.ask("`exit")
    again = login(server, "ann", host=ELSEWHERE)
    assert again.ask("hi") == [REFUSED]
    again.ask("`exit")
    assert server.console("unmute ann 1") == ["Administrator: ann was unmuted in chatroom 1."]
    server.console("mute ann 1")
    assert login(server, "ann").ask("hi") == [REFUSED]


def test_a_guest_stays_muted_under_another_name(server, people):
    """The mute follows the guest, whose former name is free for others."""
    alice, bob = people
    server.console("mute Bob 1")
    bob.ask("`rename Rob")
    assert bob.ask("hi") == [REFUSED]
    new_bob = server.join("1", "Bob", host=ELSEWHERE)
    assert new_bob.ask("hi") == []
    assert server.console("unmute Rob 1") == ["Administrator: Rob was unmuted in chatroom 1."]
    assert bob.read()[-1] == "Server: You may talk in chatroom swimming@1 again."
    assert bob.ask("hi") == []
    assert alice.read()[-1] == "Rob: hi"


@pytest.mark.parametrize(
    ("name", "host", "is_muted"),
    [
        ("Bob", ELSEWHERE, True),
        ("b0b", ELSEWHERE, True),
        ("Rob", THERE, True),
        ("Rob", ELSEWHERE, False),
        ("Rob", "127.0.0.1", False),
    ],
)
def test_a_guest_who_comes_back_is_muted(server, people, name, host, is_muted):
    """A guest who has gone is known again by the name or by the address."""
    bob = people[1]
    server.console("mute Bob 1")
    bob.ask("`exit")
    again = server.join("1", name, host=host)
    assert again.ask("hi") == ([REFUSED] if is_muted else [])


def test_addresses_of_this_machine_do_not_count(server):
    """All users of this machine share its address: a guest there counts by name alone."""
    bob = server.join("1", "Bob")
    server.console("mute Bob 1")
    bob.ask("`exit")
    assert server.join("1", "Rob").ask("hi") == []
    assert server.join("1", "Bob").ask("hi") == [REFUSED]


def test_an_account_at_the_address_of_a_guest_talks(server, people):
    """An account is not a guest who has gone."""
    bob = people[1]
    server.console("mute Bob 1")
    bob.ask("`exit")
    assert login(server, "ann", host=THERE).ask("hi") == []


def test_a_room_that_is_started_again_has_no_mutes(server, people):
    """The end of a room ends its mutes."""
    server.console("mute Bob 1")
    server.console("end 1")
    server.console("start 1 swimming")
    people[1].ask("`join 1")
    assert people[1].ask("hi") == []


def test_a_muted_guest_who_logs_in(server, people):
    """The mute has the name of the account from then on."""
    _, bob = people
    server.console("mute Bob 1")
    bob.ask("`quit")
    bob.ask("`register Amy staple-battery")
    assert server.console("unmute Amy 1") == ["Administrator: Amy was unmuted in chatroom 1."]
