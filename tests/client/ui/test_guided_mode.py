"""The guided talk: the session of the report word for word, and what goes wrong."""

import io
import time

import pytest
from twisted.internet.defer import Deferred

from chatd.client.ui.effects import Ask, Exit, Line, Prompt
from chatd.client.ui.guided_mode import Guided
from chatd.client.ui.pipe import GuidedIntake, PipeScreen
from chatd.core.events import Joined, LeaveReason, Left, Message, Notice, PrivateMessage, RoomClosed
from chatd.protocol.commands import Request
from chatd.protocol.received import Disconnect, Error, Ok, RoomInfo, RoomList
from chatd.testing import MemoryServer

TIME = 1795186288.0  # 14:51:28
MENU = ["Press 1 to register", "Press 2 to login"]
DOOR = "Join a Chat Room or Create New: "
PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def zone(monkeypatch):
    """Set the local time to UTC's."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def server():
    """Return a server with the room `default`."""
    server = MemoryServer(rooms=(("default", "default"),))
    server.turn(TIME)
    return server


class Seat:
    """A person on a pipe: what he writes, what he reads."""

    def __init__(self, desk):
        self.desk = desk
        self.paper = io.BytesIO()
        screen = PipeScreen(self.paper.write, io.StringIO(), lambda: None)
        desk.show, desk.trouble = screen.show, screen.trouble
        self.intake = GuidedIntake(desk.client, screen, desk.clock, lambda: TIME)
        desk.sit_down()

    def type(self, *lines):
        """Type lines; return all that is written until it is quiet."""
        for line in lines:
            done = Deferred.fromCoroutine(self.intake.take(line))
            for _ in range(5):
                self.desk.read()
            assert done.called
        return self.read()

    def end(self):
        """End the input; return what is written."""
        Deferred.fromCoroutine(self.intake.end())
        return self.read()

    def read(self):
        """Return what was written since the last call; what was said is stored meanwhile."""
        for _ in range(5):
            self.desk.read()
            if self.desk.road.server is not None:
                self.desk.road.server.turn(0.005)
        written = self.paper.getvalue().decode()
        self.paper.seek(0)
        self.paper.truncate()
        return written


@pytest.fixture
def seat(server, new_desk):
    """Return what gives a person a seat."""
    return lambda: Seat(new_desk(server, Guided()))


def test_the_session_of_the_report(seat):
    """Two people talk, and what each reads is the report's, word for word."""
    prashant = seat()
    prashant.type("1", "prashant", PASSWORD, "room1")
    prachi = seat()
    assert prachi.type("1", "prachi", PASSWORD) == (
        "Press 1 to register\n"
        "Press 2 to login\n"
        "Command: 1\n"
        "Enter username: prachi\n"
        "Enter password:\n"
        "Registered successfully.\n"
        "<---- CHAT ROOMS ---->\n"
        "* default <0>\n"
        "* room1 <1>\n"
        "\n"
    )
    assert prachi.type("room1") == (
        "Join a Chat Room or Create New: room1\n"
        "Joined room1 group as prachi\n"
        "INFO> Connected to host. Start sending messages.\n"
        "LIST => to get list of people online\n"
        "LEAVE => to leave the chat room\n"
        "LOGOUT => logout.\n"
    )
    assert prashant.read().endswith("INFO> prachi joined room [room1] from <127.0.0.1:50002>\n")
    assert prashant.type("hello prachi") == "prashant> [14:51:28] hello prachi\n"
    assert prachi.read() == "prashant> [14:51:28] hello prachi\n"
    assert prachi.type("LIST") == (
        "prachi> [14:51:28] LIST\n"
        "<---- PEOPLE ONLINE ---->\n"
        "* prashant <127.0.0.1:50001>\n"
        "* prachi <127.0.0.1:50002>\n"
        "\n"
    )
    assert prashant.type("LEAVE", "LOGOUT") == (
        "prashant> [14:51:28] LEAVE\n"
        "Left room1 group\n"
        "<---- CHAT ROOMS ---->\n"
        "* default <0>\n"
        "* room1 <1>\n"
        "\n"
        "Join a Chat Room or Create New: LOGOUT\n"
        "Bye, prashant\n"
    )
    assert prashant.desk.client.ended.called
    assert prachi.read() == "INFO> prashant left room [room1].\n"
    assert prachi.type("LOGOUT") == "prachi> [14:51:28] LOGOUT\nBye, prachi\n"
    assert prachi.desk.client.ended.called
    assert prachi.desk.client.complete
    assert not prachi.desk.client.failed


