"""Messages that the user has read, with two clients of one account and a server in memory."""

import pytest

from chatd.client.model.reading import READ_PAUSE
from chatd.client.model.unread import Unread
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.guided_terminal import GuidedTerminalMode
from chatd.client.ui.presence import PRESENT_SECONDS
from chatd.client.ui.terminal_mode import TerminalMode
from tests.client.ui.frontends import read_store

PASSWORD = "correct-horse"


@pytest.fixture
def log_in(rooms, make_harness):
    """Return a function that logs in to the account alice on a terminal."""

    def log_in(command="login"):
        harness = make_harness(rooms, TerminalMode(seconds=rooms.reactor.seconds))
        harness.start()
        harness.client.typed(f"`{command} alice {PASSWORD}")
        return harness

    return log_in


@pytest.fixture
def first(log_in, rooms):
    """Return the harness of a client whose user is in the rooms 1 and 2; 2 is the current one."""
    first = log_in("register")
    first.read()
    first.type("`join 1", "`join 2")
    read_store(first, rooms)
    return first


@pytest.fixture
def bob(rooms):
    """Return a user of text who is in the rooms 1 and 2."""
    bob = rooms.join("1", "Bob")
    bob.ask("`join 2")
    return bob


def unread(harness):
    """Return the unread messages of the other rooms."""
    return harness.client.frontend.status.unread


def pause(*harnesses):
    """Let the time pass after which the server is told what was read."""
    for harness in harnesses:
        harness.wait(READ_PAUSE)
    for harness in harnesses:
        harness.read()


def test_read_elsewhere(first, log_in, bob, rooms):
    """A message that the user reads in one client is read in the other one."""
    second = log_in()
    read_store(second, rooms)
    second.type("`switch 1")
    bob.send("`broadcast 1 one", "`broadcast 1 two, alice", "`broadcast 2 three")
    first.read()
    second.read()
    assert unread(first) == (Unread("1", 2, 1),)
    assert unread(second) == (Unread("2", 1),)
    pause(first, second)
    assert unread(first) == unread(second) == ()


def test_where_unread_messages_begin(first, log_in, bob, rooms):
    """A client that starts later marks what no other one has read, and counts it."""
    bob.send("`broadcast 2 old")
    read_store(first, rooms)
    pause(first)
    first.endpoint.protocol.transport.loseConnection()
    first.read()
    bob.send("`broadcast 2 new", "`broadcast 2 newer")
    rooms.turn(0.005)
    first = log_in()
    first.read()
    first.client.typed("`join 2")
    lines = read_store(first, rooms)
    assert lines[1:5] == ["Bob: old", "-- 2 unread messages --", "Bob: new", "Bob: newer"]


def test_login_to_rooms(first, log_in, bob, rooms):
    """A client that logs in while another one is in the rooms knows what is unread there."""
    bob.send("`broadcast 2 seen")
    read_store(first, rooms)
    pause(first)
    first.type("`switch 1")
    bob.send(*(f"`broadcast 2 {number}" for number in range(30)))
    bob.send("`broadcast 1 seen")
    read_store(first, rooms)
    pause(first)
    second = log_in()
    lines = read_store(second, rooms)
    assert "[2] -- 20 of 30 unread messages --" in lines
    assert not any(line.startswith("[1] --") for line in lines)
    assert unread(second) == ()
    assert second.client.frontend.state.current == "2"
    assert second.client.frontend.state.members["1"].count == 2
    pause(second, first)
    assert unread(first) == ()


def test_count_of_another_room(first, log_in, bob, rooms):
    """The unread messages of a room that is not the current one are counted after a login."""
    first.type("`switch 1")
    bob.send("`broadcast 1 seen")
    read_store(first, rooms)
    pause(first)
    first.type("`switch 2")
    bob.send(*(f"`broadcast 1 {number}" for number in range(30)))
    read_store(first, rooms)
    second = log_in()
    read_store(second, rooms)
    assert unread(second) == (Unread("1", 30),)


def test_user_who_is_not_there(first, log_in, bob, rooms):
    """Nothing counts as read while the user is away from the terminal."""
    second = log_in()
    read_store(second, rooms)
    second.type("`switch 1")
    rooms.turn(PRESENT_SECONDS)
    bob.send("`broadcast 2 hello")
    first.read()
    second.read()
    pause(first, second)
    assert unread(second) == (Unread("2", 1),)
    first.client.noticed()
    pause(first, second)
    assert unread(second) == ()


def test_last_messages_before_the_end(first, log_in, bob, rooms):
    """A client that ends tells at once what was read."""
    second = log_in()
    read_store(second, rooms)
    second.type("`switch 1")
    bob.send("`broadcast 2 hello")
    first.read()
    second.read()
    assert unread(second) == (Unread("2", 1),)
    first.type("`exit")
    second.read()
    assert unread(second) == ()


def test_guided(first, make_harness, bob, rooms):
    """A user of guided mode on a terminal reads as well."""
    guided = make_harness(rooms, GuidedTerminalMode(seconds=rooms.reactor.seconds))
    guided.start()
    guided.type("2", "alice", PASSWORD)
    read_store(guided, rooms)
    first.type("`switch 1")
    bob.send("`broadcast 2 hello")
    guided.read()
    first.read()
    assert unread(first) == (Unread("2", 1),)
    pause(guided, first)
    assert unread(first) == ()


@pytest.mark.parametrize("kind", ["pipe", "guest"])
def test_nothing_is_told(rooms, make_harness, bob, kind):
    """On a pipe nobody sees what is shown, and a guest has no other session."""
    harness = make_harness(rooms, CommandMode() if kind == "pipe" else TerminalMode())
    harness.start()
    harness.type(f"`register alice {PASSWORD}" if kind == "pipe" else "`list")
    harness.type("`join 2 alice")
    bob.send("`broadcast 2 hello")
    read_store(harness, rooms)
    assert harness.clock.getDelayedCalls() == []
