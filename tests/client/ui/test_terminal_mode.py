"""Command mode on a terminal: what differs from a pipe."""

import pytest

from chatd.client.ui.frontend import NOT_CONNECTED, Connect, Line, Prompt, Restore
from chatd.client.ui.terminal_mode import TerminalMode
from chatd.client.ui.typed import LOGIN_WORDS
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
    line, send = frontend.connected(None, ABOUT)
    assert line.text == "Connected to localhost:9999 (chatd 0.1.0): 1 room, 0 people."
    assert send.request.command == "list"
    rooms = RoomList((RoomInfo("tea", "Tea house"),), send.request.tag)
    assert texts(frontend.handle(rooms)) == [HINT]
    assert list(frontend.state.known_rooms) == ["tea"]


def test_hint_without_list(frontend):
    """A server that refuses the list gets no room named."""
    (line,) = texts(frontend.handle(Error("list", "busy", "Try later.", "hint")))
    assert "`enter lobby YourName" in line


def test_no_hint_in_room(frontend):
    """A user who is in a room already needs no hint."""
    join(frontend, "tea")
    assert frontend.handle(RoomList((RoomInfo("tea", "Tea house"),), "hint")) == []


def test_connect_is_announced_once(frontend):
    """After `connect` the line on connecting is enough."""
    frontend.typed("`connect example.org 77")
    line, send = frontend.connected()
    assert (line.text, send.request.command) == ("Connected to example.org:77.", "list")


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
    assert frontend.status.connection == "offline, trying again in 4 s"
    assert texts(frontend.connected()[:1]) == ["Connected again."]
    assert frontend.status.connection == "returning"


def test_explained(frontend):
    """A connection that cannot be made is told with its reason."""
    assert frontend.explained(None) == "localhost:9999: connection refused."
    assert frontend.explained("unknown host") == "localhost:9999: unknown host."
    assert texts(frontend.not_connected()) == ["Not connected."]


def test_slash(frontend):
    """A known command may begin with a slash; a line with an unknown one stays in the input."""
    (send,) = frontend.typed("/list")
    assert send.request.command == "list"
    shown, restored = join(frontend, "tea").typed("/foo bar")
    assert shown.text == "Unknown command /foo. To say it, begin with a blank."
    assert restored == Restore("/foo bar")
    assert texts(frontend.typed("/foo")) == [shown.text]


def test_confirmed(frontend):
    """A command without its backtick is said if Enter is pressed again, and not before."""
    join(frontend, "tea")
    asked = ["Did you mean `quit? Press Enter again to say it."]
    for again in ("", "quit"):
        assert texts(frontend.typed("quit")) == asked
        (send,) = frontend.typed(again)
        assert send.request.arguments == {"text": "quit"}
    assert frontend.typed("") == []
    frontend.typed("quit")
    frontend.typed("hello")
    assert isinstance(frontend.typed("quit")[0], Line)


def test_login_is_not_said(frontend):
    """A line that looks like a login is not said, nor put into the input again."""
    join(frontend, "tea")
    assert texts(frontend.typed("login ann secret")) == [LOGIN_WORDS]


def test_blanks_are_not_sent(frontend):
    """Blanks alone are not sent."""
    assert join(frontend, "tea").typed("  ") == []


def test_too_long_stays(frontend):
    """A message above the limit that the server told stays in the input."""
    frontend.about = {"max_message": 4}
    shown, restored = join(frontend, "tea").typed("hello")
    assert shown.text == "Not sent: the message has 5 bytes, and at most 4 are allowed."
    assert restored == Restore("hello")


def test_not_connected(frontend):
    """A command without a connection is refused before its password is asked for."""
    frontend.not_connected()
    assert texts(frontend.typed("`list")) == ["Not connected: `list was not sent."]
    assert texts(frontend.typed("`login ann")) == ["Not connected: `login was not sent."]
    assert frontend.typed("hello") == [NOT_CONNECTED, Restore("hello")]


def test_register(frontend):
    """Register asks for the password twice."""
    assert frontend.typed("`register ann") == []
    assert frontend.prompt == Prompt("Enter password: ", hidden=True)
    assert frontend.typed("secret") == []
    assert frontend.prompt == Prompt("Enter password again: ", hidden=True)
    (send,) = frontend.typed("secret")
    assert send.request.arguments == {"username": "ann", "password": "secret"}
    assert not frontend.prompt.hidden


def test_passwords_differ(frontend):
    """Two passwords that differ change nothing."""
    frontend.typed("`register ann")
    frontend.typed("secret")
    differ = "The two passwords differ. Nothing was changed."
    assert texts(frontend.typed("secrets")) == [differ]
    assert not frontend.prompt.hidden


def test_new_password(frontend):
    """The new password is asked for twice, the old one once."""
    frontend.typed("`password")
    prompts = []
    for line in ("old", "new", "new"):
        prompts.append(frontend.prompt.text)
        actions = frontend.typed(line)
    assert prompts == [
        "Enter old password: ",
        "Enter new password: ",
        "Enter new password again: ",
    ]
    (send,) = actions
    assert send.request.arguments == {"old_password": "old", "new_password": "new"}


def test_login_asks_once(frontend):
    """A login asks for the password once."""
    frontend.typed("`login ann")
    (send,) = frontend.typed("secret")
    assert send.request.command == "login"


def test_register_is_refused_before_asking(frontend):
    """Register asks for no password where the server would refuse it."""
    assert texts(frontend.typed("`register Server"))[0].startswith("Server: ")
    assert not frontend.prompt.hidden
    join(frontend, "tea")
    assert texts(frontend.typed("`register ann")) == [
        "Server: You must quit your current chatroom tea first.",
        "To leave tea, type `quit; then try again.",
    ]
    frontend.state.account = "bob"
    words = "Server: You are logged in as bob, logout first."
    assert texts(frontend.typed("`register ann")) == [words]
