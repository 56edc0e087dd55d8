"""Actions: what a user does, as others read it, in every codec and from the history."""

import json

import pytest

from chatd.testing import MemoryServer


@pytest.fixture
def server():
    """Return a server where a user may be in several rooms, which replays messages."""
    return MemoryServer(rooms=(("1", "tea"), ("2", "food")), replay=9, rooms_per_client=2)


def test_others_read_an_action(server):
    """It starts with a star; the sender reads nothing, as with a message."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    assert alice.ask("`me waves to all") == []
    assert bob.read() == ["* Alice waves to all"]
    bob.send("`join 2")
    server.turn(1)  # the messages that are replayed are read from the store
    assert bob.read() == ["Server: You join @chatroom 2"]
    alice.ask("`me waves")
    assert bob.read() == ["[1] * Alice waves"]


def test_an_action_in_json(server):
    """A program reads a message with a mark; its own action is confirmed with the tag."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    for client in (alice, bob):
        client.ask("`format json")
    sent = {"command": "me", "text": "waves", "chatroom_id": "1", "tag": "t"}
    alice.ask(json.dumps(sent))
    said = json.loads(bob.read()[0])
    assert (said["event"], said["from"], said["text"], said["action"]) == (
        "said", "Alice", "waves", True
    )  # fmt: skip
    server.turn(1)
    assert json.loads(alice.read()[0]) == {"event": "stored", "room": "1", "id": 1, "tag": "t"}
    alice.ask('{"command":"me","text":""}')
    alice.ask('{"command":"say","text":"hi"}')
    (said,) = map(json.loads, bob.read())
    assert (said["id"], "action" in said) == (2, False)


def test_an_action_is_in_the_history(server):
    """It comes back as it was read, with its time, on joining and when it is asked for."""
    alice = server.join("1", "Alice")
    alice.ask("`me waves")
    server.turn(1)
    alice.send("`history")
    server.turn(1)
    (history,) = alice.read()
    assert history == "Server: \n[1970-01-01 00:00:00 UTC] * Alice waves\n"
    bob = server.connect()
    assert bob.ask("`join 1 Bob")[1] == history


def test_no_message_looks_like_an_action(server):
    """Whatever Bob says begins with Bob's name, or is indented."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    bob.send("* Alice waves", "hi\n* Alice waves", "`me \n* Alice waves", "`me waves\n* Alice bows")
    frames = alice.read()
    assert frames[-4:] == [
        "Bob: * Alice waves",
        "Bob: hi\n  * Alice waves",
        "* Bob * Alice waves",
        "* Bob waves\n  * Alice bows",
    ]
    carol = server.connect()
    assert carol.ask("`join 1 *Alice")[0].startswith("Server: Name *Alice is not allowed")
