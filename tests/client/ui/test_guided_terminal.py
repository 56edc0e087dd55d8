"""Guided mode on a terminal, with a server in memory."""

import pytest

from chatd.client.ui.frontend import Prompt
from chatd.client.ui.guided_terminal import GuidedTerminalMode
from chatd.testing import MemoryServer
from tests.client.ui.frontends import PASSWORD, ROOM_PROMPT, TIME, read_store

pytestmark = pytest.mark.usefixtures("utc")

_WELCOME = [
    "INFO> Connected to host. Start sending messages.",
    "LIST => to get list of people online",
    "LEAVE => to leave the chat room",
    "LOGOUT => logout.",
]


@pytest.fixture
def server():
    """Return a server with the rooms `default` and `1`, which is named tea."""
    server = MemoryServer(rooms=(("default", "default"), ("1", "tea")))
    server.turn(TIME)
    return server


@pytest.fixture
def prachi(server, make_harness):
    """Return the harness of a user who has registered."""
    harness = make_harness(server, GuidedTerminalMode(lambda: TIME))
    harness.start()
    harness.type("1", "prachi")
    harness.type(PASSWORD)
    return harness


def test_last_lines(prachi, server):
    """On joining, the last 20 messages are shown after the welcome, once each."""
    bob = server.join("1", "Bob")
    bob.send(*(f"message {number}" for number in range(25)))
    server.turn(0.005)
    prachi.client.typed("1")
    lines = prachi.read() + read_store(prachi, server)
    assert lines[0] in {"Joined 1 group as prachi", "Joined 1 (tea) group as prachi"}
    assert lines[1:5] == _WELCOME
    assert lines[5:] == [f"Bob> [14:51:28] message {number}" for number in range(5, 25)]
    bob.send("now")
    assert read_store(prachi, server) == ["Bob> [14:51:28] now"]


def test_no_last_lines(prachi, server):
    """In a new room there are no old messages, and no words about them."""
    prachi.client.typed("new")
    assert read_store(prachi, server) == ["Joined new group as prachi", *_WELCOME]


def test_old_message_has_its_day(prachi, server):
    """An old message of another day is shown with the day."""
    server.join("1", "Bob").send("old")
    server.turn(0.005)
    prachi.client.frontend._now = lambda: TIME + 86400
    prachi.client.typed("1")
    assert read_store(prachi, server)[-1] == "Bob> [2026-11-20 14:51:28] old"


def test_advice(prachi, server):
    """After a refusal the next line says what to do."""
    assert prachi.type("not a room")[1] == (
        "INFO> The id of a room is one word, such as tea or team_a."
    )
    prachi.type("1")
    read_store(prachi, server)
    assert prachi.type("/join default")[1] == "INFO> Type LEAVE first."


def test_no_server(make_harness):
    """Without a server the client says how to name another one, and ends."""
    harness = make_harness(None, GuidedTerminalMode())
    assert harness.start() == [
        "Not connected to localhost:9999.",
        "Is the server running there? Another one: chatd-client --guided HOST PORT",
    ]
    assert harness.client.failed


def test_near_room(prachi):
    """Before a room is created whose id is near another one, the user is asked."""
    question = "There is no room defaul, but default. Create defaul? [y/N] "
    assert prachi.type("defaul") == []
    assert prachi.client.frontend.prompt.text == question
    assert prachi.type("n") == []
    assert prachi.client.frontend.prompt.text == ROOM_PROMPT
    prachi.type("defaul")
    assert prachi.type("default")[0] == "Joined default group as prachi"
    prachi.type("leave")
    prachi.type("defaul")
    assert prachi.type("y")[0] == "Joined defaul group as prachi"
    prachi.type("leave")
    assert prachi.type("2")[0].startswith("Joined 2")


def test_topic(prachi, server):
    """On joining, the topic is shown if there is one."""
    server.join("swim", "Bob").ask("`topic green or black?")
    prachi.client.typed("swim")
    assert read_store(prachi, server)[5:] == ["INFO> Topic of swim@swim: green or black?"]


@pytest.fixture
def locked(server):
    """Return the operator of the room `swim`, whose key is fish."""
    bob = server.join("swim", "Bob")
    bob.ask("`key fish")
    return bob


def test_key(prachi, locked):
    """The client asks for the key of a room that needs one."""
    refused, advice = prachi.type("swim")
    assert refused.startswith("Chatroom swim@swim needs its key: ")
    assert advice.startswith("INFO> Ask a member of the room for its key")
    assert prachi.client.frontend.prompt == Prompt("Enter key: ", hidden=True)
    assert prachi.type("herring")[0] == refused
    assert prachi.type("fish")[0] == "Joined swim group as prachi"
    assert locked.read() == ["prachi: joined us @chatroom swim."]


@pytest.mark.usefixtures("locked")
def test_no_key(prachi):
    """A user without the key is asked for another room."""
    prachi.type("swim")
    assert prachi.type("") == []
    assert prachi.client.frontend.prompt.text == ROOM_PROMPT
    assert prachi.type("/join swim - fish")[0] == "Joined swim group as prachi"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("invite-only on", "Chatroom swim@swim is for invited chatters alone."),
        ("limit 1", "Chatroom swim@swim is full (at most 1)."),
        ("ban prachi", "You are banned from chatroom swim@swim."),
    ],
)
def test_refused(prachi, server, command, words):
    """A refusal is shown, and the user is asked for a room again."""
    server.join("swim", "Bob").ask(f"`{command}")
    shown, advice = prachi.type("swim")
    assert shown == words
    assert advice.startswith("INFO> ")
    assert prachi.client.frontend.prompt.text == ROOM_PROMPT


def test_moderated(prachi, server):
    """A message to a moderated room is refused, and the user stays there."""
    server.join("swim", "Bob").ask("`moderated on")
    prachi.client.typed("swim")
    read_store(prachi, server)
    words = "INFO> Chatroom swim@swim is moderated: only operators and voices talk."
    assert prachi.type("hi") == [words]
    assert prachi.client.frontend.prompt.speaker == "prachi"


def test_help(prachi):
    """The commands are explained as on another terminal."""
    (shown,) = prachi.type("/help")
    assert "\nsettings " in shown
    assert prachi.type("/help leave") == ["`quit`: Quit the current chat room. Or `leave, `part."]
