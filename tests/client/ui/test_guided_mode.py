"""Guided mode without a server: answers become requests, and events become lines."""

import pytest

from chatd.client.model.effects import Send, StopReconnecting
from chatd.client.ui.frontend import Exit, Line, Prompt
from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.guided_text import NOT_CONNECTED
from chatd.core.events import Joined, LeaveReason, Left, Message, Notice, PrivateMessage, RoomClosed
from chatd.protocol.command import Request
from chatd.protocol.received import Disconnect, Error, Ok, RoomInfo, RoomList
from tests.client.ui.frontends import MENU, PASSWORD, ROOM_PROMPT, TIME

pytestmark = pytest.mark.usefixtures("utc")


@pytest.fixture
def frontend():
    """Return guided mode for a user who has logged in."""
    frontend = GuidedMode()
    frontend.connected("secret")
    for line in ("2", "prachi", PASSWORD):
        frontend.typed(line)
    frontend.handle(Ok("login", "Welcome back, prachi.", None, {"name": "prachi"}))
    frontend.handle(RoomList((RoomInfo("1", "tea"),)))
    return frontend


def entered(frontend):
    """Let the user enter room 1; return the frontend."""
    frontend.typed("1")
    frontend.handle(Ok("enter", "…", None, {"room": "1", "name": "prachi", "last": 0}))
    return frontend


def texts(effects):
    """Return the texts of lines; there are no other actions."""
    assert all(isinstance(effect, Line) for effect in effects)
    return [effect.text for effect in effects]


def test_prompts():
    """The answers decide the next prompt; there is none while a reply is awaited."""
    frontend = GuidedMode()
    assert frontend.prompt is None
    assert texts(frontend.connected("secret")) == MENU
    assert frontend.prompt == Prompt("Command: ")
    assert texts(frontend.typed("x")) == MENU
    frontend.typed("1")
    assert frontend.prompt == Prompt("Enter username: ")
    frontend.typed(" prachi ")
    assert frontend.prompt == Prompt("Enter password: ", hidden=True)
    register = Request("register", {"username": "prachi", "password": " pass word "})
    assert frontend.typed(" pass word ") == [Send(register)]
    assert frontend.prompt is None
    assert frontend.typed("hasty") == []
    name = {"name": "prachi"}
    reply, ask = frontend.handle(Ok("register", "Registered successfully.", None, name))
    assert reply.text == "Registered successfully."
    assert ask == Send(Request("list"))
    assert frontend.prompt is None
    frontend.handle(RoomList(()))
    assert frontend.prompt == Prompt(ROOM_PROMPT)
    assert entered(frontend).prompt == Prompt(speaker="prachi")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Message("1", 1, "Bob", "hi\nthere", TIME), "Bob> [14:51:28] hi\n  there"),
        (Joined("1", "Bob", ("127.0.0.1", 5), 0), "INFO> Bob joined room [1] from <127.0.0.1:5>"),
        (Joined("1", "Bob", ("::1", 5), 0), "INFO> Bob joined room [1] from <[::1]:5>"),
        (Joined("1", "Bob", "unix", 0), "INFO> Bob joined room [1] from <unix>"),
        (Joined("1", "Bob", None, 0), "INFO> Bob joined room [1]"),
        (Left("1", "Bob", ("127.0.0.1", 5), LeaveReason.LOST, 0), "INFO> Bob left room [1]."),
        (Left("1", "Bob", None, LeaveReason.KICKED, 0), "INFO> Administrator: Bob was kicked out."),
        (Notice("Server", "You were kicked out …", 0), "INFO> You were kicked out …"),
        (Notice("Administrator", "hear", 0, "1"), "INFO> Administrator: hear"),
        (PrivateMessage("Bob", "psst", 0), "INFO> Bob (secret): psst"),
        (Disconnect("shutdown", "going", True, "Administrator"), "INFO> Administrator: going"),
        (
            Error("say", "not-stored", "Your message could not be stored.", "1"),
            "INFO> Your message could not be stored.",
        ),
        (Message("1", 1, "B\x9bob", "\x1b[2Jhi", TIME), "Bob> [14:51:28] [2Jhi"),
    ],
)
def test_events_are_shown(frontend, event, words):
    """Each event is shown in the words of guided mode."""
    assert texts(entered(frontend).handle(event)) == [words]


