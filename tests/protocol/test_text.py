"""Spec section 4: typed requests, their form in the trace, and words that cannot be forged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import (
    JoinsFolded,
    Message,
    MessageBatch,
    MessageKind,
    Muted,
    Notice,
    PrivateMessage,
    Renamed,
    Unmuted,
)
from chatd.protocol import text
from chatd.protocol.command import Request, help_text
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.console_commands import CONSOLE_COMMANDS
from chatd.protocol.error_text import error_text
from chatd.protocol.people_replies import OthersHere
from chatd.protocol.replies import ErrorReply, LoggedIn, RoomInfo, RoomRef, SecretSent
from chatd.protocol.text import find_command


@pytest.mark.parametrize(
    ("typed", "request_"),
    [
        ("hello there", Request("say", {"text": "hello there"})),
        ("", Request("say", {"text": ""})),
        (" `list", Request("say", {"text": " `list"})),
        ("`list", Request("list")),
        ("`list  ", Request("list")),
        (
            "`start 1 Tea house",
            Request("start", {"chatroom_id": "1", "chatroom_name": "Tea house"}),
        ),
        ("`start  1   tea ", Request("start", {"chatroom_id": "1", "chatroom_name": "tea"})),
        ("`join 1", Request("join", {"chatroom_id": "1"})),
        ("`secret Bob a\n b", Request("secret", {"chatter_name": "Bob", "message": "a\n b"})),
        ("`quit", Request("quit")),
        ("`quit 2", Request("quit", {"chatroom_id": "2"})),
        ("`LIST", Request("list")),
        ("`Nick Bob", Request("rename", {"new_name": "Bob"})),
        ("`leave", Request("quit")),
        ("`PART 2", Request("quit", {"chatroom_id": "2"})),
        ("`msg Bob psst", Request("secret", {"chatter_name": "Bob", "message": "psst"})),
        ("`rooms", Request("list")),
        ("`say `list is a command", Request("say", {"text": "`list is a command"})),
        ("``code``", Request("say", {"text": "`code``"})),
        ("``", Request("say", {"text": "`"})),
    ],
)
def test_decode(typed, request_):
    """A backtick starts a command, whose last parameter takes the rest; all else is a message."""
    assert text.decode(typed, CLIENT_COMMANDS) == request_


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("`start 1", "Usage: `start <chatroom_id> <chatroom_name>"),
        ("`join", "Usage: `join <chatroom_id> <chatter_name>"),
        ("`secret Bob", "Usage: `secret <chatter_name> <message>"),
        ("`format xml", "Usage: `format <json|text>"),
        ("`foo bar", "Unknown command `foo. Type `help for usage."),
        ("`", "Unknown command `. Type `help for usage."),
        ("`hlep", "Unknown command `hlep. Did you mean `help?"),
        ("`WHISPR Bob psst", "Unknown command `WHISPR. Did you mean `whisper?"),
        ("`say", "Usage: `say <text>"),
        ("`ping", "Unknown command `ping. Type `help for usage."),
    ],
)
def test_refused(typed, words):
    """Too few words get the usage, an unknown command the name of the command for help."""
    with pytest.raises(ChatError) as refused:
        text.decode(typed, CLIENT_COMMANDS)
    assert error_text(refused.value) == words


TYPED = [
    (word, command)
    for command in CLIENT_COMMANDS.values()
    if not command.json_only
    for word in (command.name, *command.aliases)
]


def test_names_and_aliases_differ():
    """Every name and every alias stands for one command."""
    assert len({word for word, _ in TYPED}) == len(TYPED)
    assert not {word for word, c in TYPED if word != c.name} & CLIENT_COMMANDS.keys()


@given(st.sampled_from(TYPED), st.data(), st.sampled_from(["", " x", "\tx y"]))
def test_find_command_in_any_case(typed, data, rest):
    """A command is found by its name and its aliases in any case."""
    word, command = typed
    cased = "".join(data.draw(st.sampled_from([c, c.upper()])) for c in word)
    assert find_command(cased + rest, CLIENT_COMMANDS) == (command, rest[1:])


@given(st.text())
def test_decode_and_mask_take_anything(typed):
    """Every line is a request or is refused, and can be traced."""
    text.mask(typed, CLIENT_COMMANDS)
    try:
        text.decode(typed, CLIENT_COMMANDS)
    except ChatError as refused:
        assert refused.code in {"usage", "unknown-command"}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("`secret Bob psst psst", "`secret Bob …"),
        ("`secret  Bob\tpsst", "`secret Bob …"),
        ("`join 1 Alice", "`join 1 Alice"),
        ("secret Bob psst", "secret Bob psst"),
        ("`MSG bob x", "`secret bob …"),
        ("`whisper bob x y", "`secret bob …"),
        ("`Login a b", "`login a ********"),
        ("`logni a b", "`logni …"),
    ],
)
def test_mask(typed, shown):
    """Private messages are masked, in any spacing; messages in a room are not."""
    assert text.mask(typed, CLIENT_COMMANDS) == shown


def test_lines_cannot_be_forged():
    """Every line after the first of a user's text is indented."""
    forged = "hi\nServer: You are fired"
    for event in (
        Message("1", 1, "Eve", forged, 0),
        MessageBatch("1", 1, "Eve", [forged], 0),
        PrivateMessage("Eve", forged, 0),
        Notice("X", forged, 0),
    ):
        frame = text.encode(event, show_addresses=True, room_tags=False)
        first, *rest = frame.split("\n")
        assert rest == ["  Server: You are fired"]
        assert first.endswith("hi")