def test_login_and_what_is_refused(seat):
    """A failure is told in the server's words, and it is asked again."""
    seat().type("1", "prachi", PASSWORD, "LOGOUT")
    second = seat()
    assert second.type("3", "1", "prachi", PASSWORD, "2", "prachi", "wrong password") == (
        "Press 1 to register\nPress 2 to login\nCommand: 3\n"
        "Press 1 to register\nPress 2 to login\nCommand: 1\n"
        "Enter username: prachi\nEnter password:\nName prachi is already in use!\n"
        "Press 1 to register\nPress 2 to login\nCommand: 2\n"
        "Enter username: prachi\nEnter password:\nWrong username or password.\n"
        "Press 1 to register\nPress 2 to login\n"
    )
    assert second.type("2", "prachi", PASSWORD, "not a room", "", "room1") == (
        "Command: 2\nEnter username: prachi\nEnter password:\nWelcome back, prachi.\n"
        "<---- CHAT ROOMS ---->\n* default <0>\n\n"
        f"{DOOR}not a room\nChatroom id not a room is not allowed.\n"
        f"{DOOR}\n"
        f"{DOOR}room1\nJoined room1 group as prachi\n"
        "INFO> Connected to host. Start sending messages.\n"
        "LIST => to get list of people online\nLEAVE => to leave the chat room\n"
        "LOGOUT => logout.\n"
    )


def test_messages_are_sent_whatever_they_begin_with(seat, server):
    """There are no commands; an empty line says nothing."""
    bob = server.join("default", "Bob")
    seat().type("1", "prachi", PASSWORD, "default", "`list", "", "  ", " LISTEN ", "list")
    assert bob.read() == [
        "prachi: joined us @chatroom default.",
        "prachi: `list",
        "prachi:  LISTEN ",
        "prachi: list",
    ]


def test_moved_by_the_administrator(seat, server):
    """Who is in no room any more is shown the rooms again."""
    prachi = seat()
    prachi.type("1", "prachi", PASSWORD, "default")
    rooms = "<---- CHAT ROOMS ---->\n* default <0>\n\n"
    server.console("kick prachi default")
    assert prachi.read() == (
        f"INFO> You were kicked out from chatroom default@default by the Administrator!\n{rooms}"
    )
    server.console("group default prachi")
    assert prachi.read() == (
        "INFO> You were grouped into chatroom default@default by the Administrator.\n"
    )
    assert prachi.type("hi") == "prachi> [14:51:28] hi\n"
    server.console("end default")
    assert prachi.read() == (
        "INFO> Administrator: chatroom is being closed by the Administrator.\n"
        "<---- CHAT ROOMS ---->\n\n"
    )
    assert prachi.type("new").startswith(f"{DOOR}new\nJoined new group as prachi\n")


def test_comes_back(seat, server):
    """After a lost connection one is in the room again, and reads what one missed."""
    bob = server.join("default", "Bob")
    prachi = seat()
    prachi.type("1", "prachi", PASSWORD, "default", "hi")
    prachi.desk.road.peer.lose()
    assert prachi.read() == "INFO> Connection lost.\n"
    bob.send("where are you?")
    prachi.desk.clock.advance(1)
    assert prachi.read() == (
        "INFO> Connected again.\n"
        "INFO> Welcome back, prachi.\n"
        "INFO> You join @chatroom default\n"
        "INFO> While you were away, in chatroom default:\n"
        "[2026-11-20 14:51:28] Bob: where are you?\n"
    )
    assert prachi.type("here") == "prachi> [14:51:28] here\n"
    assert bob.read()[-1] == "prachi: here"


