"""Command mode without a server: typed lines become requests, and events become lines."""

import pytest

from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.frontend import (
    NOT_CONNECTED,
    Address,
    Connect,
    Exit,
    Hangup,
    Line,
    Send,
    StopReconnecting,
)
from chatd.core.events import (
    Joined,
    LeaveReason,
    Left,
    Message,
    Notice,
    PrivateMessage,
    Renamed,
    RoomClosed,
)
from chatd.core.room_events import Invited, MessageDeleted, RoleChanged, RoomChanged
from chatd.protocol.command import Request
from chatd.protocol.received import Disconnect, Error, History, Ok, RoomInfo, RoomList
from tests.client.ui.frontends import join, texts

QUITTING = Line("quitting...", stamped=False)


@pytest.mark.parametrize(
    ("typed", "request_"),
    [
        ("hi", Request("say", {"text": "hi"}, "1")),
        ("", Request("say", {"text": ""})),
        ("two\nlines\n", Request("say", {"text": "two\nlines"}, "1")),
        ("`list", Request("list")),
        ("`start 1 my room", Request("start", {"chatroom_id": "1", "chatroom_name": "my room"})),
        ("`join 1 Al", Request("join", {"chatroom_id": "1", "chatter_name": "Al"})),
        ("`join 1 - key", Request("join", {"chatroom_id": "1", "key": "key"})),
        ("`topic -", Request("topic", {"text": ""})),
        ("`enter 1 Al", Request("enter", {"chatroom_id": "1", "chatter_name": "Al"})),
        ("`quit", Request("quit")),
        ("`quit 2", Request("quit", {"chatroom_id": "2"})),
        ("`switch 2", Request("switch", {"chatroom_id": "2"})),
        (
            "`broadcast 1 hi all",
            Request("broadcast", {"chatroom_id": "1", "message": "hi all"}, "1"),
        ),
        ("`secret Bob psst", Request("secret", {"chatter_name": "Bob", "message": "psst"}, "1")),
        ("`history", Request("history")),
        ("`history 5", Request("history", {"limit": "5"})),
        ("`login al pw", Request("login", {"username": "al", "password": "pw"})),
        ("`register al pw", Request("register", {"username": "al", "password": "pw"})),
        ("`password a b", Request("password", {"old_password": "a", "new_password": "b"})),
        ("`rename Al", Request("rename", {"new_name": "Al"})),
        ("`logout", Request("logout")),
    ],
)
def test_typed_line_becomes_a_request(frontend, typed, request_):
    """Messages and the commands of the server become requests."""
    assert frontend.typed(typed) == [Send(request_)]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("`foo", "Server: Unknown command `foo. Type `help for usage."),
        ("`", "Server: Unknown command `. Type `help for usage."),
        ("`hlep", "Server: Unknown command `hlep. Did you mean `help?"),
        ("`resume abc", "Server: Unknown command `resume. Type `help for usage."),
        ("`login", "Server: Usage: `login <username> <password>"),
        ("`login al p w", "Server: Usage: `login <username> <password>"),
        ("`format text", "Server: Unknown command `format. Type `help for usage."),
        ("`start 1", "Server: Usage: `start <chatroom_id> <chatroom_name>"),
        ("`connect here", "Server: Usage: `connect <host> <port>"),
        ("`connect here 0", "Not a port: 0 (1 to 65535)."),
        ("`connect here 65536", "Not a port: 65536 (1 to 65535)."),
        ("`connect here ٣", "Not a port: ٣ (1 to 65535)."),
    ],
)
def test_typed_line_is_refused(frontend, typed, words):
    """A line that is no request is refused in the words of the server, without the server."""
    assert texts(frontend.typed(typed)) == [words]


def test_help(frontend):
    """`help` prints the commands of the server and the client's own, between empty lines."""
    (line,) = frontend.typed("`help")
    assert line.text.startswith("\n`help`: Show usage of all commands.\n`start <chatroom_id> ")
    assert "\n`connect <host> <port>`: " in line.text
    assert "\n`disconnect`: " in line.text
    assert line.text.endswith(".\n")
    assert "`format" not in line.text
    for command in ("topic [text]", "register <username> <password>", "logout"):
        assert f"\n`{command}`: " in line.text
    assert not line.stamped


def test_local_commands(frontend):
    """The client itself connects, disconnects and ends."""
    assert frontend.typed("`connect ::1 99") == [Connect(Address("::1", 99))]
    frontend.connected()
    assert frontend.typed("`disconnect") == [Hangup(), Line("Disconnected.")]
    assert frontend.typed("`disconnect") == [NOT_CONNECTED]
    assert frontend.typed("`exit") == [Exit(QUITTING)]