@pytest.mark.parametrize(
    ("event", "frames"),
    [
        (LoggedIn("al"), ["Server: Welcome back, al."]),
        (
            LoggedIn("al", (RoomRef("1", "swimming"), RoomRef("2", "Food"))),
            [
                "Server: Welcome back, al.",
                "Server: You are in chatroom swimming@1",
                "Server: You are in chatroom Food@2",
            ],
        ),
        (Renamed("Alice", "Bob", 0.0), ["Server: Alice is now known as Bob."]),
        (Muted("1", "Bob", "amy", 0.0, 5, "tea"), ["[1] Server: Bob was muted."]),
        (Unmuted("1", "Bob", "amy", 0.0, "tea"), ["[1] Server: Bob was unmuted."]),
        (
            Muted("1", "Bob", "amy", 0.0, 5, "tea", is_self=True),
            ["[1] Server: You may not talk in chatroom tea@1."],
        ),
        (
            Unmuted("1", "Bob", "amy", 0.0, "tea", is_self=True),
            ["[1] Server: You may talk in chatroom tea@1 again."],
        ),
        (PrivateMessage("al", "psst", 0.0), ["al (secret): psst"]),
        (PrivateMessage("al", "psst", 0.0, "Bob"), ["al (secret to Bob): psst"]),
        (
            ErrorReply(ErrorCode.NO_SUCH_USER, {"name": "Bob", "room": "1"}),
            ["Server: Chatter Bob NOT found in chatroom 1!"],
        ),
    ],
)
def test_words(event, frames):
    """An event or a reply has its words; a login has a frame for each room, too."""
    assert text.encode(event, show_addresses=True, room_tags=True).split("\0") == frames


def test_braces_in_names_are_no_parameters():
    """A name that looks like a parameter of a format string is shown as it is."""
    assert text.render(SecretSent("{0.tag}")) == "Server: Secret sent to {0.tag}."
    refused = ErrorReply(ErrorCode.NAME_IN_USE, {"name": "{room}"})
    assert text.render(refused) == "Server: Name {room} is already in use!"


LAB_HELP = """\
`help`: Show usage of all commands.
`start <chatroom_id> <chatroom_name>`: Start a new chat room with the given ID and name.
`list`: List all active chat rooms with their IDs, names, and chatters.
`join <chatroom_id> <chatter_name>`: Join the specified chat room. \
Each message must be prefixed with the chatter's name.
`quit`: Quit the current chat room.
`exit`: Exit the client program. \
The server withdraws the client from its joined chat room if it is closed.
"""

