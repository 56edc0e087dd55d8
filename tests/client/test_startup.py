"""A client that logs in and enters rooms by itself, on a pipe and on a terminal."""

import pytest

from chatd.client.model.startup import Startup
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.frontend import Exit
from chatd.client.ui.terminal_mode import TerminalMode


@pytest.fixture(params=[CommandMode, TerminalMode])
def start(request, rooms, make_harness):
    """Return a function that starts a client; it returns the harness and the lines shown."""

    def start(startup):
        harness = make_harness(rooms, request.param(startup))
        return harness, harness.start()

    return start


def test_guest(start):
    """A guest is in the rooms at once; a room that does not exist is started."""
    harness, lines = start(Startup("Ann", ("1", "lobby")))
    assert [line for line in lines if line.startswith("Server: You join")] == [
        "Server: You join @chatroom 1",
        "Server: You join @chatroom lobby",
    ]
    assert not any(line.startswith("Type ") for line in lines)
    assert harness.client.frontend.state.rooms == ["1", "lobby"]


def test_name_alone(start):
    """A name is used for rooms that are joined without one."""
    harness, _ = start(Startup("Ann"))
    assert harness.type("`join 1")[0] == "Server: You join @chatroom 1"
    assert harness.client.frontend.state.name == "Ann"


def test_login(rooms, start):
    """The password is asked for before the connection is made; then the rooms are entered."""
    rooms.connect().ask("`register ann secret-password")
    harness, lines = start(Startup("", ("1",), "ann"))
    assert lines == []
    assert harness.client.frontend.prompt.hidden
    assert harness.endpoint.attempts == 0
    harness.client.typed("secret-password")
    assert not harness.client.is_settled
    lines = harness.read()
    assert harness.client.is_settled
    assert "Server: You join @chatroom 1" in lines
    assert harness.client.frontend.state.account == "ann"
    assert not harness.client.frontend.prompt.hidden


def test_wrong_password(rooms, start):
    """A wrong password is told, and no room is entered as a guest."""
    rooms.connect().ask("`register ann secret-password")
    harness, _ = start(Startup("", ("1",), "ann"))
    lines = harness.type("wrong")
    assert any("rong" in line for line in lines)
    assert harness.client.frontend.state.rooms == []


def test_interrupted(start):
    """Ctrl-C at the password ends the client."""
    harness, _ = start(Startup(account="ann"))
    (action,) = harness.client.frontend.on_interrupt()
    assert isinstance(action, Exit)
