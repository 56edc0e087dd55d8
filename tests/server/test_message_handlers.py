"""The commands about messages: what the session that sends one reads, in text and in JSON."""

import json

import pytest

from chatd.storage.writer import WRITE_DELAY
from chatd.testing import MemoryServer

WORD = "staple-battery"


@pytest.fixture
def server():
    """Return a server where a user may be in two rooms."""
    return MemoryServer(rooms=(("1", "tea"), ("2", "food")), rooms_per_client=2)


def say(server, client, *frames):
    """Send frames, and let the messages in them be stored."""
    client.send(*frames)
    server.turn(WRITE_DELAY)
    client.read()


def ask(client, command, **arguments):
    """Send a request in JSON; return the only reply that comes back, without its text."""
    frames = client.ask(json.dumps({"command": command, **arguments}))
    (reply,) = [event for event in map(json.loads, frames) if event.get("command") == command]
    reply.pop("text", None)
    return reply


def lines(client, frame):
    """Return the lines of the only answer to a command, without the times of messages."""
    (answer,) = client.ask(frame)
    return [line.partition(" UTC] ")[2] or line for line in answer.splitlines()]


def found(reply):
    """Return the rooms and the ids of the messages of a reply."""
    return [(said["room"], said["id"]) for said in reply["messages"]]


def test_saying(server):
    """A line, an action, and a message to a room that is not the current one."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.ask("`join 2 Ann")
    say(server, ann, "`switch 2", "`me waves", "`broadcast 1 hi")
    assert bob.read() == ["Ann: hi"]
    assert lines(ann, "`history") == ["Server: ", "* Ann waves"]


def test_history(server):
    """20 messages by default, the last ones, or those before an id."""
    ann = server.join("1", "Ann")
    say(server, ann, *map(str, range(1, 31)))
    assert lines(ann, "`history")[1:] == [f"Ann: {number}" for number in range(11, 31)]
    assert lines(ann, "`history 2 before 11")[1:] == ["Ann: 9", "Ann: 10"]
    ann.ask("`format json")
    assert found(ask(ann, "history", since="28")) == [("1", 29), ("1", 30)]
    assert found(ask(ann, "history", since="5", before="8")) == [("1", 6), ("1", 7)]


def test_search_in_text_and_in_json(server):
    """Text searches the current room, JSON all rooms or the one that is named."""
    ann = server.join("1", "Ann")
    ann.ask("`join 2 Ann")
    say(server, ann, "`broadcast 1 green tea", "`broadcast 2 green rice", "`switch 1")
    assert lines(ann, "`search green") == ["Server: ", "#1 Ann: green tea"]
    assert lines(ann, "`search rice") == ["Server: No messages found!"]
    ann.ask("`format json")
    assert sorted(found(ask(ann, "search", words="green"))) == [("1", 1), ("2", 1)]
    assert found(ask(ann, "search", words="green", chatroom_id="2")) == [("2", 1)]
    assert ask(ann, "search", words="green", before="2")["code"] == "usage"


def test_search_for_a_user_who_ignores_the_newest(server):
    """Text has the messages of the others and the request for older ones; JSON has the marks."""
    ann, bob, eve = (server.join("1", name) for name in ("Ann", "Bob", "Eve"))
    say(server, bob, *["tea"] * 22)
    say(server, eve, *["tea"] * 21)
    ann.read()
    ann.ask("`ignore Eve")
    answer = lines(ann, "`search tea")
    assert answer[1:-1] == [f"#{number} Bob: tea" for number in range(22, 2, -1)]
    assert answer[-1] == "… older ones: `search tea #before:3"
    assert lines(ann, "`search tea #before:3")[1:] == ["#2 Bob: tea", "#1 Bob: tea"]
    ann.ask("`format json")
    reply = ask(ann, "search", words="tea", chatroom_id="1")
    assert [said["id"] for said in reply["messages"]] == list(range(43, 23, -1))
    assert all(said["ignored"] for said in reply["messages"])


def test_delete(server):
    """The answer is what all members read; JSON gets the id."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    say(server, ann, "one", "two")
    bob.read()
    assert ann.ask("`delete") == ["Server: Message 2 was deleted."]
    assert bob.read() == ["Server: Message 2 was deleted."]
    ann.ask("`format json")
    reply = ask(ann, "delete", id="1", chatroom_id="1")
    assert reply == {"event": "reply", "command": "delete", "room": "1", "id": 1}
    assert ask(ann, "delete", id="1", chatroom_id="1")["code"] == "no-such-message"


def test_read(server):
    """An account notes how far it has read a room; a guest is refused."""
    ann = server.join("1", "Ann")
    say(server, ann, "one", "`format json")
    assert ask(ann, "read", id="1", chatroom_id="1")["code"] == "login-first"
    bob = server.connect()
    bob.send(f"`register Bob {WORD}", f"`login Bob {WORD}", "`enter 1", "`format json")
    bob.read()
    reply = ask(bob, "read", id="1", chatroom_id="1")
    assert reply == {"event": "reply", "command": "read", "room": "1", "id": 1}
