"""The length of messages, and the costs of requests, which count as several frames."""

import json

import pytest

from chatd.core.textlimits import MAX_LINES
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.testing import MemoryServer

TOO_LONG = "Server: Message too long (at most 10 bytes)."
TOO_MANY = "Server: Too many lines (at most 100)."


@pytest.mark.parametrize("command", ["", "`secret Bob ", "`broadcast 1 "])
def test_a_message_that_is_too_long(command):
    """It is refused, and those around it are sent in their order."""
    server = MemoryServer(max_message=10)
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.read()
    ann.send(f"{command}one", f"{command}{'é' * 6}", f"{command}two")
    assert [line for line in ann.read() if "sent" not in line] == [TOO_LONG]
    assert [line[-3:] for line in bob.read()] == ["one", "two"]
    assert ann.ask("x" * 11) == [TOO_LONG]


def test_a_message_with_too_many_lines():
    """A message has at most 100 lines; a newline at its end begins none."""
    server = MemoryServer()
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.read()
    assert ann.ask("x\n" * MAX_LINES) == []
    assert len(bob.read()) == 1
    assert ann.ask("x\n" * MAX_LINES + "x") == [TOO_MANY]
    ann.ask("`format json")
    (reply,) = ann.ask(json.dumps({"command": "say", "text": "\n" * 101, "tag": "t"}))
    assert json.loads(reply)["code"] == "too-many-lines"
    assert json.loads(reply)["tag"] == "t"
    assert bob.read() == []


@pytest.mark.parametrize("burst", [1, 10])
@pytest.mark.parametrize("command", ["list", "login", "password", "history"])
def test_an_expensive_request_lets_others_wait(command, burst):
    """It is carried out at once, and the next frame waits until all its tokens are gained."""
    server = MemoryServer(rate=1, burst=burst, byte_rate=0)
    client = server.connect()
    words = {"login": "login a bbbbbbbb", "password": "password bbbbbbbb cccccccc"}
    frame = f"`{words.get(command, command)}"
    cost = CLIENT_COMMANDS[command].cost
    at_once = -(-burst // cost)
    client.send(*[frame] * (at_once + 1))
    assert len(client.read()) == at_once
    server.turn(cost * at_once - burst + 0.5)
    assert client.read() == []
    server.turn(0.5)
    assert len(client.read()) == 1


def test_a_long_history_costs_more():
    """Each 50 messages of a history count as one frame more."""
    server = MemoryServer(rate=1, burst=200, byte_rate=0)
    ann = server.join("1", "Ann")
    ann.send(*map(str, range(150)))
    server.turn(1)
    server.turn(1000)
    ann.read()
    ann.send("`history 150")
    ann.read()
    assert ann.protocol.inbound._bucket.available(server.reactor.seconds()) in (195, 196)