def test_without_a_server():
    """Without a server the client refuses requests, and handles its own commands."""
    frontend = CommandMode()
    assert (
        frontend.typed("hi")
        == frontend.typed("`list")
        == frontend.not_connected()
        == [NOT_CONNECTED]
    )
    assert texts(frontend.typed("`foo")) == ["Server: Unknown command `foo. Type `help for usage."]
    assert frontend.typed("`exit") == [Exit(QUITTING)]


def test_connect_is_confirmed():
    """The client confirms a connection that the user asks for, but not the first one."""
    frontend = CommandMode()
    frontend.start(Address("here", 1))
    assert frontend.connected() == []
    frontend.typed("`connect there 2")
    assert frontend.connected() == [Line("Connected.")]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Message("1", 1, "Bob", "hi\nthere", 0), "Bob: hi\n  there"),
        (Joined("1", "Bob", None, 0), "Bob: joined us @chatroom 1."),
        (Left("1", "Bob", None, LeaveReason.LOST, 0), "Server: Bob quitted."),
        (Left("1", "Bob", None, LeaveReason.KICKED, 0), "Administrator: Bob was kicked out."),
        (RoomClosed("1", 0), "Administrator: chatroom is being closed by the Administrator."),
        (Notice("Administrator", "hear", 0, "1"), "Administrator: hear"),
        (Notice("Server", "You were grouped", 0), "Server: You were grouped"),
        (PrivateMessage("Bob", "psst", 0), "Bob (secret): psst"),
        (PrivateMessage("Alice", "psst", 0, "Bob"), "Alice (secret to Bob): psst"),
        (Message("1", 1, "Alice", "from elsewhere", 0), "Alice: from elsewhere"),
        (Joined("1", "Alice", None, 0, is_self=True), "Alice: joined us @chatroom 1."),
        (Left("1", "Alice", None, LeaveReason.QUIT, 0, is_self=True), "Server: Alice quitted."),
        (
            RoleChanged("1", "Alice", "voice", "Bob", 0, "tea", is_self=True),
            "Server: You now have a voice in chatroom tea@1.",
        ),
        (
            Invited("2", "food", "Bob", 0),
            "Server: Bob invited you to chatroom food@2.",
        ),
        (Renamed("Bob", "Rob", 0), "Server: Bob is now known as Rob."),
        (Renamed("Alice", "Al", 0), "Server: Alice is now known as Al."),
        (Ok("rename", "Now you are Al.", None, {"name": "Al"}), "Server: Now you are Al."),
        (Ok("switch", "You are now", None, {"room": "1"}), "Server: You are now"),
        (Error("join", "no-such-room", "Chatroom 3 NOT exist!"), "Server: Chatroom 3 NOT exist!"),
        (RoomList(()), "Server: No room exists!"),
        (
            RoomList((RoomInfo("1", "tea", (("Al", ("127.0.0.1", 5)),)), RoomInfo("2", "food"))),
            "Server: \ntea@1: Al@('127.0.0.1', 5) \nfood@2: no chatters!\n",
        ),
        (Disconnect("shutdown", "going", True, "Administrator"), "Administrator: going"),
    ],
)
def test_events_are_shown(frontend, event, words):
    """Events of the server are shown in the words of specification section 4."""
    shown = [effect for effect in join(frontend, "1").handle(event) if isinstance(effect, Line)]
    assert texts(shown) == [words]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Message("1", 1, "Bob", "hi", 0), "[1] Bob: hi"),
        (Joined("2", "Bob", None, 0), "[2] Bob: joined us @chatroom 2."),
        (Left("2", "Bob", None, LeaveReason.QUIT, 0), "[2] Server: Bob quitted."),
        (RoomClosed("1", 0), "[1] Administrator: chatroom is being closed by the Administrator."),
        (Notice("Administrator", "hear", 0, "1"), "[1] Administrator: hear"),
        (Notice("Server", "You were kicked out", 0), "Server: You were kicked out"),
        (PrivateMessage("Bob", "psst", 0), "Bob (secret): psst"),
        (PrivateMessage("Alice", "psst", 0, "Bob"), "Alice (secret to Bob): psst"),
        (RoomChanged("1", "Bob", 0, {"key": True}), "[1] Server: Bob set a key."),
        (MessageDeleted("2", 7, "Bob", 0), "[2] Server: Message 7 was deleted."),
        (Renamed("Bob", "Rob", 0), "Server: Bob is now known as Rob."),
        (Left("1", "Alice", None, LeaveReason.QUIT, 0, is_self=True), "[1] Server: Alice quitted."),
        (Ok("list", "answer"), "Server: answer"),
    ],
)
def test_room_tags(frontend, event, words):
    """While the user is in more than one room, the lines of a room start with its id."""
    assert texts(join(frontend, "1", "2").handle(event)) == [words]