def test_end_of_input(seat, server):
    """Who has no more to say leaves without a word."""
    bob = server.join("default", "Bob")
    prachi = seat()
    prachi.type("1", "prachi", PASSWORD, "default", "hi")
    assert prachi.end() == ""
    assert prachi.desk.client.ended.called
    assert prachi.desk.client.complete
    assert bob.read()[-1] == "Server: prachi quitted."


def test_no_server(new_desk):
    """Without a server there is one clear line."""
    nobody = Seat(new_desk(None, Guided()))
    assert nobody.read() == "Not connected to localhost:9999.\n"
    assert nobody.desk.client.ended.called
    assert nobody.desk.client.failed
    assert nobody.type("1") == ""


def test_server_that_hangs(seat):
    """What is typed where no answer comes is not taken, and it is known that not all was done."""
    prachi = seat()
    prachi.type("1", "prachi", PASSWORD)
    prachi.intake._client.typed("default")
    taken = Deferred.fromCoroutine(prachi.intake.take("hello"))
    prachi.desk.clock.advance(10)
    assert taken.called
    assert not prachi.desk.client.complete
    assert prachi.read().count("hello") == 0


# -- pure


@pytest.fixture
def talk():
    """Return the talk of somebody who has logged in."""
    talk = Guided()
    talk.connected("secret")
    for line in ("2", "prachi", PASSWORD):
        talk.typed(line)
    talk.received(Ok("login", "Welcome back, prachi.", None, {"name": "prachi"}))
    talk.received(RoomList((RoomInfo("1", "tea"),)))
    return talk


def entered(talk):
    """Return the talk of somebody who is in room 1."""
    talk.typed("1")
    talk.received(Ok("enter", "…", None, {"room": "1", "name": "prachi", "last": 0}))
    return talk


def texts(actions):
    """Return the texts of lines; there is nothing but lines."""
    assert all(isinstance(action, Line) for action in actions)
    return [action.text for action in actions]


def test_prompts():
    """What is asked follows from the answers; while one is waited for, nothing is."""
    talk = Guided()
    assert talk.prompt is None
    assert texts(talk.connected("secret")) == MENU
    assert talk.prompt == Prompt("Command: ")
    assert texts(talk.typed("x")) == MENU
    talk.typed("1")
    assert talk.prompt == Prompt("Enter username: ")
    talk.typed(" prachi ")
    assert talk.prompt == Prompt("Enter password: ", hidden=True)
    register = Request("register", {"username": "prachi", "password": " pass word "})
    assert talk.typed(" pass word ") == [Ask(register)]
    assert talk.prompt is None
    assert talk.typed("hasty") == []
    name = {"name": "prachi"}
    said, ask = talk.received(Ok("register", "Registered successfully.", None, name))
    assert said.text == "Registered successfully."
    assert ask == Ask(Request("list"))
    assert talk.prompt is None
    talk.received(RoomList(()))
    assert talk.prompt == Prompt(DOOR)
    assert entered(talk).prompt == Prompt(speaker="prachi")


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
def test_events_are_shown(talk, event, words):
    """What happens is told."""
    assert texts(entered(talk).received(event)) == [words]


def test_people_without_addresses(talk):
    """Where addresses are hidden, people are names; who is in the room no more is shown nothing."""
    people = RoomList((RoomInfo("1", "tea", (("Bob", None), ("prachi", None))),), "people")
    entered(talk).typed("LIST")
    lines = talk.received(people)
    assert texts(lines) == ["<---- PEOPLE ONLINE ---->", "* Bob", "* prachi", ""]
    assert [line.own for line in lines] == [False, False, True, False]
    talk.received(RoomClosed("1", 0))
    assert talk.received(people) == []


def test_closed_while_leaving(talk):
    """Who leaves a room that is ended in that moment is shown the rooms, once."""
    entered(talk).typed("LEAVE")
    assert len(talk.received(RoomClosed("1", 0))) == 1
    refused, ask = talk.received(Error("quit", "in-no-room", "Join a room first!"))
    assert refused.text == "Join a room first!"
    assert ask == Ask(Request("list"))


def test_closed_while_logging_out(talk):
    """Who logs out is not asked for another room."""
    entered(talk).typed("LOGOUT")
    assert len(talk.received(RoomClosed("1", 0))) == 1
    assert talk.received(Ok("logout", "Bye, prachi", None, {"name": "prachi"})) == [
        Exit(Line("Bye, prachi", stamped=False))
    ]


