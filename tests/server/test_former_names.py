"""Old messages of a name that belongs to another account by now (spec 2, section 3)."""

import json

import pytest

from chatd.testing import MemoryServer

WORD = "staple-battery"


@pytest.fixture
def server():
    """Return a server that replays messages."""
    return MemoryServer(replay=10, rooms=(("1", "tea"),))


def account(server, name, command="register"):
    """Return a client in room 1, logged in to an account."""
    client = server.connect()
    client.ask(f"`{command} {name} {WORD}")
    client.ask("`join 1")
    return client


def said(frame):
    """Return the lines of a history, without their times."""
    return [line.partition("] ")[2] for line in frame.split("\n")[1:-1]]


def say(client, text):
    """Say something, and leave."""
    client.send(text)
    client.read()
    client.ask("`exit")


def test_names_that_became_an_accounts(server):
    """Text, JSON and the replay mark what a guest or another account said, and nothing else."""
    say(server.join("1", "Alice"), "as a guest")
    say(server.join("1", "Bob"), "as Bob")
    say(account(server, "A1ice"), "as the first account")  # looks alike
    server.console("unregister A1ice")
    say(account(server, "alice"), "as the second account")
    server.turn(1)
    reader = server.connect()
    replayed = reader.ask("`join 1 Cid")[1]
    expected = [
        "Alice (former): as a guest",
        "Bob: as Bob",
        "A1ice (former): as the first account",
        "alice: as the second account",
    ]
    assert said(replayed) == expected
    assert said(reader.ask("`history")[0]) == expected
    reader.ask("`format json")
    messages = json.loads(reader.ask('{"command":"history"}')[0])["messages"]
    assert [message.get("former") for message in messages] == [True, None, True, None]
    alice = account(server, "alice", "login")
    reader.read()
    alice.send("now")
    assert "former" not in json.loads(reader.read()[0])


def test_names_that_are_nobodys_or_a_guests(server):
    """A message of an account that was removed is not marked until the name is an account's."""
    say(account(server, "alice"), "hi")
    server.console("unregister alice")
    server.turn(1)
    guest = server.connect()
    assert said(guest.ask("`join 1 Alice")[1]) == ["alice: hi"]
    assert said(guest.ask("`history")[0]) == ["alice: hi"]


def test_a_name_that_is_registered_later(server):
    """The time of reading counts, also for messages that are kept in memory for the replay."""
    say(server.join("1", "Alice"), "hi")
    reader = server.join("1", "Bob")
    account(server, "alice")
    server.turn(1)
    reader.read()
    assert said(reader.ask("`history")[0]) == ["Alice (former): hi"]