def test_people_without_addresses(frontend):
    """Members without addresses are names; a user in no room sees no list."""
    people = RoomList((RoomInfo("1", "tea", (("Bob", None), ("prachi", None))),), "people")
    entered(frontend).typed("LIST")
    lines = frontend.handle(people)
    assert texts(lines) == ["<---- PEOPLE ONLINE ---->", "* Bob", "* prachi", ""]
    assert [line.own for line in lines] == [False, False, True, False]
    frontend.handle(RoomClosed("1", 0))
    assert frontend.handle(people) == []


def test_closed_while_leaving(frontend):
    """A user who leaves a room that is closed at that moment is shown the rooms once."""
    entered(frontend).typed("LEAVE")
    assert len(frontend.handle(RoomClosed("1", 0))) == 1
    refused, ask = frontend.handle(Error("quit", "in-no-room", "Join a room first!"))
    assert refused.text == "Join a room first!"
    assert ask == Send(Request("list"))


def test_closed_while_logging_out(frontend):
    """A user who logs out is not asked for another room."""
    entered(frontend).typed("LOGOUT")
    assert len(frontend.handle(RoomClosed("1", 0))) == 1
    assert frontend.handle(Ok("logout", "Bye, prachi", None, {"name": "prachi"})) == [
        Exit(Line("Bye, prachi", stamped=False))
    ]


def test_lost_while_logging_out(frontend):
    """A client that loses the connection while it logs out ends."""
    frontend.typed("LOGOUT")
    assert frontend.disconnected(reconnecting=True) == [Exit(Line("Bye, prachi", stamped=False))]


def test_lost_while_logging_in():
    """A user whose login is cut off starts again at the menu."""
    frontend = GuidedMode()
    frontend.connected("secret")
    for line in ("1", "prachi", PASSWORD):
        frontend.typed(line)
    assert texts(frontend.disconnected(reconnecting=True)) == ["INFO> Connection lost.", *MENU]
    assert frontend.prompt == Prompt("Command: ")
    frontend.typed("1")
    frontend.typed("prachi")
    assert texts(frontend.typed(PASSWORD)) == [NOT_CONNECTED.text, *MENU]
    assert texts(frontend.connected("secret 2")) == ["INFO> Connected again."]


def test_too_long(frontend):
    """An error about a line that is too long names no command, and is the awaited reply."""
    frontend.typed("x" * 20_000)
    assert frontend.prompt is None
    assert texts(frontend.handle(Error(None, "too-long", "Message too long."))) == [
        "Message too long."
    ]
    assert frontend.prompt == Prompt(ROOM_PROMPT)


def test_has_to_log_in_again(frontend):
    """A user who has to log in again is then back in the room."""
    entered(frontend).disconnected(reconnecting=True)
    assert texts(frontend.typed("hello?")) == [NOT_CONNECTED.text]
    _, resume = frontend.connected("secret 2")
    assert resume.request.arguments == {"session": "secret"}
    tag = resume.request.tag
    status = frontend.handle(Error("resume", "no-such-session", "…", tag))
    assert texts(status) == ["INFO> You have to log in again.", *MENU]
    for line in ("2", "prachi", PASSWORD):
        frontend.typed(line)
    welcome, join = frontend.handle(Ok("login", "Welcome", None, {"name": "prachi"}))
    assert welcome.text == "Welcome"
    assert join.request.command == "join"
    frontend.handle(Ok("join", "You join", tag, {"room": "1", "name": "prachi", "last": 0}))
    assert frontend.prompt == Prompt(speaker="prachi")


def test_room_gone_while_away(frontend):
    """A user whose room is closed is shown the rooms."""
    entered(frontend).disconnected(reconnecting=True)
    tag = frontend.connected("secret 2")[1].request.tag
    data = {"name": "prachi", "account": "prachi"}
    frontend.handle(Ok("resume", "Welcome back, prachi.", tag, data))
    status, ask = frontend.handle(Error("join", "no-such-room", "Chatroom 1 NOT exist!", tag))
    assert status.text == "INFO> Chatroom 1 NOT exist!"
    assert ask == Send(Request("list"))


