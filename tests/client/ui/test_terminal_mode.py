"""Command mode on a terminal: what differs from a pipe."""

import pytest

from chatd.client.model.waiting import MAX_WAITING
from chatd.client.ui.frontend import NOT_CONNECTED, Connect, Line, Prompt, Restore
from chatd.client.ui.terminal_mode import TerminalMode
from chatd.client.ui.typed import LOGIN_WORDS
from chatd.protocol.received import Error, Receipt, RoomInfo, RoomList
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


def test_refused_message_comes_back(frontend):
    """A message that the server refuses is put into the input again; one that it keeps is not."""
    (first,) = join(frontend, "tea").typed("hello")
    (second,) = frontend.typed("there")
    (third,) = frontend.typed("again")
    *lines, restored = frontend.handle(Error("say", "too-long", "Too long.", first.request.tag))
    assert texts(lines) == ["Server: Too long.", "Your message has 5 bytes."]
    assert restored == Restore("hello")
    assert frontend.handle(Receipt("tea", 1, second.request.tag)) == []
    not_stored = Error("say", "not-stored", "Not stored.", third.request.tag)
    assert not any(isinstance(action, Restore) for action in frontend.handle(not_stored))


def test_refused_frame_comes_back(frontend):
    """A frame that is too long to be read is the longest message: it comes back."""
    join(frontend, "tea").typed("hi")
    frontend.typed("hello")
    assert frontend.handle(Error(None, "too-long", "Too long."))[-1] == Restore("hello")


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


@pytest.fixture
def harness(rooms, make_harness):
    """Return a client on a terminal whose user is in the room `1` as Ann."""
    harness = make_harness(rooms, TerminalMode())
    harness.start()
    harness.type("`join 1 Ann")
    return harness


def test_waiting(rooms, harness):
    """Messages typed without a connection are sent in order after the return."""
    bob = rooms.join("1", "Bob")
    harness.endpoint.server = None
    harness.endpoint.lose()
    assert harness.read() == ["Connection lost. Trying again in 1 s."]
    assert harness.type("one", "two", " ") == ["Ann: one (waiting)", "Ann: two (waiting)"]
    assert harness.type("`list") == ["Not connected: `list was not sent."]
    harness.wait(1)
    bob.read()
    harness.endpoint.server = rooms
    lines = harness.wait(2)
    assert lines[-1:] == ["Sent 2 messages that were waiting."]
    assert bob.read()[-2:] == ["Ann: one", "Ann: two"]


def test_waiting_is_dropped(harness):
    """Messages that wait when the user leaves the server are not sent, and the user is told."""
    harness.endpoint.server = None
    harness.endpoint.lose()
    harness.type("one")
    harness.read()
    assert harness.type("`disconnect") == ["Not sent to chatroom 1: one", "Disconnected."]


def test_waiting_room_is_gone(rooms, harness):
    """A message for a room that the user does not return to is not sent."""
    harness.endpoint.server = None
    harness.endpoint.lose()
    harness.type("one")
    rooms.console("end 1")
    harness.endpoint.server = rooms
    assert "Not sent to chatroom 1: one" in harness.wait(1)


def test_waiting_is_bounded(harness):
    """No more than the limit waits; what is beyond stays in the input."""
    harness.endpoint.server = None
    harness.endpoint.lose()
    harness.read()
    harness.type(*map(str, range(MAX_WAITING)))
    assert harness.type("more") == ["Not sent: 50 messages are waiting already."]
    assert harness.restored == "more"