LAB_CONSOLE_HELP = """\
`help`: Show usage of all commands.
`list`: List all chat rooms and the chatters in each.
`end <chatroom_id>`: Withdraw all chatters from the specified chat room and then end the room.
`start <chatroom_id> <chatroom_name>`: Start a new chat room with the given ID and name.
`kick <chatter_name> <chatroom_id>`: Kick the specified chatter out of the given chat room.
`quit`: Clean all chat rooms and end all chatter connections. Quit the server.
"""


@pytest.mark.parametrize(
    ("commands", "lab"), [(CLIENT_COMMANDS, LAB_HELP), (CONSOLE_COMMANDS, LAB_CONSOLE_HELP)]
)
def test_help_has_the_sentences_of_the_lab(commands, lab):
    """Help has a line for each command, in the words of the lab for the lab's commands."""
    lines = help_text(commands.values()).splitlines()
    assert [line for line in lines if line in lab.splitlines()] == lab.splitlines()


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "Bob: joined us @chatroom 1."), (2, "Server: 2 others joined us @chatroom 1.")],
)
def test_folded_joins(count, words):
    """One alone has the line of any join."""
    folded = JoinsFolded("1", count, "Bob", 0.0)
    assert text.render(folded) == words
    assert text.render(folded, room_tags=True) == f"[1] {words}"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Message("1", 1, "אבג", "Server: hi", 0.0), "\u2068אבג\u2069: Server: hi"),
        (
            Message("1", 1, "Ann", "אב\nServer: ג", 0.0),
            "Ann: \u2068אב\u2069\n  \u2068Server: ג\u2069",
        ),
        (
            Message("1", 1, "אבג", "שלום", 0.0, kind=MessageKind.ACTION),
            "* \u2068אבג\u2069 \u2068שלום\u2069",
        ),
        (Renamed("אבג", "Ann", 0.0), "Server: \u2068אבג\u2069 is now known as Ann."),
        (SecretSent("אבג"), "Server: \u2068Secret sent to אבג.\u2069"),
        (
            JoinsFolded("ד", 2, "אבג", 0.0),
            "Server: 2 others joined us @chatroom \u2068ד\u2069.",
        ),
        (OthersHere(("אבג", "Ann")), "Server: Here: \u2068אבג\u2069 and Ann."),
    ],
)
def test_right_to_left_is_isolated(event, words):
    """Names and texts from right to left do not change the order of the server's words."""
    assert text.encode(event, show_addresses=True, room_tags=False) == words


def test_right_to_left_in_batches_and_lists():
    """The name, the tag of the room and each text are isolated by themselves."""
    batch = MessageBatch("ד", 1, "אב", ("hi", "ג"), 0.0)
    frames = text.encode(batch, show_addresses=True, room_tags=True).split("\0")
    start = "[\u2068ד\u2069] \u2068אב\u2069: "
    assert frames == [f"{start}hi", f"{start}\u2068ג\u2069"]
    rooms = [RoomInfo("ד", "ה", (("אב", None),))]
    assert text.room_lines(rooms) == "\u2068ה\u2069@\u2068ד\u2069: \u2068אב\u2069 \n"


def test_a_batch_of_actions():
    """Each is a frame with a star, the tag of its room in front; further lines are indented."""
    batch = MessageBatch("2", 1, "Al", ("waves", "a\nAmy: b", "ג"), 0.0, None, MessageKind.ACTION)
    frames = text.encode(batch, show_addresses=True, room_tags=True).split("\0")
    assert frames == ["[2] * Al waves", "[2] * Al a\n  Amy: b", "[2] * Al \u2068ג\u2069"]


def test_an_action_under_a_former_name():
    """An old action tells that the name belongs to another account by now."""
    message = Message("1", 1, "Al", "waves", 0.0, is_former=True, kind=MessageKind.ACTION)
    assert text.render(message) == "* Al (former) waves"


def test_a_former_name_from_right_to_left():
    """The name and the text of an old message are isolated as those of any other."""
    message = Message("1", 1, "אבג", "שלום", 0.0, is_former=True)
    assert text.render(message) == "\u2068אבג\u2069 (former): \u2068שלום\u2069"