def test_lost_while_logging_out(talk):
    """Who wanted to leave anyway does not come back."""
    talk.typed("LOGOUT")
    assert talk.lost(coming_back=True) == [Exit(Line("Bye, prachi", stamped=False))]


def test_lost_while_logging_in():
    """Who was not let in yet begins again."""
    talk = Guided()
    talk.connected("secret")
    for line in ("1", "prachi", PASSWORD):
        talk.typed(line)
    assert texts(talk.lost(coming_back=True)) == ["INFO> Connection lost.", *MENU]
    assert talk.prompt == Prompt("Command: ")
    talk.typed("1")
    talk.typed("prachi")
    assert texts(talk.typed(PASSWORD)) == ["INFO> Not connected.", *MENU]
    assert texts(talk.connected("secret 2")) == ["INFO> Connected again."]


def test_too_long(talk):
    """Of what is too long the server does not say what it was; it is the answer all the same."""
    talk.typed("x" * 20_000)
    assert talk.prompt is None
    assert texts(talk.received(Error(None, "too-long", "Message too long."))) == [
        "Message too long."
    ]
    assert talk.prompt == Prompt(DOOR)


def test_has_to_log_in_again(talk):
    """Who is not known any more logs in again, and is back in his room."""
    entered(talk).lost(coming_back=True)
    assert texts(talk.typed("hello?")) == ["INFO> Not connected."]
    _, resume = talk.connected("secret 2")
    assert resume.request.arguments == {"session": "secret"}
    tag = resume.request.tag
    told = talk.received(Error("resume", "no-such-session", "…", tag))
    assert texts(told) == ["INFO> You have to log in again.", *MENU]
    for line in ("2", "prachi", PASSWORD):
        talk.typed(line)
    welcome, join = talk.received(Ok("login", "Welcome", None, {"name": "prachi"}))
    assert welcome.text == "Welcome"
    assert join.request.command == "join"
    talk.received(Ok("join", "You join", tag, {"room": "1", "name": "prachi", "last": 0}))
    assert talk.prompt == Prompt(speaker="prachi")


def test_room_gone_while_away(talk):
    """Whose room is there no more is shown the rooms."""
    entered(talk).lost(coming_back=True)
    tag = talk.connected("secret 2")[1].request.tag
    data = {"name": "prachi", "account": "prachi"}
    talk.received(Ok("resume", "Welcome back, prachi.", tag, data))
    told, ask = talk.received(Error("join", "no-such-room", "Chatroom 1 NOT exist!", tag))
    assert told.text == "INFO> Chatroom 1 NOT exist!"
    assert ask == Ask(Request("list"))


def test_sent_away(talk):
    """Who is told not to come back leaves, and not as he wanted."""
    talk.received(Disconnect("banned", "You were banned by the Administrator!", retry=False))
    told, end = talk.lost(coming_back=False)
    assert told.text == "INFO> Not connected."
    assert end == Exit(failed=True)


def test_greeted():
    """What the server says before it speaks JSON is told."""
    assert texts(Guided().greeted("Server: Be kind.")) == ["INFO> Be kind."]


def test_lost_again_while_typing_the_password(talk):
    """Who is asked for his password goes on there: it is never taken for the answer to the menu."""
    entered(talk).lost(coming_back=True)
    tag = talk.connected("secret 2")[1].request.tag
    unknown = Error("resume", "no-such-session", "…", tag)
    assert texts(talk.received(unknown)) == ["INFO> You have to log in again.", *MENU]
    for line in ("2", "prachi"):
        talk.typed(line)
    talk.lost(coming_back=True)
    told = ["INFO> Connected again.", "INFO> You have to log in again."]
    assert texts(talk.connected("secret 3")) == told
    assert talk.prompt == Prompt("Enter password: ", hidden=True)


def test_not_connected_is_not_done(talk):
    """What is typed where there is no connection was not carried out, and that is known."""
    talk.lost(coming_back=True)
    (line,) = talk.typed("room1")
    assert (line.text, line.failed) == ("INFO> Not connected.", True)
