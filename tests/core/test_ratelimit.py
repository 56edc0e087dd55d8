"""Limits on what guests create in an hour."""

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.ratelimit import MAX_CREATIONS, CreationLimit
from chatd.testing import MemoryServer

WORD = "staple-battery"
REFUSED = "Server: You made too many chatrooms or accounts, try again in an hour."
THERE = "10.0.0.1"


def start(server, number, host=THERE):
    """Return the reply to a new guest that creates a room."""
    client = server.connect(host)
    answers = client.ask(f"`start {number} tea")
    client.lose()
    return answers


def refuse(consume):
    """Let a creation be refused."""
    error = ChatError(ErrorCode.BAD_NAME, name="x")
    assert not consume.__exit__(ChatError, error, error.__traceback__)


@pytest.mark.parametrize("command", ["`start {} tea", "`enter {} N{}", "`register u{} " + WORD])
def test_twenty_an_hour(command):
    """One address creates twenty; other addresses, and the next hour, are not concerned."""
    server = MemoryServer()
    hosts = [THERE] * (MAX_CREATIONS + 1) + ["10.0.0.2"]
    answers = []
    for number, host in enumerate(hosts):
        client = server.connect(host)
        answers += client.ask(command.format(number, number))
        client.lose()
    assert REFUSED not in answers[:MAX_CREATIONS]
    assert answers[MAX_CREATIONS] == REFUSED
    assert answers[MAX_CREATIONS + 1] != REFUSED
    server.turn(3600)
    assert server.connect(THERE).ask(command.format("x", "x")) != [REFUSED]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "127.0.0.9"])
def test_this_machine_has_no_limit(host):
    """Loopback has no limit, as many users may share it."""
    server = MemoryServer()
    for number in range(50):
        assert start(server, number, host) == [f"Server: Chatroom {number} started!"]


def test_rooms_and_accounts_are_counted_apart():
    """Rooms and accounts have separate counts."""
    server = MemoryServer()
    for number in range(MAX_CREATIONS):
        start(server, number)
    client = server.connect(THERE)
    assert client.ask(f"`register ann {WORD}") == ["Server: Registered successfully."]
    # The rooms of an account are not counted.
    assert client.ask("`start x tea") == ["Server: Chatroom x started!"]


def test_refused_creations_do_not_count():
    """Refused creations do not count."""
    server = MemoryServer()
    start(server, "there")
    for _ in range(100):
        assert start(server, "there") == ["Server: Chatroom there exists!"]
        assert start(server, "a@b") == ["Server: Chatroom id a@b is not allowed."]
    for number in range(MAX_CREATIONS - 1):
        assert start(server, number) == [f"Server: Chatroom {number} started!"]
    assert start(server, "more") == [REFUSED]


def test_two_at_once_of_which_one_is_refused():
    """A refused creation is not counted, although another one was counted after it."""
    made = CreationLimit()
    one, other = made.consume((THERE, 1), 1.0), made.consume((THERE, 2), 2.0)
    one.__enter__()
    other.__enter__()
    refuse(one)
    other.__exit__(None, None, None)
    for _ in range(MAX_CREATIONS - 1):
        with made.consume((THERE, 3), 3.0):
            pass
    with pytest.raises(ChatError), made.consume((THERE, 3), 3.0):
        pass


def test_refused_after_an_hour():
    """A creation that is refused after an hour was forgotten before."""
    made = CreationLimit()
    late = made.consume((THERE, 1), 1.0)
    late.__enter__()
    with made.consume((THERE, 1), 5000.0):
        pass
    refuse(late)


def test_memory_is_bounded():
    """Past the maximum, the addresses that were used longest ago are forgotten."""
    made = CreationLimit(max_addresses=100)
    for number in range(1000):
        with made.consume((f"10.0.{number // 250}.{number % 250}", 1), float(number)):
            pass
        assert len(made.addresses) <= 100