def test_no_tags_after_leaving(frontend):
    """A user who is back in one room reads no tags."""
    join(frontend, "1", "2").handle(Ok("quit", "You quitted", None, {"room": "2"}))
    assert texts(frontend.handle(Message("1", 1, "Bob", "hi", 0))) == ["Bob: hi"]


def test_replies_to_the_client_are_not_shown(frontend):
    """The replies to the client's own requests are not shown, nor what an event has told."""
    assert frontend.handle(Ok("op", "Bob is now an operator.")) == []
    assert frontend.handle(Ok("format", "You now speak json.")) == []
    assert frontend.handle(Ok("exit", "Goodbye!")) == []


def test_kicked(frontend):
    """A user who is kicked reads the notice only, and is no longer in the room."""
    join(frontend, "1")
    assert texts(frontend.handle(Notice("Server", "You were kicked out …", 0))) == [
        "Server: You were kicked out …"
    ]
    assert frontend.handle(Left("1", "Alice", None, LeaveReason.KICKED, 0)) == []
    assert (frontend.state.rooms, frontend.state.current) == ([], None)


def test_moved(frontend):
    """A user who is moved reads the notice only; the client asks for the newest id."""
    join(frontend, "1")
    assert frontend.handle(Left("1", "Alice", None, LeaveReason.GROUPED, 0)) == []
    newest = Request("history", {"chatroom_id": "2", "limit": "1"}, "newest:2")
    assert frontend.handle(Joined("2", "Alice", None, 0)) == [Send(newest)]
    assert frontend.handle(History("2", (), "newest:2")) == []
    assert (frontend.state.rooms, frontend.state.current) == (["2"], "2")


def test_retry_false(frontend):
    """A client that may not connect again stops reconnecting."""
    shown = frontend.handle(Disconnect("banned", "You were banned!", False, "Server"))
    assert shown == [Line("Server: You were banned!", name="Server"), StopReconnecting()]


def test_name_is_filled_in(frontend):
    """A user with a name may leave it out; the client sends it."""
    assert frontend.typed("`join 2") == [Send(Request("join", {"chatroom_id": "2"}))]
    join(frontend, "1")
    assert frontend.typed("`join 2") == [
        Send(Request("join", {"chatroom_id": "2", "chatter_name": "Alice"}))
    ]


def test_parts_of_a_line(frontend):
    """A line has its speaker, time, room, and the reader's name in its text."""
    join(frontend, "1", "2")
    assert frontend.handle(Message("1", 1, "Bob", "Hi ALICE!", 7.5)) == [
        Line("[1] Bob: Hi ALICE!", tag="[1] ", name="Bob", talk=True, mention="ALICE", time=7.5)
    ]
    (line,) = frontend.handle(Message("1", 2, "Bob", "Alices", 7.5))
    assert line.mention == ""


def test_hostile_text_is_sanitized(frontend):
    """Nothing that a terminal obeys is shown, in whatever part of an event it comes."""
    join(frontend, "1\x1b]0;x", "2")
    (line,) = frontend.handle(Message("1\x1b]0;x", 1, "B\x9bob", "\x1b[2Jhi\u202e\r", 0))
    assert line.text == "[1]0;x] Bob: [2Jhi"
    assert (line.tag, line.name) == ("[1]0;x] ", "Bob")
    assert texts(frontend.banner("\x1b[31mwelcome\x07")) == ["[31mwelcome"]


def test_rooms_of_other_sessions(frontend):
    """A reply to a login that names rooms is followed by a line for each, which is sanitized."""
    data = {"name": "alice", "rooms": ["1", "sea\x1b"]}
    lines = [
        effect
        for effect in frontend.handle(Ok("login", "Welcome back, alice.", None, data))
        if isinstance(effect, Line)
    ]
    assert texts(lines) == [
        "Server: Welcome back, alice.",
        "Server: You are in chatroom 1",
        "Server: You are in chatroom sea",
    ]
    assert (frontend.state.rooms, frontend.state.current) == (["1", "sea"], "sea")


def test_replaced(frontend):
    """A client that another one of its account replaces stops reconnecting."""
    words = "You logged in from another place."
    shown = frontend.handle(Disconnect("replaced", words, False, "Server"))
    assert shown == [Line(f"Server: {words}", name="Server"), StopReconnecting()]
    assert frontend.disconnected(reconnecting=False) == [NOT_CONNECTED]
