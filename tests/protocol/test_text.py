"""Spec section 4: requests as people type them, and what the trace shows of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.errors import ChatError
from chatd.core.events import Message, MessageBatch, Notice, PrivateMessage
from chatd.protocol import text
from chatd.protocol.commands import CLIENT_COMMANDS, CONSOLE_COMMANDS, Request, help_text
from chatd.protocol.text import error_text


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
    ],
)
def test_decode(typed, request_):
    """A backtick begins a command, whose last parameter takes the rest; all else is a message."""
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
        ("`LIST", "Unknown command `LIST. Type `help for usage."),
        ("`say hi", "Unknown command `say. Type `help for usage."),
    ],
)
def test_refused(typed, words):
    """Too few words get the usage, unknown ones the way to help."""
    with pytest.raises(ChatError) as refused:
        text.decode(typed, CLIENT_COMMANDS)
    assert error_text(refused.value) == words


@given(st.text())
def test_decode_and_redact_take_anything(typed):
    """Whatever is typed is a request or refused, and can be traced."""
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
    ],
)
def test_redact(typed, shown):
    """Secrets are masked, in whatever spacing; messages are not."""
    assert text.mask(typed, CLIENT_COMMANDS) == shown


def test_lines_cannot_be_forged():
    """Every line after the first of what a user wrote is indented."""
    forged = "hi\nServer: You are fired"
    for event in (
        Message("1", 1, "Eve", forged, 0),
        MessageBatch("1", 1, "Eve", [forged], 0),
        PrivateMessage("Eve", forged, 0),
        Notice("X", forged, 0),
    ):
        (frame,) = text.encode(event, show_addresses=True, room_tags=False)
        first, *rest = frame.split("\n")
        assert rest == ["  Server: You are fired"]
        assert first.endswith("hi")


LAB_HELP = """\
`help`: Show usage of all commands.
`start <chatroom_id> <chatroom_name>`: Start a new chat room with the given ID and name.
`list`: List all active chat rooms with their IDs, names, and chatters.
`join <chatroom_id> <chatter_name>`: Join the specified chat room. Each message must be prefixed with the chatter's name.
`quit`: Quit the current chat room.
`exit`: Exit the client program. The server withdraws the client from its joined chat room if it is closed.
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
    """A line a command, in the words of the lab for its commands."""
    lines = help_text(commands.values()).splitlines()
    assert [line for line in lines if line in lab.splitlines()] == lab.splitlines()