def test_told_not_to_reconnect(frontend):
    """A client that may not connect again ends with a failure."""
    frontend.handle(Disconnect("banned", "You were banned by the Administrator!", retry=False))
    status, end = frontend.disconnected(reconnecting=False)
    assert status.text == "INFO> Not connected."
    assert end == Exit(failed=True)


def test_banner():
    """A banner is shown."""
    assert texts(GuidedMode().banner("Server: Be kind.")) == ["INFO> Be kind."]


def test_lost_again_while_typing_the_password(frontend):
    """A password typed while the connection is lost stays the answer to its question."""
    entered(frontend).disconnected(reconnecting=True)
    tag = frontend.connected("secret 2")[1].request.tag
    unknown = Error("resume", "no-such-session", "…", tag)
    assert texts(frontend.handle(unknown)) == ["INFO> You have to log in again.", *MENU]
    for line in ("2", "prachi"):
        frontend.typed(line)
    frontend.disconnected(reconnecting=True)
    status = ["INFO> Connected again.", "INFO> You have to log in again."]
    assert texts(frontend.connected("secret 3")) == status
    assert frontend.prompt == Prompt("Enter password: ", hidden=True)


def test_line_without_a_connection_failed(frontend):
    """A line typed without a connection is reported as failed."""
    frontend.disconnected(reconnecting=True)
    (line,) = frontend.typed("room1")
    assert (line.text, line.failed) == (NOT_CONNECTED.text, True)


def test_login_into_a_room():
    """A user whose other session is in a room is welcomed there."""
    frontend = GuidedMode()
    frontend.connected("token")
    for line in ("2", "prachi", PASSWORD):
        frontend.typed(line)
    reply = Ok("login", "Welcome back, prachi.", None, {"name": "prachi", "rooms": ["1"]})
    lines = [effect for effect in frontend.handle(reply) if isinstance(effect, Line)]
    assert texts(lines)[:2] == ["Welcome back, prachi.", "Joined 1 group as prachi"]
    assert frontend.prompt == Prompt(speaker="prachi")


def test_resume_into_a_room(frontend):
    """A user whose other sessions are still in the room is there again without joining it."""
    entered(frontend).disconnected(reconnecting=True)
    tag = frontend.connected("token 2")[1].request.tag
    data = {"name": "prachi", "account": "prachi", "rooms": ["1"], "session": "token 2b"}
    effects = frontend.handle(Ok("resume", "Welcome back, prachi.", tag, data))
    requests = [effect.request.command for effect in effects if isinstance(effect, Send)]
    assert requests == ["history"]
    assert frontend.prompt == Prompt(speaker="prachi")


def test_moved_without_words(frontend):
    """The join and departure of a user who is moved are not shown: the notice is."""
    moved = frontend.handle(Joined("1", "prachi", None, 0.0))
    assert not [effect for effect in moved if isinstance(effect, Line)]
    assert frontend.handle(Left("1", "prachi", None, LeaveReason.KICKED, 0.0)) == [
        Send(Request("list"))
    ]


def test_joined_and_left_by_another_session(frontend):
    """A join and a departure by another session of the user are shown."""
    joined = frontend.handle(Joined("1", "prachi", None, 0.0, is_self=True))
    assert joined[0].text == "INFO> prachi joined room [1]"
    left = Left("1", "prachi", None, LeaveReason.QUIT, 0.0, is_self=True)
    line, ask = frontend.handle(left)
    assert line.text == "INFO> prachi left room [1]."
    assert ask == Send(Request("list"))


def test_replaced(frontend):
    """A client that another one of its account replaces ends with a failure."""
    words = "You logged in from another place."
    line, stop = frontend.handle(Disconnect("replaced", words, False, "Server"))
    assert line.text == f"INFO> {words}"
    assert stop == StopReconnecting()
    assert frontend.disconnected(reconnecting=False)[-1] == Exit(failed=True)
