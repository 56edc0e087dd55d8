"""Command mode on a terminal: what differs from a pipe."""

import pytest

from chatd.client.ui.frontend import Connect
from chatd.client.ui.terminal_mode import TerminalMode
from chatd.protocol.received import Error, RoomInfo, RoomList
from tests.client.conftest import HERE
from tests.client.ui.frontends import join, texts

HINT = "Type `enter tea YourName to join a room, `list to see all, `help for more."
ABOUT = {"server": "chatd 0.1.0", "room_count": 1, "user_count": 0}


@pytest.fixture
def frontend():
    """Return the frontend with a connection, before the first join."""
    frontend = TerminalMode()
    frontend.start(HERE)
    frontend.connected(None, ABOUT)
    return frontend


def test_command(frontend):
    """A command is sent as in command mode."""
    (send,) = frontend.typed("`list")
    assert send.request.command == "list"


def test_greeting():
    """On connecting the user reads where they are, and what to do next."""
    frontend = TerminalMode()
    assert frontend.start(HERE) == [Connect(HERE, retry_first=True)]
    (send,) = frontend.connected(None, ABOUT)
    assert send.request.command == "list"
    rooms = RoomList((RoomInfo("tea", "Tea house"),), send.request.tag)
    assert texts(frontend.handle(rooms)) == [
        "Connected to localhost:9999 (chatd 0.1.0): 1 room, 0 people.",
        HINT,
    ]
    assert list(frontend.state.known_rooms) == ["tea"]


def test_greeting_without_list(frontend):
    """A server that refuses the list is greeted all the same."""
    lines = texts(frontend.handle(Error("list", "busy", "Try later.", "greeting")))
    assert lines[0].startswith("Connected to localhost:9999")
    assert "`enter lobby YourName" in lines[1]


def test_connect_is_announced_once(frontend):
    """After `connect` the line on connecting is enough."""
    frontend.typed("`connect example.org 77")
    assert [action.request.command for action in frontend.connected()] == ["list"]


@pytest.mark.parametrize("line", ["hello", "", "   "])
def test_message_in_no_room(frontend, line):
    """A message in no room is not sent, but answered in the server's words with the hint."""
    frontend.state.known_rooms["tea"] = None
    assert texts(frontend.typed(line)) == ["Server: Join a room first!", HINT]


def test_message_in_room(frontend):
    """A message in a room is sent."""
    (send,) = join(frontend, "tea").typed("hello")
    assert send.request.arguments == {"text": "hello"}


def test_retrying(frontend):
    """A lost connection and each new reason are told once, with the real pause."""
    join(frontend, "tea")
    assert frontend.disconnected(reconnecting=True) == []
    assert texts(frontend.retrying("", 0.8)) == ["Connection lost. Trying again in 1 s."]
    refused = texts(frontend.retrying("connection refused", 1.7))
    assert refused == ["localhost:9999: connection refused. Trying again in 2 s."]
    assert frontend.retrying("connection refused", 4.0) == []
    assert frontend.retry_seconds == 4.0
    assert texts(frontend.connected()[:1]) == ["Connected again."]
    assert frontend.retry_seconds is None


def test_explained(frontend):
    """A connection that cannot be made is told with its reason."""
    assert frontend.explained(None) == "localhost:9999: connection refused."
    assert frontend.explained("unknown host") == "localhost:9999: unknown host."
    assert texts(frontend.not_connected()) == ["Not connected."]
